// Part of neuro_deep: sums of a layer to addresses of the activation table, {sign, beyond, address}.
// Combinational. The shift comes before the absolute value, so the negative side rounds away from 0.
module neuro_deep_address
  import l1_pkg::*;
#(
    // Nodes of the layer.
    parameter NODES = 1,
    // Fractional bits of the layer's weights.
    parameter SHIFT = 1
) (
    input  logic [       NODES*NEURO_DEEP_SUM_W-1:0] sums_i,
    output logic [NODES*(NEURO_DEEP_ADDRESS_W+2)-1:0] items_o
);
  localparam SW = NEURO_DEEP_SUM_W;
  localparam AW = NEURO_DEEP_ADDRESS_W;
  localparam LOW = NEURO_DEEP_ADDRESS_SHIFT;
  // Magnitudes that the table covers.
  localparam MW = NEURO_DEEP_FRACTION + NEURO_DEEP_INTEGER_W;

  for (genvar n = 0; n < NODES; n++) begin : g_node
    /* verilator lint_off UNUSEDSIGNAL */  // the shift and the address drop low bits
    wire [SW-1:0] sum = sums_i[n*SW+:SW];
    wire [MW:0] window = sum[SHIFT+:MW+1];
    wire [MW:0] magnitude = window[MW] ? -window : window;
    /* verilator lint_on UNUSEDSIGNAL */
    wire fits = &sum[SW-1:SHIFT+MW] || ~|sum[SW-1:SHIFT+MW];
    // -4 fits, its magnitude does not.
    wire beyond = !fits || magnitude[MW];
    assign items_o[n*(AW+2)+:AW+2] = {
      sum[SW-1], beyond, beyond ? {AW{1'b0}} : magnitude[LOW+:AW]
    };
  end
endmodule
