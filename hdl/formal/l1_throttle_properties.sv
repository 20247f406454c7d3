// What `l1_throttle` must never do, watched at its ports: see hdl/properties.py.
//
// Each output `<name>_o` is 1 while the property of that name holds. `lemma_o` is 1 while the
// watching registers here agree with those of the block: what induction needs to know of a state
// in which it starts. Nothing is assumed but a reset on the first clock: registers may be written
// on any clock, also while frames are in flight.
module l1_throttle_properties
  import l1_pkg::*;
(
    input  logic                            clk_i,
    input  logic                            rst_ni,
    input  logic                            cfg_valid_i,
    input  logic [                    11:0] cfg_addr_i,
    input  logic [                    31:0] cfg_data_i,
    input  logic                            valid_i,
    input  logic [THROTTLE_INPUT_WIDTH-1:0] data_i,
    output logic                            reset_first_o,
    output logic                            spacing_o,
    output logic                            cells_o,
    output logic                            busy_o,
    output logic                            veto_o,
    output logic                            tag_o,
    output logic                            lemma_o
);
  localparam SPACING_W = L1_THROTTLE_REG_SPACING_W;
  localparam BUSY_W = THROTTLE_INPUT_BUSY_N;
  localparam CELLS_W = THROTTLE_OUTPUT_CELLS_W;
  localparam TAG_W = THROTTLE_OUTPUT_TAG_W;
  localparam RINGS = THROTTLE_OUTPUT_VETO_N;
  localparam EVENTS = 11;

  logic valid;
  logic [THROTTLE_OUTPUT_WIDTH-1:0] data;
  l1_throttle dut (
      .clk_i,
      .rst_ni,
      .cfg_valid_i,
      .cfg_addr_i,
      .cfg_data_i,
      .valid_i,
      .data_i,
      .valid_o(valid),
      .data_o(data)
  );
  logic accept;
  assign accept = valid && data[THROTTLE_OUTPUT_L1_LOW];

  // Nothing is claimed before the first reset.
  logic started_q = 1'b0;
  always_ff @(posedge clk_i) started_q <= 1'b1;
  assign reset_first_o = started_q || !rst_ni;

  // The registers as written, and as they were on the clock on which a word was decided.
  logic [SPACING_W-1:0] spacing_q;
  logic [SPACING_W-1:0] spacing_then_q;
  logic [BUSY_W-1:0] mask_q;
  logic active_q;
  logic active_then_q;
  always_ff @(posedge clk_i) begin
    spacing_then_q <= spacing_q;
    active_then_q <= active_q;
    if (!rst_ni) begin
      spacing_q <= L1_THROTTLE_REG_SPACING_DEFAULT;
      mask_q <= L1_THROTTLE_REG_BUSY_MASK_DEFAULT;
      active_q <= L1_THROTTLE_REG_VETO_ACTIVE_DEFAULT;
    end else if (cfg_valid_i) begin
      if (cfg_addr_i == L1_THROTTLE_REG_SPACING_ADDR) spacing_q <= cfg_data_i[SPACING_W-1:0];
      if (cfg_addr_i == L1_THROTTLE_REG_BUSY_MASK_ADDR) mask_q <= cfg_data_i[BUSY_W-1:0];
      if (cfg_addr_i == L1_THROTTLE_REG_VETO_ACTIVE_ADDR) active_q <= cfg_data_i[0];
    end
  end

  // What came in with the word that is decided, and with the one at the output.
  logic [BUSY_W-1:0] busy_q;
  logic activity_q;
  logic hit_then_q;
  logic activity_then_q;
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      busy_q <= data_i[THROTTLE_INPUT_BUSY_LOW+:BUSY_W];
      activity_q <= data_i[THROTTLE_INPUT_ACTIVITY_LOW];
    end
    hit_then_q <= (busy_q & mask_q) != '0;
    activity_then_q <= activity_q;
  end

  // Spacing: words from the last accept to the present one, at most as many as can be asked for.
  logic [SPACING_W-1:0] gap_q;
  logic [SPACING_W-1:0] gap;
  always_comb begin
    gap = gap_q;
    if (accept) gap = 1;
    else if (valid && !(&gap_q)) gap = gap_q + 1'b1;
  end
  always_ff @(posedge clk_i) gap_q <= !rst_ni ? '1 : gap;
  assign spacing_o = !started_q || !accept || gap_q >= spacing_then_q;

  assign cells_o = !started_q || !valid || data[THROTTLE_OUTPUT_CELLS_LOW+:CELLS_W] <= 32;

  assign busy_o = !started_q || !accept || !hit_then_q;

  assign veto_o = !started_q || !accept || data[THROTTLE_OUTPUT_VETO_LOW+:RINGS] == '0 ||
      (active_then_q && !activity_then_q);

  logic [TAG_W-1:0] tag_q;
  logic [TAG_W-1:0] tag;
  assign tag = tag_q + TAG_W'(accept);
  always_ff @(posedge clk_i) tag_q <= !rst_ni ? '0 : tag;
  assign tag_o = !started_q || !accept || data[THROTTLE_OUTPUT_TAG_LOW+:TAG_W] == tag_q;

  // The block's latest age, cut to the width of the gap.
  logic age_agrees;
  logic [L1_THROTTLE_REG_WINDOW_TICKS_W-1:0] age;
  assign age = dut.u_ages.age_q[0+:L1_THROTTLE_REG_WINDOW_TICKS_W];
  assign age_agrees = gap == (age > {SPACING_W{1'b1}} ? '1 : age[SPACING_W-1:0]);

  // Cells: those that the first event holds and those of the events that wait.
  logic cells_agree;
  logic [7:0] sum;
  always_comb begin
    sum = dut.u_apv.held_q;
    for (int i = 1; i < EVENTS; i++)
      if (i < dut.u_apv.events_q) sum = sum + (dut.u_apv.three_q[i] ? 8'd3 : 8'd6);
  end
  assign cells_agree = dut.u_apv.events_q <= EVENTS && dut.u_apv.occupied_q == sum && sum <= 32 &&
      dut.u_apv.held_q <= 6 && dut.u_apv.frames_q <= dut.u_apv.held_q &&
      (dut.u_apv.frames_q != '0) == (dut.u_apv.events_q != '0) &&
      (dut.u_apv.held_q != '0) == (dut.u_apv.events_q != '0) &&
      (!dut.u_apv.running_q || dut.u_apv.events_q != '0) &&
      (dut.u_apv.three_q >> dut.u_apv.events_q) == '0;

  assign lemma_o = !started_q || (age_agrees && cells_agree && dut.spacing == spacing_q &&
      dut.busy_mask == mask_q && dut.veto_active == active_q && dut.accepts_q == tag &&
      (!dut.tick_q || (dut.data_q[THROTTLE_INPUT_BUSY_LOW+:BUSY_W] == busy_q &&
      dut.data_q[THROTTLE_INPUT_ACTIVITY_LOW] == activity_q)));
endmodule
