"""`lowmult rates`: total, pure and cumulative rates and overlaps from decision files."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from firmware_models.errors import InputError, shortened, unknown_name

if TYPE_CHECKING:
    from trigger.decision_files import DecisionFile
    from trigger.decisions import MenuId
    from trigger.rate_table import RateTable


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("decisions", nargs="+", metavar="DECISIONS.parquet")
    parser.add_argument(
        "--luminosity", required=True, metavar="L", help="instantaneous luminosity [1/(cm2 s)]"
    )
    parser.add_argument(
        "--sigma", action="append", default=[], metavar="PROCESS=NB[±ERR]",
        help="cross-section of the generated sample [nb]; default: that of the file",
    )  # fmt: skip
    parser.add_argument(
        "--rate", action="append", default=[], metavar="PROCESS=HZ[±ERR]",
        help="rate of a source without cross-section, such as windows of accidental background",
    )  # fmt: skip
    parser.add_argument(
        "--generated", action="append", default=[], metavar="PROCESS=N",
        help="generated events, including those dropped before the trigger",
    )  # fmt: skip
    parser.add_argument(
        "--process", action="append", default=[], metavar="NAME",
        help="only this process; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--menu", metavar="MENU", help="take lines and prescales from this menu, not from the file"
    )
    parser.add_argument(
        "--prescale", action="append", default=[], metavar="LINE=N",
        help="another prescale: 0 masks, N lets one in N through",
    )  # fmt: skip
    parser.add_argument("--csv", metavar="FILE", help="rates by process and line")
    parser.add_argument("--all", action="store_true", help="show lines that never fire as well")
    parser.add_argument(
        "--overlaps", type=int, default=0, metavar="N",
        help="show the overlaps of the N lines of highest rate",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Compute, print and write the table."""
    from firmware_models.files import write_json, write_text
    from sim.cli import assignments
    from sim.cli.progress import event_progress
    from trigger.from_files import accumulate, joined_samples, open_files

    luminosity = assignments.number(options.luminosity, "--luminosity")
    given = _normalisations(options)
    files = open_files(options.decisions)
    assignments.unique(options.process, "--process")
    samples = joined_samples(files, given, options.process)
    lines, prescales, menu = _menu(options, files)
    with event_progress(sum(file.n_events for file in files)) as done:
        accumulator = accumulate(files, lines, prescales, options.process, done)
    table = accumulator.rate_table(samples, luminosity, menu)
    show(table, all_lines=options.all, overlaps=options.overlaps)
    if options.csv:
        write_text(options.csv, table.to_csv())
    if options.json:
        write_json(options.json, table.to_json())
    return 0


def _normalisations(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    from sim.cli import assignments

    given: dict[str, dict[str, float]] = {}
    for option, key, texts in (
        ("--sigma", "sigma", options.sigma), ("--rate", "rate", options.rate)
    ):  # fmt: skip
        unit = "nb" if key == "sigma" else "hz"
        for text in texts:
            name, value = assignments.split(text, option, "PROCESS=VALUE[±ERR]")
            number, error = assignments.with_error(value, f"{option} {name}")
            given.setdefault(name, {})
            given[name] |= {f"{key}_{unit}": number, f"{key}_err_{unit}": error}
    for text in options.generated:
        name, value = assignments.split(text, "--generated", "PROCESS=N")
        if not value.isascii() or not value.isdigit():
            raise InputError(
                f"must be a whole number, not {shortened(value)!r}", place=f"--generated {name}"
            )
        given.setdefault(name, {})["n_generated"] = int(value)
    return given


def _menu(
    options: argparse.Namespace, files: list[DecisionFile]
) -> tuple[tuple[str, ...], tuple[float, ...], MenuId]:
    """Return lines, prescales and the name of the menu, with what the options change."""
    from sim.cli import assignments
    from trigger.decisions import MenuId
    from trigger.from_files import prescales_of

    if options.menu:
        from trigger.menu import load

        menu = load(options.menu)
        lines = menu.names
        values = [float(line.prescale.value) for line in menu.lines]
        identity = MenuId(menu.name, menu.version, menu.sha256)
    else:
        lines, values = files[0].provenance.lines, list(prescales_of(files))
        identity = files[0].provenance.menu
    for text in options.prescale:
        name, value = assignments.split(text, "--prescale", "LINE=N")
        if name not in lines:
            raise unknown_name("line", name, lines, place="--prescale")
        values[lines.index(name)] = assignments.number(value, f"--prescale {name}")
    if options.prescale:
        # The hash of a menu covers its prescales: it no longer describes what is shown.
        identity = MenuId(identity.name, f"{identity.version} with other prescales", "")
    return lines, tuple(values), identity


def show(table: RateTable, *, all_lines: bool = False, overlaps: int = 0) -> None:
    """Print a rate table: lines, processes, and the overlaps of some lines of highest rate."""
    from sim.cli import screen

    rates = table.all
    shown = [i for i in range(len(table.lines)) if all_lines or rates.line[i] > 0]
    screen.table(
        f"{table.menu.name or 'menu'} at {table.luminosity_cm2_s:g} /cm2/s: "
        f"total {screen.measured(rates.total, rates.total_err)} Hz",
        ("line", "prescale", "rate [Hz]", "pure [Hz]", "cumulative [Hz]"),
        [
            (
                table.lines[i],
                f"{table.prescales[i]:g}",
                screen.measured(rates.line[i], rates.line_err[i]),
                screen.measured(rates.pure[i], rates.pure_err[i]),
                screen.measured(rates.cumulative[i], rates.cumulative_err[i]),
            )
            for i in shown
        ],
    )
    if len(table.by_process) > 1:
        screen.table(
            "by process",
            ("process", "total [Hz]", "largest lines [Hz]"),
            [
                (name, screen.measured(part.total, part.total_err), ", ".join(
                    f"{table.lines[i]} {screen.short(part.line[i])}"
                    for i in (-part.line).argsort(kind="stable")[:3] if part.line[i] > 0
                ))
                for name, part in table.by_process.items()
            ],
        )  # fmt: skip
    if overlaps > 0:
        first = (-rates.line).argsort(kind="stable")[:overlaps]
        screen.table(
            "overlaps [Hz]",
            ("line", *(table.lines[i] for i in first)),
            [(table.lines[i], *(screen.short(rates.overlap[i, j]) for j in first)) for i in first],
        )
