"""`lowmult study`: the main job."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

MAX_WORKERS = 1024

if TYPE_CHECKING:
    from sim.study.config import StudyConfig
    from sim.study.results import StudyResult


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "study", nargs="?", metavar="STUDY.toml", help="default: the packaged study"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for results and report")
    parser.add_argument(
        "--events", type=int, metavar="N",
        help="events of all samples together; scenarios shrink or grow with it",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, metavar="S")
    parser.add_argument("--menu", metavar="MENU", help="menu file, or name of a packaged menu")
    parser.add_argument("--luminosity", type=float, metavar="L", help="luminosity [1/(cm2 s)]")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N",
        help="processes (default: all cores)",
    )  # fmt: skip
    parser.add_argument(
        "--decisions", metavar="FILE.parquet", help="also write every event's decisions"
    )
    parser.add_argument("--scheduler", metavar="ADDR", help="dask scheduler to use instead")


def run(options: argparse.Namespace) -> int:
    """Run the study, write its folder, print the rates."""
    from sim.cli import screen
    from sim.cli.progress import event_progress
    from sim.cli.rates import show
    from sim.study.config import load_study
    from sim.study.decisions import write_decisions
    from sim.study.outputs import (
        REPORT,
        efficiency_json,
        grids_json,
        study_json,
        whole_folder,
        write_study,
    )
    from sim.study.run import run_study
    from sim.study.scenarios import scenarios_json
    from sim.study.tasks import planned_events

    config = _with_options(load_study(options.study), options)
    place = options.study or "default study"
    with (
        whole_folder(Path(options.out)) as folder,
        event_progress(planned_events(config, place)) as done,
    ):
        how = {
            "workers": options.workers, "scheduler": options.scheduler, "progress": done,
            "place": place,
        }  # fmt: skip
        if options.decisions:
            result = write_decisions(config, options.decisions, **how)
        else:
            result = run_study(config, **how)
        write_study(result, folder)
    if result.rates is not None:
        show(result.rates)
    scenarios = scenarios_json(result.scenarios)
    for scenario in scenarios:
        _show_scenario(scenario, config.study.focus)
    if result.readout is not None:
        _show_dead_time(result.readout)
    if options.json:
        from firmware_models.files import write_json

        write_json(options.json, {
            "study": study_json(result),
            "rates": result.rates.to_json() if result.rates else None,
            "efficiency": efficiency_json(result),
            "grids": grids_json(result),
            "readout": result.readout,
            "scenarios": scenarios,
        })  # fmt: skip
    _warn_of_silent_lines(result)
    screen.line(f"Report: {Path(options.out) / REPORT}")
    return 0


def _warn_of_silent_lines(result: StudyResult) -> None:
    """Say which tables are empty because nothing here makes their line fire."""
    from sim.cli import screen
    from sim.study.outputs import silent_lines

    wanted = {line for entry in result.config.efficiency for line in entry.lines}
    wanted |= {line for grid in result.config.grids for line in grid.used_lines()}
    silent = sorted(wanted & set(silent_lines(result)))
    if silent:
        screen.line(
            f"Warning: nothing here produces the inputs of {', '.join(silent)}: these efficiencies "
            "are 0. Track lines need the table [tracks], muon lines [muons]."
        )


def _show_scenario(found: dict[str, Any], focus: list[str]) -> None:
    """Print the lines in focus, or all that fire."""
    from sim.cli import screen
    from sim.study.scenarios import PARTS, TOTAL

    def cell(part: dict[str, float] | None, key: str) -> str:
        if part is None or f"{key}_hz" not in part:
            return "–"
        return screen.measured(part[f"{key}_hz"], part[f"{key}_err_hz"])

    rows = [(TOTAL, found["total"])]
    rows += [
        (line["name"], line) for line in found["lines"]
        if line["all"]["rate_hz"] > 0 and (not focus or line["name"] in focus)
    ]  # fmt: skip
    screen.table(
        f"scenario {found['name']}: {found['luminosity_cm2_s']:g} /cm2/s, beam background x "
        f"{found['background']['level']:.3g}"
        + (f", working point {found['working_point']}" if found["working_point"] else ""),
        ("line", "rate [Hz]", "physics", "background", "pure physics", "pure backgr."),
        [
            (name, cell(values["all"], "rate"),
             *(cell(values[part], key) for key in ("rate", "pure") for part in PARTS[1:]))
            for name, values in rows
        ],
    )  # fmt: skip


def _show_dead_time(found: dict[str, Any]) -> None:
    from sim.cli import screen

    own, after = found["line_triggers"], found["after_dead_time"]
    causes = [(name, loss) for name, loss in own["loss_by_cause"].items() if loss]
    left = screen.measured(after["total_hz"], after["total_err_hz"])
    screen.line(
        f"Dead time: {100 * own['loss']:.3g} % of the triggers lost"
        + (" (" + ", ".join(f"{name} {100 * loss:.2g} %" for name, loss in causes) + ")"
           if causes else "")
        + f"; {left} Hz are left"
    )  # fmt: skip


def _with_options(config: StudyConfig, options: argparse.Namespace) -> StudyConfig:
    """Return the study with what the command line overrides, checked again."""
    from firmware_models.errors import InputError
    from sim.study.config import parse_study

    if not 1 <= options.workers <= MAX_WORKERS:
        raise InputError(f"must be 1 to {MAX_WORKERS}, not {options.workers}", place="--workers")
    given = {
        "events": options.events,
        "seed": options.seed,
        "menu": options.menu,
        "luminosity_cm2_s": options.luminosity,
    }
    data = config.model_dump()
    if options.events is not None:
        scale = options.events / config.study.events
        for scenario in data["scenarios"]:
            if scenario["events"] is not None:
                scenario["events"] = max(1, round(scenario["events"] * scale))
    data["study"] |= {key: value for key, value in given.items() if value is not None}
    return parse_study(data, "command line")
