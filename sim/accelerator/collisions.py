"""Collisions at filled crossings, exact in distribution and fast.

The number of collisions in each crossing is Poisson with mean μ. Laid one after another, the
crossings of all turns are cells of length 1 on a line on which collisions are a Poisson process
of density μ: gaps are exponential with mean 1/μ, and the cell that a point falls into is the
crossing. Several points may fall into one cell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.clock import BUCKETS_PER_TURN
from firmware_models.kernels import njit
from sim.accelerator.filling import Filling
from sim.readout.plan import TURN

BUCKET = TURN // BUCKETS_PER_TURN
"""Quanta in one bucket: 64."""


class Collisions:
    """A stream of collisions that may be taken in pieces of any size.

    It remembers how far into a crossing it has come: pieces join without a trace.

    Parameters
    ----------
    filling : Filling
    mean : float
        Mean number of collisions in one filled crossing, above 0.
    start : int
        The first crossing is the first one strictly after this time [quanta].
    """

    def __init__(self, filling: Filling, mean: float, start: int = -1) -> None:
        self._times = filling.buckets * BUCKET
        self._gap = 1.0 / mean
        turn, place = divmod(start, TURN)
        self._turn = turn
        # The kernel carries a place past the last crossing into the next turn.
        self._place = float(np.searchsorted(self._times, place, side="right"))

    def take(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """Return the next `n` collision times [quanta], not falling."""
        times = np.empty(n, dtype=np.int64)
        self._turn, self._place = _take(
            rng.standard_exponential(n), self._gap, self._times, self._turn, self._place, times
        )
        return times


@njit()
def _take(exponential, gap, crossing, turn, place, times):  # type: ignore[no-untyped-def]
    n = len(crossing)
    inverse = 1.0 / n
    for i in range(len(exponential)):
        place += exponential[i] * gap
        turns = np.int64(place * inverse)
        place -= np.float64(turns * n)
        # The product with the inverse may be off by one turn at a turn's edge.
        if place < 0.0:
            place += n
            turns -= 1
        if place >= n:
            place -= n
            turns += 1
        turn += turns
        times[i] = turn * TURN + crossing[np.int64(place)]
    return turn, place
