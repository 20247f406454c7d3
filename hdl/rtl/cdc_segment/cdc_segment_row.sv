// Part of cdc_segment: the wires of one row. They are collected over the beats of a frame, then all
// take part at once; what they were is held for the lanes that look at the segments found.
//
// A bit of a vector is a column of wires; numbers lie in planes, one vector a bit. Of a live hit the
// age in data clocks is kept, and not the clock on which it came: four bits, since it dies at sixteen.
module cdc_segment_row
  import l1_pkg::*;
#(
    // Columns below a segment's own that its lanes need, and columns that they need in all.
    parameter int BELOW = 2,
    parameter int SPAN  = 5,
    parameter int LANES = 3
) (
    input  logic                                        clk_i,
    input  logic                                        rst_ni,
    // One beat: hits, and times as planes.
    input  logic                                        valid_i,
    input  logic [                CDC_SEGMENT_GROUP-1:0] hit_i,
    input  logic [CDC_WIRES_TIME_W*CDC_SEGMENT_GROUP-1:0] time_i,
    // The frame is complete; data clocks since the one before, modulo 32.
    input  logic                                        update_i,
    input  logic [             CDC_SEGMENT_CLOCK_W-1:0] elapsed_i,
    output logic [              CDC_SEGMENT_COLUMNS-1:0] live_o,
    // Copies the row; reads it one clock after id_i.
    input  logic                                        hold_i,
    input  logic [                        LANES*8-1:0] id_i,
    // {live, age, ~time} of each column, lowest first: higher is earlier, 0 is no hit.
    output logic [        LANES*SPAN*CDC_SEGMENT_KEY_W-1:0] key_o
);
  localparam N = CDC_SEGMENT_COLUMNS;
  localparam GROUP = CDC_SEGMENT_GROUP;
  localparam TW = CDC_WIRES_TIME_W;
  localparam AW = CDC_SEGMENT_CLOCK_W - 1;
  localparam KW = CDC_SEGMENT_KEY_W;
  localparam [7:0] FIRST = 8'(CDC_SEGMENT_PAD - BELOW);

  // ---------------------------------------------------------------------------- hits
  logic [N-1:0] hit_q, live_q;
  wire [N-1:0] keep;
  assign live_o = live_q;
  always_ff @(posedge clk_i) begin
    if (valid_i) hit_q <= {hit_i, hit_q[N-1:GROUP]};
    if (!rst_ni) live_q <= '0;
    else if (update_i) live_q <= keep | hit_q;
  end

  // ---------------------------------------------------------------------------- ages
  wire [AW*N-1:0] ages;
  for (genvar b = 0; b < AW; b++) begin : g_age
    logic [N-1:0] age_q;
    wire [N-1:0] more = {N{elapsed_i[b]}};
    wire [N-1:0] carry_in, sum, carry;
    if (b == 0) begin : g_lowest
      assign carry_in = '0;
    end else begin : g_higher
      assign carry_in = g_age[b-1].carry;
    end
    assign sum   = age_q ^ more ^ carry_in;
    assign carry = (age_q & more) | (age_q & carry_in) | (more & carry_in);
    assign ages[b*N+:N] = age_q;
    // A new hit has age 0.
    always_ff @(posedge clk_i) if (update_i) age_q <= sum & keep;
  end
  assign keep = live_q & ~(g_age[AW-1].carry ^ {N{elapsed_i[AW]}});

  // ---------------------------------------------------------------------------- times
  wire [TW*N-1:0] times;
  for (genvar b = 0; b < TW; b++) begin : g_time
    logic [N-1:0] new_q, time_q;
    assign times[b*N+:N] = time_q;
    always_ff @(posedge clk_i) begin
      if (valid_i) new_q <= {time_i[b*GROUP+:GROUP], new_q[N-1:GROUP]};
      if (update_i) time_q <= (keep & time_q) | (~keep & new_q);
    end
  end

  // ---------------------------------------------------------------------------- what lanes read
  for (genvar b = 0; b < KW; b++) begin : g_key
    logic [N-1:0] held_q;
    wire [N-1:0] now;
    if (b < TW) begin : g_time
      assign now = live_q & ~times[b*N+:N];
    end else if (b < TW + AW) begin : g_age
      assign now = ages[(b-TW)*N+:N];
    end else begin : g_live
      assign now = live_q;
    end
    always_ff @(posedge clk_i) if (hold_i) held_q <= now;
    for (genvar n = 0; n < LANES; n++) begin : g_lane
      wire [7:0] from = id_i[8*n+:8] + FIRST;
      logic [SPAN-1:0] window_q;
      always_ff @(posedge clk_i) window_q <= held_q[from+:SPAN];
      for (genvar j = 0; j < SPAN; j++) begin : g_column
        assign key_o[(n*SPAN+j)*KW+b] = window_q[j];
      end
    end
  end
endmodule
