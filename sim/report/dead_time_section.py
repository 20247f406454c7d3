"""The section of a study's report on dead time, from its ``readout.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.report import readout_figures
from sim.report.numbers import measured
from sim.report.page import Section, paragraph, picture, subheading, table
from sim.report.readout_page import (
    duration,
    fired,
    injection,
    kilohertz,
    load,
    losses,
    occupancies,
    percent,
)


def card(found: dict[str, Any]) -> tuple[str, str]:
    """Return the headline number: the rate that is left."""
    after = found["after_dead_time"]
    loss = found["line_triggers"]["loss"]
    value = measured(after["total_hz"] / 1e3, after["total_err_hz"] / 1e3)
    return f"{value} kHz", f"after dead time, of which {100 * loss:.3g} % is lost"


def dead_time_section(
    found: dict[str, Any], rates: dict[str, Any], focus: Sequence[str]
) -> Section:
    """Return the section.

    Parameters
    ----------
    found : dict
        Content of ``readout.json``.
    rates : dict
        Content of ``rates.json``.
    focus : sequence of str
        Lines shown beside their rates.
    """
    configuration = found["configuration"]
    body = paragraph(
        f"The menu's decisions in time through throttle and readout: {found['offered']:,} "
        f"candidates in {found['duration_s']:.3g} s ({kilohertz(found['offered_hz'])}), of which "
        f"{percent(found['loss'], found['loss_err'])} % are lost. Every event decides alone."
        + (_machine(found) if configuration.get("machine") is not None else "")
    )
    body += losses(found) + subheading("Lines") + _lines(found, rates, focus)
    if found["latency_ns"]["p99"]:
        body += paragraph(
            "From accept to the last stage: "
            + ", ".join(f"{key} {duration(found['latency_ns'][key])}" for key in ("p50", "p99"))
            + f", longest {duration(found['latency_ns']['max'])}."
        )
    if found["stages"]:
        body += subheading("Load") + load(found["stages"])
        body += subheading("Occupancy") + occupancies(found["stages"])
    if found["injection"] is not None:
        body += injection(found["injection"])
    return Section("Dead time", body)


def _machine(found: dict[str, Any]) -> str:
    own = found["line_triggers"]
    return (
        " Injection background is among the candidates and has no lines: the menu's own triggers "
        f"lose {percent(own['loss'], own['loss_err'])} %."
    )


def _lines(found: dict[str, Any], rates: dict[str, Any], focus: Sequence[str]) -> str:
    after = {line["name"]: line for line in found["after_dead_time"]["lines"]}
    before = {line["name"]: line for line in rates["lines"]}
    chosen = [line for line in fired(found["lines"]) if line["name"] in focus]
    if not chosen:
        return ""
    own, total = found["line_triggers"], found["after_dead_time"]
    rows = [
        ["Level-1 total", measured(rates["total_hz"], rates["total_err_hz"]),
         percent(own["loss"], own["loss_err"]), _rate(total["total_hz"], total["total_err_hz"])],
        *([line["name"],
           measured(before[line["name"]]["rate_hz"], before[line["name"]]["rate_err_hz"]),
           percent(line["loss"], line["loss_err"]),
           _rate(after[line["name"]]["rate_hz"], after[line["name"]]["rate_err_hz"])]
          for line in chosen),
    ]  # fmt: skip
    return picture(
        readout_figures.line_losses(chosen, found["line_triggers"]["loss"]),
        "Loss of the lines in focus. Dashed: all of the menu's triggers.",
    ) + table(["line", "rate [Hz]", "lost [%]", "after dead time [Hz]"], rows)


def _rate(value: float | None, error: float | None) -> str:
    return "–" if value is None else measured(value, error or 0.0)
