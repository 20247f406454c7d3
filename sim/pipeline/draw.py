"""Drawing events by their rates, and collision times without a machine."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.clock import SYSTEM_CLOCK_MHZ
from firmware_models.kernels import njit
from sim.pipeline.plan import Ints
from sim.readout.plan import QUANTA


class Times(Protocol):
    """A stream of collision times, such as `sim.accelerator.collisions.Collisions`."""

    def take(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """Return the next n times [quanta], not falling."""
        ...


class PoissonTimes:
    """Collisions of a Poisson process, on the ticks on which they fall.

    Parameters
    ----------
    rate_hz : float
    frequency_mhz : float
        Of the clock.
    """

    def __init__(self, rate_hz: float, frequency_mhz: float = SYSTEM_CLOCK_MHZ) -> None:
        self._gap = frequency_mhz * 1e6 / rate_hz
        self._tick, self._rest = 0, 0.0

    def take(self, rng: np.random.Generator, n: int) -> Ints:
        """Return the next n times [quanta], multiples of 256, not falling."""
        tick = np.empty(n, dtype=np.int64)
        gaps = rng.standard_exponential(n)
        self._tick, self._rest = _add_up(gaps, self._gap, self._tick, self._rest, tick)
        return tick * QUANTA


class Alias:
    """Draws numbers 0 to n - 1 with given weights, in constant time (A. J. Walker, 1977).

    Parameters
    ----------
    weight : ndarray of float64, shape (n,)
        Not negative, their sum above 0.
    """

    def __init__(self, weight: NDArray[np.float64]) -> None:
        n = len(weight)
        self._part = weight * (n / weight.sum())
        self._other = np.arange(n)
        _fill_alias(self._part, self._other)

    def take(self, rng: np.random.Generator, n: int) -> Ints:
        """Draw n numbers."""
        out = np.empty(n, dtype=np.int64)
        _look_up(rng.random(n), self._part, self._other, out)
        return out


@njit()
def _add_up(gaps, gap, tick, rest, out):  # type: ignore[no-untyped-def]
    for i in range(len(gaps)):
        rest += gaps[i] * gap
        whole = np.int64(rest)
        rest -= np.float64(whole)
        tick += whole
        out[i] = tick
    return tick, rest


@njit()
def _fill_alias(part, other):  # type: ignore[no-untyped-def]
    n = len(part)
    small, large = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    n_small = n_large = 0
    for i in range(n):
        if part[i] < 1.0:
            small[n_small] = i
            n_small += 1
        else:
            large[n_large] = i
            n_large += 1
    while n_small > 0 and n_large > 0:
        n_small -= 1
        low, high = small[n_small], large[n_large - 1]
        other[low] = high
        part[high] -= 1.0 - part[low]
        if part[high] < 1.0:
            n_large -= 1
            small[n_small] = high
            n_small += 1
    # What is left differs from 1 by rounding only.
    for i in range(n_small):
        part[small[i]] = 1.0
    for i in range(n_large):
        part[large[i]] = 1.0


@njit()
def _look_up(uniform, part, other, out):  # type: ignore[no-untyped-def]
    n = len(part)
    for i in range(len(uniform)):
        scaled = uniform[i] * n
        number = min(np.int64(scaled), n - 1)
        out[i] = number if scaled - number < part[number] else other[number]
