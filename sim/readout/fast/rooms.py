"""Room: when a stage can take an event, and when its rings of past events must grow."""

from __future__ import annotations

import numpy as np

from firmware_models.kernels import njit
from sim.readout.fast.layout import (
    ACCEPTS,
    ARRIVES,
    BASE,
    BUSY_OUT,
    BYTES_FROM,
    BYTES_INSIDE,
    CAPACITY,
    CREDIT,
    DEPTH,
    FIT,
    LEFT,
    LIMIT,
    MASK,
    NO_ROOM_NEEDED,
    SAFE,
    SIZES,
    SLACK,
)


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


@njit(_nrt=False)
def room_for(k, n, time, size, rows, ring):  # type: ignore[no-untyped-def]
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
