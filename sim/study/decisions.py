"""Decisions of every event to a file, after the prescale counters, in the order of the events."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from firmware_models.gdl_prescale import State, line_registers, prescale_rows
from sim.study.chunk import ChunkResult
from sim.study.config import StudyConfig
from sim.study.results import StudyResult
from sim.study.run import Progress, run_study
from sim.truth import VARIABLES
from trigger.bits import BitTable
from trigger.decision_files import open_writer
from trigger.decisions import MenuId, Provenance, chunk
from trigger.menu import Menu, load
from trigger.samples import Sample


def prescale_state(menu: Menu, seed: int) -> State:
    """Return the menu's prescale counters before the first event."""
    prescales = [line.prescale for line in menu.lines]
    registers = line_registers(
        [float(item.value) for item in prescales],
        [item.mode for item in prescales],
        seed=seed,
        place=f"menu {menu.name}",
    )
    phases = np.array([item.phase for item in prescales])
    given = phases > 0
    registers["phase"][given] = phases[given]
    return State.start(registers)


def write_decisions(
    config: StudyConfig,
    path: str | Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
    place: str = "",
) -> StudyResult:
    """Run a study and write every event's decisions.

    The counters run over the events of all samples in the study's order, so the file is the same
    for any number of workers.

    Parameters
    ----------
    config : StudyConfig
    path : str or Path
        Parquet file; it appears when all is done, or not at all.
    workers, scheduler, progress, place
        As for `sim.study.run.run_study`.

    Returns
    -------
    StudyResult
        With `counts` filled.
    """
    menu = load(config.study.menu)
    state = prescale_state(menu, config.study.seed)
    names = menu.names
    ftdl_counts = np.zeros(len(names), dtype=np.int64)
    psnm_counts = np.zeros(len(names), dtype=np.int64)
    seen: dict[str, int] = {}
    accepted = 0
    provenance = Provenance(
        names,
        tuple(float(line.prescale.value) for line in menu.lines),
        MenuId(menu.name, menu.version, menu.sha256),
        {name: variable.unit for name, variable in VARIABLES.items()},
        configuration=config.model_dump(mode="json"),
        seed=config.study.seed,
    )
    with open_writer(path, provenance) as writer:

        def consume(name: str, part: ChunkResult) -> None:
            nonlocal ftdl_counts, psnm_counts, accepted
            assert part.ftdl is not None
            rows = prescale_rows(part.ftdl.rows, part.n_events, state=state)
            psnm = BitTable(names, rows, part.n_events)
            first = seen.get(name, 0)
            decided = chunk(
                name, part.ftdl, psnm, weight=part.weight, truth=part.truth,
                event=np.arange(first, first + part.n_events),
            )  # fmt: skip
            writer.write(decided)
            seen[name] = first + part.n_events
            ftdl_counts += part.ftdl.counts()
            psnm_counts += psnm.counts()
            accepted += int(decided.l1.sum())

        result = run_study(
            config,
            workers=workers,
            scheduler=scheduler,
            progress=progress,
            consumer=consume,
            place=place,
        )
        for given, sample in zip(config.samples, result.samples, strict=True):
            # Samples made for efficiencies stand for no rate.
            known = sample.normalisation if given.rates else Sample(rate_hz=0.0)
            writer.normalise(sample.name, known)
    result.counts = {"ftdl": ftdl_counts, "psnm": psnm_counts, "l1": np.array([accepted])}
    return result
