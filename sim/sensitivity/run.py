"""Run channels: a task is one channel at one mass with all settings of the trigger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.sensitivity.config import Channel
from sim.sensitivity.passing import (
    acceptance,
    by_menu,
    by_table,
    check_lines,
    inside,
    mean,
    silent_lines,
)
from sim.sensitivity.reach import Passed
from sim.sensitivity.sample import SignalSample, check_detector, signal_sample
from sim.sensitivity.settings import Setting
from sim.study.workers import in_order
from trigger.efficiency import EfficiencyTable

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
    """

    channel: Channel
    settings: tuple[Setting, ...]
    labels: tuple[str, ...]
    points: list[Passed] = field(default_factory=list)
    silent: dict[str, tuple[str, ...]] = field(default_factory=dict)


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
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    order: list[ChannelResult] = []

    def tasks() -> Iterator[Task]:
        for result in results:
            own = result.channel
            for mass in own.signal.masses:
                order.append(result)
                yield Task(
                    own, mass, events or own.signal.events, seed, result.settings, table, folder
                )

    for number, point in enumerate(in_order(run_task, tasks(), workers=workers)):
        order[number].points.append(point)
        if progress is not None:
            progress(order[number].channel.name, point.n_events)
    return results


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
    """Return what passes of one channel at one mass."""
    channel = task.channel
    made = signal_sample(
        channel, task.mass, events=task.events, seed=task.seed, folder=task.folder,
        detector=task.table is None and not channel.truth_trigger,
    )  # fmt: skip
    kept = inside(channel.offline.regions, made)
    chosen = _selected(made, kept)
    trigger = {}
    if task.table is not None:
        probability, error = by_table(task.table.table, chosen, task.table.label)
        found = mean(probability)
        both = (found.error**2 + error**2) ** 0.5
        trigger[task.table.label] = replace(
            found, error=both, low=max(0.0, found.value - both), high=min(1.0, found.value + both)
        )
    for entry in channel.truth_trigger if task.table is None else ():
        trigger[entry.label] = mean(inside(entry.regions, chosen).astype(float))
    for setting in task.settings:
        trigger[setting.label] = mean(by_menu(channel, setting, chosen))
    return Passed(
        task.mass, made.sigma_fb, made.sigma_err_fb, len(made),
        acceptance(int(kept.sum()), len(made)), trigger,
    )  # fmt: skip


def _selected(sample: SignalSample, kept: NDArray[np.bool_]) -> SignalSample:
    rows = np.flatnonzero(kept)
    return replace(
        sample,
        truth={name: values[rows] for name, values in sample.truth.items()},
        detected=None if sample.detected is None else sample.detected.select(rows),
    )
