// Part of cdc_hough: squares in which a cluster of two cells or more begins, two of them a clock.
module cdc_hough_squares
  import l1_pkg::*;
(
    input  logic                                                clk_i,
    // The plane is complete; then three clocks on which two squares each are taken.
    input  logic                                                begin_i,
    input  logic                                                first_i,
    input  logic                                                take_i,
    /* verilator lint_off UNUSEDSIGNAL */  // vectors are shorter than their stride
    input  logic [CDC_HOUGH_ROWS/2*CDC_HOUGH_ROW_STRIDE-1:0]    plane_i,
    /* verilator lint_on UNUSEDSIGNAL */
    // Squares taken: whether, column in the quadrant, row; the first one lowest.
    output logic [1:0]                                          found_o,
    output logic [9:0]                                          column_o,
    output logic [9:0]                                          row_o,
    // Squares in all, one clock after first_i.
    output logic [CDC_TRACKS_OVERFLOW_W-1:0]                    count_o
);
  localparam STRIDE = CDC_HOUGH_STRIDE;
  localparam ROWS = CDC_HOUGH_ROWS / 2;
  localparam SQUARES = CDC_HOUGH_SQUARES;
  localparam BELOW = CDC_HOUGH_SQUARES_BELOW;
  localparam OWN = CDC_HOUGH_OWN_SQUARES;

  // Lower left (ll), lower right, upper left and upper right cells of a row of squares, and where a
  // square is joined to the one on its left, below, and left below.
  logic [ROWS*SQUARES-1:0] ll, lr, ul, ur, on_left, on_below, on_both;
  logic [ROWS*OWN-1:0] begins_d;
  for (genvar r = 0; r < ROWS; r++) begin : g_row
    localparam B = r * SQUARES;
    localparam A = (r + 1) * SQUARES;
    assign ll[B+:SQUARES] = plane_i[r*CDC_HOUGH_ROW_STRIDE+0*STRIDE+:SQUARES];
    assign lr[B+:SQUARES] = plane_i[r*CDC_HOUGH_ROW_STRIDE+1*STRIDE+:SQUARES];
    assign ul[B+:SQUARES] = plane_i[r*CDC_HOUGH_ROW_STRIDE+2*STRIDE+:SQUARES];
    assign ur[B+:SQUARES] = plane_i[r*CDC_HOUGH_ROW_STRIDE+3*STRIDE+:SQUARES];
    assign on_left[B+:SQUARES] = ((lr[B+:SQUARES] << 1) & ll[B+:SQUARES]) |
                                 ((ur[B+:SQUARES] << 1) & ul[B+:SQUARES]) |
                                 ((lr[B+:SQUARES] << 1) & ul[B+:SQUARES]);
    if (r == 0) begin : g_bottom
      assign on_below[B+:SQUARES] = '0;
      assign on_both[B+:SQUARES]  = '0;
    end else begin : g_upper
      localparam U = (r - 1) * SQUARES;
      assign on_below[B+:SQUARES] = (ul[U+:SQUARES] & ll[B+:SQUARES]) |
                                    (ur[U+:SQUARES] & lr[B+:SQUARES]) |
                                    (ul[U+:SQUARES] & lr[B+:SQUARES]);
      assign on_both[B+:SQUARES]  = (ur[U+:SQUARES] << 1) & ll[B+:SQUARES];
    end
    wire [SQUARES-1:0] some = ll[B+:SQUARES] | lr[B+:SQUARES] | ul[B+:SQUARES] | ur[B+:SQUARES];
    wire [SQUARES-1:0] two = (ll[B+:SQUARES] & lr[B+:SQUARES]) |
                             (ul[B+:SQUARES] & ur[B+:SQUARES]) |
                             ((ll[B+:SQUARES] | lr[B+:SQUARES]) &
                              (ul[B+:SQUARES] | ur[B+:SQUARES]));
    wire [SQUARES-1:0] joined = on_left[B+:SQUARES] | on_below[B+:SQUARES] | on_both[B+:SQUARES];
    wire [SQUARES-1:0] goes_on;
    if (r == ROWS - 1) begin : g_top
      assign goes_on = on_left[B+:SQUARES] >> 1;
    end else begin : g_lower
      assign goes_on = (on_left[B+:SQUARES] >> 1) | on_below[A+:SQUARES] |
                       (on_both[A+:SQUARES] >> 1);
    end
    /* verilator lint_off UNUSEDSIGNAL */  // squares beside the quadrant
    wire [SQUARES-1:0] begins = some & ~joined & (two | goes_on);
    /* verilator lint_on UNUSEDSIGNAL */
    assign begins_d[r*OWN+:OWN] = begins[BELOW+:OWN];
  end

  // Squares left to take, column by column: rising column, then rising row.
  logic [OWN*ROWS-1:0] ordered_d, left_q, rest;
  for (genvar q = 0; q < OWN; q++) begin : g_column
    for (genvar r = 0; r < ROWS; r++) begin : g_cell
      assign ordered_d[q*ROWS+r] = begins_d[r*OWN+q];
    end
  end

  logic [OWN-1:0] any, column_1, column_2, next;
  logic [ROWS-1:0] rows_1, rows_2, row_1, row_2, more;
  for (genvar q = 0; q < OWN; q++) begin : g_any
    assign any[q] = |left_q[q*ROWS+:ROWS];
    assign rest[q*ROWS+:ROWS] = left_q[q*ROWS+:ROWS] & ~(column_1[q] ? row_1 : '0) &
                                ~(column_2[q] ? row_2 : '0);
  end
  assign column_1 = any & (~any + OWN'(1));
  assign next     = (any & ~column_1) & (~(any & ~column_1) + OWN'(1));
  assign row_1    = rows_1 & (~rows_1 + ROWS'(1));
  assign more     = rows_1 & ~row_1;
  assign column_2 = |more ? column_1 : next;
  assign row_2    = |more ? more & (~more + ROWS'(1)) : rows_2 & (~rows_2 + ROWS'(1));
  always_comb begin
    rows_1 = '0;
    rows_2 = '0;
    for (int q = 0; q < OWN; q++) begin
      rows_1 = rows_1 | (column_1[q] ? left_q[q*ROWS+:ROWS] : '0);
      rows_2 = rows_2 | (next[q] ? left_q[q*ROWS+:ROWS] : '0);
    end
  end

  function automatic [4:0] number(input [OWN-1:0] one);
    number = '0;
    for (int i = 0; i < OWN; i++) if (one[i]) number = number | 5'(i);
  endfunction
  always_ff @(posedge clk_i) begin
    if (begin_i) left_q <= ordered_d;
    else if (take_i) left_q <= rest;
    if (take_i) begin
      found_o  <= {|any && (|more || |next), |any};
      column_o <= {number(column_2), number(column_1)};
      row_o    <= {number(OWN'(row_2)), number(OWN'(row_1))};
    end
    if (first_i) count_o <= CDC_TRACKS_OVERFLOW_W'($countones(left_q));
  end
endmodule
