"""The section of a study's report on scenarios, from its ``scenarios.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.report import scenario_figures
from sim.report.numbers import measured
from sim.report.page import Section, paragraph, picture, subheading, table

PARTS = ("all", "physics", "background")
HEAD = ("line", "prescale", "rate [Hz]", "physics", "background", "pure [Hz]", "physics",
        "background")  # fmt: skip


TERMS = {
    "touschek_her": "Touschek HER", "touschek_ler": "Touschek LER",
    "beam_gas_her": "beam-gas HER", "beam_gas_ler": "beam-gas LER", "luminosity": "luminosity",
}  # fmt: skip


def scenario_section(scenarios: Sequence[dict[str, Any]], focus: Sequence[str]) -> Section:
    """Return the section.

    Parameters
    ----------
    scenarios : sequence of dict
        Content of ``scenarios.json``, at least one.
    focus : sequence of str
        Lines of the picture.
    """
    body = paragraph(
        "The same samples at other luminosities, each with its own level of beam background in all "
        "sub-detectors, over the collisions too. Physics: events with a collision and what "
        "background adds to them; background: windows without a collision and cosmic muons. Pure: "
        "what would be lost without the line. All after prescale."
    )
    body += picture(
        scenario_figures.against_luminosity(scenarios, focus),
        "Rate of the lines in focus against luminosity, physics and background apart. Triangles: "
        "no event fired, the limit at one standard deviation.",
    )
    for scenario in scenarios:
        body += subheading(
            f"{scenario['name']}: {scenario['luminosity_cm2_s']:g} /(cm² s), background × "
            f"{scenario['background']['level']:.3g}"
        )
        point = scenario["working_point"]
        thresholds = f"Working point {point}. " if point else ""
        body += paragraph(_origin(scenario["background"]) + thresholds + _events(scenario))
        rows = [_row("Level-1 total", "", scenario["total"])]
        rows += [
            _row(line["name"], f"{line['prescale']:g}", line)
            for line in scenario["lines"] if line["all"]["rate_hz"] > 0
        ]  # fmt: skip
        body += table(HEAD, rows)
    return Section("Rates against luminosity", body)


def _row(name: str, prescale: str, values: dict[str, Any]) -> list[str]:
    cells = [_cell(values[part], key) for key in ("rate", "pure") for part in PARTS]
    return [name, prescale, *cells]


def _cell(part: dict[str, float] | None, key: str) -> str:
    if part is None or f"{key}_hz" not in part:
        return "–"
    return measured(part[f"{key}_hz"], part[f"{key}_err_hz"])


def _origin(background: dict[str, Any]) -> str:
    if background["from"] == "given":
        return "The level is given in the study. "
    terms, shares = background["terms"], background["shares"]
    listed = ", ".join(
        f"{TERMS[name]} × {value:.3g} (share {shares[name]:.2g})" for name, value in terms.items()
    )
    point = background["point"]
    return (
        f"The level follows the machine heuristically: {listed}; HER {_beam(point['her'])}, "
        f"LER {_beam(point['ler'])}, {point['bunches']} bunches. Currents and shares are "
        "assumptions or recalled (docs/reference/scenarios.md). "
    )


def _beam(beam: dict[str, float]) -> str:
    return f"{beam['current_ma']:g} mA"


def _events(scenario: dict[str, Any]) -> str:
    parts = {"physics": 0, "background": 0}
    for sample in scenario["samples"]:
        parts[sample["part"]] += sample["n_events"]
    text = f"{parts['physics']:,} collisions, {parts['background']:,} events without one."
    if not scenario["coincidence"]:
        return text
    again = scenario["coincidence"] * scenario["total"]["background"]["rate_hz"]
    return text + (
        f" {100 * scenario['coincidence']:.2g} % of the windows have a collision: that part of the "
        f"background's rate, {again:,.3g} Hz of the total, comes again with the collisions and is "
        "in the physics too."
    )
