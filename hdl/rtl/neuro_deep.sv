// Deeper network of the track trigger: z, theta and two classes. See docs/reference/neuro_deep.md.
// First layer in two parts, inputs and hit-pattern bits -> one sum -> addresses and activation on the
// way into the second layer -> the same on the way into the third -> addresses -> activation.
module neuro_deep
  import l1_pkg::*;
  import neuro_deep_pkg::*;
(
    input  logic                         clk_i,
    input  logic                         rst_ni,
    input  logic                         valid_i,
    /* verilator lint_off UNUSEDSIGNAL */  // one set of weights: the expert takes no part
    input  logic [NEURO_INPUT_WIDTH-1:0] data_i,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic                         valid_o,
    output logic [NEURO_TRACK_WIDTH-1:0] data_o
);
  localparam NW = NEURO_NODE_W;
  localparam WW = NEURO_DEEP_WEIGHT_W;
  localparam PITCH = NEURO_DEEP_PITCH;
  localparam SW = NEURO_DEEP_SUM_W;
  localparam PSW = NEURO_DEEP_PATTERN_SUM_W;
  localparam PSP = NEURO_DEEP_PITCH;
  localparam FIRST = NEURO_DEEP_FIRST;
  localparam SECOND = NEURO_DEEP_SECOND;
  localparam OUTPUTS = NEURO_DEEP_OUTPUTS;
  localparam BITS = NEURO_INPUT_PATTERN_N;
  // Between layers: {bias, sum}. On the way in: {sign, beyond the table, address}.
  localparam SP = NEURO_DEEP_SUM_PITCH;
  localparam [SP-1:0] BIAS = SP'(1) << SW;
  localparam IW = NEURO_DEEP_ADDRESS_W + 2;
  localparam IL = NEURO_DEEP_INPUT_LANES;
  localparam PL = NEURO_DEEP_PATTERN_LANES;
  localparam HL = NEURO_DEEP_HIDDEN_LANES;
  localparam OL = NEURO_DEEP_OUTPUT_LANES;
  localparam IKW = NEURO_DEEP_INPUT_STEP_W;
  localparam PKW = NEURO_DEEP_PATTERN_STEP_W;
  localparam HKW = NEURO_DEEP_HIDDEN_STEP_W;
  localparam OKW = NEURO_DEEP_OUTPUT_STEP_W;
  // The fields of the track, as they lie in the input word.
  localparam TAG_LOW = NEURO_INPUT_OMEGA_LOW;
  localparam TAG_W = NEURO_INPUT_WIDTH - TAG_LOW;
  localparam VALID_AT = NEURO_INPUT_VALID_LOW - NEURO_INPUT_OMEGA_LOW;

  /* verilator lint_off PINCONNECTEMPTY */  // one set of weights: no layer needs to know the track
  /* verilator lint_off UNUSEDSIGNAL */  // bits between sums
  // ---------------------------------------------------------------------------- first layer
  logic first_valid;
  logic [TAG_W-1:0] first_tag;
  logic [IL*NW-1:0] input_items, input_items_q, input_values;
  logic [IKW-1:0] input_step, input_step_q;
  logic [FIRST*IL*PITCH-1:0] input_weights;
  logic [FIRST*SP-1:0] input_sums;
  neuro_layer #(
      .INPUTS  (NEURO_INPUTS + 1),
      .LANES   (IL),
      .NODES   (FIRST),
      .ITEM_W  (NW),
      .TAG_W   (TAG_W),
      .STEP_W  (IKW),
      .NODE_W  (NW),
      .WEIGHT_W(WW),
      .SUM_W   (SW),
      .PITCH   (PITCH),
      .SUM_PITCH(SP)
  ) u_input (
      .clk_i,
      .rst_ni,
      .valid_i,
      .tag_i     (data_i[TAG_LOW+:TAG_W]),
      .items_i   ({NW'(NEURO_ONE), data_i[0+:NEURO_INPUTS*NW]}),
      .items_o   (input_items),
      .step_o    (input_step),
      .item_tag_o(),
      .values_i  (input_values),
      .weights_i (input_weights),
      .valid_o   (first_valid),
      .tag_o     (first_tag),
      .sums_o    (input_sums)
  );
  // Bits take as many clocks as the others: 7.
  logic [PL-1:0] pattern_items, pattern_items_q, pattern_values;
  logic [PKW-1:0] pattern_step, pattern_step_q;
  logic [FIRST*PL*PITCH-1:0] pattern_weights;
  logic [FIRST*PSP-1:0] pattern_sums;
  neuro_layer #(
      .INPUTS  (BITS),
      .LANES   (PL),
      .NODES   (FIRST),
      .ITEM_W  (1),
      .TAG_W   (1),
      .STEP_W  (PKW),
      .NODE_W  (1),
      .WEIGHT_W(WW),
      .SUM_W   (PSW),
      .PITCH   (PITCH),
      .SUM_PITCH(PSP)
  ) u_pattern (
      .clk_i,
      .rst_ni,
      .valid_i,
      .tag_i     (1'b0),
      .items_i   (data_i[NEURO_INPUT_PATTERN_LOW+:BITS]),
      .items_o   (pattern_items),
      .step_o    (pattern_step),
      .item_tag_o(),
      .values_i  (pattern_values),
      .weights_i (pattern_weights),
      .valid_o   (),
      .tag_o     (),
      .sums_o    (pattern_sums)
  );
  always_ff @(posedge clk_i) begin
    input_items_q   <= input_items;
    input_values    <= input_items_q;
    input_step_q    <= input_step;
    pattern_items_q <= pattern_items;
    pattern_values  <= pattern_items_q;
    pattern_step_q  <= pattern_step;
  end
  neuro_deep_input_rom u_input_rom (
      .clk_i,
      .address_i(input_step_q),
      .word_o   (input_weights)
  );
  neuro_deep_pattern_rom u_pattern_rom (
      .clk_i,
      .address_i(pattern_step_q),
      .word_o   (pattern_weights)
  );
  // A bit that is set is 1: its weight times 4096.
  logic [FIRST*SP-1:0] first_sums;
  for (genvar n = 0; n < FIRST; n++) begin : g_first
    wire [SW-1:0] sum = input_sums[n*SP+:SW] +
        (SW'($signed(pattern_sums[n*PSP+:PSW])) << NEURO_DEEP_FRACTION);
    assign first_sums[n*SP+:SP] = SP'(sum);
  end

  // ---------------------------------------------------------------------------- second layer
  logic second_valid;
  logic [TAG_W-1:0] second_tag;
  logic [HL*SP-1:0] hidden_items;
  logic [HL*IW-1:0] hidden_addresses;
  logic [HL*NW-1:0] hidden_values;
  logic [HKW-1:0] hidden_step, hidden_step_q;
  logic [SECOND*HL*PITCH-1:0] hidden_weights;
  logic [SECOND*SP-1:0] second_sums;
  neuro_layer #(
      .INPUTS  (FIRST + 1),
      .LANES   (HL),
      .NODES   (SECOND),
      .ITEM_W  (SP),
      .TAG_W   (TAG_W),
      .STEP_W  (HKW),
      .NODE_W  (NW),
      .WEIGHT_W(WW),
      .SUM_W   (SW),
      .PITCH   (PITCH),
      .SUM_PITCH(SP)
  ) u_hidden (
      .clk_i,
      .rst_ni,
      .valid_i   (first_valid),
      .tag_i     (first_tag),
      .items_i   ({BIAS, first_sums}),
      .items_o   (hidden_items),
      .step_o    (hidden_step),
      .item_tag_o(),
      .values_i  (hidden_values),
      .weights_i (hidden_weights),
      .valid_o   (second_valid),
      .tag_o     (second_tag),
      .sums_o    (second_sums)
  );
  neuro_deep_address #(
      .LANES(HL),
      .SHIFT(NEURO_DEEP_FIRST_SHIFT)
  ) u_hidden_address (
      .sums_i (hidden_items),
      .items_o(hidden_addresses)
  );
  neuro_deep_tanh #(
      .LANES(HL)
  ) u_hidden_tanh (
      .clk_i,
      .items_i (hidden_addresses),
      .values_o(hidden_values)
  );
  always_ff @(posedge clk_i) hidden_step_q <= hidden_step;
  neuro_deep_hidden_rom u_hidden_rom (
      .clk_i,
      .address_i(hidden_step_q),
      .word_o   (hidden_weights)
  );

  // ---------------------------------------------------------------------------- output layer
  logic output_valid;
  logic [TAG_W-1:0] output_tag;
  logic [OL*SP-1:0] output_items;
  logic [OL*IW-1:0] output_addresses;
  logic [OL*NW-1:0] output_values;
  logic [OKW-1:0] output_step, output_step_q;
  logic [OUTPUTS*OL*PITCH-1:0] output_weights;
  logic [OUTPUTS*SP-1:0] output_sums;
  neuro_layer #(
      .INPUTS  (SECOND + 1),
      .LANES   (OL),
      .NODES   (OUTPUTS),
      .ITEM_W  (SP),
      .TAG_W   (TAG_W),
      .STEP_W  (OKW),
      .NODE_W  (NW),
      .WEIGHT_W(WW),
      .SUM_W   (SW),
      .PITCH   (PITCH),
      .SUM_PITCH(SP)
  ) u_output (
      .clk_i,
      .rst_ni,
      .valid_i   (second_valid),
      .tag_i     (second_tag),
      .items_i   ({BIAS, second_sums}),
      .items_o   (output_items),
      .step_o    (output_step),
      .item_tag_o(),
      .values_i  (output_values),
      .weights_i (output_weights),
      .valid_o   (output_valid),
      .tag_o     (output_tag),
      .sums_o    (output_sums)
  );
  neuro_deep_address #(
      .LANES(OL),
      .SHIFT(NEURO_DEEP_SECOND_SHIFT)
  ) u_output_address (
      .sums_i (output_items),
      .items_o(output_addresses)
  );
  neuro_deep_tanh #(
      .LANES(OL)
  ) u_output_tanh (
      .clk_i,
      .items_i (output_addresses),
      .values_o(output_values)
  );
  always_ff @(posedge clk_i) output_step_q <= output_step;
  neuro_deep_output_rom u_output_rom (
      .clk_i,
      .address_i(output_step_q),
      .word_o   (output_weights)
  );
  logic [OUTPUTS*IW-1:0] found_addresses;
  neuro_deep_address #(
      .LANES(OUTPUTS),
      .SHIFT(NEURO_DEEP_OUTPUT_SHIFT)
  ) u_found_address (
      .sums_i (output_sums),
      .items_o(found_addresses)
  );

  /* verilator lint_on UNUSEDSIGNAL */
  /* verilator lint_on PINCONNECTEMPTY */
  // ---------------------------------------------------------------------------- track out
  logic [OUTPUTS*NW-1:0] found;
  neuro_deep_tanh #(
      .LANES(OUTPUTS)
  ) u_found (
      .clk_i,
      .items_i (found_addresses),
      .values_o(found)
  );
  logic valid_q;
  logic [TAG_W-1:0] tag_q;
  logic [TAG_W-1:0] track_q;
  logic neural_q;
  always_ff @(posedge clk_i) begin
    valid_q  <= rst_ni && output_valid;
    valid_o  <= rst_ni && valid_q;
    tag_q    <= output_tag;
    track_q  <= tag_q;
    neural_q <= tag_q[VALID_AT];
  end
  assign data_o = {track_q, neural_q, neural_q ? found : {OUTPUTS * NW{1'b0}}};
endmodule
