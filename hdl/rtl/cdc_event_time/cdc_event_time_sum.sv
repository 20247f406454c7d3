// Part of cdc_event_time: saturating sum of three counts for each tick. One clock.
module cdc_event_time_sum #(
    // Ticks.
    parameter int W = 64
) (
    input  logic           clk_i,
    input  logic           valid_i,
    input  logic [3*W-1:0] a_i,
    input  logic [3*W-1:0] b_i,
    input  logic [3*W-1:0] c_i,
    output logic [3*W-1:0] sum_o
);
  wire [3*W-1:0] ab, abc;
  cdc_event_time_add #(
      .W(W)
  ) u_ab (
      .a_i  (a_i),
      .b_i  (b_i),
      .sum_o(ab)
  );
  cdc_event_time_add #(
      .W(W)
  ) u_abc (
      .a_i  (ab),
      .b_i  (c_i),
      .sum_o(abc)
  );
  always_ff @(posedge clk_i) if (valid_i) sum_o <= abc;
endmodule
