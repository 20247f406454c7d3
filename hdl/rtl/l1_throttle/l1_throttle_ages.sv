// Minimum spacing and sliding windows, from the ages of the last accepts.
module l1_throttle_ages #(
    parameter WINDOWS = 3,
    parameter ACCEPTS_W = 5,
    parameter AGE_W = 20,
    parameter SPACING_W = 16
) (
    input  logic                         clk_i,
    input  logic                         rst_ni,
    input  logic                         tick_i,
    input  logic                         accept_i,
    input  logic [        SPACING_W-1:0] spacing_i,
    input  logic [WINDOWS*ACCEPTS_W-1:0] accepts_i,
    input  logic [    WINDOWS*AGE_W-1:0] ticks_i,
    output logic                         spacing_o,
    output logic [          WINDOWS-1:0] window_o
);
  // The most accepts that a window can count: 2^(ACCEPTS_W-1).
  localparam DEPTH = 1 << (ACCEPTS_W - 1);
  localparam INDEX_W = ACCEPTS_W - 1;

  // Ticks since each of the last accepts, the latest lowest. An age stays at its largest value,
  // which no window is longer than: after reset all accepts are that old.
  logic [DEPTH*AGE_W-1:0] age_q;
  logic [DEPTH*AGE_W-1:0] older;
  for (genvar i = 0; i < DEPTH; i++) begin : g_age
    assign older[i*AGE_W+:AGE_W] = age_q[i*AGE_W+:AGE_W] + AGE_W'(~&age_q[i*AGE_W+:AGE_W]);
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) age_q <= '1;
    else if (tick_i) age_q <= accept_i ? {older[0+:(DEPTH-1)*AGE_W], AGE_W'(1)} : older;
  end

  assign spacing_o = age_q[0+:AGE_W] < {{AGE_W - SPACING_W{1'b0}}, spacing_i};

  for (genvar i = 0; i < WINDOWS; i++) begin : g_window
    logic [ACCEPTS_W-1:0] accepts;
    logic [INDEX_W-1:0] index;
    assign accepts = accepts_i[i*ACCEPTS_W+:ACCEPTS_W];
    assign index = INDEX_W'(accepts - 1'b1);
    assign window_o[i] = accepts != '0 && age_q[index*AGE_W+:AGE_W] < ticks_i[i*AGE_W+:AGE_W];
  end
endmodule
