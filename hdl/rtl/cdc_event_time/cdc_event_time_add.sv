// Part of cdc_event_time: saturating sum of two counts for each tick, in planes of bits.
module cdc_event_time_add #(
    // Ticks.
    parameter int W = 64
) (
    input  logic [3*W-1:0] a_i,
    input  logic [3*W-1:0] b_i,
    output logic [3*W-1:0] sum_o
);
  wire [W-1:0] half0 = a_i[0+:W] ^ b_i[0+:W];
  wire [W-1:0] carry0 = a_i[0+:W] & b_i[0+:W];
  wire [W-1:0] half1 = a_i[W+:W] ^ b_i[W+:W];
  wire [W-1:0] carry1 = (a_i[W+:W] & b_i[W+:W]) | (half1 & carry0);
  wire [W-1:0] half2 = a_i[2*W+:W] ^ b_i[2*W+:W];
  wire [W-1:0] over = (a_i[2*W+:W] & b_i[2*W+:W]) | (half2 & carry1);
  assign sum_o = {(half2 ^ carry1) | over, (half1 ^ carry0) | over, half0 | over};
endmodule
