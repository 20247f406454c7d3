// Part of cdc_hough: the segment of one superlayer that goes with a track; three clocks.
module cdc_hough_attach
  import l1_pkg::*;
#(
    // Segments in a sector.
    parameter int PERIOD = 5,
    // Slots of the superlayer; the tree of comparisons is made for ten.
    parameter int N = 10
) (
    input  logic                                 clk_i,
    // Stages: the centre is known; the range of ids is; the matching slots are.
    input  logic                                 centre_i,
    input  logic                                 range_i,
    input  logic                                 match_i,
    input  logic [                          3:0] tens_i,
    // Range of ids at the first ten.
    input  logic [        CDC_SEGMENTS_ID_W-1:0] low_i,
    input  logic [        CDC_SEGMENTS_ID_W-1:0] high_i,
    input  logic [                        N-1:0] slot_i,
    input  logic [      N*CDC_SEGMENTS_ID_W-1:0] id_i,
    input  logic [    N*CDC_SEGMENTS_TIME_W-1:0] time_i,
    input  logic [      N*CDC_SEGMENTS_LR_W-1:0] lr_i,
    input  logic [N*CDC_SEGMENTS_POSITION_W-1:0] position_i,
    // {id, time, lr, position}; 0: none.
    output logic [CDC_SEGMENTS_ID_W+CDC_SEGMENTS_TIME_W+CDC_SEGMENTS_LR_W+
                  CDC_SEGMENTS_POSITION_W-1:0]   segment_o
);
  localparam IDW = CDC_SEGMENTS_ID_W;
  localparam TW = CDC_SEGMENTS_TIME_W;
  localparam LW = CDC_SEGMENTS_LR_W;
  localparam PW = CDC_SEGMENTS_POSITION_W;
  localparam [PW-1:0] FIRST = '1;

  logic [7:0] base_q;
  always_ff @(posedge clk_i) if (centre_i) base_q <= 8'(tens_i) * 8'(PERIOD);

  logic [N-1:0] match_q;
  always_ff @(posedge clk_i) begin
    if (range_i) begin : in_range
      logic [8:0] low, high, id;
      low  = 9'(low_i) + 9'(base_q);
      high = 9'(high_i) + 9'(base_q);
      for (int s = 0; s < N; s++) begin
        id = 9'(id_i[s*IDW+:IDW]);
        match_q[s] <= slot_i[s] && position_i[s*PW+:PW] != '0 && id >= low && id <= high;
      end
    end
  end

  // {match, first priority, id, time, lr, position}; the lower slot wins among equals.
  localparam SEGW = IDW + TW + LW + PW;
  localparam KEYW = SEGW + 2;
  function automatic [KEYW-1:0] better(input [KEYW-1:0] a, input [KEYW-1:0] b);
    better = b[KEYW-1-:IDW+2] > a[KEYW-1-:IDW+2] ? b : a;
  endfunction
  always_ff @(posedge clk_i) begin
    if (match_i) begin : choose
      logic [N*KEYW-1:0] key;
      logic [KEYW-1:0] first, second;
      /* verilator lint_off UNUSEDSIGNAL */  // match and first priority have done their work
      logic [KEYW-1:0] best;
      /* verilator lint_on UNUSEDSIGNAL */
      for (int s = 0; s < N; s++) begin
        key[s*KEYW+:KEYW] = {1'b1, position_i[s*PW+:PW] == FIRST, id_i[s*IDW+:IDW],
                             time_i[s*TW+:TW], lr_i[s*LW+:LW], position_i[s*PW+:PW]};
        if (!match_q[s]) key[s*KEYW+:KEYW] = '0;
      end
      first  = better(better(key[0+:KEYW], key[KEYW+:KEYW]),
                      better(key[2*KEYW+:KEYW], key[3*KEYW+:KEYW]));
      second = better(better(key[4*KEYW+:KEYW], key[5*KEYW+:KEYW]),
                      better(key[6*KEYW+:KEYW], key[7*KEYW+:KEYW]));
      best  = better(better(first, second), better(key[8*KEYW+:KEYW], key[9*KEYW+:KEYW]));
      segment_o <= best[0+:SEGW];
    end
  end
endmodule
