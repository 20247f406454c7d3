"""Run a study: cut the samples into chunks, run them on workers, merge the sums in order."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from firmware_models.interface.clock import DATA_CLOCK_NS
from firmware_models.interface.ecl import N_CELL
from sim.readers import EventFile, open_events
from sim.study.chunk import ChunkResult, Context, Tables, Task, run_chunk
from sim.study.config import Sample, StudyConfig
from sim.study.fired import Fired
from sim.study.grids import all_samples, check_grid, empty_grid, grid_points
from sim.study.readout import readout_config, study_readout
from sim.study.scenarios import ScenarioResult, ScenarioStudy, scenario_studies
from sim.study.tracks import WINDOW_DATA_CLOCKS
from sim.study.workers import in_order
from sim.truth import VARIABLES
from trigger import samples as normalisation
from trigger.chain import Chain
from trigger.decisions import MenuId
from trigger.efficiency import EfficiencyTable
from trigger.grids import EfficiencyGrid
from trigger.menu import Menu
from trigger.orthogonal import OrthogonalMethod
from trigger.rate_table import RateTable
from trigger.rates import RateAccumulator

log = logging.getLogger(__name__)

WINDOW_NS = WINDOW_DATA_CLOCKS * DATA_CLOCK_NS
"""Length of a trigger window [ns]; windows of the background sample follow without gaps."""

CROSS_SECTION_EVENTS = 400_000
"""Proposals for a process's cross-section: error well below 1 %."""

Progress = Callable[[str, int], None]
"""Called with the sample's name and the number of events done since the last call."""

Consumer = Callable[[str, ChunkResult], None]
"""Called with every chunk's result, in order."""


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


class _Pass:
    """One pass over the samples, the study's own or a scenario's, and what it sums up.

    `samples`, `tables` and `grids` are filled where they stand.
    """

    def __init__(
        self, context: Context, config: StudyConfig, samples: list[SampleResult],
        tables: Tables, scenario: ScenarioStudy | None = None,
        grids: dict[str, EfficiencyGrid] | None = None,
    ) -> None:  # fmt: skip
        self.points, self.grids = grid_points(config), {} if grids is None else grids
        self.config, self.samples, self.tables, self.scenario = config, samples, tables, scenario
        self.files = open_files(context, config)
        self.rates = RateAccumulator(context.menu.names, context.prescales)
        self.fired = [Fired(len(context.menu.names)) for _ in samples]

    def add(self, part: ChunkResult) -> str:
        """Add a chunk's sums; return what the progress shows."""
        if part.grid is not None:
            grid = self.points[part.task.sample - len(self.samples)].grid
            self.grids[grid.label].merge(part.grid)
            return f"grid {grid.label}"
        sample = self.samples[part.task.sample]
        sample.n_events += part.n_events
        sample.cell_fired += part.cell_fired
        sample.cell_energy += part.cell_energy
        self.rates.merge(part.rates)
        _merge_tables(self.tables, part.tables)
        if part.fired is not None:
            self.fired[part.task.sample].merge(part.fired)
        own = self.scenario
        return sample.name if own is None else f"{own.scenario.name} {sample.name}"


def run_study(
    config: StudyConfig,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
    consumer: Consumer | None = None,
    place: str = "",
) -> StudyResult:
    """Run a study; the result does not depend on the number of workers.

    Parameters
    ----------
    config : StudyConfig
    workers : int
        Processes on this machine.
    scheduler : str, optional
        Address of a dask scheduler to use instead.
    progress : callable, optional
        Called after every chunk.
    consumer : callable, optional
        Called with every chunk's result in order, with decisions and truth variables.
    place : str
        Where the configuration comes from, for messages.

    Raises
    ------
    InputError
        For anything wrong in the configuration, before the first event, or in an event file.
    """
    with located(place):
        context = Context(config)
        check_study(context)
        if config.readout is not None:
            with located("readout"):
                readout_config(config)
        scenarios = scenario_studies(config)
        for number, study in enumerate(scenarios):
            with located(f"scenarios.{number} ({study.scenario.name})"):
                # Unknown names and values that do not fit are refused before the first event.
                Chain.build(context.menu, study.config.registers, study.config.study.working_point)
    result = StudyResult(
        config, context.menu, [sample_result(context, s) for s in config.samples], None, {},
        context.unproduced_inputs(), grids={grid.label: empty_grid(grid) for grid in config.grids},
    )  # fmt: skip
    own = _Pass(context, config, result.samples, result.tables, grids=result.grids)
    passes = [own] + [
        _Pass(context, study.config, _without_events(result.samples, study.config), {}, study)
        for study in scenarios
    ]
    order: deque[_Pass] = deque()

    def jobs() -> Iterator[tuple[str, Task]]:
        for current in passes:
            job = current.config.model_dump_json()
            own_samples = len(current.samples) if consumer and current is own else 0
            for task in tasks_of(current.config, current.files, keep=own_samples):
                order.append(current)
                yield job, task

    for part in in_order(run_chunk, jobs(), workers=workers, scheduler=scheduler):
        current = order.popleft()
        label = current.add(part)
        if consumer is not None and current is own and part.grid is None:
            consumer(label, part)
        if progress is not None:
            progress(label, part.n_events)
    for sample, opened in zip(result.samples, own.files, strict=False):
        take_from_file(config, sample, opened)
    result.rates = _rate_table(config, context, result.samples, own.rates)
    result.scenarios = list(_scenario_results(context, result, passes[1:]))
    if config.readout is not None and result.rates is not None:
        with located(place):
            result.readout = _readout(config, context, result, own.fired)
    return result


def _without_events(samples: Sequence[SampleResult], config: StudyConfig) -> list[SampleResult]:
    """Return results without events yet, for those samples that a scenario has."""
    titles = {sample.name: sample.title for sample in samples}
    return [SampleResult(s.name, titles[s.name], normalisation.Sample()) for s in config.samples]


def _scenario_results(
    context: Context, result: StudyResult, passes: Sequence[_Pass]
) -> Iterator[ScenarioResult]:
    known = {sample.name: sample.normalisation for sample in result.samples}
    for current in passes:
        if result.rates is None:
            log.warning("no sample has a cross-section: scenarios have no rates")
            return
        assert current.scenario is not None
        for sample in current.samples:
            # Known only now where it stands in a file; one value for all scenarios.
            sample.normalisation = known[sample.name]
            if sample.name not in result.rates.by_process:
                current.rates.processes.pop(sample.name, None)
        rates = _rate_table(current.config, context, current.samples, current.rates)
        if rates is not None:
            used = [s for s in current.samples if s.name in rates.by_process]
            luminosity = current.config.study.luminosity_cm2_s
            source = {s.name: s.normalisation.source_rate(luminosity, s.name)[0] for s in used}
            n_events = {s.name: s.n_events for s in used}
            alone = frozenset(s.name for s in used if s.normalisation.rate_hz is not None)
            yield ScenarioResult(current.scenario, n_events, source, alone, rates)


def _readout(
    config: StudyConfig, context: Context, result: StudyResult, fired: Sequence[Fired]
) -> dict[str, Any]:
    assert result.rates is not None
    parts = [
        (counts, sample.normalisation.source_rate(config.study.luminosity_cm2_s, sample.name)[0])
        for counts, sample in zip(fired, result.samples, strict=True)
        if sample.name in result.rates.by_process and counts.sums
    ]
    return study_readout(config, context.menu, result.rates, parts)


def check_study(context: Context) -> None:
    """Refuse unknown lines and variables before anything runs.

    Raises
    ------
    InputError
        With the path in the study and the nearest valid name.
    """
    names = context.menu.names
    for number, entry in enumerate(context.config.efficiency):
        place = f"efficiency.{number} ({entry.label})"
        for line in (*entry.lines, *([entry.reference] if entry.reference else ())):
            if line not in names:
                raise unknown_name("line", line, names, place=f"{place}.lines")
        for key, used in (("axes", entry.axes), ("where", entry.where)):
            for item in used:
                if item.variable not in VARIABLES:
                    raise unknown_name("variable", item.variable, VARIABLES, place=f"{place}.{key}")
    for line in context.config.study.focus:
        if line not in names:
            raise unknown_name("line", line, names, place="study.focus")
    for number, grid in enumerate(context.config.grids):
        with located(f"grids.{number} ({grid.label})"):
            check_grid(grid, names)
    for number, sample in enumerate(context.samples):
        if sample.process is not None:
            table = f"samples.{number}" if number < len(context.config.samples) else "grids"
            with located(f"{table} ({sample.name})"):
                context.process(sample)


@contextmanager
def located(place: str) -> Iterator[None]:
    """Put a place before the message of an input error that comes from within."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error), place=place) from error


def planned_events(config: StudyConfig, place: str = "") -> int:
    """Return the number of events to generate for all samples and scenarios.

    Raises
    ------
    InputError
        When a scenario's background leaves its range.
    """
    with located(place):
        scenarios = scenario_studies(config)
    return sum(sum(event_counts(each)) for each in (config, *(s.config for s in scenarios)))


def event_counts(config: StudyConfig) -> list[int]:
    """Return the number of events to generate for each of `all_samples`; 0 for files."""
    shares = np.array([0.0 if s.file is not None else s.share for s in all_samples(config)])
    if not shares.sum():
        return [0] * len(shares)
    exact = config.study.events * shares / shares.sum()
    return [int(np.ceil(value)) if value else 0 for value in exact]


def tasks_of(
    config: StudyConfig, files: Sequence[EventFile | None], keep: int = 0
) -> Iterator[Task]:
    """Yield the tasks of all samples, in order.

    Parameters
    ----------
    config : StudyConfig
    files : sequence of EventFile or None
        From `open_files`.
    keep : int
        Samples, from the first, of which decisions and truth variables of every event are kept:
        an event of a grid has no weight of its own, but one a lifetime.
    """
    for number, (n, opened) in enumerate(zip(event_counts(config), files, strict=True)):
        if opened is not None:
            for chunk, events in enumerate(opened.chunks()):
                yield Task(number, chunk, len(events), events, number < keep)
            continue
        for chunk, start in enumerate(range(0, n, config.study.chunk)):
            yield Task(number, chunk, min(config.study.chunk, n - start), None, number < keep)


def open_files(context: Context, config: StudyConfig | None = None) -> list[EventFile | None]:
    """Open the event files of `all_samples` of a study, by default the context's own.

    None for a sample without one.
    """
    config = config or context.config
    return [
        None if s.file is None
        else open_events(
            s.file, format=s.format, frame=s.frame, chunk=config.study.chunk,
            machine=context.machine, invisible=context.response.config.invisible,
        )
        for s in all_samples(config)
    ]  # fmt: skip


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


def _merge_tables(total: Tables, part: Tables) -> None:
    for key, table in part.items():
        if key in total:
            old = total[key]
            if isinstance(old, OrthogonalMethod):
                assert isinstance(table, OrthogonalMethod)
                total[key] = old.merge(table)
            else:
                assert isinstance(table, EfficiencyTable)
                total[key] = old + table
        else:
            total[key] = table


def _rate_table(
    config: StudyConfig, context: Context, samples: Sequence[SampleResult], rates: RateAccumulator
) -> RateTable | None:
    known = {
        s.name: s.normalisation
        for s in samples
        if s.normalisation.sigma_nb is not None or s.normalisation.rate_hz is not None
    }
    for name in list(rates.processes):
        if name not in known:
            log.warning("%s has no cross-section: it is left out of the rates", name)
            del rates.processes[name]
    if not rates.processes:
        return None
    menu = MenuId(context.menu.name, context.menu.version, context.menu.sha256)
    known = {name: value for name, value in known.items() if name in rates.processes}
    return rates.rate_table(known, config.study.luminosity_cm2_s, menu)
