"""The page of a menu optimisation, from its JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sim.report.numbers import measured, short
from sim.report.page import Section, page, paragraph, picture, table

MOST_ROWS = 300
"""Candidates on the page; all are in the CSV."""


def optimise_page(value: dict[str, Any], pictures: Mapping[str, str], dead_svg: str) -> str:
    """Return the page.

    Parameters
    ----------
    value : dict
        The JSON of the optimisation.
    pictures : mapping of str to str
        Front of each objective, SVG.
    dead_svg : str
        Dead time against rate.
    """
    found = value["candidates"]
    sections = []
    for objective in value["objectives"]:
        name = objective["name"]
        rows = sorted((found[i] for i in objective["front"]), key=lambda one: one["rate_khz"])
        sections.append(Section(f"Front: {name}", picture(
            pictures[name], "Every candidate; error bars of the front are those of the difference "
            "to the base. Shaded: outside the budget.",
        ) + _best(value, objective) + _table(rows, name, objective["best"])))  # fmt: skip
    sections += [
        Section("Dead time", picture(
            dead_svg, "What random probes find at some rates, and monotone interpolation.",
        ) + _checks(value)),
        Section("What goes in", _inputs(value)),
        Section("All candidates", _all(value)),
    ]  # fmt: skip
    first = value["objectives"][0]
    best = None if first["best"] is None else found[first["best"]]
    base = next(one for one in found if one["base"])
    cards = [
        (str(len(found)), "candidates, on the same events"),
        (f"{short(base['rate_khz'])} kHz", f"base, reach {short(base['reach'][first['name']])}"),
        ("none" if best is None else f"{short(best['rate_khz'])} kHz",
         "within the budget" if best is None
         else f"best within the budget, reach {short(best['reach'][first['name']])}"),
        (str(len(first["front"])), "on the Pareto front"),
    ]  # fmt: skip
    return page(value["name"], "Reach against Level-1 rate, dead time included", cards, sections)


def _best(value: dict[str, Any], objective: dict[str, Any]) -> str:
    if objective["best"] is None:
        return paragraph("No candidate is within the budget.")
    one, name = value["candidates"][objective["best"]], objective["name"]
    return paragraph(
        f"Best within the budget: {one['label']} (number {one['id']}). Against the base: rate "
        f"{_change(one['rate_difference_khz'], one['rate_difference_err_khz'])} kHz, reach "
        f"{_change(one['reach_difference'][name], one['reach_difference_err'][name])}."
    )


def _change(value: float, error: float) -> str:
    text = measured(value, error)
    return text if text.startswith("-") else f"+{text}"


def _table(rows: Iterable[dict[str, Any]], name: str, best: int | None) -> str:
    head = ("number", "candidate", "rate [kHz]", "to the base [kHz]", "dead time [%]", "reach",
            "to the base", "in budget")  # fmt: skip
    return table(
        head,
        [
            (
                str(one["id"]), one["label"] + (" (best)" if one["id"] == best else "")
                + (" (base)" if one["base"] else ""),
                measured(one["rate_khz"], one["rate_err_khz"]),
                _change(one["rate_difference_khz"], one["rate_difference_err_khz"]),
                measured(100 * one["dead_time"], 100 * one["dead_time_err"]),
                measured(one["reach"][name], one["reach_err"][name]),
                _change(one["reach_difference"][name], one["reach_difference_err"][name]),
                "yes" if one["within_budget"] else "no",
            )
            for one in rows
        ],
        text_columns=(1,),
    )  # fmt: skip


def _checks(value: dict[str, Any]) -> str:
    checks = value["dead_time"]["checks"]
    if not checks:
        return ""
    return paragraph("Simulated again at the rate of a candidate, with another seed:") + table(
        ("candidate", "rate [kHz]", "interpolated [%]", "simulated [%]"),
        [
            (
                value["candidates"][c["candidate"]]["label"], short(c["rate_khz"]),
                short(100 * c["interpolated"]), measured(100 * c["direct"], 100 * c["direct_err"]),
            )
            for c in checks
        ],
    )  # fmt: skip


def _inputs(value: dict[str, Any]) -> str:
    budget = value["budget"]
    rate, dead = budget["rate_khz"], budget["dead_time"]
    rows = [
        ("study", value["study"]),
        ("luminosity", f"{value['luminosity_cm2_s']:g} /cm²/s"),
        ("samples", ", ".join(f"{s['name']} ({s['n_events']:,})" for s in value["samples"])),
        ("budget of rate", "none" if rate is None else f"{rate:g} kHz"),
        ("budget of dead time", "none" if dead is None else f"{100 * dead:g} %"),
        ("readout", f"{value['dead_time']['readout']}, {value['dead_time']['triggers']:,} triggers "
         "at each rate"),
        ("seed", str(value["seed"])),
    ]  # fmt: skip
    rows += [
        (
            f"channel {one['channel']}",
            f"{one['title']}; weight {one['weight']:g}, {100 * one['cl']:g} % CL, "
            f"{one['luminosity_fb']:g} /fb, masses "
            f"{', '.join(f'{m:g}' for m in one['masses_gev'])} GeV",
        )
        for one in value["channels"]
    ]  # fmt: skip
    text = table(("what", "value"), rows, text_columns=(0, 1))
    text += paragraph(
        "Reach of a channel: mean over its masses of the coupling limit with the ideal trigger "
        "(that takes every event of the selection and has no dead time) over that of the "
        "candidate; 0 where nothing passes. Several channels: weighted geometric mean."
    )
    for name, lines in value["silent_lines"].items():
        if lines:
            text += paragraph(f"{name}: nothing here makes these lines fire: {', '.join(lines)}.")
    return text


def _all(value: dict[str, Any]) -> str:
    objective, found = value["objectives"][0], value["candidates"]
    text = _table(found[:MOST_ROWS], objective["name"], objective["best"])
    if len(found) > MOST_ROWS:
        text += paragraph(f"{len(found) - MOST_ROWS} more are in the CSV.")
    return text
