// Part of cdc_segment: which segments there are, all ids at once; two clocks, the second of them in
// the register that takes candidates_o. Bit i of a vector is segment id i.
module cdc_segment_fires
  import l1_pkg::*;
(
    input  logic                                              clk_i,
    input  logic                                              valid_i,
    // The pattern of superlayer 0; the extended shape; ids that may fire; hit rows needed.
    input  logic                                              fan_i,
    input  logic                                              wide_i,
    input  logic [                       CDC_SEGMENT_IDS-1:0] near_i,
    input  logic [      CDC_SEGMENT_REG_MIN_LAYERS_W-1:0]     least_i,
    // Live wires, a vector over columns for each row.
    /* verilator lint_off UNUSEDSIGNAL */  // no id needs all rows of the outer columns
    input  logic [CDC_SEGMENT_ROWS*CDC_SEGMENT_COLUMNS-1:0]   live_i,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic [                       CDC_SEGMENT_IDS-1:0] candidates_o
);
  localparam N = CDC_SEGMENT_COLUMNS;
  localparam IDS = CDC_SEGMENT_IDS;
  localparam PAD = CDC_SEGMENT_PAD;

  // Wires of row r as seen from a segment: d0 in its own column, b2 two columns below, u1 one above.
  wire [IDS-1:0] r0_b3 = live_i[0*N+PAD-3+:IDS];
  wire [IDS-1:0] r0_b2 = live_i[0*N+PAD-2+:IDS];
  wire [IDS-1:0] r0_b1 = live_i[0*N+PAD-1+:IDS];
  wire [IDS-1:0] r0_d0 = live_i[0*N+PAD+:IDS];
  wire [IDS-1:0] r0_u1 = live_i[0*N+PAD+1+:IDS];
  wire [IDS-1:0] r0_u2 = live_i[0*N+PAD+2+:IDS];
  wire [IDS-1:0] r0_u3 = live_i[0*N+PAD+3+:IDS];
  wire [IDS-1:0] r1_b2 = live_i[1*N+PAD-2+:IDS];
  wire [IDS-1:0] r1_b1 = live_i[1*N+PAD-1+:IDS];
  wire [IDS-1:0] r1_d0 = live_i[1*N+PAD+:IDS];
  wire [IDS-1:0] r1_u1 = live_i[1*N+PAD+1+:IDS];
  wire [IDS-1:0] r2_b2 = live_i[2*N+PAD-2+:IDS];
  wire [IDS-1:0] r2_b1 = live_i[2*N+PAD-1+:IDS];
  wire [IDS-1:0] r2_d0 = live_i[2*N+PAD+:IDS];
  wire [IDS-1:0] r2_u1 = live_i[2*N+PAD+1+:IDS];
  wire [IDS-1:0] r2_u2 = live_i[2*N+PAD+2+:IDS];
  wire [IDS-1:0] r3_b4 = live_i[3*N+PAD-4+:IDS];
  wire [IDS-1:0] r3_b3 = live_i[3*N+PAD-3+:IDS];
  wire [IDS-1:0] r3_b2 = live_i[3*N+PAD-2+:IDS];
  wire [IDS-1:0] r3_b1 = live_i[3*N+PAD-1+:IDS];
  wire [IDS-1:0] r3_d0 = live_i[3*N+PAD+:IDS];
  wire [IDS-1:0] r3_u1 = live_i[3*N+PAD+1+:IDS];
  wire [IDS-1:0] r3_u2 = live_i[3*N+PAD+2+:IDS];
  wire [IDS-1:0] r3_u3 = live_i[3*N+PAD+3+:IDS];
  wire [IDS-1:0] r4_b4 = live_i[4*N+PAD-4+:IDS];
  wire [IDS-1:0] r4_b3 = live_i[4*N+PAD-3+:IDS];
  wire [IDS-1:0] r4_b2 = live_i[4*N+PAD-2+:IDS];
  wire [IDS-1:0] r4_b1 = live_i[4*N+PAD-1+:IDS];
  wire [IDS-1:0] r4_d0 = live_i[4*N+PAD+:IDS];
  wire [IDS-1:0] r4_u1 = live_i[4*N+PAD+1+:IDS];
  wire [IDS-1:0] r4_u2 = live_i[4*N+PAD+2+:IDS];
  wire [IDS-1:0] r4_u3 = live_i[4*N+PAD+3+:IDS];
  wire [IDS-1:0] r4_u4 = live_i[4*N+PAD+4+:IDS];

  // Rows with a hit in the pattern; wires only one of the two patterns has are masked. The extended
  // shape has more wires, which count for their rows alone.
  wire [IDS-1:0] fan = {IDS{fan_i}};
  wire [IDS-1:0] wide = {IDS{wide_i}};
  wire [IDS-1:0] wide_fan = fan & wide;
  wire [IDS-1:0] wide_glass = ~fan & wide;
  wire [IDS-1:0] row_0 = r0_d0 | (~fan & (r0_b1 | r0_u1))
                       | (wide_glass & (r0_b3 | r0_b2 | r0_u2 | r0_u3));
  wire [IDS-1:0] row_1 = r1_b1 | r1_d0 | (wide & (r1_b2 | r1_u1));
  wire [IDS-1:0] row_2 = r2_d0 | (fan & (r2_b1 | r2_u1)) | (wide_fan & (r2_b2 | r2_u2));
  wire [IDS-1:0] row_3 = r3_b1 | r3_d0 | ((fan | wide) & (r3_b2 | r3_u1))
                       | (wide_fan & (r3_b4 | r3_b3 | r3_u2 | r3_u3));
  wire [IDS-1:0] row_4 = r4_b1 | r4_d0 | r4_u1 | ((fan | wide) & (r4_b2 | r4_u2))
                       | (wide & (r4_b3 | r4_u3)) | (wide_fan & (r4_b4 | r4_u4));
  wire [IDS-1:0] first = fan_i ? r0_d0 : r2_d0;
  wire [IDS-1:0] second = fan_i ? r1_b1 | r1_d0 : r3_b1 | r3_d0;

  // Where at least so many of five vectors are set.
  logic [IDS-1:0] enough;
  wire [IDS-1:0] two_1 = row_0 & row_1;
  wire [IDS-1:0] one_1 = row_0 | row_1;
  wire [IDS-1:0] three_2 = two_1 & row_2;
  wire [IDS-1:0] two_2 = two_1 | (one_1 & row_2);
  wire [IDS-1:0] one_2 = one_1 | row_2;
  wire [IDS-1:0] four_3 = three_2 & row_3;
  wire [IDS-1:0] three_3 = three_2 | (two_2 & row_3);
  wire [IDS-1:0] two_3 = two_2 | (one_2 & row_3);
  wire [IDS-1:0] one_3 = one_2 | row_3;
  always_comb begin
    case (least_i)
      3'd1: enough = one_3 | row_4;
      3'd2: enough = two_3 | (one_3 & row_4);
      3'd3: enough = three_3 | (two_3 & row_4);
      3'd4: enough = four_3 | (three_3 & row_4);
      default: enough = four_3 & row_4;
    endcase
  end

  logic [IDS-1:0] fires_q, first_q;
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      fires_q <= enough & (first | second) & near_i;
      first_q <= first;
    end
  end

  // A second-priority segment yields to a first-priority one beside it.
  wire [IDS-1:0] leading = fires_q & first_q;
  assign candidates_o = fires_q & (first_q | ~((leading << 1) | (leading >> 1)));
endmodule
