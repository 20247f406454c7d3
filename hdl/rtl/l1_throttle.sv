// Refuses requests that the readout could not take: see docs/reference/l1_throttle.md.
module l1_throttle
  import l1_pkg::*;
(
    input  logic                             clk_i,
    input  logic                             rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                             cfg_valid_i,
    input  logic [                     11:0] cfg_addr_i,
    input  logic [                     31:0] cfg_data_i,
    input  logic                             valid_i,
    input  logic [ THROTTLE_INPUT_WIDTH-1:0] data_i,
    output logic                             valid_o,
    output logic [THROTTLE_OUTPUT_WIDTH-1:0] data_o
);
  localparam RULES = THROTTLE_OUTPUT_REFUSED_N;
  localparam CAUSE_W = THROTTLE_OUTPUT_CAUSE_W;
  localparam CELLS_W = THROTTLE_OUTPUT_CELLS_W;
  localparam TAG_W = THROTTLE_OUTPUT_TAG_W;
  localparam RINGS = THROTTLE_INPUT_KICK_N;
  localparam TICK_W = THROTTLE_INPUT_TICK_W;
  localparam BUSY_W = THROTTLE_INPUT_BUSY_N;
  localparam WINDOWS = L1_THROTTLE_REG_WINDOW_TICKS_N;
  localparam BUCKETS = L1_THROTTLE_REG_BUCKET_SIZE_N;
  localparam FIFOS = L1_THROTTLE_REG_FIFO_DEPTH_N;
  localparam SPACING_W = L1_THROTTLE_REG_SPACING_W;
  localparam ACCEPTS_W = L1_THROTTLE_REG_WINDOW_ACCEPTS_W;
  localparam AGE_W = L1_THROTTLE_REG_WINDOW_TICKS_W;
  localparam SIZE_W = L1_THROTTLE_REG_BUCKET_SIZE_W;
  localparam DRAIN_W = L1_THROTTLE_REG_BUCKET_DRAIN_W;
  localparam TIME_W = L1_THROTTLE_REG_APV_FRAME_W;
  localparam TURNS_W = L1_THROTTLE_REG_VETO_FULL_TURNS_W;
  localparam WAIT_W = L1_THROTTLE_REG_VETO_WAIT_TURNS_W;

  logic [SPACING_W-1:0] spacing;
  logic [BUSY_W-1:0] busy_mask;
  logic [WINDOWS*ACCEPTS_W-1:0] window_accepts;
  logic [WINDOWS*AGE_W-1:0] window_ticks;
  logic [BUCKETS*SIZE_W-1:0] bucket_size;
  logic [BUCKETS*DRAIN_W-1:0] bucket_drain;
  logic [BUCKETS-1:0] bucket_free;
  logic [FIFOS*SIZE_W-1:0] fifo_depth;
  logic [FIFOS*DRAIN_W-1:0] fifo_service;
  logic [CELLS_W-1:0] apv_cells;
  logic [1:0] apv_samples;
  logic [TIME_W-1:0] apv_frame;
  logic [TIME_W-1:0] apv_processing;
  logic [TIME_W-1:0] apv_grid;
  logic apv_eventwise;
  logic [RINGS-1:0] veto_enable;
  logic veto_active;
  logic [RINGS*TICK_W-1:0] veto_pre;
  logic [RINGS*TICK_W-1:0] veto_length;
  logic [RINGS*TURNS_W-1:0] veto_full_turns;
  logic [RINGS*TURNS_W-1:0] veto_gated_turns;
  logic [RINGS*WAIT_W-1:0] veto_wait_turns;
  l1_throttle_registers u_registers (.*);

  // Stage 1: the word of this tick.
  logic tick_q;
  logic [THROTTLE_INPUT_WIDTH-1:0] data_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tick_q <= 1'b0;
      valid_o <= 1'b0;
    end else begin
      tick_q <= valid_i;
      valid_o <= tick_q;
    end
  end
  always_ff @(posedge clk_i) if (valid_i) data_q <= data_i;

  // Stage 2: every rule looks at the request; accept feeds their states on the same clock.
  logic request;
  logic activity;
  logic three;
  logic accept;
  logic [RULES-1:0] refuse;
  logic [RINGS-1:0] veto;
  logic [CELLS_W-1:0] cells;
  assign request = data_q[THROTTLE_INPUT_L1_LOW];
  assign activity = data_q[THROTTLE_INPUT_ACTIVITY_LOW];
  assign three = apv_samples[1] ? data_q[THROTTLE_INPUT_SHORT_LOW] : apv_samples[0];
  assign accept = request && refuse == '0;

  for (genvar i = 0; i < RINGS; i++) begin : g_veto
    l1_throttle_veto #(
        .TICK_W(TICK_W),
        .TURNS_W(TURNS_W),
        .WAIT_W(WAIT_W)
    ) u_veto (
        .clk_i,
        .rst_ni,
        .tick_i(tick_q),
        .kick_i(data_q[THROTTLE_INPUT_KICK_LOW+i]),
        .position_i(data_q[THROTTLE_INPUT_POSITION_LOW+:TICK_W]),
        .turn_tick_i(data_q[THROTTLE_INPUT_TICK_LOW+:TICK_W]),
        .enable_i(veto_enable[i]),
        .pre_i(veto_pre[i*TICK_W+:TICK_W]),
        .length_i(veto_length[i*TICK_W+:TICK_W]),
        .full_turns_i(veto_full_turns[i*TURNS_W+:TURNS_W]),
        .gated_turns_i(veto_gated_turns[i*TURNS_W+:TURNS_W]),
        .wait_turns_i(veto_wait_turns[i*WAIT_W+:WAIT_W]),
        .up_o(veto[i])
    );
  end
  assign refuse[0] = veto != '0 && (activity || !veto_active);
  assign refuse[1] = (data_q[THROTTLE_INPUT_BUSY_LOW+:BUSY_W] & busy_mask) != '0;

  l1_throttle_ages #(
      .WINDOWS(WINDOWS),
      .ACCEPTS_W(ACCEPTS_W),
      .AGE_W(AGE_W),
      .SPACING_W(SPACING_W)
  ) u_ages (
      .clk_i,
      .rst_ni,
      .tick_i(tick_q),
      .accept_i(accept),
      .spacing_i(spacing),
      .accepts_i(window_accepts),
      .ticks_i(window_ticks),
      .spacing_o(refuse[2]),
      .window_o(refuse[3+:WINDOWS])
  );

  for (genvar i = 0; i < BUCKETS; i++) begin : g_bucket
    l1_throttle_bucket #(
        .SIZE_W(SIZE_W),
        .DRAIN_W(DRAIN_W)
    ) u_bucket (
        .clk_i,
        .rst_ni,
        .tick_i(tick_q),
        .accept_i(accept),
        .size_i(bucket_size[i*SIZE_W+:SIZE_W]),
        .drain_i(bucket_drain[i*DRAIN_W+:DRAIN_W]),
        .free_i(bucket_free[i]),
        .refuse_o(refuse[3+WINDOWS+i])
    );
  end

  for (genvar i = 0; i < FIFOS; i++) begin : g_fifo
    l1_throttle_bucket #(
        .SIZE_W(SIZE_W),
        .DRAIN_W(DRAIN_W)
    ) u_fifo (
        .clk_i,
        .rst_ni,
        .tick_i(tick_q),
        .accept_i(accept),
        .size_i(fifo_depth[i*SIZE_W+:SIZE_W]),
        .drain_i(fifo_service[i*DRAIN_W+:DRAIN_W]),
        .free_i(1'b0),
        .refuse_o(refuse[3+WINDOWS+BUCKETS+i])
    );
  end

  l1_throttle_apv #(
      .CELLS_W(CELLS_W),
      .TIME_W(TIME_W)
  ) u_apv (
      .clk_i,
      .rst_ni,
      .tick_i(tick_q),
      .accept_i(accept),
      .three_i(three),
      .cells_i(apv_cells),
      .frame_i(apv_frame),
      .processing_i(apv_processing),
      .grid_i(apv_grid),
      .eventwise_i(apv_eventwise),
      .refuse_o(refuse[RULES-1]),
      .occupied_o(cells)
  );

  // Walking from the last rule to the first lets the first one stand.
  logic [CAUSE_W-1:0] cause;
  always_comb begin
    cause = '0;
    for (int rule = RULES - 1; rule >= 0; rule--) begin
      if (refuse[rule]) cause = CAUSE_W'(rule + 1);
    end
  end

  logic [TAG_W-1:0] accepts_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) accepts_q <= '0;
    else if (tick_q && accept) accepts_q <= accepts_q + 1'b1;
  end

  always_ff @(posedge clk_i) begin
    if (tick_q) begin
      data_o[THROTTLE_OUTPUT_L1_LOW] <= accept;
      data_o[THROTTLE_OUTPUT_CAUSE_LOW+:CAUSE_W] <= request ? cause : '0;
      data_o[THROTTLE_OUTPUT_REFUSED_LOW+:RULES] <= request ? refuse : '0;
      data_o[THROTTLE_OUTPUT_SHORT_LOW] <= accept && three;
      data_o[THROTTLE_OUTPUT_VETO_LOW+:RINGS] <= veto;
      data_o[THROTTLE_OUTPUT_CELLS_LOW+:CELLS_W] <= cells;
      data_o[THROTTLE_OUTPUT_TAG_LOW+:TAG_W] <= accept ? accepts_q : '0;
    end
  end
endmodule
