// Part of neuro_preprocess: where the track crosses a layer, as a segment id with fraction.
// reference = (phi0 - alpha) * wires per radian, divided toward zero. Three clocks.
module neuro_preprocess_reference
  import l1_pkg::*;
#(
    // Wires per radian.
    parameter [NEURO_CONSTANT_W-1:0] WIRES = 1,
    // Bits of the reference, signed.
    parameter REFERENCE_W = 1
) (
    input  logic                     clk_i,
    input  logic [NEURO_ANGLE_W-1:0] phi_i,
    input  logic [NEURO_ANGLE_W-1:0] alpha_i,
    output logic [  REFERENCE_W-1:0] reference_o
);
  localparam AW = NEURO_ANGLE_W + 2;
  localparam PW = AW + NEURO_CONSTANT_W;
  localparam FRACTION = NEURO_ANGLE_FRACTION;

  logic signed [AW-1:0] angle_q;
  logic signed [PW-1:0] product_q;
  // Upward by all but one count below zero, so that dropping bits goes toward zero.
  wire [PW-1:0] toward_zero = product_q[PW-1] ? PW'((1 << FRACTION) - 1) : '0;
  /* verilator lint_off UNUSEDSIGNAL */
  wire [PW-1:0] rounded = product_q + toward_zero;
  /* verilator lint_on UNUSEDSIGNAL */
  always_ff @(posedge clk_i) begin
    angle_q <= AW'(phi_i) - {{2{alpha_i[NEURO_ANGLE_W-1]}}, alpha_i};
    product_q <= angle_q * $signed(WIRES);
    reference_o <= rounded[FRACTION+:REFERENCE_W];
  end
endmodule
