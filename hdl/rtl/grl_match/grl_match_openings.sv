// Angles between the objects of two maps: at least 18 - k bins apart are a bin of one map and one of
// the other where the other, turned by half a circle and widened by k, meets the first; one clock.
module grl_match_openings
  import l1_pkg::*;
(
    input  logic                        clk_i,
    input  logic [        GRL_BINS-1:0] full_i,
    input  logic [        GRL_BINS-1:0] at_ecl_i,
    input  logic [        GRL_BINS-1:0] short_i,
    input  logic [        GRL_BINS-1:0] inner_i,
    input  logic [        GRL_BINS-1:0] clusters_i,
    output logic [   GRL_MATCH_P_N-1:0] p_o,
    output logic                        s2f30_o,
    output logic                        s2fo_o,
    output logic [GRL_MATCH_S2F_N-1:0] s2f_o,
    output logic                        s2s30_o,
    output logic                        s2so_o,
    output logic [GRL_MATCH_S2S_N-1:0] s2s_o,
    output logic                        i2fo_o,
    output logic                        i2io_o,
    output logic                        itsfb2b_o
);
  localparam B = GRL_BINS;
  localparam HALF = B / 2;
  localparam P = GRL_MATCH_P_N;
  localparam S = GRL_MATCH_S2F_N;
  wire [B-1:0] full = {full_i[0+:HALF], full_i[HALF+:HALF]};
  wire [B-1:0] shorts = {short_i[0+:HALF], short_i[HALF+:HALF]};
  wire [B-1:0] inner = {inner_i[0+:HALF], inner_i[HALF+:HALF]};
  wire [B-1:0] clusters = {clusters_i[0+:HALF], clusters_i[HALF+:HALF]};

  // Back to back: within k + 1 bins, as in the table of classes.
  for (genvar k = 0; k < P; k++) begin : g_cluster
    wire [B-1:0] wide;
    grl_match_widen #(
        .BINS(B),
        .BY  (k + 1)
    ) u_wide (
        .map_i(clusters),
        .map_o(wide)
    );
    always_ff @(posedge clk_i) p_o[k] <= |(at_ecl_i & wide);
  end
  for (genvar k = 0; k < S; k++) begin : g_short
    wire [B-1:0] to_full, to_short;
    grl_match_widen #(
        .BINS(B),
        .BY  (k + 1)
    ) u_full (
        .map_i(full),
        .map_o(to_full)
    );
    grl_match_widen #(
        .BINS(B),
        .BY  (k + 1)
    ) u_short (
        .map_i(shorts),
        .map_o(to_short)
    );
    always_ff @(posedge clk_i) begin
      s2f_o[k] <= |(short_i & to_full);
      s2s_o[k] <= |(short_i & to_short);
    end
    if (k == S - 1) begin : g_widest
      always_ff @(posedge clk_i) itsfb2b_o <= |((short_i | inner_i) & to_full);
    end
  end

  // Openings.
  wire [B-1:0] full90, full30, short90, short30, inner90;
  grl_match_widen #(
      .BINS(B),
      .BY  (HALF - GRL_OPEN90)
  ) u_full90 (
      .map_i(full),
      .map_o(full90)
  );
  grl_match_widen #(
      .BINS(B),
      .BY  (HALF - GRL_OPEN30)
  ) u_full30 (
      .map_i(full),
      .map_o(full30)
  );
  grl_match_widen #(
      .BINS(B),
      .BY  (HALF - GRL_OPEN90)
  ) u_short90 (
      .map_i(shorts),
      .map_o(short90)
  );
  grl_match_widen #(
      .BINS(B),
      .BY  (HALF - GRL_OPEN30)
  ) u_short30 (
      .map_i(shorts),
      .map_o(short30)
  );
  grl_match_widen #(
      .BINS(B),
      .BY  (HALF - GRL_OPEN90)
  ) u_inner90 (
      .map_i(inner),
      .map_o(inner90)
  );
  always_ff @(posedge clk_i) begin
    s2fo_o  <= |(short_i & full90);
    s2f30_o <= |(short_i & full30);
    s2so_o  <= |(short_i & short90);
    s2s30_o <= |(short_i & short30);
    i2fo_o  <= |(inner_i & full90);
    i2io_o  <= |(inner_i & inner90);
  end
endmodule
