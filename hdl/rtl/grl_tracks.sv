// Number of 2D tracks and angles between them: see docs/reference/grl_tracks.md. Tracks become a map
// of occupied bins of 10 degrees; two tracks lie r bins apart where the map and the map turned by r
// have a bin in common. Stages: 1 map and number, 2 distances that occur, 3 word out.
module grl_tracks
  import l1_pkg::*;
(
    input  logic                          clk_i,
    input  logic                          rst_ni,
    input  logic                          valid_i,
    input  logic [  ALL_TRACKS_WIDTH-1:0] data_i,
    output logic                          valid_o,
    output logic [TRACK_COUNTS_WIDTH-1:0] data_o
);
  localparam N = ALL_TRACKS_VALID_N;
  localparam TRACKERS = GRL_BINS / GRL_QUADRANT_BINS;
  localparam SLOTS = N / TRACKERS;
  localparam PW = ALL_TRACKS_PHI0_W;
  localparam CW = TRACK_COUNTS_TRACKS_W;
  localparam KW = TRACK_COUNTS_CLOCK_W;
  localparam T2 = TRACK_COUNTS_T2_N;
  localparam BINS = GRL_BINS;
  localparam LOCAL = GRL_LOCAL_BINS;
  localparam HALF = BINS / 2;

  logic [2:0] valid_q;
  assign valid_o = valid_q[2];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[1:0], valid_i};
  end

  // ---------------------------------------------------------------------------- stage 1
  // Bins that a tracker's tracks lie in, counted from its lowest one.
  logic [TRACKERS*LOCAL-1:0] near;
  for (genvar t = 0; t < N; t++) begin : g_track
    wire [PW-1:0] phi = data_i[ALL_TRACKS_PHI0_LOW+t*PW+:PW];
    // The track lies at or above the start of each bin.
    logic [LOCAL:0] above;
    always_comb begin
      above[0] = data_i[ALL_TRACKS_VALID_LOW+t];
      for (int b = 1; b < LOCAL; b++) above[b] = above[0] && phi >= GRL_BIN_STARTS[(b-1)*PW+:PW];
      above[LOCAL] = 1'b0;
    end
    wire [LOCAL-1:0] hit = above[LOCAL-1:0] & ~above[LOCAL:1];
  end
  for (genvar k = 0; k < TRACKERS; k++) begin : g_tracker
    localparam S = k * SLOTS;
    assign near[k*LOCAL+:LOCAL] = g_track[S].hit | g_track[S+1].hit | g_track[S+2].hit |
        g_track[S+3].hit | g_track[S+4].hit | g_track[S+5].hit;
  end
  logic [BINS-1:0] map_q;
  logic [CW-1:0] count_q;
  logic [KW-1:0] clock_q;
  always_ff @(posedge clk_i) begin : take
    logic [BINS-1:0] map;
    logic [CW-1:0] count;
    map   = '0;
    count = '0;
    for (int k = 0; k < TRACKERS; k++) begin
      for (int b = 0; b < LOCAL; b++) begin
        if (near[k*LOCAL+b]) map[(GRL_LOWEST_BIN+k*GRL_QUADRANT_BINS+b)%BINS] = 1'b1;
      end
    end
    for (int t = 0; t < N; t++) count = count + CW'(data_i[ALL_TRACKS_VALID_LOW+t]);
    map_q   <= map;
    count_q <= count;
    clock_q <= data_i[ALL_TRACKS_CLOCK_LOW+:KW];
  end

  // ---------------------------------------------------------------------------- stage 2
  // apart_q[r]: two tracks are r bins apart, the shorter way round.
  logic [HALF:1] apart_q;
  logic [CW-1:0] count2_q;
  logic [KW-1:0] clock2_q;
  wire [2*BINS-1:0] twice = {map_q, map_q};
  always_ff @(posedge clk_i) begin
    for (int r = 1; r <= HALF; r++) apart_q[r] <= |(map_q & twice[r+:BINS]);
    count2_q <= count_q;
    clock2_q <= clock_q;
  end

  // ---------------------------------------------------------------------------- stage 3
  logic [T2-1:0] t2;
  logic [TRACK_COUNTS_B2B_N-1:0] b2b;
  always_comb begin
    for (int i = 0; i < T2 - 1; i++) t2[i] = count2_q == CW'(i + 1);
    t2[T2-1] = count2_q >= CW'(T2);
    for (int i = 0; i < TRACK_COUNTS_B2B_N; i++) begin
      b2b[i] = 1'b0;
      for (int r = 1; r <= HALF; r++) begin
        if (5'(r) >= GRL_BACK_TO_BACK[5*i+:5]) b2b[i] = b2b[i] | apart_q[r];
      end
    end
  end
  always_ff @(posedge clk_i) begin
    data_o <= {clock2_q, b2b, |apart_q[HALF:GRL_OPEN30], |apart_q[HALF:GRL_OPEN90], count2_q, t2};
  end
endmodule
