"""The heap of events in the farm: the first to finish on top, on a tie the first accepted."""

from __future__ import annotations

from firmware_models.kernels import njit
from sim.readout.fast.layout import (
    HEAP_FINISH,
    HEAP_FREE,
    HEAP_SLOT,
    IN_HEAP,
    SLOT_NUMBER,
)


@njit(_nrt=False, inline="always")
def _earlier(x, a, y, b, slots):  # type: ignore[no-untyped-def]
    """Return whether slot `a` finishes (at `x`) before slot `b` (at `y`); on a tie the first
    accepted."""
    return x < y or (x == y and slots[a, SLOT_NUMBER] < slots[b, SLOT_NUMBER])


@njit(_nrt=False, inline="always")
def push(finish, slot, g, heap, slots):  # type: ignore[no-untyped-def]
    """Put in an event that finishes at `finish`."""
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
def pop(g, heap, slots):  # type: ignore[no-untyped-def]
    """Take out the event on top; return its slot, which is free from now on."""
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
