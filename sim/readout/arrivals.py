"""Candidates for a trigger, in time: what every source of arrivals gives to the engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SHORT, ACTIVITY, PROBE = 1, 2, 4
"""Bits of `Arrivals.flags`: the event time is good enough for 3 samples; CDC or ECL activity is
high; a probe, which asks whether it would be taken and never is."""


@dataclass(frozen=True)
class Kicks:
    """Injections announced to the throttle, in time.

    Parameters
    ----------
    time : ndarray of int64, shape (k,)
        Times of the announcements [quanta], not falling.
    ring : ndarray of int64, shape (k,)
        0 HER, 1 LER.
    position : ndarray of int64, shape (k,)
        Position of the injected bunch in the turn [tick], 0 to 1279.
    """

    time: NDArray[np.int64]
    ring: NDArray[np.int64]
    position: NDArray[np.int64]

    @classmethod
    def none(cls) -> Kicks:
        """Return no kicks."""
        return cls(*(np.zeros(0, dtype=np.int64) for _ in range(3)))


@dataclass(frozen=True)
class Arrivals:
    """One chunk of candidates.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Times [quanta], not falling, also from chunk to chunk.
    flags : ndarray of uint8, shape (n,)
        `SHORT`, `ACTIVITY`, `PROBE`.
    pattern : ndarray of int32, shape (n,)
        Row of the source's `patterns`; -1 for none.
    kicks : Kicks
        Those not later than the chunk's last candidate that no earlier chunk gave. A kick comes
        before the candidates of the same time.
    """

    time: NDArray[np.int64]
    flags: NDArray[np.uint8]
    pattern: NDArray[np.int32]
    kicks: Kicks


class Source(Protocol):
    """Where candidates come from."""

    lines: tuple[str, ...]
    """Names of the output lines; empty when candidates have none."""

    patterns: NDArray[np.bool_]
    """Which lines fired, a row for each pattern that occurs, shape ``(n_patterns, n_lines)``."""

    def chunks(self) -> Iterator[Arrivals]:
        """Give all candidates, chunk by chunk. The same numbers on every call."""
        ...
