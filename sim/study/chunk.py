"""One chunk of one sample: events, detector, trigger, sums. What a worker process runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.ecl import N_CELL
from sim.detector.ecl import EclConfig, EclResponse
from sim.events import Events
from sim.machine import Machine
from sim.processes import get_process
from sim.processes.base import Process
from sim.streams import stream
from sim.study.config import Efficiency, Muons, Sample, StudyConfig, Tracks
from sim.study.fired import Fired, event_quality
from sim.study.grids import all_samples, fill_grid, grid_points, within
from sim.study.tracks import Detected, counted_once
from sim.truth import VARIABLES, truth_variables
from trigger.axes import Axis
from trigger.bits import BitTable
from trigger.chain import Chain
from trigger.efficiency import EfficiencyTable
from trigger.grids import EfficiencyGrid
from trigger.menu import load
from trigger.menu.inputs import produced_inputs
from trigger.orthogonal import OrthogonalMethod
from trigger.rates import RateAccumulator

if TYPE_CHECKING:
    from firmware_models.interface import Registers
    from sim.detector.cdc.response import CdcResponse
    from sim.detector.klm.response import KlmResponse
    from trigger.event_words import EventWords
    from trigger.track_trigger import TrackTrigger
    from trigger.tracks import TrackWords

TableKey = tuple[str, str]
"""Label of the efficiency entry and line."""

Tables = dict[TableKey, EfficiencyTable | OrthogonalMethod]


@dataclass(frozen=True)
class Task:
    """What to run: a number of events of a sample, or events that were read from a file.

    Parameters
    ----------
    sample : int
        Position in `sim.study.grids.all_samples`: the study's samples, then those of its grids.
    chunk : int
        Number of the chunk within the sample; it keys the random numbers.
    n : int
        Events to generate.
    events : Events, optional
        Events from a file, instead of generated ones.
    keep_decisions : bool
        Return the decisions and truth variables of every event too.
    """

    sample: int
    chunk: int
    n: int
    events: Events | None = None
    keep_decisions: bool = False


@dataclass(frozen=True)
class ChunkResult:
    """Sums over the events of one task.

    Parameters
    ----------
    task : Task
        Without its events.
    n_events : int
    rates : RateAccumulator
        Empty for samples that do not enter the rate table.
    tables : dict
        Efficiency tables by label and line.
    cell_fired, cell_energy : ndarray of int64, shape (577,)
        Events in which each cell fired, and its summed energy [counts]; index is the TC id.
    ftdl : BitTable, optional
    weight : ndarray of float64, shape (n_events,)
    truth : mapping, optional
        Truth variables.
    fired : Fired, optional
        Combinations of lines, where the study has a readout.
    grid : EfficiencyGrid, optional
        For the sample of a grid's mass.
    """

    task: Task
    n_events: int
    rates: RateAccumulator
    tables: Tables
    cell_fired: NDArray[np.int64]
    cell_energy: NDArray[np.int64]
    weight: NDArray[np.float64]
    ftdl: BitTable | None = None
    truth: Mapping[str, NDArray[np.float64]] | None = None
    fired: Fired | None = None
    grid: EfficiencyGrid | None = None


class Context:
    """Everything of a study that all chunks share, built once in each worker.

    `chamber` and `tracks` are None where the study leaves tracks out, `muons` where it leaves the
    muon detector out.
    """

    def __init__(self, config: StudyConfig) -> None:
        self.config = config
        self.machine = Machine()
        self.menu = load(config.study.menu)
        self.chain = Chain.build(self.menu, config.registers, config.study.working_point)
        self.response = EclResponse(EclConfig.from_mapping(config.detector, "detector"))
        self.chamber: CdcResponse | None = None
        self.tracks: TrackTrigger | None = None
        if config.tracks is not None and config.tracks.enabled:
            self._set_up_tracks(config.tracks)
        self.muons: KlmResponse | None = None
        if config.muons is not None and config.muons.enabled:
            self._set_up_muons(config.muons)
        self.samples, self.points = all_samples(config), grid_points(config)
        self._processes: dict[str, Process] = {}

    def _set_up_tracks(self, own: Tracks) -> None:
        # Chamber, look-up tables and networks are loaded only where they are needed.
        from sim.detector.cdc.response import CdcConfig, CdcResponse

        invisible = self.response.config.invisible
        chamber = {"invisible": invisible, **own.chamber}
        self.chamber = CdcResponse(CdcConfig.from_mapping(chamber, "tracks.chamber"))
        self.tracks = track_trigger(self.chain.registers, own.network)

    def _set_up_muons(self, own: Muons) -> None:
        from sim.detector.klm.response import KlmConfig, KlmResponse

        detector = {"invisible": self.response.config.invisible, **own.detector}
        self.muons = KlmResponse(KlmConfig.from_mapping(detector, "muons.detector"))

    def track_words(self, detected: Detected, *, background: bool = False) -> TrackWords | None:
        """Return the track trigger's words, None where tracks are left out.

        Parameters
        ----------
        detected : Detected
        background : bool
            Windows without a collision, that follow without gaps: each track counts once.
        """
        if self.tracks is None or detected.wires is None:
            return None
        words = self.tracks.evaluate(detected.wires)
        return counted_once(words) if background else words

    def words(self, detected: Detected, *, background: bool = False) -> EventWords:
        """Return the words of all sub-triggers that are simulated.

        Parameters as for `track_words`.
        """
        tracks = self.track_words(detected, background=background)
        return self.chain.words(detected.cells, tracks, detected.muons)

    def process(self, sample: Sample) -> Process:
        """Return the generator of a sample."""
        if sample.name not in self._processes:
            assert sample.process is not None
            self._processes[sample.name] = get_process(
                sample.process, self.machine, **sample.parameters
            )
        return self._processes[sample.name]

    def seed(self, sample: Sample) -> int:
        """Return the sample's own seed: no two samples share random numbers."""
        rng = stream(self.config.study.seed, f"sample/{sample.name}")
        return int(rng.integers(2**62))

    def unproduced_inputs(self) -> tuple[str, ...]:
        """Return the menu's inputs that no sub-trigger here produces."""
        produced = produced_inputs(tracks=self.tracks is not None, muons=self.muons is not None)
        return self.menu.without_producer(produced)

    @property
    def prescales(self) -> tuple[float, ...]:
        """Prescale of every line, 0 for masked."""
        return tuple(float(line.prescale.value) for line in self.menu.lines)


def track_trigger(registers: Mapping[str, Registers], network: str) -> TrackTrigger:
    """Return the track trigger with the registers of its blocks."""
    from trigger.track_trigger import TrackTrigger

    return TrackTrigger(registers, network)


@lru_cache(maxsize=4)
def _context(config_json: str) -> Context:
    return Context(StudyConfig.model_validate_json(config_json))


def run_chunk(job: tuple[str, Task]) -> ChunkResult:
    """Run one task.

    Parameters
    ----------
    job : (str, Task)
        The study's configuration as JSON, and the task.
    """
    context, task = _context(job[0]), job[1]
    sample = context.samples[task.sample]
    point = task.sample - len(context.config.samples)
    events, detected = detector_hits(context, sample, task)
    hits = detected.cells
    words = context.words(detected, background=sample.background)
    ftdl = context.chain.decide_words(words)
    weight = np.ones(len(hits)) if events is None else events.weight
    wanted = [entry for entry in context.config.efficiency if entry.sample == sample.name]
    truth: Mapping[str, NDArray[np.float64]] | None = None
    if events is None:
        truth = {name: np.full(len(hits), np.nan) for name in VARIABLES}
    elif wanted or task.keep_decisions or (point >= 0 and context.points[point].grid.where):
        found = truth_variables(
            events, context.machine, invisible=context.response.config.invisible
        )
        truth = {name: values.astype(np.float64) for name, values in found.items()}
    rates = RateAccumulator(context.menu.names, context.prescales)
    if sample.rates:
        rates.fill(sample.name, ftdl, weight)
    fired = None
    if sample.rates and context.config.readout is not None:
        fired = Fired.of(ftdl, event_quality(words), weight, f"samples.{task.sample}")
    tables: Tables = {}
    for entry in wanted:
        assert truth is not None
        tables.update(fill_tables(entry, ftdl, truth, weight))
    grid = None
    if point >= 0:
        assert events is not None
        process = context.process(sample)
        grid = fill_grid(context.points[point], process, events, ftdl, truth or {})
    keep = task.keep_decisions
    return ChunkResult(
        Task(task.sample, task.chunk, task.n),
        len(hits),
        rates,
        tables,
        np.bincount(hits.cell, minlength=N_CELL + 1),
        np.bincount(hits.cell, hits.energy, minlength=N_CELL + 1).astype(np.int64),
        weight,
        ftdl if keep else None,
        truth if keep else None,
        fired,
        grid,
    )


def detector_hits(context: Context, sample: Sample, task: Task) -> tuple[Events | None, Detected]:
    """Return the events of a task (None for background) and what the detector makes of them."""
    seed, chunk = context.seed(sample), task.chunk
    chamber, yoke = context.chamber, context.muons
    if sample.background:
        cells = context.response.background_events(task.n, seed, chunk)
        wires = None if chamber is None else chamber.background_events(task.n, seed, chunk)
        muons = None if yoke is None else yoke.background_events(task.n, seed, chunk)
        return None, Detected(cells, wires, muons)
    events = task.events
    if events is None:
        events = context.process(sample).generate(task.n, seed, chunk)
    cells = context.response.respond(events, seed, chunk)
    wires = None if chamber is None else chamber.respond(events, seed, chunk)
    muons = None if yoke is None else yoke.respond(events, seed, chunk)
    return events, Detected(cells, wires, muons)


def table_axes(entry: Efficiency) -> list[Axis]:
    """Return the binned axes of an efficiency entry."""
    return [
        Axis(axis.variable, VARIABLES[axis.variable].unit, axis.edge_values())
        for axis in entry.axes
    ]


def fill_tables(
    entry: Efficiency,
    ftdl: BitTable,
    truth: Mapping[str, NDArray[np.float64]],
    weight: NDArray[np.float64],
) -> Tables:
    """Return the tables of one efficiency entry, filled with these events."""
    axes = table_axes(entry)
    chosen = within(entry.where, truth, ftdl.n_events)
    values = {axis.name: truth[axis.name][chosen] for axis in axes}
    weights = None if (weight == 1.0).all() else weight[chosen]
    tables: Tables = {}
    for line in entry.lines:
        probe = ftdl[line][chosen]
        if entry.reference is None:
            table = EfficiencyTable(line, axes, weighted=weights is not None)
            tables[entry.label, line] = table.fill(values, probe, weights)
        else:
            method = OrthogonalMethod(line, entry.reference, axes, weighted=weights is not None)
            reference = ftdl[entry.reference][chosen]
            tables[entry.label, line] = method.fill(values, probe, reference, weights)
    return tables
