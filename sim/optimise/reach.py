"""The figure of merit of a candidate: how near it comes to the ideal trigger.

At one mass it is r = coupling limit of the ideal trigger / coupling limit of the candidate, 0 where
nothing passes; for a channel the mean of r over its masses; for several channels the weighted
geometric mean of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.optimise.front import combined
from sim.optimise.signal import SignalPoint
from sim.sensitivity.channel import Channel
from sim.sensitivity.reach import limit

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ChannelReach:
    """A channel's reach with every candidate.

    Parameters
    ----------
    channel : Channel
    masses : tuple of float
        Of those at which the ideal trigger has a limit [GeV].
    ideal : ndarray, shape (masses,)
        Limit on the coupling with the ideal trigger.
    coupling : ndarray, shape (candidates, masses)
        With each candidate, dead time included; infinite where nothing passes.
    efficiency : ndarray, shape (candidates, masses)
        Of the trigger inside the offline selection, without dead time.
    slope : ndarray, shape (candidates, masses)
        Change of r with the efficiency, at a fixed limit on the number of events.
    variance, with_base : ndarray, shape (candidates, masses)
        Of the efficiency, and its covariance with the base's.
    """

    channel: Channel
    masses: tuple[float, ...]
    ideal: FloatArray
    coupling: FloatArray
    efficiency: FloatArray
    slope: FloatArray
    variance: FloatArray
    with_base: FloatArray

    @property
    def ratio(self) -> FloatArray:
        """r, shape (candidates, masses)."""
        found: FloatArray = self.ideal / self.coupling
        return found

    @property
    def reach(self) -> FloatArray:
        """Mean of r over masses, shape (candidates,)."""
        found: FloatArray = self.ratio.mean(axis=1)
        return found


@dataclass(frozen=True)
class Objective:
    """Reach of one channel, or of several together.

    Parameters
    ----------
    name : str
    value, error : ndarray, shape (candidates,)
        Errors from the number of signal events.
    difference_err : ndarray, shape (candidates,)
        Error of the difference to the base: both see the same events.
    """

    name: str
    value: FloatArray
    error: FloatArray
    difference_err: FloatArray


def channel_reach(
    channel: Channel, points: Sequence[SignalPoint], dead_time: FloatArray
) -> ChannelReach:
    """Return a channel's reach.

    Parameters
    ----------
    channel : Channel
    points : sequence of SignalPoint
        In order of mass.
    dead_time : ndarray, shape (candidates,)
        Of each candidate; taken off its efficiency.

    Raises
    ------
    InputError
        When the ideal trigger has no limit at any mass.
    """
    kept = [(p, limit(channel, p.passed, p.passed.ideal).coupling) for p in points]
    kept = [(p, ideal) for p, ideal in kept if isfinite(ideal) and not np.isnan(p.value).all()]
    if not kept:
        raise InputError("no event lies inside the offline selection at any mass",
                         place=channel.name)  # fmt: skip
    n = len(dead_time)
    coupling = np.full((n, len(kept)), np.inf)
    slope = np.zeros((n, len(kept)))
    for m, (point, ideal) in enumerate(kept):
        known: dict[tuple[bytes, ...], float] = {}
        for c in range(n):
            value, live = float(point.value[c]), 1.0 - float(dead_time[c])
            if value * live <= 0:
                continue
            seen = point.seen[c].scaled(live)
            key = (seen.signal.tobytes(), *(one.events.tobytes() for one in seen.backgrounds))
            if key not in known:
                known[key] = limit(channel, point.passed, seen).coupling
            coupling[c, m] = known[key]
            slope[c, m] = ideal / coupling[c, m] / (channel.coupling.exponent * value)
    return ChannelReach(
        channel, tuple(p.passed.mass for p, _ in kept), np.array([ideal for _, ideal in kept]),
        coupling, np.column_stack([p.value for p, _ in kept]), slope,
        np.column_stack([p.variance for p, _ in kept]),
        np.column_stack([p.with_base for p, _ in kept]),
    )  # fmt: skip


def objective(name: str, channels: Sequence[ChannelReach], weights: Sequence[float]) -> Objective:
    """Return the weighted geometric mean of channels, with errors to first order.

    Parameters
    ----------
    name : str
    channels : sequence of ChannelReach
        Different masses and channels count as independent.
    weights : sequence of float
    """
    reach = np.column_stack([one.reach for one in channels])
    value = combined(reach, weights)
    share = np.asarray(weights) / np.sum(weights)
    variance = np.zeros(len(value))
    change = np.zeros(len(value))
    for j, one in enumerate(channels):
        own = np.where(reach[:, j] > 0, reach[:, j], np.inf)
        gradient = (value * share[j] / own)[:, np.newaxis] * one.slope / len(one.masses)
        part = np.square(gradient) * one.variance
        variance += part.sum(axis=1)
        change += (part + part[0] - 2 * gradient * gradient[0] * one.with_base).sum(axis=1)
    change[0] = 0.0
    return Objective(name, value, np.sqrt(variance), np.sqrt(np.maximum(change, 0.0)))
