// Part of ecl_cluster: energy, energy-weighted time and number of fired cells of one 3x3 a clock.
// Seven clocks: products, sums, then a long division with two quotient bits a clock.
module ecl_cluster_mean
  import l1_pkg::*;
(
    input  logic                                clk_i,
    input  logic                                rst_ni,
    input  logic                                valid_i,
    input  logic [                         2:0] slot_i,
    input  logic [       ECL_CLUSTERS_TC_W-1:0] id_i,
    input  logic [    9*ECL_FRAME_ENERGY_W-1:0] energy_i,
    input  logic [      9*ECL_FRAME_TIME_W-1:0] time_i,
    output logic                                valid_o,
    output logic [                         2:0] slot_o,
    output logic [       ECL_CLUSTERS_TC_W-1:0] id_o,
    output logic [   ECL_CLUSTERS_ENERGY_W-1:0] energy_o,
    output logic [     ECL_CLUSTERS_TIME_W-1:0] time_o,
    output logic [     ECL_CLUSTERS_N_TC_W-1:0] count_o
);
  localparam WIN = 9;
  localparam EW = ECL_FRAME_ENERGY_W;
  localparam TW = ECL_FRAME_TIME_W;
  localparam CEW = ECL_CLUSTERS_ENERGY_W;
  localparam IDW = ECL_CLUSTERS_TC_W;
  // Products, energy sums, sums of products.
  localparam PW = EW + TW;
  localparam SW = EW + 4;
  localparam WW = SW + TW;
  localparam STAGES = 4;
  localparam TAGW = 3 + IDW + ECL_CLUSTERS_N_TC_W;

  logic products_q;
  logic [TAGW-1:0] products_tag_q;
  logic [WIN*PW-1:0] product_q;
  logic [SW-1:0] sum_q;
  for (genvar s = 0; s < WIN; s++) begin : g_product
    always_ff @(posedge clk_i)
      if (valid_i) product_q[s*PW+:PW] <= PW'(energy_i[s*EW+:EW]) * PW'(time_i[s*TW+:TW]);
  end
  always_ff @(posedge clk_i) begin
    products_q <= rst_ni && valid_i;
    if (valid_i) begin : sums
      logic [SW-1:0] total;
      logic [ECL_CLUSTERS_N_TC_W-1:0] count;
      total = '0;
      count = '0;
      for (int s = 0; s < WIN; s++) begin
        total = total + SW'(energy_i[s*EW+:EW]);
        count = count + ECL_CLUSTERS_N_TC_W'(|energy_i[s*EW+:EW]);
      end
      sum_q <= total;
      products_tag_q <= {slot_i, id_i, count};
    end
  end

  // State: {remainder, dividend bits still to come, quotient bits}. Half the energy is added to the
  // dividend, so that the quotient rounds to nearest. It fits: no time exceeds the largest count.
  function automatic [WW-1:0] divide_bit(input [WW-1:0] state, input [SW-1:0] divisor);
    logic [SW:0] remainder;
    remainder  = state[WW-1-:SW+1];
    divide_bit = remainder >= {1'b0, divisor} ?
        {SW'(remainder - {1'b0, divisor}), state[TW-2:0], 1'b1} :
        {remainder[SW-1:0], state[TW-2:0], 1'b0};
  endfunction
  for (genvar d = 0; d <= STAGES; d++) begin : g_divide
    logic valid_q;
    /* verilator lint_off UNUSEDSIGNAL */  // of the last stage, the remainder is dropped
    logic [WW-1:0] state_q;
    /* verilator lint_on UNUSEDSIGNAL */
    logic [SW-1:0] divisor_q;
    logic [TAGW-1:0] tag_q;
    if (d == 0) begin : g_first
      always_ff @(posedge clk_i) begin
        valid_q <= rst_ni && products_q;
        if (products_q) begin : dividend
          logic [WW-1:0] total;
          total = WW'(sum_q >> 1);
          for (int s = 0; s < WIN; s++) total = total + WW'(product_q[s*PW+:PW]);
          state_q   <= total;
          divisor_q <= sum_q;
          tag_q     <= products_tag_q;
        end
      end
    end else begin : g_next
      always_ff @(posedge clk_i) begin
        valid_q <= rst_ni && g_divide[d-1].valid_q;
        if (g_divide[d-1].valid_q) begin
          state_q <= divide_bit(
              divide_bit(g_divide[d-1].state_q, g_divide[d-1].divisor_q), g_divide[d-1].divisor_q);
          divisor_q <= g_divide[d-1].divisor_q;
          tag_q <= g_divide[d-1].tag_q;
        end
      end
    end
  end

  wire [SW-1:0] energy = g_divide[STAGES].divisor_q;
  assign valid_o = g_divide[STAGES].valid_q;
  assign {slot_o, id_o, count_o} = g_divide[STAGES].tag_q;
  assign energy_o = |energy[SW-1:CEW] ? '1 : energy[CEW-1:0];
  assign time_o = g_divide[STAGES].state_q[TW-1:0];
endmodule
