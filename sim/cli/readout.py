"""`lowmult readout`: dead time, buffers and latency of a readout."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.emit import add_emit_options, emitter, show_emitted

if TYPE_CHECKING:
    from sim.readout.config import ReadoutConfig

FULL, HELD_UP = 0.9, 0.05
"""Use of a stage, and part of the time that it is held up, that are worth a line of their own."""

LONGEST_LIST = 40
"""Lines in the table of losses; all are in the JSON."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "config", nargs="?", metavar="CONFIG.toml", help="default: the packaged readout"
    )
    parser.add_argument("--triggers", type=int, metavar="N", help="candidates to offer")
    parser.add_argument("--seed", type=int, metavar="S")
    parser.add_argument(
        "--engine", choices=("fast", "simpy"), default="fast",
        help="same result: fast is compiled, simpy is the readable reference (default: fast)",
    )  # fmt: skip
    add_emit_options(parser)
    parser.add_argument(
        "--report", metavar="DIR", help="folder for readout.json and report.html with pictures"
    )


def run(options: argparse.Namespace) -> int:
    """Simulate the readout, print what it loses and where, write the JSON and the report."""
    from firmware_models.files import write_json
    from sim.cli.outputs import check_not_inputs
    from sim.cli.progress import event_progress
    from sim.readout.config import load_readout
    from sim.readout.run import run_readout
    from sim.readout.sources import make_source
    from sim.readout.summary import summary

    place = options.config or "default readout"
    config = _with_options(load_readout(options.config), options)
    named = {key: config.arrivals.get(key) for key in ("file", "study", "decisions")}
    inputs = {f"arrivals.{key}": path for key, path in named.items() if isinstance(path, str)}
    check_not_inputs(options, ("json", "emit"), inputs)
    with event_progress(None) as simulated:
        source = make_source(config, place, simulated)
    with (
        emitter(options, config, source, place) as (observers, player),
        event_progress(config.run.triggers) as advance,
    ):
        result = run_readout(
            config, engine=options.engine, place=place, source=source,
            progress=lambda n: advance("triggers", n),
            observers=observers,
        )  # fmt: skip
    found = summary(result)
    if options.report:
        _write_report(found, Path(options.report), place)
    _show(found)
    if player is not None:
        found["emitted"] = player.summary()
        show_emitted(found["emitted"], options.emit)
    if options.json:
        write_json(options.json, found)
    if options.report:
        from sim.cli import screen

        screen.line(f"Report: {Path(options.report) / 'report.html'}")
    return 0


def _write_report(found: dict[str, Any], folder: Path, place: str) -> None:
    from firmware_models.files import write_json, write_text
    from sim.report.readout_page import readout_page
    from sim.study.outputs import READOUT, REPORT, whole_folder

    with whole_folder(folder) as new:
        write_json(new / READOUT, found)
        write_text(new / REPORT, readout_page(found, f"Readout: {Path(place).stem}"))


def _with_options(config: ReadoutConfig, options: argparse.Namespace) -> ReadoutConfig:
    """Return the configuration with what the command line overrides, checked again."""
    from sim.readout.config import parse_readout

    given = {"triggers": options.triggers, "seed": options.seed}
    if not any(value is not None for value in given.values()):
        return config
    data = config.model_dump(exclude_none=True)
    data["run"] |= {key: value for key, value in given.items() if value is not None}
    return parse_readout(data, "command line")


def _show(found: dict[str, Any]) -> None:
    from sim.cli import screen

    _show_losses(found)
    if found["stages"]:
        _show_stages(found["stages"])
    if found["lines"]:
        _show_lines(found["lines"])
    latency = found["latency_ns"]
    if latency["max"] and found["stages"]:
        screen.line(
            "Accept to last stage: "
            + ", ".join(f"{name} {_time(latency[name])}" for name in ("p50", "p99", "max"))
        )
    if found["saturated"]:
        screen.line(
            f"Saturated: stage {found['saturated']!r} held as many events as [run] max_in_stage "
            f"allows after {found['offered']:,} candidates; the run ends there."
        )
    _show_overload(found["stages"])


def _show_overload(stages: list[dict[str, Any]]) -> None:
    """Say what is at its limit, and what waits for it."""
    from sim.cli import screen

    full = [x for x in stages if (x["utilisation"] or 0) > FULL]
    held = [x for x in stages if (x["blocked"] or 0) > HELD_UP]
    for stage in full:
        screen.line(f"At its limit: {stage['name']}, in use {stage['utilisation']:.1%} of the time")
    filled = [x for x in stages if x["kind"] == "stage" and x["occupancy_max"] == x["depth"]]
    if filled:
        names = ", ".join(f"{stage['name']} ({stage['depth']:,})" for stage in filled)
        screen.line(f"Full at times: {names}")
    if held:
        names = ", ".join(f"{stage['name']} {stage['blocked']:.0%}" for stage in held)
        screen.line(f"Held up by what comes behind: {names}")


def _show_losses(found: dict[str, Any]) -> None:
    from sim.cli import screen

    rows = [["all", _percent(found["loss"], found["loss_err"]), ""]]
    for name, loss in found["loss_by_cause"].items():
        refused = found["refused_by_cause"][name]
        if refused or loss:
            error = found["loss_by_cause_err"][name]
            rows.append([name, _percent(loss, error), f"{100 * refused:.4g}"])
    random = found["random_trigger"]
    if random:
        rows.append(["seen by random probes", _percent(random["loss"], random["loss_err"]), ""])
    title = (
        f"{found['offered']:,} candidates in {found['duration_s']:.4g} s "
        f"({_khz(found['offered_hz'])}), {found['accepted']:,} accepted "
        f"({_khz(found['accepted_hz'])}), engine {found['engine']}"
    )
    screen.table(title, ["refused by", "first cause [%]", "refuses at all [%]"], rows)


def _show_stages(stages: list[dict[str, Any]]) -> None:
    from sim.cli import screen

    rows = []
    for stage in stages:
        rows.append([
            stage["name"],
            f"{stage['servers']:,}",
            f"{stage['depth']:,}" if stage["depth"] else "–",
            screen.short(stage["occupancy_mean"] or 0.0),
            f"{stage['occupancy_max']:,}",
            f"{stage['utilisation'] or 0.0:.1%}",
            f"{stage['blocked'] or 0.0:.1%}",
            _time(stage["wait_ns_mean"]),
            _time(stage["latency_ns"]["p50"]),
            _time(stage["latency_ns"]["p99"]),
        ])  # fmt: skip
    screen.table(
        "Buffers and stages",
        ["", "servers", "depth", "mean inside", "most", "in use", "held up", "mean wait",
         "p50 inside", "p99 inside"],
        rows,
    )  # fmt: skip


def _show_lines(lines: list[dict[str, Any]]) -> None:
    from sim.cli import screen

    fired = sorted((x for x in lines if x["offered"]), key=lambda x: -x["offered"])
    rows = [
        [x["name"], f"{x['offered']:,}", _percent(x["loss"], x["loss_err"])]
        for x in fired[:LONGEST_LIST]
    ]
    left = len(fired) - len(rows)
    title = "Lines" + (f" (the {left} rarest are left out; all are in --json)" if left else "")
    screen.table(title, ["line", "fired", "lost [%]"], rows)


def _percent(value: float | None, error: float | None) -> str:
    from sim.cli import screen

    if value is None:
        return "–"
    return screen.measured(100 * value, 100 * (error or 0.0))


def _khz(hertz: float | None) -> str:
    return "–" if hertz is None else f"{hertz / 1e3:.4g} kHz"


def _time(ns: float | None) -> str:
    """Return a time in a unit that suits it."""
    if ns is None:
        return "–"
    for scale, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if abs(ns) >= scale:
            return f"{ns / scale:.3g} {unit}"
    return f"{ns:.3g} ns"
