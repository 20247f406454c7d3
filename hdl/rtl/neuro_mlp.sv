// Neural network of the track trigger: z and theta of a 2D track. See docs/reference/neuro_mlp.md.
// Inputs -> hidden layer -> addresses -> activation on the way into the output layer -> addresses ->
// activation. A deeper network is one more layer, with its ROM of weights.
module neuro_mlp
  import l1_pkg::*;
(
    input  logic                         clk_i,
    input  logic                         rst_ni,
    input  logic                         valid_i,
    /* verilator lint_off UNUSEDSIGNAL */  // hit patterns take no part
    input  logic [NEURO_INPUT_WIDTH-1:0] data_i,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic                         valid_o,
    output logic [NEURO_TRACK_WIDTH-1:0] data_o
);
  localparam NW = NEURO_NODE_W;
  localparam WW = NEURO_WEIGHT_W;
  localparam SW = NEURO_SUM_W;
  localparam EW = NEURO_INPUT_EXPERT_W;
  localparam HKW = NEURO_HIDDEN_STEP_W;
  localparam OKW = NEURO_OUTPUT_STEP_W;
  // Item between layers: {sign, address of the activation table}.
  localparam IW = NEURO_ADDRESS_W + 1;
  localparam HL = NEURO_HIDDEN_LANES;
  localparam OL = NEURO_OUTPUT_LANES;
  // The expert, then the fields of the track, as they lie in the input word.
  localparam TAG_LOW = NEURO_INPUT_EXPERT_LOW;
  localparam TAG_W = NEURO_INPUT_WIDTH - TAG_LOW;
  localparam TRACK_W = TAG_W - EW;
  // This network has no classes.
  localparam CLASSES_W = NEURO_TRACK_IP_CLASS_W + NEURO_TRACK_STT_CLASS_W;
  localparam VALID_AT = NEURO_INPUT_VALID_LOW - NEURO_INPUT_OMEGA_LOW;

  // ---------------------------------------------------------------------------- hidden layer
  logic hidden_valid;
  logic [TAG_W-1:0] hidden_tag;
  /* verilator lint_off UNUSEDSIGNAL */  // weights need the expert alone
  logic [TAG_W-1:0] hidden_item_tag, output_item_tag;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [HL*NW-1:0] hidden_items, hidden_items_q, hidden_values;
  logic [HKW-1:0] hidden_step;
  logic [EW+HKW-1:0] hidden_address_q;
  logic [NEURO_HIDDEN*HL*WW-1:0] hidden_weights;
  logic [NEURO_HIDDEN*SW-1:0] hidden_sums;
  neuro_layer #(
      .INPUTS  (NEURO_INPUTS + 1),
      .LANES   (HL),
      .NODES   (NEURO_HIDDEN),
      .ITEM_W  (NW),
      .TAG_W   (TAG_W),
      .STEP_W  (HKW),
      .NODE_W  (NW),
      .WEIGHT_W(WW),
      .SUM_W   (SW)
  ) u_hidden (
      .clk_i,
      .rst_ni,
      .valid_i,
      .tag_i     (data_i[TAG_LOW+:TAG_W]),
      .items_i   ({NW'(NEURO_ONE), data_i[0+:NEURO_INPUTS*NW]}),
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
    hidden_items_q   <= hidden_items;
    hidden_values    <= hidden_items_q;
    hidden_address_q <= {hidden_item_tag[EW-1:0], hidden_step};
  end
  neuro_mlp_hidden_rom u_hidden_rom (
      .clk_i,
      .address_i(hidden_address_q),
      .word_o   (hidden_weights)
  );
  logic [NEURO_HIDDEN*IW-1:0] hidden_addresses;
  neuro_mlp_address #(
      .NODES(NEURO_HIDDEN)
  ) u_hidden_address (
      .sums_i (hidden_sums),
      .items_o(hidden_addresses)
  );

  // ---------------------------------------------------------------------------- output layer
  logic output_valid;
  /* verilator lint_off UNUSEDSIGNAL */  // the flag of a network, bit 0, is the expert's
  logic [TAG_W-1:0] output_tag;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [OL*IW-1:0] output_items;
  logic [OL*NW-1:0] output_values;
  logic [OKW-1:0] output_step;
  logic [EW+OKW-1:0] output_address_q;
  logic [NEURO_OUTPUTS*OL*WW-1:0] output_weights;
  logic [NEURO_OUTPUTS*SW-1:0] output_sums;
  neuro_layer #(
      .INPUTS  (NEURO_HIDDEN + 1),
      .LANES   (OL),
      .NODES   (NEURO_OUTPUTS),
      .ITEM_W  (IW),
      .TAG_W   (TAG_W),
      .STEP_W  (OKW),
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
      .sums_o    (output_sums)
  );
  neuro_mlp_tanh #(
      .LANES(OL)
  ) u_output_tanh (
      .clk_i,
      .items_i (output_items),
      .values_o(output_values)
  );
  always_ff @(posedge clk_i) output_address_q <= {output_item_tag[EW-1:0], output_step};
  neuro_mlp_output_rom u_output_rom (
      .clk_i,
      .address_i(output_address_q),
      .word_o   (output_weights)
  );
  logic [NEURO_OUTPUTS*IW-1:0] output_addresses;
  neuro_mlp_address #(
      .NODES(NEURO_OUTPUTS)
  ) u_output_address (
      .sums_i (output_sums),
      .items_o(output_addresses)
  );

  // ---------------------------------------------------------------------------- track out
  logic [NEURO_OUTPUTS*NW-1:0] found;
  neuro_mlp_tanh #(
      .LANES(NEURO_OUTPUTS)
  ) u_found (
      .clk_i,
      .items_i (output_addresses),
      .values_o(found)
  );
  logic valid_q;
  logic [TAG_W-1:0] tag_q;
  logic [TRACK_W-1:0] track_q;
  logic neural_q;
  always_ff @(posedge clk_i) begin
    valid_q  <= rst_ni && output_valid;
    valid_o  <= rst_ni && valid_q;
    tag_q    <= output_tag;
    track_q  <= tag_q[EW+:TRACK_W];
    neural_q <= tag_q[EW+VALID_AT] && tag_q[EW-1:0] < EW'(NEURO_EXPERTS);
  end
  assign data_o = {
    track_q, neural_q, CLASSES_W'(0), neural_q ? found : {NEURO_OUTPUTS * NW{1'b0}}
  };
endmodule
