// Leaky bucket. With its timer from the first token taken it is a FIFO of fixed service as well:
// tokens taken are events inside, a token regained is a departure.
module l1_throttle_bucket #(
    parameter SIZE_W = 8,
    parameter DRAIN_W = 20
) (
    input  logic               clk_i,
    input  logic               rst_ni,
    input  logic               tick_i,
    input  logic               accept_i,
    input  logic [ SIZE_W-1:0] size_i,
    input  logic [DRAIN_W-1:0] drain_i,
    // The timer runs from reset on.
    input  logic               free_i,
    output logic               refuse_o
);
  logic [SIZE_W-1:0] taken_q;
  // Ticks since the last regain (since the first token was taken; since reset), modulo drain.
  logic [DRAIN_W-1:0] count_q;

  logic [SIZE_W-1:0] taken;
  logic [DRAIN_W-1:0] count;
  assign taken = taken_q - SIZE_W'(taken_q != '0 && count_q == '0);
  // A full bucket holds the timer at its start.
  assign count = (taken == '0 && !free_i ? '0 : count_q) + 1'b1;
  assign refuse_o = size_i != '0 && taken >= size_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      taken_q <= '0;
      count_q <= '0;
    end else if (tick_i) begin
      taken_q <= taken + SIZE_W'(accept_i && size_i != '0);
      count_q <= count == drain_i ? '0 : count;
    end
  end
endmodule
