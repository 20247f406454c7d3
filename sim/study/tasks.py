"""The chunks of events that a study runs, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sim.readers import EventFile, open_events
from sim.study.checks import located
from sim.study.chunk import Context, Task
from sim.study.config import StudyConfig
from sim.study.grids import all_samples
from sim.study.scenarios import scenario_studies


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
