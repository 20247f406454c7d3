// Part of cdc_hough: centre of the cluster that begins in a square; three clocks.
module cdc_hough_centre
  import l1_pkg::*;
(
    input  logic                                              clk_i,
    // Stages: the square is known; its surroundings are; the corners are.
    input  logic                                              valid_i,
    input  logic                                              window_i,
    input  logic                                              corners_i,
    // Column in the quadrant and row of the square.
    input  logic [4:0]                                        column_i,
    input  logic [4:0]                                        row_i,
    input  logic [CDC_HOUGH_ROWS/2*CDC_HOUGH_ROW_STRIDE-1:0]  plane_i,
    // Sums of columns (half-cells in the quadrant) and of rows; the former as {tens, ones} too.
    output logic [6:0]                                        columns_o,
    output logic [6:0]                                        rows_o,
    output logic [3:0]                                        tens_o,
    output logic [3:0]                                        ones_o
);
  localparam STRIDE = CDC_HOUGH_STRIDE;
  localparam ROW_STRIDE = CDC_HOUGH_ROW_STRIDE;
  localparam ROWS = CDC_HOUGH_ROWS / 2;
  localparam AW = 12;

  // Two rows of nothing above the plane.
  wire [(ROWS+2)*ROW_STRIDE-1:0] tall = {(2 * ROW_STRIDE)'(0), plane_i};

  // Cell `kind` of three squares side by side.
  logic [35:0] around_q;
  logic [4:0] column_q, row_q;
  always_ff @(posedge clk_i) begin
    if (valid_i) begin : around
      logic [2:0] three;
      for (int y = 0; y < 3; y++) begin
        for (int kind = 0; kind < 4; kind++) begin
          three = tall[(AW'(row_i)+AW'(y))*AW'(ROW_STRIDE)+AW'(kind*STRIDE)+AW'(column_i)+
                       AW'(CDC_HOUGH_SQUARES_BELOW)+:3];
          for (int x = 0; x < 3; x++) around_q[(3*y+x)*4+kind] <= three[x];
        end
      end
      column_q <= column_i;
      row_q <= row_i;
    end
  end

  // Direct or rising neighbours across the side of two squares: the nearer and the farther cell on the
  // left of (or below) the side, the same on its right (above).
  function automatic touch(input near_a, input far_a, input near_b, input far_b);
    touch = (near_a && near_b) || (far_a && far_b) || (near_a && far_b);
  endfunction

  logic [35:0] cluster;
  assign cluster[3:0] = around_q[3:0];
  for (genvar i = 1; i < 9; i++) begin : g_square
    wire [3:0] here = around_q[i*4+:4];
    wire on_left, on_below, on_both;
    if (i % 3 != 0) begin : g_left
      assign on_left = touch(cluster[(i-1)*4+1], cluster[(i-1)*4+3], here[0], here[2]);
    end else begin : g_no_left
      assign on_left = 1'b0;
    end
    if (i >= 3) begin : g_below
      assign on_below = touch(cluster[(i-3)*4+2], cluster[(i-3)*4+3], here[0], here[1]);
    end else begin : g_no_below
      assign on_below = 1'b0;
    end
    if (i % 3 != 0 && i >= 3) begin : g_both
      assign on_both = cluster[(i-4)*4+3] && here[0];
    end else begin : g_not_both
      assign on_both = 1'b0;
    end
    assign cluster[i*4+:4] = on_left || on_below || on_both ? here : '0;
  end

  // Top right: highest row, in it the last square. Its cell and that of the first square: upper
  // right, lower right, upper left, lower left and the other way round.
  // {row, column, cells but the lower left one}
  function automatic [6:0] top(input [35:0] squares);
    top = {4'd0, squares[3:1]};
    for (int i = 1; i < 9; i++) begin
      if (|squares[i*4+:4]) top = {2'(i / 3), 2'(i % 3), squares[i*4+1+:3]};
    end
  endfunction
  wire lower_right, upper_left, upper_right;
  wire [1:0] top_x, top_y;
  assign {top_y, top_x, upper_right, upper_left, lower_right} = top(cluster);
  wire [1:0] top_cell = upper_right ? 2'd3 : lower_right ? 2'd1 : {upper_left, 1'b0};
  wire [1:0] low_cell = cluster[0] ? 2'd0 : cluster[2] ? 2'd2 : cluster[1] ? 2'd1 : 2'd3;

  logic [2:0] right_q, up_q;
  logic [4:0] corner_column_q, corner_row_q;
  always_ff @(posedge clk_i) begin
    if (window_i) begin
      right_q <= {top_x, top_cell[0]} + 3'(low_cell[0]);
      up_q <= {top_y, top_cell[1]} + 3'(low_cell[1]);
      corner_column_q <= column_q;
      corner_row_q <= row_q;
    end
  end

  // 205 / 2048 is near enough to 1 / 10 up to 83.
  always_ff @(posedge clk_i) begin
    if (corners_i) begin : sums
      logic [6:0] columns;
      logic [3:0] tens;
      columns = {corner_column_q, 2'b00} + 7'(right_q);
      tens = 4'((15'(columns) * 15'd205) >> 11);
      columns_o <= columns;
      rows_o <= {corner_row_q, 2'b00} + 7'(up_q);
      tens_o <= tens;
      ones_o <= 4'(columns - 7'(tens) * 7'd10);
    end
  end
endmodule
