// Endcap clusters, endcap sectors, short and inner tracks; one clock.
module grl_match_endcap
  import l1_pkg::*;
#(
    parameter int N = 6
) (
    input  logic                    clk_i,
    // Clusters of each endcap, and the map with the one bin of each.
    input  logic [           N-1:0] forward_i,
    input  logic [           N-1:0] backward_i,
    input  logic [  N*GRL_BINS-1:0] cluster_i,
    input  logic [    GRL_BINS-1:0] inner_i,
    // Forward lowest.
    input  logic [  2*GRL_BINS-1:0] short_i,
    input  logic [             7:0] endcap_i,
    // The cluster has a short track, an inner track.
    output logic [           N-1:0] charged_o,
    output logic [           N-1:0] inner_o,
    output logic                    ieklm_o,
    output logic                    ecleklm_o
);
  localparam B = GRL_BINS;
  localparam RING = GRL_BINS / GRL_KLM_QUADRANT;
  wire [B-1:0] inner_reach, inner_wide, forward_short, backward_short;
  grl_match_widen #(
      .BINS(B),
      .BY  (GRL_INNER_REACH)
  ) u_reach (
      .map_i(inner_i),
      .map_o(inner_reach)
  );
  grl_match_widen #(
      .BINS(B),
      .BY  (GRL_QUADRANT_OVERLAP)
  ) u_wide (
      .map_i(inner_i),
      .map_o(inner_wide)
  );
  grl_match_widen #(
      .BINS(B),
      .BY  (GRL_SHORT_REACH)
  ) u_forward (
      .map_i(short_i[0+:B]),
      .map_o(forward_short)
  );
  grl_match_widen #(
      .BINS(B),
      .BY  (GRL_SHORT_REACH)
  ) u_backward (
      .map_i(short_i[B+:B]),
      .map_o(backward_short)
  );
  logic [B-1:0] forward, backward;
  logic [RING-1:0] inner_quadrant, forward_quadrant, backward_quadrant;
  always_comb begin
    forward  = '0;
    backward = '0;
    for (int i = 0; i < N; i++) begin
      forward  = forward | (cluster_i[i*B+:B] & {B{forward_i[i]}});
      backward = backward | (cluster_i[i*B+:B] & {B{backward_i[i]}});
    end
    for (int q = 0; q < RING; q++) begin
      inner_quadrant[q]    = |inner_wide[q*GRL_KLM_QUADRANT+:GRL_KLM_QUADRANT];
      forward_quadrant[q]  = |forward[q*GRL_KLM_QUADRANT+:GRL_KLM_QUADRANT];
      backward_quadrant[q] = |backward[q*GRL_KLM_QUADRANT+:GRL_KLM_QUADRANT];
    end
  end
  always_ff @(posedge clk_i) begin
    for (int i = 0; i < N; i++) begin
      charged_o[i] <= (forward_i[i] && |(cluster_i[i*B+:B] & forward_short)) ||
          (backward_i[i] && |(cluster_i[i*B+:B] & backward_short));
      inner_o[i] <= (forward_i[i] || backward_i[i]) && |(cluster_i[i*B+:B] & inner_reach);
    end
    ieklm_o   <= |({2{inner_quadrant}} & endcap_i);
    ecleklm_o <= |({backward_quadrant, forward_quadrant} & endcap_i);
  end
endmodule
