// Part of neuro_mlp: activation of LANES nodes on each clock, two clocks: table, then sign.
module neuro_mlp_tanh
  import l1_pkg::*;
#(
    // Nodes on a clock; each has a table of its own.
    parameter LANES = 1
) (
    input  logic                                   clk_i,
    input  logic [LANES*(NEURO_ADDRESS_W+1)-1:0] items_i,
    output logic [         LANES*NEURO_NODE_W-1:0] values_o
);
  localparam AW = NEURO_ADDRESS_W;
  localparam NW = NEURO_NODE_W;

  for (genvar l = 0; l < LANES; l++) begin : g_lane
    wire [NW-2:0] entry;
    logic negative_q;
    neuro_mlp_tanh_rom u_rom (
        .clk_i,
        .address_i(items_i[l*(AW+1)+:AW]),
        .word_o   (entry)
    );
    always_ff @(posedge clk_i) begin
      negative_q <= items_i[l*(AW+1)+AW];
      values_o[l*NW+:NW] <= negative_q ? -{1'b0, entry} : {1'b0, entry};
    end
  end
endmodule
