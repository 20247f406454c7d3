// Back-to-back clusters; those of high energy by the tracks that they have.
// Stages: 1 angles, 2 wait for the tracks, 3 high pairs.
module grl_match_pairs
  import l1_pkg::*;
#(
    parameter int N = 6
) (
    input  logic                       clk_i,
    input  logic [              N-1:0] there_i,
    input  logic [              N-1:0] high_i,
    input  logic [    N*GRL_BIN_W-1:0] bins_i,
    // Two clocks later: the cluster's part, and whether it has a track.
    input  logic [              N-1:0] barrel_i,
    input  logic [              N-1:0] forward_i,
    input  logic [              N-1:0] charged_i,
    // After one clock.
    output logic [GRL_MATCH_D_N-1:0] d_o,
    // After three: with one and with two clusters of a kind, or by side.
    output logic [                1:0] trkbha_o,
    output logic [                1:0] grlgg_o,
    output logic [                1:0] brlfb_o,
    output logic [                1:0] brlnb_o,
    output logic [                1:0] endsb_o,
    output logic [                1:0] endnb_o
);
  localparam BW = GRL_BIN_W;
  localparam AW = BW - 1;
  localparam D = GRL_MATCH_D_N;
  localparam int PAIRS = N * (N - 1) / 2;

  logic [D*PAIRS-1:0] far;
  // For each pair: it is high, both clusters in the barrel, clusters that have a track.
  logic [PAIRS-1:0] pair, pair_q, pair2_q, barrel, one, two;
  // Of each pair: a cluster of that side with a track, without one.
  logic [2*PAIRS-1:0] with_track, without;
  for (genvar i = 1; i < N; i++) begin : g_first
    for (genvar j = 0; j < i; j++) begin : g_second
      localparam P = i * (i - 1) / 2 + j;
      wire [AW-1:0] apart;
      grl_match_apart #(
          .BINS(GRL_BINS),
          .W   (BW)
      ) u_apart (
          .one_i  (bins_i[i*BW+:BW]),
          .other_i(bins_i[j*BW+:BW]),
          .apart_o(apart)
      );
      wire there = there_i[i] && there_i[j];
      for (genvar k = 0; k < D; k++) begin : g_class
        assign far[k*PAIRS+P] = there && apart >= GRL_BACK_TO_BACK[5*k+:5];
      end
      assign pair[P] = there && high_i[i] && high_i[j] &&
          apart >= AW'(GRL_BINS / 2 - GRL_PAIR_WITHIN);
      assign barrel[P] = barrel_i[i] && barrel_i[j];
      assign one[P] = charged_i[i] ^ charged_i[j];
      assign two[P] = charged_i[i] && charged_i[j];
      wire [1:0] side_i = barrel_i[i] ? 2'b00 : forward_i[i] ? 2'b01 : 2'b10;
      wire [1:0] side_j = barrel_i[j] ? 2'b00 : forward_i[j] ? 2'b01 : 2'b10;
      assign with_track[2*P+:2] = (side_i & {2{charged_i[i]}}) | (side_j & {2{charged_i[j]}});
      assign without[2*P+:2] = (side_i & {2{!charged_i[i]}}) | (side_j & {2{!charged_i[j]}});
    end
  end
  always_ff @(posedge clk_i) begin
    for (int k = 0; k < D; k++) d_o[k] <= |far[k*PAIRS+:PAIRS];
    pair_q  <= pair;
    pair2_q <= pair_q;
  end

  logic [1:0] endsb, endnb;
  always_comb begin
    endsb = '0;
    endnb = '0;
    for (int p = 0; p < PAIRS; p++) begin
      if (pair2_q[p]) begin
        endsb = endsb | with_track[2*p+:2];
        endnb = endnb | without[2*p+:2];
      end
    end
  end
  wire [PAIRS-1:0] none = ~one & ~two;
  always_ff @(posedge clk_i) begin
    trkbha_o <= {|(pair2_q & two), |(pair2_q & one)};
    grlgg_o  <= {|(pair2_q & none), |(pair2_q & one)};
    brlfb_o  <= {|(pair2_q & barrel & two), |(pair2_q & barrel & one)};
    brlnb_o  <= {|(pair2_q & barrel & none), |(pair2_q & barrel & one)};
    endsb_o  <= endsb;
    endnb_o  <= endnb;
  end
endmodule
