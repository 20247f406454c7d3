// Where a 2D track is at the beam line, at the calorimeter and at the coil; three clocks.
// Stages: 1 half-cell and turns, 2 azimuth at both radii, 3 bins and sector.
module grl_match_track
  import l1_pkg::*;
#(
    // Half-cells from azimuth 0 to the tracker's first.
    parameter int FIRST = 41
) (
    input  logic                         clk_i,
    input  logic                         valid_i,
    input  logic [GRL_OBJECTS_PHI0_W-1:0] phi0_i,
    input  logic [GRL_OBJECTS_OMEGA_W-1:0] omega_i,
    // Map with the one bin at the beam line, empty without a track; likewise at the calorimeter.
    output logic [         GRL_BINS-1:0] full_o,
    output logic [         GRL_BINS-1:0] ecl_map_o,
    output logic                         ecl_on_o,
    output logic [        GRL_BIN_W-1:0] ecl_bin_o,
    // At the coil: sector of the muon detector at or below, counts above its middle.
    output logic                         klm_on_o,
    output logic [                  2:0] klm_base_o,
    output logic [                  8:0] klm_rest_o
);
  localparam HALF_CELLS = GRL_TURN / GRL_HALF_CELL;
  localparam HW = $clog2(HALF_CELLS);
  localparam PW = $clog2(GRL_TURN);
  localparam TW = GRL_TURN_W;
  localparam BW = GRL_BIN_W;
  localparam OW = GRL_OBJECTS_OMEGA_W;

  // ---------------------------------------------------------------------------- stage 1
  wire [HW-1:0] cells = HW'(phi0_i) + HW'(FIRST);
  logic [2*TW-1:0] turns;
  grl_match_turn_rom u_turn (
      .clk_i,
      .address_i(omega_i[OW-1] ? -omega_i : omega_i),
      .word_o   (turns)
  );
  logic valid_q, positive_q;
  logic [HW-1:0] half_q;
  always_ff @(posedge clk_i) begin
    valid_q    <= valid_i;
    positive_q <= !omega_i[OW-1];
    half_q     <= cells >= HW'(HALF_CELLS) ? cells - HW'(HALF_CELLS) : cells;
  end

  // ---------------------------------------------------------------------------- stage 2
  // Positive tracks turn to lower azimuth.
  function automatic [PW-1:0] turned(input [HW-1:0] half, input [TW-1:0] turn, input positive);
    logic [PW:0] phi;
    begin
      phi = (PW + 1)'(half) * (PW + 1)'(GRL_HALF_CELL);
      phi = positive ? phi + (PW + 1)'(GRL_TURN) - (PW + 1)'(turn) : phi + (PW + 1)'(turn);
      turned = PW'(phi >= (PW + 1)'(GRL_TURN) ? phi - (PW + 1)'(GRL_TURN) : phi);
    end
  endfunction
  logic valid2_q, ecl_q, klm_q;
  logic [PW-1:0] at_origin_q, at_ecl_q, at_klm_q;
  always_ff @(posedge clk_i) begin
    valid2_q    <= valid_q;
    ecl_q       <= valid_q && turns[0+:TW] != '1;
    klm_q       <= valid_q && turns[TW+:TW] != '1;
    at_origin_q <= turned(half_q, '0, 1'b0);
    at_ecl_q    <= turned(half_q, turns[0+:TW], positive_q);
    at_klm_q    <= turned(half_q, turns[TW+:TW], positive_q);
  end

  // ---------------------------------------------------------------------------- stage 3
  // A fifth, exact below 255: 51 (value + 1) / 256.
  function automatic [5:0] fifth(input [7:0] value);
    logic [9:0] three;
    /* verilator lint_off UNUSEDSIGNAL */
    logic [13:0] product;
    /* verilator lint_on UNUSEDSIGNAL */
    begin
      three = 10'(value) + {1'b0, value, 1'b0} + 10'd3;
      product = 14'(three) + {three, 4'b0};
      fifth = product[13:8];
    end
  endfunction
  // 9 / 640 of the counts of azimuth.
  function automatic [BW-1:0] bin(input [PW-1:0] phi);
    /* verilator lint_off UNUSEDSIGNAL */
    logic [PW+2:0] nine;
    /* verilator lint_on UNUSEDSIGNAL */
    begin
      nine = {phi, 3'b0} + (PW + 3)'(phi);
      bin  = fifth(nine[PW+2:7]);
    end
  endfunction
  wire [BW-1:0] origin_bin = bin(at_origin_q);
  wire [BW-1:0] ecl_bin = bin(at_ecl_q);
  // A sector is five times 64 counts.
  wire [PW-7:0] coarse = at_klm_q[PW-1:6];
  /* verilator lint_off UNUSEDSIGNAL */
  wire [5:0] base = fifth(8'(coarse));
  wire [PW-7:0] rest = coarse - (PW - 6)'(base) - {base[PW-9:0], 2'b0};
  /* verilator lint_on UNUSEDSIGNAL */
  always_ff @(posedge clk_i) begin
    full_o     <= GRL_BINS'(valid2_q) << origin_bin;
    ecl_map_o  <= GRL_BINS'(ecl_q) << ecl_bin;
    ecl_on_o   <= ecl_q;
    ecl_bin_o  <= ecl_bin;
    klm_on_o   <= klm_q;
    klm_base_o <= base[2:0];
    klm_rest_o <= {rest[2:0], at_klm_q[5:0]};
  end
endmodule
