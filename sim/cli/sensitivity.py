"""`lowmult sensitivity`: what a trigger is worth, channel by channel."""

from __future__ import annotations

import argparse
import os
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firmware_models.errors import InputError, shortened, unknown_name

if TYPE_CHECKING:
    from sim.sensitivity.channel import Channel
    from sim.sensitivity.run import Table
    from sim.sensitivity.settings import Setting

MAX_WORKERS = 1024
SAMPLES = "samples"
"""Folder of kept samples inside that of the results."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "channels", nargs="*", metavar="CHANNEL", help="packaged channel, or a channel's file"
    )
    parser.add_argument("--all", action="store_true", help="all packaged channels")
    parser.add_argument("--list", action="store_true", help="list the packaged channels and end")
    parser.add_argument("--out", metavar="DIR", help="folder for tables, pictures and pages")
    parser.add_argument(
        "--menu", action="append", default=[], metavar="MENU",
        help="menu to compare: file or packaged name; may be repeated, the first is today's",
    )  # fmt: skip
    parser.add_argument(
        "--working-point", action="append", default=[], metavar="NAME",
        help="also with a working point of the menus; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="BLOCK.REGISTER=VALUE",
        help="also with a threshold such as ecl_selection.lml6_energy='0.75 GeV'; those given "
        "make one candidate",
    )  # fmt: skip
    parser.add_argument(
        "--prescale", action="append", default=[], metavar="LINE=N",
        help="and with another prescale, 0 masks the line; joins --set",
    )  # fmt: skip
    parser.add_argument("--candidates", metavar="FILE.toml", help="further candidates")
    parser.add_argument(
        "--efficiency", metavar="FILE",
        help="trigger efficiency from a table in truth variables (JSON or CSV of lowmult study or "
        "efficiency) in place of the simulation",
    )  # fmt: skip
    parser.add_argument("--line", metavar="LINE", help="which of several tables of --efficiency")
    parser.add_argument("--events", type=int, metavar="N", help="events for each mass")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--cl", type=float, metavar="CL", help="confidence level, such as 0.95")
    parser.add_argument("--luminosity-fb", type=float, metavar="L", help="luminosity [1/fb]")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N",
        help="processes (default: all cores)",
    )  # fmt: skip
    parser.add_argument(
        "--samples", metavar="DIR", help="folder of kept samples (default: DIR/samples of --out)"
    )


def run(options: argparse.Namespace) -> int:
    """Run the channels, write the folder, print the reach."""
    from firmware_models.files import write_json
    from sim.sensitivity.outputs import bundle, channel_json, remove_older, write_sensitivity
    from sim.sensitivity.run import run_channels
    from sim.study.outputs import whole_folder

    if options.list:
        return _list(options)
    channels = _channels(options)
    if options.out is None:
        raise InputError("is needed", place="--out")
    settings, table = _settings(options), _table(options)
    events = sum(
        len(channel.signal.masses) * sum(options.events or n for n in channel.signal.samples())
        for channel in channels
    )
    from sim.cli.progress import event_progress

    with whole_folder(Path(options.out)) as folder, event_progress(events) as done:
        results = run_channels(
            channels, settings, table=table, events=options.events, seed=options.seed,
            workers=options.workers, progress=done,
            folder=Path(options.samples or Path(options.out) / SAMPLES),
        )  # fmt: skip
        values = [channel_json(result, options.seed) for result in results]
        write_sensitivity(results, values, folder)
        remove_older(Path(options.out), [value["channel"] for value in values])
    from sim.cli import screen

    asked = (options.menu, options.working_point, options.set, options.prescale, options.candidates)
    for value in values:
        _show(value)
        if any(asked) and options.efficiency is None and "menu" not in value["triggers"][0]:
            screen.line(f"Warning: {value['channel']}: its trigger is given by truth variables: "
                        "menus, thresholds and prescales do not apply")  # fmt: skip
    if options.json:
        write_json(options.json, bundle(values))
    _say_page(options, values)
    return 0


def _say_page(options: argparse.Namespace, values: list[dict[str, Any]]) -> None:
    from sim.cli import screen
    from sim.sensitivity.outputs import INDEX

    page = f"{values[0]['channel']}.html" if len(values) == 1 else INDEX
    screen.line(f"Report: {Path(options.out) / page}")


def _list(options: argparse.Namespace) -> int:
    from firmware_models.files import write_json
    from sim.cli import screen
    from sim.sensitivity.config import load_channel, packaged

    found = [load_channel(name) for name in packaged()]
    screen.table(
        "packaged channels", ("name", "title", "1/fb", "CL", "masses"),
        [
            (c.name, shortened(c.title, 46), f"{c.luminosity_fb:g}", f"{c.statistic.cl:g}",
             f"{c.signal.masses[0]:g} to {c.signal.masses[-1]:g}")
            for c in found
        ],
    )  # fmt: skip
    if options.json:
        write_json(options.json, {"channels": [
            {"channel": c.name, "title": c.title, "source": c.source, "lines": c.lines,
             "cl": c.statistic.cl, "luminosity_fb": c.luminosity_fb} for c in found
        ]})  # fmt: skip
    return 0


def _channels(options: argparse.Namespace) -> list[Channel]:
    from sim.sensitivity.channel import MAX_EVENTS
    from sim.sensitivity.config import load_channel, overridden, packaged

    if not 1 <= options.workers <= MAX_WORKERS:
        raise InputError(f"must be 1 to {MAX_WORKERS}, not {options.workers}", place="--workers")
    if options.events is not None and not 1 <= options.events <= MAX_EVENTS:
        raise InputError(f"must be 1 to {MAX_EVENTS}, not {options.events}", place="--events")
    if not 0 <= options.seed < 2**63:
        raise InputError(f"must be 0 to 2**63 - 1, not {options.seed}", place="--seed")
    if options.cl is not None and not 0 < options.cl < 1:
        raise InputError(f"must lie between 0 and 1, such as 0.95, not {options.cl:g}",
                         place="--cl")  # fmt: skip
    if options.all and options.channels:
        raise InputError("gives all channels: name none beside it", place="--all")
    given = packaged() if options.all else options.channels
    if not given:
        raise InputError(f"name a channel, or --all; packaged: {', '.join(packaged())}")
    changes = {"statistic.cl": options.cl, "luminosity_fb": options.luminosity_fb}
    return [_scaled(overridden(load_channel(one), changes, "command line"), load_channel(one))
            for one in given]  # fmt: skip


def _scaled(changed: Channel, own: Channel) -> Channel:
    """Keep the luminosity for which the background's numbers are."""
    if own.background.luminosity_fb is not None:
        return changed
    background = own.background.model_copy(update={"luminosity_fb": own.luminosity_fb})
    return changed.model_copy(update={"background": background})


def _settings(options: argparse.Namespace) -> list[Setting]:
    from sim.sensitivity.settings import assignment, prescale, settings

    registers: dict[str, dict[str, Any]] = {}
    for text in options.set:
        block, register, value = assignment(text)
        if register in registers.get(block, {}):
            raise InputError(f"given twice: {shortened(register)}", place="--set")
        registers.setdefault(block, {})[register] = value
    prescales: dict[str, float] = {}
    for text in options.prescale:
        line, number = prescale(text)
        if line in prescales:
            raise InputError(f"given twice: {shortened(line)}", place="--prescale")
        prescales[line] = number
    return settings(options.menu, options.working_point, registers, prescales, options.candidates)


def _table(options: argparse.Namespace) -> Table | None:
    from sim.sensitivity.run import Table
    from trigger.export import csv, json

    if options.efficiency is None:
        if options.line is not None:
            raise InputError("chooses a table of --efficiency, which is missing", place="--line")
        return None
    path = options.efficiency
    tables = csv.read(path) if path.endswith(".csv") else json.read(path)
    by_line = {table.line: table for table in tables}
    if options.line is not None and options.line not in by_line:
        raise unknown_name("line", options.line, by_line, place="--line")
    if options.line is None and len(tables) > 1:
        raise InputError(
            f"has several tables, choose with --line: {', '.join(sorted(by_line))}", place=path
        )
    chosen = tables[0] if options.line is None else by_line[options.line]
    return Table(f"{chosen.line} of {Path(path).name}", chosen)


def _show(value: dict[str, Any]) -> None:
    from sim.cli import screen
    from sim.sensitivity.outputs import FEW

    def cell(number: float | None) -> str:
        return screen.short(number) if number is not None and isfinite(number) else "–"

    name = value["coupling"]["name"]
    screen.table(
        f"{value['channel']}: {100 * value['cl']:g} % CL, {value['luminosity_fb']:g} /fb, limit on "
        f"{name}",
        ("mass [GeV]", "ideal", *(trigger["label"] for trigger in value["triggers"])),
        [
            (
                f"{point['mass_gev']:g}", cell(point["coupling_limit_ideal_trigger"]),
                *(
                    f"{cell(trigger['points'][i]['coupling_limit'])} "
                    f"({cell(trigger['points'][i]['trigger_efficiency'])})"
                    for trigger in value["triggers"]
                ),
            )
            for i, point in enumerate(value["points"])
        ],
    )  # fmt: skip
    first, *others = value["triggers"]
    for trigger in others:
        if trigger["points"] == first["points"]:
            screen.line(f"Warning: {trigger['label']}: makes no difference to this channel")
    for trigger in value["triggers"]:
        if trigger.get("silent_lines"):
            screen.line(f"Warning: {trigger['label']}: nothing here makes these lines fire: "
                        f"{', '.join(trigger['silent_lines'])}")  # fmt: skip
        for name, masses in trigger["thin_backgrounds"].items():
            at = ", ".join(f"{mass:g}" for mass in masses[:6]) + (", …" if len(masses) > 6 else "")
            screen.line(f"Warning: {trigger['label']}: fewer than {FEW:g} simulated events of "
                        f"background {name} at {at} GeV")  # fmt: skip
