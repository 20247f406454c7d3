"""What a study gives: its samples with their normalisation, rates and tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface.clock import DATA_CLOCK_NS
from firmware_models.interface.ecl import N_CELL
from sim.readers import EventFile
from sim.study.chunk import Context, Tables
from sim.study.config import Sample, StudyConfig
from sim.study.scenarios import ScenarioResult
from sim.study.tracks import WINDOW_DATA_CLOCKS
from trigger import samples as normalisation
from trigger.grids import EfficiencyGrid
from trigger.menu import Menu
from trigger.rate_table import RateTable

WINDOW_NS = WINDOW_DATA_CLOCKS * DATA_CLOCK_NS
"""Length of a trigger window [ns]; windows of the background sample follow without gaps."""

CROSS_SECTION_EVENTS = 400_000
"""Proposals for a process's cross-section: error well below 1 %."""


@dataclass
class SampleResult:
    """What became of one sample.

    Parameters
    ----------
    name, title : str
    n_events : int
    normalisation : Sample
        Cross-section or rate; without either for samples outside the rate table.
    cell_fired, cell_energy : ndarray of int64, shape (577,)
        Fires and summed energy [counts] of each trigger cell.
    notes : list of str
        What a reader wants the user to know.
    """

    name: str
    title: str
    normalisation: normalisation.Sample
    n_events: int = 0
    cell_fired: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(N_CELL + 1, dtype=np.int64), repr=False
    )
    cell_energy: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(N_CELL + 1, dtype=np.int64), repr=False
    )
    notes: list[str] = field(default_factory=list)


@dataclass
class StudyResult:
    """A finished study.

    Parameters
    ----------
    config : StudyConfig
    menu : Menu
    samples : list of SampleResult
    rates : RateTable, optional
        None when no sample has a normalisation.
    tables : dict
        Efficiency tables by label and line.
    without_producer : tuple of str
        Menu inputs that nothing produces yet: their lines cannot fire.
    counts : dict of ndarray of int64
        Where decisions were written: events by line before and after the prescale counters
        (``ftdl``, ``psnm``), and accepted events (``l1``, one element).
    readout : dict, optional
        Dead time, where the study has a readout: content of ``readout.json``.
    scenarios : list of ScenarioResult
        Rates at other luminosities and levels of background.
    grids : dict
        Sums on points of mass and lifetime, by label.
    """

    config: StudyConfig
    menu: Menu
    samples: list[SampleResult]
    rates: RateTable | None
    tables: Tables
    without_producer: tuple[str, ...]
    counts: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    readout: dict[str, Any] | None = None
    scenarios: list[ScenarioResult] = field(default_factory=list)
    grids: dict[str, EfficiencyGrid] = field(default_factory=dict)

    @property
    def n_events(self) -> int:
        """Events of all samples and grids, without those of scenarios."""
        grids = sum(int(grid.n_generated.sum()) for grid in self.grids.values())
        return sum(sample.n_events for sample in self.samples) + grids


def sample_result(context: Context, sample: Sample) -> SampleResult:
    """Return a sample without events yet, with its normalisation where it is known."""
    if sample.background:
        windows = normalisation.Sample(rate_hz=1e9 / WINDOW_NS)
        return SampleResult(sample.name, "windows without a collision", windows)
    if sample.process is None:
        return SampleResult(sample.name, f"events of {sample.file}", normalisation.Sample())
    process = context.process(sample)
    if not sample.rates:
        return SampleResult(sample.name, process.title, normalisation.Sample())
    own_rate = process.rate_hz()
    if own_rate is not None:
        return SampleResult(sample.name, process.title, normalisation.Sample(rate_hz=own_rate))
    sigma = process.cross_section(CROSS_SECTION_EVENTS, context.seed(sample))
    return SampleResult(
        sample.name,
        process.title,
        normalisation.Sample(sigma_nb=sigma.value_nb, sigma_err_nb=sigma.error_nb),
    )


def take_from_file(config: StudyConfig, result: SampleResult, opened: EventFile | None) -> None:
    """Take cross-section and notes from a file, known only after it was read."""
    if opened is None:
        return
    given = next(s for s in config.samples if s.name == result.name).cross_section_nb
    result.notes += opened.notes
    if given is not None:
        result.normalisation = normalisation.Sample(sigma_nb=given)
    elif opened.cross_section_pb is not None:
        result.normalisation = normalisation.Sample(
            sigma_nb=opened.cross_section_pb / 1e3,
            sigma_err_nb=(opened.cross_section_err_pb or 0.0) / 1e3,
        )
    if result.n_events == 0:
        raise InputError("holds no events", place=str(opened.path))
