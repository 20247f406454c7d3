"""`lowmult optimise`: which thresholds and prescales give the most reach for a rate."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firmware_models.errors import InputError

if TYPE_CHECKING:
    from sim.optimise.config import OptimiseConfig
    from sim.optimise.run import Prepared

MAX_WORKERS = 1024
MAX_EVENTS = 10**12
LONGEST_LIST = 30
"""Candidates in the table on the screen; all are in the files."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("config", metavar="OPT.toml", help="channels, axes and budget")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for the table, the picture and the page"
    )
    parser.add_argument("--events", type=int, metavar="N", help="events of the study")
    parser.add_argument("--seed", type=int, metavar="S")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N",
        help="processes (default: all cores)",
    )  # fmt: skip
    parser.add_argument(
        "--kept",
        metavar="DIR",
        help="folder of kept signal events and words (default: DIR/kept of --out)",
    )


def run(options: argparse.Namespace) -> int:
    """Evaluate all candidates, write the folder, print the front."""
    from firmware_models.files import write_json
    from sim.cli import screen
    from sim.cli.progress import event_progress
    from sim.optimise.outputs import PAGE, optimise_json, write_optimise
    from sim.optimise.run import prepare, run_optimise
    from sim.study.outputs import whole_folder

    given = prepare(_config(options), options.config)
    _say_number(given)
    with whole_folder(Path(options.out)) as folder, event_progress(given.events) as done:
        result = run_optimise(
            given, workers=options.workers, progress=done,
            folder=Path(options.kept or Path(options.out) / "kept"),
        )  # fmt: skip
        value = optimise_json(result)
        write_optimise(value, folder)
    for objective in value["objectives"]:
        _show(value, objective)
    _show_checks(value)
    if options.json:
        write_json(options.json, value)
    screen.line(f"Report: {Path(options.out) / PAGE}")
    return 0


def _config(options: argparse.Namespace) -> OptimiseConfig:
    from sim.optimise.config import load_optimise

    if not 1 <= options.workers <= MAX_WORKERS:
        raise InputError(f"must be 1 to {MAX_WORKERS}, not {options.workers}", place="--workers")
    if options.events is not None and not 1 <= options.events <= MAX_EVENTS:
        raise InputError(f"must be 1 to {MAX_EVENTS}, not {options.events}", place="--events")
    if options.seed is not None and not 0 <= options.seed < 2**63:
        raise InputError(f"must be 0 to 2**63 - 1, not {options.seed}", place="--seed")
    config = load_optimise(options.config)
    given = {"events": options.events, "seed": options.seed}
    main = config.optimise.model_copy(update={k: v for k, v in given.items() if v is not None})
    return config.model_copy(update={"optimise": main})


def _say_number(given: Prepared) -> None:
    from sim.cli import screen

    n = len(given.candidates)
    screen.line(
        f"{n} candidate{'s' if n > 1 else ''} on {given.events:,} events of rates and channels"
    )


def _show(value: dict[str, Any], objective: dict[str, Any]) -> None:
    from sim.cli import screen

    rows = sorted(
        (value["candidates"][i] for i in objective["front"]), key=lambda one: one["rate_khz"]
    )
    name = objective["name"]
    # Columns, not labels: those of many axes are longer than a line.
    axes = list(dict.fromkeys(axis for one in value["candidates"] for axis in one["values"]))
    screen.table(
        f"{name}: candidates that no other beats in rate and reach",
        ("number", *(axis.rpartition(".")[2] for axis in axes), "rate [kHz]", "dead [%]", "reach",
         "in budget"),
        [
            (
                f"{one['id']}{' (base)' if one['base'] else ''}",
                *(_cell(axis, one["values"].get(axis)) for axis in axes),
                screen.measured(one["rate_khz"], one["rate_err_khz"]),
                screen.short(100 * one["dead_time"]),
                screen.measured(one["reach"][name], one["reach_err"][name]),
                "best" if one["id"] == objective["best"]
                else "yes" if one["within_budget"] else "no",
            )
            for one in rows[:LONGEST_LIST]
        ],
    )  # fmt: skip
    if len(rows) > LONGEST_LIST:
        screen.line(f"{len(rows) - LONGEST_LIST} more are in the table on disk.")
    if objective["best"] is None:
        screen.line(f"{name}: no candidate is within the budget")


def _cell(axis: str, value: Any) -> str:
    if value is None:
        return "base"
    if axis.startswith("prescales."):
        return f"1/{value:g}" if value else "masked"
    return str(value)


def _show_checks(value: dict[str, Any]) -> None:
    from sim.cli import screen

    for check in value["dead_time"]["checks"]:
        screen.line(
            f"Dead time of {value['candidates'][check['candidate']]['label']}: interpolated "
            f"{screen.short(check['interpolated'])}, simulated "
            f"{screen.measured(check['direct'], check['direct_err'])}"
        )
    for channel, lines in value["silent_lines"].items():
        if lines:
            screen.line(f"Warning: {channel}: nothing here makes these lines fire: "
                        f"{', '.join(lines)}")  # fmt: skip
