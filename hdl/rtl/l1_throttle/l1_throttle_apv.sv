// Cells of the APV25, counted without asking the chip: events in order, one frame a cell.
module l1_throttle_apv #(
    parameter CELLS_W = 6,
    parameter TIME_W = 12
) (
    input  logic               clk_i,
    input  logic               rst_ni,
    input  logic               tick_i,
    input  logic               accept_i,
    // The event of this tick has three samples, not six.
    input  logic               three_i,
    input  logic [CELLS_W-1:0] cells_i,
    input  logic [ TIME_W-1:0] frame_i,
    input  logic [ TIME_W-1:0] processing_i,
    input  logic [ TIME_W-1:0] grid_i,
    input  logic               eventwise_i,
    output logic               refuse_o,
    // Occupied cells after this tick.
    output logic [CELLS_W-1:0] occupied_o
);
  localparam [CELLS_W-1:0] CHIP = 32;
  // Events inside: one with two cells left, nine with three that wait, and a new one.
  localparam EVENTS = 11;
  localparam EVENTS_W = 4;
  localparam [2:0] SIX = 6;
  localparam [2:0] THREE = 3;

  logic [CELLS_W-1:0] occupied_q;
  logic [EVENTS_W-1:0] events_q;
  logic [EVENTS-1:0] three_q;  // of each event, the first lowest
  logic [2:0] frames_q;        // frames of the first event that are not read out
  logic [2:0] held_q;          // cells that the first event holds
  logic running_q;             // the first event is being read out
  logic [TIME_W-1:0] left_q;   // ticks after the next one to the end of the frame
  logic [TIME_W-1:0] wait_q;   // ticks of processing that are left
  logic [TIME_W-1:0] phase_q;  // ticks since the last one on the grid

  // What ends on this tick.
  logic frame_ends;
  logic event_ends;
  logic [2:0] freed;
  logic [CELLS_W-1:0] occupied;
  logic [EVENTS_W-1:0] events;
  logic [EVENTS-1:0] three;
  assign frame_ends = running_q && left_q == '0;
  assign event_ends = frame_ends && frames_q == 3'd1;
  assign freed = event_ends ? held_q : {2'b00, frame_ends && !eventwise_i};
  assign occupied = occupied_q - {{CELLS_W - 3{1'b0}}, freed};
  assign events = events_q - {{EVENTS_W - 1{1'b0}}, event_ends};
  assign three = event_ends ? three_q >> 1 : three_q;

  // The request of this tick.
  logic [CELLS_W-1:0] cells;
  logic [2:0] need;
  logic take;
  logic [EVENTS_W-1:0] events_after;
  logic [EVENTS-1:0] three_after;
  assign cells = cells_i > CHIP ? CHIP : cells_i;
  assign need = three_i ? THREE : SIX;
  assign refuse_o = cells_i != '0 && occupied + {{CELLS_W - 3{1'b0}}, need} > cells;
  assign take = accept_i && cells_i != '0;
  assign occupied_o = occupied + (take ? {{CELLS_W - 3{1'b0}}, need} : '0);
  assign events_after = events + {{EVENTS_W - 1{1'b0}}, take};
  assign three_after = three | (take && three_i ? {{EVENTS - 1{1'b0}}, 1'b1} << events : '0);

  // What starts on this tick.
  logic reading;
  logic pending;
  logic starts;
  logic new_first;
  logic [TIME_W-1:0] wait_left;
  logic [TIME_W-1:0] next_phase;
  assign reading = running_q && !event_ends;
  assign pending = !reading && events_after != '0;
  assign new_first = (events_q == '0 || event_ends) && events_after != '0;
  // Processing counts for an event that finds the chip idle.
  assign wait_left = events == '0 ? processing_i : wait_q;
  assign starts = pending && wait_left == '0 && phase_q == '0;
  assign next_phase = phase_q + 1'b1;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      occupied_q <= '0;
      events_q <= '0;
      three_q <= '0;
      frames_q <= '0;
      held_q <= '0;
      running_q <= 1'b0;
      left_q <= '0;
      wait_q <= '0;
      phase_q <= '0;
    end else if (tick_i) begin
      occupied_q <= occupied_o;
      events_q <= events_after;
      three_q <= three_after;
      if (new_first) begin
        frames_q <= three_after[0] ? THREE : SIX;
        held_q <= three_after[0] ? THREE : SIX;
      end else begin
        frames_q <= frames_q - {2'b00, frame_ends};
        held_q <= held_q - freed;
      end
      running_q <= reading || starts;
      left_q <= starts || frame_ends ? frame_i - 1'b1 : left_q - 1'b1;
      wait_q <= pending && wait_left != '0 ? wait_left - 1'b1 : '0;
      phase_q <= next_phase == grid_i ? '0 : next_phase;
    end
  end
endmodule
