// Part of neuro_preprocess: drift time and relative ID of one segment. Five clocks.
// Stages: 1 age, 2 (event time), 3 drift time, 4 its limits, 5 relative ID and window.
module neuro_preprocess_segment
  import l1_pkg::*;
#(
    // Middle of the window from segment id 0, and half of the window.
    parameter signed [NEURO_CONSTANT_W-1:0] OFFSET = 0,
    parameter        [NEURO_CONSTANT_W-1:0] HALF = 0,
    // Bits of a reference, signed; of a relative ID that is in the window, signed; of an item.
    parameter REFERENCE_W = 1,
    parameter RELATIVE_W = 1,
    parameter ITEM_W = 1
) (
    input  logic                                        clk_i,
    // Drift times beyond the ends are limited.
    input  logic                                        clamp_i,
    input  logic                                        valid_i,
    // Last tick of the data clock.
    input  logic [      TRACK_SEGMENTS_EVENT_TIME_W-1:0] now_i,
    input  logic [        TRACK_SEGMENTS_AXIAL_ID_W-1:0] id_i,
    input  logic [      TRACK_SEGMENTS_AXIAL_TIME_W-1:0] time_i,
    input  logic [        TRACK_SEGMENTS_AXIAL_LR_W-1:0] lr_i,
    input  logic [  TRACK_SEGMENTS_AXIAL_POSITION_W-1:0] position_i,
    input  logic [   TRACK_SEGMENTS_AXIAL_PATTERN_W-1:0] pattern_i,
    // After one clock: age of the segment.
    output logic [      TRACK_SEGMENTS_EVENT_TIME_W-1:0] age_o,
    // After two clocks: {there is a start, its age}.
    input  logic [        TRACK_SEGMENTS_EVENT_TIME_W:0] start_i,
    // After four clocks: references of the first and of the second priority layer.
    input  logic [                      REFERENCE_W-1:0] first_i,
    input  logic [                      REFERENCE_W-1:0] second_i,
    // After five clocks: in the window; {pattern, first priority, lr, drift time, relative ID}.
    output logic                                        found_o,
    output logic [                           ITEM_W-1:0] item_o
);
  localparam TW = TRACK_SEGMENTS_EVENT_TIME_W;
  localparam IDW = TRACK_SEGMENTS_AXIAL_ID_W;
  localparam LRW = TRACK_SEGMENTS_AXIAL_LR_W;
  localparam PW = TRACK_SEGMENTS_AXIAL_PATTERN_W;
  localparam [1:0] LEFT = 2, FIRST = 3;
  // {pattern, first, lr, twice the id and the half wire of the second priority, signed}
  localparam HW = IDW + 2;
  localparam CW = PW + 1 + LRW + HW;

  wire is_first = position_i == FIRST;
  wire [HW-1:0] half = is_first ? '0 : position_i == LEFT ? HW'(1) : {HW{1'b1}};
  logic [3:0] valid_q;
  logic [4*CW-1:0] carried_q;
  always_ff @(posedge clk_i) begin
    valid_q   <= {valid_q[2:0], valid_i && position_i != '0};
    carried_q <= {carried_q[3*CW-1:0], pattern_i, is_first, lr_i, {1'b0, id_i, 1'b0} + half};
  end

  logic [TW-1:0] age_q;
  logic [TW:0] drift_q;
  wire early = drift_q[TW];
  wire late = !early && drift_q[TW-1:0] > TW'(NEURO_MAX_DRIFT);
  logic [TW-1:0] limited_q;
  logic kept_q;
  always_ff @(posedge clk_i) begin
    age_o <= now_i - time_i;
    age_q <= age_o;
    drift_q <= start_i[TW] ? {1'b0, start_i[TW-1:0]} - {1'b0, age_q} : '0;
    limited_q <= early ? '0 : late ? TW'(NEURO_MAX_DRIFT) : drift_q[TW-1:0];
    kept_q <= clamp_i || !(early || late);
  end

  wire [CW-1:0] carried = carried_q[3*CW+:CW];
  wire [REFERENCE_W-1:0] at = {
    {(REFERENCE_W - HW - NEURO_WIRE_FRACTION + 1) {carried[HW-1]}},
    carried[HW-1:0],
    {(NEURO_WIRE_FRACTION - 1) {1'b0}}
  };
  wire [REFERENCE_W-1:0] reference = carried[HW+LRW] ? first_i : second_i;
  wire signed [REFERENCE_W-1:0] relative = at - REFERENCE_W'(OFFSET) - reference;
  wire signed [REFERENCE_W-1:0] half_window = REFERENCE_W'(HALF);
  always_ff @(posedge clk_i) begin
    found_o <= valid_q[3] && kept_q && relative <= half_window && relative >= -half_window;
    item_o  <= {carried[CW-1:HW], limited_q, relative[RELATIVE_W-1:0]};
  end
endmodule
