"""What a study leaves in its folder: JSON, tables for analyses, and the report."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from firmware_models.errors import InputError
from firmware_models.files import write_json, write_text
from sim.report.study_page import study_page
from sim.study.config import Efficiency
from sim.study.grids import grid_json
from sim.study.results import StudyResult
from sim.study.scenarios import scenarios_csv, scenarios_json
from trigger.efficiency import EfficiencyTable
from trigger.export import FORMATS, write_all
from trigger.export import grids as grid_files
from trigger.export.json import to_json
from trigger.orthogonal import OrthogonalMethod

REPORT = "report.html"
READOUT = "readout.json"

GLOBAL_VETOES = {"veto"}
"""Inputs that act on every line at injection: without them there is no dead time, that is all."""


def study_json(result: StudyResult) -> dict[str, Any]:
    """Return what the study ran: samples, menu, seed, versions, cell counts."""
    config = result.config.study
    return {
        "name": config.name,
        "luminosity_cm2_s": config.luminosity_cm2_s,
        "seed": config.seed,
        "n_events": result.n_events,
        "menu": {
            "name": result.menu.name, "version": result.menu.version, "sha256": result.menu.sha256,
        },
        "working_point": config.working_point,
        "package_version": version("lowmult"),
        "focus": config.focus,
        "compare_with_source": config.compare_with_source,
        "without_producer": list(result.without_producer),
        "silent_lines": list(silent_lines(result)),
        "loose_lines": list(loose_lines(result)),
        "notes": config.notes,
        "configuration": result.config.model_dump(mode="json"),
        "samples": [_sample_json(result, i) for i in range(len(result.samples))],
    }  # fmt: skip


def _sample_json(result: StudyResult, number: int) -> dict[str, Any]:
    sample = result.samples[number]
    known = sample.normalisation
    values: dict[str, Any] = {
        "name": sample.name,
        "title": sample.title,
        "n_events": sample.n_events,
        "notes": sample.notes,
        **known.as_dict(),
        "cell_fired": sample.cell_fired.tolist(),
        "cell_energy_counts": sample.cell_energy.tolist(),
    }
    if known.sigma_nb is not None:
        luminosity = result.config.study.luminosity_cm2_s
        values["source_hz"] = known.source_rate(luminosity, sample.name)[0]
    return values


def silent_lines(result: StudyResult) -> Iterator[str]:
    """Yield lines that can't fire: every term needs an input that nothing produces."""
    missing = set(result.without_producer)
    for line in result.menu.lines:
        if all(any(name in missing and positive for name, positive in term) for term in line.dnf):
            yield line.name


def loose_lines(result: StudyResult) -> Iterator[str]:
    """Yield lines that can fire and that a missing input would veto: their rate is too high."""
    missing = set(result.without_producer)
    silent = set(silent_lines(result))
    for line in result.menu.lines:
        vetoed = {name for term in line.dnf for name, positive in term if not positive}
        if line.name not in silent and vetoed & missing - GLOBAL_VETOES:
            yield line.name


def efficiency_json(result: StudyResult) -> list[dict[str, Any]]:
    """Return every efficiency table with its label, its title and its method."""
    entries = {entry.label: entry for entry in result.config.efficiency}
    found = []
    for (label, _), table in result.tables.items():
        for name, part, extra in _parts(table):
            found.append(
                {"label": label, "title": entries[label].title or label, "method": name,
                 **to_json(part), **extra}
            )  # fmt: skip
    return found


def _parts(
    table: EfficiencyTable | OrthogonalMethod,
) -> Iterator[tuple[str, EfficiencyTable, dict[str, Any]]]:
    if isinstance(table, EfficiencyTable):
        yield "", table, {}
        return
    closure = table.closure()
    text = f"Closure of {table.probe} measured with {table.reference}: "
    text += (
        f"χ² = {closure.chi2:.1f} in {closure.n_bins} bins (p = {closure.p_value:.3g})."
        if closure.n_bins
        else "too few events."
    )
    bias, error = table.bias()
    yield "truth", table.truth, {}
    yield f"by {table.reference}", table.with_reference, {
        "closure": text, "chi2": closure.chi2, "n_bins": closure.n_bins,
        "p_value": closure.p_value, "bias": bias.tolist(), "bias_err": error.tolist(),
    }  # fmt: skip


def grids_json(result: StudyResult) -> list[dict[str, Any]]:
    """Return every grid with what it was made from."""
    return [grid_json(grid, result.grids[grid.label]) for grid in result.config.grids]


def write_study(result: StudyResult, folder: Path) -> None:
    """Write everything into a folder that exists; see `whole_folder`."""
    study, efficiency = study_json(result), efficiency_json(result)
    rates = result.rates.to_json() if result.rates is not None else None
    write_json(folder / "study.json", study)
    write_json(folder / "efficiency.json", efficiency)
    if rates is not None and result.rates is not None:
        write_json(folder / "rates.json", rates)
        write_text(folder / "rates.csv", result.rates.to_csv())
    if result.readout is not None:
        write_json(folder / READOUT, result.readout)
    scenarios = scenarios_json(result.scenarios)
    if scenarios:
        write_json(folder / "scenarios.json", scenarios)
        write_text(folder / "scenarios.csv", scenarios_csv(scenarios))
    grids = grids_json(result)
    if grids:
        write_json(folder / "grids.json", grids)
        _write_grids(result, folder / "grids")
    page = study_page(study, rates, efficiency, result.readout, scenarios, grids)
    write_text(folder / REPORT, page)
    _write_tables(result, folder / "tables")


def _write_grids(result: StudyResult, folder: Path) -> None:
    folder.mkdir()
    for grid in result.config.grids:
        sums = result.grids[grid.label]
        write_text(folder / f"{grid.label}.csv", grid_files.to_csv(sums, grid.label))
        grid_files.write_npz(folder / f"{grid.label}.npz", sums)
        groups = [f"{name} = {' or '.join(lines)}" for name, lines in sums.any_of.items()]
        cuts = [f"{cut.low:g} <= {cut.variable} < {cut.high:g}" for cut in grid.where]
        mass, ctau = sums.axes()
        text = "; ".join([
            f"{grid.title or grid.label}; process {grid.process} {dict(grid.parameters)}",
            *groups,
            f"denominator: {' and '.join(cuts) or 'all generated events'}",
            f"one bin about each point, masses {list(sums.masses)} GeV in edges "
            f"{list(mass.edges)}, ctau {list(sums.ctaus)} m in edges {list(ctau.edges)}",
            _versions(result),
        ])  # fmt: skip
        write_all(sums.tables(), folder / grid.label, ["correctionlib"], description=text)


def _write_tables(result: StudyResult, folder: Path) -> None:
    folder.mkdir()
    entries: dict[str, Efficiency] = {entry.label: entry for entry in result.config.efficiency}
    for label, entry in entries.items():
        tables: dict[str, list[EfficiencyTable]] = {}
        for (found, _), table in result.tables.items():
            if found == label:
                for name, part, _ in _parts(table):
                    stem = f"{label}_given_{entry.reference}" if name.startswith("by ") else label
                    tables.setdefault(stem, []).append(part)
        for stem, parts in tables.items():
            write_all(parts, folder / stem, list(FORMATS), description=_origin(result, label))


def _origin(result: StudyResult, label: str) -> str:
    entry = next(entry for entry in result.config.efficiency if entry.label == label)
    sample = next(s for s in result.samples if s.name == entry.sample)
    return f"{entry.title or label}; sample {sample.name} ({sample.title}), {_versions(result)}"


def _versions(result: StudyResult) -> str:
    return (
        f"menu {result.menu.name} {result.menu.version} ({result.menu.sha256[:12]}), seed "
        f"{result.config.study.seed}, lowmult {version('lowmult')}"
    )


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder whose files move into `folder` when the block ends well."""
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file, a folder is needed", place=str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=folder, prefix=".new-"))
    except OSError as error:
        raise InputError(f"cannot write here: {error.strerror}", place=str(folder)) from error
    try:
        yield new
        for path in sorted(p for p in new.rglob("*") if p.is_file()):
            target = folder / path.relative_to(new)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if not any(folder.iterdir()):
            folder.rmdir()
