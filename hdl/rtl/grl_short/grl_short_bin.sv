// Bin of a full track at superlayer 2, as a mask, and the bins by which it is widened. Two stages.
module grl_short_bin
  import l1_pkg::*;
#(
    // Half-cells from azimuth 0 to phi0 = 0 of the track's tracker.
    parameter int START = 41,
    parameter int BINS  = 64
) (
    input  logic                              clk_i,
    input  logic                              valid_i,
    input  logic [  GRL_SEGMENTS_PHI0_W-1:0]  phi0_i,
    input  logic [ GRL_SEGMENTS_OMEGA_W-1:0]  omega_i,
    output logic [                 BINS-1:0]  bin_o,
    output logic [SHORT_VETO_GROWTH_W-1:0]    growth_o
);
  localparam OW = GRL_SEGMENTS_OMEGA_W;
  localparam TW = SHORT_TURN_W;
  localparam VW = SHORT_VETO_TURN_W;
  localparam GW = SHORT_VETO_GROWTH_W;
  localparam BW = $clog2(BINS);
  localparam PW = TW + SHORT_RECIPROCAL_SHIFT;

  // ---------------------------------------------------------------------------- stage 1
  wire [OW-1:0] size = omega_i[OW-1] ? -omega_i : omega_i;
  wire reached = size < OW'(SHORT_CURVATURES);
  logic [VW-1:0] turn;
  logic [GW-1:0] growth;
  always_comb begin
    turn   = '0;
    growth = '0;
    for (int i = 0; i < SHORT_CURVATURES; i++) begin
      if (size == OW'(i)) begin
        turn   = SHORT_VETO_TURNS[i*VW+:VW];
        growth = SHORT_VETO_GROWTH[i*GW+:GW];
      end
    end
  end
  wire [TW-1:0] origin = (TW'(phi0_i) + TW'(START)) * TW'(SHORT_HALF_CELL);
  wire [TW-1:0] moved = omega_i[OW-1] ? origin + TW'(turn) : origin - TW'(turn);
  logic [TW-1:0] azimuth_q;
  logic [GW-1:0] growth_q;
  logic valid_q;
  always_ff @(posedge clk_i) begin
    azimuth_q <= moved >= TW'(SHORT_TURN) ? moved - TW'(SHORT_TURN) : moved;
    growth_q  <= growth;
    valid_q   <= valid_i && reached;
  end

  // ---------------------------------------------------------------------------- stage 2
  /* verilator lint_off UNUSEDSIGNAL */  // a quotient drops the low bits, and is below BINS
  wire [PW-1:0] product = PW'(azimuth_q) * PW'(SHORT_RECIPROCAL);
  /* verilator lint_on UNUSEDSIGNAL */
  wire [BW-1:0] number = product[SHORT_RECIPROCAL_SHIFT+:BW];
  always_ff @(posedge clk_i) begin
    for (int b = 0; b < BINS; b++) bin_o[b] <= valid_q && number == BW'(b);
    growth_o <= growth_q;
  end
endmodule
