"""Counts of a run: offered and accepted triggers by cause, by line, by time, and for probes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
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
        self._offered = 0

    def add(self, arrivals: Arrivals, verdicts: Verdicts) -> None:
        """Add one chunk."""
        patterns = int(arrivals.pattern.max(initial=-1)) + 1
        if patterns > len(self.patterns):
            more = np.zeros((patterns - len(self.patterns), self.n_causes + 1), dtype=np.int64)
            self.patterns = np.concatenate([self.patterns, more])
        self._offered, undecided = _count(
            arrivals.flags, arrivals.pattern, verdicts.cause, verdicts.refused, self._offered,
            self._length, self.batches, self.probes, self.refused, self.patterns,
        )  # fmt: skip
        self.undecided += undecided

    @property
    def offered(self) -> int:
        """Triggers on which the throttle decided."""
        return int(self._offered)

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


@njit(nogil=True)
def _count(  # type: ignore[no-untyped-def]
    flags, pattern, cause, refused, offered, length, batches, probes, refusals, patterns
):
    undecided = 0
    last = len(batches) - 1
    for i in range(len(flags)):
        verdict = cause[i]
        part = min(offered // length, last)
        if flags[i] & PROBE:
            # A probe belongs to the part of the run of the triggers around it.
            if verdict != UNDECIDED:
                probes[part, verdict] += 1
            continue
        if verdict == UNDECIDED:
            undecided += 1
            continue
        offered += 1
        batches[part, verdict] += 1
        bits, k = refused[i], 0
        while bits != np.uint64(0):
            refusals[k] += np.int64(bits & np.uint64(1))
            bits >>= np.uint64(1)
            k += 1
        if pattern[i] >= 0:
            patterns[pattern[i], verdict] += 1
    return offered, undecided
