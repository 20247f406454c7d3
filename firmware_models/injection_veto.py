"""Window of the injection veto of one storage ring.

A kick that finds the sequence idle starts it. After `wait` turns or more the window opens `pre`
ticks before the injected bunch passes; it stays up for `full` turns, then for the first
`pre + length` ticks of each of `gated` turns. Kicks are ignored until then.

Sequence and fields: readout_daq section 1.1 of the reference notes (B2TT injection packet).
"""

from __future__ import annotations

from firmware_models.interface.clock import TICKS_PER_TURN
from firmware_models.kernels import njit

PHASE, EARLIEST, TARGET, START, N_STATE = range(5)
"""Elements of the state: phase, earliest tick of the window, tick in the turn on which it opens,
tick on which it opened, and their number."""

IDLE, WAITING, RUNNING = range(3)


@njit()
def is_up(state, t, turn_tick, kick, position, pre, length, full, gated, wait):  # type: ignore[no-untyped-def]
    """Return whether the window is up on tick t, and step the sequence to it."""
    turns = full + gated
    if state[PHASE] == RUNNING and t - state[START] >= turns * TICKS_PER_TURN:
        state[PHASE] = IDLE
    # A sequence without turns cannot be seen: it need not run.
    if state[PHASE] == IDLE and kick != 0 and turns > 0:
        state[PHASE] = WAITING
        state[EARLIEST] = t + wait * TICKS_PER_TURN
        state[TARGET] = (position - pre) % TICKS_PER_TURN
    if state[PHASE] == WAITING and t >= state[EARLIEST] and turn_tick == state[TARGET]:
        state[PHASE] = RUNNING
        state[START] = t
    if state[PHASE] != RUNNING:
        return False
    since = t - state[START]
    return since < full * TICKS_PER_TURN or since % TICKS_PER_TURN < pre + length
