"""Statistics of the fast engine, stage by stage from the log of a block of events.

Departures do not fall from one to the next, so the occupancy at any time is the number of arrivals
less the departures until then: two counters that only go up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.readout.engine import TIME_BINS, StageStats, time_bin

(ENTERED, LEFT, CLOCK, FULLEST, WEIGHTED, INSIDE, WAITED, SERVED, BLOCKED, INSIDE_MAX, EVENTS,
 LAST) = range(12)  # fmt: skip
"""Elements of a counter's sums. ENTERED: places taken so far (events, or cells); LEFT: departures
seen so far; CLOCK: time until which the
histograms are complete; LAST: the last departure known."""


_TOTALS = (WEIGHTED, INSIDE, WAITED, SERVED, BLOCKED)
"""Sums that a long run would not fit into 64 bits: moved to Python's integers block by block."""


class Counter:
    """Counts what happens in one stage or buffer.

    Parameters
    ----------
    name : str
    levels, step : int
        Bins of the occupancy histograms, and occupancies in each (a power of two).
    """

    def __init__(self, name: str, levels: int, step: int) -> None:
        self._name = name
        self._step = step
        self.sums = np.zeros(12, dtype=np.int64)
        self.sums[LAST] = -(1 << 62)
        self.time_at = np.zeros(levels, dtype=np.int64)
        self.seen = np.zeros(levels, dtype=np.int64)
        self.inside_time = np.zeros(TIME_BINS, dtype=np.int64)
        self._pending = np.zeros(0, dtype=np.int64)
        self._totals = dict.fromkeys(_TOTALS, 0)

    def settle(self) -> None:
        """Move the sums of the block into the totals."""
        for k in _TOTALS:
            self._totals[k] += int(self.sums[k])
            self.sums[k] = 0

    def add(
        self, arrive: NDArray[np.int64], service: NDArray[np.int64], depart: NDArray[np.int64]
    ) -> None:
        """Add events of a stage with one server, in order, each of shape ``(n,)`` [quanta]."""
        known = np.concatenate([self._pending, depart])
        seen = _one_server(arrive, service, depart, known, self._step.bit_length() - 1, self.sums,
                           self.time_at, self.seen, self.inside_time)  # fmt: skip
        self._pending = known[seen:]
        self.settle()

    def add_released(
        self, arrivals: NDArray[np.int64], arrive: NDArray[np.int64], start: NDArray[np.int64],
        finish: NDArray[np.int64], depart: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Add events of the farm: arrivals in their order, released events in theirs."""
        _sum_released(arrive, start, finish, depart, self.sums, self.inside_time)
        known = np.concatenate([self._pending, depart])
        seen = _follow(arrivals, np.ones_like(arrivals), known, self._step.bit_length() - 1,
                       self.sums, self.time_at, self.seen)  # fmt: skip
        self.sums[EVENTS] += len(arrivals)
        self._pending = known[seen:]
        self.settle()

    def add_candidates(
        self, time: NDArray[np.int64], entering: NDArray[np.int64], start: NDArray[np.int64],
        end: NDArray[np.int64], leaving: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Add candidates to a buffer of the throttle.

        Parameters
        ----------
        time, entering : ndarray of int64, shape (n,)
            Times, and the places that each takes: 0 for those that are refused.
        start, end : ndarray of int64, shape (n_accepted,)
            Service of those that enter.
        leaving : ndarray of int64, shape (sum of entering,)
            When each place is free again.
        """
        accepts = time[entering > 0]
        _sum_buffer(accepts, start, end, self.sums, self.inside_time)
        self.sums[INSIDE] += leaving.sum() - np.repeat(accepts, entering[entering > 0]).sum()
        known = np.sort(np.concatenate([self._pending, leaving]), kind="stable")
        seen = _follow(time, entering, known, self._step.bit_length() - 1, self.sums,
                       self.time_at, self.seen)  # fmt: skip
        self._pending = known[seen:]
        self.settle()

    def finish_with(self, pending: NDArray[np.int64], inside: int, end: int) -> StageStats:
        """As `finish`, for a counter whose sums were made elsewhere.

        Parameters
        ----------
        pending : ndarray of int64, shape (inside,)
            Departures that are still to come.
        inside, end : int
        """
        self._pending = pending
        self.sums[ENTERED], self.sums[LEFT] = inside, 0
        return self.finish(end)

    def finish(self, end: int) -> StageStats:
        """Complete the histograms until `end`, when everything has left."""
        sums, totals = self.sums, self._totals
        _until(end, self._pending, self._step.bit_length() - 1, sums, self.time_at)
        self.settle()
        return StageStats(
            name=self._name, levels=len(self.time_at), step=self._step,
            arrived=int(sums[EVENTS]), departed=int(sums[EVENTS]), inside=totals[INSIDE],
            waited=totals[WAITED], served=totals[SERVED], blocked=totals[BLOCKED],
            occupancy_max=int(sums[FULLEST]), time_at=self.time_at, weighted=totals[WEIGHTED],
            seen=self.seen, inside_time=self.inside_time, inside_max=int(sums[INSIDE_MAX]),
        )  # fmt: skip


@njit(nogil=True)
def _one_server(arrive, service, depart, known, shift, sums, time_at, seen, inside_time):  # type: ignore[no-untyped-def]
    """As `_follow`, with the sums of a stage with one server, in one pass."""
    top = len(time_at) - 1  # where a stage that saturates is counted
    clock, weighted, last = sums[CLOCK], sums[WEIGHTED], sums[LAST]
    inside, fullest, longest = sums[ENTERED] - sums[LEFT], sums[FULLEST], sums[INSIDE_MAX]
    total, waited, served, blocked = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    at, n_known = 0, len(known)
    for i in range(len(arrive)):
        time = arrive[i]
        while at < n_known and known[at] <= time:
            leaves = known[at]
            time_at[min(inside >> shift, top)] += leaves - clock
            weighted += inside * (leaves - clock)
            clock = leaves
            inside -= 1
            at += 1
        time_at[min(inside >> shift, top)] += time - clock
        weighted += inside * (time - clock)
        clock = time
        seen[min(inside >> shift, top)] += 1
        inside += 1
        fullest = max(fullest, inside)
        start = max(time, last)
        last = depart[i]
        total += last - time
        waited += start - time
        served += service[i]
        blocked += last - start - service[i]
        longest = max(longest, last - time)
        inside_time[time_bin(last - time)] += 1
    sums[ENTERED] += len(arrive)
    sums[EVENTS] += len(arrive)
    sums[LEFT] = sums[ENTERED] - inside
    sums[CLOCK], sums[WEIGHTED], sums[FULLEST] = clock, weighted, fullest
    sums[LAST], sums[INSIDE_MAX] = last, longest
    sums[INSIDE] += total
    sums[WAITED] += waited
    sums[SERVED] += served
    sums[BLOCKED] += blocked
    return at


@njit(nogil=True)
def _follow(time, entering, known, shift, sums, time_at, seen):  # type: ignore[no-untyped-def]
    """Walk through arrivals, each of which takes any number of places, and departures in time;
    return how many departures were seen."""
    top = len(time_at) - 1  # where a stage that saturates is counted
    clock, weighted = sums[CLOCK], sums[WEIGHTED]
    inside, fullest = sums[ENTERED] - sums[LEFT], sums[FULLEST]
    at, n_known = 0, len(known)
    for i in range(len(time)):
        while at < n_known and known[at] <= time[i]:
            leaves = known[at]
            time_at[min(inside >> shift, top)] += leaves - clock
            weighted += inside * (leaves - clock)
            clock = leaves
            inside -= 1
            at += 1
        time_at[min(inside >> shift, top)] += time[i] - clock
        weighted += inside * (time[i] - clock)
        clock = time[i]
        seen[min(inside >> shift, top)] += 1
        inside += entering[i]
        fullest = max(fullest, inside)
        sums[ENTERED] += entering[i]
    sums[LEFT] = sums[ENTERED] - inside
    sums[CLOCK], sums[WEIGHTED], sums[FULLEST] = clock, weighted, fullest
    return at


@njit(nogil=True)
def _sum_buffer(accepts, start, end, sums, inside_time):  # type: ignore[no-untyped-def]
    for i in range(len(accepts)):
        sums[WAITED] += start[i] - accepts[i]
        sums[SERVED] += end[i] - start[i]
        sums[INSIDE_MAX] = max(sums[INSIDE_MAX], end[i] - accepts[i])
        inside_time[time_bin(end[i] - accepts[i])] += 1
    sums[EVENTS] += len(accepts)


@njit(nogil=True)
def _until(end, known, shift, sums, time_at):  # type: ignore[no-untyped-def]
    """Walk on through departures until `end`."""
    top = len(time_at) - 1  # where a stage that saturates is counted
    clock, inside = sums[CLOCK], sums[ENTERED] - sums[LEFT]
    for i in range(len(known)):
        leaves = min(known[i], end)
        time_at[min(inside >> shift, top)] += leaves - clock
        sums[WEIGHTED] += inside * (leaves - clock)
        clock = leaves
        inside -= 1
    time_at[min(inside >> shift, top)] += end - clock
    sums[WEIGHTED] += inside * (end - clock)
    sums[CLOCK], sums[LEFT] = end, sums[ENTERED] - inside


@njit(nogil=True)
def _sum_released(arrive, start, finish, depart, sums, inside_time):  # type: ignore[no-untyped-def]
    for i in range(len(arrive)):
        time = depart[i] - arrive[i]
        sums[INSIDE] += time
        sums[WAITED] += start[i] - arrive[i]
        sums[SERVED] += finish[i] - start[i]
        sums[BLOCKED] += depart[i] - finish[i]
        sums[INSIDE_MAX] = max(sums[INSIDE_MAX], time)
        inside_time[time_bin(time)] += 1
