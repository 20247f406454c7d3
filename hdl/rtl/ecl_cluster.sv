// Isolated clusters, ring sums and event time of one window of trigger cells: see
// docs/reference/ecl_cluster.md. A frame enters on 16 beats of 36 cells in rising order of cell id.
// After the last beat the seeds are found at once as bit vectors, then taken out one a clock.
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
  localparam LANES = ECL_CLUSTER_BEAT_ENERGY_N;
  localparam BEATS = ECL_CLUSTER_BEATS;
  localparam EW = ECL_FRAME_ENERGY_W;
  localparam TW = ECL_FRAME_TIME_W;
  localparam IDW = ECL_CLUSTERS_TC_W;
  localparam N = ECL_CLUSTERS_VALID_N;
  localparam CEW = ECL_CLUSTERS_ENERGY_W;
  localparam RW = ECL_CLUSTERS_RING_ENERGY_W;
  // Barrel: columns of 12 cells, 36 columns. Endcaps: groups of 5 and 4 cells, 16 groups.
  localparam ROWS = ECL_BARREL_RINGS;
  localparam COLUMNS = ECL_BARREL_PHI;
  localparam GROUPS = ECL_ENDCAP_GROUPS;
  localparam FK = ECL_FORWARD_GROUP;
  localparam BK = ECL_BACKWARD_GROUP;
  localparam BARREL = ROWS * COLUMNS;
  localparam FORWARD = FK * GROUPS;
  localparam BACKWARD = BK * GROUPS;
  localparam CELLS = FORWARD + BARREL + BACKWARD;
  // The 3x3.
  localparam WIN = 9;
  // A candidate for the centre: {energy, ~id, column, position}; the largest one wins.
  localparam COLW = 6;
  localparam POSW = 4;
  localparam KEYW = EW + IDW + COLW + POSW;
  // Parts, in the order in which they fill the output.
  localparam [1:0] IN_BARREL = 2'd0, IN_FORWARD = 2'd1, IN_BACKWARD = 2'd2;
  // Sums of one 3x3: energy, energy x time.
  localparam SUMW = 16;
  localparam PRODW = EW + TW;
  localparam WSUMW = 24;
  localparam DIV_STAGES = 4;

  // ---------------------------------------------------------------------------- frame in
  // The first barrel cell is lane 8 of beat 2: lanes 8 to 19 and 20 to 31 are two whole columns
  // (number 0 and 1 modulo 3), lanes 32 to 35 and, one beat later, 0 to 7 the two pieces of a third.
  localparam LANE_0 = 8;
  localparam LANE_1 = LANE_0 + ROWS;
  localparam LANE_2 = LANE_1 + ROWS;
  localparam LOWER = LANES - LANE_2;
  localparam FIRST_BEAT = 2;
  localparam LAST_BEAT = 14;
  localparam BEATW = 4;
  localparam TIME_LOW = ECL_CLUSTER_BEAT_TIME_LOW;

  logic [BEATW-1:0] beat_q;
  logic side_q;
  wire last = beat_q == BEATW'(BEATS - 1);
  // token[i] is high after the i-th clock from the one that takes the last beat.
  logic [ECL_CLUSTER_LATENCY-1:0] token_q;
  assign valid_o = token_q[ECL_CLUSTER_LATENCY-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_q  <= '0;
      side_q  <= 1'b0;
      token_q <= '0;
    end else begin
      token_q <= {token_q[ECL_CLUSTER_LATENCY-2:0], valid_i && last};
      if (valid_i) begin
        beat_q <= last ? '0 : beat_q + BEATW'(1);
        if (last) side_q <= !side_q;
      end
    end
  end

  // Two frames of barrel cells; one is written while the other is read.
  logic [LANE_0*EW-1:0] upper_energy[2*BEATS];
  logic [ROWS*EW-1:0] column0_energy[2*BEATS];
  logic [ROWS*EW-1:0] column1_energy[2*BEATS];
  logic [LOWER*EW-1:0] lower_energy[2*BEATS];
  logic [LANE_0*TW-1:0] upper_time[2*BEATS];
  logic [ROWS*TW-1:0] column0_time[2*BEATS];
  logic [ROWS*TW-1:0] column1_time[2*BEATS];
  logic [LOWER*TW-1:0] lower_time[2*BEATS];
  wire [BEATW:0] write_at = {side_q, beat_q};
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      upper_energy[write_at] <= data_i[0+:LANE_0*EW];
      column0_energy[write_at] <= data_i[LANE_0*EW+:ROWS*EW];
      column1_energy[write_at] <= data_i[LANE_1*EW+:ROWS*EW];
      lower_energy[write_at] <= data_i[LANE_2*EW+:LOWER*EW];
      upper_time[write_at] <= data_i[TIME_LOW+:LANE_0*TW];
      column0_time[write_at] <= data_i[TIME_LOW+LANE_0*TW+:ROWS*TW];
      column1_time[write_at] <= data_i[TIME_LOW+LANE_1*TW+:ROWS*TW];
      lower_time[write_at] <= data_i[TIME_LOW+LANE_2*TW+:LOWER*TW];
    end
  end

  // Endcap cells. The forward ones come first and would be overwritten by the next frame: held.
  localparam F_TAIL = FORWARD - 2 * LANES;
  localparam B_HEAD = LANES - LANE_0;
  logic [FORWARD*EW-1:0] forward_in_energy, forward_energy;
  logic [FORWARD*TW-1:0] forward_in_time, forward_time;
  logic [BACKWARD*EW-1:0] backward_energy;
  logic [BACKWARD*TW-1:0] backward_time;
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      case (beat_q)
        4'd0: begin
          forward_in_energy[0+:LANES*EW] <= data_i[0+:LANES*EW];
          forward_in_time[0+:LANES*TW]   <= data_i[TIME_LOW+:LANES*TW];
        end
        4'd1: begin
          forward_in_energy[LANES*EW+:LANES*EW] <= data_i[0+:LANES*EW];
          forward_in_time[LANES*TW+:LANES*TW]   <= data_i[TIME_LOW+:LANES*TW];
        end
        4'd2: begin
          forward_in_energy[2*LANES*EW+:F_TAIL*EW] <= data_i[0+:F_TAIL*EW];
          forward_in_time[2*LANES*TW+:F_TAIL*TW]   <= data_i[TIME_LOW+:F_TAIL*TW];
        end
        4'd14: begin
          backward_energy[0+:B_HEAD*EW] <= data_i[LANE_0*EW+:B_HEAD*EW];
          backward_time[0+:B_HEAD*TW]   <= data_i[TIME_LOW+LANE_0*TW+:B_HEAD*TW];
        end
        4'd15: begin
          backward_energy[B_HEAD*EW+:LANES*EW] <= data_i[0+:LANES*EW];
          backward_time[B_HEAD*TW+:LANES*TW]   <= data_i[TIME_LOW+:LANES*TW];
        end
        default: ;
      endcase
    end
    if (token_q[0]) begin
      forward_energy <= forward_in_energy;
      forward_time   <= forward_in_time;
    end
  end

  // ---------------------------------------------------------------------------- sums and maximum
  function automatic [LANES-1:0] fired_lanes(input [LANES*EW-1:0] energies);
    for (int j = 0; j < LANES; j++) fired_lanes[j] = |energies[j*EW+:EW];
  endfunction

  // {energy, time, lane}; the left one, of lower id, wins among equals.
  localparam TOPW = EW + TW + 6;
  function automatic [TOPW-1:0] pick(input [TOPW-1:0] left, input [TOPW-1:0] right);
    pick = right[TOPW-1-:EW] > left[TOPW-1-:EW] ? right : left;
  endfunction

  function automatic [RW-1:0] add(input [RW-1:0] a, input [RW-1:0] b);
    logic [RW:0] total;
    total = {1'b0, a} + {1'b0, b};
    add = total[RW] ? '1 : total[RW-1:0];
  endfunction

  logic beat1_q, beat2_q, beat3_q, some1_q, some2_q, some3_q;
  logic [BEATW-1:0] number1_q, number2_q, number3_q;
  logic [LANES*EW-1:0] energy1_q;
  logic [LANES*TW-1:0] time1_q;
  logic [CELLS-1:0] fired_q;
  logic [ECL_CLUSTERS_FRAME_W-1:0] frame_q, frame_hold_q;
  wire some = |data_i[0+:LANES*EW];
  always_ff @(posedge clk_i) begin
    beat1_q <= rst_ni && valid_i;
    beat2_q <= rst_ni && beat1_q;
    beat3_q <= rst_ni && beat2_q;
    if (valid_i) begin
      some1_q   <= some;
      number1_q <= beat_q;
      fired_q[beat_q*LANES+:LANES] <= some ? fired_lanes(data_i[0+:LANES*EW]) : '0;
      if (last) frame_q <= data_i[ECL_CLUSTER_BEAT_FRAME_LOW+:ECL_CLUSTERS_FRAME_W];
      if (some) begin
        energy1_q <= data_i[0+:LANES*EW];
        time1_q   <= data_i[TIME_LOW+:LANES*TW];
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
    if (token_q[2]) frame_hold_q <= frame_q;
  end

  // Barrel rings: three cells a beat each, then into the ring's sum.
  logic [ROWS*RW-1:0] three_q, ring_q, ring_hold_q;
  wire columns_in = number1_q >= BEATW'(FIRST_BEAT) && number1_q < BEATW'(LAST_BEAT);
  wire upper_in = number1_q > BEATW'(FIRST_BEAT) && number1_q <= BEATW'(LAST_BEAT);
  for (genvar r = 0; r < ROWS; r++) begin : g_ring
    localparam THIRD = r < LOWER ? LANE_2 + r : r - LOWER;
    wire third_in = r < LOWER ? columns_in : upper_in;
    always_ff @(posedge clk_i) begin
      if (beat1_q && some1_q)
        three_q[r*RW+:RW] <=
            (columns_in ? RW'(energy1_q[(LANE_0+r)*EW+:EW]) + RW'(energy1_q[(LANE_1+r)*EW+:EW])
                        : '0) + (third_in ? RW'(energy1_q[THIRD*EW+:EW]) : '0);
      if (beat2_q) begin
        if (number2_q == '0) ring_q[r*RW+:RW] <= '0;
        else if (some2_q) ring_q[r*RW+:RW] <= add(ring_q[r*RW+:RW], three_q[r*RW+:RW]);
      end
    end
  end
  always_ff @(posedge clk_i) if (token_q[2]) ring_hold_q <= ring_q;

  // Highest cell: three lanes to one, twelve to one, then against the best so far.
  localparam TRIPLES = LANES / 3;
  logic [TRIPLES*TOPW-1:0] triple_q;
  logic [TOPW-1:0] top_q;
  logic [EW+TW+IDW-1:0] best_q, best_hold_q;
  for (genvar j = 0; j < TRIPLES; j++) begin : g_triple
    always_ff @(posedge clk_i) begin
      if (beat1_q && some1_q)
        triple_q[j*TOPW+:TOPW] <= pick(
            pick({energy1_q[3*j*EW+:EW], time1_q[3*j*TW+:TW], 6'(3 * j)},
                 {energy1_q[(3*j+1)*EW+:EW], time1_q[(3*j+1)*TW+:TW], 6'(3 * j + 1)}),
            {energy1_q[(3*j+2)*EW+:EW], time1_q[(3*j+2)*TW+:TW], 6'(3 * j + 2)});
    end
  end
  function automatic [TOPW-1:0] pick_quad(input [4*TOPW-1:0] four);
    pick_quad = pick(pick(four[0+:TOPW], four[TOPW+:TOPW]),
                     pick(four[2*TOPW+:TOPW], four[3*TOPW+:TOPW]));
  endfunction
  wire [IDW-1:0] top_id = IDW'(number3_q) * IDW'(LANES) + IDW'(top_q[5:0]) + IDW'(1);
  always_ff @(posedge clk_i) begin
    if (beat2_q && some2_q)
      top_q <= pick(pick(pick_quad(triple_q[0+:4*TOPW]), pick_quad(triple_q[4*TOPW+:4*TOPW])),
                    pick_quad(triple_q[8*TOPW+:4*TOPW]));
    if (beat3_q) begin
      if (some3_q && (number3_q == '0 || top_q[TOPW-1-:EW] > best_q[IDW+TW+:EW]))
        best_q <= {top_q[TOPW-1-:EW+TW], top_id};
      else if (number3_q == '0) best_q <= '0;
    end
    if (token_q[3]) best_hold_q <= best_q;
  end

  // Endcap rings: two groups a clock while the seeds are taken out.
  localparam PAIRS = GROUPS / 2;
  logic [2:0] group_q;
  wire scan = |token_q[PAIRS:1];
  wire fresh = token_q[1];
  logic [RW-1:0] ring1_q, ring2_q, ring3_q, ring16_q, ring17_q;
  wire [2*FK*EW-1:0] scan_forward = forward_energy[group_q*2*FK*EW+:2*FK*EW];
  wire [2*BK*EW-1:0] scan_backward = backward_energy[group_q*2*BK*EW+:2*BK*EW];
  // Cells of one ring: positions a and b of both groups.
  function automatic [RW-1:0] two_groups(input [2*FK*EW-1:0] cells, input [31:0] size,
                                         input [31:0] a, input [31:0] b);
    two_groups = RW'(cells[a*EW+:EW]) + RW'(cells[b*EW+:EW]);
    two_groups = two_groups + RW'(cells[(a+size)*EW+:EW]) + RW'(cells[(b+size)*EW+:EW]);
  endfunction
  wire [2*FK*EW-1:0] wide_backward = (2 * FK * EW)'(scan_backward);
  always_ff @(posedge clk_i) begin
    if (token_q[0]) group_q <= '0;
    else group_q <= group_q + 3'd1;
    if (scan) begin
      ring1_q <= add(fresh ? '0 : ring1_q,
                     RW'(scan_forward[0+:EW]) + RW'(scan_forward[FK*EW+:EW]));
      ring2_q <= add(fresh ? '0 : ring2_q, two_groups(scan_forward, FK, 1, 4));
      ring3_q <= add(fresh ? '0 : ring3_q, two_groups(scan_forward, FK, 2, 3));
      ring16_q <= add(fresh ? '0 : ring16_q, two_groups(wide_backward, BK, 1, 2));
      ring17_q <= add(fresh ? '0 : ring17_q, two_groups(wide_backward, BK, 0, 3));
    end
  end

  // ---------------------------------------------------------------------------- seeds
  // not (upper or left) and not (lower and lower left); +1 in the index is +1 in theta.
  function automatic [BARREL-1:0] barrel_seeds(input [BARREL-1:0] f);
    logic [BARREL-1:0] upper, left, lower, lower_left;
    upper = {f[BARREL-ROWS-1:0], f[BARREL-1-:ROWS]};
    left = {1'b0, f[BARREL-1:1]} & {COLUMNS{1'b0, {(ROWS - 1) {1'b1}}}};
    lower = {f[ROWS-1:0], f[BARREL-1:ROWS]};
    lower_left = {left[ROWS-1:0], left[BARREL-1:ROWS]};
    barrel_seeds = f & ~(upper | left) & ~(lower & lower_left);
  endfunction

  // Groups of ring 1, 2, 3, 3, 2; `f[i + n]` is n places on in the order of ids, closed in phi.
  function automatic [FORWARD-1:0] forward_seeds(input [FORWARD-1:0] f);
    logic [FORWARD-1:0] k0, k1, k2, k3, k4;
    k0 = {f[74:0], f[79:75]} | {f[0], f[79:1]} | {f[3:0], f[79:4]} |
         ({f[4:0], f[79:5]} & {f[5:0], f[79:6]});
    k1 = {f[77:0], f[79:78]} | {f[0], f[79:1]} | ({f[2:0], f[79:3]} & {f[1:0], f[79:2]});
    k2 = {f[75:0], f[79:76]};
    k3 = {f[78:0], f[79]};
    k4 = {f[76:0], f[79:77]} | {f[78:0], f[79]} | ({f[1:0], f[79:2]} & {f[2:0], f[79:3]});
    forward_seeds = f & ~((k0 & {GROUPS{5'b00001}}) | (k1 & {GROUPS{5'b00010}}) |
                          (k2 & {GROUPS{5'b00100}}) | (k3 & {GROUPS{5'b01000}}) |
                          (k4 & {GROUPS{5'b10000}}));
  endfunction

  // Groups of ring 17, 16 (upper half of the group in phi), 16, 17 (lower half).
  function automatic [BACKWARD-1:0] backward_seeds(input [BACKWARD-1:0] f);
    logic [BACKWARD-1:0] k0, k1, k2, k3;
    k0 = {f[2:0], f[63:3]};
    k1 = {f[0], f[63:1]} | {f[62:0], f[63]} | ({f[4:0], f[63:5]} & {f[5:0], f[63:6]});
    k2 = {f[58:0], f[63:59]} | {f[0], f[63:1]} | ({f[62:0], f[63]} & {f[61:0], f[63:62]});
    k3 = {f[56:0], f[63:57]};
    backward_seeds = f & ~((k0 & {GROUPS{4'b0001}}) | (k1 & {GROUPS{4'b0010}}) |
                           (k2 & {GROUPS{4'b0100}}) | (k3 & {GROUPS{4'b1000}}));
  endfunction

  function automatic [COLUMNS-1:0] columns(input [BARREL-1:0] seeds);
    for (int c = 0; c < COLUMNS; c++) columns[c] = |seeds[c*ROWS+:ROWS];
  endfunction
  function automatic [GROUPS-1:0] fives(input [FORWARD-1:0] seeds);
    for (int g = 0; g < GROUPS; g++) fives[g] = |seeds[g*FK+:FK];
  endfunction
  function automatic [GROUPS-1:0] fours(input [BACKWARD-1:0] seeds);
    for (int g = 0; g < GROUPS; g++) fours[g] = |seeds[g*BK+:BK];
  endfunction

  // Index of the lowest bit that is set.
  function automatic [COLW-1:0] first(input [63:0] bits);
    logic [31:0] b32;
    logic [15:0] b16;
    logic [ 7:0] b8;
    logic [ 3:0] b4;
    first[5] = bits[31:0] == '0;
    b32 = first[5] ? bits[63:32] : bits[31:0];
    first[4] = b32[15:0] == '0;
    b16 = first[4] ? b32[31:16] : b32[15:0];
    first[3] = b16[7:0] == '0;
    b8 = first[3] ? b16[15:8] : b16[7:0];
    first[2] = b8[3:0] == '0;
    b4 = first[2] ? b8[7:4] : b8[3:0];
    first[1] = b4[1:0] == '0;
    first[0] = first[1] ? !b4[2] : !b4[0];
  endfunction

  // Take out one seed a clock: barrel, forward, backward; within a part by rising id.
  logic [BARREL-1:0] barrel_q;
  logic [FORWARD-1:0] forward_q;
  logic [BACKWARD-1:0] backward_q;
  logic [COLUMNS-1:0] barrel_left_q;
  logic [GROUPS-1:0] forward_left_q, backward_left_q;
  wire taking = |token_q[N:1];
  wire [1:0] part = barrel_left_q != '0 ? IN_BARREL : forward_left_q != '0 ? IN_FORWARD :
                    IN_BACKWARD;
  wire any_left = barrel_left_q != '0 || forward_left_q != '0 || backward_left_q != '0;
  wire [COLW-1:0] column = first(
      part == IN_BARREL ? 64'(barrel_left_q) :
      part == IN_FORWARD ? 64'(forward_left_q) : 64'(backward_left_q));
  wire [ROWS-1:0] candidates =
      part == IN_BARREL ? barrel_q[column*ROWS+:ROWS] :
      part == IN_FORWARD ? ROWS'(forward_q[column*FK+:FK]) : ROWS'(backward_q[column*BK+:BK]);
  wire [POSW-1:0] position = POSW'(first(64'(candidates)));
  wire [ROWS-1:0] others = candidates & (candidates - ROWS'(1));
  logic [2:0] slot_q;
  logic overflow_q;
  always_ff @(posedge clk_i) begin
    if (token_q[0]) begin
      forward_q <= forward_seeds(fired_q[0+:FORWARD]);
      barrel_q <= barrel_seeds(fired_q[FORWARD+:BARREL]);
      backward_q <= backward_seeds(fired_q[FORWARD+BARREL+:BACKWARD]);
      forward_left_q <= fives(forward_seeds(fired_q[0+:FORWARD]));
      barrel_left_q <= columns(barrel_seeds(fired_q[FORWARD+:BARREL]));
      backward_left_q <= fours(backward_seeds(fired_q[FORWARD+BARREL+:BACKWARD]));
      slot_q <= '0;
    end else if (taking && any_left) begin
      slot_q <= slot_q + 3'd1;
      case (part)
        IN_BARREL: begin
          barrel_q[column*ROWS+:ROWS] <= others;
          barrel_left_q[column] <= others != '0;
        end
        IN_FORWARD: begin
          forward_q[column*FK+:FK] <= others[0+:FK];
          forward_left_q[column[3:0]] <= others != '0;
        end
        default: begin
          backward_q[column*BK+:BK] <= others[0+:BK];
          backward_left_q[column[3:0]] <= others != '0;
        end
      endcase
    end
    if (token_q[N+1]) overflow_q <= any_left;
  end

  // Isolated-cluster number: seeds outside rings 1, 16 and 17.
  localparam SLICES = 6;
  localparam SLICE = BARREL / SLICES;
  localparam ICN_W = ECL_CLUSTERS_ICN_W;
  logic [(SLICES+1)*7-1:0] partial_q;
  logic [ICN_W-1:0] icn_q;
  function automatic [ICN_W-1:0] icn(input [(SLICES+1)*7-1:0] parts);
    logic [9:0] total;
    total = '0;
    for (int s = 0; s <= SLICES; s++) total = total + 10'(parts[s*7+:7]);
    icn = total > 10'({ICN_W{1'b1}}) ? '1 : total[ICN_W-1:0];
  endfunction
  for (genvar s = 0; s < SLICES; s++) begin : g_slice
    always_ff @(posedge clk_i)
      if (token_q[1]) partial_q[s*7+:7] <= 7'($countones(barrel_q[s*SLICE+:SLICE]));
  end
  always_ff @(posedge clk_i) begin
    if (token_q[1])
      partial_q[SLICES*7+:7] <= 7'($countones(forward_q & {GROUPS{5'b11110}}));
    if (token_q[2]) icn_q <= icn(partial_q);
  end

  // ---------------------------------------------------------------------------- first 3x3: centre
  logic seed_q;
  logic [1:0] seed_part_q;
  logic [COLW-1:0] seed_column_q;
  logic [POSW-1:0] seed_position_q;
  logic [2:0] seed_slot_q;
  always_ff @(posedge clk_i) begin
    seed_q <= rst_ni && taking && any_left;
    if (taking) begin
      seed_part_q <= part;
      seed_column_q <= column;
      seed_position_q <= position;
      seed_slot_q <= slot_q;
    end
  end

  function automatic [COLW-1:0] next(input [COLW-1:0] c, input barrel);
    next = c == (barrel ? COLW'(COLUMNS - 1) : COLW'(GROUPS - 1)) ? '0 : c + COLW'(1);
  endfunction
  function automatic [COLW-1:0] previous(input [COLW-1:0] c, input barrel);
    previous = c != '0 ? c - COLW'(1) : barrel ? COLW'(COLUMNS - 1) : COLW'(GROUPS - 1);
  endfunction

  // Column c of the barrel lies in bank c mod 3 at row c / 3.
  localparam ROWW = 4;
  function automatic [ROWW-1:0] third(input [COLW-1:0] c);
    // 43 / 128 is near enough to 1 / 3 for 0 to 35
    third = ROWW'((13'(c) * 13'd43) >> 7);
  endfunction
  function automatic [1:0] rest(input [COLW-1:0] c);
    rest = 2'(c - COLW'(third(c)) * COLW'(3));
  endfunction
  // Address of a column by its row and the beat in which its bank is written for row 0.
  function automatic [BEATW:0] at(input side, input [ROWW-1:0] row, input [BEATW-1:0] offset);
    at = {side, row + offset};
  endfunction
  localparam [BEATW-1:0] BEAT_UPPER = BEATW'(FIRST_BEAT + 1);
  localparam [BEATW-1:0] BEAT_OTHER = BEATW'(FIRST_BEAT);

  // {next, own, previous} from the banks, by the bank of the own column.
  function automatic [3*ROWS*EW-1:0] turn_energy(input [ROWS*EW-1:0] b0, input [ROWS*EW-1:0] b1,
                                                 input [ROWS*EW-1:0] b2, input [1:0] bank);
    turn_energy = bank == 2'd0 ? {b1, b0, b2} : bank == 2'd1 ? {b2, b1, b0} : {b0, b2, b1};
  endfunction
  function automatic [3*ROWS*TW-1:0] turn_time(input [ROWS*TW-1:0] b0, input [ROWS*TW-1:0] b1,
                                               input [ROWS*TW-1:0] b2, input [1:0] bank);
    turn_time = bank == 2'd0 ? {b1, b0, b2} : bank == 2'd1 ? {b2, b1, b0} : {b0, b2, b1};
  endfunction

  // Cells of the 3x3 out of three columns; beyond the edge in theta there is none.
  function automatic [WIN*EW-1:0] barrel_energies(input [3*ROWS*EW-1:0] three, input [POSW-1:0] p);
    for (int c = 0; c < 3; c++) begin
      logic [(ROWS+2)*EW-1:0] padded;
      padded = {{EW{1'b0}}, three[c*ROWS*EW+:ROWS*EW], {EW{1'b0}}};
      barrel_energies[c*3*EW+:3*EW] = padded[p*EW+:3*EW];
    end
  endfunction
  function automatic [WIN*TW-1:0] barrel_times(input [3*ROWS*TW-1:0] three, input [POSW-1:0] p);
    for (int c = 0; c < 3; c++) begin
      logic [(ROWS+2)*TW-1:0] padded;
      padded = {{TW{1'b0}}, three[c*ROWS*TW+:ROWS*TW], {TW{1'b0}}};
      barrel_times[c*3*TW+:3*TW] = padded[p*TW+:3*TW];
    end
  endfunction

  // Cells of the 3x3 out of {next, own, previous} group; index 15 reads as no cell.
  localparam WINW = WIN * 4;
  function automatic [WIN*EW-1:0] endcap_energies(input [16*EW-1:0] cells, input [WINW-1:0] index);
    for (int s = 0; s < WIN; s++) endcap_energies[s*EW+:EW] = cells[index[s*4+:4]*EW+:EW];
  endfunction
  function automatic [WIN*TW-1:0] endcap_times(input [16*TW-1:0] cells, input [WINW-1:0] index);
    for (int s = 0; s < WIN; s++) endcap_times[s*TW+:TW] = cells[index[s*4+:4]*TW+:TW];
  endfunction
  function automatic [WINW-1:0] endcap_window(input forward, input [POSW-1:0] k);
    endcap_window = forward ? ECL_FORWARD_WINDOW[k*WINW+:WINW] :
                              ECL_BACKWARD_WINDOW[k[1:0]*WINW+:WINW];
  endfunction

  function automatic [KEYW-1:0] key(input [EW-1:0] energy, input [IDW-1:0] id,
                                    input [COLW-1:0] c, input [POSW-1:0] p);
    key = {energy, ~id, c, p};
  endfunction
  function automatic [KEYW-1:0] higher(input [KEYW-1:0] a, input [KEYW-1:0] b);
    higher = b[KEYW-1-:EW+IDW] > a[KEYW-1-:EW+IDW] ? b : a;
  endfunction

  // Candidates in the barrel: columns previous, own, next; theta -1, 0, +1.
  function automatic [WIN*KEYW-1:0] barrel_keys(input [WIN*EW-1:0] energies,
                                                input [COLW-1:0] c, input [POSW-1:0] p);
    for (int s = 0; s < WIN; s++) begin
      logic [COLW-1:0] cc;
      logic [POSW-1:0] pp;
      cc = s < 3 ? previous(c, 1'b1) : s < 6 ? c : next(c, 1'b1);
      pp = p + POSW'(s % 3) - POSW'(1);
      barrel_keys[s*KEYW+:KEYW] = key(
          energies[s*EW+:EW], IDW'(ECL_FIRST_BARREL) + IDW'(cc) * IDW'(ROWS) + IDW'(pp), cc, pp);
    end
  endfunction
  // Candidates in an endcap: index into {next, own, previous} group gives group and position.
  function automatic [WIN*KEYW-1:0] endcap_keys(input [WIN*EW-1:0] energies, input [COLW-1:0] c,
                                                input forward, input [WINW-1:0] index);
    for (int s = 0; s < WIN; s++) begin
      logic [3:0] i, size;
      logic [COLW-1:0] cc;
      logic [POSW-1:0] pp;
      i = index[s*4+:4];
      size = forward ? 4'(FK) : 4'(BK);
      cc = i < size ? previous(c, 1'b0) : i < 4'(size * 2) ? c : next(c, 1'b0);
      pp = i < size ? i : i < 4'(size * 2) ? i - size : i - 4'(size * 2);
      endcap_keys[s*KEYW+:KEYW] = key(
          energies[s*EW+:EW],
          (forward ? IDW'(1) : IDW'(ECL_FIRST_BACKWARD)) + IDW'(cc) * IDW'(size) + IDW'(pp),
          cc, pp);
    end
  endfunction

  // One reader for the energies of a 3x3 in each of the two passes.
  wire read_side = !side_q;
  wire [ROWW-1:0] row1 = third(seed_column_q);
  wire [1:0] bank1 = rest(seed_column_q);
  wire [ROWW-1:0] row1_0 = bank1 != 2'd2 ? row1 : row1 == 4'd11 ? '0 : row1 + 4'd1;
  wire [ROWW-1:0] row1_2 = bank1 != 2'd0 ? row1 : row1 == '0 ? 4'd11 : row1 - 4'd1;
  wire [COLW-1:0] before1 = previous(seed_column_q, 1'b0);
  wire [COLW-1:0] after1 = next(seed_column_q, 1'b0);

  logic keys_q;
  logic [1:0] keys_part_q;
  logic [2:0] keys_slot_q;
  logic [WIN*KEYW-1:0] key_q;
  always_ff @(posedge clk_i) begin
    keys_q <= rst_ni && seed_q;
    if (seed_q) begin
      keys_part_q <= seed_part_q;
      keys_slot_q <= seed_slot_q;
      case (seed_part_q)
        IN_BARREL:
        key_q <= barrel_keys(
            barrel_energies(
                turn_energy(
                    column0_energy[at(read_side, row1_0, BEAT_OTHER)],
                    column1_energy[at(read_side, row1, BEAT_OTHER)],
                    {upper_energy[at(read_side, row1_2, BEAT_UPPER)],
                     lower_energy[at(read_side, row1_2, BEAT_OTHER)]}, bank1), seed_position_q),
            seed_column_q, seed_position_q);
        IN_FORWARD:
        key_q <= endcap_keys(
            endcap_energies(
                {{EW{1'b0}}, forward_energy[after1*FK*EW+:FK*EW],
                 forward_energy[seed_column_q*FK*EW+:FK*EW],
                 forward_energy[before1*FK*EW+:FK*EW]}, endcap_window(1'b1, seed_position_q)),
            seed_column_q, 1'b1, endcap_window(1'b1, seed_position_q));
        default:
        key_q <= endcap_keys(
            endcap_energies(
                {{(4 * EW) {1'b0}}, backward_energy[after1*BK*EW+:BK*EW],
                 backward_energy[seed_column_q*BK*EW+:BK*EW],
                 backward_energy[before1*BK*EW+:BK*EW]}, endcap_window(1'b0, seed_position_q)),
            seed_column_q, 1'b0, endcap_window(1'b0, seed_position_q));
      endcase
    end
  end

  function automatic [KEYW-1:0] highest(input [WIN*KEYW-1:0] keys);
    logic [KEYW-1:0] a, b;
    a = higher(higher(keys[0+:KEYW], keys[KEYW+:KEYW]),
               higher(keys[2*KEYW+:KEYW], keys[3*KEYW+:KEYW]));
    b = higher(higher(keys[4*KEYW+:KEYW], keys[5*KEYW+:KEYW]),
               higher(keys[6*KEYW+:KEYW], keys[7*KEYW+:KEYW]));
    highest = higher(higher(a, b), keys[8*KEYW+:KEYW]);
  endfunction

  // ---------------------------------------------------------------------------- second 3x3: sums
  logic centre_q;
  logic [1:0] centre_part_q;
  logic [2:0] centre_slot_q;
  /* verilator lint_off UNUSEDSIGNAL */  // the centre's energy is read again with its window
  logic [KEYW-1:0] centre_key_q;
  /* verilator lint_on UNUSEDSIGNAL */
  always_ff @(posedge clk_i) begin
    centre_q <= rst_ni && keys_q;
    if (keys_q) begin
      centre_part_q <= keys_part_q;
      centre_slot_q <= keys_slot_q;
      centre_key_q  <= highest(key_q);
    end
  end

  wire [POSW-1:0] position2 = centre_key_q[0+:POSW];
  wire [COLW-1:0] column2 = centre_key_q[POSW+:COLW];
  wire [ROWW-1:0] row2 = third(column2);
  wire [1:0] bank2 = rest(column2);
  wire [ROWW-1:0] row2_0 = bank2 != 2'd2 ? row2 : row2 == 4'd11 ? '0 : row2 + 4'd1;
  wire [ROWW-1:0] row2_2 = bank2 != 2'd0 ? row2 : row2 == '0 ? 4'd11 : row2 - 4'd1;
  wire [COLW-1:0] before2 = previous(column2, 1'b0);
  wire [COLW-1:0] after2 = next(column2, 1'b0);

  logic cells_q;
  logic [2:0] cells_slot_q;
  logic [IDW-1:0] cells_id_q;
  logic [WIN*EW-1:0] cell_energy_q;
  logic [WIN*TW-1:0] cell_time_q;
  always_ff @(posedge clk_i) begin
    cells_q <= rst_ni && centre_q;
    if (centre_q) begin
      cells_slot_q <= centre_slot_q;
      cells_id_q   <= ~centre_key_q[POSW+COLW+:IDW];
      case (centre_part_q)
        IN_BARREL: begin
          cell_energy_q <= barrel_energies(
              turn_energy(
                  column0_energy[at(read_side, row2_0, BEAT_OTHER)],
                  column1_energy[at(read_side, row2, BEAT_OTHER)],
                  {upper_energy[at(read_side, row2_2, BEAT_UPPER)],
                   lower_energy[at(read_side, row2_2, BEAT_OTHER)]}, bank2), position2);
          cell_time_q <= barrel_times(
              turn_time(
                  column0_time[at(read_side, row2_0, BEAT_OTHER)],
                  column1_time[at(read_side, row2, BEAT_OTHER)],
                  {upper_time[at(read_side, row2_2, BEAT_UPPER)],
                   lower_time[at(read_side, row2_2, BEAT_OTHER)]}, bank2), position2);
        end
        IN_FORWARD: begin
          cell_energy_q <= endcap_energies(
              {{EW{1'b0}}, forward_energy[after2*FK*EW+:FK*EW],
               forward_energy[column2*FK*EW+:FK*EW],
               forward_energy[before2*FK*EW+:FK*EW]}, endcap_window(1'b1, position2));
          cell_time_q <= endcap_times(
              {{TW{1'b0}}, forward_time[after2*FK*TW+:FK*TW], forward_time[column2*FK*TW+:FK*TW],
               forward_time[before2*FK*TW+:FK*TW]}, endcap_window(1'b1, position2));
        end
        default: begin
          cell_energy_q <= endcap_energies(
              {{(4 * EW) {1'b0}}, backward_energy[after2*BK*EW+:BK*EW],
               backward_energy[column2*BK*EW+:BK*EW],
               backward_energy[before2*BK*EW+:BK*EW]}, endcap_window(1'b0, position2));
          cell_time_q <= endcap_times(
              {{(4 * TW) {1'b0}}, backward_time[after2*BK*TW+:BK*TW],
               backward_time[column2*BK*TW+:BK*TW],
               backward_time[before2*BK*TW+:BK*TW]}, endcap_window(1'b0, position2));
        end
      endcase
    end
  end

  // Products, then sums.
  logic products_q;
  logic [2:0] products_slot_q;
  logic [IDW-1:0] products_id_q;
  logic [WIN*PRODW-1:0] product_q;
  logic [SUMW-1:0] product_energy_q;
  logic [3:0] product_count_q;
  function automatic [SUMW-1:0] sum_energies(input [WIN*EW-1:0] energies);
    sum_energies = '0;
    for (int s = 0; s < WIN; s++) sum_energies = sum_energies + SUMW'(energies[s*EW+:EW]);
  endfunction
  function automatic [3:0] count_energies(input [WIN*EW-1:0] energies);
    count_energies = '0;
    for (int s = 0; s < WIN; s++) count_energies = count_energies + 4'(|energies[s*EW+:EW]);
  endfunction
  function automatic [WSUMW-1:0] sum_products(input [WIN*PRODW-1:0] products);
    sum_products = '0;
    for (int s = 0; s < WIN; s++) sum_products = sum_products + WSUMW'(products[s*PRODW+:PRODW]);
  endfunction
  for (genvar s = 0; s < WIN; s++) begin : g_product
    always_ff @(posedge clk_i)
      if (cells_q)
        product_q[s*PRODW+:PRODW] <= PRODW'(cell_energy_q[s*EW+:EW]) * PRODW'(cell_time_q[s*TW+:TW]);
  end
  always_ff @(posedge clk_i) begin
    products_q <= rst_ni && cells_q;
    if (cells_q) begin
      products_slot_q <= cells_slot_q;
      products_id_q <= cells_id_q;
      product_energy_q <= sum_energies(cell_energy_q);
      product_count_q <= count_energies(cell_energy_q);
    end
  end

  // ---------------------------------------------------------------------------- mean time
  // Long division, two quotient bits a stage: {remainder, dividend bits still to come / quotient}.
  // Stage 0 holds the sums; half the energy is added so that the quotient rounds to nearest.
  localparam TAGW = 3 + IDW + 4;
  function automatic [WSUMW-1:0] divide_bit(input [WSUMW-1:0] state, input [SUMW-1:0] divisor);
    logic [SUMW:0] remainder;
    remainder  = state[WSUMW-1-:SUMW+1];
    divide_bit = remainder >= {1'b0, divisor} ?
        {SUMW'(remainder - {1'b0, divisor}), state[TW-2:0], 1'b1} :
        {remainder[SUMW-1:0], state[TW-2:0], 1'b0};
  endfunction
  logic [DIV_STAGES:0] div_q;
  logic [(DIV_STAGES+1)*WSUMW-1:0] state_q;
  logic [(DIV_STAGES+1)*SUMW-1:0] divisor_q;
  logic [(DIV_STAGES+1)*TAGW-1:0] tag_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) div_q <= '0;
    else div_q <= {div_q[DIV_STAGES-1:0], products_q};
    if (products_q) begin
      state_q[0+:WSUMW] <= sum_products(product_q) + WSUMW'(product_energy_q >> 1);
      divisor_q[0+:SUMW] <= product_energy_q;
      tag_q[0+:TAGW] <= {products_slot_q, products_id_q, product_count_q};
    end
  end
  for (genvar d = 0; d < DIV_STAGES; d++) begin : g_divide
    always_ff @(posedge clk_i) begin
      if (div_q[d]) begin
        state_q[(d+1)*WSUMW+:WSUMW] <= divide_bit(
            divide_bit(state_q[d*WSUMW+:WSUMW], divisor_q[d*SUMW+:SUMW]), divisor_q[d*SUMW+:SUMW]);
        divisor_q[(d+1)*SUMW+:SUMW] <= divisor_q[d*SUMW+:SUMW];
        tag_q[(d+1)*TAGW+:TAGW] <= tag_q[d*TAGW+:TAGW];
      end
    end
  end

  // ---------------------------------------------------------------------------- frame out
  logic [N-1:0] out_valid_q;
  logic [N*IDW-1:0] out_id_q;
  logic [N*CEW-1:0] out_energy_q;
  logic [N*TW-1:0] out_time_q;
  logic [N*4-1:0] out_count_q;
  wire [TAGW-1:0] tag = tag_q[DIV_STAGES*TAGW+:TAGW];
  wire [SUMW-1:0] energy = divisor_q[DIV_STAGES*SUMW+:SUMW];
  wire [2:0] slot = tag[TAGW-1-:3];
  wire emit = token_q[ECL_CLUSTER_LATENCY-2];
  always_ff @(posedge clk_i) begin
    if (!rst_ni || emit) begin
      out_valid_q  <= '0;
      out_id_q     <= '0;
      out_energy_q <= '0;
      out_time_q   <= '0;
      out_count_q  <= '0;
    end else if (div_q[DIV_STAGES]) begin
      out_valid_q[slot] <= 1'b1;
      out_id_q[slot*IDW+:IDW] <= tag[4+:IDW];
      out_energy_q[slot*CEW+:CEW] <= |energy[SUMW-1:CEW] ? '1 : energy[CEW-1:0];
      out_time_q[slot*TW+:TW] <= state_q[DIV_STAGES*WSUMW+:TW];
      out_count_q[slot*4+:4] <= tag[3:0];
    end
    if (emit)
      data_o <= {
        frame_hold_q,
        best_hold_q[IDW+:TW],
        best_hold_q[IDW+TW+:EW],
        best_hold_q[0+:IDW],
        ring17_q,
        ring16_q,
        ring_hold_q,
        ring3_q,
        ring2_q,
        ring1_q,
        icn_q,
        overflow_q,
        out_count_q,
        out_time_q,
        out_energy_q,
        out_id_q,
        out_valid_q
      };
  end
endmodule
