"""The stages of the fast engine: a recursion over accepted events.

Ordered stages are passed in the order of accepts: an event's departure needs only departures of
events before it. The farm is a heap of the events in service; its releases are taken one by one,
in the order of finishing, and with each the stages behind it are passed. A release is taken as soon
as something needs it, never before everything that could finish earlier has been dispatched.
"""

from __future__ import annotations

import numpy as np

from firmware_models.kernels import njit
from sim.readout.engine import time_bin
from sim.readout.fast.heap import pop, push
from sim.readout.fast.layout import (
    ACCEPTS,
    ALL_SAFE,
    ALMOST_FULL,
    ARRIVES,
    BASE,
    BUSY_IN,
    BUSY_OUT,
    CAPACITY,
    CREDIT,
    DELAY,
    DEPART,
    DEPTH,
    END,
    FARM,
    FIRST_INPUT,
    FIRST_OUTPUT,
    FROM_ORDERED,
    FUTURE,
    GOOD,
    HEAP_FINISH,
    HEAP_FREE,
    IN_HEAP,
    INPUT,
    L1,
    LAST,
    LAST_INPUT,
    LAST_OUTPUT,
    LATENCY_MAX,
    LEFT,
    LIMIT,
    LOG_ARRIVE,
    LOG_DEPART,
    LOG_FINISH,
    LOG_SERVICE,
    LOG_START,
    LOGGED_IN,
    LOGGED_OUT,
    LOST,
    MASK,
    N_ORDERED,
    N_STAGES,
    OUT,
    RELEASED,
    ROOM,
    SAFE,
    SATURATED,
    SERVERS,
    SERVICE,
    SEVERAL,
    SIDES,
    SIZE,
    SIZES,
    SLOT_ACCEPT,
    SLOT_ARRIVE,
    SLOT_FINISH,
    SLOT_LAST,
    SLOT_LOADS,
    SLOT_NUMBER,
    SLOT_START,
    SPECIAL,
    STATUS,
    WHEN,
    WHERE,
)
from sim.readout.fast.rooms import room_for
from sim.readout.loads import event_loads


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
            room = room_for(k, n, time, now[SIZE, k], rows, ring)
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
    """End the run when an arrival fills an unlimited stage."""
    base, mask, left = rows[j, BASE], rows[j, MASK], rows[j, LEFT]
    while left < count and ring[base + (left & mask)] <= arrive:
        left += 1
    rows[j, LEFT] = left
    if count + 1 - left >= rows[j, LIMIT]:
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
    push(start + now[SERVICE, farm], slot, g, heap, slots)


@njit(_nrt=False)
def release_until(time, g, rows, ring, lists, now, heap, slots, latency, log, numbers):  # type: ignore[no-untyped-def]
    """Take every release of events that finish until `time`."""
    while g[IN_HEAP] > 0 and heap[HEAP_FINISH, 0] <= time:
        _release(g, rows, ring, lists, now, heap, slots, latency, log, numbers)


@njit(_nrt=False)
def _release(g, rows, ring, lists, now, heap, slots, latency, log, numbers):  # type: ignore[no-untyped-def]
    """Take the next release of the farm, and pass the stages behind it."""
    farm, n_stages, q, logged = g[FARM], g[N_STAGES], g[RELEASED], g[LOGGED_OUT]
    slot = pop(g, heap, slots)
    finish, at = slots[slot, SLOT_FINISH], SLOT_LOADS
    blocking = False
    for k in range(farm + 1, n_stages):
        room = room_for(k, q, finish, slots[slot, at + 1], rows, ring)
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
