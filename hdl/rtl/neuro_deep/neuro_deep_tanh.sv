// Part of neuro_deep: activation of LANES nodes on each clock, two clocks: table, then sign.
// Beyond the table stands the largest value; with address 1 there, 1: that is the bias.
module neuro_deep_tanh
  import l1_pkg::*;
#(
    // Nodes on a clock; each has a table of its own.
    parameter LANES = 1
) (
    input  logic                                      clk_i,
    input  logic [LANES*(NEURO_DEEP_ADDRESS_W+2)-1:0] items_i,
    output logic [            LANES*NEURO_NODE_W-1:0] values_o
);
  localparam AW = NEURO_DEEP_ADDRESS_W;
  localparam NW = NEURO_NODE_W;

  for (genvar l = 0; l < LANES; l++) begin : g_lane
    wire [NEURO_DEEP_FRACTION-1:0] entry;
    // {sign, beyond, lowest bit of the address}
    logic [2:0] kind_q;
    neuro_deep_tanh_rom u_rom (
        .clk_i,
        .address_i(items_i[l*(AW+2)+:AW]),
        .word_o   (entry)
    );
    wire [NW-1:0] magnitude =
        kind_q[1] ? NW'(NEURO_DEEP_TOP) + NW'(kind_q[0]) : NW'(entry);
    always_ff @(posedge clk_i) begin
      kind_q <= {items_i[l*(AW+2)+AW+:2], items_i[l*(AW+2)]};
      values_o[l*NW+:NW] <= kind_q[2] ? -magnitude : magnitude;
    end
  end
endmodule
