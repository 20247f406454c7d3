// Part of cdc_event_time: times of ten slots in each tick of one quarter of the window, as three
// planes of bits; 7: seven or more. One clock.
module cdc_event_time_count #(
    // Bits of a position in the window; the upper two choose the quarter.
    parameter int PW = 8,
    parameter logic [1:0] QUARTER = 2'd0
) (
    input  logic                  clk_i,
    input  logic                  valid_i,
    input  logic [           9:0] slot_i,
    input  logic [     10*PW-1:0] position_i,
    // Plane 0 lowest.
    output logic [3*2**(PW-2)-1:0] count_o
);
  localparam W = 2 ** (PW - 2);

  logic [10*W-1:0] at;
  always_comb begin
    for (int s = 0; s < 10; s++) begin
      at[s*W+:W] = '0;
      if (slot_i[s] && position_i[s*PW+PW-2+:2] == QUARTER)
        at[s*W+:W] = W'(1) << position_i[s*PW+:PW-2];
    end
  end

  // Tree of full adders: {carry, sum} of three, then all carries of one weight.
  function automatic [2*W-1:0] full(input [W-1:0] a, input [W-1:0] b, input [W-1:0] c);
    full = {(a & b) | (a & c) | (b & c), a ^ b ^ c};
  endfunction
  wire [2*W-1:0] ones_a = full(at[0+:W], at[W+:W], at[2*W+:W]);
  wire [2*W-1:0] ones_b = full(at[3*W+:W], at[4*W+:W], at[5*W+:W]);
  wire [2*W-1:0] ones_c = full(at[6*W+:W], at[7*W+:W], at[8*W+:W]);
  wire [2*W-1:0] ones_d = full(ones_a[0+:W], ones_b[0+:W], ones_c[0+:W]);
  wire [2*W-1:0] ones_e = full(ones_d[0+:W], at[9*W+:W], '0);
  wire [2*W-1:0] twos_a = full(ones_a[W+:W], ones_b[W+:W], ones_c[W+:W]);
  wire [2*W-1:0] twos_b = full(twos_a[0+:W], ones_d[W+:W], ones_e[W+:W]);
  wire [W-1:0] over = twos_a[W+:W] & twos_b[W+:W];
  always_ff @(posedge clk_i) begin
    if (valid_i)
      count_o <= {
        twos_a[W+:W] | twos_b[W+:W], twos_b[0+:W] | over, ones_e[0+:W] | over
      };
  end
endmodule
