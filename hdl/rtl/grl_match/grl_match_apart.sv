// Distance of two bins the shorter way round.
module grl_match_apart #(
    parameter int BINS = 36,
    parameter int W    = 6
) (
    input  logic [W-1:0] one_i,
    input  logic [W-1:0] other_i,
    output logic [W-2:0] apart_o
);
  wire [W-1:0] apart = one_i > other_i ? one_i - other_i : other_i - one_i;
  /* verilator lint_off UNUSEDSIGNAL */  // at most half of the bins
  wire [W-1:0] shorter = apart > W'(BINS / 2) ? W'(BINS) - apart : apart;
  /* verilator lint_on UNUSEDSIGNAL */
  assign apart_o = shorter[W-2:0];
endmodule
