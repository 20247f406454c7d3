// Barrel clusters near a track, and the nearest: the lower number of two at the same distance.
// Stages: 1 distances, 2 choice.
module grl_match_nearest
  import l1_pkg::*;
#(
    parameter int N = 6
) (
    input  logic                                clk_i,
    input  logic [GRL_MATCH_REG_ECL_BINS_W-1:0] ecl_bins_i,
    input  logic                                on_i,
    input  logic [               GRL_BIN_W-1:0] bin_i,
    input  logic [                       N-1:0] barrel_i,
    input  logic [             N*GRL_BIN_W-1:0] bins_i,
    // Of the clusters, a clock later.
    input  logic [                       N-1:0] strong_i,
    // After one clock: clusters less than ecl_bins from the track, clusters beside it.
    output logic [                       N-1:0] near_o,
    output logic [                       N-1:0] beside_o,
    // After two: there is one, the nearest has the energy.
    output logic                                matched_o,
    output logic                                strong_o
);
  localparam BW = GRL_BIN_W;
  localparam AW = BW - 1;
  logic [N*AW-1:0] apart_q;
  for (genvar i = 0; i < N; i++) begin : g_cluster
    wire [AW-1:0] apart;
    grl_match_apart #(
        .BINS(GRL_BINS),
        .W   (BW)
    ) u_apart (
        .one_i  (bin_i),
        .other_i(bins_i[i*BW+:BW]),
        .apart_o(apart)
    );
    always_ff @(posedge clk_i) begin
      apart_q[i*AW+:AW] <= apart;
      near_o[i] <= on_i && barrel_i[i] && apart < AW'(ecl_bins_i);
      beside_o[i] <= on_i && barrel_i[i] && apart <= AW'(GRL_ISOLATION);
    end
  end
  // The first of two at one distance wins, pair by pair; what is not near lies furthest.
  localparam int LEAVES = 2 ** $clog2(N);
  logic [(2*LEAVES-1)*AW-1:0] least;
  logic [2*LEAVES-2:0] enough;
  always_comb begin : choose
    least  = '1;
    enough = '0;
    for (int i = 0; i < N; i++) begin
      if (near_o[i]) least[(LEAVES-1+i)*AW+:AW] = apart_q[i*AW+:AW];
      enough[LEAVES-1+i] = near_o[i] && strong_i[i];
    end
    for (int k = LEAVES - 2; k >= 0; k--) begin
      if (least[(2*k+1)*AW+:AW] <= least[(2*k+2)*AW+:AW]) begin
        least[k*AW+:AW] = least[(2*k+1)*AW+:AW];
        enough[k] = enough[2*k+1];
      end else begin
        least[k*AW+:AW] = least[(2*k+2)*AW+:AW];
        enough[k] = enough[2*k+2];
      end
    end
  end
  always_ff @(posedge clk_i) begin
    matched_o <= |near_o;
    strong_o  <= enough[0];
  end
endmodule
