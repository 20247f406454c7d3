// Part of cdc_event_time: times of ten slots in each tick of one quarter of the window, as three
// planes of bits; 7: seven or more. One clock.
module cdc_event_time_count #(
    // Bits of a position in the window; the upper two choose the quarter.
    parameter int PW = 8
) (
    input  logic                   clk_i,
    input  logic                   valid_i,
    // A constant: one module for all quarters.
    input  logic [            1:0] quarter_i,
    input  logic [            9:0] slot_i,
    input  logic [      10*PW-1:0] position_i,
    // Plane 0 lowest.
    output logic [3*2**(PW-2)-1:0] count_o
);
  /* verilator no_inline_module */  // compiled once for all 36
  localparam W = 2 ** (PW - 2);

  // Tick of one slot.
  function automatic [W-1:0] tick(input slot, input [PW-1:0] position);
    tick = slot && position[PW-1-:2] == quarter_i ? W'(1) << position[PW-3:0] : '0;
  endfunction

  function automatic [W-1:0] carry(input [W-1:0] a, input [W-1:0] b, input [W-1:0] c);
    carry = (a & b) | (a & c) | (b & c);
  endfunction

  // Full adders of three slots each, then all sums and carries of one weight.
  always_ff @(posedge clk_i) begin
    if (valid_i) begin : add
      logic [W-1:0] a, b, c, ones_a, ones_b, ones_c, ones_d, ones_e, twos_a, twos_b, twos_c, twos_d;
      logic [W-1:0] twos_e, twos_f, fours_a, fours_b, over;
      a = tick(slot_i[0], position_i[0+:PW]);
      b = tick(slot_i[1], position_i[PW+:PW]);
      c = tick(slot_i[2], position_i[2*PW+:PW]);
      ones_a = a ^ b ^ c;
      twos_a = carry(a, b, c);
      a = tick(slot_i[3], position_i[3*PW+:PW]);
      b = tick(slot_i[4], position_i[4*PW+:PW]);
      c = tick(slot_i[5], position_i[5*PW+:PW]);
      ones_b = a ^ b ^ c;
      twos_b = carry(a, b, c);
      a = tick(slot_i[6], position_i[6*PW+:PW]);
      b = tick(slot_i[7], position_i[7*PW+:PW]);
      c = tick(slot_i[8], position_i[8*PW+:PW]);
      ones_c = a ^ b ^ c;
      twos_c = carry(a, b, c);
      ones_d = ones_a ^ ones_b ^ ones_c;
      twos_d = carry(ones_a, ones_b, ones_c);
      a = tick(slot_i[9], position_i[9*PW+:PW]);
      ones_e = ones_d ^ a;
      twos_e = ones_d & a;
      twos_f = twos_a ^ twos_b ^ twos_c;
      fours_a = carry(twos_a, twos_b, twos_c);
      fours_b = carry(twos_f, twos_d, twos_e);
      over = fours_a & fours_b;
      count_o <= {fours_a | fours_b, (twos_f ^ twos_d ^ twos_e) | over, ones_e | over};
    end
  end
endmodule
