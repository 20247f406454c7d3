"""Buffers of the fast engine: rings of departure times, and statistics that follow them.

A buffer is one row of integers. Departures do not fall from one to the next, so the occupancy at
any time is the number of entries less the departures until then: two counters that only go up.

Kernels take plain arrays, never a tuple of them: counting references to its members would cost more
than the work.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.readout.engine import TIME_BINS, StageStats, time_bin

(
    BASE, MASK, LEVELS, SHIFT, SEEN, TIMES, COUNT, LEFT, CLOCK, FULLEST, WEIGHTED, INSIDE, WAITED,
    SERVED, BLOCKED, INSIDE_MAX,
) = range(16)  # fmt: skip
"""Columns of a buffer. BASE, MASK: its ring of departures; LEVELS, SHIFT, SEEN, TIMES: where its
histograms start in `hist`, and the occupancies in a bin; COUNT: entries so far; LEFT: departures
that the statistics have seen; CLOCK: time until which they are complete; FULLEST: greatest
occupancy; then sums as in `StageStats`."""

COLUMNS = 16


def ring_length(entries: int) -> int:
    """Return the length of a ring that must hold `entries`: a power of two."""
    return 1 << max(3, (entries + 1).bit_length())


@njit()
def account(r, time, rows, ring, hist):  # type: ignore[no-untyped-def]
    """Bring the statistics of buffer `r` up to an arrival at `time`, count and return what it
    finds."""
    inside = advance(r, time, rows, ring, hist)
    hist[rows[r, SEEN] + (inside >> rows[r, SHIFT])] += 1
    return inside


@njit()
def advance(r, time, rows, ring, hist):  # type: ignore[no-untyped-def]
    """Let the statistics of buffer `r` see departures until `time`; return the occupancy."""
    left, clock, weighted = rows[r, LEFT], rows[r, CLOCK], rows[r, WEIGHTED]
    base, mask, start, shift = rows[r, BASE], rows[r, MASK], rows[r, LEVELS], rows[r, SHIFT]
    inside = rows[r, COUNT] - left
    while inside > 0:
        leaves = ring[base + (left & mask)]
        if leaves > time:
            break
        hist[start + (inside >> shift)] += leaves - clock
        weighted += inside * (leaves - clock)
        clock = leaves
        left += 1
        inside -= 1
    hist[start + (inside >> shift)] += time - clock
    rows[r, WEIGHTED] = weighted + inside * (time - clock)
    rows[r, LEFT] = left
    rows[r, CLOCK] = time
    return inside


@njit()
def add_time(r, time, rows, hist):  # type: ignore[no-untyped-def]
    """Count an event's time inside."""
    rows[r, INSIDE_MAX] = max(rows[r, INSIDE_MAX], time)
    hist[rows[r, TIMES] + time_bin(time)] += 1


def statistics(
    name: str, row: NDArray[np.int64], events: int, levels: int, hist: NDArray[np.int64]
) -> StageStats:
    """Return what a buffer's row and histograms say."""

    def part(column: int, length: int) -> NDArray[np.int64]:
        return hist[int(row[column]) :][:length].copy()

    return StageStats(
        name=name, levels=levels, step=1 << int(row[SHIFT]), arrived=events, departed=events,
        inside=int(row[INSIDE]), waited=int(row[WAITED]), served=int(row[SERVED]),
        blocked=int(row[BLOCKED]), occupancy_max=int(row[FULLEST]), time_at=part(LEVELS, levels),
        weighted=int(row[WEIGHTED]), seen=part(SEEN, levels),
        inside_time=part(TIMES, TIME_BINS), inside_max=int(row[INSIDE_MAX]),
    )  # fmt: skip
