// Planes of one ring's vertex hypotheses, one a clock: see docs/reference/displaced_hough.md. The
// stages: 1 inner segments (crossings: displaced_hough_cross), 2 superlayers a cell, 3 columns with
// arms, 4 outermost columns, 5 pair, 6 its superlayers and rows, 7 the best so far.
module displaced_hough_ring
  import l1_pkg::*;
#(
    parameter RING = 0
) (
    input  logic                     clk_i,
    // Sector of the hypothesis that the map is turned to.
    input  logic [              4:0] azimuth_i,
    /* verilator lint_off UNUSEDSIGNAL */  // segments on no way to the ring
    input  logic [DISPLACED_MAP-1:0] map_i,
    /* verilator lint_on UNUSEDSIGNAL */
    // One clock after the map: superlayer 0, row 0, column 0 lowest.
    input  logic [DISPLACED_LAYERS*DISPLACED_COLUMNS*DISPLACED_ROWS-1:0] crossed_i,
    input  logic [              2:0] layers_i,
    input  logic [              5:0] min_opening_i,
    input  logic [              5:0] max_opening_i,
    input  logic [              1:0] max_inner_i,
    output logic                     valid_o,
    output logic [              4:0] azimuth_o,
    output logic [              5:0] positive_o,
    output logic [              5:0] negative_o,
    output logic [              2:0] positive_row_o,
    output logic [              2:0] negative_row_o,
    output logic [              2:0] positive_layers_o,
    output logic [              2:0] negative_layers_o,
    output logic [              3:0] arms_o,
    output logic [              1:0] inner_o,
    output logic [              5:0] cells_o
);
  localparam LAYERS = DISPLACED_LAYERS;
  localparam COLUMNS = DISPLACED_COLUMNS;
  localparam ROWS = DISPLACED_ROWS;
  localparam CELLS = COLUMNS * ROWS;

  // azimuth_q[s], inner_q[s]: of the hypothesis in stage s + 1.
  logic [6*5-1:0] azimuth_q;
  logic [6*2-1:0] inner_q;
  logic [LAYERS-1:0] on_way;
  for (genvar k = 0; k < LAYERS; k++) begin : g_inner
    localparam E = RING * LAYERS + k;
    localparam A = 32'(DISPLACED_INNER_LOW[11*E+:11]);
    localparam N = 32'(DISPLACED_INNER_SIZE[7*E+:7]);
    if (N == 0) begin : g_none
      assign on_way[k] = 1'b0;
    end else begin : g_some
      assign on_way[k] = |map_i[A+:N];
    end
  end
  logic [1:0] inner;
  always_comb begin
    inner = '0;
    for (int k = 0; k < LAYERS; k++) inner = inner + 2'(on_way[k]);
  end
  always_ff @(posedge clk_i) begin
    azimuth_q <= {azimuth_q[5*5-1:0], azimuth_i};
    inner_q   <= {inner_q[5*2-1:0], inner};
  end

  // ---------------------------------------------------------------------------- stage 2
  // Superlayers of each cell, a vector of all cells for each bit: rows of columns.
  wire [CELLS-1:0] l0 = crossed_i[0*CELLS+:CELLS];
  wire [CELLS-1:0] l1 = crossed_i[1*CELLS+:CELLS];
  wire [CELLS-1:0] l2 = crossed_i[2*CELLS+:CELLS];
  wire [CELLS-1:0] l3 = crossed_i[3*CELLS+:CELLS];
  wire [CELLS-1:0] l4 = crossed_i[4*CELLS+:CELLS];
  wire [CELLS-1:0] sum3 = l0 ^ l1 ^ l2;
  wire [CELLS-1:0] carry3 = l0 & l1 | l2 & (l0 | l1);
  wire [CELLS-1:0] carry5 = l3 & l4 | sum3 & (l3 | l4);
  // Kept until the pair's columns are known.
  logic [CELLS-1:0] ones2_q, twos2_q, fours2_q, ones3_q, twos3_q, fours3_q;
  logic [CELLS-1:0] ones4_q, twos4_q, fours4_q, ones5_q, twos5_q, fours5_q;
  always_ff @(posedge clk_i) begin
    ones2_q  <= sum3 ^ l3 ^ l4;
    twos2_q  <= carry3 ^ carry5;
    fours2_q <= carry3 & carry5;
    {fours3_q, twos3_q, ones3_q} <= {fours2_q, twos2_q, ones2_q};
    {fours4_q, twos4_q, ones4_q} <= {fours3_q, twos3_q, ones3_q};
    {fours5_q, twos5_q, ones5_q} <= {fours4_q, twos4_q, ones4_q};
  end

  // ---------------------------------------------------------------------------- stage 3
  // The number of superlayers is at least layers_i.
  wire [CELLS-1:0] need1 = {CELLS{layers_i[0]}};
  wire [CELLS-1:0] need2 = {CELLS{layers_i[1]}};
  wire [CELLS-1:0] need4 = {CELLS{layers_i[2]}};
  wire [CELLS-1:0] lit = fours2_q & ~need4 | ~(fours2_q ^ need4) &
      (twos2_q & ~need2 | ~(twos2_q ^ need2) & (ones2_q | ~need1));
  logic [COLUMNS-1:0] positive, negative;
  always_comb begin
    positive = '0;
    negative = '0;
    for (int r = 0; r < ROWS; r++) begin
      if (DISPLACED_POSITIVE_ROWS[r]) positive = positive | lit[COLUMNS*r+:COLUMNS];
      if (DISPLACED_NEGATIVE_ROWS[r]) negative = negative | lit[COLUMNS*r+:COLUMNS];
    end
  end
  logic [COLUMNS-1:0] positive3_q, negative3_q;
  always_ff @(posedge clk_i) begin
    positive3_q <= positive;
    negative3_q <= negative;
  end

  // ---------------------------------------------------------------------------- stage 4
  logic [5:0] positive_low, positive_high, negative_low, negative_high;
  always_comb begin
    positive_low  = '0;
    positive_high = '0;
    negative_low  = '0;
    negative_high = '0;
    for (int c = 0; c < COLUMNS; c++) begin
      if (positive3_q[c]) positive_high = 6'(c);
      if (negative3_q[c]) negative_high = 6'(c);
      if (positive3_q[COLUMNS-1-c]) positive_low = 6'(COLUMNS - 1 - c);
      if (negative3_q[COLUMNS-1-c]) negative_low = 6'(COLUMNS - 1 - c);
    end
  end
  wire [COLUMNS-1:0] lit3 = positive3_q | negative3_q;
  wire [COLUMNS-1:0] begins = lit3 & ~{lit3[COLUMNS-2:0], 1'b0};
  logic [6:0] arms;
  always_comb begin
    arms = '0;
    for (int c = 0; c < COLUMNS; c++) arms = arms + 7'(begins[c]);
  end
  logic both4_q;
  logic [5:0] positive_low_q, positive_high_q, negative_low_q, negative_high_q;
  logic [3:0] arms4_q, arms5_q, arms6_q;
  always_ff @(posedge clk_i) begin
    both4_q <= |positive3_q && |negative3_q;
    positive_low_q <= positive_low;
    positive_high_q <= positive_high;
    negative_low_q <= negative_low;
    negative_high_q <= negative_high;
    arms4_q <= |arms[6:4] ? 4'd15 : arms[3:0];
    arms5_q <= arms4_q;
    arms6_q <= arms5_q;
  end

  // ---------------------------------------------------------------------------- stage 5
  // falling > rising without signs; the wider one is not negative, since their sum is not.
  wire swapped = {1'b0, positive_high_q} + {1'b0, positive_low_q} >
      {1'b0, negative_high_q} + {1'b0, negative_low_q};
  wire [5:0] opening = swapped ? positive_high_q - negative_low_q : negative_high_q - positive_low_q;
  logic pair5_q;
  logic [5:0] positive5_q, negative5_q, opening5_q, positive6_q, negative6_q, opening6_q;
  always_ff @(posedge clk_i) begin
    positive5_q <= swapped ? positive_high_q : positive_low_q;
    negative5_q <= swapped ? negative_low_q : negative_high_q;
    opening5_q <= opening;
    pair5_q <= both4_q && opening >= min_opening_i && opening <= max_opening_i &&
        inner_q[2*3+:2] <= max_inner_i;
    positive6_q <= positive5_q;
    negative6_q <= negative5_q;
    opening6_q <= opening5_q;
  end

  // ---------------------------------------------------------------------------- stage 6
  logic pair6_q;
  wire [2:0] positive_layers, negative_layers, positive_row, negative_row;
  logic [2:0] positive_layers_q, negative_layers_q, positive_row_q, negative_row_q;
  wire [3*ROWS-1:0] positive_count, negative_count;
  for (genvar r = 0; r < ROWS; r++) begin : g_arm
    wire [8:0] p = {3'(r), positive5_q};
    wire [8:0] n = {3'(r), negative5_q};
    assign positive_count[3*r+:3] = {fours5_q[p], twos5_q[p], ones5_q[p]};
    assign negative_count[3*r+:3] = {fours5_q[n], twos5_q[n], ones5_q[n]};
  end
  displaced_hough_arm #(
      .USED(DISPLACED_POSITIVE_ROWS)
  ) u_positive (
      .count_i (positive_count),
      .layers_o(positive_layers),
      .row_o   (positive_row)
  );
  displaced_hough_arm #(
      .USED(DISPLACED_NEGATIVE_ROWS)
  ) u_negative (
      .count_i (negative_count),
      .layers_o(negative_layers),
      .row_o   (negative_row)
  );
  always_ff @(posedge clk_i) begin
    pair6_q <= pair5_q;
    positive_layers_q <= positive_layers;
    negative_layers_q <= negative_layers;
    positive_row_q <= positive_row;
    negative_row_q <= negative_row;
  end

  // ---------------------------------------------------------------------------- stage 7
  wire [4:0] azimuth = azimuth_q[5*5+:5];
  wire first = azimuth == '0;
  wire [9:0] key = {4'(positive_layers_q) + 4'(negative_layers_q), opening6_q};
  logic [9:0] key_q;
  always_ff @(posedge clk_i) begin
    cells_o <= (first ? '0 : cells_o) + 6'(pair6_q);
    if (pair6_q && (first || !valid_o || key > key_q)) begin
      valid_o <= 1'b1;
      key_q <= key;
      azimuth_o <= azimuth;
      positive_o <= positive6_q;
      negative_o <= negative6_q;
      positive_row_o <= positive_row_q;
      negative_row_o <= negative_row_q;
      positive_layers_o <= positive_layers_q;
      negative_layers_o <= negative_layers_q;
      arms_o <= arms6_q;
      inner_o <= inner_q[2*5+:2];
    end else if (first) begin
      valid_o <= 1'b0;
      key_q <= '0;
      azimuth_o <= '0;
      positive_o <= '0;
      negative_o <= '0;
      positive_row_o <= '0;
      negative_row_o <= '0;
      positive_layers_o <= '0;
      negative_layers_o <= '0;
      arms_o <= '0;
      inner_o <= '0;
    end
  end
endmodule
