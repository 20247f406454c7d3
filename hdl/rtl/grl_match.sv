// Tracks, clusters and sectors of the muon detector matched in azimuth: see
// docs/reference/grl_match.md. Frames may follow each other on every clock. Stages: 1 to 3 places and
// maps, 4 distances and angles, 5 nearest cluster and sector, 6 and 7 numbers, 8 word.
module grl_match
  import l1_pkg::*;
(
    input  logic                         clk_i,
    input  logic                         rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                         cfg_valid_i,
    input  logic [                 11:0] cfg_addr_i,
    input  logic [                 31:0] cfg_data_i,
    input  logic                         valid_i,
    /* verilator lint_off UNUSEDSIGNAL */  // the side of short tracks takes no part
    input  logic [GRL_OBJECTS_WIDTH-1:0] data_i,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic                         valid_o,
    output logic [  GRL_MATCH_WIDTH-1:0] data_o
);
  localparam TRACKS = GRL_OBJECTS_VALID_N;
  localparam PHW = GRL_OBJECTS_PHI0_W;
  localparam OW = GRL_OBJECTS_OMEGA_W;
  localparam QUADRANT = TRACKS * GRL_QUADRANT_HALF_CELLS * GRL_HALF_CELL / GRL_TURN;
  localparam N = GRL_OBJECTS_CLUSTER_N;
  localparam CW = GRL_OBJECTS_TC_W;
  localparam EW = GRL_OBJECTS_ENERGY_W;
  localparam TW = GRL_OBJECTS_TIME_W;
  localparam BW = GRL_BIN_W;
  localparam B = GRL_BINS;
  localparam SHORT = GRL_OBJECTS_SHORT_N;
  localparam BARREL = GRL_OBJECTS_BARREL_N / 2;
  localparam ENDCAP = GRL_OBJECTS_ENDCAP_N;
  localparam KW = GRL_OBJECTS_CLOCK_W;
  localparam LATENCY = GRL_MATCH_LATENCY;

  logic [GRL_MATCH_REG_ECL_BINS_W-1:0] ecl_bins;
  logic [GRL_MATCH_REG_KLM_WINDOW_W-1:0] klm_window;
  logic [EW-1:0] c2gev_energy, n1gev_energy, n2gev_energy, pair_energy;
  logic [TW-1:0] time_window;
  grl_match_registers u_registers (.*);

  logic [LATENCY-1:0] valid_q;
  assign valid_o = valid_q[LATENCY-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[LATENCY-2:0], valid_i};
  end

  // ---------------------------------------------------------------------------- stages 1 to 3
  // Clusters: cell, energies and time.
  logic [N-1:0] there, barrel, forward, backward, enough, high, n1gev, n2gev;
  logic [N*BW-1:0] place;
  logic [N*B-1:0] cluster_map;
  for (genvar i = 0; i < N; i++) begin : g_cluster
    logic [BW+GRL_PART_W-1:0] cell_word;
    grl_match_cell_rom u_cell (
        .clk_i,
        .address_i(data_i[GRL_OBJECTS_TC_LOW+i*CW+:CW]),
        .word_o   (cell_word)
    );
    wire [EW-1:0] energy = data_i[GRL_OBJECTS_ENERGY_LOW+i*EW+:EW];
    wire [TW-1:0] at = data_i[GRL_OBJECTS_TIME_LOW+i*TW+:TW];
    wire [TW-1:0] event_time = data_i[GRL_OBJECTS_EVENT_TIME_LOW+:TW];
    wire [TW-1:0] late = at > event_time ? at - event_time : event_time - at;
    wire in_time = time_window == '0 || late < time_window;
    logic exists_q;
    logic [3:0] energies_q;
    always_ff @(posedge clk_i) begin
      exists_q   <= data_i[GRL_OBJECTS_CLUSTER_LOW+i];
      energies_q <= {
        in_time && energy >= n2gev_energy,
        in_time && energy >= n1gev_energy,
        energy >= pair_energy,
        energy >= c2gev_energy
      };
    end
    wire [GRL_PART_W-1:0] part = cell_word[BW+:GRL_PART_W];
    grl_match_delay #(
        .W(BW + 8),
        .N(2)
    ) u_delay (
        .clk_i,
        .data_i({
          cell_word[0+:BW],
          energies_q,
          exists_q && part == GRL_PART_W'(GRL_BACKWARD),
          exists_q && part == GRL_PART_W'(GRL_FORWARD),
          exists_q && part == GRL_PART_W'(GRL_BARREL),
          exists_q && part != GRL_PART_W'(GRL_NO_PART)
        }),
        .data_o({
          place[i*BW+:BW],
          n2gev[i],
          n1gev[i],
          high[i],
          enough[i],
          backward[i],
          forward[i],
          barrel[i],
          there[i]
        })
    );
    assign cluster_map[i*B+:B] = B'(there[i]) << place[i*BW+:BW];
  end

  // Short and inner tracks: 64 bins become 36; runs of adjacent bins begin where the one below is
  // not set.
  wire [SHORT-1:0] shorts = data_i[GRL_OBJECTS_SHORT_LOW+:SHORT];
  wire [SHORT-1:0] inners = data_i[GRL_OBJECTS_INNER_LOW+:SHORT];
  logic [B-1:0] short_bins, inner_bins, short_map, inner_map;
  always_comb begin
    short_bins = '0;
    inner_bins = '0;
    for (int b = 0; b < SHORT; b++) begin
      if (shorts[b]) short_bins[(2*b+1)*B/(2*SHORT)] = 1'b1;
      if (inners[b]) inner_bins[(2*b+1)*B/(2*SHORT)] = 1'b1;
    end
  end
  logic [2*B-1:0] short_ecl;
  logic [BARREL-1:0] fired;
  logic [ENDCAP-1:0] endcap, both;
  grl_match_delay #(
      .W(4 * B + BARREL + 2 * ENDCAP),
      .N(3)
  ) u_maps (
      .clk_i,
      .data_i({
        short_bins,
        inner_bins,
        data_i[GRL_OBJECTS_SHORT_ECL_LOW+:2*B],
        data_i[GRL_OBJECTS_BARREL_LOW+:BARREL] | data_i[GRL_OBJECTS_BARREL_LOW+BARREL+:BARREL],
        data_i[GRL_OBJECTS_ENDCAP_LOW+:ENDCAP],
        data_i[GRL_OBJECTS_ENDCAP_LOW+:ENDCAP] & data_i[GRL_OBJECTS_SHORT_KLM_LOW+:ENDCAP]
      }),
      .data_o({short_map, inner_map, short_ecl, fired, endcap, both})
  );
  logic [TRACKS+SHORT-1:0] all_q;
  always_ff @(posedge clk_i) begin
    all_q <= {data_i[GRL_OBJECTS_VALID_LOW+:TRACKS], shorts & ~{shorts[SHORT-2:0], shorts[SHORT-1]}};
    // All bins are one run without a beginning.
    if (&shorts) all_q[0] <= 1'b1;
  end
  logic [GRL_MATCH_TA_N-1:0] ta3, ta;
  grl_match_count #(
      .N   (TRACKS + SHORT),
      .ONES(GRL_MATCH_TA_N)
  ) u_ta (
      .clk_i,
      .bits_i (all_q),
      .count_o(ta3)
  );

  // Tracks.
  logic [TRACKS*B-1:0] full_maps, ecl_maps;
  logic [TRACKS-1:0] ecl_matched, ecl_strong, klm_matched;
  logic [TRACKS*N-1:0] near, beside;
  logic [TRACKS*BARREL-1:0] sectors;
  logic [N-1:0] strong4_q;
  for (genvar t = 0; t < TRACKS; t++) begin : g_track
    localparam CELLS = GRL_FIRST_HALF_CELL + t / QUADRANT * GRL_QUADRANT_HALF_CELLS;
    logic ecl_on, klm_on;
    logic [BW-1:0] ecl_bin;
    logic [2:0] klm_base;
    logic [8:0] klm_rest;
    grl_match_track #(
        .FIRST(CELLS)
    ) u_track (
        .clk_i,
        .valid_i   (data_i[GRL_OBJECTS_VALID_LOW+t]),
        .phi0_i    (data_i[GRL_OBJECTS_PHI0_LOW+t*PHW+:PHW]),
        .omega_i   (data_i[GRL_OBJECTS_OMEGA_LOW+t*OW+:OW]),
        .full_o    (full_maps[t*B+:B]),
        .ecl_map_o (ecl_maps[t*B+:B]),
        .ecl_on_o  (ecl_on),
        .ecl_bin_o (ecl_bin),
        .klm_on_o  (klm_on),
        .klm_base_o(klm_base),
        .klm_rest_o(klm_rest)
    );
    // ------------------------------------------------------------------------ stages 4, 5
    grl_match_nearest #(
        .N(N)
    ) u_nearest (
        .clk_i,
        .ecl_bins_i(ecl_bins),
        .on_i      (ecl_on),
        .bin_i     (ecl_bin),
        .barrel_i  (barrel),
        .bins_i    (place),
        .strong_i  (strong4_q),
        .near_o    (near[t*N+:N]),
        .beside_o  (beside[t*N+:N]),
        .matched_o (ecl_matched[t]),
        .strong_o  (ecl_strong[t])
    );
    grl_match_sector u_sector (
        .clk_i,
        .window_i(klm_window),
        .on_i    (klm_on),
        .base_i  (klm_base),
        .rest_i  (klm_rest),
        .fired_i (fired),
        .sector_o(sectors[t*BARREL+:BARREL])
    );
    assign klm_matched[t] = |sectors[t*BARREL+:BARREL];
  end

  // ---------------------------------------------------------------------------- stage 4
  logic [B-1:0] full_map, ecl_map, clusters_map;
  always_comb begin
    full_map     = '0;
    ecl_map      = '0;
    clusters_map = '0;
    for (int t = 0; t < TRACKS; t++) begin
      full_map = full_map | full_maps[t*B+:B];
      ecl_map  = ecl_map | ecl_maps[t*B+:B];
    end
    for (int i = 0; i < N; i++) clusters_map = clusters_map | cluster_map[i*B+:B];
  end
  logic [GRL_MATCH_P_N-1:0] p4, p;
  logic [GRL_MATCH_S2F_N-1:0] s2f4, s2f;
  logic [GRL_MATCH_S2S_N-1:0] s2s4, s2s;
  logic s2f30_4, s2fo4, s2s30_4, s2so4, i2fo4, i2io4, itsfb2b4;
  logic s2f30, s2fo, s2s30, s2so, i2fo, i2io, itsfb2b;
  grl_match_openings u_openings (
      .clk_i,
      .full_i    (full_map),
      .at_ecl_i  (ecl_map),
      .short_i   (short_map),
      .inner_i   (inner_map),
      .clusters_i(clusters_map),
      .p_o       (p4),
      .s2f30_o   (s2f30_4),
      .s2fo_o    (s2fo4),
      .s2f_o     (s2f4),
      .s2s30_o   (s2s30_4),
      .s2so_o    (s2so4),
      .s2s_o     (s2s4),
      .i2fo_o    (i2fo4),
      .i2io_o    (i2io4),
      .itsfb2b_o (itsfb2b4)
  );
  logic [N-1:0] end_charged, inner4;
  logic ieklm4, ecleklm4, ieklm, ecleklm;
  grl_match_endcap #(
      .N(N)
  ) u_endcap (
      .clk_i,
      .forward_i (forward),
      .backward_i(backward),
      .cluster_i (cluster_map),
      .inner_i   (inner_map),
      .short_i   (short_ecl),
      .endcap_i  (endcap),
      .charged_o (end_charged),
      .inner_o   (inner4),
      .ieklm_o   (ieklm4),
      .ecleklm_o (ecleklm4)
  );
  logic [N-1:0] n1gev4_q, n2gev4_q, barrel4_q, forward4_q;
  logic track4_q;
  always_ff @(posedge clk_i) begin
    strong4_q  <= enough;
    n1gev4_q   <= n1gev & there;
    n2gev4_q   <= n2gev & there;
    barrel4_q  <= barrel;
    forward4_q <= forward;
    track4_q   <= |full_map || |short_map;
  end

  // ---------------------------------------------------------------------------- stage 5
  // What clusters have: any track near or beside.
  logic [N-1:0] charged, isolated;
  always_comb begin
    charged  = end_charged;
    isolated = '1;
    for (int t = 0; t < TRACKS; t++) begin
      charged  = charged | near[t*N+:N];
      isolated = isolated & ~beside[t*N+:N];
    end
  end
  logic [N-1:0] charged5_q, barrel5_q, forward5_q, n1gev5_q, n2gev5_q;
  always_ff @(posedge clk_i) begin
    charged5_q <= charged;
    barrel5_q  <= barrel4_q;
    forward5_q <= forward4_q;
    n1gev5_q   <= n1gev4_q & isolated;
    n2gev5_q   <= n2gev4_q & isolated;
  end

  // ---------------------------------------------------------------------------- stages 6, 7
  logic [GRL_MATCH_D_N-1:0] d4, d;
  logic [1:0] trkbha6, grlgg6, brlfb6, brlnb6, endsb6, endnb6;
  logic [1:0] trkbha, grlgg, brlfb, brlnb, endsb, endnb;
  grl_match_pairs #(
      .N(N)
  ) u_pairs (
      .clk_i,
      .there_i  (there),
      .high_i   (high),
      .bins_i   (place),
      .barrel_i (barrel5_q),
      .forward_i(forward5_q),
      .charged_i(charged5_q),
      .d_o      (d4),
      .trkbha_o (trkbha6),
      .grlgg_o  (grlgg6),
      .brlfb_o  (brlfb6),
      .brlnb_o  (brlnb6),
      .endsb_o  (endsb6),
      .endnb_o  (endnb6)
  );
  logic [BARREL-1:0] taken;
  always_comb begin
    taken = '0;
    for (int t = 0; t < TRACKS; t++) taken = taken | sectors[t*BARREL+:BARREL];
  end
  logic [GRL_MATCH_CDCECL_N-1:0] cdcecl;
  logic [GRL_MATCH_C2GEV_N-1:0] c2gev;
  logic [GRL_MATCH_N1GEV_N-1:0] n1gev_count;
  logic [GRL_MATCH_N2GEV_N-1:0] n2gev_count;
  logic [GRL_MATCH_CDCKLM_N-1:0] cdcklm;
  logic [GRL_MATCH_SEKLM_N-1:0] seklm5, seklm;
  logic [GRL_MATCH_IECL_N-1:0] iecl6, iecl;
  grl_match_count #(
      .N   (TRACKS),
      .ONES(GRL_MATCH_CDCECL_N)
  ) u_cdcecl (
      .clk_i,
      .bits_i (ecl_matched),
      .count_o(cdcecl)
  );
  grl_match_count #(
      .N   (TRACKS),
      .ONES(GRL_MATCH_C2GEV_N)
  ) u_c2gev (
      .clk_i,
      .bits_i (ecl_strong),
      .count_o(c2gev)
  );
  grl_match_count #(
      .N   (N),
      .ONES(GRL_MATCH_N1GEV_N)
  ) u_n1gev (
      .clk_i,
      .bits_i (n1gev5_q),
      .count_o(n1gev_count)
  );
  grl_match_count #(
      .N   (N),
      .ONES(GRL_MATCH_N2GEV_N)
  ) u_n2gev (
      .clk_i,
      .bits_i (n2gev5_q),
      .count_o(n2gev_count)
  );
  grl_match_count #(
      .N   (BARREL),
      .ONES(GRL_MATCH_CDCKLM_N)
  ) u_cdcklm (
      .clk_i,
      .bits_i (taken),
      .count_o(cdcklm)
  );
  grl_match_count #(
      .N   (ENDCAP),
      .ONES(GRL_MATCH_SEKLM_N)
  ) u_seklm (
      .clk_i,
      .bits_i (both),
      .count_o(seklm5)
  );
  grl_match_count #(
      .N   (N),
      .ONES(GRL_MATCH_IECL_N)
  ) u_iecl (
      .clk_i,
      .bits_i (inner4),
      .count_o(iecl6)
  );

  // What is known earlier waits.
  logic [KW-1:0] at_clock;
  logic [TRACKS-1:0] ecl_matched7, klm_matched7;
  logic track, secl;
  grl_match_delay #(
      .W(GRL_MATCH_TA_N),
      .N(4)
  ) u_wait3 (
      .clk_i,
      .data_i(ta3),
      .data_o(ta)
  );
  grl_match_delay #(
      .W(GRL_MATCH_D_N + GRL_MATCH_P_N + GRL_MATCH_S2F_N + GRL_MATCH_S2S_N + 11),
      .N(3)
  ) u_wait4 (
      .clk_i,
      .data_i({
        d4, p4, s2f4, s2s4, s2f30_4, s2fo4, s2s30_4, s2so4, i2fo4, i2io4, itsfb2b4,
        ieklm4, ecleklm4, track4_q, |end_charged
      }),
      .data_o({
        d, p, s2f, s2s, s2f30, s2fo, s2s30, s2so, i2fo, i2io, itsfb2b,
        ieklm, ecleklm, track, secl
      })
  );
  grl_match_delay #(
      .W(2 * TRACKS + GRL_MATCH_SEKLM_N),
      .N(2)
  ) u_wait5 (
      .clk_i,
      .data_i({ecl_matched, klm_matched, seklm5}),
      .data_o({ecl_matched7, klm_matched7, seklm})
  );
  grl_match_delay #(
      .W(GRL_MATCH_IECL_N + 12),
      .N(1)
  ) u_wait6 (
      .clk_i,
      .data_i({iecl6, trkbha6, grlgg6, brlfb6, brlnb6, endsb6, endnb6}),
      .data_o({iecl, trkbha, grlgg, brlfb, brlnb, endsb, endnb})
  );
  grl_match_delay #(
      .W(KW),
      .N(LATENCY - 1)
  ) u_clock (
      .clk_i,
      .data_i(data_i[GRL_OBJECTS_CLOCK_LOW+:KW]),
      .data_o(at_clock)
  );

  // ---------------------------------------------------------------------------- stage 8
  always_ff @(posedge clk_i) begin
    data_o <= {
      at_clock,
      endnb,
      endsb,
      brlnb,
      brlfb,
      grlgg,
      trkbha,
      itsfb2b,
      i2io,
      i2fo,
      s2s,
      s2so,
      s2s30,
      s2f,
      s2fo,
      s2f30,
      p,
      d,
      ecleklm,
      ieklm,
      secl,
      iecl,
      seklm,
      cdcklm,
      n2gev_count,
      n1gev_count,
      c2gev,
      cdcecl,
      ta,
      track,
      klm_matched7,
      ecl_matched7
    };
  end
endmodule
