"""The report of a readout, from the dictionary that its JSON file holds."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from sim.report import injection_figures, readout_figures
from sim.report.numbers import measured, short
from sim.report.page import (
    Section,
    page,
    paragraph,
    picture,
    side_by_side,
    small_multiples,
    subheading,
    table,
)
from sim.report.settings import toml_text

RING_NAMES = {"her": "electron ring (HER)", "ler": "positron ring (LER)"}

FULL = 0.98
"""Part of the time, in use or held up, from which a stage is called overloaded."""


def readout_page(found: dict[str, Any], title: str = "Readout") -> str:
    """Return the report as one HTML page.

    Parameters
    ----------
    found : dict
        Content of ``readout.json`` (docs/reference/readout.md).
    title : str
    """
    sections = [
        Section("Losses", losses(found)),
        *_lines_section(found),
        *_stage_sections(found),
        *_injection_section(found),
        Section("Configuration", _configuration(found)),
    ]
    return page(title, _lead(found), cards(found), sections)


def _lead(found: dict[str, Any]) -> str:
    return (
        f"{found['offered']:,} candidates for a trigger in {found['duration_s']:.4g} s through "
        f"throttle and readout (engine {found['engine']}, seed {found['seed']})."
    )


def cards(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the headline numbers and what they mean."""
    shown = [
        (kilohertz(found["offered_hz"]), f"offered: {found['offered']:,} candidates"),
        (kilohertz(found["accepted_hz"]), f"accepted: {found['accepted']:,}"),
        (f"{percent(found['loss'], found['loss_err'])} %", "lost, of the candidates"),
    ]
    random = found["random_trigger"]
    if random:
        value = percent(random["loss"], random["loss_err"])
        shown.append((f"{value} %", "dead time as random triggers see it"))
    if found["latency_ns"]["p99"]:
        shown.append(
            (duration(found["latency_ns"]["p99"]), "from accept to the last stage, 99 % quantile")
        )
    return shown


def losses(found: dict[str, Any]) -> str:
    """Return the losses by cause as picture and table."""
    if found["loss"] is None:
        return paragraph("No candidate was decided on.")
    body = ""
    if found["loss"] > 0 or any(found["refused_by_cause"].values()):
        body += picture(
            readout_figures.losses(found),
            "Triggers lost, on a logarithmic axis. Dark: by the first cause that refuses, with "
            "errors; these add up to the loss. Light: refused by this cause whatever the others "
            "say; these overlap."
            + (" Diamonds: what random probes find." if found["random_trigger"] else ""),
        )
    random = found["random_trigger"]
    rows = [
        ["all (any cause)", percent(found["loss"], found["loss_err"]), "",
         percent(random["loss"], random["loss_err"]) if random else ""],
        *([name, percent(loss, found["loss_by_cause_err"][name]),
           short(100 * found["refused_by_cause"][name]),
           short(100 * random["loss_by_cause"][name]) if random else ""]
          for name, loss in found["loss_by_cause"].items()),
    ]  # fmt: skip
    columns = ["cause", "first cause [%]", "refuses at all [%]", "random probes [%]"]
    width = len(columns) if random else len(columns) - 1
    body += table(columns[:width], [row[:width] for row in rows])
    if random:
        body += paragraph(_random_text(found, random))
    if found["saturated"]:
        body += paragraph(
            f"Saturated: stage {found['saturated']} held as many events as [run] max_in_stage "
            f"allows; the run ended there, {found['undecided']:,} candidates are not decided on."
        )
    return body


def _random_text(found: dict[str, Any], random: dict[str, Any]) -> str:
    return (
        f"{random['offered']:,} random probes, which change nothing, measure the dead time as a "
        f"random trigger would: {percent(random['loss'], random['loss_err'])} %. Triggers lose "
        f"{percent(found['loss'], found['loss_err'])} %. The two agree when triggers come at "
        "random; triggers that come in bursts or on clock edges lose another part. Probes carry "
        "no flags: of mixed strip samples they ask for six, and an active veto lets them through."
    )


def _lines_section(found: dict[str, Any]) -> list[Section]:
    return [Section("Lines", line_losses(found))] if fired(found["lines"]) else []


def fired(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines that fired, most frequent first."""
    return sorted((line for line in lines if line["offered"]), key=lambda x: -x["offered"])


def line_losses(found: dict[str, Any]) -> str:
    """Return the losses of lines as picture and table."""
    lines = fired(found["lines"])
    body = picture(
        readout_figures.line_losses(lines, found["loss"] or 0.0),
        f"Loss of the lines that fired most often (at most {readout_figures.MOST_LINES}); a "
        "line's triggers are those in which it fired.",
    )
    rows = [
        [line["name"], f"{line['offered']:,}", f"{line['accepted']:,}",
         percent(line["loss"], line["loss_err"])]
        for line in lines
    ]  # fmt: skip
    return body + table(["line", "fired", "accepted", "lost [%]"], rows)


def _stage_sections(found: dict[str, Any]) -> list[Section]:
    stages = found["stages"]
    if not stages:
        return []
    return [
        Section("Load", load(stages)),
        Section("Time in the stages", _times(stages, found["latency_ns"])),
        Section("Occupancy", occupancies(stages)),
    ]


def load(stages: Sequence[dict[str, Any]]) -> str:
    """Return how much each buffer and stage is used, as picture and table."""
    body = picture(
        readout_figures.utilisation(stages),
        "What saturates: part of the time in which a stage's servers work, and in which a "
        "finished event waits for room in the next stage.",
    )
    full = [s["name"] for s in stages if (s["utilisation"] or 0) + (s["blocked"] or 0) > FULL]
    if full:
        body += paragraph(f"At their limit: {', '.join(full)}.")
    rows = [
        [s["name"], f"{s['servers']:,}", f"{s['depth']:,}" if s["depth"] else "–",
         short(s["occupancy_mean"] or 0.0), f"{s['occupancy_max']:,}", f"{s['arrived']:,}",
         f"{s['utilisation'] or 0.0:.1%}", f"{s['blocked'] or 0.0:.1%}",
         duration(s["wait_ns_mean"])]
        for s in stages
    ]  # fmt: skip
    columns = ["", "servers", "depth", "mean inside", "most inside", "events", "in use",
               "held up", "mean wait"]  # fmt: skip
    return body + table(columns, rows)


def _times(stages: Sequence[dict[str, Any]], latency_ns: dict[str, Any]) -> str:
    if not any(stage["latency_ns"]["max"] for stage in stages):
        return paragraph("No event was accepted.")
    return picture(
        readout_figures.stage_times(stages, latency_ns),
        "Time that an event spends in each stage, waiting included: median, 99 % quantile, "
        "longest.",
    )


def occupancies(stages: Sequence[dict[str, Any]]) -> str:
    """Return the occupancy pictures of the buffers that ever held more than one event."""
    quiet = [stage["name"] for stage in stages if stage["occupancy_max"] <= 1]
    coarse = [
        stage["name"] for stage in stages
        if stage["name"] not in quiet and len(stage["occupancy"]["time"]) == 1
    ]  # fmt: skip
    shown = [stage for stage in stages if stage["name"] not in (*quiet, *coarse)]
    body = small_multiples(picture(readout_figures.occupancy(stage), "") for stage in shown)
    body += paragraph(
        "Line: share of the time with so many inside. Points: share of the arrivals that find so "
        "many; for buffers of the throttle, of all candidates. Where arrivals come at random the "
        "two agree."
    )
    if quiet:
        body += paragraph(f"Never more than one inside: {', '.join(quiet)}.")
    if coarse:
        body += paragraph(f"All in the first bin of their histogram: {', '.join(coarse)}.")
    return body


def _injection_section(found: dict[str, Any]) -> list[Section]:
    if found["injection"] is None:
        return []
    return [Section("Injection", injection(found["injection"]))]


def injection(maps: dict[str, Any]) -> str:
    """Return the injection maps of both rings."""
    edges = maps["edges"]
    body = paragraph(
        "Time since the last injection of a ring, and place in the turn with the injected bunch "
        "in the middle (a turn has 1280 ticks). The first bin of the time begins at 0."
    )
    for ring in maps["rings"]:
        name = RING_NAMES[ring["ring"]]
        if not ring["injections"]:
            body += paragraph(f"No injection into the {name} in this run.")
            continue
        offered = sum(map(sum, ring["offered"]))
        body += subheading(f"Injection into the {name}") + paragraph(
            f"{ring['injections']:,} injections; {offered:,} candidates in the maps, "
            f"{ring['outside']['offered']:,} before the first injection or later than the maps."
        )
        body += side_by_side([
            picture(injection_figures.offered_map(ring, edges), "Candidates offered."),
            picture(injection_figures.live_map(ring, edges), "Part of them that is accepted."),
            picture(injection_figures.profile(ring, edges), "All places in the turn together."),
            picture(injection_figures.phase_profile(ring, edges),
                    f"All times up to {edges['since_ms'][-1]:.3g} ms together."),
        ])  # fmt: skip
    return body


def _configuration(found: dict[str, Any]) -> str:
    text = toml_text(found["configuration"])
    return paragraph(f"lowmult {found['package_version']}") + preformatted(text)


def preformatted(text: str) -> str:
    """Return text as it stands."""
    return f"<pre>{html.escape(text)}</pre>"


def percent(value: float | None, error: float | None) -> str:
    """Return a fraction and its error in percent, without the sign."""
    return "–" if value is None else measured(100 * value, 100 * (error or 0.0))


def kilohertz(hertz: float | None) -> str:
    """Return a rate."""
    return "–" if hertz is None else f"{hertz / 1e3:.4g} kHz"


def duration(ns: float | None) -> str:
    """Return a time in a unit that suits it."""
    if ns is None:
        return "–"
    for scale, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if abs(ns) >= scale:
            return f"{ns / scale:.3g} {unit}"
    return f"{ns:.3g} ns"
