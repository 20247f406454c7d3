"""Cells of the APV25, as the trigger system counts them without asking the chip.

An event takes one cell a sample. Cells are read out in frames of fixed length, one frame a cell,
events in order. An event that finds the chip idle starts on the first grid tick `processing` ticks
or more after its accept; an event that waits starts on the first grid tick when the event
before it is read out. Frames of one event follow each other without a gap.

Cells, frame and grid: readout_daq section 2.2 of the reference notes (140 APV clocks a frame, four
ticks each; grid 35 APV clocks; 32 cells). That processing counts for an idle chip only, and the
grid for the start of an event only, is this project's reading.
"""

from __future__ import annotations

from firmware_models.kernels import njit

MAX_CELLS = 32
"""Cells of the chip's address FIFO."""

SIX, THREE = 6, 3
"""Cells of an event with six and with three samples."""

MAX_EVENTS = 11
"""Events inside at most: one with two cells left, nine that wait with three, and a new one."""

OCCUPIED, EVENTS, FRAMES_LEFT, FRAME_END, N_STATE = range(5)
"""Elements of the state: occupied cells, events inside, the first event's frames that are not read,
tick on which its present frame ends, and their number."""


@njit()
def release(state, queue, t, frame, grid, eventwise):  # type: ignore[no-untyped-def]
    """Free the cells of every frame that has ended by tick t; `queue` has each event's cells."""
    while state[EVENTS] > 0 and state[FRAME_END] <= t:
        state[FRAMES_LEFT] -= 1
        if eventwise == 0:
            state[OCCUPIED] -= 1
        if state[FRAMES_LEFT] > 0:
            state[FRAME_END] += frame
            continue
        if eventwise != 0:
            state[OCCUPIED] -= queue[0]
        state[EVENTS] -= 1
        for i in range(state[EVENTS]):
            queue[i] = queue[i + 1]
        if state[EVENTS] > 0:
            state[FRAMES_LEFT] = queue[0]
            state[FRAME_END] = _on_grid(state[FRAME_END], grid) + frame


@njit()
def take(state, queue, t, cells, frame, processing, grid):  # type: ignore[no-untyped-def]
    """Add an event of so many cells, accepted on tick t, after `release` up to t."""
    if state[EVENTS] == 0:
        state[FRAMES_LEFT] = cells
        state[FRAME_END] = _on_grid(t + processing, grid) + frame
    queue[state[EVENTS]] = cells
    state[EVENTS] += 1
    state[OCCUPIED] += cells


@njit()
def _on_grid(t, grid):  # type: ignore[no-untyped-def]
    return (t + grid - 1) // grid * grid
