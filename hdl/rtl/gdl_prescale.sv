// Prescale of every output line and the Level-1 accept: see docs/reference/gdl_prescale.md.
module gdl_prescale
  import l1_pkg::*;
(
    input  logic                  clk_i,
    input  logic                  rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                  cfg_valid_i,
    input  logic [          11:0] cfg_addr_i,
    input  logic [          31:0] cfg_data_i,
    input  logic                  valid_i,
    input  logic [FTDL_WIDTH-1:0] data_i,
    output logic                  valid_o,
    output logic [PSNM_WIDTH-1:0] data_o
);
  localparam LINES = FTDL_BITS_N;
  localparam INTERVAL_W = GDL_PRESCALE_REG_INTERVAL_W;
  localparam MODE_W = GDL_PRESCALE_REG_MODE_W;
  localparam STATE_W = GDL_PRESCALE_REG_PHASE_W;
  localparam [MODE_W-1:0] COUNTER = 0;
  localparam [MODE_W-1:0] FRACTIONAL = 1;
  localparam [MODE_W-1:0] RANDOM = 2;

  // One step of the linear feedback shift register with shifts 13, 17, 5, on the complement: the
  // all-zero state after reset is an ordinary one.
  function automatic [STATE_W-1:0] shuffled(input [STATE_W-1:0] state);
    logic [STATE_W-1:0] x;
    x = ~state;
    x = x ^ (x << 13);
    x = x ^ (x >> 17);
    x = x ^ (x << 5);
    return ~x;
  endfunction

  // What one fire does to a line: {passes, next state}.
  function automatic [STATE_W:0] fired(
      input [MODE_W-1:0] mode, input [INTERVAL_W-1:0] interval, input [STATE_W-1:0] fraction,
      input [STATE_W-1:0] state);
    logic [STATE_W:0] sum;
    logic [STATE_W-1:0] next;
    fired = {1'b0, state};
    if (interval != '0) begin
      if (mode == COUNTER) begin
        sum = {1'b0, state} + 1'b1;
        fired = sum >= {{STATE_W + 1 - INTERVAL_W{1'b0}}, interval} ? {1'b1, {STATE_W{1'b0}}} : sum;
      end else if (mode == FRACTIONAL) begin
        fired = {1'b0, state} + {1'b0, fraction};
      end else if (mode == RANDOM) begin
        next = shuffled(state);
        fired = {next < fraction, next};
      end
    end
  endfunction

  logic [LINES-1:0] pass_q;

  for (genvar i = 0; i < LINES; i++) begin : g_line
    logic [INTERVAL_W-1:0] interval_q;
    logic [MODE_W-1:0] mode_q;
    logic [STATE_W-1:0] fraction_q;
    // {passes, state}: one register, so that a simulator evaluates the step once.
    logic [STATE_W:0] line_q;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        interval_q <= INTERVAL_W'(GDL_PRESCALE_REG_INTERVAL_DEFAULT);
        mode_q <= MODE_W'(GDL_PRESCALE_REG_MODE_DEFAULT);
        fraction_q <= STATE_W'(GDL_PRESCALE_REG_FRACTION_DEFAULT);
      end else if (cfg_valid_i) begin
        if (cfg_addr_i == 12'(GDL_PRESCALE_REG_INTERVAL_ADDR + i))
          interval_q <= cfg_data_i[INTERVAL_W-1:0];
        if (cfg_addr_i == 12'(GDL_PRESCALE_REG_MODE_ADDR + i)) mode_q <= cfg_data_i[MODE_W-1:0];
        if (cfg_addr_i == 12'(GDL_PRESCALE_REG_FRACTION_ADDR + i))
          fraction_q <= cfg_data_i[STATE_W-1:0];
      end
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        line_q <= (STATE_W + 1)'(GDL_PRESCALE_REG_PHASE_DEFAULT);
      end else if (valid_i && data_i[i]) begin
        line_q <= fired(mode_q, interval_q, fraction_q, line_q[STATE_W-1:0]);
      end else begin
        line_q[STATE_W] <= 1'b0;
        if (cfg_valid_i && cfg_addr_i == 12'(GDL_PRESCALE_REG_PHASE_ADDR + i))
          line_q[STATE_W-1:0] <= cfg_data_i[STATE_W-1:0];
      end
    end
    assign pass_q[i] = line_q[STATE_W];
  end

  logic valid_q;
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
    data_o[PSNM_BITS_LOW+:LINES] <= pass_q;
    data_o[PSNM_L1_LOW] <= |pass_q;
  end
endmodule
