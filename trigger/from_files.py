"""Rates and efficiencies from decision files, one chunk in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from trigger.axes import Axis
from trigger.decision_files import DecisionFile
from trigger.decisions import LEVEL1, DecisionChunk
from trigger.efficiency import EfficiencyTable
from trigger.orthogonal import OrthogonalMethod
from trigger.rates import RateAccumulator
from trigger.samples import Sample, join

Progress = Callable[[str, int], None]
"""Called with the process and the number of events done since the last call."""


def _silent(_process: str, _events: int) -> None:
    """Report nothing."""


def open_files(paths: Sequence[str | Path]) -> list[DecisionFile]:
    """Open decision files that belong together.

    Parameters
    ----------
    paths : sequence of str or Path

    Raises
    ------
    InputError
        When a file is bad, given twice, or has other lines or truth variables than the first.
    """
    files: list[DecisionFile] = []
    seen: set[Path] = set()
    for path in paths:
        if Path(path).resolve() in seen:
            raise InputError("is given twice", place=str(path))
        seen.add(Path(path).resolve())
        file = DecisionFile(path)
        first = (files or [file])[0].provenance
        for name in ("lines", "truth"):
            if getattr(file.provenance, name) != getattr(first, name):
                raise InputError(f"{name} differ from those of {files[0].path}", place=str(path))
        files.append(file)
    if not files:
        raise InputError("no decision file given")
    return files


def prescales_of(files: Sequence[DecisionFile]) -> tuple[float, ...]:
    """Return the prescales that the files share.

    Raises
    ------
    InputError
        When they differ.
    """
    first = files[0].provenance.prescales
    for file in files:
        if file.provenance.prescales != first:
            raise InputError(
                f"prescales differ from those of {files[0].path}; give a menu", place=str(file.path)
            )
    return first


def accumulate(
    files: Sequence[DecisionFile],
    lines: Sequence[str],
    prescales: Sequence[float],
    processes: Sequence[str] = (),
    progress: Progress = _silent,
) -> RateAccumulator:
    """Accumulate rates of the given lines.

    Parameters
    ----------
    files : sequence of DecisionFile
    lines : sequence of str
        In menu order.
    prescales : sequence of float
        0 masks, n lets one in n through; may differ from those that the files were made with.
    processes : sequence of str
        Processes to take; empty for all.
    progress : callable, optional
    """
    accumulator = RateAccumulator(lines, prescales)
    for file in files:
        for chunk in file.chunks(lines=lines, stages=("ftdl",), truth=()):
            if not processes or chunk.process in processes:
                accumulator.fill(chunk.process, chunk.ftdl, chunk.weight)
            progress(chunk.process, len(chunk))
    return accumulator


def joined_samples(
    files: Sequence[DecisionFile],
    given: Mapping[str, Mapping[str, float]],
    processes: Sequence[str] = (),
) -> dict[str, Sample]:
    """Return the normalisation of every process: from the files, replaced by what is given.

    Parameters
    ----------
    files : sequence of DecisionFile
    given : mapping of process to mapping
        Fields of `Sample` by name. A cross-section replaces a stored rate and the reverse.
    processes : sequence of str
        Processes to take; empty for all.

    Raises
    ------
    InputError
        For an unknown process, or files that disagree on what is not given.
    """
    names = sorted({name for file in files for name in file.processes})
    for name in (*given, *processes):
        if name not in names:
            raise unknown_name("process", name, names)
    return {name: _joined(files, name, given.get(name, {})) for name in processes or names}


def _joined(files: Sequence[DecisionFile], name: str, given: Mapping[str, float]) -> Sample:
    clean: dict[str, float | None] = {}
    if "sigma_nb" in given or "rate_hz" in given:
        clean = {"sigma_nb": None, "sigma_err_nb": 0.0, "rate_hz": None, "rate_err_hz": 0.0}
    parts = [
        (replace(file.provenance.samples[name], **clean), file.seen[name])  # type: ignore[arg-type]
        for file in files
        if name in file.processes
    ]
    # With another number of generated events, the sums of their weights are no longer known.
    unknown = {"sum_w": None, "sum_w2": None} if "n_generated" in given else {}
    joined = replace(join(parts, name), **unknown, **given)  # type: ignore[arg-type]
    return joined.checked(name)


@dataclass(frozen=True)
class Selection:
    """Which events enter an efficiency.

    Parameters
    ----------
    processes : tuple of str
        Processes to take; empty for the only one.
    within : mapping of str to (float, float)
        Truth variables with the range [low, high) that an event must have.
    """

    processes: tuple[str, ...] = ()
    within: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def chosen_processes(self, files: Sequence[DecisionFile]) -> tuple[str, ...]:
        """Return the processes to take.

        Raises
        ------
        InputError
            For an unknown process, or when there are several and none is named: an efficiency of
            a mixture depends on how much was generated of each.
        """
        names = sorted({name for file in files for name in file.processes})
        for name in self.processes:
            if name not in names:
                raise unknown_name("process", name, names)
        if not self.processes and len(names) > 1:
            raise InputError(f"several processes, name one or more: {', '.join(names)}",
                             place="process")  # fmt: skip
        return self.processes or tuple(names)

    def mask(self, chunk: DecisionChunk) -> NDArray[np.bool_]:
        """Return which events of a chunk are taken, shape ``(n,)``."""
        taken = np.ones(len(chunk), dtype=bool)
        for name, (low, high) in self.within.items():
            taken &= (chunk.truth[name] >= low) & (chunk.truth[name] < high)
        return taken


@dataclass(frozen=True)
class Efficiencies:
    """Result of `efficiencies`: tables against truth and, with a reference, what it measures."""

    tables: list[EfficiencyTable]
    orthogonal: list[OrthogonalMethod]


def efficiencies(
    files: Sequence[DecisionFile],
    lines: Sequence[str],
    axes: Sequence[Axis],
    *,
    stage: str = "ftdl",
    reference: str = "",
    selection: Selection | None = None,
    progress: Progress = _silent,
) -> Efficiencies:
    """Tabulate the efficiency of lines in bins of truth variables.

    Parameters
    ----------
    files : sequence of DecisionFile
    lines : sequence of str
        Output lines; ``l1`` is the Level-1 accept (after prescale).
    axes : sequence of Axis
        Truth variables of the files.
    stage : {"ftdl", "psnm"}
        Lines before or after prescale.
    reference : str, optional
        Line before prescale of the orthogonal-trigger method.
    selection : Selection, optional
    progress : callable, optional

    Raises
    ------
    InputError
        For unknown names.
    """
    chosen = selection or Selection()
    stored, place = files[0].provenance, str(files[0].path)
    for kind, names, allowed in (
        ("line", [*lines, *([reference] if reference else [])], (*stored.lines, LEVEL1)),
        ("truth column", [*(axis.name for axis in axes), *chosen.within], tuple(stored.truth)),
    ):
        for name in names:
            if name not in allowed:
                raise unknown_name(kind, name, allowed, place=place)
    processes = chosen.chosen_processes(files)
    weighted = any(_weighted(file.seen[name]) for file in files for name in processes
                   if name in file.seen)  # fmt: skip
    stages = {line: stage if line in stored.lines else "psnm" for line in lines}
    tables = [EfficiencyTable(line, axes, weighted=weighted, stage=stages[line]) for line in lines]
    methods = [
        OrthogonalMethod(line, reference, axes, weighted=weighted, stage=stages[line])
        for line in (lines if reference else ())
    ]
    read = [name for name in dict.fromkeys([*lines, reference]) if name in stored.lines]
    truth = list(dict.fromkeys([*(axis.name for axis in axes), *chosen.within]))
    for file in files:
        for chunk in file.chunks(lines=read, stages=("ftdl", stage), truth=truth):
            progress(chunk.process, len(chunk))
            if chunk.process not in processes:
                continue
            taken = chosen.mask(chunk)
            values = {name: column[taken] for name, column in chunk.truth.items()}
            weight = chunk.weight[taken] if weighted else None
            for table in tables:
                table.fill(values, chunk.bit(table.line, table.stage)[taken], weight)
            for method in methods:
                probe = chunk.bit(method.probe, stages[method.probe])[taken]
                method.fill(values, probe, chunk.bit(reference)[taken], weight)
    return Efficiencies(tables, methods)


def _weighted(tally: Mapping[str, float]) -> bool:
    """Whether any weight differs from 1: then the two sums cannot both equal the number."""
    n = tally["n_events"]
    return tally["sum_w"] != n or tally["sum_w2"] != n
