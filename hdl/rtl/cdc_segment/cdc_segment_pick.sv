// Part of cdc_segment: takes the lowest ids out of a vector of candidates, three a clock.
module cdc_segment_pick
  import l1_pkg::*;
#(
    parameter int LANES = 3
) (
    input  logic                                  clk_i,
    // The candidates are there; first of the clocks on which some are taken; all of these clocks.
    input  logic                                  begin_i,
    input  logic                                  first_i,
    input  logic                                  take_i,
    input  logic [           CDC_SEGMENT_IDS-1:0] candidates_i,
    // Two clocks after they are taken: whether, and the id; the lowest first.
    output logic [                     LANES-1:0] found_o,
    output logic [LANES*SEGMENT_LIST_ID_W-1:0]    id_o,
    // One clock after first_i: number of candidates.
    output logic [SEGMENT_LIST_DROPPED_W-1:0]     count_o
);
  localparam IDS = CDC_SEGMENT_IDS;
  localparam IDW = SEGMENT_LIST_ID_W;
  localparam ALL = 1 << IDW;

  // Bits of the number of the one bit that is set: those bits of each place in turn.
  function automatic [IDW-1:0] number(input [ALL-1:0] one);
    number = {
      |one[ALL-1:ALL/2],
      |(one & {2{{64{1'b1}}, 64'd0}}),
      |(one & {4{{32{1'b1}}, 32'd0}}),
      |(one & {8{32'hffff0000}}),
      |(one & {8{32'hff00ff00}}),
      |(one & {8{32'hf0f0f0f0}}),
      |(one & {8{32'hcccccccc}}),
      |(one & {8{32'haaaaaaaa}})
    };
  endfunction

  logic [IDS-1:0] left_q;
  wire [LANES*IDS-1:0] offered, kept;
  for (genvar n = 0; n < LANES; n++) begin : g_lane
    logic [IDS-1:0] one_q;
    wire [IDS-1:0] left = offered[n*IDS+:IDS];
    if (n == 0) begin : g_lowest
      assign offered[n*IDS+:IDS] = left_q;
    end else begin : g_next
      assign offered[n*IDS+:IDS] = kept[(n-1)*IDS+:IDS];
    end
    assign kept[n*IDS+:IDS] = left & (left - IDS'(1));
    always_ff @(posedge clk_i) begin
      if (take_i) one_q <= left & ~(left - IDS'(1));
      found_o[n] <= |one_q;
      id_o[n*IDW+:IDW] <= number(ALL'(one_q));
    end
  end
  always_ff @(posedge clk_i) begin
    if (begin_i) left_q <= candidates_i;
    else if (take_i) left_q <= kept[(LANES-1)*IDS+:IDS];
    if (first_i) count_o <= SEGMENT_LIST_DROPPED_W'($countones(left_q));
  end
endmodule
