"""Samples and sums behind the grids of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from sim.events import Events
from sim.processes import process_class
from sim.processes.base import Process
from sim.processes.lifetimes import (
    BROAD,
    SAMPLING,
    check_lifetimes,
    common_weights,
    lifetime_parameters,
)
from sim.processes.long_lived import LongLived
from sim.study.config import Sample, StudyConfig
from sim.study.fields import Range
from sim.study.grid_config import Grid
from sim.truth import VARIABLES
from trigger.bits import BitTable
from trigger.export import grids as export
from trigger.grids import EfficiencyGrid


@dataclass(frozen=True)
class GridPoint:
    """One mass of one grid.

    Parameters
    ----------
    grid : Grid
    mass : int
        Position among the masses.
    """

    grid: Grid
    mass: int

    def sample(self) -> Sample:
        """Return the sample with this mass, outside the rates."""
        grid, value = self.grid, self.grid.masses[self.mass]
        return Sample(
            name=f"grid {grid.label}, {grid.mass_parameter} = {value!r} GeV",
            process=grid.process, share=grid.share, rates=False,
            parameters={**grid.parameters, grid.mass_parameter: value, SAMPLING: BROAD},
        )  # fmt: skip


def grid_points(config: StudyConfig) -> list[GridPoint]:
    """Return the masses of all grids, in the order in which their samples run."""
    return [GridPoint(grid, mass) for grid in config.grids for mass in range(len(grid.masses))]


def all_samples(config: StudyConfig) -> list[Sample]:
    """Return the samples of a study, then those of its grids."""
    return [*config.samples, *(point.sample() for point in grid_points(config))]


def empty_grid(grid: Grid) -> EfficiencyGrid:
    """Return the sums of a grid without events yet."""
    return EfficiencyGrid(grid.lines, grid.masses, grid.ctau_values(), grid.any_of)


def fill_grid(
    point: GridPoint,
    process: Process,
    events: Events,
    ftdl: BitTable,
    truth: Mapping[str, NDArray[np.float64]],
) -> EfficiencyGrid:
    """Return the sums of one chunk of events, with every weight for each lifetime.

    Parameters
    ----------
    point : GridPoint
    process : Process
        Of the point's sample.
    events : Events
        From the process.
    ftdl : BitTable
        Lines before prescale.
    truth : mapping
        Truth variables, where the grid has cuts.
    """
    assert isinstance(process, LongLived)
    grid, length = point.grid, process.proper_lengths(events)
    weight = common_weights(process, length, grid.ctau_values())
    fired = {line: ftdl[line] for line in grid.used_lines()}
    chosen = within(grid.where, truth, len(events))
    return empty_grid(grid).fill(point.mass, weight * events.weight[:, None], fired, chosen)


def within(
    cuts: Sequence[Range], truth: Mapping[str, NDArray[np.float64]], n: int
) -> NDArray[np.bool_]:
    """Return which of n events pass all cuts; NaN never does."""
    chosen = np.ones(n, dtype=bool)
    for cut in cuts:
        value = truth[cut.variable]
        chosen &= (value >= cut.low) & (value < cut.high)
    return chosen


def check_grid(grid: Grid, names: Sequence[str]) -> None:
    """Refuse what a grid's process, lines and cuts do not know.

    Parameters
    ----------
    grid : Grid
    names : sequence of str
        Lines of the menu.

    Raises
    ------
    InputError
        With what was given, what is allowed and the nearest valid name.
    """
    for line in grid.lines:
        if line not in names:
            raise unknown_name("line", line, names, place="lines")
    for group, members in grid.any_of.items():
        if group in names:
            raise InputError(f"{group!r} is a line of the menu", place="any_of")
        for line in members:
            if line not in names:
                raise unknown_name("line", line, names, place=f"any_of.{group}")
    for cut in grid.where:
        if cut.variable not in VARIABLES:
            raise unknown_name("variable", cut.variable, VARIABLES, place="where")
    _check_process(grid)
    empty_grid(grid)


def _check_process(grid: Grid) -> None:
    from sim.machine import Machine

    known = {p.name: p for p in process_class(grid.process).parameters(Machine())}
    lifetimes = lifetime_parameters(grid.process)
    free = [
        name for name, parameter in known.items()
        if not parameter.choices and name not in lifetimes
    ]  # fmt: skip
    if grid.mass_parameter not in free:
        raise unknown_name("parameter", grid.mass_parameter, free, place="mass_parameter")
    for name in (grid.mass_parameter, SAMPLING, *lifetimes):
        if name in grid.parameters:
            raise InputError("is set by the grid itself", place=f"parameters.{name}")
    check_lifetimes(grid.process, grid.ctau_values(), "ctaus")


def grid_json(grid: Grid, sums: EfficiencyGrid) -> dict[str, Any]:
    """Return a finished grid with what it was made from."""
    return {
        "label": grid.label,
        "title": grid.title or grid.label,
        "process": grid.process,
        "parameters": grid.parameters,
        "mass_parameter": grid.mass_parameter,
        "where": [cut.model_dump() for cut in grid.where],
        **export.to_json(sums),
    }
