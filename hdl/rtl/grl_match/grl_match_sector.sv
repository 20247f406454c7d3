// Fired barrel sector nearest to a track at the coil, if within the window: the lower number of two
// at the same distance. Four sectors lie at or below the track, four above.
// Stages: 1 nearest below and above, 2 choice.
module grl_match_sector
  import l1_pkg::*;
(
    input  logic                                  clk_i,
    input  logic [GRL_MATCH_REG_KLM_WINDOW_W-1:0] window_i,
    input  logic                                  on_i,
    input  logic [                           2:0] base_i,
    input  logic [                           8:0] rest_i,
    input  logic [                           7:0] fired_i,
    // The one sector, or none.
    output logic [                           7:0] sector_o
);
  // Half a circle is the largest distance.
  localparam DW = $clog2(GRL_TURN / 2 + 1);

  // ---------------------------------------------------------------------------- stage 1
  /* verilator lint_off UNUSEDSIGNAL */
  // from[j]: the sector j above the one at or below the track.
  wire [15:0] from = {2{fired_i}} >> base_i;
  /* verilator lint_on UNUSEDSIGNAL */
  wire [2:0] above = from[1] ? 3'd1 : from[2] ? 3'd2 : from[3] ? 3'd3 : 3'd4;
  wire [2:0] below = from[0] ? 3'd0 : from[7] ? 3'd1 : from[6] ? 3'd2 : 3'd3;
  // From the middle of the track's sector to that of the other.
  wire [DW-1:0] up = from[1] ? DW'(GRL_SECTOR_TURN) : from[2] ? DW'(2 * GRL_SECTOR_TURN) :
      from[3] ? DW'(3 * GRL_SECTOR_TURN) : DW'(4 * GRL_SECTOR_TURN);
  wire [DW-1:0] down = from[0] ? DW'(0) : from[7] ? DW'(GRL_SECTOR_TURN) :
      from[6] ? DW'(2 * GRL_SECTOR_TURN) : DW'(3 * GRL_SECTOR_TURN);
  logic above_q, below_q;
  logic [2:0] above_sector_q, below_sector_q;
  logic [DW-1:0] up_q, down_q;
  always_ff @(posedge clk_i) begin
    above_q        <= on_i && |from[4:1];
    below_q        <= on_i && |{from[7:5], from[0]};
    above_sector_q <= base_i + above;
    below_sector_q <= base_i - below;
    up_q           <= up - DW'(rest_i);
    down_q         <= down + DW'(rest_i);
  end

  // ---------------------------------------------------------------------------- stage 2
  wire lower = down_q < up_q || (down_q == up_q && below_sector_q < above_sector_q);
  wire take_below = below_q && (!above_q || lower);
  wire [DW-1:0] distance = take_below ? down_q : up_q;
  wire matched = (above_q || below_q) && distance < DW'(window_i);
  always_ff @(posedge clk_i)
    sector_o <= 8'(matched) << (take_below ? below_sector_q : above_sector_q);
endmodule
