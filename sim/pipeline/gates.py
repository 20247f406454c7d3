"""Which event times open a decision.

Sources are asked by rank, best first; within a source, earlier decision ticks first. A signal opens
a decision unless one that is open already lies less than a gate away, before or after. A signal
that comes later than `lookahead` ticks before its decision is late and opens none: the GDL must
know all signals of the gates around a tick when it decides there.
"""

from __future__ import annotations

from firmware_models.kernels import njit

NEW, OPEN, COVERED, LATE = range(4)
"""States of a signal: not looked at, opens a decision, lies in another's gate, came late."""


@njit()
def open_gates(tick, arrival, source, rank, gate, lookahead, final, state):  # type: ignore[no-untyped-def]
    """Set the state of every signal.

    Signals are in the order of their ticks. The states of those before tick `final` stand.
    """
    for i in range(len(tick)):
        if tick[i] >= final:
            state[i] = LATE if arrival[i] > tick[i] - lookahead else NEW
    for level in range(len(rank)):
        for i in range(len(tick)):
            if tick[i] >= final and state[i] == NEW and rank[source[i]] == level:
                state[i] = COVERED if _taken(tick, state, i, gate) else OPEN


@njit()
def _taken(tick, state, i, gate):  # type: ignore[no-untyped-def]
    j = i - 1
    while j >= 0 and tick[i] - tick[j] < gate:
        if state[j] == OPEN:
            return True
        j -= 1
    j = i + 1
    while j < len(tick) and tick[j] - tick[i] < gate:
        if state[j] == OPEN:
            return True
        j += 1
    return False
