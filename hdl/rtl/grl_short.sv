// Short and inner tracks from patterns of segments: see docs/reference/grl_short.md. Stages: 1, 2 bins of
// full tracks at superlayer 2, 3 map of them, 4 veto, 5 patterns, 6 counts and word. Large stages work only
// where a frame is in them.
module grl_short
  import l1_pkg::*;
(
    input  logic                          clk_i,
    input  logic                          rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                          cfg_valid_i,
    input  logic [                  11:0] cfg_addr_i,
    input  logic [                  31:0] cfg_data_i,
    input  logic                          valid_i,
    input  logic [GRL_SEGMENTS_WIDTH-1:0] data_i,
    output logic                          valid_o,
    output logic [   GRL_SHORT_WIDTH-1:0] data_o
);
  localparam BINS = GRL_SHORT_SHORT_N;
  localparam BW = $clog2(BINS);
  localparam SEGMENTS = GRL_SEGMENTS_SEGMENT_N;
  localparam TRACKS = GRL_SEGMENTS_VALID_N;
  localparam PER = TRACKS / 4;
  localparam PW = GRL_SEGMENTS_PHI0_W;
  localparam OW = GRL_SEGMENTS_OMEGA_W;
  localparam GW = SHORT_VETO_GROWTH_W;
  localparam KW = GRL_SHORT_CLOCK_W;
  localparam LATENCY = GRL_SHORT_LATENCY;
  localparam PHI_BINS = GRL_SHORT_SHORT_ECL_N / 2;
  localparam SECTORS = GRL_SHORT_SHORT_KLM_N / 2;
  localparam QUADRANT = BINS / SECTORS;
  localparam TS = GRL_SHORT_TS_N;

  logic [GRL_SHORT_REG_VETO_W-1:0] veto;
  grl_short_registers u_registers (.*);

  logic [LATENCY-1:0] valid_q;
  assign valid_o = valid_q[LATENCY-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[LATENCY-2:0], valid_i};
  end

  // Segments and clock wait for the veto.
  logic [SEGMENTS-1:0] segment1_q, segment2_q, segment3_q, segment4_q;
  logic [(LATENCY-1)*KW-1:0] clock_q;
  always_ff @(posedge clk_i) begin
    segment1_q <= data_i[GRL_SEGMENTS_SEGMENT_LOW+:SEGMENTS];
    segment2_q <= segment1_q;
    segment3_q <= segment2_q;
    clock_q <= {clock_q[(LATENCY-2)*KW-1:0], data_i[GRL_SEGMENTS_CLOCK_LOW+:KW]};
  end

  // ---------------------------------------------------------------------------- stages 1, 2
  logic [TRACKS*BINS-1:0] bin2_q;
  logic [TRACKS*GW-1:0] growth2_q;
  for (genvar t = 0; t < TRACKS; t++) begin : g_track
    grl_short_bin #(
        .START(SHORT_FIRST_HALF_CELL + t / PER * SHORT_QUADRANT_HALF_CELLS),
        .BINS (BINS)
    ) u_bin (
        .clk_i,
        .valid_i (data_i[GRL_SEGMENTS_VALID_LOW+t]),
        .phi0_i  (data_i[GRL_SEGMENTS_PHI0_LOW+t*PW+:PW]),
        .omega_i (data_i[GRL_SEGMENTS_OMEGA_LOW+t*OW+:OW]),
        .bin_o   (bin2_q[t*BINS+:BINS]),
        .growth_o(growth2_q[t*GW+:GW])
    );
  end

  // ---------------------------------------------------------------------------- stage 3
  // Bins of full tracks, each widened by what its curvature asks for.
  logic [BINS-1:0] near3_q;
  always_ff @(posedge clk_i) begin : widen
    logic [BINS-1:0] at, near;
    if (valid_q[1]) begin
      near = '0;
      for (int g = SHORT_VETO_GROWTH_MOST; g >= 0; g--) begin
        at = '0;
        for (int t = 0; t < TRACKS; t++) begin
          if (growth2_q[t*GW+:GW] == GW'(g)) at = at | bin2_q[t*BINS+:BINS];
        end
        // What is wider has been taken up before, and grows with each step.
        near = near | {near[0], near[BINS-1:1]} | {near[BINS-2:0], near[BINS-1]} | at;
      end
      near3_q <= near;
    end
  end

  // ---------------------------------------------------------------------------- stage 4
  // Bit i is bit i + by, round the circle.
  function automatic logic [BINS-1:0] beyond(input logic [BINS-1:0] mask, input int by);
    beyond = (mask >> by) | (mask << (BINS - by));
  endfunction

  logic [BINS-1:0] inner4_q, inner5_q;
  always_ff @(posedge clk_i) begin : select
    logic [BINS-1:0] taken, inner1, inner2;
    if (valid_q[2]) begin
      // A full track takes the bins at most `veto` away.
      taken = '0;
      for (int d = 0; d <= BINS / 2; d++) begin
        if (BW'(d) <= veto && veto != BW'(SHORT_NO_VETO))
          taken = taken | beyond(near3_q, d) | beyond(near3_q, BINS - d);
      end
      inner1 = '0;
      for (int d = SHORT_INNER_FIRST1; d <= SHORT_INNER_LAST1; d++)
        inner1 = inner1 | beyond(segment3_q[BINS+:BINS], (d + BINS) % BINS);
      inner2 = '0;
      for (int d = SHORT_INNER_FIRST2; d <= SHORT_INNER_LAST2; d++)
        inner2 = inner2 | beyond(segment3_q[2*BINS+:BINS], (d + BINS) % BINS);
      segment4_q <= {segment3_q[SEGMENTS-1:BINS], segment3_q[BINS-1:0] & ~taken};
      inner4_q   <= segment3_q[BINS-1:0] & inner1 & inner2;
    end
  end
  always_ff @(posedge clk_i) inner5_q <= inner4_q;

  // ---------------------------------------------------------------------------- stage 5
  logic [BINS-1:0] short5_q;
  logic [2*BINS-1:0] ecl5_q, klm5_q;
  grl_short_patterns #(
      .BINS(BINS)
  ) u_patterns (
      .clk_i,
      .valid_i  (valid_q[3]),
      .segment_i(segment4_q),
      .short_o  (short5_q),
      .ecl_o    (ecl5_q),
      .klm_o    (klm5_q)
  );

  // ---------------------------------------------------------------------------- stage 6
  // A run ends where the next bin is empty; a full circle is one run.
  wire [BINS-1:0] ends = short5_q & ~{short5_q[0], short5_q[BINS-1:1]};
  always_ff @(posedge clk_i) begin : tell
    logic [BW-1:0] runs;
    logic [TS-1:0] ts;
    logic [2*PHI_BINS-1:0] phi;
    logic [2*SECTORS-1:0] sector;
    if (valid_q[4]) begin
      runs = BW'(&short5_q);
      for (int b = 0; b < BINS; b++) runs = runs + BW'(ends[b]);
      for (int i = 0; i < TS - 1; i++) ts[i] = runs == BW'(i + 1);
      ts[TS-1] = runs >= BW'(TS);
      phi    = '0;
      sector = '0;
      for (int s = 0; s < 2; s++) begin
        for (int b = 0; b < BINS; b++) begin
          if (ecl5_q[s*BINS+b]) phi[s*PHI_BINS+(2*b+1)*PHI_BINS/(2*BINS)] = 1'b1;
          // The bins beside count too.
          for (int d = BINS - SHORT_KLM_MARGIN; d <= BINS + SHORT_KLM_MARGIN; d++)
            if (klm5_q[s*BINS+b]) sector[s*SECTORS+(b+d)%BINS/QUADRANT] = 1'b1;
        end
      end
      data_o <= {
        clock_q[(LATENCY-2)*KW+:KW], |inner5_q, ts, sector, phi,
        |ecl5_q[BINS+:BINS], |ecl5_q[0+:BINS], inner5_q, short5_q
      };
    end
  end
endmodule
