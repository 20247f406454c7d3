"""Run an optimisation: rates, dead time, reach, fronts, and the check of the dead time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.optimise import rates, signal
from sim.optimise.candidates import Candidate, prepared
from sim.optimise.config import OptimiseConfig
from sim.optimise.dead_time import DeadCurve, DeadPoint, prepared_readout, rate_grid, simulated
from sim.optimise.front import best_within, pareto_front
from sim.optimise.reach import ChannelReach, Objective, channel_reach, objective
from sim.sensitivity.channel import Channel
from sim.sensitivity.edges import with_chosen_edges
from sim.sensitivity.passing import check_lines, silent_lines
from sim.sensitivity.sample import check_detector
from sim.study.checks import check_study, located
from sim.study.workers import in_order
from trigger.track_trigger import TrackTrigger

FloatArray = NDArray[np.float64]

ALL = "all channels"
"""Name of the weighted objective, where there are several channels."""

SAMPLES, WORDS = "samples", "words"
"""Folders of kept signal events, and of kept words of the study's events."""


@dataclass(frozen=True)
class Front:
    """What one objective chooses.

    Parameters
    ----------
    objective : Objective
    front : ndarray of bool, shape (candidates,)
        On the Pareto front of rate and reach.
    best : int, optional
        Candidate of highest reach within the budget; None where none is within it.
    """

    objective: Objective
    front: NDArray[np.bool_]
    best: int | None


@dataclass(frozen=True)
class Check:
    """Dead time of a candidate: interpolated, and simulated at its own rate with another seed."""

    candidate: int
    interpolated: float
    direct: DeadPoint


@dataclass
class OptimiseResult:
    """A finished optimisation.

    Parameters
    ----------
    config : OptimiseConfig
    seed : int
    luminosity_cm2_s : float
    candidates : list of Candidate
    rates : RateResult
    curve : DeadCurve
    dead_time, dead_time_err : ndarray, shape (candidates,)
    within : ndarray of bool, shape (candidates,)
        Within the budget.
    channels : list of ChannelReach
    fronts : list of Front
        The one of all channels first, where there are several.
    checks : list of Check
    silent : dict of str to tuple
        Lines of channels that cannot fire with the base: what they need is not simulated.
    """

    config: OptimiseConfig
    seed: int
    luminosity_cm2_s: float
    candidates: list[Candidate]
    rates: rates.RateResult
    curve: DeadCurve
    dead_time: FloatArray
    dead_time_err: FloatArray
    within: NDArray[np.bool_]
    channels: list[ChannelReach]
    fronts: list[Front]
    checks: list[Check]
    silent: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Prepared:
    """A checked optimisation, before the first event.

    Parameters
    ----------
    config : OptimiseConfig
    channels : list of Channel
    candidates : list of Candidate
    events : int
        To generate or to take from what is kept, study and signals together.
    """

    config: OptimiseConfig
    channels: list[Channel]
    candidates: list[Candidate]
    events: int


def prepare(config: OptimiseConfig, place: str = "") -> Prepared:
    """Check everything that can be checked before the first event.

    Raises
    ------
    InputError
    """
    with located(place):
        found, groups = prepared(config.model_dump_json())
        channels = config.channels()
        names = [channel.name for channel in channels]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise InputError(f"channel {name!r} is given twice", place=f"channel.{i}")
        for channel in channels:
            with located(channel.name):
                check_detector(channel)
            check_lines(channel, [one.setting for one in found])
        study = rates.rate_study(config)
        with located(f"study {config.optimise.study}"):
            check_study(rates.Worker.of(config.model_dump_json()).context)
            if not any(sample.rates for sample in study.samples):
                raise InputError("has no sample that enters the rates")
        for tracks in (study.tracks, *(channel.tracks for channel in channels)):
            if tracks is not None and tracks.enabled:
                for group in groups:
                    # Refuses cuts on classes that the network does not have.
                    TrackTrigger(group.registers, tracks.network)
        prepared_readout(config.readout, study.study.seed)
    events = rates.planned_events(study)
    events += sum(len(c.signal.masses) * c.signal.events for c in channels)
    return Prepared(config, channels, found, events)


def run_optimise(
    given: Prepared, *, workers: int = 1, folder: Path | None = None,
    progress: rates.Progress | None = None,
) -> OptimiseResult:  # fmt: skip
    """Run an optimisation; the result depends neither on the number of workers nor on what is kept.

    Parameters
    ----------
    given : Prepared
    workers : int
    folder : Path, optional
        Where signal events and words are kept.
    progress : callable, optional
    """
    config, found = given.config, given.candidates
    study = rates.rate_study(config)
    seed = study.study.seed
    levels = rates.run_rates(
        config, workers=workers, folder=None if folder is None else folder / WORDS,
        progress=progress,
    )  # fmt: skip
    if not levels.samples:
        raise InputError("no sample of the study has a cross-section or a rate",
                         place=f"study {config.optimise.study}")  # fmt: skip
    points = list(_signals(given, seed, workers, folder, progress))
    readout = prepared_readout(config.readout, seed)
    khz = levels.total * 1e-3

    def tick() -> None:
        if progress is not None:
            progress("readout", 0)

    grid = rate_grid(khz, config.readout.points)
    curve = DeadCurve(tuple(simulated(readout, grid, seed, workers=workers, progress=tick)))
    dead = curve.at(khz)
    within = np.ones(len(found), dtype=bool)
    if config.budget.rate_khz is not None:
        within &= khz <= config.budget.rate_khz
    if config.budget.dead_time is not None:
        within &= dead <= config.budget.dead_time
    channels = [
        channel_reach(channel, own, dead)
        for channel, own in zip(given.channels, points, strict=True)
    ]
    fronts = [
        Front(one, pareto_front(khz, one.value), best_within(khz, one.value, within))
        for one in _objectives(config, channels)
    ]
    chosen = _to_check(config, fronts, khz)
    direct = simulated(readout, [max(float(khz[i]), grid[0]) for i in chosen], seed + 1,
                       workers=workers, progress=tick)  # fmt: skip
    checks = [Check(i, float(dead[i]), point) for i, point in zip(chosen, direct, strict=True)]
    return OptimiseResult(
        config, seed, study.study.luminosity_cm2_s, found, levels, curve, dead,
        curve.error_at(khz), within, channels, fronts, checks,
        {c.name: silent_lines(c, found[0].setting) for c in given.channels},
    )  # fmt: skip


def _signals(
    given: Prepared, seed: int, workers: int, folder: Path | None,
    progress: rates.Progress | None,
) -> Iterator[list[signal.SignalPoint]]:  # fmt: skip
    job = given.config.model_dump_json()
    kept = None if folder is None else folder / SAMPLES
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
    chosen = [with_chosen_edges(channel, seed=seed, folder=kept) for channel in given.channels]
    tasks = [
        signal.Job(job, channel, mass, seed, kept)
        for channel in chosen
        for mass in channel.signal.masses
    ]
    done = in_order(signal.run_point, tasks, workers=workers)
    for channel in given.channels:
        own = []
        for _ in channel.signal.masses:
            point = next(done)
            own.append(point)
            if progress is not None:
                progress(channel.name, point.passed.n_events)
        yield own
    # Lets the pool of workers end.
    for _ in done:
        raise AssertionError("more points than tasks")


def _objectives(config: OptimiseConfig, channels: Sequence[ChannelReach]) -> list[Objective]:
    each = [objective(one.channel.name, [one], [1.0]) for one in channels]
    if len(channels) == 1:
        return each
    return [objective(ALL, channels, [entry.weight for entry in config.channel]), *each]


def _to_check(config: OptimiseConfig, fronts: Sequence[Front], khz: FloatArray) -> list[int]:
    """Return the best candidates, and some of the first front spread over its rates."""
    best = [front.best for front in fronts if front.best is not None]
    front = np.flatnonzero(fronts[0].front)
    front = front[np.argsort(khz[front], kind="stable")]
    n = config.readout.checks
    places = np.unique(np.linspace(0, len(front) - 1, n).round().astype(int))
    return list(dict.fromkeys([*best, *front[places].tolist()])) if n else []
