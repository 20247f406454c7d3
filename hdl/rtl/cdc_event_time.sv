// Event time from a histogram of the segments' times: see docs/reference/cdc_event_time.md. Each beat
// brings the 90 slots of a tracker. They are counted tick by tick (ten slots of a superlayer, three
// superlayers, nine), summed over the beats, then neighbouring ticks are put together to bins.
module cdc_event_time
  import l1_pkg::*;
(
    input  logic                                 clk_i,
    input  logic                                 rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                                 cfg_valid_i,
    input  logic [                         11:0] cfg_addr_i,
    input  logic [                         31:0] cfg_data_i,
    input  logic                                 valid_i,
    input  logic [CDC_EVENT_TIME_BEAT_WIDTH-1:0] data_i,
    output logic                                 valid_o,
    output logic [         EVENT_TIME_WIDTH-1:0] data_o
);
  localparam N = CDC_EVENT_TIME_BEAT_VALID_N;
  localparam LAYERS = CDC_SUPERLAYERS;
  localparam SLOTS = N / LAYERS;
  localparam TW = EVENT_SEGMENTS_TIME_W;
  localparam KW = EVENT_SEGMENTS_CLOCK_W;
  localparam PW = TW - 1;
  localparam TICKW = $clog2(TRACK_CLOCK_TICKS);
  localparam QUARTERS = 4;
  localparam W = EVENT_WINDOW / QUARTERS;
  localparam BEATW = $clog2(CDC_EVENT_TIME_BEATS);
  localparam LATENCY = CDC_EVENT_TIME_LATENCY;

  logic [CDC_EVENT_TIME_REG_ENTRIES_W-1:0] entries;
  logic [CDC_EVENT_TIME_REG_BIN_W-1:0] bin;
  cdc_event_time_registers u_registers (.*);

  // ---------------------------------------------------------------------------- control
  // on_q[i]: a beat is in stage i + 1; token_q[i]: the last beat of a frame is.
  localparam COUNTING = 4;
  logic [BEATW-1:0] beat_q;
  logic [COUNTING-1:0] on_q, begin_q;
  logic [LATENCY-1:0] token_q;
  wire last = beat_q == BEATW'(CDC_EVENT_TIME_BEATS - 1);
  assign valid_o = token_q[LATENCY-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_q  <= '0;
      on_q    <= '0;
      token_q <= '0;
    end else begin
      if (valid_i) beat_q <= last ? '0 : beat_q + 1'b1;
      on_q <= {on_q[COUNTING-2:0], valid_i};
      token_q <= {token_q[LATENCY-2:0], valid_i && last};
    end
    begin_q <= {begin_q[COUNTING-2:0], beat_q == '0};
  end

  // ---------------------------------------------------------------------------- stage 1
  // Positions in the window, whose first data clock is 15 before this one.
  wire [KW-1:0] clock = data_i[CDC_EVENT_TIME_BEAT_CLOCK_LOW+:KW];
  wire [TW-TICKW-1:0] oldest = clock[TW-TICKW-1:0] - (TW - TICKW)'(EVENT_WINDOW_CLOCKS - 1);
  logic [N-1:0] slot_q;
  logic [N*PW-1:0] position_q;
  always_ff @(posedge clk_i) begin : take
    logic [TW-1:0] time_in, position;
    if (valid_i) begin
      for (int s = 0; s < N; s++) begin
        time_in = data_i[CDC_EVENT_TIME_BEAT_TIME_LOW+s*TW+:TW];
        position = time_in - {oldest, TICKW'(0)};
        slot_q[s] <= data_i[CDC_EVENT_TIME_BEAT_VALID_LOW+s] && !position[TW-1];
        position_q[s*PW+:PW] <= position[PW-1:0];
      end
    end
  end

  // ---------------------------------------------------------------------------- stages 2 to 9
  // quarter by quarter of the window: no bin crosses their borders.
  logic [EVENT_WINDOW-1:0] enough, some;
  for (genvar q = 0; q < QUARTERS; q++) begin : g_quarter
    // 2: superlayers.
    for (genvar l = 0; l < LAYERS; l++) begin : g_layer
      wire [3*W-1:0] count;
      cdc_event_time_count #(
          .PW(PW)
      ) u_count (
          .clk_i,
          .valid_i   (on_q[0]),
          .quarter_i (2'(q)),
          .slot_i    (slot_q[l*SLOTS+:SLOTS]),
          .position_i(position_q[l*SLOTS*PW+:SLOTS*PW]),
          .count_o   (count)
      );
    end
    // 3: three superlayers; 4: all nine.
    for (genvar t = 0; t < LAYERS / 3; t++) begin : g_three
      wire [3*W-1:0] sum;
      cdc_event_time_sum #(
          .W(W)
      ) u_sum (
          .clk_i,
          .valid_i(on_q[1]),
          .a_i    (g_layer[3*t].count),
          .b_i    (g_layer[3*t+1].count),
          .c_i    (g_layer[3*t+2].count),
          .sum_o  (sum)
      );
    end
    wire [3*W-1:0] tracker;
    cdc_event_time_sum #(
        .W(W)
    ) u_tracker (
        .clk_i,
        .valid_i(on_q[2]),
        .a_i    (g_three[0].sum),
        .b_i    (g_three[1].sum),
        .c_i    (g_three[2].sum),
        .sum_o  (tracker)
    );
    // 5: the four beats.
    logic [3*W-1:0] frame_q;
    wire [3*W-1:0] frame;
    cdc_event_time_add #(
        .W(W)
    ) u_frame (
        .a_i  (frame_q),
        .b_i  (tracker),
        .sum_o(frame)
    );
    always_ff @(posedge clk_i) if (on_q[3]) frame_q <= begin_q[3] ? tracker : frame;
    // 6 to 8: bins of 2, 4 and 8 ticks; the count of a bin stands at its first tick.
    logic [W-1:0] some6_q, some7_q, some8_q, some9_q;
    for (genvar b = 0; b < 3; b++) begin : g_bin
      logic [3*W-1:0] count_q;
      wire [3*W-1:0] from, upper, both;
      if (b == 0) begin : g_tick
        assign from = frame_q;
      end else begin : g_wider
        assign from = g_bin[b-1].count_q;
      end
      assign upper = {from[2*W+:W] >> 2 ** b, from[W+:W] >> 2 ** b, from[0+:W] >> 2 ** b};
      cdc_event_time_add #(
          .W(W)
      ) u_both (
          .a_i  (from),
          .b_i  (upper),
          .sum_o(both)
      );
      always_ff @(posedge clk_i) if (token_q[4+b]) count_q <= 32'(bin) > b ? both : from;
    end
    // 9: comparison, bit by bit from the highest.
    wire [3*W-1:0] count = g_bin[2].count_q;
    logic [W-1:0] at_least, start_of_bin;
    always_comb begin
      at_least = '1;
      for (int i = 0; i < 3; i++) begin
        at_least = entries[i] ? count[i*W+:W] & at_least : count[i*W+:W] | at_least;
      end
      if (entries == '0) at_least = count[0+:W] | count[W+:W] | count[2*W+:W];
      for (int i = 0; i < W; i++) start_of_bin[i] = (i & ((1 << bin) - 1)) == 0;
    end
    logic [W-1:0] enough9_q;
    always_ff @(posedge clk_i) begin
      if (token_q[4]) some6_q <= frame_q[0+:W] | frame_q[W+:W] | frame_q[2*W+:W];
      if (token_q[5]) some7_q <= some6_q;
      if (token_q[6]) some8_q <= some7_q;
      if (token_q[7]) begin
        some9_q   <= some8_q;
        enough9_q <= at_least & start_of_bin;
      end
    end
    assign enough[q*W+:W] = enough9_q;
    assign some[q*W+:W] = some9_q;
  end

  // ---------------------------------------------------------------------------- stages 10, 11
  wire bin_found, time_found;
  wire [PW-1:0] first_bin, first_time;
  cdc_event_time_first u_bin (
      .clk_i,
      .vector_i(token_q[8]),
      .parts_i (token_q[9]),
      .bits_i  (enough),
      .some_o  (bin_found),
      .place_o (first_bin)
  );
  cdc_event_time_first u_time (
      .clk_i,
      .vector_i(token_q[8]),
      .parts_i (token_q[9]),
      .bits_i  (some),
      .some_o  (time_found),
      .place_o (first_time)
  );

  // ---------------------------------------------------------------------------- stage 12
  // A frame's clock is copied before the next frame's last beat can overwrite it.
  logic [KW-1:0] clock_q, clock4_q, clock8_q;
  wire [TW-TICKW-1:0] oldest8 = clock8_q[TW-TICKW-1:0] - (TW - TICKW)'(EVENT_WINDOW_CLOCKS - 1);
  wire [TW-1:0] start = {oldest8, TICKW'(0)};
  always_ff @(posedge clk_i) begin
    if (valid_i && last) clock_q <= clock;
    if (token_q[3]) clock4_q <= clock_q;
    if (token_q[7]) clock8_q <= clock4_q;
    if (token_q[LATENCY-2])
      data_o <= {
        clock8_q,
        time_found ? start + TW'(first_time) : TW'(0),
        time_found,
        bin_found ? start + TW'(first_bin) : TW'(0),
        bin_found
      };
  end
endmodule
