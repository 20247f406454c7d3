"""The throttle of the fast engine: every rule as a few integers, asked and told by kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.readout.fast_buffers import (
    BASE,
    COUNT,
    FULLEST,
    INSIDE,
    LEFT,
    MASK,
    SERVED,
    WAITED,
    account,
    add_time,
)
from sim.readout.loads import exponential_time, slot_bits
from sim.readout.plan import TURN, Plan

NEVER = -(1 << 62)
"""Before every time."""

(MIN_SPACING, DEAD_TIME, WINDOW, BUCKET, FREE_BUCKET, FIFO, SERVERS, APV25) = range(8)

KIND, TIME, LIMIT, N_SERVERS, PARALYSABLE, BY_EVENT, SAMPLES, GRID, PROCESSING, SLOT, HEAP, FREE = (
    range(12)
)
"""Columns of the rules' constants; HEAP and FREE: where a fifo's heaps start."""

LAST, SINCE, INSIDE_NOW = range(3)
"""Columns of the rules' state: last accept, end or departure, or tokens; regained so far, or place
in the window's ring; length of the heap."""

V_RING, V_PRE, V_UP, V_FULL, V_GATED, V_WAIT, V_START, V_END = range(8)
"""Columns of the veto: its constants, then start and end of the last sequence."""


def rule_constants(plan: Plan, slots: tuple[int, ...]) -> tuple[NDArray[np.int64], int]:
    """Return the rules' constants, shape ``(n_rules, 12)``, and the length of all heaps."""
    rows, heap = [], 0
    for rule, slot in zip(plan.rules, slots, strict=True):
        kind = {
            "min_spacing": MIN_SPACING, "dead_time": DEAD_TIME, "window": WINDOW,
            "leaky_bucket": FREE_BUCKET if rule.free_timer else BUCKET,
            "fifo": SERVERS if rule.servers > 1 else FIFO, "apv25": APV25,
        }[rule.kind]  # fmt: skip
        rows.append((
            kind, rule.time, rule.count, rule.servers, rule.paralysable, rule.by_event,
            rule.samples, rule.grid, rule.processing, slot, heap, heap + rule.count,
        ))  # fmt: skip
        if kind == SERVERS:
            heap += rule.count + rule.servers
    return np.array(rows, dtype=np.int64).reshape(len(rows), 12), heap


def rule_state(constants: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rules' state before the first candidate, shape ``(n_rules, 3)``."""
    state = np.zeros((len(constants), 3), dtype=np.int64)
    state[:, LAST] = NEVER
    free = constants[:, KIND] == FREE_BUCKET
    state[free, LAST] = constants[free, LIMIT]
    return state


def veto_state(plan: Plan) -> NDArray[np.int64]:
    """Return the rings' veto, shape ``(n_rings, 8)``."""
    rows = [
        (v.ring, v.pre, v.pre + v.length, v.full, v.gated_turns * TURN, v.wait, 0, 0)
        for v in plan.veto
    ]
    return np.array(rows, dtype=np.int64).reshape(len(rows), 8)


@njit()
def veto_kick(veto, time, ring, position):  # type: ignore[no-untyped-def]
    """Take an announcement: start the ring's sequence unless one runs."""
    for i in range(len(veto)):
        if veto[i, V_RING] == ring and time >= veto[i, V_END]:
            earliest = time + veto[i, V_WAIT]
            phase = (position - veto[i, V_PRE] - earliest) % TURN
            veto[i, V_START] = earliest + phase
            veto[i, V_END] = earliest + phase + veto[i, V_FULL] + veto[i, V_GATED]


@njit()
def veto_up(veto, time):  # type: ignore[no-untyped-def]
    """Return whether a window is up."""
    for i in range(len(veto)):
        if veto[i, V_START] <= time < veto[i, V_END]:
            gated = time - veto[i, V_START] - veto[i, V_FULL]
            if gated < 0 or gated % TURN < veto[i, V_UP]:
                return True
    return False


@njit()
def cells_of(samples, short):  # type: ignore[no-untyped-def]
    """Return the samples of an event: 3, 6, or by its flag (0)."""
    if samples != 0:
        return samples
    return np.int64(3) if short else np.int64(6)


@njit()
def refuses(i, time, short, rule, state, rows, ring, heaps):  # type: ignore[no-untyped-def]
    """Return whether rule `i` refuses a candidate; nothing that matters later changes."""
    kind = rule[i, KIND]
    if kind == MIN_SPACING:
        return time - state[i, LAST] < rule[i, TIME]
    if kind == DEAD_TIME:
        return time < state[i, LAST]
    if kind == WINDOW:
        return time - ring[rows[i, BASE] + state[i, SINCE]] < rule[i, TIME]
    if kind == FREE_BUCKET:
        regained = time // rule[i, TIME]
        tokens = min(rule[i, LIMIT], state[i, LAST] + regained - state[i, SINCE])
        state[i, LAST] = tokens
        state[i, SINCE] = regained
        return tokens == 0
    if kind == SERVERS:
        while state[i, INSIDE_NOW] > 0 and heaps[rule[i, HEAP]] <= time:
            leave_heap(i, rule, state, rows, ring, heaps)
        return state[i, INSIDE_NOW] >= rule[i, LIMIT]
    # Places are freed in the order in which they are taken: the one whose place is needed decides.
    needed = cells_of(rule[i, SAMPLES], short) if kind == APV25 else np.int64(1)
    before = rows[i, COUNT] + needed - 1 - rule[i, LIMIT]
    return before >= 0 and ring[rows[i, BASE] + (before & rows[i, MASK])] > time


@njit()
def accepted(i, time, short, words, rule, state, rows, ring, hist, heaps):  # type: ignore[no-untyped-def]
    """Tell rule `i` of an accept."""
    kind = rule[i, KIND]
    if kind == MIN_SPACING:
        state[i, LAST] = time
    elif kind == DEAD_TIME:
        state[i, LAST] = time + rule[i, TIME]
    elif kind == WINDOW:
        place = state[i, SINCE]
        ring[rows[i, BASE] + place] = time
        state[i, SINCE] = place + 1 if place + 1 < rule[i, LIMIT] else 0
    elif kind == FREE_BUCKET:
        state[i, LAST] -= 1
    elif kind == APV25:
        _apv25(i, time, short, rule, state, rows, ring, hist)
    else:
        service = rule[i, TIME]
        if rule[i, SLOT] >= 0:
            service = exponential_time(service, slot_bits(words, rule[i, SLOT], 32))
        if kind == SERVERS:
            start = max(time, heaps[rule[i, FREE]])
            leaves = start + service
            _sink(heaps, rule[i, FREE], rule[i, N_SERVERS], leaves)
            _push(heaps, rule[i, HEAP], state[i, INSIDE_NOW], leaves)
            state[i, INSIDE_NOW] += 1
            # Its departure's place in their order is not known yet; what lies here is an old one.
            ring[rows[i, BASE] + (rows[i, COUNT] & rows[i, MASK])] = -NEVER
        else:
            start = max(time, state[i, LAST])
            leaves = start + service
            state[i, LAST] = leaves
            ring[rows[i, BASE] + (rows[i, COUNT] & rows[i, MASK])] = leaves
        rows[i, COUNT] += 1
        rows[i, FULLEST] = max(rows[i, FULLEST], rows[i, COUNT] - rows[i, LEFT])
        _sums(i, start - time, service, leaves - time, rows, hist)
        rows[i, INSIDE] += leaves - time


@njit()
def paralyse(time, rule, state):  # type: ignore[no-untyped-def]
    """Tell the paralysable dead times of a candidate, taken or not."""
    for i in range(len(rule)):
        if rule[i, PARALYSABLE] != 0:
            state[i, LAST] = time + rule[i, TIME]


@njit()
def leave_heaps(time, rule, state, rows, ring, heaps):  # type: ignore[no-untyped-def]
    """Move every departure until `time` from the heaps to the rings."""
    for i in range(len(rule)):
        if rule[i, KIND] == SERVERS:
            while state[i, INSIDE_NOW] > 0 and heaps[rule[i, HEAP]] <= time:
                leave_heap(i, rule, state, rows, ring, heaps)


@njit()
def watch(time, rule, rows, ring, hist):  # type: ignore[no-untyped-def]
    """Bring the statistics of all buffers up to a candidate, and count what it finds."""
    for i in range(len(rule)):
        kind = rule[i, KIND]
        if kind in (FIFO, SERVERS, APV25):
            account(i, time, rows, ring, hist)


@njit()
def leave_heap(i, rule, state, rows, ring, heaps):  # type: ignore[no-untyped-def]
    """Move the least departure of a fifo with servers from its heap to its ring."""
    left = rows[i, COUNT] - state[i, INSIDE_NOW]
    ring[rows[i, BASE] + (left & rows[i, MASK])] = heaps[rule[i, HEAP]]
    state[i, INSIDE_NOW] -= 1
    base, n = rule[i, HEAP], state[i, INSIDE_NOW]
    last = heaps[base + n]
    if n > 0:
        _sink(heaps, base, n, last)


@njit()
def _apv25(i, time, short, rule, state, rows, ring, hist):  # type: ignore[no-untyped-def]
    n = cells_of(rule[i, SAMPLES], short)
    end = state[i, LAST]
    earliest = time + rule[i, PROCESSING] if end <= time else end
    grid = rule[i, GRID]
    start = -(-earliest // grid) * grid
    end = start + n * rule[i, TIME]
    for k in range(n):
        free = end if rule[i, BY_EVENT] != 0 else start + (k + 1) * rule[i, TIME]
        ring[rows[i, BASE] + (rows[i, COUNT] & rows[i, MASK])] = free
        rows[i, COUNT] += 1
        rows[i, INSIDE] += free - time
    state[i, LAST] = end
    rows[i, FULLEST] = max(rows[i, FULLEST], rows[i, COUNT] - rows[i, LEFT])
    _sums(i, start - time, n * rule[i, TIME], end - time, rows, hist)


@njit()
def _sums(i, waited, served, inside, rows, hist):  # type: ignore[no-untyped-def]
    rows[i, WAITED] += waited
    rows[i, SERVED] += served
    add_time(i, inside, rows, hist)


@njit()
def _push(heap, base, n, value):  # type: ignore[no-untyped-def]
    at = n
    while at > 0:
        parent = (at - 1) >> 1
        if heap[base + parent] <= value:
            break
        heap[base + at] = heap[base + parent]
        at = parent
    heap[base + at] = value


@njit()
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
