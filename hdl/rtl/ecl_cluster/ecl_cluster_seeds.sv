// Part of ecl_cluster: seeds of all cells at once as bit vectors, then one a clock by priority;
// isolated-cluster number and overflow.
module ecl_cluster_seeds
  import l1_pkg::*;
(
    input  logic                          clk_i,
    input  logic                          rst_ni,
    // The i-th clock after the one that takes the last beat.
    input  logic [                   7:0] token_i,
    input  logic [ECL_FRAME_ENERGY_N-1:0] fired_i,
    // One seed a clock: part (0 barrel, 1 forward, 2 backward), column or group, place in it, number.
    output logic                          seed_o,
    output logic [                   1:0] part_o,
    output logic [                   5:0] column_o,
    output logic [                   3:0] position_o,
    output logic [                   2:0] slot_o,
    output logic [ECL_CLUSTERS_ICN_W-1:0] icn_o,
    output logic                          overflow_o
);
  localparam N = ECL_CLUSTERS_VALID_N;
  localparam ROWS = ECL_BARREL_RINGS;
  localparam COLUMNS = ECL_BARREL_PHI;
  localparam GROUPS = ECL_ENDCAP_GROUPS;
  localparam FK = ECL_FORWARD_GROUP;
  localparam BK = ECL_BACKWARD_GROUP;
  localparam BARREL = ROWS * COLUMNS;
  localparam FORWARD = FK * GROUPS;
  localparam BACKWARD = BK * GROUPS;
  localparam [1:0] IN_BARREL = 2'd0, IN_FORWARD = 2'd1, IN_BACKWARD = 2'd2;

  logic [BARREL-1:0] barrel_q;
  logic [FORWARD-1:0] forward_q;
  logic [BACKWARD-1:0] backward_q;
  // Which columns and groups still have seeds.
  logic [COLUMNS-1:0] barrel_left_q;
  logic [GROUPS-1:0] forward_left_q, backward_left_q;
  wire any_left = barrel_left_q != '0 || forward_left_q != '0 || backward_left_q != '0;
  wire taking = token_i[N:1] != '0 && any_left;

  // Index of the lowest bit that is set, by halves; the highest bit of a half decides nothing.
  function automatic [5:0] first(input [63:0] bits);
    /* verilator lint_off UNUSEDSIGNAL */
    logic [31:0] b32;
    logic [15:0] b16;
    logic [ 7:0] b8;
    logic [ 3:0] b4;
    logic [ 1:0] b2;
    /* verilator lint_on UNUSEDSIGNAL */
    first[5] = bits[31:0] == '0;
    b32 = first[5] ? bits[63:32] : bits[31:0];
    first[4] = b32[15:0] == '0;
    b16 = first[4] ? b32[31:16] : b32[15:0];
    first[3] = b16[7:0] == '0;
    b8 = first[3] ? b16[15:8] : b16[7:0];
    first[2] = b8[3:0] == '0;
    b4 = first[2] ? b8[7:4] : b8[3:0];
    first[1] = b4[1:0] == '0;
    b2 = first[1] ? b4[3:2] : b4[1:0];
    first[0] = !b2[0];
  endfunction

  // A fired cell is a seed if not (upper or left) and not (lower and lower left). In the vectors one
  // place on is +1 in theta (barrel), a column or group on is +1 in phi, and phi closes.
  always_ff @(posedge clk_i) begin
    seed_o <= rst_ni && taking;
    if (token_i[0] && fired_i == '0) begin
      barrel_left_q   <= '0;
      forward_left_q  <= '0;
      backward_left_q <= '0;
      barrel_q   <= '0;
      forward_q  <= '0;
    end else if (token_i[0]) begin : find
      logic [BARREL-1:0] c, upper, left, lower, lower_left, barrel;
      logic [FORWARD-1:0] f, f0, f1, f2, f3, f4, forward;
      logic [BACKWARD-1:0] b, b0, b1, b2, b3, backward;
      c = fired_i[FORWARD+:BARREL];
      upper = {c[BARREL-ROWS-1:0], c[BARREL-1-:ROWS]};
      left = {1'b0, c[BARREL-1:1]} & {COLUMNS{1'b0, {(ROWS - 1) {1'b1}}}};
      lower = {c[ROWS-1:0], c[BARREL-1:ROWS]};
      lower_left = {left[ROWS-1:0], left[BARREL-1:ROWS]};
      barrel = c & ~(upper | left) & ~(lower & lower_left);
      // Groups of ring 1, 2, 3, 3, 2; a vector for the cells at each place in a group. Ring 1 is one
      // cell wide: both ring-2 cells are on its left.
      f = fired_i[0+:FORWARD];
      f0 = {f[74:0], f[79:75]} | {f[0], f[79:1]} | {f[3:0], f[79:4]} |
           ({f[4:0], f[79:5]} & {f[5:0], f[79:6]});
      f1 = {f[77:0], f[79:78]} | {f[0], f[79:1]} | ({f[2:0], f[79:3]} & {f[1:0], f[79:2]});
      f2 = {f[75:0], f[79:76]};
      f3 = {f[78:0], f[79]};
      f4 = {f[76:0], f[79:77]} | {f[78:0], f[79]} | ({f[1:0], f[79:2]} & {f[2:0], f[79:3]});
      forward = f & ~((f0 & {GROUPS{5'b00001}}) | (f1 & {GROUPS{5'b00010}}) |
                      (f2 & {GROUPS{5'b00100}}) | (f3 & {GROUPS{5'b01000}}) |
                      (f4 & {GROUPS{5'b10000}}));
      // Groups of ring 17, 16, 16, 17; the first two lie at the higher phi.
      b = fired_i[FORWARD+BARREL+:BACKWARD];
      b0 = {b[2:0], b[63:3]};
      b1 = {b[0], b[63:1]} | {b[62:0], b[63]} | ({b[4:0], b[63:5]} & {b[5:0], b[63:6]});
      b2 = {b[58:0], b[63:59]} | {b[0], b[63:1]} | ({b[62:0], b[63]} & {b[61:0], b[63:62]});
      b3 = {b[56:0], b[63:57]};
      backward = b & ~((b0 & {GROUPS{4'b0001}}) | (b1 & {GROUPS{4'b0010}}) |
                       (b2 & {GROUPS{4'b0100}}) | (b3 & {GROUPS{4'b1000}}));
      barrel_q <= barrel;
      forward_q <= forward;
      backward_q <= backward;
      for (int i = 0; i < COLUMNS; i++) barrel_left_q[i] <= |barrel[i*ROWS+:ROWS];
      for (int i = 0; i < GROUPS; i++) forward_left_q[i] <= |forward[i*FK+:FK];
      for (int i = 0; i < GROUPS; i++) backward_left_q[i] <= |backward[i*BK+:BK];
    end else if (taking) begin : take
      logic [1:0] part;
      logic [5:0] column;
      logic [ROWS-1:0] candidates, others;
      part = barrel_left_q != '0 ? IN_BARREL : forward_left_q != '0 ? IN_FORWARD : IN_BACKWARD;
      column = first(part == IN_BARREL ? 64'(barrel_left_q) :
                     part == IN_FORWARD ? 64'(forward_left_q) : 64'(backward_left_q));
      candidates = part == IN_BARREL ? barrel_q[column*ROWS+:ROWS] :
          part == IN_FORWARD ? ROWS'(forward_q[column*FK+:FK]) : ROWS'(backward_q[column*BK+:BK]);
      others = candidates & (candidates - ROWS'(1));
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
      part_o <= part;
      column_o <= column;
      position_o <= 4'(first(64'(candidates)));
    end
    if (token_i[N+1]) overflow_o <= any_left;
  end

  logic [2:0] slot_q;
  always_ff @(posedge clk_i) begin
    if (token_i[0]) slot_q <= '0;
    else if (taking) begin
      slot_q <= slot_q + 3'd1;
      slot_o <= slot_q;
    end
  end

  // Isolated-cluster number: seeds outside rings 1, 16 and 17, saturating.
  localparam SLICES = 6;
  localparam SLICE = BARREL / SLICES;
  logic [(SLICES+1)*7-1:0] partial_q;
  // A signal of its own: Icarus 11 miscounts an expression with a replication.
  wire [FORWARD-1:0] forward_counted = forward_q & {GROUPS{5'b11110}};
  for (genvar s = 0; s < SLICES; s++) begin : g_slice
    always_ff @(posedge clk_i)
      if (token_i[1]) partial_q[s*7+:7] <= 7'($countones(barrel_q[s*SLICE+:SLICE]));
  end
  always_ff @(posedge clk_i) begin
    if (token_i[1]) partial_q[SLICES*7+:7] <= 7'($countones(forward_counted));
    if (token_i[2]) begin : icn
      logic [9:0] total;
      total = '0;
      for (int s = 0; s <= SLICES; s++) total = total + 10'(partial_q[s*7+:7]);
      icn_o <= total > 10'({ECL_CLUSTERS_ICN_W{1'b1}}) ? '1 : total[ECL_CLUSTERS_ICN_W-1:0];
    end
  end
endmodule
