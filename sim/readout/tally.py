"""Counts of a run: offered and accepted triggers by cause, by line, by time, and for probes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.readout.arrivals import PROBE, Arrivals
from sim.readout.engine import ACCEPTED, UNDECIDED, Verdicts

BATCHES = 128
"""Parts of a run whose spread gives the errors: losses of neighbours are correlated."""


class Tally:
    """Adds up the verdicts of a run.

    Parameters
    ----------
    n_causes : int
    triggers : int
        Candidates that the run will offer; they are cut into `BATCHES` parts.
    """

    def __init__(self, n_causes: int, triggers: int) -> None:
        self._length = max(1, -(-triggers // BATCHES))
        self.n_causes = n_causes
        self.batches = np.zeros((BATCHES, n_causes + 1), dtype=np.int64)
        """Triggers by part of the run and verdict (0: accepted)."""
        self.refused = np.zeros(n_causes, dtype=np.int64)
        """Triggers that each cause refuses, whatever the others say."""
        self.patterns = np.zeros((0, n_causes + 1), dtype=np.int64)
        """Triggers by pattern of lines and verdict; as many rows as patterns have come."""
        self.probes = np.zeros((BATCHES, n_causes + 1), dtype=np.int64)
        """Probes by part of the run and verdict."""
        self.undecided = 0

    def add(self, arrivals: Arrivals, verdicts: Verdicts) -> None:
        """Add one chunk."""
        decided = verdicts.cause != UNDECIDED
        probe = (arrivals.flags & PROBE) != 0
        real = decided & ~probe
        self.undecided += int(np.count_nonzero(~decided & ~probe))
        cause = verdicts.cause[real]
        # A probe belongs to the part of the run of the triggers around it.
        number = self.offered + np.cumsum(real) - 1
        part = np.clip(number // self._length, 0, BATCHES - 1)
        width = self.n_causes + 1
        for counts, chosen in ((self.batches, real), (self.probes, decided & probe)):
            flat = part[chosen] * width + verdicts.cause[chosen]
            counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)
        bits = verdicts.refused[real]
        for i in range(self.n_causes):
            self.refused[i] += np.count_nonzero(bits & np.uint64(1 << i))
        pattern = arrivals.pattern[real].astype(np.int64)
        known = pattern >= 0
        flat = pattern[known] * width + cause[known]
        counts = np.bincount(flat, minlength=self.patterns.size)
        rows = -(-len(counts) // width)
        counts = np.pad(counts, (0, rows * width - len(counts))).reshape(rows, width)
        counts[: len(self.patterns)] += self.patterns
        self.patterns = counts

    @property
    def offered(self) -> int:
        """Triggers on which the throttle decided."""
        return int(self.batches.sum())

    @property
    def accepted(self) -> int:
        """Triggers that it took."""
        return int(self.batches[:, ACCEPTED].sum())


def fraction(counts: NDArray[np.int64], verdicts: slice | int) -> tuple[float, float]:
    """Return a fraction of all verdicts, and its error from the spread between parts of a run.

    Parameters
    ----------
    counts : ndarray of int64, shape (BATCHES, n_causes + 1)
    verdicts : slice or int
        The columns to count.

    Returns
    -------
    value, error : float
        NaN without any trigger. With fewer than 64 triggers in a part, or fewer than 16 parts, the
        error is that of independent trials.
    """
    total = counts.sum(axis=1)
    n = int(total.sum())
    if n == 0:
        return math.nan, math.nan
    chosen = counts[:, verdicts]
    part = chosen.sum(axis=1) if chosen.ndim == 2 else chosen
    value = float(part.sum()) / n
    independent = math.sqrt(max(value * (1 - value), 0.0) / n)
    used = total > 0
    if used.sum() < 16 or total[used].min() < 64:
        return value, independent
    # Ratio estimator: parts may differ a little in size.
    residual = (part - value * total)[used]
    m = int(used.sum())
    return value, float(math.sqrt(m / (m - 1) * np.sum(residual.astype(float) ** 2)) / n)
