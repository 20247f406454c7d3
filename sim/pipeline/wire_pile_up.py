"""Pile-up in the drift chamber: hits of collisions closer than the drift window, seen together.

The trigger's window slides. Each collision with a track segment is looked at in its own window of
256 ticks, as when it is alone, and others with one, before and after, put their hits there, moved
by the distance of the collisions. The segment finder keeps a hit for 16 data clocks and stores no
other of that wire meanwhile: an earlier hit, of the window or before it, hides a later one. Hits of
collisions without a segment are left out: random hits, of which each window has its own.
"""

from __future__ import annotations

import numpy as np

from firmware_models.interface.cdc_hough import TRACK_CLOCK_TICKS
from firmware_models.interface.cdc_segment import PERSISTENCE, TICKS_PER_CLOCK
from firmware_models.kernels import njit
from firmware_models.wire_hits import WINDOW_TICKS, WireHits
from sim.pipeline.plan import Ints

WIRE_TICKS_PER_TICK = TICKS_PER_CLOCK // TRACK_CLOCK_TICKS
"""Ticks of the chamber's trigger in one tick of the system clock: 4."""

_TIME_BITS = 20
_ZERO = 1 << (_TIME_BITS - 1)
# Times, also those before the window, are sorted together with the wires that they belong to.


def neighbours(tick: Ints, length: int) -> Ints:
    """Return the collisions that have another less than `length` ticks away.

    Parameters
    ----------
    tick : ndarray of int64, shape (n,)
        Not falling.
    length : int
        [tick]; 0: none.
    """
    close = np.diff(tick) < length
    near = np.concatenate((close, [False])) | np.concatenate(([False], close))
    return np.flatnonzero(near[: len(tick)])


def merge_wires(hits: WireHits, event: Ints, tick: Ints, chosen: Ints, length: int) -> WireHits:
    """Return the windows of some collisions with the hits of all that are near.

    Parameters
    ----------
    hits : WireHits
        Of the library.
    event, tick : ndarray of int64, shape (n,)
        Event of the library that each collision is; its tick, not falling.
    chosen : ndarray of int64, shape (m,)
        Collisions whose windows are wanted.
    length : int
        Collisions less than this many ticks away put their hits in.

    Returns
    -------
    WireHits
        One window for each of `chosen`; hits within `WINDOW_TICKS`.
    """
    sizes = np.diff(hits.offsets)[event]
    before = np.concatenate(([0], np.cumsum(sizes)))
    first = np.searchsorted(tick, tick[chosen] - length, side="right")
    last = np.searchsorted(tick, tick[chosen] + length, side="left")
    # A window has its own hits even when nothing is near enough to be merged.
    first, last = np.minimum(first, chosen), np.maximum(last, chosen + 1)
    most = before[last] - before[first]
    offsets = np.zeros(len(chosen) + 1, dtype=np.int64)
    wire = np.empty(int(most.sum()), dtype=np.uint16)
    time = np.empty(int(most.sum()), dtype=np.uint16)
    keys = np.empty(int(most.max(initial=0)), dtype=np.int64)
    used = _merge(
        hits.offsets, hits.wire, hits.time, event, tick, chosen, first, last, keys,
        offsets, wire, time,
    )  # fmt: skip
    return WireHits(offsets, wire[:used].copy(), time[:used].copy())


@njit()
def _merge(  # type: ignore[no-untyped-def]
    offsets, wire, time, event, tick, chosen, first, last, keys, new_offsets, new_wire, new_time
):
    used = 0
    for window in range(len(chosen)):
        n = 0
        for i in range(first[window], last[window]):
            shift = (tick[i] - tick[chosen[window]]) * WIRE_TICKS_PER_TICK + _ZERO
            for k in range(offsets[event[i]], offsets[event[i] + 1]):
                keys[n] = (np.int64(wire[k]) << _TIME_BITS) + np.int64(time[k]) + shift
                n += 1
        keys[:n].sort()
        before, clock = np.int64(-1), np.int64(0)
        for k in range(n):
            number = keys[k] >> _TIME_BITS
            at = (keys[k] & ((1 << _TIME_BITS) - 1)) - _ZERO
            now = at >> 4
            if number == before and now - clock < PERSISTENCE:
                continue
            before, clock = number, now
            if 0 <= at < WINDOW_TICKS:
                new_wire[used], new_time[used] = number, at
                used += 1
        new_offsets[window + 1] = used
    return used
