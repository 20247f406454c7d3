// Delay and width of every input bit: see docs/reference/gdl_inputs.md.
//
// The whole block is bit-sliced: one vector over all inputs for each bit of delay, width and
// counter. It costs the same flip-flops as 320 separate channels and simulates many times faster.
module gdl_inputs
  import l1_pkg::*;
(
    input  logic                       clk_i,
    input  logic                       rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                       cfg_valid_i,
    input  logic [               11:0] cfg_addr_i,
    input  logic [               31:0] cfg_data_i,
    input  logic                       valid_i,
    input  logic [  GDL_RAW_WIDTH-1:0] data_i,
    output logic                       valid_o,
    output logic [GDL_INPUT_WIDTH-1:0] data_o
);
  localparam N = GDL_RAW_BITS_N;
  localparam DELAY_W = GDL_INPUTS_REG_DELAY_W;
  localparam WIDTH_W = GDL_INPUTS_REG_WIDTH_W;
  localparam COUNT_W = WIDTH_W - 1;
  localparam INDEX_W = $clog2(N);
  localparam [11:0] DELAY_ADDR = GDL_INPUTS_REG_DELAY_ADDR;
  localparam [11:0] WIDTH_ADDR = GDL_INPUTS_REG_WIDTH_ADDR;
  localparam [DELAY_W-1:0] DELAY_DEFAULT = GDL_INPUTS_REG_DELAY_DEFAULT;
  localparam [COUNT_W-1:0] WIDTH_DEFAULT = GDL_INPUTS_REG_WIDTH_DEFAULT - 1;

  // Both banks of registers start at a multiple of a power of two above N.
  logic [INDEX_W-1:0] index;
  logic set_delay;
  logic set_width;
  logic [COUNT_W-1:0] width_less_one;
  assign index = cfg_addr_i[INDEX_W-1:0];
  assign set_delay = cfg_valid_i && cfg_addr_i[11:INDEX_W] == DELAY_ADDR[11:INDEX_W] && index < N;
  assign set_width = cfg_valid_i && cfg_addr_i[11:INDEX_W] == WIDTH_ADDR[11:INDEX_W] && index < N;
  assign width_less_one = COUNT_W'(cfg_data_i[WIDTH_W-1:0] - 1'b1);

  // Rising edges.
  logic [N-1:0] last_q;
  logic [N-1:0] edges;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) last_q <= '0;
    else if (valid_i) last_q <= data_i;
  end
  assign edges = data_i & ~last_q;

  // Delay: stage k delays by 2^k ticks those inputs whose delay has bit k.
  for (genvar k = 0; k < DELAY_W; k++) begin : g_delay
    localparam LENGTH = 1 << k;
    logic [N-1:0] bit_q;
    logic [N-1:0] from;
    logic [N-1:0] to;
    logic [LENGTH*N-1:0] line_q;
    if (k == 0) begin : g_first
      assign from = edges;
    end else begin : g_next
      assign from = g_delay[k-1].to;
    end
    assign to = (line_q[(LENGTH-1)*N+:N] & bit_q) | (from & ~bit_q);
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) bit_q <= {N{DELAY_DEFAULT[k]}};
      else if (set_delay) bit_q[index] <= cfg_data_i[k];
    end
    if (k == 0) begin : g_one
      always_ff @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) line_q <= '0;
        else if (valid_i) line_q <= from;
      end
    end else begin : g_many
      always_ff @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) line_q <= '0;
        else if (valid_i) line_q <= {line_q[0+:(LENGTH-1)*N], from};
      end
    end
  end

  logic valid_q;
  logic [N-1:0] start_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      valid_o <= 1'b0;
    end else begin
      valid_q <= valid_i;
      valid_o <= valid_q;
    end
  end
  always_ff @(posedge clk_i) if (valid_i) start_q <= g_delay[DELAY_W-1].to;

  // Width: a counter for each input holds the ticks that are left after this one. It is loaded
  // with width - 1, the form in which the register is kept, and counts down to 0.
  for (genvar k = 0; k < COUNT_W; k++) begin : g_width
    logic [N-1:0] bit_q;
    logic [N-1:0] left_q;
    logic [N-1:0] lower;  // a lower bit of the counter is 1
    logic [N-1:0] any;    // this bit or a lower one is 1
    if (k == 0) begin : g_first
      assign lower = '0;
    end else begin : g_next
      assign lower = g_width[k-1].any;
    end
    assign any = left_q | lower;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) bit_q <= {N{WIDTH_DEFAULT[k]}};
      else if (set_width) bit_q[index] <= width_less_one[k];
    end
    // Minus one flips this bit when no lower bit is 1; a counter at 0 stays there.
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) left_q <= '0;
      else if (valid_q)
        left_q <= (start_q & bit_q) | (~start_q & g_width[COUNT_W-1].any & ~(left_q ^ lower));
    end
  end

  always_ff @(posedge clk_i) if (valid_q) data_o <= start_q | g_width[COUNT_W-1].any;
endmodule
