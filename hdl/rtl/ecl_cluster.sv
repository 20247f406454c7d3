// Isolated clusters, ring sums and event time of one window of trigger cells: see
// docs/reference/ecl_cluster.md. A frame enters on 16 beats of 36 cells in rising order of cell id.
// After the last beat the seeds are found at once as bit vectors, then taken out one a clock; each
// runs through: 3x3 around the seed, highest cell, 3x3 around that, sums, mean time.
module ecl_cluster
  import l1_pkg::*;
(
    input  logic                              clk_i,
    input  logic                              rst_ni,
    input  logic                              valid_i,
    input  logic [ECL_CLUSTER_BEAT_WIDTH-1:0] data_i,
    output logic                              valid_o,
    output logic [    ECL_CLUSTERS_WIDTH-1:0] data_o
);
  localparam EW = ECL_FRAME_ENERGY_W;
  localparam TW = ECL_FRAME_TIME_W;
  localparam IDW = ECL_CLUSTERS_TC_W;
  localparam N = ECL_CLUSTERS_VALID_N;
  localparam CEW = ECL_CLUSTERS_ENERGY_W;
  localparam NW = ECL_CLUSTERS_N_TC_W;
  localparam LATENCY = ECL_CLUSTER_LATENCY;
  localparam [3:0] LAST_BEAT = 4'(ECL_CLUSTER_BEATS - 1);

  // ---------------------------------------------------------------------------- control
  logic [3:0] beat_q;
  logic side_q;
  // token[i] is high after the i-th clock from the one that takes the last beat.
  logic [LATENCY-1:0] token_q;
  wire last = beat_q == LAST_BEAT;
  assign valid_o = token_q[LATENCY-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_q  <= '0;
      side_q  <= 1'b0;
      token_q <= '0;
    end else begin
      token_q <= {token_q[LATENCY-2:0], valid_i && last};
      if (valid_i) begin
        beat_q <= last ? '0 : beat_q + 4'd1;
        if (last) side_q <= !side_q;
      end
    end
  end

  logic [ECL_CLUSTERS_FRAME_W-1:0] frame_in_q, frame_q;
  always_ff @(posedge clk_i) begin
    if (valid_i && last) frame_in_q <= data_i[ECL_CLUSTER_BEAT_FRAME_LOW+:ECL_CLUSTERS_FRAME_W];
    if (token_q[2]) frame_q <= frame_in_q;
  end

  // ---------------------------------------------------------------------------- parts
  logic [ECL_FRAME_ENERGY_N-1:0] fired;
  logic [ECL_CLUSTERS_RING_ENERGY_N*ECL_CLUSTERS_RING_ENERGY_W-1:0] rings;
  logic [EW+TW+IDW-1:0] best;
  logic [(ECL_FIRST_BARREL-1)*EW-1:0] forward_energy;
  logic [ECL_ENDCAP_GROUPS*ECL_BACKWARD_GROUP*EW-1:0] backward_energy;
  ecl_cluster_sums u_sums (
      .clk_i,
      .rst_ni,
      .valid_i,
      .beat_i           (beat_q),
      .energy_i         (data_i[0+:ECL_CLUSTER_BEAT_ENERGY_N*EW]),
      .time_i           (data_i[ECL_CLUSTER_BEAT_TIME_LOW+:ECL_CLUSTER_BEAT_TIME_N*TW]),
      .forward_energy_i (forward_energy),
      .backward_energy_i(backward_energy),
      .token_i          (token_q[8:0]),
      .fired_o          (fired),
      .rings_o          (rings),
      .best_o           (best)
  );

  logic seed, overflow;
  logic [1:0] seed_part;
  logic [5:0] seed_column;
  logic [3:0] seed_position;
  logic [2:0] seed_slot;
  logic [ECL_CLUSTERS_ICN_W-1:0] icn;
  ecl_cluster_seeds u_seeds (
      .clk_i,
      .rst_ni,
      .token_i   (token_q[7:0]),
      .fired_i   (fired),
      .seed_o    (seed),
      .part_o    (seed_part),
      .column_o  (seed_column),
      .position_o(seed_position),
      .slot_o    (seed_slot),
      .icn_o     (icn),
      .overflow_o(overflow)
  );

  // Candidates for the centre: {energy, ~id, column, position}; the highest energy wins, then the
  // lowest id.
  localparam KEYW = 32;
  logic keys_q, centre_q, cells_q;
  logic [1:0] keys_part_q, centre_part_q;
  logic [2:0] keys_slot_q, centre_slot_q, cells_slot_q;
  logic [9*KEYW-1:0] keys;
  /* verilator lint_off UNUSEDSIGNAL */  // the energy of the centre is read again with its 3x3
  logic [KEYW-1:0] centre_key_q;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [IDW-1:0] cells_id_q;
  logic [9*EW-1:0] cell_energy;
  logic [9*TW-1:0] cell_time;
  ecl_cluster_cells u_cells (
      .clk_i,
      .valid_i,
      .beat_i           (beat_q),
      .side_i           (side_q),
      .data_i           (data_i[0+:ECL_CLUSTER_BEAT_FRAME_LOW]),
      .hold_i           (token_q[0]),
      .first_i          (seed),
      .first_part_i     (seed_part),
      .first_column_i   (seed_column),
      .first_position_i (seed_position),
      .second_i         (centre_q),
      .second_part_i    (centre_part_q),
      .second_column_i  (centre_key_q[4+:6]),
      .second_position_i(centre_key_q[0+:4]),
      .key_o            (keys),
      .energy_o         (cell_energy),
      .time_o           (cell_time),
      .forward_energy_o (forward_energy),
      .backward_energy_o(backward_energy)
  );
  function automatic [KEYW-1:0] higher(input [KEYW-1:0] a, input [KEYW-1:0] b);
    higher = b[KEYW-1-:EW+IDW] > a[KEYW-1-:EW+IDW] ? b : a;
  endfunction
  always_ff @(posedge clk_i) begin
    keys_q <= rst_ni && seed;
    if (seed) begin
      keys_part_q <= seed_part;
      keys_slot_q <= seed_slot;
    end
    centre_q <= rst_ni && keys_q;
    if (keys_q) begin : highest
      logic [KEYW-1:0] a, b;
      a = higher(higher(keys[0+:KEYW], keys[KEYW+:KEYW]),
                 higher(keys[2*KEYW+:KEYW], keys[3*KEYW+:KEYW]));
      b = higher(higher(keys[4*KEYW+:KEYW], keys[5*KEYW+:KEYW]),
                 higher(keys[6*KEYW+:KEYW], keys[7*KEYW+:KEYW]));
      centre_key_q  <= higher(higher(a, b), keys[8*KEYW+:KEYW]);
      centre_part_q <= keys_part_q;
      centre_slot_q <= keys_slot_q;
    end
    cells_q <= rst_ni && centre_q;
    if (centre_q) begin
      cells_slot_q <= centre_slot_q;
      cells_id_q   <= ~centre_key_q[10+:IDW];
    end
  end

  logic mean;
  logic [2:0] slot;
  logic [IDW-1:0] id;
  logic [CEW-1:0] energy;
  logic [TW-1:0] mean_time;
  logic [NW-1:0] count;
  ecl_cluster_mean u_mean (
      .clk_i,
      .rst_ni,
      .valid_i (cells_q),
      .slot_i  (cells_slot_q),
      .id_i    (cells_id_q),
      .energy_i(cell_energy),
      .time_i  (cell_time),
      .valid_o (mean),
      .slot_o  (slot),
      .id_o    (id),
      .energy_o(energy),
      .time_o  (mean_time),
      .count_o (count)
  );

  // ---------------------------------------------------------------------------- frame out
  logic [N-1:0] out_valid_q;
  logic [N*IDW-1:0] out_id_q;
  logic [N*CEW-1:0] out_energy_q;
  logic [N*TW-1:0] out_time_q;
  logic [N*NW-1:0] out_count_q;
  wire emit = token_q[LATENCY-2];
  always_ff @(posedge clk_i) begin
    if (!rst_ni || emit) begin
      out_valid_q  <= '0;
      out_id_q     <= '0;
      out_energy_q <= '0;
      out_time_q   <= '0;
      out_count_q  <= '0;
    end else if (mean) begin
      out_valid_q[slot] <= 1'b1;
      out_id_q[slot*IDW+:IDW] <= id;
      out_energy_q[slot*CEW+:CEW] <= energy;
      out_time_q[slot*TW+:TW] <= mean_time;
      out_count_q[slot*NW+:NW] <= count;
    end
    if (emit)
      data_o <= {
        frame_q,
        best[IDW+:TW],
        best[IDW+TW+:EW],
        best[0+:IDW],
        rings,
        icn,
        overflow,
        out_count_q,
        out_time_q,
        out_energy_q,
        out_id_q,
        out_valid_q
      };
  end
endmodule
