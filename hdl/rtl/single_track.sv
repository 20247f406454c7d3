// Single-track and neural-track decisions, event by event: see docs/reference/single_track.md.
// Stages: 1 magnitudes, classes and table, 2 product with sin(theta) and cuts in z, 3 product with the cut in
// momentum, 4 decisions and the event.
module single_track
  import l1_pkg::*;
(
    input  logic                          clk_i,
    input  logic                          rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                          cfg_valid_i,
    input  logic [                  11:0] cfg_addr_i,
    input  logic [                  31:0] cfg_data_i,
    input  logic                          valid_i,
    /* verilator lint_off UNUSEDSIGNAL */  // azimuth and quadrant take no part
    input  logic [ NEURO_TRACK_WIDTH-1:0] data_i,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic                          valid_o,
    output logic [SINGLE_TRACK_WIDTH-1:0] data_o
);
  localparam ZW = NEURO_TRACK_Z_W;
  localparam TW = NEURO_TRACK_THETA_W;
  localparam OW = NEURO_TRACK_OMEGA_W;
  localparam CLW = NEURO_TRACK_IP_CLASS_W;
  localparam EW = SINE_ENTRY_W;
  localparam PW = OW + EW;
  localparam MW = SINGLE_TRACK_REG_MOMENTUM_W;
  localparam CW = SINGLE_TRACK_TRACKS_W;
  localparam TY = SINGLE_TRACK_TY_N;
  localparam TYW = 3;

  logic [ZW-1:0] stt_z, nnt_z, ty_z;
  logic [MW-1:0] momentum;
  logic [CW-1:0] nnt_tracks;
  logic [CLW-1:0] ip_class, stt_class;
  single_track_registers u_registers (.*);

  logic [3:0] valid_q;
  assign valid_o = valid_q[3];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[2:0], valid_i};
  end

  // ---------------------------------------------------------------------------- stage 1
  wire [ZW-1:0] z = data_i[NEURO_TRACK_Z_LOW+:ZW];
  wire [TW-1:0] theta = data_i[NEURO_TRACK_THETA_LOW+:TW];
  wire [OW-1:0] omega = data_i[NEURO_TRACK_OMEGA_LOW+:OW];
  /* verilator lint_off UNUSEDSIGNAL */  // the table drops the low bits
  wire [TW-1:0] slope = theta[TW-1] ? -theta : theta;
  /* verilator lint_on UNUSEDSIGNAL */
  wire steep = |slope[TW-1:SINE_SHIFT+SINE_W];
  wire [EW-1:0] sine;
  single_track_sine_rom u_sine (
      .clk_i,
      .address_i(steep ? {SINE_W{1'b1}} : slope[SINE_SHIFT+:SINE_W]),
      .word_o   (sine)
  );
  logic [ZW-1:0] distance_q;
  logic [OW-1:0] inverse_q;
  logic ip_q, single_q, track_q, last_q;
  wire neural = data_i[NEURO_TRACK_VALID_LOW] && data_i[NEURO_TRACK_NEURAL_LOW];
  // A class + 8192: its top bit the other way round.
  wire [CLW-1:0] ip = data_i[NEURO_TRACK_IP_CLASS_LOW+:CLW] ^ {1'b1, {CLW - 1{1'b0}}};
  wire [CLW-1:0] fast = data_i[NEURO_TRACK_STT_CLASS_LOW+:CLW] ^ {1'b1, {CLW - 1{1'b0}}};
  always_ff @(posedge clk_i) begin
    distance_q <= z[ZW-1] ? -z : z;
    inverse_q <= omega[OW-1] ? -omega : omega;
    track_q <= data_i[NEURO_TRACK_VALID_LOW];
    ip_q <= neural && ip >= ip_class;
    single_q <= neural && fast >= stt_class;
    last_q <= data_i[NEURO_TRACK_LAST_LOW];
  end

  // ---------------------------------------------------------------------------- stages 2, 3
  // {last, track, below ty_z, below nnt_z, below stt_z}
  logic [4:0] cuts2_q, cuts3_q;
  logic [PW-1:0] inverse2_q;
  logic [PW+MW-1:0] inverse3_q;
  always_ff @(posedge clk_i) begin
    inverse2_q <= PW'(inverse_q) * PW'(sine);
    cuts2_q <= {
      last_q,
      track_q,
      ip_q && distance_q < ty_z,
      ip_q && distance_q < nnt_z,
      single_q && distance_q < stt_z
    };
    inverse3_q <= (PW + MW)'(inverse2_q) * (PW + MW)'(momentum);
    cuts3_q <= cuts2_q;
  end

  // ---------------------------------------------------------------------------- stage 4
  wire last = cuts3_q[4];
  wire near = cuts3_q[2];
  wire single = cuts3_q[0] && inverse3_q < (PW + MW)'(MOMENTUM_LIMIT);
  // The event so far.
  logic [CW-1:0] tracks_q;
  logic [TYW-1:0] count_q;
  logic stt_q, nnt_q;
  wire [CW-1:0] tracks = tracks_q + CW'(cuts3_q[3] && tracks_q != '1);
  wire [TYW-1:0] count = count_q + TYW'(near && count_q != TYW'(TY));
  wire stt = stt_q || single;
  wire nnt = nnt_q || cuts3_q[1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni || (valid_q[2] && last)) begin
      tracks_q <= '0;
      count_q  <= '0;
      stt_q    <= 1'b0;
      nnt_q    <= 1'b0;
    end else if (valid_q[2]) begin
      tracks_q <= tracks;
      count_q  <= count;
      stt_q    <= stt;
      nnt_q    <= nnt;
    end
  end

  always_ff @(posedge clk_i) begin
    data_o[SINGLE_TRACK_NEAR_LOW] <= near;
    data_o[SINGLE_TRACK_SINGLE_LOW] <= single;
    data_o[SINGLE_TRACK_LAST_LOW] <= last;
    data_o[SINGLE_TRACK_STT_LOW] <= last && stt;
    data_o[SINGLE_TRACK_NNT_LOW] <= last && nnt && tracks >= nnt_tracks;
    data_o[SINGLE_TRACK_TY_LOW+:TY] <= last && count != '0 ? TY'(1) << (count - 1'b1) : '0;
    data_o[SINGLE_TRACK_TRACKS_LOW+:CW] <= last ? tracks : '0;
  end
endmodule
