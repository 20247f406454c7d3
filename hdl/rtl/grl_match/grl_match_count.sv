// Number of set bits, one-hot: 1, 2, ... or at least ONES; two clocks.
module grl_match_count #(
    parameter int N    = 24,
    parameter int ONES = 4
) (
    input  logic            clk_i,
    input  logic [   N-1:0] bits_i,
    output logic [ONES-1:0] count_o
);
  // Six bits make one sum of three.
  localparam int GROUPS = (N + 5) / 6;
  localparam int PADDED = 6 * GROUPS;
  localparam W = $clog2(PADDED + 1);
  wire [PADDED-1:0] padded = PADDED'(bits_i);
  logic [3*GROUPS-1:0] part_q;
  for (genvar g = 0; g < GROUPS; g++) begin : g_group
    logic [2:0] part;
    always_comb begin
      part = '0;
      for (int i = 0; i < 6; i++) part = part + 3'(padded[6*g+i]);
    end
    always_ff @(posedge clk_i) part_q[3*g+:3] <= part;
  end
  logic [W-1:0] total, total_q;
  always_comb begin
    total = '0;
    for (int g = 0; g < GROUPS; g++) total = total + W'(part_q[3*g+:3]);
    for (int i = 0; i < ONES - 1; i++) count_o[i] = total_q == W'(i + 1);
    count_o[ONES-1] = total_q >= W'(ONES);
  end
  always_ff @(posedge clk_i) total_q <= total;
endmodule
