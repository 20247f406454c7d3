"""When bunches are injected, and into which bucket.

The linac fires at 50 Hz and serves the two rings in turn, so that a ring may have every other
pulse. After the pulse's time injection waits until the chosen bucket comes by. Linac and ring share
a clock of RF/49 (96.3 ns): since 49 and 5120 have no common factor each bucket comes up once in
5120 of its steps, 493 us, whichever it is. The reference notes (readout_daq section 1) give
5120 steps of 96 ns, 490 us; 49 is what these mean in buckets.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.clock import BUCKETS_PER_TURN
from sim.accelerator.collisions import BUCKET
from sim.accelerator.filling import Filling
from sim.readout.plan import QUANTA, RINGS
from sim.streams import stream

LINAC_HZ = 50
STEP_BUCKETS = 49
STEP = STEP_BUCKETS * BUCKET
"""Period of the clock that linac and rings share [quanta]."""

DRAWN = 4096
"""Buckets drawn together."""


class Shots:
    """The injections into one ring, numbered from 0; the same for whoever asks.

    The first pulse comes one period after time 0, HER first. Of the ring's 25 possible pulses
    a second those are used that spread the wanted rate evenly. The bucket is a random filled one:
    in reality it is the emptiest, which wanders over the turn too.

    Parameters
    ----------
    ring : int
        0 HER, 1 LER.
    rate_hz : float
        0 to 25; rounded to 1e-6.
    filling : Filling
    frequency_mhz : float
        Of the clock.
    seed : int
    """

    def __init__(
        self, ring: int, rate_hz: float, filling: Filling, frequency_mhz: float, seed: int
    ) -> None:
        self.ring = ring
        self._rate = round(rate_hz * 1e6)
        self._filling = filling
        self._pulse = round(frequency_mhz * 1e6 * QUANTA / LINAC_HZ)
        self._seed = seed
        self._drawn: tuple[int, NDArray[np.int64]] | None = None

    @property
    def rate_hz(self) -> float:
        """Injections a second."""
        return self._rate / 1e6

    def buckets(self, first: int, end: int) -> NDArray[np.int64]:
        """Return the buckets of shots `first` to `end` - 1."""
        pieces = [np.zeros(0, dtype=np.int64)]
        for block in range(first // DRAWN, -(-end // DRAWN)):
            low, high = max(first - block * DRAWN, 0), min(end - block * DRAWN, DRAWN)
            pieces.append(self._draw(block)[low:high])
        return np.concatenate(pieces)

    def passages(self, first: int, end: int) -> NDArray[np.int64]:
        """Return when the bunches of shots `first` to `end` - 1 pass first [quanta], rising.

        The time modulo a turn is 64 times the bucket.
        """
        number = np.arange(first, end, dtype=np.int64)
        if self._rate == 0:
            return number[:0]
        # Shot i uses the first of the ring's pulses j with (j + 1) rate/25 >= i + 1.
        own = -(-(number + 1) * (LINAC_HZ // 2 * 1_000_000) // self._rate) - 1
        pulse = (2 * own + self.ring + 1) * self._pulse
        step = -(-pulse // STEP)
        missing = self.buckets(first, end) - step * STEP_BUCKETS
        turns_up = pow(STEP_BUCKETS, -1, BUCKETS_PER_TURN)
        passages: NDArray[np.int64] = (step + missing * turns_up % BUCKETS_PER_TURN) * STEP
        return passages

    def between(self, start: int, end: int) -> tuple[int, int]:
        """Return which shots pass first at `start` <= t < `end`: the first, and the one behind."""
        if self._rate == 0 or end <= start:
            return 0, 0
        low, high = self._before(start), self._before(end)
        return low, high

    def _before(self, time: int) -> int:
        """Return how many shots pass first before a time."""
        own = time // (2 * self._pulse)
        guess = (own * self._rate) // (LINAC_HZ // 2 * 1_000_000)
        first = max(0, guess - 3)
        near = self.passages(first, first + 8)
        return first + int(np.searchsorted(near, time, side="left"))

    def _draw(self, block: int) -> NDArray[np.int64]:
        if self._drawn is None or self._drawn[0] != block:
            rng = stream(self._seed, f"injection/bucket/{RINGS[self.ring]}", block)
            chosen = rng.integers(0, len(self._filling.buckets), DRAWN)
            self._drawn = block, self._filling.buckets[chosen]
        return self._drawn[1]
