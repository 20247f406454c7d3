// Planes of one ring's vertex hypotheses, one a clock: see docs/reference/displaced_hough.md. The
// stages: 1 crossings, 2 superlayers a cell, 3 columns with arms, 4 outermost columns, 5 pair, 6
// its superlayers and rows, 7 the best so far.
module displaced_hough_ring
  import l1_pkg::*;
#(
    parameter RING = 0
) (
    input  logic                     clk_i,
    // Sector of the hypothesis that the map is turned to.
    input  logic [              4:0] azimuth_i,
    input  logic [DISPLACED_MAP-1:0] map_i,
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

  // ---------------------------------------------------------------------------- stages 1, 2
  logic [LAYERS*CELLS-1:0] crossed;
  displaced_hough_cross #(
      .RING(RING)
  ) u_cross (
      .clk_i,
      .map_i,
      .cross_o(crossed)
  );
  // Superlayers of each cell, kept until the pair's columns are known.
  wire [3*CELLS-1:0] count;
  for (genvar c = 0; c < CELLS; c++) begin : g_count
    assign count[3*c+:3] = 3'(crossed[c]) + 3'(crossed[CELLS+c]) + 3'(crossed[2*CELLS+c]) +
        3'(crossed[3*CELLS+c]) + 3'(crossed[4*CELLS+c]);
  end
  logic [3*CELLS-1:0] count2_q, count3_q, count4_q, count5_q;
  always_ff @(posedge clk_i) begin
    count2_q <= count;
    count3_q <= count2_q;
    count4_q <= count3_q;
    count5_q <= count4_q;
  end

  // ---------------------------------------------------------------------------- stage 3
  wire [COLUMNS-1:0] positive, negative;
  for (genvar c = 0; c < COLUMNS; c++) begin : g_column
    wire [ROWS-1:0] lit;
    for (genvar r = 0; r < ROWS; r++) begin : g_row
      assign lit[r] = count2_q[3*(ROWS*c+r)+:3] >= layers_i;
    end
    assign positive[c] = |(lit & DISPLACED_POSITIVE_ROWS);
    assign negative[c] = |(lit & DISPLACED_NEGATIVE_ROWS);
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
  displaced_hough_arm #(
      .USED(DISPLACED_POSITIVE_ROWS)
  ) u_positive (
      .count_i (count5_q[3*ROWS*positive5_q+:3*ROWS]),
      .layers_o(positive_layers),
      .row_o   (positive_row)
  );
  displaced_hough_arm #(
      .USED(DISPLACED_NEGATIVE_ROWS)
  ) u_negative (
      .count_i (count5_q[3*ROWS*negative5_q+:3*ROWS]),
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
