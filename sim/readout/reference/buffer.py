"""What a buffer or stage of the SimPy engine counts about its own occupancy, as it happens."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from sim.readout.engine import TIME_BINS, StageStats, levels_of


class Times:
    """Counts of times in the bins of `sim.readout.engine.time_bin`, and the longest [quanta]."""

    __slots__ = ("counts", "longest")

    def __init__(self) -> None:
        self.counts = [0] * TIME_BINS
        self.longest = 0

    def add(self, time: int) -> None:
        """Count one time, not below 0 [quanta]."""
        if time > self.longest:
            self.longest = time
        # 32 linear bins in each factor of two, as `time_bin`, in integers.
        shift = time.bit_length() - 6
        self.counts[(shift << 5) + (time >> shift) if shift > 0 else time] += 1


class Buffer:
    """Something that events enter and leave: how many are inside, for how long, and why.

    Attributes
    ----------
    level : int
        Inside now.
    since : int
        Up to when `time_at` is counted [quanta].
    time_at : dict of int to int
        Time with each occupancy [quanta].
    seen : dict of int to int
        Arrivals by what they found inside.
    waited, served, blocked, inside : int
        Sums over events, as in `StageStats` [quanta].
    stays : Times
        Time inside of the events that have left.
    most : int
        Largest occupancy that an arrival made.
    """

    __slots__ = (
        "blocked", "inside", "level", "most", "seen", "served", "since", "stays", "time_at",
        "waited",
    )  # fmt: skip

    def __init__(self) -> None:
        self.level = self.since = self.most = 0
        self.time_at: dict[int, int] = defaultdict(int)
        self.seen: dict[int, int] = defaultdict(int)
        self.waited = self.served = self.blocked = self.inside = 0
        self.stays = Times()

    def settle(self, now: int) -> None:
        """Count the time up to now, through which the occupancy was `level`."""
        self.time_at[self.level] += now - self.since
        self.since = now

    def stats(self, name: str, capacity: int, arrived: int, most: int) -> StageStats:
        """Return what was counted.

        Parameters
        ----------
        name : str
        capacity : int
            Largest occupancy that the histograms show; more goes to their last bin.
        arrived, most : int
            Events that came, and the largest occupancy that one made.
        """
        levels, step = levels_of(capacity)
        return StageStats(
            name=name,
            levels=levels,
            step=step,
            arrived=arrived,
            departed=sum(self.stays.counts),
            inside=self.inside,
            waited=self.waited,
            served=self.served,
            blocked=self.blocked,
            occupancy_max=most,
            time_at=_binned(self.time_at, levels, step),
            weighted=sum(level * time for level, time in self.time_at.items()),
            seen=_binned(self.seen, levels, step),
            inside_time=np.array(self.stays.counts, dtype=np.int64),
            inside_max=self.stays.longest,
        )


def _binned(counts: dict[int, int], levels: int, step: int) -> NDArray[np.int64]:
    bins = np.zeros(levels, dtype=np.int64)
    for level, count in counts.items():
        bins[min(level // step, levels - 1)] += count
    return bins
