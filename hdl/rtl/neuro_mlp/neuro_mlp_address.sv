// Part of neuro_mlp: sums of a layer to addresses of the activation table, {sign, |sum| >> 12}.
// Combinational. All ones, where the table holds 1, stands for every address beyond the table.
module neuro_mlp_address
  import l1_pkg::*;
#(
    // Nodes of the layer.
    parameter NODES = 1
) (
    input  logic [          NODES*NEURO_SUM_W-1:0] sums_i,
    output logic [NODES*(NEURO_ADDRESS_W+1)-1:0] items_o
);
  localparam SW = NEURO_SUM_W;
  localparam AW = NEURO_ADDRESS_W;
  localparam TOP = NEURO_ADDRESS_SHIFT + AW;

  for (genvar n = 0; n < NODES; n++) begin : g_node
    wire [SW-1:0] sum = sums_i[n*SW+:SW];
    /* verilator lint_off UNUSEDSIGNAL */  // the address drops the low bits
    wire [SW-1:0] magnitude = sum[SW-1] ? -sum : sum;
    /* verilator lint_on UNUSEDSIGNAL */
    assign items_o[n*(AW+1)+:AW+1] = {
      sum[SW-1], |magnitude[SW-1:TOP] ? {AW{1'b1}} : magnitude[NEURO_ADDRESS_SHIFT+:AW]
    };
  end
endmodule
