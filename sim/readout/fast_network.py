"""The stages of the fast engine: a recursion over accepted events.

Ordered stages are passed in the order of accepts: an event's departure needs only departures of
events before it. The farm is a heap of the events in service; its releases are taken one by one,
in the order of finishing, and with each the stages behind it are passed. A release is taken as soon
as something needs it, never before everything that could finish earlier has been dispatched.

Kernels take plain arrays and do without numba's reference counts (``_nrt``): counting and passing
them would cost more than the work. For the same reason the hot ones are inlined.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.readout.engine import time_bin
from sim.readout.loads import event_loads

FUTURE = 1 << 62
"""A departure that is not known yet: later than every time."""

NO_ROOM_NEEDED = -(1 << 62)

BLOCK = 4096
"""Accepted events in one block of the log."""

(
    INPUT, DELAY, LAST, BASE, MASK, SPECIAL, SAFE, CREDIT, DEPTH, CAPACITY, FIT,
    FIRST_INPUT, LAST_INPUT, FIRST_OUTPUT, LAST_OUTPUT, ALMOST_FULL, ARRIVES, SIZES, LIMIT,
    FROM_ORDERED, BYTES_FROM, BYTES_INSIDE, BUSY_IN, BUSY_OUT, LEFT,
) = range(25)  # fmt: skip
"""Columns of a stage's row. Constants: INPUT: its one input, `L1`, or `SEVERAL`; BASE, MASK: its
ring of departures; SPECIAL: it has BUSY, no depth, or a limit of bytes; FIT: events that
certainly fit; ARRIVES, SIZES: where rings of arrivals and bytes start, -1: none; LIMIT: events at
which an unlimited stage saturates, 0: never; FROM_ORDERED: behind the farm, with an ordered stage
among its inputs. State: LAST departure; SAFE: events before this number find room without looking;
first event whose bytes count, and their sum; arrivals and departures that BUSY has seen; departures
that an unlimited stage has seen."""

COLUMNS = 25

L1, SEVERAL = -1, -2
"""Values of INPUT that are no stage."""

(N_ORDERED, N_STAGES, FARM, SERVERS, BUSY_LATENCY, SIDES,
 ACCEPTS, RELEASED, IN_HEAP, END, LATENCY_MAX, STATUS, WHERE, WHEN, LOGGED_IN, LOGGED_OUT,
 ALL_SAFE) = range(17)  # fmt: skip
"""Elements of `g`: constants (SIDES: where they start in `lists`), then state of the network
(ALL_SAFE: least SAFE of the ordered stages)."""

GOOD, GROW, LOST, SATURATED, FULL = range(5)
"""Values of STATUS; FULL: the block of the log is."""

SLACK = 64
"""Accepts between two looks at the rings that may have to grow."""

SLOT_NUMBER, SLOT_ACCEPT, SLOT_ARRIVE, SLOT_START, SLOT_FINISH, SLOT_LAST = range(6)
"""Columns of what is kept of an event in the farm; LAST: its last departure so far. Service times
and bytes of the stages behind follow."""

SLOT_LOADS = 6

HEAP_FINISH, HEAP_SLOT, HEAP_FREE = range(3)
"""Rows of the heap: when the event finishes, its slot; a stack of free slots."""

ROOM, DEPART, SERVICE, SIZE, OUT = range(5)
"""Rows of `now`: of the event at hand, one column a stage. DEPART of a stage behind the farm holds
its room until the event passes it."""

LOG_ARRIVE, LOG_SERVICE, LOG_DEPART, LOG_START, LOG_FINISH = range(5)
"""Second index of the log. Stages with one server have arrivals, service times and departures; the
farm has its arrivals in the order of accepts in place of service times, and all else, with starts
and finishes, in the order of releases."""


class Network(NamedTuple):
    """Constants and state of all stages, as the kernels take them.

    Parameters
    ----------
    g : ndarray of int64, shape (17,)
    rows : ndarray of int64, shape (n_stages, COLUMNS)
    ring : ndarray of int64
        Departures; arrivals of stages with BUSY; bytes of stages with `depth_bytes`.
    lists : ndarray of int64
        Inputs of all stages, then their outputs, then the sides.
    growing : ndarray of int64
        Ordered stages (or the farm) whose rings may have to grow.
    now : ndarray of int64, shape (5, n_stages)
    heap : ndarray of int64, shape (3, servers)
        Events in service, the first to finish on top.
    slots : ndarray of int64, shape (servers, 6 + 2 n_behind)
    load_rows, load_inputs, tables : ndarray of int64
        See `sim.readout.loads.LoadTables`.
    latency : ndarray of int64, shape (TIME_BINS,)
    """

    g: NDArray[np.int64]
    rows: NDArray[np.int64]
    ring: NDArray[np.int64]
    lists: NDArray[np.int64]
    growing: NDArray[np.int64]
    now: NDArray[np.int64]
    heap: NDArray[np.int64]
    slots: NDArray[np.int64]
    load_rows: NDArray[np.int64]
    load_inputs: NDArray[np.int64]
    tables: NDArray[np.int64]
    latency: NDArray[np.int64]


class Log(NamedTuple):
    """What happened to the events of one block.

    Parameters
    ----------
    times : ndarray of int64, shape (n_stages, 5, BLOCK + servers)
        See `LOG_ARRIVE` and so on: in the order of accepts in ordered stages, in
        that of releases in the others.
    accepts : ndarray of int64, shape (BLOCK,)
        Times of the accepts.
    numbers : ndarray of int64, shape (BLOCK + servers,)
        Numbers of the released events.
    rules : ndarray of int64, shape (n_rules, 2, BLOCK)
        Start and end of service in the throttle's buffers.
    """

    times: NDArray[np.int64]
    accepts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    rules: NDArray[np.int64]


@njit(_nrt=False, inline="always")
def busy(j, time, g, rows, ring, lists, now, heap, slots, latency, log, numbers):  # type: ignore[no-untyped-def]
    """Return whether stage `j` was almost full at `time`; times do not fall from call to call."""
    if j > g[FARM] >= 0:
        release_until(time, g, rows, ring, lists, now, heap, slots, latency, log, numbers)
        count = g[RELEASED]
    else:
        count = g[ACCEPTS]
        # Even with everything inside that has not been seen to leave.
        if count - rows[j, BUSY_OUT] < rows[j, ALMOST_FULL]:
            return False
        if j == g[FARM]:
            release_until(time, g, rows, ring, lists, now, heap, slots, latency, log, numbers)
    base, mask, arrives = rows[j, BASE], rows[j, MASK], rows[j, ARRIVES]
    entered, left = rows[j, BUSY_IN], rows[j, BUSY_OUT]
    while entered < count and ring[arrives + (entered & mask)] <= time:
        entered += 1
    while left < entered and ring[base + (left & mask)] <= time:
        left += 1
    rows[j, BUSY_IN] = entered
    rows[j, BUSY_OUT] = left
    return entered - left >= rows[j, ALMOST_FULL]


@njit(_nrt=False)
def must_grow(growing, g, rows):  # type: ignore[no-untyped-def]
    """Return the first stage whose rings cannot take `SLACK` more events, or -1.

    Rings of stages behind the farm are made for as many events as a stage may hold.
    """
    count = g[ACCEPTS]
    for i in range(len(growing)):
        j = growing[i]
        oldest = count - rows[j, DEPTH]
        if rows[j, LIMIT] != 0:
            oldest = rows[j, LEFT]
        if rows[j, CAPACITY] != 0:
            oldest = min(oldest, rows[j, BYTES_FROM])
        if rows[j, ARRIVES] >= 0:
            oldest = min(oldest, rows[j, BUSY_OUT])
        if count + SLACK + 2 - oldest > rows[j, MASK]:
            return j
    return -1


@njit(_nrt=False, inline="always")
def accept_event(  # type: ignore[no-untyped-def]
    time, samples, words, g, rows, ring, lists, now, heap, slots, load_rows, load_inputs, tables,
    latency, log, accepts, numbers,
):  # fmt: skip
    """Take an accepted event through all ordered stages and into the farm."""
    n, n_ordered, farm, logged = g[ACCEPTS], g[N_ORDERED], g[FARM], g[LOGGED_IN]
    g[ACCEPTS] = n + 1
    g[LOGGED_IN] = logged + 1
    accepts[logged] = time
    event_loads(words, samples, load_rows, load_inputs, tables, now[SERVICE], now[SIZE], now[OUT])
    blocking = _rooms(n, time, g, rows, ring, lists, now, heap, slots, latency, log, numbers)
    last = time
    for j in range(n_ordered):
        before = rows[j, INPUT]
        if before >= 0:
            arrive = now[DEPART, before] + rows[j, DELAY]
        elif before == SEVERAL:
            arrive = _latest(j, rows, lists, now) + rows[j, DELAY]
        else:
            arrive = time + rows[j, DELAY]
            if now[ROOM, j] > arrive:
                _stop(LOST, j, arrive, g)
        leaves = _pass(
            j, n, arrive, now[SERVICE, j], now[SIZE, j], ROOM, blocking, logged, g, rows, ring,
            lists, now, log,
        )  # fmt: skip
        now[DEPART, j] = leaves
        last = max(last, leaves)
    g[END] = max(g[END], last)
    if farm >= 0:
        _dispatch(n, time, last, g, rows, ring, lists, now, heap, slots, latency, log, numbers)
    else:
        _latency(last - time, g, latency)


@njit(_nrt=False, inline="always")
def _latest(j, rows, lists, now):  # type: ignore[no-untyped-def]
    """Return when the last of several inputs has left."""
    latest = np.int64(0)
    for i in range(rows[j, FIRST_INPUT], rows[j, LAST_INPUT]):
        latest = max(latest, now[DEPART, lists[i]])
    return latest


@njit(_nrt=False, inline="always")
def _rooms(n, time, g, rows, ring, lists, now, heap, slots, latency, log, numbers):  # type: ignore[no-untyped-def]
    """Find out when each stage has room for event `n`; return whether any has not by `time`."""
    blocking = False
    if n >= g[ALL_SAFE]:
        safe = np.int64(FUTURE)
        for k in range(g[N_ORDERED]):
            room = _room(k, n, time, now[SIZE, k], rows, ring)
            now[ROOM, k] = room
            blocking = blocking or room > time
            safe = min(safe, rows[k, SAFE])
        g[ALL_SAFE] = safe
    if g[FARM] >= 0:
        for k in range(g[FARM], g[N_STAGES]):
            if rows[k, FROM_ORDERED] != 0 and n >= rows[k, DEPTH] > 0:
                room = _room_behind(
                    k, n, g, rows, ring, lists, now, heap, slots, latency, log, numbers
                )
                now[ROOM, k] = room
                blocking = blocking or room > time
    return blocking


@njit(_nrt=False)
def release_until(time, g, rows, ring, lists, now, heap, slots, latency, log, numbers):  # type: ignore[no-untyped-def]
    """Take every release of events that finish until `time`."""
    while g[IN_HEAP] > 0 and heap[HEAP_FINISH, 0] <= time:
        _release(g, rows, ring, lists, now, heap, slots, latency, log, numbers)


@njit(_nrt=False)
def _room(k, n, time, size, rows, ring):  # type: ignore[no-untyped-def]
    """Return when stage `k` has room for event `n` of its own order, if that is after `time`."""
    if n < rows[k, SAFE]:
        return np.int64(NO_ROOM_NEEDED)
    base, mask, credit = rows[k, BASE], rows[k, MASK], rows[k, CREDIT]
    depth, capacity, fit = rows[k, DEPTH], rows[k, CAPACITY], rows[k, FIT]
    half = fit >> 1
    if n <= half or ring[base + ((n - half - 1) & mask)] + credit <= time:
        # At most half of what certainly fits is inside: the other half need not look.
        first = max(n - half, 0)
        rows[k, SAFE] = max(first + fit, n + 1)
        rows[k, BYTES_FROM] = first
        rows[k, BYTES_INSIDE] = -1
        return np.int64(NO_ROOM_NEEDED)
    room = np.int64(NO_ROOM_NEEDED)
    if depth != 0 and n >= depth:
        room = ring[base + ((n - depth) & mask)] + credit
    if capacity != 0:
        room = max(room, _byte_room(k, n, time, size, rows, ring))
    return room


@njit(_nrt=False)
def _byte_room(k, n, time, size, rows, ring):  # type: ignore[no-untyped-def]
    """As `_room`, for the bytes alone: let events leave until the sum fits."""
    base, mask, credit, sizes = rows[k, BASE], rows[k, MASK], rows[k, CREDIT], rows[k, SIZES]
    first, inside = rows[k, BYTES_FROM], rows[k, BYTES_INSIDE]
    if inside < 0:
        # Events since it last had room to spare were not summed.
        inside = np.int64(0)
        for i in range(first, n):
            inside += ring[sizes + (i & mask)]
    # Events that left long ago cannot matter: forget them, so that rings stay short.
    while first < n and ring[base + (first & mask)] + credit <= time:
        inside -= ring[sizes + (first & mask)]
        first += 1
    while first < n and inside + size > rows[k, CAPACITY]:
        inside -= ring[sizes + (first & mask)]
        first += 1
    rows[k, BYTES_FROM] = first
    rows[k, BYTES_INSIDE] = inside + size
    # Also when it was an earlier event that needed this one to leave: it may still be inside.
    return ring[base + ((first - 1) & mask)] + credit if first > 0 else np.int64(NO_ROOM_NEEDED)


@njit(_nrt=False)
def _room_behind(k, n, g, rows, ring, lists, now, heap, slots, latency, log, numbers):  # type: ignore[no-untyped-def]
    """Return when the farm, or a stage behind it, has room for event `n` of an ordered stage."""
    needed = n - rows[k, DEPTH]
    while g[RELEASED] <= needed:
        _release(g, rows, ring, lists, now, heap, slots, latency, log, numbers)
    return ring[rows[k, BASE] + (needed & rows[k, MASK])] + rows[k, CREDIT]


@njit(_nrt=False, inline="always")
def _pass(j, n, arrive, service, size, room, blocking, logged, g, rows, ring, lists, now, log):  # type: ignore[no-untyped-def]
    """Take an event through a stage with one server; return its departure."""
    leaves = max(arrive, rows[j, LAST]) + service
    if blocking:
        for i in range(rows[j, FIRST_OUTPUT], rows[j, LAST_OUTPUT]):
            leaves = max(leaves, now[room, lists[i]])
    at = n & rows[j, MASK]
    ring[rows[j, BASE] + at] = leaves
    if rows[j, SPECIAL] != 0:
        if rows[j, CAPACITY] != 0:
            ring[rows[j, SIZES] + at] = size
        if rows[j, LIMIT] != 0:
            _watch_limit(j, n, arrive, g, rows, ring)
        if rows[j, ARRIVES] >= 0:
            ring[rows[j, ARRIVES] + at] = arrive
    rows[j, LAST] = leaves
    log[j, LOG_ARRIVE, logged] = arrive
    log[j, LOG_SERVICE, logged] = service
    log[j, LOG_DEPART, logged] = leaves
    return leaves


@njit(_nrt=False)
def _watch_limit(j, count, arrive, g, rows, ring):  # type: ignore[no-untyped-def]
    """End the run when an unlimited stage holds too many events."""
    base, mask, left = rows[j, BASE], rows[j, MASK], rows[j, LEFT]
    while left < count and ring[base + (left & mask)] <= arrive:
        left += 1
    rows[j, LEFT] = left
    if count - left >= rows[j, LIMIT]:
        _stop(SATURATED, j, arrive, g)


@njit(_nrt=False, inline="always")
def _dispatch(n, time, last, g, rows, ring, lists, now, heap, slots, latency, log, numbers):  # type: ignore[no-untyped-def]
    """Put an event into the farm: its start is known as soon as it arrives."""
    farm = g[FARM]
    before = rows[farm, INPUT]
    if before == L1:
        arrive = time + rows[farm, DELAY]
    else:
        arrive = _latest(farm, rows, lists, now) + rows[farm, DELAY]
    for i in range(g[SIDES], len(lists)):
        arrive = max(arrive, now[DEPART, lists[i]])
    if before == L1 and n >= rows[farm, DEPTH] > 0 and now[ROOM, farm] > arrive:
        _stop(LOST, farm, arrive, g)
    # Nothing that comes later can finish before it arrives.
    release_until(arrive, g, rows, ring, lists, now, heap, slots, latency, log, numbers)
    if rows[farm, LIMIT] != 0:
        _watch_limit(farm, n, arrive, g, rows, ring)
    base, mask = rows[farm, BASE], rows[farm, MASK]
    start, before = arrive, n - g[SERVERS]
    if before >= 0:
        while g[RELEASED] <= before:
            _release(g, rows, ring, lists, now, heap, slots, latency, log, numbers)
        start = max(start, ring[base + (before & mask)])
    # Its place in the order of releases is open.
    ring[base + (n & mask)] = FUTURE
    if rows[farm, ARRIVES] >= 0:
        ring[rows[farm, ARRIVES] + (n & mask)] = arrive
    log[farm, LOG_SERVICE, g[LOGGED_IN] - 1] = arrive
    slot = heap[HEAP_FREE, g[IN_HEAP]]
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
    _push(start + now[SERVICE, farm], slot, g, heap, slots)


@njit(_nrt=False)
def _release(g, rows, ring, lists, now, heap, slots, latency, log, numbers):  # type: ignore[no-untyped-def]
    """Take the next release of the farm, and pass the stages behind it."""
    farm, n_stages, q, logged = g[FARM], g[N_STAGES], g[RELEASED], g[LOGGED_OUT]
    slot = _pop(g, heap, slots)
    finish, at = slots[slot, SLOT_FINISH], SLOT_LOADS
    blocking = False
    for k in range(farm + 1, n_stages):
        room = _room(k, q, finish, slots[slot, at + 1], rows, ring)
        now[DEPART, k] = room
        blocking = blocking or room > finish
        at += 2
    leaves = finish
    if blocking:
        for i in range(rows[farm, FIRST_OUTPUT], rows[farm, LAST_OUTPUT]):
            leaves = max(leaves, now[DEPART, lists[i]])
    ring[rows[farm, BASE] + (q & rows[farm, MASK])] = leaves
    g[RELEASED] = q + 1
    g[LOGGED_OUT] = logged + 1
    numbers[logged] = slots[slot, SLOT_NUMBER]
    log[farm, LOG_ARRIVE, logged] = slots[slot, SLOT_ARRIVE]
    log[farm, LOG_START, logged] = slots[slot, SLOT_START]
    log[farm, LOG_FINISH, logged] = finish
    log[farm, LOG_DEPART, logged] = leaves
    last, at = max(leaves, slots[slot, SLOT_LAST]), SLOT_LOADS
    for k in range(farm + 1, n_stages):
        arrive = np.int64(0)
        for i in range(rows[k, FIRST_INPUT], rows[k, LAST_INPUT]):
            before = lists[i]
            if before == farm:
                arrive = max(arrive, leaves)
            elif before > farm:
                arrive = max(arrive, now[DEPART, before])
        now[DEPART, k] = _pass(
            k, q, arrive + rows[k, DELAY], slots[slot, at], slots[slot, at + 1], DEPART, blocking,
            logged, g, rows, ring, lists, now, log,
        )  # fmt: skip
        last = max(last, now[DEPART, k])
        at += 2
    g[END] = max(g[END], last)
    _latency(last - slots[slot, SLOT_ACCEPT], g, latency)


@njit(_nrt=False, inline="always")
def _latency(time, g, latency):  # type: ignore[no-untyped-def]
    latency[time_bin(time)] += 1
    g[LATENCY_MAX] = max(g[LATENCY_MAX], time)


@njit(_nrt=False)
def _stop(status, stage, time, g):  # type: ignore[no-untyped-def]
    if g[STATUS] == GOOD:
        g[STATUS], g[WHERE], g[WHEN] = status, stage, time


@njit(_nrt=False, inline="always")
def _earlier(x, a, y, b, slots):  # type: ignore[no-untyped-def]
    """Return whether slot `a` finishes (at `x`) before slot `b` (at `y`); on a tie the first
    accepted."""
    return x < y or (x == y and slots[a, SLOT_NUMBER] < slots[b, SLOT_NUMBER])


@njit(_nrt=False, inline="always")
def _push(finish, slot, g, heap, slots):  # type: ignore[no-untyped-def]
    at = g[IN_HEAP]
    g[IN_HEAP] = at + 1
    while at > 0:
        parent = (at - 1) >> 1
        above, who = heap[HEAP_FINISH, parent], heap[HEAP_SLOT, parent]
        if not _earlier(finish, slot, above, who, slots):
            break
        heap[HEAP_FINISH, at], heap[HEAP_SLOT, at] = above, who
        at = parent
    heap[HEAP_FINISH, at], heap[HEAP_SLOT, at] = finish, slot


@njit(_nrt=False, inline="always")
def _pop(g, heap, slots):  # type: ignore[no-untyped-def]
    n = g[IN_HEAP] - 1
    top = heap[HEAP_SLOT, 0]
    finish, moved = heap[HEAP_FINISH, n], heap[HEAP_SLOT, n]
    g[IN_HEAP] = n
    heap[HEAP_FREE, n] = top
    at = 0
    while True:
        child = 2 * at + 1
        if child >= n:
            break
        next_finish = heap[HEAP_FINISH, child]
        if child + 1 < n and _earlier(
            heap[HEAP_FINISH, child + 1], heap[HEAP_SLOT, child + 1], next_finish,
            heap[HEAP_SLOT, child], slots,
        ):  # fmt: skip
            child += 1
            next_finish = heap[HEAP_FINISH, child]
        if not _earlier(next_finish, heap[HEAP_SLOT, child], finish, moved, slots):
            break
        heap[HEAP_FINISH, at], heap[HEAP_SLOT, at] = next_finish, heap[HEAP_SLOT, child]
        at = child
    heap[HEAP_FINISH, at], heap[HEAP_SLOT, at] = finish, moved
    return top
