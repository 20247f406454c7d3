"""Run a study: cut the samples into chunks, run them on workers, merge the sums in order."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sim.study.checks import check_study, located
from sim.study.chunk import ChunkResult, Context, Tables, Task, run_chunk
from sim.study.config import StudyConfig
from sim.study.fired import Fired
from sim.study.grids import empty_grid, grid_points
from sim.study.readout import readout_config, study_readout
from sim.study.results import SampleResult, StudyResult, sample_result, take_from_file
from sim.study.scenarios import ScenarioResult, ScenarioStudy, scenario_studies
from sim.study.tasks import open_files, tasks_of
from sim.study.workers import in_order
from trigger import samples as normalisation
from trigger.chain import Chain
from trigger.decisions import MenuId
from trigger.efficiency import EfficiencyTable
from trigger.grids import EfficiencyGrid
from trigger.orthogonal import OrthogonalMethod
from trigger.rate_table import RateTable
from trigger.rates import RateAccumulator

log = logging.getLogger(__name__)

Progress = Callable[[str, int], None]
"""Called with the sample's name and the number of events done since the last call."""

Consumer = Callable[[str, ChunkResult], None]
"""Called with every chunk's result, in order."""


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
