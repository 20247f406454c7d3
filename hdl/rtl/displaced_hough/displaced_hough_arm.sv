// An arm in one column: the most superlayers of the rows that count, and the lowest row with them.
module displaced_hough_arm
  import l1_pkg::*;
#(
    // Rows that count.
    parameter [DISPLACED_ROWS-1:0] USED = '1
) (
    // Superlayers of every row; some are not used.
    /* verilator lint_off UNUSEDSIGNAL */
    input  logic [3*DISPLACED_ROWS-1:0] count_i,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic [                 2:0] layers_o,
    output logic [                 2:0] row_o
);
  always_comb begin
    layers_o = '0;
    row_o = '0;
    for (int r = 0; r < DISPLACED_ROWS; r++) begin
      if (USED[r] && count_i[3*r+:3] > layers_o) begin
        layers_o = count_i[3*r+:3];
        row_o = 3'(r);
      end
    end
  end
endmodule
