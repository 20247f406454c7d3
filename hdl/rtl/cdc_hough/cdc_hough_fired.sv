// Part of cdc_hough: the segments of one superlayer as vectors over sectors, one vector for each
// position and each number in the sector.
module cdc_hough_fired
  import l1_pkg::*;
#(
    // Segments in a sector.
    parameter int PERIOD = 5,
    // Ids from the start of the first vector to id 0.
    parameter int PAD = 10,
    // Slots of the superlayer.
    parameter int N = 10
) (
    input  logic                                       clk_i,
    input  logic                                       valid_i,
    input  logic [                              N-1:0] slot_i,
    input  logic [       N*CDC_SEGMENTS_ID_W-1:0]      id_i,
    input  logic [ N*CDC_SEGMENTS_POSITION_W-1:0]      position_i,
    output logic [3*PERIOD*CDC_HOUGH_STRIDE-1:0]       fired_o
);
  localparam IDW = CDC_SEGMENTS_ID_W;
  localparam PW = CDC_SEGMENTS_POSITION_W;
  localparam STRIDE = CDC_HOUGH_STRIDE;
  localparam WIDTH = 3 * PERIOD * STRIDE;
  localparam AW = $clog2(WIDTH);
  // id / PERIOD by multiplication: exact for nine bits and periods of 5, 6, 8, 10 and 12.
  localparam [9:0] INVERSE = 10'((2048 + PERIOD - 1) / PERIOD);

  // {inside, address}
  function automatic [AW:0] place(input [IDW-1:0] id, input [PW-1:0] position);
    logic [8:0] padded;
    /* verilator lint_off UNUSEDSIGNAL */  // fraction
    logic [18:0] product;
    /* verilator lint_on UNUSEDSIGNAL */
    logic [7:0] sector;
    logic [8:0] rest;
    padded  = 9'(id) + 9'(PAD);
    product = 19'(padded) * 19'(INVERSE);
    sector  = product[18:11];
    rest    = padded - 9'(sector) * 9'(PERIOD);
    place   = {sector < 8'(STRIDE),
               (AW'(position - PW'(1)) * AW'(PERIOD) + AW'(rest)) * AW'(STRIDE) + AW'(sector)};
  endfunction

  always_ff @(posedge clk_i) begin
    if (valid_i) begin : mark
      logic [WIDTH-1:0] fired;
      logic [AW:0] at;
      fired = '0;
      for (int s = 0; s < N; s++) begin
        at = place(id_i[s*IDW+:IDW], position_i[s*PW+:PW]);
        if (slot_i[s] && position_i[s*PW+:PW] != '0 && at[AW]) fired[at[AW-1:0]] = 1'b1;
      end
      fired_o <= fired;
    end
  end
endmodule
