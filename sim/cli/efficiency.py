"""`lowmult efficiency`: efficiency tables from decision files, in the formats of analysts."""

from __future__ import annotations

import argparse
import math
import sys
from typing import TYPE_CHECKING, Any

from firmware_models.errors import InputError, shortened, unknown_name

if TYPE_CHECKING:
    from trigger.axes import Axis
    from trigger.decision_files import DecisionFile
    from trigger.efficiency import EfficiencyTable
    from trigger.from_files import Efficiencies
    from trigger.orthogonal import OrthogonalMethod

MAX_ROWS = 60
"""Most bins that are shown on the screen."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("decisions", nargs="+", metavar="DECISIONS.parquet")
    parser.add_argument(
        "--line", action="append", required=True, metavar="LINE",
        help="output line, or l1 for the Level-1 accept; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--axis", action="append", required=True, metavar="NAME:LOW:HIGH:STEP",
        help="bins of a truth variable; or NAME:EDGE,EDGE,…; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--flow", action="append", default=[], metavar="NAME=clamp|error",
        help="outside the bins of an axis, correctionlib takes the nearest bin or refuses",
    )  # fmt: skip
    parser.add_argument(
        "--within", action="append", default=[], metavar="NAME:LOW:HIGH",
        help="only events with a truth variable in [LOW, HIGH)",
    )  # fmt: skip
    parser.add_argument(
        "--process", action="append", default=[], metavar="NAME", help="only this process"
    )
    parser.add_argument(
        "--stage", default="ftdl", metavar="STAGE", help="ftdl (before prescale, default) or psnm"
    )
    parser.add_argument(
        "--reference", default="", metavar="LINE",
        help="also by the orthogonal-trigger method with this line, with a closure test",
    )  # fmt: skip
    parser.add_argument(
        "--interval", default="clopper-pearson", metavar="NAME",
        help="clopper-pearson (default), wilson or jeffreys; weights: generalised Wilson",
    )  # fmt: skip
    parser.add_argument(
        "--cl", default="0.6827", metavar="CL", help="confidence level (default 0.6827)"
    )
    parser.add_argument("--out", metavar="STEM", help="write STEM.corr.json, STEM.csv, …")
    parser.add_argument(
        "--format", default="correctionlib,csv,hepdata,json", metavar="FORMAT,…",
        help="formats of --out (default: correctionlib,csv,hepdata,json)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Compute, print and write the tables."""
    from firmware_models.files import write_json
    from sim.cli import assignments
    from sim.cli.progress import event_progress
    from trigger.decisions import STAGES
    from trigger.export.json import bundle
    from trigger.from_files import Selection, efficiencies, open_files
    from trigger.intervals import check_level, method

    method(options.interval, place="--interval")
    style = {"method": options.interval, "cl": assignments.number(options.cl, "--cl")}
    check_level(style["cl"], place="--cl")
    if options.stage not in STAGES:
        raise unknown_name("stage", options.stage, STAGES, place="--stage")
    formats = _formats(options.format)
    assignments.unique(options.line, "--line")
    if options.reference in options.line:
        raise InputError(
            f"{shortened(options.reference)!r} is a --line as well: "
            "a line measures nothing about itself",
            place="--reference",
        )
    _targets(options, formats)
    files = open_files(options.decisions)
    axes = _axes(options, files)
    selection = Selection(assignments.unique(options.process, "--process"), _within(options.within))
    with event_progress(sum(file.n_events for file in files)) as done:
        found = efficiencies(
            files, options.line, axes, stage=options.stage, reference=options.reference,
            selection=selection, progress=done,
        )  # fmt: skip
    _show(found, style)
    description = _describe(files, selection.chosen_processes(files), options)
    if options.out is not None:
        _write(found, options, formats, style, description)
    if options.json:
        value = bundle(found.tables, **style, description=description)
        if found.orthogonal:
            value["orthogonal"] = [_orthogonal_json(method, style) for method in found.orthogonal]
        write_json(options.json, value)
    return 0


def _formats(text: str) -> list[str]:
    from sim.cli import assignments
    from trigger.export import FORMATS

    formats = list(assignments.names(text, "--format"))
    for name in formats:
        if name not in FORMATS:
            raise unknown_name("format", name, FORMATS, place="--format")
    return formats


def _within(texts: list[str]) -> dict[str, tuple[float, float]]:
    from sim.cli import assignments

    pairs = [assignments.bounds(text, "--within") for text in texts]
    assignments.unique([name for name, _ in pairs], "--within")
    return dict(pairs)


def _targets(options: argparse.Namespace, formats: list[str]) -> None:
    """Refuse impossible output files before any work."""
    from trigger.export import targets

    if options.out is None:
        return
    targets(options.out, formats)
    if options.reference:
        targets(f"{options.out}_given_{options.reference}", formats)


def _axes(options: argparse.Namespace, files: list[DecisionFile]) -> list[Axis]:
    from sim.cli import assignments
    from trigger.axes import Axis

    units = files[0].provenance.truth
    flows = dict(assignments.split(text, "--flow", "NAME=clamp|error") for text in options.flow)
    axes = []
    for text in options.axis:
        name, edges = assignments.steps(text, "--axis")
        if name not in units:
            raise unknown_name("axis", name, units, place="--axis")
        axes.append(Axis(name, units[name], edges, flows.pop(name, None)))
    for name in flows:
        raise unknown_name("axis", name, [axis.name for axis in axes], place="--flow")
    return axes


def _describe(
    files: list[DecisionFile], processes: tuple[str, ...], options: argparse.Namespace
) -> str:
    """Return where the tables come from, for the files."""
    stored = files[0].provenance
    parts = [
        f"Level-1 trigger emulation, lowmult {stored.package_version}",
        f"menu {stored.menu.name} {stored.menu.version} {stored.menu.sha256}".rstrip(),
        f"process {', '.join(processes)}",
        *(f"within {text}" for text in options.within),
    ]
    return "; ".join(parts)


def _write(
    found: Efficiencies,
    options: argparse.Namespace,
    formats: list[str],
    style: dict[str, Any],
    description: str,
) -> None:
    from trigger.export import write_all

    paths = write_all(found.tables, options.out, formats, **style, description=description)
    if found.orthogonal:
        measured = [method.with_reference for method in found.orthogonal]
        stem = f"{options.out}_given_{options.reference}"
        paths += write_all(measured, stem, formats, **style, description=description)
    for path in paths:
        sys.stdout.write(f"{path}\n")


def _orthogonal_json(method: OrthogonalMethod, style: dict[str, Any]) -> dict[str, Any]:
    from trigger.export.json import to_json

    bias, error = method.bias()
    closure = method.closure()
    return {
        **to_json(method.with_reference, style["method"], style["cl"]),
        "reference": method.reference,
        "bias": bias,
        "bias_err": error,
        "closure": {"chi2": closure.chi2, "n_bins": closure.n_bins, "p_value": closure.p_value},
    }


def _show(found: Efficiencies, style: dict[str, Any]) -> None:
    from sim.cli import screen

    for i, table in enumerate(found.tables):
        title = f"{table.bit}: {_share(table)}"
        n_bins = math.prod(table.shape)
        if n_bins > MAX_ROWS:
            sys.stdout.write(f"{title}, {n_bins} bins\n")
        else:
            rows = table.tidy(style["method"], style["cl"])
            columns = [f"{axis.name} [{axis.unit or '1'}]" for axis in table.axes]
            screen.table(
                title,
                (*columns, "efficiency", "lower", "upper", "passing", "all"),
                [
                    (
                        *(f"{r[f'{a.name}_lo']:g} – {r[f'{a.name}_hi']:g}" for a in table.axes),
                        f"{r['eff']:.4f}", f"-{r['err_lo']:.4f}", f"+{r['err_hi']:.4f}",
                        f"{r['n_pass']:g}", f"{r['n_total']:g}",
                    )
                    for r in rows
                ],
            )  # fmt: skip
        if found.orthogonal:
            _show_orthogonal(found.orthogonal[i])


def _show_orthogonal(method: OrthogonalMethod) -> None:
    closure = method.closure()
    sys.stdout.write(
        f"{method.with_reference.bit} in events with {method.reference}: "
        f"{_share(method.with_reference)}; closure: chi-square {closure.chi2:.1f} "
        f"in {closure.n_bins} bins, p-value {closure.p_value:.3g}\n"
    )


def _share(table: EfficiencyTable) -> str:
    """Return how many of the events inside the bins pass."""
    passed, total = float(table.n_pass.sum()), float(table.n_total.sum())
    share = f" ({passed / total:.4f})" if total > 0 else ""
    return f"{passed:g} of {total:g}{share}"
