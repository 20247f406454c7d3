// Track segments of one superlayer that one tracker sees: see docs/reference/cdc_segment.md. Wires
// are collected over four beats and live on for sixteen data clocks; the segments are found at once as
// bit vectors, then taken out three a clock by three lanes that look at their wires.
module cdc_segment
  import l1_pkg::*;
(
    input  logic                              clk_i,
    input  logic                              rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                              cfg_valid_i,
    input  logic [                      11:0] cfg_addr_i,
    input  logic [                      31:0] cfg_data_i,
    input  logic                              valid_i,
    input  logic [CDC_SEGMENT_BEAT_WIDTH-1:0] data_i,
    output logic                              valid_o,
    output logic [    SEGMENT_LIST_WIDTH-1:0] data_o
);
  localparam LANES = 3;
  localparam SLOTS = SEGMENT_LIST_VALID_N;
  localparam TURNS = (SLOTS + LANES - 1) / LANES;
  localparam ROWS = CDC_SEGMENT_ROWS;
  localparam COLUMNS = CDC_SEGMENT_COLUMNS;
  localparam GROUP = CDC_SEGMENT_GROUP;
  localparam KW = CDC_SEGMENT_KEY_W;
  localparam IN_TW = CDC_WIRES_TIME_W;
  localparam CW = CDC_WIRES_CLOCK_W;
  localparam SCW = CDC_SEGMENT_CLOCK_W;
  localparam IDW = SEGMENT_LIST_ID_W;
  localparam TW = SEGMENT_LIST_TIME_W;
  localparam LW = SEGMENT_LIST_LR_W;
  localparam PW = SEGMENT_LIST_POSITION_W;
  localparam PATTERN_W = SEGMENT_LIST_PATTERN_W;
  localparam DW = SEGMENT_LIST_DROPPED_W;
  localparam LATENCY = CDC_SEGMENT_LATENCY;
  localparam [1:0] LAST_BEAT = 2'(CDC_SEGMENT_BEATS - 1);

  logic [CDC_SEGMENT_REG_SUPERLAYER_W-1:0] superlayer;
  logic [CDC_SEGMENT_REG_MIN_LAYERS_W-1:0] min_layers;
  logic [CDC_SEGMENT_REG_SHAPE_W-1:0] shape;
  cdc_segment_registers u_registers (.*);
  logic [CDC_SEGMENT_IDS-1:0] near;
  cdc_segment_view u_view (
      .clk_i,
      .address_i(superlayer),
      .word_o   (near)
  );

  // ---------------------------------------------------------------------------- control
  // token_q[i] is high on the i-th clock after the one that takes the last beat.
  logic [1:0] beat_q;
  logic [LATENCY-1:0] token_q;
  wire last = beat_q == LAST_BEAT;
  assign valid_o = token_q[LATENCY-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_q  <= '0;
      token_q <= '0;
    end else begin
      token_q <= {token_q[LATENCY-2:0], valid_i && last};
      if (valid_i) beat_q <= last ? '0 : beat_q + 2'd1;
    end
  end

  // Data clock of the frame in flight where each step needs it: one follows after four clocks.
  logic [CW-1:0] clock_q, clock1_q, clock2_q, clock3_q;
  logic [SCW-1:0] before_q;
  always_ff @(posedge clk_i) begin
    if (valid_i) clock_q <= data_i[CDC_SEGMENT_BEAT_CLOCK_LOW+:CW];
    if (token_q[0]) before_q <= clock_q[SCW-1:0];
    if (token_q[0]) clock1_q <= clock_q;
    if (token_q[4]) clock2_q <= clock1_q;
    if (token_q[7]) clock3_q <= clock2_q;
  end

  // ---------------------------------------------------------------------------- wires
  logic [LANES*IDW-1:0] id;
  wire [ROWS*COLUMNS-1:0] live;
  for (genvar r = 0; r < ROWS; r++) begin : g_row
    // Columns that either shape of pattern needs.
    localparam BELOW = r < 3 ? 1 : 2;
    localparam SPAN = r == 0 ? 3 : r + 1;
    wire [GROUP-1:0] hits;
    wire [IN_TW*GROUP-1:0] times;
    for (genvar c = 0; c < GROUP; c++) begin : g_column
      assign hits[c] = data_i[CDC_SEGMENT_BEAT_HIT_LOW+c*ROWS+r];
      for (genvar b = 0; b < IN_TW; b++) begin : g_bit
        assign times[b*GROUP+c] = data_i[CDC_SEGMENT_BEAT_TIME_LOW+(c*ROWS+r)*IN_TW+b];
      end
    end
    wire [LANES*SPAN*KW-1:0] keys;
    cdc_segment_row #(
        .BELOW(BELOW),
        .SPAN (SPAN),
        .LANES(LANES)
    ) u_row (
        .clk_i,
        .rst_ni,
        .valid_i,
        .hit_i    (hits),
        .time_i   (times),
        .update_i (token_q[0]),
        .elapsed_i(clock_q[SCW-1:0] - before_q),
        .live_o   (live[r*COLUMNS+:COLUMNS]),
        .hold_i   (token_q[4]),
        .id_i     (id),
        .key_o    (keys)
    );
  end

  // ---------------------------------------------------------------------------- segments
  logic [CDC_SEGMENT_IDS-1:0] candidates;
  cdc_segment_fires u_fires (
      .clk_i,
      .valid_i     (token_q[1]),
      .fan_i       (superlayer == '0),
      .wide_i      (shape[0]),
      .near_i      (near),
      .least_i     (min_layers),
      .live_i      (live),
      .candidates_o(candidates)
  );
  logic [LANES-1:0] found;
  logic [DW-1:0] count, dropped_q, dropped1_q;
  cdc_segment_pick #(
      .LANES(LANES)
  ) u_pick (
      .clk_i,
      .begin_i     (token_q[2]),
      .first_i     (token_q[3]),
      .take_i      (|token_q[3+:TURNS]),
      .candidates_i(candidates),
      .found_o     (found),
      .id_o        (id),
      .count_o     (count)
  );
  always_ff @(posedge clk_i) begin
    // Fewer ids than the field has values: no need to saturate.
    if (token_q[4]) dropped_q <= count > DW'(SLOTS) ? count - DW'(SLOTS) : '0;
    if (token_q[8]) dropped1_q <= dropped_q;
  end

  // ---------------------------------------------------------------------------- lanes
  // Clocks after the id is known: wires; priority wire; earliest wire and left-right code.
  localparam STEPS = 3;
  for (genvar n = 0; n < LANES; n++) begin : g_lane
    logic [STEPS-1:0] there_q;
    logic [STEPS*IDW-1:0] id_q;
    always_ff @(posedge clk_i) begin
      there_q <= {there_q[STEPS-2:0], found[n]};
      id_q <= {id_q[0+:(STEPS-1)*IDW], id[n*IDW+:IDW]};
    end
    logic [LW-1:0] lr;
    logic [PW-1:0] position;
    logic [PATTERN_W-1:0] pattern;
    logic [KW-2:0] main, earliest;
    cdc_segment_lane u_lane (
        .clk_i,
        .superlayer_i(superlayer),
        .row_0_i     (g_row[0].keys[n*3*KW+:3*KW]),
        .row_1_i     (g_row[1].keys[n*2*KW+:2*KW]),
        .row_2_i     (g_row[2].keys[n*3*KW+:3*KW]),
        .row_3_i     (g_row[3].keys[n*4*KW+:4*KW]),
        .row_4_i     (g_row[4].keys[n*5*KW+:5*KW]),
        .lr_o        (lr),
        .position_o  (position),
        .pattern_o   (pattern),
        .priority_o  (main),
        .earliest_o  (earliest)
    );
    // {pattern, fastest, position, lr, time, id, valid}; an age becomes a data clock again.
    wire [SCW-1:0] now = clock3_q[SCW-1:0];
    wire [TW-1:0] main_time = {now - SCW'(main[KW-2:IN_TW]), ~main[IN_TW-1:0]};
    wire [TW-1:0] earliest_time = {now - SCW'(earliest[KW-2:IN_TW]), ~earliest[IN_TW-1:0]};
    wire there = there_q[STEPS-1];
    wire [IDW-1:0] number = id_q[(STEPS-1)*IDW+:IDW];
  end

  // ---------------------------------------------------------------------------- frame out
  logic [SLOTS-1:0] out_valid;
  logic [SLOTS*IDW-1:0] out_id;
  logic [SLOTS*TW-1:0] out_time, out_fastest;
  logic [SLOTS*LW-1:0] out_lr;
  logic [SLOTS*PW-1:0] out_position;
  logic [SLOTS*PATTERN_W-1:0] out_pattern;
  for (genvar s = 0; s < SLOTS; s++) begin : g_slot
    localparam L = s % LANES;
    logic valid_q;
    logic [IDW-1:0] id_q;
    logic [TW-1:0] time_q, fastest_q;
    logic [LW-1:0] lr_q;
    logic [PW-1:0] position_q;
    logic [PATTERN_W-1:0] pattern_q;
    wire there = g_lane[L].there;
    always_ff @(posedge clk_i) begin
      if (token_q[8+s/LANES]) begin
        valid_q <= there;
        id_q <= there ? g_lane[L].number : '0;
        time_q <= there ? g_lane[L].main_time : '0;
        fastest_q <= there ? g_lane[L].earliest_time : '0;
        lr_q <= there ? g_lane[L].lr : '0;
        position_q <= there ? g_lane[L].position : '0;
        pattern_q <= there ? g_lane[L].pattern : '0;
      end
    end
    assign out_valid[s] = valid_q;
    assign out_id[s*IDW+:IDW] = id_q;
    assign out_time[s*TW+:TW] = time_q;
    assign out_fastest[s*TW+:TW] = fastest_q;
    assign out_lr[s*LW+:LW] = lr_q;
    assign out_position[s*PW+:PW] = position_q;
    assign out_pattern[s*PATTERN_W+:PATTERN_W] = pattern_q;
  end
  logic [CW-1:0] clock4_q;
  always_ff @(posedge clk_i) begin
    if (token_q[11]) clock4_q <= clock3_q;
    if (token_q[LATENCY-2])
      data_o <= {
        clock4_q,
        dropped1_q,
        out_pattern,
        out_fastest,
        out_position,
        out_lr,
        out_time,
        out_id,
        out_valid
      };
  end
endmodule
