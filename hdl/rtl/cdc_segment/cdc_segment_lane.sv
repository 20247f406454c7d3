// Part of cdc_segment: what one segment is made of; two clocks, the left-right code one clock more.
// Keys are {live, age, ~time}: the higher one is earlier, 0 is no hit.
module cdc_segment_lane
  import l1_pkg::*;
(
    input  logic                                     clk_i,
    input  logic [CDC_SEGMENT_REG_SUPERLAYER_W-1:0]  superlayer_i,
    // Keys of the rows' wires around the segment, lowest column first.
    input  logic [3*CDC_SEGMENT_KEY_W-1:0]           row_0_i,
    input  logic [2*CDC_SEGMENT_KEY_W-1:0]           row_1_i,
    input  logic [3*CDC_SEGMENT_KEY_W-1:0]           row_2_i,
    input  logic [4*CDC_SEGMENT_KEY_W-1:0]           row_3_i,
    input  logic [5*CDC_SEGMENT_KEY_W-1:0]           row_4_i,
    output logic [SEGMENT_LIST_LR_W-1:0]             lr_o,
    output logic [SEGMENT_LIST_POSITION_W-1:0]       position_o,
    output logic [SEGMENT_LIST_PATTERN_W-1:0]        pattern_o,
    // Keys of the priority wire and of the earliest wire, without the live bit.
    output logic [CDC_SEGMENT_KEY_W-2:0]             priority_o,
    output logic [CDC_SEGMENT_KEY_W-2:0]             earliest_o
);
  localparam KW = CDC_SEGMENT_KEY_W;
  localparam PW = SEGMENT_LIST_PATTERN_W;
  localparam [SEGMENT_LIST_POSITION_W-1:0] RIGHT = 1;
  localparam [SEGMENT_LIST_POSITION_W-1:0] LEFT = 2;
  localparam [SEGMENT_LIST_POSITION_W-1:0] FIRST = 3;
  wire fan = superlayer_i == '0;

  function automatic [KW-1:0] earlier(input [KW-1:0] a, input [KW-1:0] b);
    earlier = b > a ? b : a;
  endfunction

  // ---------------------------------------------------------------------------- shape
  // Rows of the pattern, without the wires that only the other shape has.
  wire [3*KW-1:0] row_0 = row_0_i & {{KW{!fan}}, {KW{1'b1}}, {KW{!fan}}};
  wire [2*KW-1:0] row_1 = row_1_i;
  wire [3*KW-1:0] row_2 = row_2_i & {{KW{fan}}, {KW{1'b1}}, {KW{fan}}};
  wire [4*KW-1:0] row_3 = row_3_i & {{KW{fan}}, {2 * KW{1'b1}}, {KW{fan}}};
  wire [5*KW-1:0] row_4 = row_4_i & {{KW{fan}}, {3 * KW{1'b1}}, {KW{fan}}};
  wire [2:0] hit_0 = {row_0[3*KW-1], row_0[2*KW-1], row_0[KW-1]};
  wire [1:0] hit_1 = {row_1[2*KW-1], row_1[KW-1]};
  wire [2:0] hit_2 = {row_2[3*KW-1], row_2[2*KW-1], row_2[KW-1]};
  wire [3:0] hit_3 = {row_3[4*KW-1], row_3[3*KW-1], row_3[2*KW-1], row_3[KW-1]};
  wire [4:0] hit_4 = {row_4[5*KW-1], row_4[4*KW-1], row_4[3*KW-1], row_4[2*KW-1], row_4[KW-1]};
  wire [14:0] pattern = fan ? {hit_4, hit_3, hit_2, hit_1, hit_0[1]}
                            : {4'd0, hit_4[3:1], hit_3[2:1], hit_2[1], hit_1, hit_0};

  // ---------------------------------------------------------------------------- priority wire
  wire [KW-1:0] first = fan ? row_0[KW+:KW] : row_2[KW+:KW];
  wire [KW-1:0] right = fan ? row_1[0+:KW] : row_3[KW+:KW];
  wire [KW-1:0] left = fan ? row_1[KW+:KW] : row_3[2*KW+:KW];
  wire not_later = left >= right;
  logic [15:0] address_q;
  logic [14:0] pattern_q;
  logic [SEGMENT_LIST_POSITION_W-1:0] position_q;
  logic [KW-2:0] priority_q;
  assign pattern_q = address_q[15:1];
  always_ff @(posedge clk_i) begin
    address_q  <= {pattern, not_later && left[KW-1]};
    position_q <= first[KW-1] ? FIRST : not_later ? LEFT : RIGHT;
    priority_q <= first[KW-1] ? first[KW-2:0] : not_later ? left[KW-2:0] : right[KW-2:0];
    position_o <= position_q;
    priority_o <= priority_q;
    pattern_o  <= fan ? {|pattern_q[14:PW-1], pattern_q[PW-2:0]} : pattern_q[PW-1:0];
  end
  cdc_segment_rom u_rom (
      .clk_i,
      .superlayer_i,
      .address_i(address_q),
      .lr_o
  );

  // ---------------------------------------------------------------------------- earliest wire
  logic [KW-1:0] early_0_q, early_1_q, early_2_q, early_3_q, early_4_q;
  /* verilator lint_off UNUSEDSIGNAL */  // a segment has a hit: the live bit is set
  wire [KW-1:0] earliest = earlier(earlier(earlier(early_0_q, early_1_q),
                                           earlier(early_2_q, early_3_q)), early_4_q);
  /* verilator lint_on UNUSEDSIGNAL */
  always_ff @(posedge clk_i) begin
    early_0_q <= earlier(earlier(row_0[0+:KW], row_0[KW+:KW]), row_0[2*KW+:KW]);
    early_1_q <= earlier(row_1[0+:KW], row_1[KW+:KW]);
    early_2_q <= earlier(earlier(row_2[0+:KW], row_2[KW+:KW]), row_2[2*KW+:KW]);
    early_3_q <= earlier(earlier(row_3[0+:KW], row_3[KW+:KW]),
                         earlier(row_3[2*KW+:KW], row_3[3*KW+:KW]));
    early_4_q <= earlier(earlier(earlier(row_4[0+:KW], row_4[KW+:KW]),
                                 earlier(row_4[2*KW+:KW], row_4[3*KW+:KW])), row_4[4*KW+:KW]);
    earliest_o <= earliest[KW-2:0];
  end
endmodule
