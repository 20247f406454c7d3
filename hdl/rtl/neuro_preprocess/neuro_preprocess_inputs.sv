// Part of neuro_preprocess: the three inputs of one superlayer and its hit pattern. One clock.
module neuro_preprocess_inputs
  import l1_pkg::*;
#(
    // Left shift of a relative ID.
    parameter SHIFT = 0,
    // Bits of a relative ID, signed; of an item.
    parameter RELATIVE_W = 1,
    parameter ITEM_W = 1
) (
    input  logic                                      clk_i,
    input  logic                                      found_i,
    // {pattern, first priority, lr, drift time, relative ID}
    input  logic [                        ITEM_W-1:0] item_i,
    // Crossing angles at the first and at the second priority layer.
    input  logic [                 NEURO_ANGLE_W-1:0] first_i,
    input  logic [                 NEURO_ANGLE_W-1:0] second_i,
    // {crossing angle, drift time, relative ID}
    output logic [              3*NEURO_NODE_W-1:0] inputs_o,
    output logic [TRACK_SEGMENTS_AXIAL_PATTERN_W-1:0] pattern_o
);
  localparam NW = NEURO_NODE_W;
  localparam AW = NEURO_ANGLE_W;
  localparam TW = TRACK_SEGMENTS_EVENT_TIME_W;
  localparam LRW = TRACK_SEGMENTS_AXIAL_LR_W;
  localparam PW = TRACK_SEGMENTS_AXIAL_PATTERN_W;
  localparam [1:0] RIGHT = 1, LEFT = 2;

  wire [RELATIVE_W-1:0] relative = item_i[RELATIVE_W-1:0];
  wire [NW-1:0] scaled = {{(NW - RELATIVE_W) {relative[RELATIVE_W-1]}}, relative} << SHIFT;
  wire [NW-1:0] drift = NW'(item_i[RELATIVE_W+:TW]) * NW'(NEURO_ONE / NEURO_MAX_DRIFT);
  wire [LRW-1:0] lr = item_i[RELATIVE_W+TW+:LRW];
  wire [NW-1:0] signed_drift = lr == LEFT ? drift : lr == RIGHT ? -drift : '0;
  wire [AW-1:0] alpha = item_i[RELATIVE_W+TW+LRW] ? first_i : second_i;
  // Half, toward zero: one more before the lowest bit of a negative angle goes.
  /* verilator lint_off UNUSEDSIGNAL */
  wire [AW-1:0] rounded = alpha + AW'(alpha[AW-1]);
  /* verilator lint_on UNUSEDSIGNAL */
  wire [NW-1:0] half = {{(NW - AW + 1) {rounded[AW-1]}}, rounded[AW-1:1]};
  always_ff @(posedge clk_i) begin
    inputs_o  <= found_i ? {half, signed_drift, scaled} : '0;
    pattern_o <= found_i ? item_i[ITEM_W-1-:PW] : '0;
  end
endmodule
