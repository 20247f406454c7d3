// At least so many bits set; 0 is taken as 1.
module klm_sector_enough #(
    parameter int W  = 30,
    parameter int PW = 5
) (
    input  logic [ W-1:0] hits_i,
    input  logic [PW-1:0] planes_i,
    output logic          enough_o
);
  always_comb begin : count_bits
    logic [PW-1:0] count;
    count = '0;
    for (int i = 0; i < W; i++) count = count + PW'(hits_i[i]);
    enough_o = hits_i != '0 && count >= planes_i;
  end
endmodule
