// Two-dimensional track finder of one quadrant: see docs/reference/cdc_hough.md. The plane is filled
// at once, the squares in which clusters begin are taken out two a clock, and two lanes give each its
// centre and its segments.
module cdc_hough
  import l1_pkg::*;
(
    input  logic                          clk_i,
    input  logic                          rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                          cfg_valid_i,
    input  logic [                  11:0] cfg_addr_i,
    input  logic [                  31:0] cfg_data_i,
    input  logic                          valid_i,
    input  logic [CDC_SEGMENTS_WIDTH-1:0] data_i,
    output logic                          valid_o,
    output logic [  CDC_TRACKS_WIDTH-1:0] data_o
);
  localparam LAYERS = CDC_TRACKS_ID_N / CDC_TRACKS_VALID_N;
  localparam SLOTS = CDC_SEGMENTS_VALID_N / LAYERS;
  localparam TRACKS = CDC_TRACKS_VALID_N;
  localparam LANES = 2;
  localparam IDW = CDC_SEGMENTS_ID_W;
  localparam TW = CDC_SEGMENTS_TIME_W;
  localparam LW = CDC_SEGMENTS_LR_W;
  localparam PW = CDC_SEGMENTS_POSITION_W;
  localparam SEGW = IDW + TW + LW + PW;
  localparam OW = CDC_TRACKS_OMEGA_W;
  localparam LATENCY = CDC_HOUGH_LATENCY;

  logic [CDC_HOUGH_REG_HIT_THRESHOLD_W-1:0] hit_threshold;
  cdc_hough_registers u_registers (.*);

  // token_q[i] is high on the i-th clock after the one that takes the frame.
  logic [LATENCY-1:0] token_q;
  assign valid_o = token_q[LATENCY-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) token_q <= '0;
    else token_q <= {token_q[LATENCY-2:0], valid_i};
  end

  // ---------------------------------------------------------------------------- the frame
  // Frames follow every four clocks: a copy is read before the next frame overwrites it.
  logic [CDC_SEGMENTS_WIDTH-1:0] frame_q, frame1_q, frame2_q;
  logic [CDC_SEGMENTS_CLOCK_W-1:0] clock3_q;
  always_ff @(posedge clk_i) begin
    if (valid_i) frame_q <= data_i;
    if (token_q[3]) frame1_q <= frame_q;
    if (token_q[7]) frame2_q <= frame1_q;
    if (token_q[11]) clock3_q <= frame2_q[CDC_SEGMENTS_CLOCK_LOW+:CDC_SEGMENTS_CLOCK_W];
  end

  // ---------------------------------------------------------------------------- the plane
  for (genvar l = 0; l < LAYERS; l++) begin : g_fired
    localparam PERIOD = 32'(CDC_HOUGH_PERIODS[4*l+:4]);
    localparam PAD = 32'(CDC_HOUGH_PADS[5*l+:5]);
    localparam S = l * SLOTS;
    wire [3*PERIOD*CDC_HOUGH_STRIDE-1:0] fired;
    cdc_hough_fired #(
        .PERIOD(PERIOD),
        .PAD(PAD),
        .N(SLOTS)
    ) u_fired (
        .clk_i,
        .valid_i   (token_q[0]),
        .slot_i    (frame_q[CDC_SEGMENTS_VALID_LOW+S+:SLOTS]),
        .id_i      (frame_q[CDC_SEGMENTS_ID_LOW+S*IDW+:SLOTS*IDW]),
        .position_i(frame_q[CDC_SEGMENTS_POSITION_LOW+S*PW+:SLOTS*PW]),
        .fired_o   (fired)
    );
  end
  logic [CDC_HOUGH_ROWS/2*CDC_HOUGH_ROW_STRIDE-1:0] plane, plane_q;
  cdc_hough_plane u_plane (
      .clk_i,
      .valid_i    (token_q[1]),
      .threshold_i(hit_threshold),
      .fired_0_i  (g_fired[0].fired),
      .fired_1_i  (g_fired[1].fired),
      .fired_2_i  (g_fired[2].fired),
      .fired_3_i  (g_fired[3].fired),
      .fired_4_i  (g_fired[4].fired),
      .plane_o    (plane)
  );
  always_ff @(posedge clk_i) if (token_q[3]) plane_q <= plane;

  // ---------------------------------------------------------------------------- clusters
  wire take = |token_q[5:3];
  logic [LANES-1:0] found;
  logic [LANES*5-1:0] column, row;
  logic [CDC_TRACKS_OVERFLOW_W-1:0] count, overflow_q, overflow1_q;
  cdc_hough_squares u_squares (
      .clk_i,
      .begin_i (token_q[2]),
      .first_i (token_q[3]),
      .take_i  (take),
      .plane_i (plane),
      .found_o (found),
      .column_o(column),
      .row_o   (row),
      .count_o (count)
  );
  always_ff @(posedge clk_i) begin
    if (token_q[7])
      overflow_q <= count > CDC_TRACKS_OVERFLOW_W'(TRACKS)
                    ? count - CDC_TRACKS_OVERFLOW_W'(TRACKS) : '0;
    if (token_q[11]) overflow1_q <= overflow_q;
  end

  // ---------------------------------------------------------------------------- lanes
  // Stage 0: square; 1: surroundings; 2: corners; 3: centre; 4: ids; 5: matches; 6: segments.
  localparam STAGES = 7;
  localparam MIDDLE = CDC_HOUGH_ROWS - 1;
  logic taken_q;
  always_ff @(posedge clk_i) taken_q <= rst_ni && take;
  for (genvar n = 0; n < LANES; n++) begin : g_lane
    logic [STAGES-2:0] on_q;
    wire [STAGES-1:0] on = {on_q, taken_q && found[n]};
    always_ff @(posedge clk_i) begin
      if (!rst_ni) on_q <= '0;
      else on_q <= on[STAGES-2:0];
    end

    logic [6:0] columns, rows, columns4_q, rows4_q, columns5_q, rows5_q, columns6_q, rows6_q;
    logic [3:0] tens, ones;
    cdc_hough_centre u_centre (
        .clk_i,
        .valid_i  (on[0]),
        .window_i (on[1]),
        .corners_i(on[2]),
        .column_i (column[5*n+:5]),
        .row_i    (row[5*n+:5]),
        .plane_i  (plane_q),
        .columns_o(columns),
        .rows_o   (rows),
        .tens_o   (tens),
        .ones_o   (ones)
    );
    logic [LAYERS*2*IDW-1:0] ranges;
    cdc_hough_ranges u_ranges (
        .clk_i,
        .valid_i  (on[3]),
        .address_i({rows, ones}),
        .word_o   (ranges)
    );
    always_ff @(posedge clk_i) begin
      columns4_q <= columns;
      rows4_q <= rows;
      columns5_q <= columns4_q;
      rows5_q <= rows4_q;
      columns6_q <= columns5_q;
      rows6_q <= rows5_q;
    end

    logic [LAYERS*SEGW-1:0] segments;
    for (genvar l = 0; l < LAYERS; l++) begin : g_layer
      localparam S = l * SLOTS;
      localparam PERIOD = 32'(CDC_HOUGH_PERIODS[4*l+:4]);
      cdc_hough_attach #(
          .PERIOD(PERIOD)
      ) u_attach (
          .clk_i,
          .centre_i  (on[3]),
          .range_i   (on[4]),
          .match_i   (on[5]),
          .tens_i    (tens),
          .low_i     (ranges[2*l*IDW+:IDW]),
          .high_i    (ranges[(2*l+1)*IDW+:IDW]),
          .slot_i    (frame2_q[CDC_SEGMENTS_VALID_LOW+S+:SLOTS]),
          .id_i      (frame2_q[CDC_SEGMENTS_ID_LOW+S*IDW+:SLOTS*IDW]),
          .time_i    (frame2_q[CDC_SEGMENTS_TIME_LOW+S*TW+:SLOTS*TW]),
          .lr_i      (frame2_q[CDC_SEGMENTS_LR_LOW+S*LW+:SLOTS*LW]),
          .position_i(frame2_q[CDC_SEGMENTS_POSITION_LOW+S*PW+:SLOTS*PW]),
          .segment_o (segments[l*SEGW+:SEGW])
      );
    end

    // {charge, omega, phi0} of the track in stage 6.
    wire [1:0] charge = {rows6_q < 7'(MIDDLE), rows6_q > 7'(MIDDLE)};
    wire [OW-1:0] omega = rows6_q - 7'(MIDDLE);
    wire [6:0] phi0 = columns6_q;
    wire there = on[6];
  end

  // ---------------------------------------------------------------------------- frame out
  logic [TRACKS-1:0] out_valid;
  logic [TRACKS*2-1:0] out_charge;
  logic [TRACKS*OW-1:0] out_omega;
  logic [TRACKS*7-1:0] out_phi0;
  logic [TRACKS*LAYERS*IDW-1:0] out_id;
  logic [TRACKS*LAYERS*TW-1:0] out_time;
  logic [TRACKS*LAYERS*LW-1:0] out_lr;
  logic [TRACKS*LAYERS*PW-1:0] out_position;
  for (genvar t = 0; t < TRACKS; t++) begin : g_track
    logic valid_q;
    logic [1:0] charge_q;
    logic [OW-1:0] omega_q;
    logic [6:0] phi0_q;
    logic [LAYERS*SEGW-1:0] segments_q;
    wire there = g_lane[t%LANES].there;
    always_ff @(posedge clk_i) begin
      if (token_q[10+t/LANES]) begin
        valid_q <= there;
        charge_q <= there ? g_lane[t%LANES].charge : '0;
        omega_q <= there ? g_lane[t%LANES].omega : '0;
        phi0_q <= there ? g_lane[t%LANES].phi0 : '0;
        segments_q <= there ? g_lane[t%LANES].segments : '0;
      end
    end
    assign out_valid[t] = valid_q;
    assign out_charge[2*t+:2] = charge_q;
    assign out_omega[t*OW+:OW] = omega_q;
    assign out_phi0[7*t+:7] = phi0_q;
    for (genvar l = 0; l < LAYERS; l++) begin : g_segment
      localparam A = t * LAYERS + l;
      assign {out_id[A*IDW+:IDW], out_time[A*TW+:TW], out_lr[A*LW+:LW], out_position[A*PW+:PW]} =
          segments_q[l*SEGW+:SEGW];
    end
  end
  always_ff @(posedge clk_i) begin
    if (token_q[LATENCY-2])
      data_o <= {
        clock3_q,
        overflow1_q,
        out_position,
        out_lr,
        out_time,
        out_id,
        out_phi0,
        out_omega,
        out_charge,
        out_valid
      };
  end
endmodule
