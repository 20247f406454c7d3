// Injection veto of one ring: wait, whole turns, turns with a window, idle.
module l1_throttle_veto #(
    parameter TICK_W = 11,
    parameter TURNS_W = 10,
    parameter WAIT_W = 4
) (
    input  logic               clk_i,
    input  logic               rst_ni,
    input  logic               tick_i,
    input  logic               kick_i,
    input  logic [ TICK_W-1:0] position_i,
    input  logic [ TICK_W-1:0] turn_tick_i,
    input  logic               enable_i,
    input  logic [ TICK_W-1:0] pre_i,
    input  logic [ TICK_W-1:0] length_i,
    input  logic [TURNS_W-1:0] full_turns_i,
    input  logic [TURNS_W-1:0] gated_turns_i,
    input  logic [ WAIT_W-1:0] wait_turns_i,
    output logic               up_o
);
  localparam [TICK_W-1:0] TURN = l1_pkg::TICKS_PER_TURN;
  // The longest wait: all turns of the register.
  localparam COUNT_W = TICK_W + WAIT_W;

  logic waiting_q;
  logic running_q;
  logic [COUNT_W-1:0] wait_q;    // ticks to the earliest start
  logic [TICK_W-1:0] target_q;   // tick in the turn on which the window opens
  logic [TICK_W-1:0] phase_q;    // ticks since the present turn of the sequence began
  logic [TURNS_W:0] turn_q;

  // A sequence without turns cannot be seen: it does not begin.
  logic [TURNS_W:0] turns;
  logic begins;
  assign turns = {1'b0, full_turns_i} + {1'b0, gated_turns_i};
  assign begins = kick_i && enable_i && !waiting_q && !running_q && turns != '0;

  // (position - pre) modulo the turn.
  logic [TICK_W:0] difference;
  logic [TICK_W-1:0] opening;
  assign difference = {1'b0, position_i} - {1'b0, pre_i};
  assign opening = difference[TICK_W] ? difference[TICK_W-1:0] + TURN :
      difference[TICK_W-1:0] >= TURN ? difference[TICK_W-1:0] - TURN : difference[TICK_W-1:0];

  logic pending;
  logic starts;
  logic [COUNT_W-1:0] wait_left;
  logic [TICK_W-1:0] target;
  assign pending = waiting_q || begins;
  assign wait_left = begins ? COUNT_W'(wait_turns_i) * COUNT_W'(TURN) : wait_q;
  assign target = begins ? opening : target_q;
  assign starts = pending && wait_left == '0 && turn_tick_i == target;

  logic running;
  logic turn_ends;
  logic [TICK_W-1:0] phase;
  logic [TURNS_W:0] turn;
  logic [TURNS_W:0] next_turn;
  assign running = running_q || starts;
  assign phase = starts ? '0 : phase_q;
  assign turn = starts ? '0 : turn_q;
  assign turn_ends = phase == TURN - 1'b1;
  assign next_turn = turn + {{TURNS_W{1'b0}}, turn_ends};
  assign up_o = running &&
      (turn < {1'b0, full_turns_i} || {1'b0, phase} < {1'b0, pre_i} + {1'b0, length_i});

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      waiting_q <= 1'b0;
      running_q <= 1'b0;
      wait_q <= '0;
      target_q <= '0;
      phase_q <= '0;
      turn_q <= '0;
    end else if (tick_i) begin
      waiting_q <= pending && !starts;
      running_q <= running && next_turn < turns;
      wait_q <= wait_left - COUNT_W'(wait_left != '0);
      target_q <= target;
      phase_q <= turn_ends ? '0 : phase + 1'b1;
      turn_q <= next_turn;
    end
  end
endmodule
