"""Run channels: a task is one mass or one background of a channel, with all settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.sensitivity.channel import BackgroundProcess, Channel
from sim.sensitivity.edges import with_chosen_edges
from sim.sensitivity.lifetimes import LifetimePoint, check_points, lifetime_points
from sim.sensitivity.passed import (
    Counts,
    Passed,
    Through,
    background_counts,
    binned,
    through,
)
from sim.sensitivity.passing import (
    acceptance,
    by_menu,
    by_table,
    check_lines,
    extended,
    fired_lines,
    line_shifts,
    silent_lines,
)
from sim.sensitivity.regions import inside
from sim.sensitivity.sample import Sample, background_sample, check_detector, signal_sample
from sim.sensitivity.settings import Setting
from sim.study.workers import in_order
from trigger.bits import BitTable
from trigger.efficiency import EfficiencyTable

FloatArray = NDArray[np.float64]

Progress = Callable[[str, int], None]
"""Called with the channel's name and the events done since the last call."""


@dataclass(frozen=True)
class Table:
    """Trigger efficiency from a file, in place of the simulation.

    Parameters
    ----------
    label : str
    table : EfficiencyTable
    """

    label: str
    table: EfficiencyTable


@dataclass(frozen=True)
class Task:
    """One channel at one mass."""

    channel: Channel
    mass: float
    events: int
    seed: int
    settings: tuple[Setting, ...]
    table: Table | None
    folder: Path | None


@dataclass(frozen=True)
class LifetimeTask(Task):
    """One channel at one mass and all lifetimes."""


@dataclass(frozen=True)
class BackgroundTask:
    """One background of a channel, for all masses."""

    channel: Channel
    background: BackgroundProcess
    seed: int
    settings: tuple[Setting, ...]
    table: Table | None
    folder: Path | None


@dataclass
class ChannelResult:
    """What of a channel's signal passes, mass by mass.

    Parameters
    ----------
    channel : Channel
    settings : tuple of Setting
        Empty where the trigger is given by truth variables or by a table.
    labels : tuple of str
        Of all triggers that are compared, in order.
    points : list of Passed
    silent : dict
        Lines that cannot fire, by setting.
    lifetimes : list of list of LifetimePoint
        By mass, then by lifetime; empty where the channel has no lifetimes.
    """

    channel: Channel
    settings: tuple[Setting, ...]
    labels: tuple[str, ...]
    points: list[Passed] = field(default_factory=list)
    silent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lifetimes: list[list[LifetimePoint]] = field(default_factory=list)


def run_channels(
    channels: Sequence[Channel],
    settings: Sequence[Setting],
    *,
    table: Table | None = None,
    events: int | None = None,
    seed: int = 1,
    workers: int = 1,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> list[ChannelResult]:
    """Run channels; the result depends neither on the number of workers nor on kept samples.

    Parameters
    ----------
    channels : sequence of Channel
    settings : sequence of Setting
        Of the trigger; not used by channels with a trigger by truth variables.
    table : Table, optional
        In place of the settings, for all channels.
    events : int, optional
        For each mass; default: as each channel says.
    seed : int
    workers : int
    folder : Path, optional
        Where samples are kept.
    progress : callable, optional

    Raises
    ------
    InputError
        For lines, registers and parameters that do not fit, before the first event.
    """
    names = [channel.name for channel in channels]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise InputError(f"channel {name!r} is given twice")
    results = [_prepared(channel, settings, table) for channel in channels]
    for result in results:
        check_points(result.channel, result.labels)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        result.channel = with_chosen_edges(result.channel, seed=seed, folder=folder)
    order: list[tuple[ChannelResult, int]] = []
    counts: dict[str, list[list[dict[str | None, Counts]]]] = {name: [] for name in names}

    def tasks() -> Iterator[Task | BackgroundTask]:
        for result in results:
            own = result.channel
            for background in own.background.process:
                order.append((result, background.events))
                yield BackgroundTask(own, background, seed, result.settings, table, folder)
            for mass in own.signal.masses:
                n = events or own.signal.events
                order.append((result, n))
                yield Task(own, mass, n, seed, result.settings, table, folder)
            for mass in own.signal.masses if own.signal.ctaus() else ():
                n = events or own.signal.samples()[1]
                order.append((result, n))
                yield LifetimeTask(own, mass, n, seed, result.settings, table, folder)

    for number, found in enumerate(in_order(_run, tasks(), workers=workers)):
        result, n = order[number]
        if isinstance(found, Passed):
            result.points.append(found)
        elif isinstance(found, tuple):
            result.lifetimes.append(list(found))
        else:
            counts[result.channel.name].append(found)
        if progress is not None:
            progress(result.channel.name, n)
    for result in results:
        own_counts = counts[result.channel.name]
        if own_counts:
            result.points = [
                _with_backgrounds(point, [one[i] for one in own_counts])
                for i, point in enumerate(result.points)
            ]
            result.lifetimes = [
                [_lifetime_with_backgrounds(point, [one[i] for one in own_counts]) for point in row]
                for i, row in enumerate(result.lifetimes)
            ]
    return results


def _run(
    task: Task | BackgroundTask,
) -> Passed | tuple[LifetimePoint, ...] | list[dict[str | None, Counts]]:
    if isinstance(task, LifetimeTask):
        return run_lifetimes(task)
    return run_task(task) if isinstance(task, Task) else run_background(task)


def _prepared(channel: Channel, settings: Sequence[Setting], table: Table | None) -> ChannelResult:
    if table is not None:
        return ChannelResult(channel, (), (table.label,))
    if channel.truth_trigger:
        return ChannelResult(channel, (), tuple(entry.label for entry in channel.truth_trigger))
    try:
        check_detector(channel)
    except InputError as error:
        raise InputError(str(error), place=channel.name) from error
    check_lines(channel, settings)
    silent = {setting.label: silent_lines(channel, setting) for setting in settings}
    return ChannelResult(
        channel, tuple(settings), tuple(setting.label for setting in settings), silent=silent
    )


def run_task(task: Task) -> Passed:
    """Return what passes of one channel's signal at one mass, without simulated backgrounds."""
    channel = task.channel
    made = signal_sample(
        channel, task.mass, events=task.events, seed=task.seed, folder=task.folder,
        detector=needs_detector(task),
    )  # fmt: skip
    chosen = made.select(inside(channel.offline.regions, made.truth))
    events = binned(channel, chosen, task.mass)
    trigger = {}
    for label, chance in chances(task, chosen).items():
        shifts = {}
        if chance.fired is not None and channel.statistic.line_uncertainty:
            shifts = line_shifts(channel, chance.fired[0], chance.fired[1], events.weight)
        found = through(events, chance.probability, shifts)
        trigger[label] = replace(found, efficiency=found.efficiency.widened(chance.error))
    return Passed(
        task.mass, made.sigma_fb, made.sigma_err_fb, made.n_generated,
        acceptance(events.weight, made.n_generated), through(events, np.ones(len(chosen))), trigger,
    )  # fmt: skip


def run_lifetimes(task: LifetimeTask) -> tuple[LifetimePoint, ...]:
    """Return what passes of one channel's signal at one mass and all its lifetimes."""
    channel = task.channel
    made = signal_sample(
        channel, task.mass, events=task.events, seed=task.seed, folder=task.folder,
        detector=needs_detector(task), all_lifetimes=True,
    )  # fmt: skip
    chosen = inside(channel.offline.regions, made.truth)
    return tuple(
        lifetime_points(channel, task.mass, made, chosen, chances(task, made.select(chosen)))
    )


def run_background(task: BackgroundTask) -> list[dict[str | None, Counts]]:
    """Return what passes of one background: for each mass the counts by trigger, None: ideal."""
    channel, background = task.channel, task.background
    made = background_sample(
        channel, background, seed=task.seed, folder=task.folder, detector=needs_detector(task)
    )
    passing: dict[str | None, FloatArray] = {None: np.ones(len(made))}
    passing |= {label: chance.probability for label, chance in chances(task, made).items()}
    found = []
    for mass in channel.signal.masses:
        events = binned(channel, made, mass, background.smoothing)
        found.append({
            label: background_counts(channel, background, made, events, probability)
            for label, probability in passing.items()
        })  # fmt: skip
    return found


@dataclass(frozen=True)
class Chance:
    """What one trigger does to every event of a sample.

    Parameters
    ----------
    probability : ndarray, shape (n,)
    error : float
        Common to all events: of a table.
    fired : tuple of Setting and BitTable, optional
        Lines before prescale, where there is a menu.
    """

    probability: FloatArray
    error: float = 0.0
    fired: tuple[Setting, BitTable] | None = None


def chances(task: Task | BackgroundTask, sample: Sample) -> dict[str, Chance]:
    """Return every event's probability to pass each of the triggers that are compared."""
    channel, table = task.channel, task.table
    if table is not None:
        probability, error = by_table(table.table, sample, table.label)
        return {table.label: Chance(probability, error)}
    found = {}
    for entry in channel.truth_trigger:
        found[entry.label] = Chance(inside(entry.regions, sample.truth).astype(float))
    if not len(sample):
        return found | {setting.label: Chance(np.zeros(0)) for setting in task.settings}
    if task.settings:
        lines = fired_lines(channel, task.settings, sample)
        for setting, fired in zip(task.settings, lines, strict=True):
            probability = extended(by_menu(channel, setting, fired), len(sample))
            found[setting.label] = Chance(probability, fired=(setting, fired))
    return found


def needs_detector(task: Task | BackgroundTask) -> bool:
    """Return whether the trigger is given by lines, not by truth variables or a table."""
    return task.table is None and not task.channel.truth_trigger


def _with_backgrounds(point: Passed, counts: Sequence[dict[str | None, Counts]]) -> Passed:
    """Return the point with the counts of each background at its mass."""

    def added(found: Through, label: str | None) -> Through:
        return replace(found, backgrounds=tuple(one[label] for one in counts))

    return replace(
        point, ideal=added(point.ideal, None),
        trigger={label: added(found, label) for label, found in point.trigger.items()},
    )  # fmt: skip


def _lifetime_with_backgrounds(
    point: LifetimePoint, counts: Sequence[dict[str | None, Counts]]
) -> LifetimePoint:
    return replace(point, passed=_with_backgrounds(point.passed, counts))
