// Part of neuro_deep: sums of nodes to addresses of the activation table, {sign, beyond, address}.
// Combinational. The shift comes before the absolute value, so the negative side rounds away from 0.
module neuro_deep_address
  import l1_pkg::*;
#(
    // Nodes on a clock.
    parameter LANES = 1,
    // Fractional bits of the layer's weights.
    parameter SHIFT = 1
) (
    // {bias, sum} every NEURO_DEEP_SUM_PITCH bits; the bias has no sum.
    /* verilator lint_off UNUSEDSIGNAL */  // bits between sums
    input  logic [     LANES*NEURO_DEEP_SUM_PITCH-1:0] sums_i,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic [LANES*(NEURO_DEEP_ADDRESS_W+2)-1:0] items_o
);
  localparam SW = NEURO_DEEP_SUM_W;
  localparam AW = NEURO_DEEP_ADDRESS_W;
  localparam LOW = NEURO_DEEP_ADDRESS_SHIFT;
  // Magnitudes that the table covers.
  localparam MW = NEURO_DEEP_FRACTION + NEURO_DEEP_INTEGER_W;

  for (genvar l = 0; l < LANES; l++) begin : g_lane
    /* verilator lint_off UNUSEDSIGNAL */  // the shift and the address drop low bits
    wire [SW-1:0] sum = sums_i[l*NEURO_DEEP_SUM_PITCH+:SW];
    wire [MW:0] window = sum[SHIFT+:MW+1];
    wire [MW:0] magnitude = window[MW] ? -window : window;
    /* verilator lint_on UNUSEDSIGNAL */
    wire bias = sums_i[l*NEURO_DEEP_SUM_PITCH+SW];
    wire fits = &sum[SW-1:SHIFT+MW] || ~|sum[SW-1:SHIFT+MW];
    // -4 fits, its magnitude does not.
    wire beyond = !fits || magnitude[MW];
    // Beyond the table the address is 0; 1 there is the code of the bias.
    assign items_o[l*(AW+2)+:AW+2] = {
      sum[SW-1], beyond || bias, beyond || bias ? AW'(bias) : magnitude[LOW+:AW]
    };
  end
endmodule
