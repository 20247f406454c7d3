"""Level-1 rates of all candidates on the same events, and how they differ from the base.

Events, random numbers and sums are those of `sim.study`: a candidate's rate is that of a study with
its menu, registers and seed. Prescales enter as expectation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.optimise import kept_words
from sim.optimise.candidates import Candidate, prepared
from sim.optimise.config import OptimiseConfig
from sim.optimise.rate_sums import Part, SampleSums, finish
from sim.sensitivity.passing import pass_probability
from sim.study.chunk import Context, Task, detector_hits
from sim.study.config import StudyConfig
from sim.study.results import SampleResult, sample_result
from sim.study.tasks import event_counts, open_files, tasks_of
from sim.study.tracks import Detected
from sim.study.workers import in_order
from trigger.bits import BitTable
from trigger.rates import RateAccumulator

FloatArray = NDArray[np.float64]

Progress = Callable[[str, int], None]
"""Called with a sample's or a channel's name and the events done since the last call."""


@dataclass(frozen=True)
class Job:
    """One chunk of the study's events for all candidates.

    Parameters
    ----------
    config_json : str
        Of the optimisation.
    task : Task
    folder : Path, optional
        Where words are kept.
    sources : str
        Of `kept_words.program`.
    """

    config_json: str
    task: Task
    folder: Path | None
    sources: str


@dataclass
class RateResult:
    """Rates of all candidates [Hz], errors of one standard deviation.

    Parameters
    ----------
    total, total_err : ndarray, shape (candidates,)
    difference, difference_err : ndarray, shape (candidates,)
        To the base, from the same events.
    by_sample : dict of str to ndarray, shape (candidates,)
    samples : list of SampleResult
        Of those that enter the rate.
    """

    total: FloatArray
    total_err: FloatArray
    difference: FloatArray
    difference_err: FloatArray
    by_sample: dict[str, FloatArray] = field(default_factory=dict)
    samples: list[SampleResult] = field(default_factory=list)


class Worker:
    """What all chunks of an optimisation share in one process."""

    _last: tuple[str, Worker] | None = None

    def __init__(self, config_json: str) -> None:
        config = OptimiseConfig.model_validate_json(config_json)
        self.candidates, self.upstreams = prepared(config_json)
        self.context = Context(rate_study(config))

    @classmethod
    def of(cls, config_json: str) -> Worker:
        """Return the worker of a configuration, the last one where it is the same."""
        if cls._last is None or cls._last[0] != config_json:
            cls._last = (config_json, cls(config_json))
        return cls._last[1]


def rate_study(config: OptimiseConfig) -> StudyConfig:
    """Return the study whose detector and samples give the rate, with the base's menu."""
    study = config.study()
    main = study.study.model_copy(
        update={"menu": config.base.menu, "working_point": None, "focus": []}
    )
    return study.model_copy(update={"study": main, "registers": {}})


def planned_events(study: StudyConfig) -> int:
    """Return the number of generated events that enter the rate."""
    counts = event_counts(study)
    return sum(n for n, sample in zip(counts, study.samples, strict=True) if sample.rates)


def run_part(job: Job) -> Part:
    """Run one chunk."""
    worker, task = Worker.of(job.config_json), job.task
    study = worker.context.config
    sample, found = study.samples[task.sample], worker.candidates
    network = "mlp" if study.tracks is None else study.tracks.network
    made: tuple[FloatArray, Detected] | None = None
    sums = [
        RateAccumulator(one.setting.menu.names, [one.prescale(n) for n in one.setting.menu.names])
        for one in found
    ]
    weight = np.ones(0)
    chance: list[FloatArray | None] = [None] * len(found)
    for upstream in worker.upstreams:
        path = None
        if job.folder is not None and task.events is None:
            path = kept_words.path_of(
                job.folder, study, task.sample, task.chunk, task.n, upstream, job.sources
            )
        kept = None if path is None else kept_words.read(path)
        if kept is None:
            if made is None:
                events, detected = detector_hits(worker.context, sample, task)
                own = np.ones(len(detected.cells)) if events is None else events.weight
                made = (own, detected)
            words = upstream.words(made[1], network, background=sample.background)
            weight = made[0]
            if path is not None:
                kept_words.write(path, words, weight)
        else:
            words, weight = kept
        for number, ftdl in _decisions(upstream.decide(words)):
            sums[number].fill(sample.name, ftdl, weight)
            chance[number] = passing(found[number], ftdl)
    both = np.array([weight.sum(), np.square(weight).sum()])
    return Part(task.sample, len(weight), sums, both, _differences(chance, weight))


def _decisions(
    groups: Iterator[tuple[list[int], BitTable]],
) -> Iterator[tuple[int, BitTable]]:
    for numbers, ftdl in groups:
        for number in numbers:
            yield number, ftdl


def passing(candidate: Candidate, ftdl: BitTable) -> FloatArray:
    """Return the chance of every event to pass the menu after prescale, shape ``(n,)``."""
    fractions = ((line, candidate.setting.fraction(line)) for line in ftdl.names)
    return pass_probability(ftdl, [(line, q) for line, q in fractions if q > 0])


def _differences(chance: Sequence[FloatArray | None], weight: FloatArray) -> FloatArray:
    result = np.zeros((len(chance), 3))
    first = chance[0]
    assert first is not None
    squared = np.square(weight)
    for i, one in enumerate(chance):
        assert one is not None
        change = one - first
        # No dot product: its rounding depends on the number of threads.
        result[i] = (
            np.sum(weight * change), np.sum(squared * change), np.sum(squared * np.square(change)),
        )  # fmt: skip
    return result


def run_rates(
    config: OptimiseConfig, *, workers: int = 1, folder: Path | None = None,
    progress: Progress | None = None,
) -> RateResult:  # fmt: skip
    """Return the rates of all candidates.

    Parameters
    ----------
    config : OptimiseConfig
    workers : int
    folder : Path, optional
        Where words are kept.
    progress : callable, optional
    """
    job = config.model_dump_json()
    worker = Worker.of(job)
    study, n = worker.context.config, len(worker.candidates)
    luminosity = study.study.luminosity_cm2_s
    opened = open_files(worker.context)
    sources = "" if folder is None else kept_words.program()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    result = RateResult(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n))
    names = [c.setting.menu.names for c in worker.candidates]
    tasks = (
        Job(job, task, folder, sources)
        for task in tasks_of(study, opened, False)
        if study.samples[task.sample].rates
    )
    totals: dict[str, SampleSums] = {}
    current: SampleSums | None = None
    for part in in_order(run_part, tasks, workers=workers):
        sample = study.samples[part.sample]
        if current is None or current.sample.name != sample.name:
            if current is not None:
                finish(current, config, opened[current.number], luminosity)
            known = sample_result(worker.context, sample)
            current = totals[sample.name] = SampleSums(part.sample, known, names)
        current.add(part)
        if progress is not None:
            progress(sample.name, part.n_events)
    if current is not None:
        finish(current, config, opened[current.number], luminosity)
    # In the order of the names, as a rate table adds them up: rounding is the same.
    for name in sorted(totals):
        found = totals[name]
        if not found.known:
            continue
        result.by_sample[name] = found.rate
        result.total += found.rate
        result.total_err += np.square(found.error)
        result.difference += found.difference
        result.difference_err += np.square(found.difference_err)
        result.samples.append(found.sample)
    result.total_err = np.sqrt(result.total_err)
    result.difference_err = np.sqrt(result.difference_err)
    return result
