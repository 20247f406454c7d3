// Part of ecl_cluster: fired cells, barrel ring sums and the highest cell, while the beats come in;
// endcap ring sums after the last beat.
module ecl_cluster_sums
  import l1_pkg::*;
(
    input  logic                                                clk_i,
    input  logic                                                rst_ni,
    input  logic                                                valid_i,
    input  logic [                                         3:0] beat_i,
    input  logic [ECL_CLUSTER_BEAT_ENERGY_N*ECL_FRAME_ENERGY_W-1:0] energy_i,
    input  logic [  ECL_CLUSTER_BEAT_TIME_N*ECL_FRAME_TIME_W-1:0] time_i,
    // Endcap cells, held from the first clock after the last beat.
    input  logic [   (ECL_FIRST_BARREL-1)*ECL_FRAME_ENERGY_W-1:0] forward_energy_i,
    input  logic [ECL_ENDCAP_GROUPS*ECL_BACKWARD_GROUP*ECL_FRAME_ENERGY_W-1:0] backward_energy_i,
    // The i-th clock after the one that takes the last beat.
    input  logic [                                         8:0] token_i,
    // Complete when token 0 is high; the others 4 and 10 clocks after the last beat.
    output logic [                   ECL_FRAME_ENERGY_N-1:0]    fired_o,
    output logic [ECL_CLUSTERS_RING_ENERGY_N*ECL_CLUSTERS_RING_ENERGY_W-1:0] rings_o,
    // {energy, time, id}
    output logic [ECL_FRAME_ENERGY_W+ECL_FRAME_TIME_W+ECL_CLUSTERS_TC_W-1:0] best_o
);
  localparam LANES = ECL_CLUSTER_BEAT_ENERGY_N;
  localparam EW = ECL_FRAME_ENERGY_W;
  localparam TW = ECL_FRAME_TIME_W;
  localparam IDW = ECL_CLUSTERS_TC_W;
  localparam RW = ECL_CLUSTERS_RING_ENERGY_W;
  localparam ROWS = ECL_BARREL_RINGS;
  localparam FK = ECL_FORWARD_GROUP;
  localparam BK = ECL_BACKWARD_GROUP;

  function automatic [RW-1:0] add(input [RW-1:0] a, input [RW-1:0] b);
    logic [RW:0] total;
    total = {1'b0, a} + {1'b0, b};
    add = total[RW] ? '1 : total[RW-1:0];
  endfunction

  // Beats without a fired cell, most of them, cost nothing further.
  logic beat1_q, beat2_q, beat3_q, some1_q, some2_q, some3_q;
  logic [3:0] number1_q, number2_q, number3_q;
  logic [LANES*EW-1:0] energy1_q;
  logic [LANES*TW-1:0] time1_q;
  wire some = |energy_i;
  always_ff @(posedge clk_i) begin
    beat1_q <= rst_ni && valid_i;
    beat2_q <= rst_ni && beat1_q;
    beat3_q <= rst_ni && beat2_q;
    if (valid_i) begin
      some1_q   <= some;
      number1_q <= beat_i;
      if (some) begin : lanes
        logic [LANES-1:0] fired;
        for (int j = 0; j < LANES; j++) fired[j] = |energy_i[j*EW+:EW];
        fired_o[beat_i*LANES+:LANES] <= fired;
        energy1_q <= energy_i;
        time1_q <= time_i;
      end else begin
        fired_o[beat_i*LANES+:LANES] <= '0;
      end
    end
    if (beat1_q) begin
      some2_q   <= some1_q;
      number2_q <= number1_q;
    end
    if (beat2_q) begin
      some3_q   <= some2_q;
      number3_q <= number2_q;
    end
  end

  // Barrel rings: three cells a beat each, then into the ring's sum. The first barrel cell is lane 8
  // of beat 2: lanes 8 to 19 and 20 to 31 are two columns, 32 to 35 and, one beat later, 0 to 7 two
  // pieces of a third.
  localparam LANE_0 = 8;
  localparam LANE_1 = LANE_0 + ROWS;
  localparam LANE_2 = LANE_1 + ROWS;
  localparam LOWER = LANES - LANE_2;
  localparam [3:0] FIRST_BEAT = 4'd2, LAST_BEAT = 4'd14;
  logic [ROWS*RW-1:0] three_q, ring_q, barrel_q;
  wire columns_in = number1_q >= FIRST_BEAT && number1_q < LAST_BEAT;
  wire upper_in = number1_q > FIRST_BEAT && number1_q <= LAST_BEAT;
  for (genvar r = 0; r < ROWS; r++) begin : g_ring
    localparam THIRD = r < LOWER ? LANE_2 + r : r - LOWER;
    always_ff @(posedge clk_i) begin
      if (beat1_q && some1_q)
        three_q[r*RW+:RW] <=
            (columns_in ? RW'(energy1_q[(LANE_0+r)*EW+:EW]) + RW'(energy1_q[(LANE_1+r)*EW+:EW])
                        : '0) +
            ((r < LOWER ? columns_in : upper_in) ? RW'(energy1_q[THIRD*EW+:EW]) : '0);
      if (beat2_q) begin
        if (number2_q == '0) ring_q[r*RW+:RW] <= '0;
        else if (some2_q) ring_q[r*RW+:RW] <= add(ring_q[r*RW+:RW], three_q[r*RW+:RW]);
      end
    end
  end
  always_ff @(posedge clk_i) if (token_i[2]) barrel_q <= ring_q;

  // Highest cell: three lanes to one, twelve to one, then against the best so far. The left one, of
  // lower id, wins among equals: {energy, time, lane}.
  localparam TRIPLES = LANES / 3;
  localparam TOPW = EW + TW + 6;
  function automatic [TOPW-1:0] pick(input [TOPW-1:0] left, input [TOPW-1:0] right);
    pick = right[TOPW-1-:EW] > left[TOPW-1-:EW] ? right : left;
  endfunction
  logic [TRIPLES*TOPW-1:0] triple_q;
  logic [TOPW-1:0] top_q;
  logic [EW+TW+IDW-1:0] best_q;
  for (genvar j = 0; j < TRIPLES; j++) begin : g_triple
    always_ff @(posedge clk_i) begin
      if (beat1_q && some1_q)
        triple_q[j*TOPW+:TOPW] <= pick(
            pick({energy1_q[3*j*EW+:EW], time1_q[3*j*TW+:TW], 6'(3 * j)},
                 {energy1_q[(3*j+1)*EW+:EW], time1_q[(3*j+1)*TW+:TW], 6'(3 * j + 1)}),
            {energy1_q[(3*j+2)*EW+:EW], time1_q[(3*j+2)*TW+:TW], 6'(3 * j + 2)});
    end
  end
  wire [IDW-1:0] top_id = IDW'(number3_q) * IDW'(LANES) + IDW'(top_q[5:0]) + IDW'(1);
  always_ff @(posedge clk_i) begin
    if (beat2_q && some2_q) begin : twelve
      logic [TOPW-1:0] a, b, c;
      a = pick(pick(triple_q[0+:TOPW], triple_q[TOPW+:TOPW]),
               pick(triple_q[2*TOPW+:TOPW], triple_q[3*TOPW+:TOPW]));
      b = pick(pick(triple_q[4*TOPW+:TOPW], triple_q[5*TOPW+:TOPW]),
               pick(triple_q[6*TOPW+:TOPW], triple_q[7*TOPW+:TOPW]));
      c = pick(pick(triple_q[8*TOPW+:TOPW], triple_q[9*TOPW+:TOPW]),
               pick(triple_q[10*TOPW+:TOPW], triple_q[11*TOPW+:TOPW]));
      top_q <= pick(pick(a, b), c);
    end
    if (beat3_q) begin
      if (some3_q && (number3_q == '0 || top_q[TOPW-1-:EW] > best_q[IDW+TW+:EW]))
        best_q <= {top_q[TOPW-1-:EW+TW], top_id};
      else if (number3_q == '0) best_q <= '0;
    end
    if (token_i[3]) best_o <= best_q;
  end

  // Endcap rings: two groups a clock, on tokens 1 to 8.
  logic [2:0] group_q;
  logic [RW-1:0] ring1_q, ring2_q, ring3_q, ring16_q, ring17_q;
  wire fresh = token_i[1];
  always_ff @(posedge clk_i) begin
    if (token_i[0]) group_q <= '0;
    else if (token_i[8:1] != '0) begin : two_groups
      logic [2*FK*EW-1:0] f;
      logic [2*BK*EW-1:0] b;
      f = forward_energy_i[group_q*2*FK*EW+:2*FK*EW];
      b = backward_energy_i[group_q*2*BK*EW+:2*BK*EW];
      group_q <= group_q + 3'd1;
      ring1_q <= add(fresh ? '0 : ring1_q, RW'(f[0*EW+:EW]) + RW'(f[5*EW+:EW]));
      ring2_q <= add(fresh ? '0 : ring2_q, RW'(f[1*EW+:EW]) + RW'(f[4*EW+:EW]) +
                                           RW'(f[6*EW+:EW]) + RW'(f[9*EW+:EW]));
      ring3_q <= add(fresh ? '0 : ring3_q, RW'(f[2*EW+:EW]) + RW'(f[3*EW+:EW]) +
                                           RW'(f[7*EW+:EW]) + RW'(f[8*EW+:EW]));
      ring16_q <= add(fresh ? '0 : ring16_q, RW'(b[1*EW+:EW]) + RW'(b[2*EW+:EW]) +
                                             RW'(b[5*EW+:EW]) + RW'(b[6*EW+:EW]));
      ring17_q <= add(fresh ? '0 : ring17_q, RW'(b[0*EW+:EW]) + RW'(b[3*EW+:EW]) +
                                             RW'(b[4*EW+:EW]) + RW'(b[7*EW+:EW]));
    end
  end
  assign rings_o = {ring17_q, ring16_q, barrel_q, ring3_q, ring2_q, ring1_q};
endmodule
