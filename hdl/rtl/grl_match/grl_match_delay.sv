// So many clocks later.
module grl_match_delay #(
    parameter int W = 1,
    parameter int N = 1
) (
    input  logic         clk_i,
    input  logic [W-1:0] data_i,
    output logic [W-1:0] data_o
);
  logic [N*W-1:0] data_q;
  assign data_o = data_q[N*W-1-:W];
  if (N == 1) begin : g_one
    always_ff @(posedge clk_i) data_q <= data_i;
  end else begin : g_more
    always_ff @(posedge clk_i) data_q <= {data_q[(N-1)*W-1:0], data_i};
  end
endmodule
