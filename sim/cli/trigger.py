"""`lowmult trigger`: decisions for an event file."""

from __future__ import annotations

import argparse
import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.study.config import StudyConfig
    from sim.study.results import StudyResult
    from trigger.menu import Menu

LUMINOSITY = 8e35

PREFERRED = ("lml6", "lml7", "lml1_nobha", "lml13", "hie4", "hie")
"""Lines of the report's efficiency tables: more than six curves in a picture cannot be told apart;
`lowmult efficiency` makes tables of any line."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("events", metavar="EVENTS", help="HepMC3, LHE, ROOT or Parquet file")
    parser.add_argument("--menu", default="low_multiplicity", metavar="MENU",
                        help="menu file, or name of a packaged menu")  # fmt: skip
    parser.add_argument("--out", required=True, metavar="DECISIONS.parquet")
    parser.add_argument("--report", metavar="DIR",
                        help="also write efficiency tables, rates and a report")  # fmt: skip
    parser.add_argument("--format", choices=("hepmc3", "hepmc2", "lhe", "root", "parquet"),
                        help="default: what the content says")  # fmt: skip
    parser.add_argument("--frame", default="lab", choices=("lab", "cm", "head-on"),
                        help="frame of the file's momenta (default: lab)")  # fmt: skip
    parser.add_argument("--cross-section", type=float, metavar="NB",
                        help="cross-section [nb] (default: what the file says)")  # fmt: skip
    parser.add_argument("--luminosity", type=float, default=LUMINOSITY, metavar="L",
                        help="for rates [1/(cm2 s)] (default: 8e35)")  # fmt: skip
    parser.add_argument("--invisible", type=int, nargs="*", default=[], metavar="CODE",
                        help="particle codes that leave no trace")  # fmt: skip
    parser.add_argument("--tracks", action=argparse.BooleanOptionalAction,
                        help="simulate tracks (default: where a line needs them)")  # fmt: skip
    parser.add_argument("--network", choices=("mlp", "deep"), default="mlp",
                        help="network of the track trigger (default: mlp)")  # fmt: skip
    parser.add_argument("--muons", action=argparse.BooleanOptionalAction,
                        help="simulate muons (default: where a line needs them)")  # fmt: skip
    parser.add_argument("--working-point", metavar="NAME", help="thresholds named in the menu")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")


def run(options: argparse.Namespace) -> int:
    """Run the events through detector and trigger, write the decisions, print a summary."""
    from firmware_models.files import write_json
    from sim.cli.progress import event_progress
    from sim.readers import open_events
    from sim.study.decisions import write_decisions
    from sim.study.outputs import whole_folder, write_study

    config = _config(options)
    hint = open_events(options.events, format=options.format, frame=options.frame,
                       invisible=options.invisible).n_events_hint  # fmt: skip
    folder = whole_folder(Path(options.report)) if options.report else nullcontext()
    with folder as report, event_progress(hint) as done:
        result = write_decisions(config, options.out, workers=options.workers, progress=done)
        if report is not None:
            write_study(result, report)
    summary = _summary(result)
    _show(options, result, summary)
    if options.json:
        write_json(options.json, summary)
    return 0


def _config(options: argparse.Namespace) -> StudyConfig:
    from firmware_models.errors import InputError
    from sim.cli.study import MAX_WORKERS
    from sim.study.config import parse_study
    from trigger.menu import load

    if not 1 <= options.workers <= MAX_WORKERS:
        raise InputError(f"must be 1 to {MAX_WORKERS}, not {options.workers}", place="--workers")
    menu = load(options.menu)
    tracks = bool(lines_with_tracks(menu)) if options.tracks is None else options.tracks
    muons = bool(lines_with_muons(menu)) if options.muons is None else options.muons
    name = Path(options.events).name.partition(".")[0]
    sample = {
        "name": "".join(c for c in name if c.isprintable()) or "events",
        "file": options.events,
        "format": options.format,
        "frame": options.frame,
        "cross_section_nb": options.cross_section,
    }
    study: dict[str, Any] = {
        "study": {
            "name": f"Trigger decisions for {Path(options.events).name}",
            "menu": options.menu,
            "working_point": options.working_point,
            "luminosity_cm2_s": options.luminosity,
            "seed": options.seed,
        },
        "detector": {"invisible": options.invisible},
        "tracks": {"enabled": tracks, "network": options.network},
        "muons": {"enabled": muons},
        "samples": [sample],
        "efficiency": _tables(menu, tracks, muons, sample["name"]) if options.report else [],
    }
    return parse_study(study, "command line")


def lines_with_tracks(menu: Menu) -> list[str]:
    """Return the lines that read an input of the track trigger or of matches to tracks."""
    from trigger.menu.inputs import GRL_INPUTS, TRACK_INPUTS

    return _lines_with(menu, {*TRACK_INPUTS, *GRL_INPUTS})


def lines_with_muons(menu: Menu) -> list[str]:
    """Return the lines that read an input of the muon detector or of matches to it."""
    from trigger.menu.inputs import KLM_INPUTS, MUON_MATCHES

    return _lines_with(menu, {*KLM_INPUTS, *MUON_MATCHES})


def _lines_with(menu: Menu, inputs: set[str]) -> list[str]:
    return [
        line.name for line in menu.lines
        if any(name in inputs for term in line.dnf for name, _ in term)
    ]  # fmt: skip


def _tables(menu: Menu, tracks: bool, muons: bool, sample: str) -> list[dict[str, Any]]:
    """Return the tables of the report: lines that can fire, against the leading photon."""
    from trigger.menu.inputs import produced_inputs

    missing = set(menu.without_producer(produced_inputs(tracks=tracks, muons=muons)))
    able = [
        line.name for line in menu.lines
        if any(all(n not in missing or not sign for n, sign in term) for term in line.dnf)
    ]  # fmt: skip
    lines = [name for name in PREFERRED if name in able] or able[:6]
    axes = {
        "photon_energy": [{"variable": "photonECM", "low": 0.0, "high": 6.0, "bins": 60}],
        "photon_energy_theta": [
            {"variable": "photonECM", "low": 0.0, "high": 6.0, "bins": 24},
            {"variable": "photonTheta", "low": 0.2, "high": 2.75, "bins": 34},
        ],
    }
    return [
        {"label": label, "title": "Against the leading photon", "sample": sample,
         "lines": lines, "axes": axis}
        for label, axis in axes.items()
    ]  # fmt: skip


def _summary(result: StudyResult) -> dict[str, Any]:
    sample, tracks, muons = result.samples[0], result.config.tracks, result.config.muons
    assert tracks is not None
    assert muons is not None
    return {
        "n_events": sample.n_events,
        "menu": {"name": result.menu.name, "version": result.menu.version,
                 "sha256": result.menu.sha256},
        "lines": [
            {"name": name, "n_ftdl": int(f), "n_psnm": int(p)}
            for name, f, p in zip(
                result.menu.names, result.counts["ftdl"], result.counts["psnm"], strict=True
            )
        ],
        "n_l1": int(result.counts["l1"][0]),
        "tracks": tracks.network if tracks.enabled else None,
        "muons": muons.enabled,
        "notes": sample.notes,
        "without_producer": list(result.without_producer),
        "rates": result.rates.to_json() if result.rates else None,
    }  # fmt: skip


def _simulated(what: str | None, lines: list[str]) -> str:
    """Say whether a sub-trigger was simulated, and which lines miss it."""
    if what is not None:
        return what
    if not lines:
        return "off, no line reads it"
    return f"off; its inputs are 0 in the lines {', '.join(lines)}"


def _show(options: argparse.Namespace, result: StudyResult, summary: dict[str, Any]) -> None:
    from sim.cli import screen

    n = summary["n_events"]
    screen.table(
        f"{options.events}: {n} events, {summary['n_l1']} accepted ({summary['n_l1'] / n:.2%})",
        ("line", "before prescale", "after", "efficiency"),
        [
            (line["name"], str(line["n_ftdl"]), str(line["n_psnm"]), f"{line['n_ftdl'] / n:.4f}")
            for line in summary["lines"] if line["n_ftdl"]
        ],
    )  # fmt: skip
    network = summary["tracks"] and f"network {summary['tracks']}"
    screen.line(f"Track trigger: {_simulated(network, lines_with_tracks(result.menu))}")
    muons = "on" if summary["muons"] else None
    screen.line(f"Muon detector: {_simulated(muons, lines_with_muons(result.menu))}")
    for note in summary["notes"]:
        screen.line(f"note: {note}")
    if result.rates is not None:
        rates = result.rates.all
        total = screen.measured(rates.total, rates.total_err)
        screen.line(f"rate at {options.luminosity:g} /cm2/s: {total} Hz")
    screen.line(f"Decisions: {options.out}")
    if options.report:
        screen.line(f"Report: {Path(options.report) / 'report.html'}")
