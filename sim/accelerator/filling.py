"""Which RF buckets hold bunches: trains between abort gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface.clock import BUCKETS_PER_TURN, TICKS_PER_TURN

BUCKETS_PER_TICK = BUCKETS_PER_TURN // TICKS_PER_TURN


@dataclass(frozen=True)
class Filling:
    """A filling pattern.

    Parameters
    ----------
    buckets : ndarray of int64, shape (n_bunches,)
        Filled buckets, 0 to 5119, rising.
    """

    buckets: NDArray[np.int64]

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Whether each bucket is filled, shape ``(5120,)``."""
        result = np.zeros(BUCKETS_PER_TURN, dtype=np.bool_)
        result[self.buckets] = True
        return result


def fill(
    bunches: int, spacing: int, gap_starts: Sequence[int], gap_ticks: int, place: str = "machine"
) -> Filling:
    """Spread bunches evenly over the buckets outside the abort gaps.

    Distances inside a train differ by at most one bucket: 783 bunches get spacings of 6 and 7,
    2346 get 2 and 3, which is how any number fits. Trains are filled alike, as far
    as numbers allow.

    Parameters
    ----------
    bunches : int
    spacing : int
        Smallest distance [bucket].
    gap_starts : sequence of int
        First ticks of the abort gaps, 0 to 1279.
    gap_ticks : int
        Length of each.
    place : str
        Where the figures come from, for messages.

    Raises
    ------
    InputError
        When gaps overlap or the bunches do not fit; says how many do.
    """
    trains = _trains(gap_starts, gap_ticks, place)
    room = [length // spacing for _, length in trains]
    if bunches > sum(room):
        gaps = f"{len(gap_starts)} abort gaps of {gap_ticks} ticks" if gap_ticks else "no abort gap"
        raise InputError(
            f"{bunches} bunches do not fit: with spacing_buckets = {spacing} and {gaps} "
            f"there is room for {sum(room)}", place=f"{place}: bunches",
        )  # fmt: skip
    shares = _shares(bunches, [length for _, length in trains], room)
    filled = [
        (start + np.arange(n, dtype=np.int64) * length // n) % BUCKETS_PER_TURN
        for (start, length), n in zip(trains, shares, strict=True)
        if n
    ]
    return Filling(np.sort(np.concatenate(filled)))


def _trains(starts: Sequence[int], ticks: int, place: str) -> list[tuple[int, int]]:
    """Return first bucket and length of what lies between the gaps."""
    if not starts or ticks == 0:
        return [(0, BUCKETS_PER_TURN)]
    gaps = sorted(starts)
    result = []
    for gap, following in zip(gaps, [*gaps[1:], gaps[0] + TICKS_PER_TURN], strict=True):
        length = following - gap - ticks
        if length < 0:
            raise InputError(
                f"gaps of {ticks} ticks at {gap} and {following % TICKS_PER_TURN} overlap; starts "
                f"must be at least {ticks} ticks apart", place=f"{place}: abort_gap_starts",
            )  # fmt: skip
        result.append(((gap + ticks) * BUCKETS_PER_TICK, length * BUCKETS_PER_TICK))
    return result


def _shares(bunches: int, lengths: list[int], room: list[int]) -> list[int]:
    """Deal bunches out to trains, each to the one that is thinnest filled."""
    shares = [0] * len(lengths)
    for _ in range(bunches):
        free = [i for i, n in enumerate(shares) if n < room[i]]
        best = max(free, key=lambda i: (lengths[i] / (shares[i] + 1), -i))
        shares[best] += 1
    return shares
