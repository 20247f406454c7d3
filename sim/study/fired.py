"""How often each combination of lines fires, for a readout that plays these decisions in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.study.tracks import chamber_quality
from trigger.bits import BitTable, unslice_bits
from trigger.event_words import EventWords


@dataclass
class Fired:
    """Sums of weights by combination of lines before prescale and quality of the event time.

    Parameters
    ----------
    lines : int
    sums : dict of bytes to float
        Key: the lines, 8 a byte, and the quality + 1 in the last byte. Decisions in which no line
        fires are left out.
    weight : float
        Sum over all events.
    """

    lines: int
    sums: dict[bytes, float] = field(default_factory=dict)
    weight: float = 0.0

    @classmethod
    def of(
        cls, ftdl: BitTable, quality: NDArray[np.int64], weight: NDArray[np.float64], place: str
    ) -> Fired:
        """Count the events of a chunk.

        Raises
        ------
        InputError
            For events of negative weight, which cannot be drawn.
        """
        if (weight < 0).any():
            raise InputError("events of negative weight cannot be drawn for [readout]", place=place)
        fired = unslice_bits(ftdl.rows, ftdl.n_events).T
        rows = np.flatnonzero(fired.any(axis=1) & (weight > 0))
        packed = np.packbits(fired[rows], axis=1)
        keys = np.column_stack([packed, (quality[rows] + 1).astype(np.uint8)])
        unique, number = np.unique(keys, axis=0, return_inverse=True)
        sums = np.bincount(number.ravel(), weight[rows], minlength=len(unique))
        found = {row.tobytes(): value for row, value in zip(unique, sums.tolist(), strict=True)}
        return cls(len(fired.T), found, float(weight.sum()))

    def merge(self, other: Fired) -> None:
        """Add the sums of other events of the same sample."""
        for key, value in other.sums.items():
            self.sums[key] = self.sums.get(key, 0.0) + value
        self.weight += other.weight


def time_quality(words: NDArray[np.void]) -> NDArray[np.int64]:
    """Return the quality of the calorimeter's event time, -1 where no cell fired."""
    quality = words["timing_quality"].astype(np.int64)
    return np.where(words["hit"] != 0, quality, -1)


def event_quality(words: EventWords) -> NDArray[np.int64]:
    """Return the better quality of calorimeter and chamber, -1 where neither has a time."""
    quality = time_quality(words.calorimeter)
    return quality if words.tracks is None else np.maximum(quality, chamber_quality(words.tracks))


def decisions(
    parts: Sequence[tuple[Fired, float]], lines: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float64]]:
    """Return the combinations of several samples with their rates.

    Parameters
    ----------
    parts : sequence of (Fired, float)
        A sample and its rate before the trigger [Hz].
    lines : int

    Returns
    -------
    fired : ndarray of bool, shape (n, lines)
    quality : ndarray of int64, shape (n,)
    rate_hz : ndarray of float64, shape (n,)
        In an order that depends on nothing but the combinations.
    """
    total: dict[bytes, float] = {}
    for counts, rate in parts:
        for key, value in counts.sums.items():
            total[key] = total.get(key, 0.0) + value * (rate / counts.weight)
    width = -(-lines // 8) + 1
    keys = np.frombuffer(b"".join(sorted(total)), dtype=np.uint8).reshape(len(total), width)
    fired = np.unpackbits(keys[:, :-1], axis=1, count=lines).astype(np.bool_)
    quality = keys[:, -1].astype(np.int64) - 1
    return fired, quality, np.array([total[key] for key in sorted(total)])
