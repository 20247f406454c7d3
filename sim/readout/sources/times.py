"""Random times without end: Poisson and Bernoulli processes, in chunks that join exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.readout.plan import QUANTA
from sim.readout.sources.candidates import CHUNK
from sim.streams import stream


def poisson_times(seed: int, purpose: str, gap: float) -> Iterator[NDArray[np.int64]]:
    """Give the times of a Poisson process without end, `CHUNK` at a time.

    Parameters
    ----------
    seed : int
    purpose : str
    gap : float
        Mean distance [quanta].

    Yields
    ------
    ndarray of int64, shape (CHUNK,)
        Times [quanta], rounded down, not falling. A whole number and a rest below 1 are carried
        on: no rounding builds up, however long the run.
    """
    whole, rest, chunk = 0, 0.0, 0
    while True:
        time = np.empty(CHUNK, dtype=np.int64)
        exponential = stream(seed, purpose, chunk).standard_exponential(CHUNK)
        whole, rest = _poisson(exponential, gap, whole, rest, time)
        yield time
        chunk += 1


def bernoulli_times(seed: int, purpose: str, probability: float) -> Iterator[NDArray[np.int64]]:
    """Give the times [quanta] of candidates from tick 1 on without end, `CHUNK` at a time.

    Gaps are geometric: 1 + floor(E / -ln(1 - p)) ticks with E exponential of mean 1.

    Parameters
    ----------
    seed : int
    purpose : str
    probability : float
        Of a candidate on a tick, above 0, not above 1.
    """
    scale = 0.0 if probability == 1 else -1.0 / math.log1p(-probability)
    tick, chunk = 0, 0
    while True:
        time = np.empty(CHUNK, dtype=np.int64)
        exponential = stream(seed, purpose, chunk).standard_exponential(CHUNK)
        tick = _bernoulli(exponential, scale, tick, time)
        yield time
        chunk += 1


@njit()
def _poisson(exponential, gap, whole, rest, time):  # type: ignore[no-untyped-def]
    for i in range(len(exponential)):
        rest += exponential[i] * gap
        more = np.int64(rest)
        rest -= np.float64(more)
        whole += more
        time[i] = whole
    return whole, rest


@njit()
def _bernoulli(exponential, scale, tick, time):  # type: ignore[no-untyped-def]
    for i in range(len(exponential)):
        tick += 1 + np.int64(exponential[i] * scale)
        time[i] = tick * QUANTA
    return tick
