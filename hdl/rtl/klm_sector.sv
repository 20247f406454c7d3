// Sectors of the muon detector with enough hit planes: see docs/reference/klm_sector.md. Each beat
// brings three sectors: counted alone, and each together with the one before it in its ring. The first
// of a ring stays until the last has come: where a ring starts, that pair of the ring before is
// counted instead. Stages: 1 masks, 2 counts, 3 last pair, 4 recovery and word.
module klm_sector
  import l1_pkg::*;
(
    input  logic                             clk_i,
    input  logic                             rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                             cfg_valid_i,
    input  logic [                     11:0] cfg_addr_i,
    input  logic [                     31:0] cfg_data_i,
    input  logic                             valid_i,
    input  logic [KLM_SECTOR_BEAT_WIDTH-1:0] data_i,
    output logic                             valid_o,
    output logic [    KLM_SECTORS_WIDTH-1:0] data_o
);
  localparam N = KLM_HITS_MASK_N;
  localparam PER = KLM_SECTOR_BEAT_MASK_N;
  localparam MW = KLM_HITS_MASK_W;
  localparam KW = KLM_HITS_CLOCK_W;
  localparam PW = KLM_SECTOR_REG_BARREL_PLANES_W;
  localparam BARREL = KLM_SECTORS_BARREL_N;
  localparam ENDCAP = KLM_SECTORS_ENDCAP_N;
  localparam BARREL_RING = BARREL / 2;
  localparam ENDCAP_RING = ENDCAP / 2;
  localparam SW = $clog2(N);
  localparam BEATW = $clog2(KLM_SECTOR_BEATS);
  localparam LATENCY = KLM_SECTOR_LATENCY;
  localparam CW = KLM_SECTORS_KLM_W;

  logic [PW-1:0] barrel_planes, endcap_planes;
  logic [MW-1:0] barrel_mask, endcap_mask;
  logic recovery;
  klm_sector_registers u_registers (.*);

  // ---------------------------------------------------------------------------- control
  // on_q: a beat is in stage 1; token_q[i]: the last beat of a frame is in stage i + 1.
  logic [BEATW-1:0] beat_q, beat1_q;
  logic on_q;
  logic [LATENCY-1:0] token_q;
  wire last = beat_q == BEATW'(KLM_SECTOR_BEATS - 1);
  assign valid_o = token_q[LATENCY-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_q  <= '0;
      on_q    <= 1'b0;
      token_q <= '0;
    end else begin
      if (valid_i) beat_q <= last ? '0 : beat_q + 1'b1;
      on_q <= valid_i;
      token_q <= {token_q[LATENCY-2:0], valid_i && last};
    end
    // Of the beat in stage 1, or of the one to come.
    beat1_q <= beat_q;
  end

  // ---------------------------------------------------------------------------- stages 1, 2
  // before_q: last sector of the beat before; first_q: first sector of the ring.
  logic [MW-1:0] before_q, first_q;
  logic [PER-1:0] starts, alone, both;
  logic [PER*MW-1:0] hits_q;
  for (genvar k = 0; k < PER; k++) begin : g_slot
    wire [SW-1:0] coming = SW'(PER) * SW'(beat_q) + SW'(k);
    always_ff @(posedge clk_i) begin
      if (valid_i)
        hits_q[k*MW+:MW] <= data_i[KLM_SECTOR_BEAT_MASK_LOW+k*MW+:MW] &
            (coming < SW'(BARREL) ? barrel_mask : endcap_mask);
    end

    wire [SW-1:0] sector = SW'(PER) * SW'(beat1_q) + SW'(k);
    wire [MW-1:0] hits = hits_q[k*MW+:MW];
    wire [MW-1:0] lower;
    if (k == 0) begin : g_first
      assign lower = before_q;
    end else begin : g_later
      assign lower = hits_q[(k-1)*MW+:MW];
    end
    assign starts[k] = sector % SW'(BARREL_RING) == '0 ||
        (sector >= SW'(BARREL) && sector % SW'(ENDCAP_RING) == '0);
    klm_sector_enough #(
        .W (MW),
        .PW(PW)
    ) u_alone (
        .hits_i  (hits),
        .planes_i(sector < SW'(BARREL) ? barrel_planes : endcap_planes),
        .enough_o(alone[k])
    );
    // Before sector 0 comes the last one of the frame before, of an endcap.
    klm_sector_enough #(
        .W (MW),
        .PW(PW)
    ) u_both (
        .hits_i  (lower | (starts[k] ? first_q : hits)),
        .planes_i(sector != '0 && sector <= SW'(BARREL) ? barrel_planes : endcap_planes),
        .enough_o(both[k])
    );
  end
  logic [N-1:0] alone_q;
  // both_q[s]: sector s - 1 and the next one in its ring.
  logic [N-1:1] both_q;
  always_ff @(posedge clk_i) begin
    if (on_q) begin
      alone_q  <= {alone, alone_q[N-1:PER]};
      both_q   <= {both, both_q[N-1:PER+1]};
      before_q <= hits_q[(PER-1)*MW+:MW];
      for (int k = 0; k < PER; k++) if (starts[k]) first_q <= hits_q[k*MW+:MW];
    end
  end

  // ---------------------------------------------------------------------------- stage 3
  // The last pair of the last ring is in the first slot, whether or not the next frame follows.
  logic [N-1:0] alone3_q, both3_q;
  always_ff @(posedge clk_i) begin
    alone3_q <= alone_q;
    both3_q  <= {both[0], both_q};
  end

  // ---------------------------------------------------------------------------- stage 4
  logic [N-1:0] joint, recovered;
  for (genvar s = 0; s < N; s++) begin : g_sector
    localparam RING = s < BARREL ? BARREL_RING : ENDCAP_RING;
    localparam FIRST = s / RING * RING;
    localparam NEXT = FIRST + (s + 1 - FIRST) % RING;
    localparam PREVIOUS = FIRST + (s + RING - 1 - FIRST) % RING;
    assign joint[s] = recovery && both3_q[s] && !alone3_q[s] && !alone3_q[NEXT];
    assign recovered[s] = joint[s] || joint[PREVIOUS];
  end
  wire [N-1:0] fired = alone3_q | recovered;
  wire [BARREL_RING-1:0] around = fired[0+:BARREL_RING] | fired[BARREL_RING+:BARREL_RING];
  wire [ENDCAP_RING-1:0] across = fired[BARREL+:ENDCAP_RING] |
      fired[BARREL+ENDCAP_RING+:ENDCAP_RING];
  wire klmb2b = |(around[0+:BARREL_RING/2] & around[BARREL_RING/2+:BARREL_RING/2]);
  wire eklmb2b = |(across[0+:ENDCAP_RING/2] & across[ENDCAP_RING/2+:ENDCAP_RING/2]);
  logic [SW-1:0] klm, eklm;
  always_comb begin
    klm  = '0;
    eklm = '0;
    for (int s = 0; s < BARREL; s++) klm = klm + SW'(fired[s]);
    for (int s = 0; s < ENDCAP; s++) eklm = eklm + SW'(fired[BARREL+s]);
  end
  logic [KW-1:0] clock_q;
  always_ff @(posedge clk_i) begin
    if (valid_i && last) clock_q <= data_i[KLM_SECTOR_BEAT_CLOCK_LOW+:KW];
    data_o <= {
      clock_q,
      eklmb2b,
      klmb2b,
      |eklm[SW-1:CW] ? {CW{1'b1}} : eklm[CW-1:0],
      |klm[SW-1:CW] ? {CW{1'b1}} : klm[CW-1:0],
      recovered,
      fired
    };
  end
endmodule
