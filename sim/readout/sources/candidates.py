"""What kinds of arrivals have in common: chunks of candidates, flags, limits of time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.kernels import njit
from sim.readout.arrivals import ACTIVITY, SHORT
from sim.readout.config import Clock
from sim.readout.plan import QUANTA
from sim.streams import stream

CHUNK = 1 << 17
"""Candidates in a chunk."""

LATEST = 1 << 62
"""Times stay below [quanta], with room to add to them: 4.5 years at 127 MHz."""

NO_PATTERN = -1


class Candidates(NamedTuple):
    """One piece of a stream of candidates.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Times [quanta], not falling, none after `end`.
    flags : ndarray of uint8, shape (n,)
    pattern : ndarray of int32, shape (n,)
    end : int
        No later piece has a candidate before this time.
    """

    time: NDArray[np.int64]
    flags: NDArray[np.uint8]
    pattern: NDArray[np.int32]
    end: int

    def part(self, first: int, last: int, end: int) -> Candidates:
        """Return the candidates from number `first` to `last` - 1, with a new end."""
        return Candidates(
            self.time[first:last], self.flags[first:last], self.pattern[first:last], end
        )


def plain(time: NDArray[np.int64], flags: NDArray[np.uint8]) -> Candidates:
    """Return a piece that ends with its last candidate; no patterns."""
    pattern = np.full(len(time), NO_PATTERN, dtype=np.int32)
    return Candidates(time, flags, pattern, int(time[-1]))


class FlagDraw:
    """Draws the flags short and activity, independent of each other and of all else.

    Parameters
    ----------
    seed : int
    purpose : str
    short, activity, activity_in_strip : float
        Parts of the candidates, in steps of 2**-32.
    """

    def __init__(
        self,
        seed: int,
        purpose: str,
        short: float,
        activity: float,
        activity_in_strip: float | None = None,
    ) -> None:
        self._key = seed, purpose
        in_strip = activity if activity_in_strip is None else activity_in_strip
        self.looks_at_strip = in_strip != activity
        self._none = short == activity == in_strip == 0.0
        self._limits = np.array([round(p * 2**32) for p in (short, activity, in_strip)], np.uint64)

    def draw(
        self, chunk: int, n: int, in_strip: NDArray[np.bool_] | None = None
    ) -> NDArray[np.uint8]:
        """Return the flags of the `n` candidates of a chunk."""
        flags = np.zeros(n, dtype=np.uint8)
        if self._none:
            return flags
        words = np.asarray(stream(*self._key, chunk).bit_generator.random_raw(n), dtype=np.uint64)
        strip = np.zeros(1, dtype=np.bool_) if in_strip is None else in_strip
        _flag(words, strip, self._limits, flags)
        return flags


def quanta_hz(clock: Clock) -> float:
    """Return the quanta in a second."""
    return clock.frequency_mhz * 1e6 * QUANTA


def check_duration(rate_khz: float, n: int, clock: Clock, place: str) -> None:
    """Refuse a run so long that times would not fit.

    Raises
    ------
    InputError
    """
    hz = rate_khz * 1e3
    # 60 gaps more: that so many candidates need that much more time happens once in e**60 runs.
    if (n + 60) / hz * quanta_hz(clock) > LATEST:
        raise InputError(
            f"{n} triggers at {rate_khz:g} kHz take {n / hz:.3g} s; times are kept to "
            f"{LATEST / quanta_hz(clock):.3g} s", place=place,
        )  # fmt: skip


def first_candidates(pieces: Iterator[Candidates], n: int) -> Iterator[Candidates]:
    """Give the first `n` candidates of a stream."""
    for piece in pieces:
        if len(piece.time) >= n:
            yield piece.part(0, n, int(piece.time[n - 1]))
            return
        n -= len(piece.time)
        yield piece


@njit()
def _flag(words, in_strip, limits, flags):  # type: ignore[no-untyped-def]
    looks = len(in_strip) == len(words)
    low = np.uint64(0xFFFFFFFF)
    for i in range(len(words)):
        activity = limits[2] if looks and in_strip[i] else limits[1]
        flag = 0
        if words[i] & low < limits[0]:
            flag |= SHORT
        if words[i] >> np.uint64(32) < activity:
            flag |= ACTIVITY
        flags[i] = flag
