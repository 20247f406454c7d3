"""What of each channel's signal passes with every candidate, on the same events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.optimise.decide import prepared
from sim.sensitivity.config import Channel
from sim.sensitivity.passing import (
    Efficiency,
    acceptance,
    accepting_lines,
    inside,
    pass_probability,
)
from sim.sensitivity.reach import Passed
from sim.sensitivity.sample import signal_sample

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Job:
    """One channel at one mass for all candidates."""

    config_json: str
    channel: Channel
    mass: float
    seed: int
    folder: Path | None


@dataclass(frozen=True)
class SignalPoint:
    """One channel at one mass.

    Parameters
    ----------
    passed : Passed
        Without triggers: these are `value`, `variance`, `with_base`.
    value : ndarray, shape (candidates,)
        Trigger efficiency inside the offline selection; NaN where no event is inside.
    variance, with_base : ndarray, shape (candidates,)
        Variance of it, and covariance with the base's: all come from the same events.
    """

    passed: Passed
    value: FloatArray
    variance: FloatArray
    with_base: FloatArray

    def efficiency(self, candidate: int, live: float = 1.0) -> Efficiency:
        """Return a candidate's efficiency times the part of the time that is not dead."""
        value, error = float(self.value[candidate]), float(self.variance[candidate]) ** 0.5
        low, high = max(0.0, value - error), min(1.0, value + error)
        return Efficiency(live * value, live * error, live * low, live * high)


def run_point(job: Job) -> SignalPoint:
    """Return what passes of one channel at one mass."""
    found, upstreams = prepared(job.config_json)
    channel = job.channel
    made = signal_sample(
        channel, job.mass, events=channel.signal.events, seed=job.seed, folder=job.folder
    )
    kept = inside(channel.offline.regions, made)
    rows = np.flatnonzero(kept)
    network = "mlp" if channel.tracks is None else channel.tracks.network
    passed = Passed(job.mass, made.sigma_fb, made.sigma_err_fb, len(made),
                    acceptance(len(rows), len(made)), {})  # fmt: skip
    none = np.full(len(found), np.nan)
    if not len(rows):
        return SignalPoint(passed, none, none, none)
    assert made.detected is not None
    detected = made.detected.select(rows)
    chance: list[FloatArray] = [none] * len(found)
    for upstream in upstreams:
        words = upstream.words(detected, network)
        for numbers, ftdl in upstream.decide(words):
            for number in numbers:
                setting = found[number].setting
                chance[number] = pass_probability(ftdl, [
                    (line, setting.fraction(line)) for line in accepting_lines(channel, setting)
                ])  # fmt: skip
    n, base = len(rows), chance[0]
    return SignalPoint(
        replace(passed),
        np.array([np.mean(one) for one in chance]),
        np.array([np.var(one) / n for one in chance]),
        np.array([np.mean((one - one.mean()) * (base - base.mean())) / n for one in chance]),
    )
