// Part of neuro_mlp and neuro_deep: one fully connected layer of any size. Every node has LANES multipliers and one
// accumulator and takes LANES inputs on a clock, in order; the bias, where there is one, is the last.
//
// The layer holds what it was given (items) and deals it out; whoever instantiates it turns items
// into node values, and addresses into weights, in two clocks. So the activation of the layer before
// is computed on the way in, on LANES tables instead of one for each node.
//
// Clocks from valid_i to valid_o: 3 + STEPS. Frames may follow each other after STEPS clocks.
module neuro_layer #(
    // Inputs with the bias.
    parameter INPUTS = 2,
    // Inputs on a clock.
    parameter LANES = 1,
    parameter NODES = 1,
    // Bits of an item.
    parameter ITEM_W = 1,
    // Bits that travel along.
    parameter TAG_W = 1,
    // Bits of the number of a clock in the layer.
    parameter STEP_W = 1,
    // Bits of a node value, signed; 1: inputs are bits, which need no multiplier.
    parameter NODE_W = 2,
    // Bits of a weight and of a sum, signed.
    parameter WEIGHT_W = 1,
    parameter SUM_W = 1,
    // Bits from weight to weight, and from sum to sum.
    parameter PITCH = WEIGHT_W,
    parameter SUM_PITCH = SUM_W
) (
    input  logic                                      clk_i,
    input  logic                                      rst_ni,
    input  logic                                      valid_i,
    input  logic [                         TAG_W-1:0] tag_i,
    input  logic [                 INPUTS*ITEM_W-1:0] items_i,
    // Two clocks later the values and weights that belong to them come in.
    output logic [                  LANES*ITEM_W-1:0] items_o,
    output logic [                        STEP_W-1:0] step_o,
    // Tag of the frame that the items are of.
    output logic [                         TAG_W-1:0] item_tag_o,
    input  logic [                  LANES*NODE_W-1:0] values_i,
    input  logic [             NODES*LANES*PITCH-1:0] weights_i,
    output logic                                      valid_o,
    output logic [                         TAG_W-1:0] tag_o,
    output logic [               NODES*SUM_PITCH-1:0] sums_o
);
  localparam STEPS = (INPUTS + LANES - 1) / LANES;
  localparam NW = NODE_W;
  localparam WW = WEIGHT_W;
  localparam SW = SUM_W;
  localparam KW = STEP_W;
  localparam HOLD_W = STEPS * LANES * ITEM_W;

  // ---------------------------------------------------------------------------- deal out
  logic busy_q;
  logic [KW-1:0] step_q;
  logic [HOLD_W-1:0] hold_q;
  logic [TAG_W-1:0] tag_q;
  wire last = step_q == KW'(STEPS - 1);
  assign items_o = hold_q[0+:LANES*ITEM_W];
  assign step_o = step_q;
  assign item_tag_o = tag_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) busy_q <= 1'b0;
    else if (valid_i) busy_q <= 1'b1;
    else if (last) busy_q <= 1'b0;
  end
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      step_q <= '0;
      hold_q <= HOLD_W'(items_i);
      tag_q  <= tag_i;
    end else if (busy_q) begin
      step_q <= step_q + 1'b1;
      hold_q <= hold_q >> (LANES * ITEM_W);
    end
    // The next frame may take the place of this one while the last inputs are still on their way.
    if (busy_q && last) tag_o <= tag_q;
  end

  // ---------------------------------------------------------------------------- sums
  // {first, last, there is something}, two clocks behind the items.
  logic [2:0] fetch1_q, fetch2_q;
  always_ff @(posedge clk_i) begin
    fetch1_q <= {step_q == '0, last, rst_ni && busy_q};
    fetch2_q <= {fetch1_q[2:1], rst_ni && fetch1_q[0]};
    valid_o  <= rst_ni && fetch2_q[0] && fetch2_q[1];
  end
  // Products and sums in widths that processors have, values on their borders: simulators then need no
  // masks. Synthesis drops what nobody reads.
  localparam PW = WW + NW > 32 ? WW + NW : 32;
  localparam TW = SW > 32 ? 64 : 32;
  wire [LANES*PW-1:0] values;
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    if (NW == 1) begin : g_bit
      assign values[l*PW+:PW] = {PW{values_i[l]}};
    end else begin : g_value
      assign values[l*PW+:PW] = PW'($signed(values_i[l*NW+:NW]));
    end
  end
  for (genvar n = 0; n < NODES; n++) begin : g_node
    logic [SW-1:0] sum_q;
    /* verilator lint_off UNUSEDSIGNAL */  // bits between weights
    wire [LANES*PITCH-1:0] weights = weights_i[n*LANES*PITCH+:LANES*PITCH];
    /* verilator lint_on UNUSEDSIGNAL */
    // A function, called where its result is taken: simulators compute no sums that nobody takes.
    function automatic [TW-1:0] add(input [TW-1:0] start);
      add = start;
      for (int l = 0; l < LANES; l++)
        if (NW == 1)
          add = add + TW'($signed(
              PW'($signed(weights[l*PITCH+:WW])) & values[l*PW+:PW]));
        else
          add = add + TW'($signed(
              PW'($signed(weights[l*PITCH+:WW])) * values[l*PW+:PW]));
    endfunction
    always_ff @(posedge clk_i)
      if (fetch2_q[0]) sum_q <= SW'(add(fetch2_q[2] ? {TW{1'b0}} : TW'(sum_q)));
    assign sums_o[n*SUM_PITCH+:SUM_PITCH] = SUM_PITCH'(sum_q);
  end
endmodule
