"""The throttle of the fast engine: every rule as a few integers, asked and told by kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.readout.loads import exponential_time, slot_bits
from sim.readout.plan import QUANTA, TURN, Plan

NEVER = -(1 << 62)
"""Before every time."""

(MIN_SPACING, DEAD_TIME, WINDOW, BUCKET, FREE_BUCKET, FIFO, SERVERS, APV25) = range(8)

(
    KIND, TIME, LIMIT, N_SERVERS, PARALYSABLE, BY_EVENT, SAMPLES, GRID, PROCESSING, SLOT, BASE,
    MASK, FREE,
) = range(13)  # fmt: skip
"""Columns of the rules' constants. BASE: where the rule's ring of times (or heap of departures)
starts, MASK: its length less one where that is a power of two, FREE: where the heap of servers
starts."""

LAST, SINCE, COUNT = range(3)
"""Columns of the rules' state: last accept, end or departure, or tokens; regained so far, or place
in the window's ring; entries so far, or those in the heap."""

LOG_START, LOG_END = range(2)
"""What the log keeps of a buffer's events: start of service, and end."""

BUFFERS = ("fifo", "apv25")
"""Kinds of rules whose occupancy is followed."""

V_RING, V_PRE, V_UP, V_FULL, V_GATED, V_WAIT, V_START, V_END = range(8)
"""Columns of the veto: its constants, then start and end of the last sequence."""


def rule_constants(plan: Plan, slots: tuple[int, ...]) -> tuple[NDArray[np.int64], int]:
    """Return the rules' constants, shape ``(n_rules, 13)``, and the length of all rings."""
    rows, used = [], 0
    for rule, slot in zip(plan.rules, slots, strict=True):
        kind = {
            "min_spacing": MIN_SPACING, "dead_time": DEAD_TIME, "window": WINDOW,
            "leaky_bucket": FREE_BUCKET if rule.free_timer else BUCKET,
            "fifo": SERVERS if rule.servers > 1 else FIFO, "apv25": APV25,
        }[rule.kind]  # fmt: skip
        length = 1 << max(3, rule.count.bit_length())
        rows.append((
            kind, rule.time, rule.count, rule.servers, rule.paralysable, rule.by_event,
            rule.samples, rule.grid, rule.processing, slot, used, length - 1, used + length,
        ))  # fmt: skip
        used += length + rule.servers
    return np.array(rows, dtype=np.int64).reshape(len(rows), 13), used


def rule_state(
    constants: NDArray[np.int64], used: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return state ``(n_rules, 3)`` and rings ``(used,)`` before the first candidate."""
    state = np.zeros((len(constants), 3), dtype=np.int64)
    state[:, LAST] = NEVER
    free = constants[:, KIND] == FREE_BUCKET
    state[free, LAST] = constants[free, LIMIT]
    rings = np.zeros(used, dtype=np.int64)
    for row in constants[constants[:, KIND] == WINDOW]:
        rings[row[BASE] :][: row[LIMIT]] = NEVER
    return state, rings


def veto_state(plan: Plan) -> NDArray[np.int64]:
    """Return the rings' veto, shape ``(n_rings, 8)``."""
    rows = [
        (v.ring, v.pre, v.pre + v.length, v.full, v.gated_turns * TURN, v.wait, 0, 0)
        for v in plan.veto
    ]
    return np.array(rows, dtype=np.int64).reshape(len(rows), 8)


@njit(_nrt=False)
def veto_kick(veto, time, ring, position):  # type: ignore[no-untyped-def]
    """Take an announcement: start the ring's sequence unless one runs."""
    for i in range(len(veto)):
        if veto[i, V_RING] == ring and time >= veto[i, V_END]:
            earliest = time + veto[i, V_WAIT]
            phase = (position * QUANTA - veto[i, V_PRE] - earliest) % TURN
            veto[i, V_START] = earliest + phase
            veto[i, V_END] = earliest + phase + veto[i, V_FULL] + veto[i, V_GATED]


@njit(_nrt=False)
def veto_up(veto, time):  # type: ignore[no-untyped-def]
    """Return whether a window is up."""
    for i in range(len(veto)):
        if veto[i, V_START] <= time < veto[i, V_END]:
            gated = time - veto[i, V_START] - veto[i, V_FULL]
            if gated < 0 or gated % TURN < veto[i, V_UP]:
                return True
    return False


@njit(_nrt=False)
def cells_of(samples, short):  # type: ignore[no-untyped-def]
    """Return the samples of an event: 3, 6, or by its flag (0)."""
    if samples != 0:
        return samples
    return np.int64(3) if short else np.int64(6)


@njit(_nrt=False, inline="always")
def refuses(i, time, short, rule, state, rings):  # type: ignore[no-untyped-def]
    """Return whether rule `i` refuses a candidate; nothing that matters later changes."""
    kind = rule[i, KIND]
    if kind == MIN_SPACING:
        return time - state[i, LAST] < rule[i, TIME]
    if kind == DEAD_TIME:
        return time < state[i, LAST]
    if kind == WINDOW:
        return time - rings[rule[i, BASE] + state[i, SINCE]] < rule[i, TIME]
    if kind == FREE_BUCKET:
        regained = time // rule[i, TIME]
        tokens = min(rule[i, LIMIT], state[i, LAST] + regained - state[i, SINCE])
        state[i, LAST] = tokens
        state[i, SINCE] = regained
        return tokens == 0
    if kind == SERVERS:
        base = rule[i, BASE]
        while state[i, COUNT] > 0 and rings[base] <= time:
            state[i, COUNT] -= 1
            _sink(rings, base, state[i, COUNT], rings[base + state[i, COUNT]])
        return state[i, COUNT] >= rule[i, LIMIT]
    # Places are freed in the order in which they are taken: the one whose place is needed decides.
    needed = cells_of(rule[i, SAMPLES], short) if kind == APV25 else np.int64(1)
    before = state[i, COUNT] + needed - 1 - rule[i, LIMIT]
    return before >= 0 and rings[rule[i, BASE] + (before & rule[i, MASK])] > time


@njit(_nrt=False, inline="always")
def accepted(i, time, short, words, rule, state, rings, log, at):  # type: ignore[no-untyped-def]
    """Tell rule `i` of an accept."""
    kind = rule[i, KIND]
    if kind == MIN_SPACING:
        state[i, LAST] = time
    elif kind == DEAD_TIME:
        state[i, LAST] = time + rule[i, TIME]
    elif kind == WINDOW:
        place = state[i, SINCE]
        rings[rule[i, BASE] + place] = time
        state[i, SINCE] = place + 1 if place + 1 < rule[i, LIMIT] else 0
    elif kind == FREE_BUCKET:
        state[i, LAST] -= 1
    elif kind == APV25:
        _apv25(i, time, short, rule, state, rings, log, at)
    else:
        service = rule[i, TIME]
        if rule[i, SLOT] >= 0:
            service = exponential_time(service, slot_bits(words, rule[i, SLOT], 32))
        start = max(time, state[i, LAST])
        if kind == SERVERS:
            start = max(time, rings[rule[i, FREE]])
            _sink(rings, rule[i, FREE], rule[i, N_SERVERS], start + service)
            _push(rings, rule[i, BASE], state[i, COUNT], start + service)
        else:
            state[i, LAST] = start + service
            rings[rule[i, BASE] + (state[i, COUNT] & rule[i, MASK])] = start + service
        state[i, COUNT] += 1
        log[i, LOG_START, at] = start
        log[i, LOG_END, at] = start + service


@njit(_nrt=False)
def paralyse(time, rule, state):  # type: ignore[no-untyped-def]
    """Tell the paralysable dead times of a candidate, taken or not."""
    for i in range(len(rule)):
        if rule[i, PARALYSABLE] != 0:
            state[i, LAST] = time + rule[i, TIME]


@njit(_nrt=False)
def _apv25(i, time, short, rule, state, rings, log, at):  # type: ignore[no-untyped-def]
    n, frame, end = cells_of(rule[i, SAMPLES], short), rule[i, TIME], state[i, LAST]
    earliest = time + rule[i, PROCESSING] if end <= time else end
    grid = rule[i, GRID]
    start = -(-earliest // grid) * grid
    end = start + n * frame
    for k in range(n):
        free = end if rule[i, BY_EVENT] != 0 else start + (k + 1) * frame
        rings[rule[i, BASE] + (state[i, COUNT] & rule[i, MASK])] = free
        state[i, COUNT] += 1
    state[i, LAST] = end
    log[i, LOG_START, at] = start
    log[i, LOG_END, at] = end


@njit(_nrt=False)
def _push(heap, base, n, value):  # type: ignore[no-untyped-def]
    at = n
    while at > 0:
        parent = (at - 1) >> 1
        if heap[base + parent] <= value:
            break
        heap[base + at] = heap[base + parent]
        at = parent
    heap[base + at] = value


@njit(_nrt=False)
def _sink(heap, base, n, value):  # type: ignore[no-untyped-def]
    """Put `value` in the place of the least of `n` values."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= n:
            break
        if child + 1 < n and heap[base + child + 1] < heap[base + child]:
            child += 1
        if heap[base + child] >= value:
            break
        heap[base + at] = heap[base + child]
        at = child
    heap[base + at] = value
