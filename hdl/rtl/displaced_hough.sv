// Pairs of arms from displaced vertices: see docs/reference/displaced_hough.md. The chamber's map of
// axial segments turns by one sector a clock, so that one set of planes serves all hypotheses of a
// ring; the rings work side by side.
module displaced_hough
  import l1_pkg::*;
(
    input  logic                                clk_i,
    input  logic                                rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                                cfg_valid_i,
    input  logic [                        11:0] cfg_addr_i,
    input  logic [                        31:0] cfg_data_i,
    input  logic                                valid_i,
    input  logic [  CHAMBER_SEGMENTS_WIDTH-1:0] data_i,
    output logic                                valid_o,
    output logic [DISPLACED_VERTICES_WIDTH-1:0] data_o
);
  localparam RINGS = DISPLACED_RINGS;
  localparam LATENCY = DISPLACED_HOUGH_LATENCY;
  localparam TW = CHAMBER_SEGMENTS_TRACKS_W;
  localparam CW = CHAMBER_SEGMENTS_CLOCK_W;

  logic [RINGS*3-1:0] layers;
  logic [RINGS*6-1:0] min_opening;
  logic [RINGS*2-1:0] max_inner;
  logic [5:0] max_opening;
  logic [4:0] max_tracks;
  displaced_hough_registers u_registers (.*);

  // token_q[i] is high on the i-th clock after the one that takes the frame.
  logic [LATENCY-1:0] token_q;
  assign valid_o = token_q[LATENCY-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) token_q <= '0;
    else token_q <= {token_q[LATENCY-2:0], valid_i};
  end

  // ---------------------------------------------------------------------------- the turning map
  // Place 0 of a superlayer lies opposite to the hypothesis.
  logic [DISPLACED_MAP-1:0] map_q;
  for (genvar k = 0; k < DISPLACED_LAYERS; k++) begin : g_layer
    localparam N = 32'(DISPLACED_SEGMENTS[9*k+:9]);
    localparam A = 32'(DISPLACED_FIRST[11*k+:11]);
    localparam STEP = N / DISPLACED_AZIMUTHS;
    always_ff @(posedge clk_i) begin
      if (valid_i) map_q[A+:N] <= {data_i[A+:N/2], data_i[A+N/2+:N/2]};
      else map_q[A+:N] <= {map_q[A+:STEP], map_q[A+STEP+:N-STEP]};
    end
  end
  logic [4:0] azimuth_q;
  // The next frame may come before this one's result.
  logic [TW-1:0] tracks_q, tracks1_q;
  logic [CW-1:0] clock_q, clock1_q;
  always_ff @(posedge clk_i) begin
    azimuth_q <= valid_i ? '0 : azimuth_q + 1'b1;
    if (valid_i) begin
      tracks_q <= data_i[CHAMBER_SEGMENTS_TRACKS_LOW+:TW];
      clock_q  <= data_i[CHAMBER_SEGMENTS_CLOCK_LOW+:CW];
    end
    if (token_q[DISPLACED_AZIMUTHS-1]) begin
      tracks1_q <= tracks_q;
      clock1_q  <= clock_q;
    end
  end

  // ---------------------------------------------------------------------------- rings
  logic [RINGS-1:0] valid;
  logic [RINGS*5-1:0] azimuth;
  logic [RINGS*6-1:0] positive, negative, cells;
  logic [RINGS*3-1:0] positive_row, negative_row, positive_layers, negative_layers;
  logic [RINGS*4-1:0] arms;
  logic [RINGS*2-1:0] inner;
  localparam CROSSED = DISPLACED_LAYERS * DISPLACED_COLUMNS * DISPLACED_ROWS;
  logic [RINGS*CROSSED-1:0] crossed;
  displaced_hough_cross u_cross (
      .clk_i,
      .map_i  (map_q),
      .cross_o(crossed)
  );
  for (genvar g = 0; g < RINGS; g++) begin : g_ring
    displaced_hough_ring #(
        .RING(g)
    ) u_ring (
        .clk_i,
        .azimuth_i        (azimuth_q),
        .map_i            (map_q),
        .crossed_i        (crossed[CROSSED*g+:CROSSED]),
        .layers_i         (layers[3*g+:3]),
        .min_opening_i    (min_opening[6*g+:6]),
        .max_opening_i    (max_opening),
        .max_inner_i      (max_inner[2*g+:2]),
        .valid_o          (valid[g]),
        .azimuth_o        (azimuth[5*g+:5]),
        .positive_o       (positive[6*g+:6]),
        .negative_o       (negative[6*g+:6]),
        .positive_row_o   (positive_row[3*g+:3]),
        .negative_row_o   (negative_row[3*g+:3]),
        .positive_layers_o(positive_layers[3*g+:3]),
        .negative_layers_o(negative_layers[3*g+:3]),
        .arms_o           (arms[4*g+:4]),
        .inner_o          (inner[2*g+:2]),
        .cells_o          (cells[6*g+:6])
    );
  end
  always_ff @(posedge clk_i) begin
    if (token_q[LATENCY-2])
      data_o <= {
        clock1_q,
        |valid && tracks1_q <= max_tracks,
        tracks1_q,
        cells,
        inner,
        arms,
        negative_layers,
        positive_layers,
        negative_row,
        positive_row,
        negative,
        positive,
        azimuth,
        valid
      };
  end
endmodule
