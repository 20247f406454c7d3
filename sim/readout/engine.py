"""What both engines give: a verdict on every candidate, and what happened in every stage."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.readout.arrivals import Arrivals

ACCEPTED, UNDECIDED = 0, -1
"""Verdicts; refused: 1 + index of the first cause."""

MAX_LEVELS = 1024
"""Most bins of an occupancy histogram."""

PARTS = 32
"""Bins of a time histogram in each factor of two."""

TIME_BINS = 63 * PARTS


@dataclass
class Verdicts:
    """What the throttle says to one chunk of candidates.

    Parameters
    ----------
    cause : ndarray of int64, shape (n,)
        `ACCEPTED`, or 1 + index in the plan's `causes`. Probes get the verdict that a trigger
        would have got. `UNDECIDED` after the run ended because a stage saturates.
    refused : ndarray of uint64, shape (n,)
        Bit i: cause i refuses, whatever the others say.
    """

    cause: NDArray[np.int64]
    refused: NDArray[np.uint64]


@dataclass
class StageStats:
    """What happened in one buffer or stage, all times in quanta.

    The time from 0 to the engine's `end` is covered without gaps; an event is inside from its
    arrival to its departure; departures come before arrivals of the same time.

    Parameters
    ----------
    name : str
    levels : int
        Bins of the occupancy histograms.
    step : int
        Occupancies in one bin: bin b holds occupancies b * step to b * step + step - 1.
    arrived, departed : int
    inside : int
        Sum over events of the time inside (departure - arrival).
    waited : int
        Sum over events of the time before service.
    served : int
        Sum over events of the service times.
    blocked : int
        Sum over events of the time between end of service and departure.
    occupancy_max : int
    time_at : ndarray of int64, shape (levels,)
        Time with each occupancy.
    weighted : int
        Sum over time of the occupancy (exact; the histogram may be coarser).
    seen : ndarray of int64, shape (levels,)
        Events by the occupancy that they found on arrival.
    inside_time : ndarray of int64, shape (TIME_BINS,)
        Events by their time inside, in bins of `time_bin`.
    inside_max : int
    """

    name: str
    levels: int
    step: int
    arrived: int
    departed: int
    inside: int
    waited: int
    served: int
    blocked: int
    occupancy_max: int
    time_at: NDArray[np.int64]
    weighted: int
    seen: NDArray[np.int64]
    inside_time: NDArray[np.int64]
    inside_max: int


@dataclass
class Recorded:
    """Times of every accepted event in every stage, in the order of accepts [quanta].

    Parameters
    ----------
    accept : ndarray of int64, shape (n,)
    arrive, start, finish, depart : ndarray of int64, shape (n, n_stages)
    """

    accept: NDArray[np.int64]
    arrive: NDArray[np.int64]
    start: NDArray[np.int64]
    finish: NDArray[np.int64]
    depart: NDArray[np.int64]


@dataclass
class EngineResult:
    """A finished run.

    Parameters
    ----------
    end : int
        Last departure, or last candidate if that is later [quanta].
    accepted : int
    rules : dict of int to StageStats
        Buffers of the throttle, by number of the rule: ``fifo`` (in events) and ``apv25`` (in
        cells; `waited`, `served` and `inside_time` count events). `seen` counts every candidate
        here, refused ones too, but no probes.
    stages : list of StageStats
        One for each stage of the plan.
    latency_time : ndarray of int64, shape (TIME_BINS,)
        Events by the time from accept to their last departure anywhere.
    latency_max : int
    saturated : str
        Name of the stage that reached `max_in_stage`, with which the run ended; empty if none did.
    recorded : Recorded, optional
    """

    end: int
    accepted: int
    rules: dict[int, StageStats]
    stages: list[StageStats]
    latency_time: NDArray[np.int64]
    latency_max: int
    saturated: str
    recorded: Recorded | None


class Engine(Protocol):
    """A simulation that takes candidates chunk by chunk."""

    def feed(self, arrivals: Arrivals, draws: NDArray[np.uint64]) -> Verdicts:
        """Decide on the candidates of a chunk.

        Parameters
        ----------
        arrivals : Arrivals
        draws : ndarray of uint64, shape (n, words)
            Their random words, see `sim.readout.loads.Loads.draw`.

        Raises
        ------
        CheckFailed
            When an accepted event finds a front end full: it would be lost.
        """
        ...

    def finish(self) -> EngineResult:
        """Let every accepted event leave the last stage and return what happened."""
        ...


def levels_of(depth: int) -> tuple[int, int]:
    """Return the number of bins and the occupancies in each, for occupancies 0 to `depth`.

    The occupancies in a bin are a power of two.
    """
    step = 1
    while step * MAX_LEVELS < depth + 1:
        step *= 2
    return depth // step + 1, step


@njit()
def time_bin(time):  # type: ignore[no-untyped-def]
    """Return the histogram bin of a time [quanta]: `PARTS` linear bins in each factor of two."""
    if time < PARTS:
        return max(time, 0)
    mantissa, exponent = math.frexp(np.float64(time))
    # The mantissa is in [0.5, 1): its part above one half, in 1/PARTS of that half.
    part = np.int64((mantissa - 0.5) * (2 * PARTS))
    return (exponent - 6) * PARTS + PARTS + part


def time_bin_edges() -> NDArray[np.float64]:
    """Return the edges of the bins of `time_bin` [quanta], shape ``(TIME_BINS + 1,)``."""
    low = np.arange(PARTS, dtype=np.float64)
    octave = 2.0 ** np.arange(5, 67)[:, None] * (1 + np.arange(PARTS) / PARTS)
    return np.concatenate([low, octave.ravel()])[: TIME_BINS + 1]
