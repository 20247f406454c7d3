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
  localparam INDEX_W = $clog2(N);
  localparam [11:0] DELAY_ADDR = GDL_INPUTS_REG_DELAY_ADDR;
  localparam [11:0] WIDTH_ADDR = GDL_INPUTS_REG_WIDTH_ADDR;
  localparam [DELAY_W-1:0] DELAY_DEFAULT = GDL_INPUTS_REG_DELAY_DEFAULT;
  localparam [WIDTH_W-1:0] WIDTH_DEFAULT = GDL_INPUTS_REG_WIDTH_DEFAULT;

  // Both banks of registers start at a multiple of a power of two above N.
  logic [INDEX_W-1:0] index;
  logic set_delay;
  logic set_width;
  assign index = cfg_addr_i[INDEX_W-1:0];
  assign set_delay = cfg_valid_i && cfg_addr_i[11:INDEX_W] == DELAY_ADDR[11:INDEX_W] && index < N;
  assign set_width = cfg_valid_i && cfg_addr_i[11:INDEX_W] == WIDTH_ADDR[11:INDEX_W] && index < N;

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

  // Width: a counter for each input holds the ticks that are left; a new edge sets it again.
  for (genvar k = 0; k < WIDTH_W; k++) begin : g_width
    logic [N-1:0] bit_q;
    logic [N-1:0] left_q;
    logic [N-1:0] borrow;   // every lower bit is 0
    logic [N-1:0] above;    // this bit or a lower one is 1
    if (k == 0) begin : g_first
      assign borrow = {N{1'b1}};
    end else begin : g_next
      assign borrow = ~g_width[k-1].above;
    end
    assign above = left_q | ~borrow;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) bit_q <= {N{WIDTH_DEFAULT[k]}};
      else if (set_width) bit_q[index] <= cfg_data_i[k];
    end
    // Ticks left after this one: width - 1 on an edge, one less while any are left.
    logic [N-1:0] borrow_width;
    logic [N-1:0] above_width;
    if (k == 0) begin : g_first_width
      assign borrow_width = {N{1'b1}};
    end else begin : g_next_width
      assign borrow_width = ~g_width[k-1].above_width;
    end
    assign above_width = bit_q | ~borrow_width;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) left_q <= '0;
      else if (valid_q)
        left_q <= (start_q & (bit_q ^ borrow_width)) |
            (~start_q & g_width[WIDTH_W-1].above & (left_q ^ borrow));
    end
  end

  always_ff @(posedge clk_i) if (valid_q) data_o <= start_q | g_width[WIDTH_W-1].above;
endmodule
