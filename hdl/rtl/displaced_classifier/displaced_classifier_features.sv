// Features of one ring's hypothesis, as in firmware_models/vertex_features.py; feature 0 lies lowest.
// Stages: 1 the hypothesis, and what the other rings say, 2 the mirror.
module displaced_classifier_features
  import l1_pkg::*;
(
    input  logic                                       clk_i,
    input  logic [                                2:0] ring_i,
    // The fields of a ring, element 0 lowest.
    input  logic [                 DISPLACED_RINGS-1:0] valid_i,
    input  logic [               DISPLACED_RINGS*5-1:0] azimuth_i,
    input  logic [               DISPLACED_RINGS*6-1:0] positive_i,
    input  logic [               DISPLACED_RINGS*6-1:0] negative_i,
    input  logic [               DISPLACED_RINGS*3-1:0] positive_row_i,
    input  logic [               DISPLACED_RINGS*3-1:0] negative_row_i,
    input  logic [               DISPLACED_RINGS*3-1:0] positive_layers_i,
    input  logic [               DISPLACED_RINGS*3-1:0] negative_layers_i,
    input  logic [               DISPLACED_RINGS*4-1:0] arms_i,
    input  logic [               DISPLACED_RINGS*2-1:0] inner_i,
    input  logic [               DISPLACED_RINGS*6-1:0] cells_i,
    // There is a standard track.
    input  logic                                       standard_i,
    output logic [DISPLACED_FEATURES*NEURO_NODE_W-1:0] features_o
);
  localparam RINGS = DISPLACED_RINGS;
  localparam NW = NEURO_NODE_W;
  localparam ONE = NW'(NEURO_ONE);

  // ---------------------------------------------------------------------------- stage 1
  wire [4:0] own = azimuth_i[5*ring_i+:5];
  wire [5:0] cells = cells_i[6*ring_i+:6];
  logic [8:0] all_cells;
  logic [3:0] most, layers;
  logic [5:0] widest, p, n, opening;
  logic [2:0] agreeing;
  logic [4:0] off, inward, outward;
  logic outer;
  always_comb begin
    all_cells = '0;
    most = '0;
    widest = '0;
    agreeing = '0;
    inward = '0;
    outward = '0;
    outer = 1'b0;
    for (int r = 0; r < RINGS; r++) begin
      off = azimuth_i[5*r+:5] - own;
      layers = 4'(positive_layers_i[3*r+:3]) + 4'(negative_layers_i[3*r+:3]);
      p = positive_i[6*r+:6];
      n = negative_i[6*r+:6];
      opening = p > n ? p - n : n - p;
      if (valid_i[r]) begin
        all_cells = all_cells + 9'(cells_i[6*r+:6]);
        if (3'(r) != ring_i) begin
          if (layers > most) most = layers;
          if (opening > widest) widest = opening;
          // Two sectors off either way; 30 and 31 are -2 and -1.
          if (off <= 5'd2 || off >= 5'd30) agreeing = agreeing + 1'b1;
        end
        if (3'(r) < ring_i) inward = off;
        if (3'(r) > ring_i && !outer) begin
          outward = off;
          outer   = 1'b1;
        end
      end
    end
  end
  logic [RINGS-1:0] valid_q, ring_q;
  logic standard_q;
  logic [5:0] positive_q, negative_q, all_q;
  logic [4:0] widest_q;
  logic [2:0] positive_row_q, negative_row_q, positive_layers_q, negative_layers_q, agreeing_q;
  logic [3:0] arms_q, cells_q, most_q;
  logic [1:0] inner_q;
  logic [4:0] inward_q, outward_q;
  always_ff @(posedge clk_i) begin
    valid_q <= valid_i;
    ring_q <= RINGS'(1) << ring_i;
    standard_q <= standard_i;
    positive_q <= positive_i[6*ring_i+:6];
    negative_q <= negative_i[6*ring_i+:6];
    positive_row_q <= positive_row_i[3*ring_i+:3];
    negative_row_q <= negative_row_i[3*ring_i+:3];
    positive_layers_q <= positive_layers_i[3*ring_i+:3];
    negative_layers_q <= negative_layers_i[3*ring_i+:3];
    arms_q <= arms_i[4*ring_i+:4];
    inner_q <= inner_i[2*ring_i+:2];
    cells_q <= |cells[5:4] ? 4'd15 : cells[3:0];
    all_q <= |all_cells[8:6] ? 6'd63 : all_cells[5:0];
    most_q <= most;
    widest_q <= widest[5] ? 5'd31 : widest[4:0];
    agreeing_q <= agreeing;
    inward_q <= inward;
    outward_q <= outward;
  end

  // ---------------------------------------------------------------------------- stage 2
  // Signed; the side is 0 in the middle of the plane.
  wire [7:0] side = 8'(positive_q) + 8'(negative_q) - 8'(DISPLACED_COLUMNS - 1);
  wire [4:0] rows = 5'(positive_row_q) + 5'(negative_row_q) - 5'd7;
  wire centred = side == '0 && rows == '0;
  wire mirrored = side[7] || (side == '0 && rows[4]) ||
      (centred && positive_layers_q < negative_layers_q);
  // Its own image: the other rings lie on no side of it.
  wire image = centred && positive_layers_q == negative_layers_q;
  wire [6:0] distance = 7'(positive_q) - 7'(negative_q);
  wire [5:0] magnitude = distance[6] ? 6'(-distance) : distance[5:0];
  wire [5:0] to_side = side[7] ? 6'(-side) : side[5:0];
  wire [2:0] positive_row = mirrored ? ~negative_row_q : positive_row_q;
  wire [2:0] negative_row = mirrored ? ~positive_row_q : negative_row_q;
  // 2 row - 7.
  wire [3:0] positive_curve = {positive_row, 1'b0} - 4'd7;
  wire [3:0] negative_curve = {negative_row, 1'b0} - 4'd7;
  wire [4:0] inward_turn = image ? '0 : mirrored ? -inward_q : inward_q;
  wire [4:0] outward_turn = image ? '0 : mirrored ? -outward_q : outward_q;
  wire [RINGS*NW-1:0] rings, valids;
  for (genvar r = 0; r < RINGS; r++) begin : g_ring
    assign rings[r*NW+:NW]  = ring_q[r] ? ONE : '0;
    assign valids[r*NW+:NW] = valid_q[r] ? ONE : '0;
  end
  always_ff @(posedge clk_i)
    features_o <= {
      NW'($signed({outward_turn, 8'b0})),
      NW'($signed({inward_turn, 8'b0})),
      NW'({agreeing_q, 9'b0}),
      NW'({widest_q, 7'b0}),
      NW'({most_q, 8'b0}),
      NW'({all_q, 6'b0}),
      valids,
      standard_q ? ONE : {NW{1'b0}},
      NW'({cells_q, 8'b0}),
      NW'({inner_q, 10'b0}),
      NW'({arms_q, 8'b0}),
      NW'({mirrored ? positive_layers_q : negative_layers_q, 9'b0}),
      NW'({mirrored ? negative_layers_q : positive_layers_q, 9'b0}),
      NW'($signed({negative_curve, 9'b0})),
      NW'($signed({positive_curve, 9'b0})),
      NW'({to_side, 6'b0}),
      NW'({|magnitude[5:4] ? 4'd15 : magnitude[3:0], 8'b0}),
      NW'($signed({distance, 6'b0})),
      rings
    };
endmodule
