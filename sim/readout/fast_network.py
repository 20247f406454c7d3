"""The stages of the fast engine: a recursion over accepted events.

Ordered stages are passed in the order of accepts: an event's departure needs only departures of
events before it. The farm is a heap of the events in service; its releases are taken one by one,
in the order of finishing, and with each the stages behind it are passed. A release is taken as soon
as something needs it, never before everything that could finish earlier has been dispatched.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.readout.engine import time_bin
from sim.readout.fast_buffers import (
    BASE,
    BLOCKED,
    COLUMNS,
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
from sim.readout.loads import event_loads

FUTURE = 1 << 62
"""A departure that is not known yet: later than every time."""

NO_ROOM_NEEDED = -(1 << 62)

(
    SOURCE, DELAY, CREDIT, DEPTH, CAPACITY, FIRST_INPUT, LAST_INPUT, FIRST_OUTPUT, LAST_OUTPUT,
    ALMOST_FULL, ARRIVES, SIZES, LIMIT, FROM_ORDERED,
    LAST, BYTES_FROM, BYTES_INSIDE, BUSY_IN, BUSY_OUT,
) = range(COLUMNS, COLUMNS + 19)  # fmt: skip
"""Columns of a stage's row, behind those of its buffer. Constants: ARRIVES, SIZES: where rings of
arrivals and bytes start, -1: none; LIMIT: events at which an unlimited stage saturates;
FROM_ORDERED: behind the farm, with an ordered stage among its inputs. State: last departure; first
event whose bytes count, and their sum; arrivals and departures that BUSY has seen."""

STAGE_COLUMNS = COLUMNS + 19

(N_RULES, N_ORDERED, N_STAGES, FARM, SERVERS, RECORD, BUSY_LATENCY, LATENCY_TIMES,
 ACCEPTS, RELEASED, IN_HEAP, END, LATENCY_MAX, STATUS, WHERE, WHEN) = range(16)  # fmt: skip
"""Elements of `g`: constants of the network, then its state."""

GOOD, GROW, LOST, SATURATED = range(4)
"""Values of STATUS."""

SLOT_NUMBER, SLOT_ACCEPT, SLOT_ARRIVE, SLOT_START, SLOT_FINISH, SLOT_LAST = range(6)
"""Columns of what is kept of an event in the farm; LAST: its last departure so far. Service times
and bytes of the stages behind follow."""

SLOT_LOADS = 6

ROOM, DEPART, SERVICE, SIZE, OUT = range(5)
"""Rows of `now`: of the event at hand, one column a stage. DEPART of a stage behind the farm holds
its room until the event passes it."""


class Network(NamedTuple):
    """Constants and state of all stages, as the kernels take them.

    Parameters
    ----------
    g : ndarray of int64, shape (16,)
    rows : ndarray of int64, shape (n_rules + n_stages, STAGE_COLUMNS)
        Throttle buffers, then stages.
    ring : ndarray of int64
        Departures; arrivals of stages with BUSY; bytes of stages with `depth_bytes`.
    hist : ndarray of int64
        All histograms.
    lists : ndarray of int64
        Inputs of all stages, then their outputs, then the sides.
    now : ndarray of int64, shape (5, n_stages)
    heap : ndarray of int64, shape (2, servers)
        Slots of events in service, the first to finish on top; a stack of free slots.
    slots : ndarray of int64, shape (servers, 6 + 2 n_behind)
    load_rows, load_inputs, tables : ndarray of int64
        See `sim.readout.loads.LoadTables`.
    times : ndarray of int64, shape (n, n_stages + 1, 4)
        Recorded arrivals, starts, finishes and departures; the last stage holds the accept.
    """

    g: NDArray[np.int64]
    rows: NDArray[np.int64]
    ring: NDArray[np.int64]
    hist: NDArray[np.int64]
    lists: NDArray[np.int64]
    now: NDArray[np.int64]
    heap: NDArray[np.int64]
    slots: NDArray[np.int64]
    load_rows: NDArray[np.int64]
    load_inputs: NDArray[np.int64]
    tables: NDArray[np.int64]
    times: NDArray[np.int64]


@njit()
def busy(j, time, g, rows, ring, hist, lists, now, heap, slots, times):  # type: ignore[no-untyped-def]
    """Return whether stage `j` was almost full at `time`; times do not fall from call to call."""
    if j >= g[N_ORDERED]:
        release_until(time, g, rows, ring, hist, lists, now, heap, slots, times)
    r = g[N_RULES] + j
    base, mask = rows[r, BASE], rows[r, MASK]
    count, arrives = rows[r, COUNT], rows[r, ARRIVES]
    entered, left = rows[r, BUSY_IN], rows[r, BUSY_OUT]
    while entered < count and ring[arrives + (entered & mask)] <= time:
        entered += 1
    while left < entered and ring[base + (left & mask)] <= time:
        left += 1
    rows[r, BUSY_IN] = entered
    rows[r, BUSY_OUT] = left
    return entered - left >= rows[r, ALMOST_FULL]


@njit()
def must_grow(g, rows):  # type: ignore[no-untyped-def]
    """Return the first ordered stage (or farm) whose rings cannot take one more event, or -1.

    Rings of stages behind the farm are made for as many events as a stage may hold.
    """
    for j in range(g[N_ORDERED] + (1 if g[FARM] >= 0 else 0)):
        r = g[N_RULES] + j
        if rows[r, DEPTH] != 0 and rows[r, CAPACITY] == 0 and rows[r, ARRIVES] < 0:
            continue
        oldest = rows[r, LEFT]
        if rows[r, CAPACITY] != 0:
            oldest = min(oldest, rows[r, BYTES_FROM])
        if rows[r, ARRIVES] >= 0:
            oldest = min(oldest, rows[r, BUSY_OUT])
        if rows[r, COUNT] + 2 - oldest > rows[r, MASK]:
            return j
    return -1


@njit()
def accept_event(  # type: ignore[no-untyped-def]
    time, samples, words, g, rows, ring, hist, lists, now, heap, slots, load_rows, load_inputs,
    tables, times,
):  # fmt: skip
    """Take an accepted event through all ordered stages and into the farm."""
    n, n_ordered, n_rules, farm = g[ACCEPTS], g[N_ORDERED], g[N_RULES], g[FARM]
    g[ACCEPTS] = n + 1
    if g[RECORD] != 0:
        times[n, g[N_STAGES], 0] = time
    event_loads(words, samples, load_rows, load_inputs, tables, now[SERVICE], now[SIZE], now[OUT])
    for k in range(n_ordered):
        now[ROOM, k] = _room(k, n, time, now[SIZE, k], g, rows, ring)
    if farm >= 0:
        for k in range(farm, g[N_STAGES]):
            now[ROOM, k] = _room_behind(k, n, g, rows, ring, hist, lists, now, heap, slots, times)
    last = time
    for j in range(n_ordered):
        r = n_rules + j
        if rows[r, SOURCE] != 0:
            arrive = time + rows[r, DELAY]
            if now[ROOM, j] > arrive:
                _stop(LOST, j, arrive, g)
        else:
            arrive = np.int64(0)
            for i in range(rows[r, FIRST_INPUT], rows[r, LAST_INPUT]):
                arrive = max(arrive, now[DEPART, lists[i]])
            arrive += rows[r, DELAY]
        leaves = _pass(j, n, n, arrive, now[SERVICE, j], ROOM, g, rows, ring, hist, lists, now,
                       times)  # fmt: skip
        now[DEPART, j] = leaves
        last = max(last, leaves)
    g[END] = max(g[END], last)
    if farm >= 0:
        _dispatch(n, time, last, g, rows, ring, hist, lists, now, heap, slots, times)
    else:
        _latency(last - time, g, hist)


@njit()
def release_until(time, g, rows, ring, hist, lists, now, heap, slots, times):  # type: ignore[no-untyped-def]
    """Take every release of events that finish until `time`."""
    while g[IN_HEAP] > 0 and slots[heap[0, 0], SLOT_FINISH] <= time:
        _release(g, rows, ring, hist, lists, now, heap, slots, times)


@njit()
def _room(k, n, time, size, g, rows, ring):  # type: ignore[no-untyped-def]
    """Return when stage `k` has room for event `n` of its own order."""
    r = g[N_RULES] + k
    base, mask = rows[r, BASE], rows[r, MASK]
    room = np.int64(NO_ROOM_NEEDED)
    depth = rows[r, DEPTH]
    if depth != 0 and n >= depth:
        room = ring[base + ((n - depth) & mask)] + rows[r, CREDIT]
    capacity = rows[r, CAPACITY]
    if capacity != 0:
        sizes, credit = rows[r, SIZES], rows[r, CREDIT]
        first, inside = rows[r, BYTES_FROM], rows[r, BYTES_INSIDE]
        # Events that left long ago cannot matter: forget them, so that rings stay short.
        while first < n and ring[base + (first & mask)] + credit <= time:
            inside -= ring[sizes + (first & mask)]
            first += 1
        while first < n and inside + size > capacity:
            room = max(room, ring[base + (first & mask)] + credit)
            inside -= ring[sizes + (first & mask)]
            first += 1
        rows[r, BYTES_FROM] = first
        rows[r, BYTES_INSIDE] = inside + size
        ring[sizes + (n & mask)] = size
    return room


@njit()
def _room_behind(k, n, g, rows, ring, hist, lists, now, heap, slots, times):  # type: ignore[no-untyped-def]
    """Return when the farm, or a stage behind it, has room for event `n` of an ordered stage."""
    r = g[N_RULES] + k
    depth = rows[r, DEPTH]
    if depth == 0 or n < depth or rows[r, FROM_ORDERED] == 0:
        return np.int64(NO_ROOM_NEEDED)
    while g[RELEASED] <= n - depth:
        _release(g, rows, ring, hist, lists, now, heap, slots, times)
    return ring[rows[r, BASE] + ((n - depth) & rows[r, MASK])] + rows[r, CREDIT]


@njit()
def _pass(j, n, event, arrive, service, room, g, rows, ring, hist, lists, now, times):  # type: ignore[no-untyped-def]
    """Take an event through a stage with one server; return its departure."""
    r = g[N_RULES] + j
    inside = account(r, arrive, rows, ring, hist)
    if rows[r, DEPTH] == 0 and inside >= rows[r, LIMIT]:
        _stop(SATURATED, j, arrive, g)
    rows[r, FULLEST] = max(rows[r, FULLEST], inside + 1)
    start = max(arrive, rows[r, LAST])
    finish = start + service
    leaves = finish
    for i in range(rows[r, FIRST_OUTPUT], rows[r, LAST_OUTPUT]):
        leaves = max(leaves, now[room, lists[i]])
    rows[r, LAST] = leaves
    at = n & rows[r, MASK]
    ring[rows[r, BASE] + at] = leaves
    if rows[r, ARRIVES] >= 0:
        ring[rows[r, ARRIVES] + at] = arrive
    rows[r, COUNT] = n + 1
    rows[r, INSIDE] += leaves - arrive
    rows[r, WAITED] += start - arrive
    rows[r, SERVED] += service
    rows[r, BLOCKED] += leaves - finish
    add_time(r, leaves - arrive, rows, hist)
    if g[RECORD] != 0:
        _record(event, j, arrive, start, finish, leaves, times)
    return leaves


@njit()
def _dispatch(n, time, last, g, rows, ring, hist, lists, now, heap, slots, times):  # type: ignore[no-untyped-def]
    """Put an event into the farm: its start is known as soon as it arrives."""
    farm = g[FARM]
    r = g[N_RULES] + farm
    if rows[r, SOURCE] != 0:
        arrive = time + rows[r, DELAY]
        if now[ROOM, farm] > arrive:
            _stop(LOST, farm, arrive, g)
    else:
        arrive = np.int64(0)
        for i in range(rows[r, FIRST_INPUT], rows[r, LAST_INPUT]):
            arrive = max(arrive, now[DEPART, lists[i]])
        arrive += rows[r, DELAY]
    for i in range(rows[r + g[N_STAGES] - farm - 1, LAST_OUTPUT], len(lists)):
        arrive = max(arrive, now[DEPART, lists[i]])
    # Nothing that comes later can finish before it arrives.
    release_until(arrive, g, rows, ring, hist, lists, now, heap, slots, times)
    inside = account(r, arrive, rows, ring, hist)
    if rows[r, DEPTH] == 0 and inside >= rows[r, LIMIT]:
        _stop(SATURATED, farm, arrive, g)
    rows[r, FULLEST] = max(rows[r, FULLEST], inside + 1)
    start, before = arrive, n - g[SERVERS]
    if before >= 0:
        while g[RELEASED] <= before:
            _release(g, rows, ring, hist, lists, now, heap, slots, times)
        start = max(start, ring[rows[r, BASE] + (before & rows[r, MASK])])
    at = n & rows[r, MASK]
    # Its place in the order of releases is open.
    ring[rows[r, BASE] + at] = FUTURE
    if rows[r, ARRIVES] >= 0:
        ring[rows[r, ARRIVES] + at] = arrive
    rows[r, COUNT] = n + 1
    slot = heap[1, g[IN_HEAP]]
    slots[slot, SLOT_NUMBER] = n
    slots[slot, SLOT_ACCEPT] = time
    slots[slot, SLOT_ARRIVE] = arrive
    slots[slot, SLOT_START] = start
    slots[slot, SLOT_FINISH] = start + now[SERVICE, farm]
    slots[slot, SLOT_LAST] = last
    at = SLOT_LOADS
    for k in range(farm + 1, g[N_STAGES]):
        slots[slot, at], slots[slot, at + 1] = now[SERVICE, k], now[SIZE, k]
        at += 2
    _push(slot, g, heap, slots)


@njit()
def _release(g, rows, ring, hist, lists, now, heap, slots, times):  # type: ignore[no-untyped-def]
    """Take the next release of the farm, and pass the stages behind it."""
    farm, n_stages, q = g[FARM], g[N_STAGES], g[RELEASED]
    slot = _pop(g, heap, slots)
    r = g[N_RULES] + farm
    arrive, start = slots[slot, SLOT_ARRIVE], slots[slot, SLOT_START]
    finish = slots[slot, SLOT_FINISH]
    at = SLOT_LOADS
    for k in range(farm + 1, n_stages):
        now[DEPART, k] = _room(k, q, finish, slots[slot, at + 1], g, rows, ring)
        at += 2
    leaves = finish
    for i in range(rows[r, FIRST_OUTPUT], rows[r, LAST_OUTPUT]):
        leaves = max(leaves, now[DEPART, lists[i]])
    ring[rows[r, BASE] + (q & rows[r, MASK])] = leaves
    g[RELEASED] = q + 1
    rows[r, INSIDE] += leaves - arrive
    rows[r, WAITED] += start - arrive
    rows[r, SERVED] += finish - start
    rows[r, BLOCKED] += leaves - finish
    add_time(r, leaves - arrive, rows, hist)
    if g[RECORD] != 0:
        _record(slots[slot, SLOT_NUMBER], farm, arrive, start, finish, leaves, times)
    last, at = max(leaves, slots[slot, SLOT_LAST]), SLOT_LOADS
    for k in range(farm + 1, n_stages):
        r = g[N_RULES] + k
        arrive = np.int64(0)
        for i in range(rows[r, FIRST_INPUT], rows[r, LAST_INPUT]):
            before = lists[i]
            if before == farm:
                arrive = max(arrive, leaves)
            elif before > farm:
                arrive = max(arrive, now[DEPART, before])
        now[DEPART, k] = _pass(
            k, q, slots[slot, SLOT_NUMBER], arrive + rows[r, DELAY], slots[slot, at], DEPART, g,
            rows, ring, hist, lists, now, times,
        )  # fmt: skip
        last = max(last, now[DEPART, k])
        at += 2
    g[END] = max(g[END], last)
    _latency(last - slots[slot, SLOT_ACCEPT], g, hist)


@njit()
def _latency(time, g, hist):  # type: ignore[no-untyped-def]
    hist[g[LATENCY_TIMES] + time_bin(time)] += 1
    g[LATENCY_MAX] = max(g[LATENCY_MAX], time)


@njit()
def _record(event, j, arrive, start, finish, leaves, times):  # type: ignore[no-untyped-def]
    times[event, j, 0] = arrive
    times[event, j, 1] = start
    times[event, j, 2] = finish
    times[event, j, 3] = leaves


@njit()
def _stop(status, stage, time, g):  # type: ignore[no-untyped-def]
    if g[STATUS] == GOOD:
        g[STATUS], g[WHERE], g[WHEN] = status, stage, time


@njit()
def _earlier(a, b, slots):  # type: ignore[no-untyped-def]
    """Return whether slot `a` finishes before slot `b`; the first accepted on a tie."""
    x, y = slots[a, SLOT_FINISH], slots[b, SLOT_FINISH]
    return x < y or (x == y and slots[a, SLOT_NUMBER] < slots[b, SLOT_NUMBER])


@njit()
def _push(slot, g, heap, slots):  # type: ignore[no-untyped-def]
    at = g[IN_HEAP]
    g[IN_HEAP] = at + 1
    while at > 0:
        parent = (at - 1) >> 1
        if not _earlier(slot, heap[0, parent], slots):
            break
        heap[0, at] = heap[0, parent]
        at = parent
    heap[0, at] = slot


@njit()
def _pop(g, heap, slots):  # type: ignore[no-untyped-def]
    n = g[IN_HEAP] - 1
    top, moved = heap[0, 0], heap[0, n]
    g[IN_HEAP] = n
    heap[1, n] = top
    at = 0
    while True:
        child = 2 * at + 1
        if child >= n:
            break
        if child + 1 < n and _earlier(heap[0, child + 1], heap[0, child], slots):
            child += 1
        if not _earlier(heap[0, child], moved, slots):
            break
        heap[0, at] = heap[0, child]
        at = child
    heap[0, at] = moved
    return top
