// Neural tracks matched to clusters and sectors in three dimensions, event by event: see
// docs/reference/grl_neural.md. Stages: 1 tables, 2 azimuth at both radii and products with cot theta,
// 3 z at both radii and differences of azimuth, 4 differences of z, 5 matches of the track, 6 the event.
module grl_neural
  import l1_pkg::*;
(
    input  logic                              clk_i,
    input  logic                              rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                              cfg_valid_i,
    input  logic [                      11:0] cfg_addr_i,
    input  logic [                      31:0] cfg_data_i,
    input  logic                              valid_i,
    input  logic [GRL_NEURAL_TRACK_WIDTH-1:0] data_i,
    output logic                              valid_o,
    output logic [      GRL_NEURAL_WIDTH-1:0] data_o
);
  localparam N = GRL_NEURAL_TRACK_CLUSTER_N;
  localparam TCW = GRL_NEURAL_TRACK_TC_W;
  localparam SECTORS = GRL_NEURAL_TRACK_BARREL_N;
  localparam RING = SECTORS / 2;
  localparam ZW = GRL_NEURAL_TRACK_Z_W;
  localparam TW = GRL_NEURAL_TRACK_THETA_W;
  localparam OW = GRL_NEURAL_TRACK_OMEGA_W;
  localparam HW = GRL_NEURAL_TRACK_PHI0_W;
  localparam QW = GRL_NEURAL_TRACK_QUADRANT_W;
  localparam AW = GRL_NEURAL_AZIMUTH_W;
  localparam CW = GRL_NEURAL_COT_ENTRY_W;
  localparam TURNW = GRL_NEURAL_TURN_ENTRY_W;
  localparam ARCW = GRL_NEURAL_ARC_ENTRY_W;
  localparam PATHW = 1 + TURNW + ARCW;
  localparam CELLW = GRL_NEURAL_RING_W + AW;
  localparam POSW = GRL_NEURAL_POSITION_W;
  localparam PRODUCTW = ARCW + CW;
  localparam WAYW = PRODUCTW - GRL_NEURAL_COT_FRACTION + 1;
  // z at a radius: no sum of a way and z overflows.
  localparam FARW = WAYW + 1;
  localparam CELLS = GRL_NEURAL_TURN / GRL_NEURAL_HALF_CELL;
  localparam COUNT = GRL_NEURAL_YCDCECL_N;
  localparam COUNTW = $clog2(COUNT + 1);
  localparam KCOUNT = GRL_NEURAL_YCDCKLM_N;
  localparam KCOUNTW = $clog2(KCOUNT + 1);

  logic [GRL_NEURAL_REG_ECL_PHI_W-1:0] ecl_phi;
  logic [GRL_NEURAL_REG_ECL_Z_W-1:0] ecl_z;
  logic [GRL_NEURAL_REG_KLM_WINDOW_W-1:0] klm_window;
  logic [GRL_NEURAL_REG_KLM_MARGIN_W-1:0] klm_margin;
  grl_neural_registers u_registers (.*);

  logic [GRL_NEURAL_LATENCY-1:0] valid_q;
  assign valid_o = valid_q[GRL_NEURAL_LATENCY-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[GRL_NEURAL_LATENCY-2:0], valid_i};
  end

  // The shorter way round between two azimuths.
  function automatic logic [AW-1:0] apart(input logic [AW-1:0] a, input logic [AW-1:0] b);
    logic [AW:0] way;
    logic [AW-1:0] rest;
    way   = {1'b0, a} - {1'b0, b};
    way   = way[AW] ? -way : way;
    rest  = AW'(GRL_NEURAL_TURN) - way[AW-1:0];
    apart = way > (AW + 1)'(GRL_NEURAL_TURN / 2) ? rest : way[AW-1:0];
  endfunction

  // Azimuth at a radius from that at the beam line and the turn, at most half of one.
  function automatic logic [AW-1:0] turned(input logic [AW-1:0] phi, input logic [TURNW-1:0] turn);
    logic [AW+1:0] direct;
    logic [AW+1:0] around;
    direct = {2'b00, phi} - {{AW + 2 - TURNW{turn[TURNW-1]}}, turn};
    // One turn more where it is negative, one less otherwise.
    around = direct + (direct[AW+1] ? (AW + 2)'(GRL_NEURAL_TURN) : (AW + 2)'(-GRL_NEURAL_TURN));
    turned = direct[AW+1] || !around[AW+1] ? around[AW-1:0] : direct[AW-1:0];
  endfunction

  // z at a radius from that at the beam line and the product of arc and |cot theta|.
  function automatic logic signed [FARW-1:0] along(
      input logic [ZW-1:0] from, input logic [PRODUCTW-1:0] product, input logic back);
    /* verilator lint_off UNUSEDSIGNAL */  // the fraction
    logic [PRODUCTW:0] rounded;
    /* verilator lint_on UNUSEDSIGNAL */
    logic signed [FARW-1:0] way;
    rounded = {1'b0, product} + (PRODUCTW + 1)'(1 << (GRL_NEURAL_COT_FRACTION - 1));
    way = $signed({1'b0, rounded[PRODUCTW:GRL_NEURAL_COT_FRACTION]});
    if (back) way = -way;
    along = $signed({{FARW - ZW{from[ZW-1]}}, from}) + way;
  endfunction

  // ---------------------------------------------------------------------------- stage 1
  wire [TW-1:0] theta = data_i[GRL_NEURAL_TRACK_THETA_LOW+:TW];
  wire [OW-1:0] omega = data_i[GRL_NEURAL_TRACK_OMEGA_LOW+:OW];
  /* verilator lint_off UNUSEDSIGNAL */  // the table drops the low bits
  wire [TW-1:0] slope = theta[TW-1] ? -theta : theta;
  /* verilator lint_on UNUSEDSIGNAL */
  wire steep = |slope[TW-1:GRL_NEURAL_COT_SHIFT+GRL_NEURAL_COT_W];
  wire [CW-1:0] cot;
  grl_neural_cot_rom u_cot (
      .clk_i,
      .address_i(steep ? {GRL_NEURAL_COT_W{1'b1}} : slope[GRL_NEURAL_COT_SHIFT+:GRL_NEURAL_COT_W]),
      .word_o   (cot)
  );
  wire [PATHW-1:0] ecl_path, klm_path;
  grl_neural_ecl_rom u_ecl (
      .clk_i,
      .address_i(omega),
      .word_o   (ecl_path)
  );
  grl_neural_klm_rom u_klm (
      .clk_i,
      .address_i(omega),
      .word_o   (klm_path)
  );
  wire [N*CELLW-1:0] cells;
  for (genvar c = 0; c < N; c++) begin : g_cell
    grl_neural_cell_rom u_cell (
        .clk_i,
        .address_i(data_i[GRL_NEURAL_TRACK_TC_LOW+c*TCW+:TCW]),
        .word_o   (cells[c*CELLW+:CELLW])
    );
  end
  // Half-cells of 1.125 degrees, less than two turns.
  localparam HALFW = AW - $clog2(GRL_NEURAL_HALF_CELL);
  wire [HALFW-1:0] half = HALFW'(data_i[GRL_NEURAL_TRACK_PHI0_LOW+:HW]) +
      HALFW'(data_i[GRL_NEURAL_TRACK_QUADRANT_LOW+:QW]) * HALFW'(GRL_NEURAL_QUADRANT_HALF_CELLS) +
      HALFW'(GRL_NEURAL_FIRST_HALF_CELL);
  wire neural = data_i[GRL_NEURAL_TRACK_VALID_LOW] && data_i[GRL_NEURAL_TRACK_NEURAL_LOW];
  logic [AW-1:0] phi1_q;
  logic [ZW-1:0] z1_q;
  logic back1_q;
  logic [N-1:0] cluster1_q;
  logic [SECTORS-1:0] barrel1_q;
  // {last, single, near, neural}
  logic [3:0] bits1_q;
  always_ff @(posedge clk_i) begin
    phi1_q <= {half >= HALFW'(CELLS) ? half - HALFW'(CELLS) : half, {AW - HALFW{1'b0}}};
    z1_q <= data_i[GRL_NEURAL_TRACK_Z_LOW+:ZW];
    back1_q <= !theta[TW-1] && theta != '0;
    cluster1_q <= data_i[GRL_NEURAL_TRACK_CLUSTER_LOW+:N];
    barrel1_q <= data_i[GRL_NEURAL_TRACK_BARREL_LOW+:SECTORS];
    bits1_q <= {
      data_i[GRL_NEURAL_TRACK_LAST_LOW],
      neural && data_i[GRL_NEURAL_TRACK_SINGLE_LOW],
      neural && data_i[GRL_NEURAL_TRACK_NEAR_LOW],
      neural
    };
  end

  // ---------------------------------------------------------------------------- stage 2
  logic [AW-1:0] phi2_q, ecl_phi2_q, klm_phi2_q;
  logic ecl_reached2_q, klm_reached2_q;
  logic [PRODUCTW-1:0] ecl_product_q, klm_product_q;
  logic [ZW-1:0] z2_q;
  logic back2_q;
  logic [CW:0] cot2_q;
  logic [SECTORS-1:0] barrel2_q;
  logic [2:0] bits2_q;
  always_ff @(posedge clk_i) begin
    phi2_q <= phi1_q;
    ecl_phi2_q <= turned(phi1_q, ecl_path[ARCW+:TURNW]);
    klm_phi2_q <= turned(phi1_q, klm_path[ARCW+:TURNW]);
    ecl_reached2_q <= ecl_path[PATHW-1] && bits1_q[0];
    klm_reached2_q <= klm_path[PATHW-1] && bits1_q[0];
    ecl_product_q <= PRODUCTW'(ecl_path[ARCW-1:0]) * PRODUCTW'(cot);
    klm_product_q <= PRODUCTW'(klm_path[ARCW-1:0]) * PRODUCTW'(cot);
    z2_q <= z1_q;
    back2_q <= back1_q;
    cot2_q <= back1_q ? -{1'b0, cot} : {1'b0, cot};
    barrel2_q <= barrel1_q;
    bits2_q <= bits1_q[3:1];
  end

  // ---------------------------------------------------------------------------- stage 3
  logic signed [FARW-1:0] ecl_z3_q, klm_z3_q;
  logic [SECTORS-1:0] barrel3_q;
  logic [2:0] bits3_q;
  always_ff @(posedge clk_i) begin
    ecl_z3_q <= along(z2_q, ecl_product_q, back2_q);
    klm_z3_q <= along(z2_q, klm_product_q, back2_q);
    bits3_q  <= bits2_q;
  end
  for (genvar s = 0; s < RING; s++) begin : g_sector
    wire close = klm_reached2_q &&
        apart(klm_phi2_q, AW'(s * (GRL_NEURAL_TURN / RING))) < AW'(klm_window);
    always_ff @(posedge clk_i) begin
      barrel3_q[s] <= close && barrel2_q[s];
      barrel3_q[s+RING] <= close && barrel2_q[s+RING];
    end
  end

  // ---------------------------------------------------------------------------- stages 2 to 4, clusters
  // Clusters that match; in the track's hemisphere, in the opposite one.
  logic [N-1:0] hit4_q, same4_q, opposite3_q, opposite4_q;
  for (genvar c = 0; c < N; c++) begin : g_cluster
    wire [GRL_NEURAL_RING_W-1:0] ring = cells[c*CELLW+AW+:GRL_NEURAL_RING_W];
    logic [AW-1:0] azimuth_q;
    logic [POSW-1:0] ring_z2_q, ring_z3_q, ring_cot_q;
    logic exists_q, barrel_q, near3_q, same3_q;
    wire outside = apart(phi2_q, azimuth_q) > AW'(GRL_NEURAL_HEMISPHERE);
    wire signed [POSW:0] difference = $signed(
        {{POSW - CW{cot2_q[CW]}}, cot2_q}
    ) - $signed(
        {ring_cot_q[POSW-1], ring_cot_q}
    );
    wire signed [FARW:0] along_z = $signed(
        {ecl_z3_q[FARW-1], ecl_z3_q}
    ) - $signed(
        {{FARW + 1 - POSW{ring_z3_q[POSW-1]}}, ring_z3_q}
    );
    wire [FARW:0] distance = along_z < 0 ? -along_z : along_z;
    always_ff @(posedge clk_i) begin
      azimuth_q <= cells[c*CELLW+:AW];
      ring_z2_q <= GRL_NEURAL_RING_Z[32'(ring)*POSW+:POSW];
      ring_cot_q <= GRL_NEURAL_RING_COT[32'(ring)*POSW+:POSW];
      exists_q <= cluster1_q[c] && ring != '0;
      barrel_q <= cluster1_q[c] && ring >= GRL_NEURAL_RING_W'(GRL_NEURAL_FIRST_BARREL_RING) &&
          ring < GRL_NEURAL_RING_W'(GRL_NEURAL_FIRST_BARREL_RING + ECL_BARREL_RINGS);
      near3_q <= barrel_q && ecl_reached2_q && apart(ecl_phi2_q, azimuth_q) < AW'(ecl_phi);
      ring_z3_q <= ring_z2_q;
      same3_q <= exists_q && !outside && (difference <= (POSW + 1)'(GRL_NEURAL_BACKWARD_OF) ||
                                          difference >= (POSW + 1)'(GRL_NEURAL_FORWARD_OF));
      opposite3_q[c] <= exists_q && outside;
      hit4_q[c] <= near3_q && distance < (FARW + 1)'(ecl_z);
      same4_q[c] <= same3_q;
      opposite4_q[c] <= opposite3_q[c];
    end
  end

  // ---------------------------------------------------------------------------- stage 4, sectors
  wire signed [FARW-1:0] boundary = FARW'(GRL_NEURAL_SECTION_BOUNDARY);
  wire signed [FARW-1:0] margin = $signed({{FARW - GRL_NEURAL_REG_KLM_MARGIN_W{1'b0}}, klm_margin});
  logic [SECTORS-1:0] barrel4_q;
  logic [2:0] bits4_q;
  always_ff @(posedge clk_i) begin
    barrel4_q <= barrel3_q & {
      {RING{klm_z3_q < boundary + margin}}, {RING{klm_z3_q > boundary - margin}}
    };
    bits4_q <= bits3_q;
  end

  // ---------------------------------------------------------------------------- stage 5
  logic ecl_q, klm_q, same_q, opposite_q, single_q, near_q, last_q;
  always_ff @(posedge clk_i) begin
    {last_q, single_q, near_q} <= bits4_q;
    ecl_q <= |hit4_q;
    klm_q <= |barrel4_q;
    same_q <= bits4_q[0] && |same4_q;
    opposite_q <= bits4_q[0] && |opposite4_q;
  end

  // ---------------------------------------------------------------------------- stage 6
  // The event so far: near tracks (one, more), those with a match, and what else was seen.
  logic one_q, more_q, event_same_q, event_opposite_q, single_ecl_q, single_klm_q;
  logic [ COUNTW-1:0] ecl_count_q;
  logic [KCOUNTW-1:0] klm_count_q;
  wire one = one_q || near_q;
  wire more = more_q || (one_q && near_q);
  wire event_same = event_same_q || same_q;
  wire event_opposite = event_opposite_q || opposite_q;
  wire single_ecl = single_ecl_q || (single_q && ecl_q);
  wire single_klm = single_klm_q || (single_q && klm_q);
  wire [COUNTW-1:0] ecl_count = ecl_count_q +
      COUNTW'(near_q && ecl_q && ecl_count_q != COUNTW'(COUNT));
  wire [KCOUNTW-1:0] klm_count = klm_count_q +
      KCOUNTW'(near_q && klm_q && klm_count_q != KCOUNTW'(KCOUNT));
  always_ff @(posedge clk_i) begin
    if (!rst_ni || (valid_q[GRL_NEURAL_LATENCY-2] && last_q)) begin
      {one_q, more_q, event_same_q, event_opposite_q, single_ecl_q, single_klm_q} <= '0;
      ecl_count_q <= '0;
      klm_count_q <= '0;
    end else if (valid_q[GRL_NEURAL_LATENCY-2]) begin
      one_q <= one;
      more_q <= more;
      event_same_q <= event_same;
      event_opposite_q <= event_opposite;
      single_ecl_q <= single_ecl;
      single_klm_q <= single_klm;
      ecl_count_q <= ecl_count;
      klm_count_q <= klm_count;
    end
  end

  always_ff @(posedge clk_i) begin
    data_o[GRL_NEURAL_ECL_MATCHED_LOW] <= ecl_q;
    data_o[GRL_NEURAL_KLM_MATCHED_LOW] <= klm_q;
    data_o[GRL_NEURAL_LAST_LOW] <= last_q;
    data_o[GRL_NEURAL_YCDCECL_LOW+:COUNT] <=
        last_q && ecl_count != '0 ? COUNT'(1) << (ecl_count - 1'b1) : '0;
    data_o[GRL_NEURAL_YCDCKLM_LOW+:KCOUNT] <=
        last_q && klm_count != '0 ? KCOUNT'(1) << (klm_count - 1'b1) : '0;
    data_o[GRL_NEURAL_TYPECL_LOW] <= last_q && single_ecl;
    data_o[GRL_NEURAL_TYPKLM_LOW] <= last_q && single_klm;
    data_o[GRL_NEURAL_SAMHEM_LOW] <= last_q && one && !more && event_same;
    data_o[GRL_NEURAL_OPOHEM_LOW] <= last_q && one && !more && event_opposite;
  end
endmodule
