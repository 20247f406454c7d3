"""The report of a study, from the dictionaries that its JSON files hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from firmware_models.interface.ecl import N_CELL
from firmware_models.trigger_cells import (
    RING_PHI_COUNT,
    RING_THETA_HIGH_DEG,
    RING_THETA_LOW_DEG,
    cell_map,
)
from sim.report import figures
from sim.report.dead_time_section import card, dead_time_section
from sim.report.grid_section import grid_section
from sim.report.numbers import measured, short
from sim.report.page import (
    Section,
    page,
    paragraph,
    picture,
    side_by_side,
    table,
)
from sim.report.scenario_section import scenario_section

SOURCE_RATES_KHZ = {"lml6": 4.0, "lml7": 7.0, "lml1_nobha": 5.0}
"""Single-photon Level-1 rates quoted at 8e35 [kHz]: E* > 1 GeV with no second cluster above
300 MeV in barrel and endcaps, E* > 2 GeV in the barrel with Bhabha and γγ vetoes (De Pietro's
talk; ecl_klm_gdl section 8.3 of the reference notes)."""


def study_page(study: dict[str, Any], rates: dict[str, Any] | None,
               efficiency: Sequence[dict[str, Any]],
               readout: dict[str, Any] | None = None,
               scenarios: Sequence[dict[str, Any]] = (),
               grids: Sequence[dict[str, Any]] = ()) -> str:  # fmt: skip
    """Return the report as one HTML page.

    Parameters
    ----------
    study : dict
        Content of ``study.json``.
    rates : dict, optional
        Content of ``rates.json``.
    efficiency : sequence of dict
        Content of ``efficiency.json``.
    readout : dict, optional
        Content of ``readout.json``.
    scenarios : sequence of dict
        Content of ``scenarios.json``.
    grids : sequence of dict
        Content of ``grids.json``.
    """
    sections = [_samples(study)] if study["samples"] else []
    if rates is not None:
        sections += [_rates(study, rates), _by_process(study, rates), _overlaps(rates)]
        if scenarios:
            sections.append(scenario_section(scenarios, _focus(study, rates)))
        if readout is not None:
            sections.append(dead_time_section(readout, rates, _focus(study, rates)))
    sections += _efficiencies(efficiency)
    if grids:
        sections.append(grid_section(grids))
    if study["samples"]:
        sections += [_detector(study)]
    sections.append(_provenance(study))
    return page(study["name"], _lead(study), _cards(study, rates, readout), sections)


def _lead(study: dict[str, Any]) -> str:
    menu = study["menu"]
    simulated = ["calorimeter"]
    for name, detector in (("tracks", "drift chamber"), ("muons", "muon detector")):
        given = study["configuration"].get(name)
        if given and given["enabled"]:
            simulated.append(detector)
    last = simulated.pop()
    detectors = f"{', '.join(simulated)} and {last}" if simulated else last
    return (
        f"{study['n_events']:,} events through {detectors}, the trigger and the menu "
        f"{menu['name']} (version {menu['version']})."
    )


def _cards(
    study: dict[str, Any], rates: dict[str, Any] | None, readout: dict[str, Any] | None
) -> list[tuple[str, str]]:
    cards = []
    if rates is not None:
        cards.append(
            (f"{measured(rates['total_hz'] / 1e3, rates['total_err_hz'] / 1e3)} kHz",
             "Level-1 total after prescale")
        )  # fmt: skip
        if readout is not None:
            cards.append(card(readout))
        by_name = {line["name"]: line for line in rates["lines"]}
        for name in study["focus"][:3]:
            line = by_name[name]
            value = measured(line["rate_hz"] / 1e3, line["rate_err_hz"] / 1e3)
            cards.append((f"{value} kHz", f"{name}, of which pure {line['pure_hz'] / 1e3:.3g} kHz"))
    cards.append((f"{study['luminosity_cm2_s']:.3g}", "luminosity [1/(cm² s)]"))
    return cards


def _samples(study: dict[str, Any]) -> Section:
    rows = []
    for sample in study["samples"]:
        sigma = sample.get("sigma_nb")
        if sigma is not None:
            source = f"{measured(sigma, sample.get('sigma_err_nb', 0.0))} nb"
            rate = short(sample["source_hz"] / 1e3)
        elif sample.get("rate_hz") is not None:
            source, rate = "rate of its own", short(sample["rate_hz"] / 1e3)
        else:
            source, rate = "not in the rates", ""
        events = f"{sample['n_events']:,}"
        rows.append([sample["name"], sample["title"], events, source, rate])
    body = table(["sample", "what", "events", "cross-section", "rate before trigger [kHz]"], rows,
                 (0, 1))  # fmt: skip
    notes = "".join(
        paragraph(f"{s['name']}: {note}") for s in study["samples"] for note in s["notes"]
    )
    return Section("Samples", body + notes)


def _rates(study: dict[str, Any], rates: dict[str, Any]) -> Section:
    rows = [
        [
            line["name"], f"{line['prescale']:g}",
            measured(line["rate_hz"], line["rate_err_hz"]),
            measured(line["pure_hz"], line["pure_err_hz"]),
            measured(line["cumulative_hz"], line["cumulative_err_hz"]),
        ]
        for line in rates["lines"] if line["name"] not in study["silent_lines"]
    ]  # fmt: skip
    body = picture(
        figures.line_rates(rates["lines"], rates["total_hz"]),
        "Rate of each line after prescale, and the part that no other line takes. Black bars: "
        "errors of simulation and cross-sections.",
    )
    body += table(["line", "prescale", "rate [Hz]", "pure [Hz]", "cumulative [Hz]"], rows)
    if study["silent_lines"]:
        body += paragraph(
            "Lines that cannot fire here, because nothing gives one of their inputs: "
            + ", ".join(study["silent_lines"]) + "."
        )  # fmt: skip
    if study["loose_lines"]:
        body += paragraph(
            "Lines that fire too often, because nothing gives an input that would veto them: "
            + ", ".join(study["loose_lines"]) + "."
        )  # fmt: skip
    body += "".join(paragraph(note) for note in study["notes"])
    return Section("Rates", body)


def _by_process(study: dict[str, Any], rates: dict[str, Any]) -> Section:
    focus = _focus(study, rates)
    body = picture(
        figures.process_shares(rates["lines"], focus),
        "Rate of the lines in focus, split by where the events come from.",
    )
    chosen = {line["name"]: line for line in rates["lines"]}
    processes = sorted({p for line in rates["lines"] for p in line["by_process"]})
    rows = [
        [name, *(measured(chosen[name]["by_process"][p], chosen[name]["by_process_err"][p])
           for p in processes),
         measured(chosen[name]["rate_hz"], chosen[name]["rate_err_hz"])]
        for name in focus
    ]  # fmt: skip
    body += table(["line [Hz]", *processes, "all"], rows)
    if study["compare_with_source"] and abs(study["luminosity_cm2_s"] / 8e35 - 1) < 1e-9:
        body += _beside_source(chosen)
    return Section("Rates by process", body)


def _focus(study: dict[str, Any], rates: dict[str, Any]) -> list[str]:
    """Return the study's lines in focus, by default those of highest rate."""
    highest = sorted(rates["lines"], key=lambda line: -line["rate_hz"])[:10]
    return study["focus"] or [line["name"] for line in highest if line["rate_hz"] > 0]


def _beside_source(lines: dict[str, dict[str, Any]]) -> str:
    rows = [
        [name, f"{value:g}", measured(lines[name]["rate_hz"] * lines[name]["prescale"] / 1e3,
                                      lines[name]["rate_err_hz"] * lines[name]["prescale"] / 1e3)]
        for name, value in SOURCE_RATES_KHZ.items() if name in lines
    ]  # fmt: skip
    return paragraph(
        "The single-photon rates quoted for this luminosity, beside ours before prescale; "
        "docs/validation/single_photon_rates.md explains the differences."
    ) + table(["line", "quoted [kHz]", "ours [kHz]"], rows)


def _overlaps(rates: dict[str, Any]) -> Section:
    return Section(
        "Overlaps",
        picture(
            figures.overlaps(rates["lines"], rates["overlap_hz"]),
            "Share of each line's rate (row) that a second line (column) takes too, for up to "
            f"{figures.MOST_OVERLAPS} lines of highest rate. The rates with errors are in "
            "rates.json.",
        ),
    )


def _efficiencies(tables: Sequence[dict[str, Any]]) -> Iterable[Section]:
    labels = list(dict.fromkeys(entry["label"] for entry in tables))
    if not labels:
        return []
    body = ""
    for label in labels:
        group = [entry for entry in tables if entry["label"] == label]
        title = group[0]["title"]
        if len(group[0]["axes"]) == 1:
            named = [{**entry, "label": _curve_name(entry)} for entry in group]
            body += picture(figures.turn_on(named), f"{title}. {_interval(group[0])}")
            body += "".join(paragraph(e["closure"]) for e in group if e.get("closure"))
        else:
            maps = [
                picture(figures.efficiency_map({**e, "label": e["line"]}), f"{title}: {e['line']}")
                for e in group if len(e["axes"]) == 2
            ]  # fmt: skip
            body += side_by_side(maps)
    return [Section("Efficiencies", body)]


def _interval(entry: dict[str, Any]) -> str:
    interval = entry["interval"]
    return f"Intervals: {interval['method'].title()} at {interval['cl']:.2%}."


def _curve_name(entry: dict[str, Any]) -> str:
    return f"{entry['line']} {entry['method']}" if entry.get("method") else entry["line"]


def _detector(study: dict[str, Any]) -> Section:
    cells = cell_map()
    order = [
        int(cells.id_of[ring, phi + 1])
        for ring, count in enumerate(RING_PHI_COUNT, start=1)
        for phi in range(count)
    ]
    assert len(order) == N_CELL
    edges = list(zip(RING_THETA_LOW_DEG, RING_THETA_HIGH_DEG, strict=True))
    pictures = [
        picture(
            figures.cell_map_picture(
                edges, RING_PHI_COUNT,
                [sample["cell_fired"][tc] / sample["n_events"] for tc in order],
                "fires per event",
            ),
            f"Trigger cells above threshold in the sample {sample['name']}.",
        )
        for sample in study["samples"][:1] if sample["n_events"]
    ]  # fmt: skip
    return Section("Calorimeter", "".join(pictures))


def _settings(values: dict[str, Any], prefix: str = "") -> str:
    """Return nested settings as text, ``background.level = 2``."""
    parts = []
    for key, value in values.items():
        if isinstance(value, dict):
            parts.append(_settings(value, f"{prefix}{key}."))
        else:
            parts.append(f"{prefix}{key} = {value}")
    return ", ".join(part for part in parts if part) or "defaults"


def _optional(given: dict[str, Any] | None) -> str:
    return _settings(given) if given and given["enabled"] else "not simulated"


def _provenance(study: dict[str, Any]) -> Section:
    rows = [
        ["package version", study["package_version"]],
        ["menu", f"{study['menu']['name']} {study['menu']['version']}"],
        ["menu sha256", study["menu"]["sha256"]],
        ["working point", study["working_point"] or "firmware defaults"],
        ["seed", str(study["seed"])],
        ["luminosity", f"{study['luminosity_cm2_s']:g} /(cm² s)"],
        ["detector settings", _settings(study["configuration"]["detector"])],
        ["track trigger", _optional(study["configuration"].get("tracks"))],
        ["muon detector", _optional(study["configuration"].get("muons"))],
        ["register settings", _settings(study["configuration"]["registers"])],
        ["inputs without a producer", ", ".join(study["without_producer"]) or "none"],
    ]
    return Section("Provenance", table(["what", "value"], rows, (0, 1)))
