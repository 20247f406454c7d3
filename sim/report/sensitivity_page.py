"""Pages of `lowmult sensitivity`, from the channels' JSON."""

from __future__ import annotations

import html
from collections.abc import Sequence
from math import isfinite
from typing import Any

from sim.report.lifetime_section import lifetime_sections
from sim.report.numbers import measured, short
from sim.report.page import Section, page, paragraph, picture, table

NOTHING = "–"
"""In a table where there is no limit."""


def channel_page(value: dict[str, Any], limits_svg: str, efficiency_svg: str) -> str:
    """Return the page of one channel.

    Parameters
    ----------
    value : dict
        Its JSON.
    limits_svg, efficiency_svg : str
        The pictures.
    """
    coupling = value["coupling"]["name"]
    sections = [
        Section("Reach", picture(
            limits_svg, f"Expected limit on {coupling} against mass. Where a curve ends, no event "
            "inside the selection passes the trigger, or none is inside.",
        ) + _reach_table(value)),
        Section("Trigger efficiency", picture(
            efficiency_svg, "Of the events inside the offline selection; prescales as expectation.",
        )),
    ]  # fmt: skip
    sections += lifetime_sections(value)
    if value["published"]:
        sections.append(Section("Published numbers", _published(value)))
    if value["background"]["process"]:
        sections.append(Section("Backgrounds", _backgrounds(value)))
    sections += [Section("What goes in", _inputs(value)), Section("All points", _points(value))]
    best = value["triggers"][0]["reach"]
    cards = [
        (f"{100 * value['cl']:g} % CL", f"expected limit, {value['method']}"),
        (f"{value['luminosity_fb']:g} /fb", f"at √s = {value['sqrt_s_gev']:.4g} GeV"),
        (_number(best["best_coupling"]), f"lowest {coupling}, {value['triggers'][0]['label']}"),
        (f"{_number(best['highest_mass_gev'])} GeV", "highest of the masses with a limit"),
    ]
    return page(value["title"], value["source"], cards, sections)


def index_page(values: Sequence[dict[str, Any]]) -> str:
    """Return a page that leads to the channels."""
    rows = []
    for value in values:
        name = html.escape(value["channel"])
        for trigger in value["triggers"]:
            found = trigger["reach"]
            cells = [
                f'<a href="{name}.html">{name}</a>', html.escape(trigger["label"]),
                html.escape(value["coupling"]["name"]), f"{100 * value['cl']:g} %",
                _number(found["best_coupling"]), _number(found["best_mass_gev"]),
                _number(_ideal(value, found["best_mass_gev"])),
                _number(found["highest_mass_gev"]),
            ]  # fmt: skip
            rows.append("".join(
                f'<td class="{"text" if i < 3 else ""}">{cell}</td>' for i, cell in enumerate(cells)
            ))  # fmt: skip
    head = "".join(
        f'<th class="{"text" if i < 3 else ""}">{name}</th>' for i, name in enumerate((
            "channel", "trigger", "coupling", "CL", "lowest limit", "at mass [GeV]",
            "ideal trigger there", "highest mass [GeV]",
        ))
    )  # fmt: skip
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    grid = (f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
            "</table></div>")  # fmt: skip
    lead = "Expected limits of the searches, with the ideal trigger and with each that was compared"
    return page("What the trigger is worth", lead, [], [Section("Channels", grid)])


def _ideal(value: dict[str, Any], mass: float | None) -> float | None:
    """Return the limit with the ideal trigger at a mass."""
    found = [p["coupling_limit_ideal_trigger"] for p in value["points"] if p["mass_gev"] == mass]
    return found[0] if found else None


def _reach_table(value: dict[str, Any]) -> str:
    head = ("trigger", f"lowest {value['coupling']['name']}", "at mass [GeV]", "highest mass [GeV]",
            "mean efficiency")  # fmt: skip
    rows = []
    for trigger in value["triggers"]:
        found = trigger["reach"]
        seen = [
            p["trigger_efficiency"]
            for p in trigger["points"]
            if p["acceptance"] > 0 and _finite(p["trigger_efficiency"])
        ]
        mean = sum(seen) / len(seen) if seen else None
        rows.append((trigger["label"], _number(found["best_coupling"]),
                     _number(found["best_mass_gev"]), _number(found["highest_mass_gev"]),
                     _number(mean)))  # fmt: skip
    silent = {t["label"]: t["silent_lines"] for t in value["triggers"] if t.get("silent_lines")}
    notes = "".join(
        paragraph(f"{label}: nothing here makes these lines fire: {', '.join(lines)}.")
        for label, lines in silent.items()
    )
    if any(
        p["coupling_limit"] < (1 - 1e-9) * p["coupling_limit_ideal_trigger"]
        for trigger in value["triggers"] for p in trigger["points"]
        if _finite(p["coupling_limit"]) and _finite(p["coupling_limit_ideal_trigger"])
    ):  # fmt: skip
        notes += paragraph(
            "The ideal trigger takes all events, background too: where a menu is better, it "
            "removes more of the simulated background than of the signal."
        )
    return table(head, rows) + notes


def _published(value: dict[str, Any]) -> str:
    rows = [
        (
            _interval(row["mass_gev"]), _number(row["ctau_m"]),
            f"{value['coupling']['name']}" if row["kind"] == "coupling" else "σ [fb]",
            _interval(row["value"]), f"{100 * row['cl']:g} %", _interval(row["ideal"]),
            _interval(row["ours"]), _interval(row["ratio"]),
            "yes" if row["reproducible"] else "no",
        )
        for row in value["published"]
    ]  # fmt: skip
    text = paragraph(
        "Ours: expected, at the published confidence level, with "
        f"{value['triggers'][0]['label']}. Rows that are not reproducible miss something that the "
        "limit needs, said below: ours stands beside them and no more."
    )
    head = ("mass [GeV]", "cτ [m]", "of", "published", "CL", "ideal trigger", "ours", "ratio",
            "reproducible")  # fmt: skip
    origins = dict.fromkeys((row["source"], row["note"]) for row in value["published"])
    return (
        text
        + table(head, rows, text_columns=(0, 1, 2, 8))
        + table(("source", "why they differ"), origins, text_columns=(0, 1))
    )


def _backgrounds(value: dict[str, Any]) -> str:
    names = list(value["points"][0]["backgrounds"])
    head = ("trigger", "mass [GeV]", *names, "all with the numbers given")
    rows = [
        (
            trigger["label"], f"{p['mass_gev']:g}",
            *(measured(p["backgrounds"][n]["events"], p["backgrounds"][n]["err"]) for n in names),
            measured(p["background_events"], p["background_events_err"]),
        )
        for trigger in value["triggers"] for p in trigger["points"]
    ]  # fmt: skip
    thin = "".join(
        paragraph(f"{trigger['label']}: {name} rests on fewer than ten simulated events at "
                  f"{', '.join(f'{mass:g}' for mass in masses)} GeV.")
        for trigger in value["triggers"] for name, masses in trigger["thin_backgrounds"].items()
    )  # fmt: skip
    text = paragraph(
        "Expected events behind selection and trigger, in all bins; errors are those of the "
        "simulation."
    )
    return text + table(head, rows) + thin


def _inputs(value: dict[str, Any]) -> str:
    background = value["background"]
    given = ", ".join(f"{k} = {v}" for k, v in value["parameters"].items()) or "defaults"
    rows = [
        ("process", f"{value['process']} ({given}); {value['mass_parameter']} varies"),
        ("cross-section", "that of the process" if value["sigma_fb"] is None
         else f"{value['sigma_fb']:g} fb, given: the process gives shapes"),
        ("branching", value["branching"] if isinstance(value["branching"], str)
         else f"{value['branching']:g}"),
        ("coupling", f"{value['coupling']['name']} = {value['coupling']['reference']:g} in the "
         f"sample, σ ∝ coupling^{value['coupling']['exponent']:g}"),
        ("lines", ", ".join(value["lines"]) if isinstance(value["lines"], list)
         else str(value["lines"])),
        ("offline selection", _regions(value["offline"]["regions"])),
        ("offline efficiency", f"{value['offline']['efficiency']:g}"),
        *((f"window {one['variable']}", _window(one)) for one in value["offline"]["window"]),
        *((f"observable {_names(one['variable'])}", _observable(one))
          for one in value["offline"]["observable"]),
        ("background given", _background(background)),
        ("its source", background["source"] or NOTHING),
        *((f"background {one['label'] or one['process']}", _process(one))
          for one in background["process"]),
        ("seed", str(value["seed"])),
    ]  # fmt: skip
    return table(("what", "value"), rows, text_columns=(0, 1)) + "".join(
        paragraph(note) for note in value["notes"]
    )


def _regions(regions: list[list[dict[str, Any]]]) -> str:
    if not regions:
        return "all events"
    return " or ".join("(" + " and ".join(_cut(cut) for cut in region) + ")" for region in regions)


def _cut(cut: dict[str, Any]) -> str:
    low, high = cut["low"], cut["high"]
    text = str(cut["variable"])
    if _finite(low):
        text = f"{low:g} ≤ {text}"
    return f"{text} < {high:g}" if _finite(high) else text


def _window(window: dict[str, Any]) -> str:
    edges = ", ".join(f"{edge:g}" for edge in window["edges"]) or _by_mass(window["edge_by_mass"])
    source = f"; {window['source']}" if window["source"] else ""
    return f"{window['kind']}: {edges}{source}"


def _names(variable: str | list[str]) -> str:
    return variable if isinstance(variable, str) else " or ".join(variable)


def _observable(observable: dict[str, Any]) -> str:
    if observable["edges"]:
        what = "bins " + ", ".join(f"{edge:g}" for edge in observable["edges"])
    elif observable["bins"] is not None:
        low, high = observable["low"], observable["high"]
        what = f"{observable['bins']} bins from {low:g} to {high:g} ({observable['spacing']})"
    elif observable["half_width"] is not None:
        what = f"{observable['centre']} ± {observable['half_width']:g} resolutions"
    else:
        what = f"{observable['centre']} ± {_by_mass(observable['half_widths'])}"
    resolution = observable["resolution"]
    sigma = _by_mass(resolution) if isinstance(resolution, list) else f"{resolution:g}"
    sigma += " of the value" if observable["relative"] else ""
    source = f"; {observable['source']}" if observable["source"] else ""
    return f"{what}, resolution {sigma}{source}"


def _by_mass(pairs: list[list[float]]) -> str:
    return ", ".join(f"{value:g} at {mass:g} GeV" for mass, value in pairs)


def _process(process: dict[str, Any]) -> str:
    given = ", ".join(f"{k} = {v}" for k, v in process["parameters"].items()) or "defaults"
    text = f"{process['process']} ({given}), {process['events']} events generated"
    if process["share"] != 1:
        text += f", times {process['share']:g}"
    if process["sigma_fb"] is not None:
        text += f", {process['sigma_fb']:g} fb"
    return f"{text}; {process['source']}" if process["source"] else text


def _background(background: dict[str, Any]) -> str:
    if not any(background["events"]):
        return "none"
    counts = ", ".join(
        f"{events:g} from {mass:g} GeV"
        for mass, events in zip(background["masses"], background["events"], strict=True)
    )
    own = background["luminosity_fb"]
    passes = "as often as the signal" if background["follows_trigger"] else "always"
    return (f"{counts} events{f' for {own:g} /fb' if own else ''}, between masses: "
            f"{background['between']}; passes the trigger {passes}")  # fmt: skip


def _points(value: dict[str, Any]) -> str:
    head = ("trigger", "mass [GeV]", "acceptance", "trigger efficiency", "background", "N limit",
            "σ limit [fb]", f"{value['coupling']['name']} limit", "ideal trigger")  # fmt: skip
    rows = [
        (
            trigger["label"], f"{p['mass_gev']:g}", measured(p["acceptance"], p["acceptance_err"]),
            measured(p["trigger_efficiency"], p["trigger_efficiency_err"])
            if _finite(p["trigger_efficiency"]) else NOTHING,
            _number(p["background_events"]), _number(p["event_limit"]),
            _number(p["sigma_limit_fb"]), _number(p["coupling_limit"]),
            _number(p["coupling_limit_ideal_trigger"]),
        )
        for trigger in value["triggers"] for p in trigger["points"]
    ]  # fmt: skip
    return table(head, rows)


def _finite(value: Any) -> bool:
    return value is not None and isfinite(value)


def _number(value: Any) -> str:
    return short(value) if _finite(value) else NOTHING


def _interval(value: Any) -> str:
    if isinstance(value, list):
        return f"{_number(value[0])} – {_number(value[1])}"
    return _number(value)
