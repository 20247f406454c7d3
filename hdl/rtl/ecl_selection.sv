// Bhabha, tau-pair, total-energy and low-multiplicity selections of the calorimeter trigger: see
// docs/reference/ecl_selection.md. Fully pipelined, one frame a clock, four stages:
// 1 look-up, 2 conditions on clusters and sums, 3 conditions on pairs and counts, 4 decisions.
module ecl_selection
  import l1_pkg::*;
(
    input  logic                          clk_i,
    input  logic                          rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                          cfg_valid_i,
    input  logic [                  11:0] cfg_addr_i,
    input  logic [                  31:0] cfg_data_i,
    input  logic                          valid_i,
    input  logic [ECL_CLUSTERS_WIDTH-1:0] data_i,
    output logic                          valid_o,
    output logic [ ECL_TRIGGER_WIDTH-1:0] data_o
);
  localparam N = ECL_CLUSTERS_VALID_N;
  localparam PAIRS = N * (N - 1) / 2;
  localparam EW = ECL_CLUSTERS_ENERGY_W;
  localparam TW = ECL_CLUSTERS_TIME_W;
  localparam RINGS = ECL_CLUSTERS_RING_ENERGY_N;
  localparam RW = ECL_CLUSTERS_RING_ENERGY_W;
  localparam TYPES = ECL_TRIGGER_BHABHA_TYPE_W;
  // Sums over rings, energies in the centre-of-mass comparison, angles.
  localparam SW = 19;
  localparam CW = 18;
  localparam AW = 9;
  // ROM entry: {theta_id, theta_cm, phi_cm, scale}.
  localparam ROM_W = 26;
  localparam PHI_LOW = 4;
  localparam THETA_LOW = 13;
  localparam THETA_W = 8;
  localparam ID_LOW = 21;
  localparam ID_W = 5;

  // ---------------------------------------------------------------------------- registers
  logic [SW-1:0] elow, ehigh, elum, physics_energy, burst;
  logic [SW-1:0] taub2b_total, taub2b2_total, taub2b3_total;
  logic [SW*TYPES-1:0] bhabha_forward, bhabha_backward;
  logic [6:0] physics_icn, bhabha_icn;
  logic [7:0] cluster_window;
  logic [EW-1:0] timing_fine, timing_superfine;
  logic [EW-1:0] veto_both, veto_one, selection_both, selection_one, mumu_both;
  logic [EW-1:0] taub2b_one, taub2b2_hard, taub2b2_both, taub2b3_one, taub2b3_low, taub2b3_high;
  logic [EW-1:0] hie4_both, lml0_energy, lml1_energy, lml2_energy, lml4_energy, lml6_energy;
  logic [EW-1:0] lml6_other, lml7_energy, lml7_other, lml8_energy, lml9_low, lml9_high;
  logic [EW-1:0] lml_veto, lml12_energy, lml13_energy, lml13_other;
  logic [RINGS-1:0] veto_intrack, taub2b2_endcap, taub2b3_rings, hie_forward, hie_endcap;
  logic [RINGS-1:0] lml1_rings, lml2_rings, lml4_rings, lml6_rings, lml7_rings;
  logic [RINGS-1:0] lml12_rings, lml13_rings;
  logic [2:0] taub2b2_hard_max, lml0_clusters, lml0_energetic, lml12_clusters, lml12_energetic;
  logic [AW-1:0] veto_phi_low, veto_phi_high, veto_theta_low, veto_theta_high;
  logic [AW-1:0] selection_phi_low, selection_phi_high, selection_theta_low, selection_theta_high;
  logic [AW-1:0] mumu_phi_low, mumu_phi_high, mumu_theta_low, mumu_theta_high;
  logic [AW-1:0] taub2b_phi_low, taub2b_phi_high, taub2b_theta_low, taub2b_theta_high;
  logic [AW-1:0] taub2b2_phi_low, taub2b2_phi_high, taub2b2_theta_low, taub2b2_theta_high;
  logic [AW-1:0] taub2b3_phi_low, taub2b3_phi_high, taub2b3_theta_low, taub2b3_theta_high;
  logic [AW-1:0] hie_phi_low, hie_phi_high, hie_theta_low, hie_theta_high;
  logic [AW-1:0] lml8_phi, lml9_phi, lml10_phi, lml10_theta_low, lml10_theta_high;
  ecl_selection_registers u_registers (.*);

  // ---------------------------------------------------------------------------- functions
  // 10 E > T e: laboratory energy above a centre-of-mass threshold.
  function automatic above_cm(input [EW-1:0] energy, input [3:0] scale, input [EW-1:0] limit);
    above_cm = CW'(energy) * CW'(10) > CW'(limit) * CW'(scale);
  endfunction

  function automatic below_cm(input [EW-1:0] energy, input [3:0] scale, input [EW-1:0] limit);
    below_cm = CW'(energy) * CW'(10) < CW'(limit) * CW'(scale);
  endfunction

  // Is the ring (1 to 17; 0: none) in the mask?
  function automatic in_rings(input [RINGS-1:0] mask, input [ID_W-1:0] ring);
    logic [31:0] shifted;
    shifted = {{(31 - RINGS) {1'b0}}, mask, 1'b0};
    in_rings = shifted[ring];
  endfunction

  function automatic between(input [AW-1:0] value, input [AW-1:0] low, input [AW-1:0] high);
    between = value > low && value < high;
  endfunction

  // Angle between azimuths, folded to 0..180, above a limit: only its difference is known.
  function automatic opposite(input [AW-1:0] dphi, input [AW-1:0] limit);
    opposite = dphi > limit && {1'b0, dphi} + {1'b0, limit} < 10'd360;
  endfunction

  function automatic [SW-1:0] sum_rings(input [RINGS*RW-1:0] energies, input [RINGS-1:0] mask);
    logic [SW-1:0] total;
    total = '0;
    for (int r = 0; r < RINGS; r++)
      if (mask[r]) total = total + SW'(energies[r*RW+:RW]);
    sum_rings = total;
  endfunction

  function automatic [2:0] count(input [N-1:0] bits);
    logic [2:0] total;
    total = '0;
    for (int i = 0; i < N; i++) total = total + 3'(bits[i]);
    count = total;
  endfunction

  // ---------------------------------------------------------------------------- stage 1
  logic [3:0] valid_q;
  assign valid_o = valid_q[3];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[2:0], valid_i};
  end

  /* verilator lint_off UNUSEDSIGNAL */  // the cluster's number of cells takes no part
  logic [ECL_CLUSTERS_WIDTH-1:0] in_q;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [N*ROM_W-1:0] rom;
  always_ff @(posedge clk_i) if (valid_i) in_q <= data_i;
  for (genvar i = 0; i < N; i++) begin : g_rom
    ecl_selection_rom u_rom (
        .clk_i,
        .valid_i,
        .address_i(data_i[ECL_CLUSTERS_TC_LOW+i*ECL_CLUSTERS_TC_W+:ECL_CLUSTERS_TC_W]),
        .word_o   (rom[i*ROM_W+:ROM_W])
    );
  end

  // ---------------------------------------------------------------------------- stage 2
  logic [N-1:0] present, near;
  // One bit a cluster, each already masked with its presence where it is counted.
  logic [N-1:0] veto_both_q, veto_one_q, sel_both_q, sel_one_q, mumu_q, intrack_q;
  logic [N-1:0] tau_one_q, tau2_hard_q, tau2_both_q, tau3_ring_q, tau3_one_q, tau3_bad_q;
  logic [N-1:0] hie_forward_q, hie4_q;
  logic [N-1:0] lml0_q, lml1_q, lml2_q, lml4_q, lml6_q, lml6_other_q, lml7_q, lml7_other_q;
  logic [N-1:0] lml8_q, lml9_low_q, lml9_high_q, lml_veto_q, lml12_in_q, lml12_q;
  logic [N-1:0] lml13_q, lml13_other_q;
  logic [2*N-1:0] class_q;

  for (genvar i = 0; i < N; i++) begin : g_cluster
    wire on = in_q[ECL_CLUSTERS_VALID_LOW+i];
    wire [EW-1:0] energy = in_q[ECL_CLUSTERS_ENERGY_LOW+i*EW+:EW];
    wire [TW-1:0] now = in_q[ECL_CLUSTERS_TIME_LOW+i*TW+:TW];
    wire [TW-1:0] event_time = in_q[ECL_CLUSTERS_MAX_TIME_LOW+:TW];
    wire [3:0] scale = rom[i*ROM_W+:4];
    wire [ID_W-1:0] ring = rom[i*ROM_W+ID_LOW+:ID_W];
    always_ff @(posedge clk_i) begin
      if (valid_q[0]) begin
        present[i] <= on;
        near[i] <= on && (now > event_time ? now - event_time : event_time - now) < cluster_window;
        veto_both_q[i] <= above_cm(energy, scale, veto_both);
        veto_one_q[i] <= above_cm(energy, scale, veto_one);
        sel_both_q[i] <= above_cm(energy, scale, selection_both);
        sel_one_q[i] <= above_cm(energy, scale, selection_one);
        mumu_q[i] <= below_cm(energy, scale, mumu_both);
        intrack_q[i] <= in_rings(veto_intrack, ring);
        // 1 -> 0, 2 -> 1, 3 -> 2, beyond -> 3
        class_q[2*i+:2] <= ring >= 5'd4 ? 2'd3 : ring <= 5'd1 ? 2'd0 : 2'(ring - 5'd1);
        tau_one_q[i] <= energy < taub2b_one;
        tau2_hard_q[i] <= on && in_rings(taub2b2_endcap, ring) && energy > taub2b2_hard;
        tau2_both_q[i] <= energy > taub2b2_both;
        tau3_ring_q[i] <= in_rings(taub2b3_rings, ring);
        tau3_one_q[i] <= energy > taub2b3_one;
        tau3_bad_q[i] <= on && (energy <= taub2b3_low || energy > taub2b3_high);
        hie_forward_q[i] <= on && in_rings(hie_forward, ring);
        hie4_q[i] <= energy > hie4_both;
        lml0_q[i] <= on && energy > lml0_energy;
        lml1_q[i] <= on && in_rings(lml1_rings, ring) && above_cm(energy, scale, lml1_energy);
        lml2_q[i] <= on && in_rings(lml2_rings, ring) && above_cm(energy, scale, lml2_energy);
        lml4_q[i] <= on && in_rings(lml4_rings, ring) && above_cm(energy, scale, lml4_energy);
        lml6_q[i] <= on && in_rings(lml6_rings, ring) && above_cm(energy, scale, lml6_energy);
        lml6_other_q[i] <= on && energy > lml6_other;
        lml7_q[i] <= on && in_rings(lml7_rings, ring) && above_cm(energy, scale, lml7_energy);
        lml7_other_q[i] <= on && energy > lml7_other;
        lml8_q[i] <= energy > lml8_energy;
        lml9_low_q[i] <= energy < lml9_low;
        lml9_high_q[i] <= energy > lml9_high;
        lml_veto_q[i] <= on && above_cm(energy, scale, lml_veto);
        lml12_in_q[i] <= on && in_rings(lml12_rings, ring);
        lml12_q[i] <= on && in_rings(lml12_rings, ring) && energy > lml12_energy;
        lml13_q[i] <= on && in_rings(lml13_rings, ring) && above_cm(energy, scale, lml13_energy);
        lml13_other_q[i] <= on && energy > lml13_other;
      end
    end
  end

  // Pairs: i < j at index i (2 N - i - 1) / 2 + j - i - 1.
  logic [PAIRS*AW-1:0] dphi_q, dtheta_q;
  logic [PAIRS-1:0] lower_endcap_q;
  for (genvar i = 0; i < N; i++) begin : g_angle
    for (genvar j = i + 1; j < N; j++) begin : g_with
      localparam P = i * (2 * N - i - 1) / 2 + j - i - 1;
      wire [AW-1:0] phi_i = rom[i*ROM_W+PHI_LOW+:AW];
      wire [AW-1:0] phi_j = rom[j*ROM_W+PHI_LOW+:AW];
      wire lower_i = in_q[ECL_CLUSTERS_ENERGY_LOW+i*EW+:EW] < in_q[ECL_CLUSTERS_ENERGY_LOW+j*EW+:EW];
      always_ff @(posedge clk_i) begin
        if (valid_q[0]) begin
          dphi_q[P*AW+:AW] <= phi_i > phi_j ? phi_i - phi_j : phi_j - phi_i;
          dtheta_q[P*AW+:AW] <= AW'(rom[i*ROM_W+THETA_LOW+:THETA_W]) +
                                AW'(rom[j*ROM_W+THETA_LOW+:THETA_W]);
          lower_endcap_q[P] <= in_rings(
              hie_endcap, lower_i ? rom[i*ROM_W+ID_LOW+:ID_W] : rom[j*ROM_W+ID_LOW+:ID_W]);
        end
      end
    end
  end

  logic [SW-1:0] phys_q, total_q;
  logic [TYPES-1:0] type_q;
  wire [RINGS*RW-1:0] ring_energy = in_q[ECL_CLUSTERS_RING_ENERGY_LOW+:RINGS*RW];
  wire [SW-1:0] phys = sum_rings(ring_energy, {2'b00, {(RINGS - 3) {1'b1}}, 1'b0});
  always_ff @(posedge clk_i) begin
    if (valid_q[0]) begin
      phys_q <= phys;
      total_q <= sum_rings(ring_energy, '1);
    end
  end
  for (genvar t = 0; t < TYPES; t++) begin : g_type
    wire [SW-1:0] forward = sum_rings(ring_energy, ECL_BHABHA_FORWARD_RINGS[t*RINGS+:RINGS]);
    wire [SW-1:0] backward = sum_rings(ring_energy, ECL_BHABHA_BACKWARD_RINGS[t*RINGS+:RINGS]);
    always_ff @(posedge clk_i) begin
      if (valid_q[0])
        type_q[t] <= forward >= bhabha_forward[t*SW+:SW] && backward >= bhabha_backward[t*SW+:SW];
    end
  end

  // Event time and what passes through.
  localparam MTC_W = ECL_CLUSTERS_MAX_TC_W;
  wire [MTC_W-1:0] max_tc = in_q[ECL_CLUSTERS_MAX_TC_LOW+:MTC_W];
  wire [EW-1:0] max_energy = EW'(in_q[ECL_CLUSTERS_MAX_ENERGY_LOW+:ECL_CLUSTERS_MAX_ENERGY_W]);
  wire [7:0] clock_sum = {1'b0, in_q[ECL_CLUSTERS_FRAME_LOW+:7]} +
                         8'(in_q[ECL_CLUSTERS_MAX_TIME_LOW+7]);
  wire [7:0] turn = 8'(DATA_CLOCKS_PER_TURN);
  wire hit = max_tc != '0;
  // {overflow, icn, quality, source, rev_clock, time, hit}
  localparam PASS_W = 28;
  logic [PASS_W-1:0] pass2_q, pass3_q;
  always_ff @(posedge clk_i) begin
    if (valid_q[0])
      pass2_q <= {
        in_q[ECL_CLUSTERS_OVERFLOW_LOW],
        in_q[ECL_CLUSTERS_ICN_LOW+:ECL_CLUSTERS_ICN_W],
        !hit ? 2'd0 : 2'd1 + 2'(max_energy > timing_fine) + 2'(max_energy > timing_superfine),
        hit && max_tc >= MTC_W'(ECL_FIRST_BACKWARD),
        hit && max_tc >= MTC_W'(ECL_FIRST_BARREL) && max_tc < MTC_W'(ECL_FIRST_BACKWARD),
        hit && max_tc < MTC_W'(ECL_FIRST_BARREL),
        7'(clock_sum >= turn ? clock_sum - turn : clock_sum),
        in_q[ECL_CLUSTERS_MAX_TIME_LOW+:7],
        hit
      };
    if (valid_q[1]) pass3_q <= pass2_q;
  end

  // ---------------------------------------------------------------------------- stage 3
  logic [PAIRS-1:0] p_veto, p_intrack, p_mumu, p_tau, p_tau2, p_tau3;
  logic [PAIRS-1:0] p_select, p_class0, p_class1, p_class2;
  logic [PAIRS-1:0] p_hie1, p_hie2, p_hie3, p_hie4, p_lml8, p_lml9, p_lml10;
  for (genvar i = 0; i < N; i++) begin : g_pair
    for (genvar j = i + 1; j < N; j++) begin : g_with
      localparam P = i * (2 * N - i - 1) / 2 + j - i - 1;
      wire [AW-1:0] dphi = dphi_q[P*AW+:AW];
      wire [AW-1:0] dtheta = dtheta_q[P*AW+:AW];
      wire both = present[i] && present[j];
      wire veto = between(dphi, veto_phi_low, veto_phi_high) &&
                  between(dtheta, veto_theta_low, veto_theta_high) &&
                  veto_both_q[i] && veto_both_q[j] && (veto_one_q[i] || veto_one_q[j]);
      wire select = between(dphi, selection_phi_low, selection_phi_high) &&
                    between(dtheta, selection_theta_low, selection_theta_high) &&
                    sel_both_q[i] && sel_both_q[j] && (sel_one_q[i] || sel_one_q[j]);
      wire hie_phi = between(dphi, hie_phi_low, hie_phi_high);
      wire hie_theta = between(dtheta, hie_theta_low, hie_theta_high);
      always_ff @(posedge clk_i) begin
        if (valid_q[1]) begin
          p_veto[P] <= both && veto;
          p_intrack[P] <= both && veto && (intrack_q[i] || intrack_q[j]);
          p_select[P] <= both && select;
          p_class0[P] <= both && select && (class_q[2*i+:2] == 2'd0 || class_q[2*j+:2] == 2'd0);
          p_class1[P] <= both && select && (class_q[2*i+:2] == 2'd1 || class_q[2*j+:2] == 2'd1);
          p_class2[P] <= both && select && (class_q[2*i+:2] == 2'd2 || class_q[2*j+:2] == 2'd2);
          p_mumu[P] <= both && between(dphi, mumu_phi_low, mumu_phi_high) &&
              between(dtheta, mumu_theta_low, mumu_theta_high) && mumu_q[i] && mumu_q[j];
          p_tau[P] <= both && between(dphi, taub2b_phi_low, taub2b_phi_high) &&
              between(dtheta, taub2b_theta_low, taub2b_theta_high) && (tau_one_q[i] || tau_one_q[j]);
          p_tau2[P] <= both && between(dphi, taub2b2_phi_low, taub2b2_phi_high) &&
              between(dtheta, taub2b2_theta_low, taub2b2_theta_high) &&
              tau2_both_q[i] && tau2_both_q[j];
          p_tau3[P] <= both && between(dphi, taub2b3_phi_low, taub2b3_phi_high) &&
              between(dtheta, taub2b3_theta_low, taub2b3_theta_high) &&
              tau3_ring_q[i] && tau3_ring_q[j] && (tau3_one_q[i] || tau3_one_q[j]);
          p_hie1[P] <= both && hie_phi && hie_theta;
          p_hie2[P] <= both && (hie_phi || hie_theta);
          p_hie3[P] <= both && lower_endcap_q[P];
          p_hie4[P] <= both && lower_endcap_q[P] && hie4_q[i] && hie4_q[j];
          p_lml8[P] <= both && opposite(dphi, lml8_phi) && lml8_q[i] && lml8_q[j];
          p_lml9[P] <= both && opposite(dphi, lml9_phi) &&
              (lml9_low_q[i] && lml9_high_q[j] || lml9_low_q[j] && lml9_high_q[i]);
          p_lml10[P] <= both && opposite(dphi, lml10_phi) &&
              between(dtheta, lml10_theta_low, lml10_theta_high);
        end
      end
    end
  end

  logic [2:0] clusters_q, clst_q;
  logic [TYPES-1:0] type3_q;
  logic [ECL_TRIGGER_E_TOT_W-1:0] e_tot_q;
  logic elow_q, ehigh_q, elum_q, burst_q, active_q, bhabha_q;
  logic tau_total_q, tau2_total_q, tau3_total_q, tau2_soft_q, tau3_clean_q, lone_forward_q;
  logic lml0_count_q, lml1_any_q, lml2_any_q, lml4_any_q, lml6_ok_q, lml7_ok_q;
  logic quiet_q, lml12_count_q, lml13_ok_q;
  localparam ICN_LOW = 20;
  wire [6:0] icn = pass2_q[ICN_LOW+:7];
  wire bhabha = |type_q && icn < bhabha_icn;
  wire [SW-1:0] e_tot_max = SW'({ECL_TRIGGER_E_TOT_W{1'b1}});
  always_ff @(posedge clk_i) begin
    if (valid_q[1]) begin
      clusters_q <= count(present);
      clst_q <= count(near);
      type3_q <= type_q;
      bhabha_q <= bhabha;
      active_q <= (phys_q > physics_energy || icn > physics_icn) && !bhabha;
      e_tot_q <= ECL_TRIGGER_E_TOT_W'(phys_q > e_tot_max ? e_tot_max : phys_q);
      elow_q <= phys_q > elow;
      ehigh_q <= phys_q > ehigh;
      elum_q <= phys_q > elum;
      burst_q <= total_q > burst;
      tau_total_q <= total_q < taub2b_total;
      tau2_total_q <= total_q < taub2b2_total;
      tau3_total_q <= total_q < taub2b3_total;
      tau2_soft_q <= count(tau2_hard_q) < taub2b2_hard_max;
      tau3_clean_q <= tau3_bad_q == '0;
      lone_forward_q <= count(present) == 3'd1 && hie_forward_q != '0;
      lml0_count_q <= count(present) >= lml0_clusters && count(lml0_q) >= lml0_energetic;
      lml1_any_q <= lml1_q != '0;
      lml2_any_q <= lml2_q != '0;
      lml4_any_q <= lml4_q != '0;
      lml6_ok_q <= count(lml6_q) == 3'd1 && count(lml6_other_q) == 3'd1;
      lml7_ok_q <= count(lml7_q) == 3'd1 && count(lml7_other_q) == 3'd1;
      quiet_q <= lml_veto_q == '0;
      lml12_count_q <= count(lml12_in_q) >= lml12_clusters && count(lml12_q) >= lml12_energetic;
      lml13_ok_q <= count(lml13_q) == 3'd1 && count(lml13_other_q) == 3'd1;
    end
  end

  // ---------------------------------------------------------------------------- stage 4
  wire veto = |p_veto;
  wire two = clusters_q == 3'd2;
  wire [1:0] theta_flag = p_select == '0 || p_class0 != '0 ? 2'd0 :
                          p_class1 != '0 ? 2'd1 : p_class2 != '0 ? 2'd2 : 2'd3;
  wire [11:0] lml = {
    quiet_q && pass3_q[0],
    quiet_q && p_lml10 != '0,
    quiet_q && p_lml9 != '0,
    quiet_q && p_lml8 != '0,
    lml7_ok_q,
    lml6_ok_q,
    lml4_any_q && veto,
    lml4_any_q && !veto,
    lml2_any_q && veto,
    lml2_any_q && !veto,
    lml1_any_q,
    lml0_count_q && !veto
  };
  wire lone = lone_forward_q;
  always_ff @(posedge clk_i) begin
    if (valid_q[2])
      data_o <= {
        1'b0,
        clst_q,
        ehigh_q && !lone && !(two && p_hie4 != '0),
        p_tau3 != '0 && tau3_total_q && tau3_clean_q,
        p_tau2 != '0 && tau2_total_q && tau2_soft_q,
        ehigh_q && !lone && !(two && p_hie3 != '0),
        ehigh_q && !lone && !(two && p_hie2 != '0),
        ehigh_q && !lone && !(two && p_hie1 != '0),
        p_tau != '0 && tau_total_q,
        theta_flag,
        p_intrack != '0,
        pass3_q[18+:2],
        pass3_q[8+:4],
        lml13_ok_q,
        lml12_count_q && !veto,
        burst_q,
        1'b0,
        p_mumu != '0,
        p_select != '0,
        lml,
        veto,
        pass3_q[27],
        3'b000,
        pass3_q[ICN_LOW+:7],
        elum_q,
        ehigh_q,
        elow_q,
        e_tot_q,
        type3_q,
        bhabha_q,
        active_q,
        pass3_q[17:0]
      };
  end
endmodule
