"""What of each channel's signal passes with every candidate, on the same events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.optimise.candidates import prepared
from sim.sensitivity.channel import Channel
from sim.sensitivity.passed import Counts, Passed, Through, background_counts, binned, through
from sim.sensitivity.passing import acceptance, accepting_lines, extended, pass_probability
from sim.sensitivity.regions import inside
from sim.sensitivity.sample import Sample, background_sample, signal_sample

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
        Without triggers: these are the others.
    seen : tuple of Through
        What each candidate lets through.
    value : ndarray, shape (candidates,)
        Trigger efficiency inside the offline selection; NaN where no event is inside.
    variance, with_base : ndarray, shape (candidates,)
        Variance of it, and covariance with the base's: all come from the same events.
    """

    passed: Passed
    seen: tuple[Through, ...]
    value: FloatArray
    variance: FloatArray
    with_base: FloatArray


def run_point(job: Job) -> SignalPoint:
    """Return what passes of one channel at one mass."""
    found, _ = prepared(job.config_json)
    channel = job.channel
    made = signal_sample(
        channel, job.mass, events=channel.signal.events, seed=job.seed, folder=job.folder
    )
    chosen = made.select(inside(channel.offline.regions, made.truth))
    events = binned(channel, chosen, job.mass)
    chance = chances(job, chosen)
    ideal, *seen = [
        replace(through(events, one), backgrounds=counts)
        for one, counts in zip((np.ones(len(chosen)), *chance), _backgrounds(job), strict=True)
    ]
    passed = Passed(job.mass, made.sigma_fb, made.sigma_err_fb, made.n_generated,
                    acceptance(events.weight, made.n_generated), ideal, {})  # fmt: skip
    weight, total = events.weight, float(events.weight.sum())
    none = np.full(len(found), np.nan)
    if total <= 0:
        return SignalPoint(passed, tuple(seen), none, none, none)
    # What each event adds to the error of a weighted mean.
    off = [weight * (p - one.efficiency.value) / total
           for p, one in zip(chance, seen, strict=True)]  # fmt: skip
    return SignalPoint(
        passed,
        tuple(seen),
        np.array([one.efficiency.value for one in seen]),
        np.array([np.sum(one**2) for one in off]),
        np.array([np.sum(one * off[0]) for one in off]),
    )


def chances(job: Job, sample: Sample) -> list[FloatArray]:
    """Return every event's probability to pass each candidate, shape ``(n,)`` each."""
    found, upstreams = prepared(job.config_json)
    chance = [np.zeros(0)] * len(found)
    if not len(sample):
        return chance
    channel = job.channel
    assert sample.detected is not None
    network = "mlp" if channel.tracks is None else channel.tracks.network
    for upstream in upstreams:
        words = upstream.words(sample.detected, network)
        for numbers, ftdl in upstream.decide(words):
            for number in numbers:
                setting = found[number].setting
                own = pass_probability(ftdl, [
                    (line, setting.fraction(line)) for line in accepting_lines(channel, setting)
                ])  # fmt: skip
                chance[number] = extended(own, len(sample))
    return chance


@dataclass(frozen=True)
class _Background:
    sample: Sample
    chance: tuple[FloatArray, ...]


_KEPT: dict[tuple[str, str, int], list[_Background]] = {}
"""The backgrounds of the channel that this worker did last: they serve all its masses."""


def _backgrounds(job: Job) -> list[tuple[Counts, ...]]:
    """Return the counts of all simulated backgrounds for the ideal trigger and each candidate."""
    channel = job.channel
    key = (job.config_json, channel.name, job.seed)
    if key not in _KEPT:
        _KEPT.clear()
        samples = [
            background_sample(channel, one, seed=job.seed, folder=job.folder)
            for one in channel.background.process
        ]
        _KEPT[key] = [
            _Background(made, (np.ones(len(made)), *chances(job, made))) for made in samples
        ]
    found, _ = prepared(job.config_json)
    counts: list[list[Counts]] = [[] for _ in range(len(found) + 1)]
    for process, kept in zip(channel.background.process, _KEPT[key], strict=True):
        events = binned(channel, kept.sample, job.mass, process.smoothing)
        for own, chance in zip(counts, kept.chance, strict=True):
            own.append(background_counts(channel, process, kept.sample, events, chance))
    return [tuple(own) for own in counts]
