// Event frames, one 32-bit word a tick: see docs/reference/event_framer.md and event_format.md.
//
// Stage 1 makes the word and keeps the place in the frame; stage 2 runs the checksum, whose word it
// puts in. A word that is in stage 2 finds all earlier ones in the running value.
module event_framer
  import l1_pkg::*;
(
    input  logic                           clk_i,
    input  logic                           rst_ni,
    input  logic                           valid_i,
    input  logic [ FRAMER_INPUT_WIDTH-1:0] data_i,
    output logic                           valid_o,
    output logic [FRAMER_OUTPUT_WIDTH-1:0] data_o
);
  localparam W = FRAMER_OUTPUT_DATA_W;
  localparam SUBS = FRAMER_INPUT_PRESENT_W;
  localparam SUB_W = $clog2(SUBS);
  localparam SIZE_W = FRAMER_INPUT_SIZES_W;
  localparam TYPE_W = FRAMER_INPUT_TRIGGER_TYPE_W;
  localparam FLAGS_W = FRAMER_INPUT_FLAGS_W;
  localparam TIME_BITS = FRAMER_INPUT_TIME_W * FRAMER_INPUT_TIME_N;
  localparam LINE_BITS = FRAMER_INPUT_LINES_W * FRAMER_INPUT_LINES_N;
  localparam REST = FRAME_HEADER_WORDS - 1;  // header words after the magic

  localparam [2:0] IDLE = 0;
  localparam [2:0] HEADER = 1;
  localparam [2:0] FRAGMENT = 2;
  localparam [2:0] PAYLOAD = 3;
  localparam [2:0] CHECKSUM = 4;
  localparam [2:0] FINISH = 5;

  logic start;
  logic [SUBS-1:0] present;
  logic [SUBS*SIZE_W-1:0] sizes;
  logic [W-1:0] payload;
  assign start = data_i[FRAMER_INPUT_START_LOW];
  assign present = data_i[FRAMER_INPUT_PRESENT_LOW+:SUBS];
  assign sizes = data_i[FRAMER_INPUT_SIZES_LOW+:SUBS*SIZE_W];
  assign payload = data_i[FRAMER_INPUT_PAYLOAD_LOW+:W];

  // Length of the frame: a tree of adders, node k is the sum of nodes 2k and 2k + 1.
  logic [W-1:0] frame_length;
  for (genvar k = 1; k < 2 * SUBS; k++) begin : g_sum
    logic [SIZE_W+SUB_W:0] words;
    if (k >= SUBS) begin : g_leaf
      assign words = present[k-SUBS] ?
          {{SUB_W + 1{1'b0}}, sizes[(k-SUBS)*SIZE_W+:SIZE_W]} + 1'b1 : '0;
    end else begin : g_node
      assign words = g_sum[2*k].words + g_sum[2*k+1].words;
    end
  end
  assign frame_length = W'(g_sum[1].words) + W'(FRAME_HEADER_WORDS + FRAME_TRAILER_WORDS);

  logic [SUB_W:0] number;
  always_comb begin
    number = '0;
    for (int s = 0; s < SUBS; s++) number = number + (SUB_W + 1)'(present[s]);
  end

  logic [2:0] state_q;
  logic [REST*W-1:0] header_q;  // words still to come, the next one lowest
  logic [SUBS*SIZE_W-1:0] sizes_q;
  logic [SUBS-1:0] waiting_q;  // sub-detectors whose fragment is still to come
  logic [SIZE_W-1:0] count_q;  // words left of the header or of a payload
  logic ignored_q;

  logic [SUB_W-1:0] sub;  // the lowest one waiting
  logic [SIZE_W-1:0] size;
  always_comb begin
    sub = '0;
    for (int s = SUBS - 1; s >= 0; s--) if (waiting_q[s]) sub = SUB_W'(s);
  end
  assign size = sizes_q[sub*SIZE_W+:SIZE_W];

  logic begins;
  logic [2:0] state_d;
  logic [SUBS-1:0] waiting_d;
  logic [SIZE_W-1:0] count_d;
  logic [W-1:0] word;
  assign begins = start && state_q == IDLE;
  always_comb begin
    state_d = state_q;
    waiting_d = waiting_q;
    count_d = count_q - 1'b1;
    word = '0;
    case (state_q)
      IDLE: begin
        if (start) begin
          word = FRAME_MAGIC;
          waiting_d = present;
          count_d = SIZE_W'(REST);
          state_d = HEADER;
        end
      end
      HEADER: begin
        word = header_q[W-1:0];
        if (count_q == SIZE_W'(1)) state_d = waiting_q == '0 ? CHECKSUM : FRAGMENT;
      end
      FRAGMENT: begin
        word = {size, FRAGMENT_MARK, 8'(sub) + 8'd1};
        waiting_d = waiting_q & (waiting_q - 1'b1);
        count_d = size;
        if (size != '0) state_d = PAYLOAD;
        else if (waiting_d == '0) state_d = CHECKSUM;
      end
      PAYLOAD: begin
        word = payload;
        if (count_q == SIZE_W'(1)) state_d = waiting_q == '0 ? CHECKSUM : FRAGMENT;
      end
      CHECKSUM: state_d = FINISH;
      FINISH: begin
        word = FRAME_END;
        state_d = IDLE;
      end
      default: state_d = IDLE;
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= IDLE;
      ignored_q <= 1'b0;
    end else if (valid_i) begin
      state_q <= state_d;
      ignored_q <= ignored_q || (start && state_q != IDLE);
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      waiting_q <= waiting_d;
      count_q <= count_d;
      if (begins) begin
        sizes_q <= sizes;
        header_q <= {
          data_i[FRAMER_INPUT_LINES_LOW+:LINE_BITS],
          {W - TYPE_W - FLAGS_W - SUB_W - 1{1'b0}},
          number,
          data_i[FRAMER_INPUT_FLAGS_LOW+:FLAGS_W],
          data_i[FRAMER_INPUT_TRIGGER_TYPE_LOW+:TYPE_W],
          data_i[FRAMER_INPUT_TIME_LOW+:TIME_BITS],
          data_i[FRAMER_INPUT_TAG_LOW+:W],
          frame_length
        };
      end else if (state_q == HEADER) begin
        header_q <= header_q >> W;
      end
    end
  end

  logic sends_q;
  logic first_q;
  logic last_q;
  logic checksum_q;
  logic take_q;
  logic busy_q;
  logic [W-1:0] word_q;
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      sends_q <= begins || state_q != IDLE;
      first_q <= begins;
      last_q <= state_q == FINISH;
      checksum_q <= state_q == CHECKSUM;
      take_q <= state_q == PAYLOAD;
      busy_q <= state_d != IDLE;
      word_q <= word;
    end
  end

  // Stage 2. The checksum is linear over GF(2): each bit is a parity.
  logic valid_q;
  logic [W-1:0] sum_q;
  logic [W-1:0] mixed;
  logic [W-1:0] sum_d;
  assign mixed = (first_q ? {W{1'b1}} : sum_q) ^ word_q;
  for (genvar i = 0; i < W; i++) begin : g_checksum
    assign sum_d[i] = ^(CRC32_MATRIX[i*W+:W] & mixed);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      valid_o <= 1'b0;
    end else begin
      valid_q <= valid_i;
      valid_o <= valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_q) begin
      sum_q <= sum_d;
      data_o[FRAMER_OUTPUT_VALID_LOW] <= sends_q;
      data_o[FRAMER_OUTPUT_FIRST_LOW] <= first_q;
      data_o[FRAMER_OUTPUT_LAST_LOW] <= last_q;
      data_o[FRAMER_OUTPUT_DATA_LOW+:W] <= checksum_q ? ~sum_q : word_q;
      data_o[FRAMER_OUTPUT_TAKE_LOW] <= take_q;
      data_o[FRAMER_OUTPUT_BUSY_LOW] <= busy_q;
      data_o[FRAMER_OUTPUT_IGNORED_LOW] <= ignored_q;
    end
  end
endmodule
