// Neural classifier of vertex hypotheses: see docs/reference/displaced_classifier.md. One network
// takes the rings of a frame one behind the other, five clocks each.
module displaced_classifier
  import l1_pkg::*;
(
    input  logic                                clk_i,
    input  logic                                rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                                cfg_valid_i,
    input  logic [                        11:0] cfg_addr_i,
    input  logic [                        31:0] cfg_data_i,
    input  logic                                valid_i,
    /* verilator lint_off UNUSEDSIGNAL */  // the decision of the stage before takes no part
    input  logic [DISPLACED_VERTICES_WIDTH-1:0] data_i,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic                                valid_o,
    output logic [DISPLACED_DECISION_WIDTH-1:0] data_o
);
  localparam RINGS = DISPLACED_RINGS;
  localparam LATENCY = DISPLACED_CLASSIFIER_LATENCY;
  localparam TW = DISPLACED_VERTICES_TRACKS_W;
  localparam CW = DISPLACED_VERTICES_CLOCK_W;
  localparam NW = NEURO_NODE_W;
  localparam WW = NEURO_WEIGHT_W;
  localparam SW = NEURO_SUM_W;
  // Item between layers: {sign, address of the activation table}.
  localparam IW = NEURO_ADDRESS_W + 1;
  localparam FL = DISPLACED_FEATURE_LANES;
  localparam HL = DISPLACED_HIDDEN_LANES;
  localparam KW = DISPLACED_STEP_W;
  // {ring, its hypothesis is valid}.
  localparam TAG_W = 4;

  logic [RINGS*NW-1:0] min_score;
  logic [TW-1:0] max_tracks;
  displaced_classifier_registers u_registers (.*);

  // token_q[i] is high on the i-th clock after the one that takes the frame.
  logic [LATENCY-1:0] token_q;
  assign valid_o = token_q[LATENCY-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) token_q <= '0;
    else token_q <= {token_q[LATENCY-2:0], valid_i};
  end

  // ---------------------------------------------------------------------------- rings in turn
  logic [DISPLACED_VERTICES_WIDTH-1:0] frame_q;
  logic [2:0] ring_q;
  logic [2:0] step_q;
  logic busy_q;
  // The next frame may come before this one's result.
  logic [TW-1:0] tracks1_q;
  logic [CW-1:0] clock1_q;
  wire step_last = step_q == 3'(DISPLACED_RING_CLOCKS - 1);
  wire ring_last = ring_q == 3'(RINGS - 1);
  always_ff @(posedge clk_i) begin
    if (!rst_ni) busy_q <= 1'b0;
    else if (valid_i) busy_q <= 1'b1;
    else if (step_last && ring_last) busy_q <= 1'b0;
  end
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      frame_q <= data_i;
      ring_q  <= '0;
      step_q  <= '0;
    end else if (step_last) begin
      ring_q <= ring_q + 1'b1;
      step_q <= '0;
    end else step_q <= step_q + 1'b1;
    if (token_q[RINGS*DISPLACED_RING_CLOCKS-1]) begin
      tracks1_q <= frame_q[DISPLACED_VERTICES_TRACKS_LOW+:TW];
      clock1_q  <= frame_q[DISPLACED_VERTICES_CLOCK_LOW+:CW];
    end
  end
  logic [DISPLACED_FEATURES*NW-1:0] features;
  displaced_classifier_features u_features (
      .clk_i,
      .ring_i           (ring_q),
      .valid_i          (frame_q[DISPLACED_VERTICES_VALID_LOW+:RINGS]),
      .azimuth_i        (frame_q[DISPLACED_VERTICES_AZIMUTH_LOW+:RINGS*5]),
      .positive_i       (frame_q[DISPLACED_VERTICES_POSITIVE_LOW+:RINGS*6]),
      .negative_i       (frame_q[DISPLACED_VERTICES_NEGATIVE_LOW+:RINGS*6]),
      .positive_row_i   (frame_q[DISPLACED_VERTICES_POSITIVE_ROW_LOW+:RINGS*3]),
      .negative_row_i   (frame_q[DISPLACED_VERTICES_NEGATIVE_ROW_LOW+:RINGS*3]),
      .positive_layers_i(frame_q[DISPLACED_VERTICES_POSITIVE_LAYERS_LOW+:RINGS*3]),
      .negative_layers_i(frame_q[DISPLACED_VERTICES_NEGATIVE_LAYERS_LOW+:RINGS*3]),
      .arms_i           (frame_q[DISPLACED_VERTICES_ARMS_LOW+:RINGS*4]),
      .inner_i          (frame_q[DISPLACED_VERTICES_INNER_LOW+:RINGS*2]),
      .cells_i          (frame_q[DISPLACED_VERTICES_CELLS_LOW+:RINGS*6]),
      .standard_i       (|frame_q[DISPLACED_VERTICES_TRACKS_LOW+:TW]),
      .features_o       (features)
  );
  logic [1:0] start_q;
  logic [TAG_W-1:0] tag1_q, tag2_q;
  always_ff @(posedge clk_i) begin
    start_q <= {rst_ni && start_q[0], rst_ni && busy_q && step_q == '0};
    tag1_q  <= {ring_q, frame_q[32'(DISPLACED_VERTICES_VALID_LOW)+32'(ring_q)]};
    tag2_q  <= tag1_q;
  end

  // ---------------------------------------------------------------------------- hidden layer
  logic hidden_valid;
  logic [TAG_W-1:0] hidden_tag;
  /* verilator lint_off UNUSEDSIGNAL */  // one set of weights
  logic [TAG_W-1:0] hidden_item_tag, output_item_tag;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [FL*NW-1:0] hidden_items, hidden_items_q, hidden_values;
  logic [KW-1:0] hidden_step, hidden_step_q;
  logic [DISPLACED_HIDDEN*FL*WW-1:0] hidden_weights;
  logic [DISPLACED_HIDDEN*SW-1:0] hidden_sums;
  neuro_layer #(
      .INPUTS  (DISPLACED_FEATURES + 1),
      .LANES   (FL),
      .NODES   (DISPLACED_HIDDEN),
      .ITEM_W  (NW),
      .TAG_W   (TAG_W),
      .STEP_W  (KW),
      .NODE_W  (NW),
      .WEIGHT_W(WW),
      .SUM_W   (SW)
  ) u_hidden (
      .clk_i,
      .rst_ni,
      .valid_i   (start_q[1]),
      .tag_i     (tag2_q),
      .items_i   ({NW'(NEURO_ONE), features}),
      .items_o   (hidden_items),
      .step_o    (hidden_step),
      .item_tag_o(hidden_item_tag),
      .values_i  (hidden_values),
      .weights_i (hidden_weights),
      .valid_o   (hidden_valid),
      .tag_o     (hidden_tag),
      .sums_o    (hidden_sums)
  );
  always_ff @(posedge clk_i) begin
    hidden_items_q <= hidden_items;
    hidden_values  <= hidden_items_q;
    hidden_step_q  <= hidden_step;
  end
  displaced_classifier_hidden_rom u_hidden_rom (
      .clk_i,
      .address_i(hidden_step_q),
      .word_o   (hidden_weights)
  );
  logic [DISPLACED_HIDDEN*IW-1:0] hidden_addresses;
  neuro_mlp_address #(
      .NODES(DISPLACED_HIDDEN)
  ) u_hidden_address (
      .sums_i (hidden_sums),
      .items_o(hidden_addresses)
  );

  // ---------------------------------------------------------------------------- output layer
  logic output_valid;
  logic [TAG_W-1:0] output_tag;
  logic [HL*IW-1:0] output_items;
  logic [HL*NW-1:0] output_values;
  logic [KW-1:0] output_step, output_step_q;
  logic [HL*WW-1:0] output_weights;
  logic [SW-1:0] output_sum;
  neuro_layer #(
      .INPUTS  (DISPLACED_HIDDEN + 1),
      .LANES   (HL),
      .NODES   (1),
      .ITEM_W  (IW),
      .TAG_W   (TAG_W),
      .STEP_W  (KW),
      .NODE_W  (NW),
      .WEIGHT_W(WW),
      .SUM_W   (SW)
  ) u_output (
      .clk_i,
      .rst_ni,
      .valid_i   (hidden_valid),
      .tag_i     (hidden_tag),
      // The bias is 1: the saturated end of the table.
      .items_i   ({1'b0, {NEURO_ADDRESS_W{1'b1}}, hidden_addresses}),
      .items_o   (output_items),
      .step_o    (output_step),
      .item_tag_o(output_item_tag),
      .values_i  (output_values),
      .weights_i (output_weights),
      .valid_o   (output_valid),
      .tag_o     (output_tag),
      .sums_o    (output_sum)
  );
  neuro_mlp_tanh #(
      .LANES(HL)
  ) u_output_tanh (
      .clk_i,
      .items_i (output_items),
      .values_o(output_values)
  );
  always_ff @(posedge clk_i) output_step_q <= output_step;
  displaced_classifier_output_rom u_output_rom (
      .clk_i,
      .address_i(output_step_q),
      .word_o   (output_weights)
  );
  logic [IW-1:0] output_address;
  neuro_mlp_address #(
      .NODES(1)
  ) u_output_address (
      .sums_i (output_sum),
      .items_o(output_address)
  );

  // ---------------------------------------------------------------------------- scores
  logic [NW-1:0] found;
  neuro_mlp_tanh #(
      .LANES(1)
  ) u_found (
      .clk_i,
      .items_i (output_address),
      .values_o(found)
  );
  logic [1:0] found_q;
  logic [TAG_W-1:0] found1_q, found2_q;
  wire [2:0] found_ring = found2_q[TAG_W-1:1];
  // Without sign: score + 8192.
  wire passed = found2_q[0] &&
      {~found[NW-1], found[NW-2:0]} >= min_score[NW*found_ring+:NW];
  logic [RINGS*NW-1:0] scores_q;
  logic [RINGS-1:0] accepted_q;
  always_ff @(posedge clk_i) begin
    found_q  <= {rst_ni && found_q[0], rst_ni && output_valid};
    found1_q <= output_tag;
    found2_q <= found1_q;
    // The first ring comes out last: it has moved down through all places.
    if (found_q[1]) begin
      scores_q   <= {found2_q[0] ? found : {NW{1'b0}}, scores_q[RINGS*NW-1:NW]};
      accepted_q <= {passed, accepted_q[RINGS-1:1]};
    end
    if (token_q[LATENCY-2])
      data_o <= {clock1_q, |accepted_q && tracks1_q <= max_tracks, tracks1_q, scores_q, accepted_q};
  end
endmodule
