"""What `lowmult sensitivity` leaves: JSON, CSV, curves, pages and pyhf workspaces."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from math import inf, isfinite
from pathlib import Path
from typing import Any

from firmware_models.files import write_json, write_text
from sim.report import sensitivity_figures
from sim.report.sensitivity_page import channel_page, index_page
from sim.sensitivity.channel import Published
from sim.sensitivity.grids import at_lifetime, lifetimes_json, write_grids
from sim.sensitivity.limit_tables import FOLDER as LIMIT_TABLES
from sim.sensitivity.limit_tables import write_limit_tables
from sim.sensitivity.passed import Counts, Passed
from sim.sensitivity.passing import Efficiency
from sim.sensitivity.reach import Limit, compare, limit
from sim.sensitivity.run import ChannelResult
from sim.sensitivity.workspaces import workspace

FEW = 10.0
"""Simulated events below which a background's number says little."""

WORKSPACES = "pyhf"
"""Folder of the workspaces."""

INDEX = "index.html"
"""Page that leads to the channels, where there are several."""

COLUMNS = (
    "mass_gev", "coupling_limit", "sigma_limit_fb", "trigger_efficiency", "trigger_efficiency_err",
    "coupling_limit_ideal_trigger", "sigma_limit_ideal_trigger_fb", "event_limit",
    "background_events", "background_events_err", "acceptance", "acceptance_err",
    "sigma_reference_fb", "n_events",
)  # fmt: skip
"""Of the CSV, behind channel and trigger."""


def channel_json(result: ChannelResult, seed: int) -> dict[str, Any]:
    """Return everything of one channel; `points` on top are those of the first trigger."""
    channel = result.channel
    known = {setting.label: setting.as_dict() for setting in result.settings}
    triggers = []
    for label in result.labels:
        points = [_point(result, passed, label) for passed in result.points]
        own = known.get(label, {"label": label})
        triggers.append({**own, "silent_lines": list(result.silent.get(label, ())),
                         "thin_backgrounds": thin_backgrounds(points),
                         "reach": reach(points), "points": points})  # fmt: skip
    first = result.labels[0]
    published = [_published(result, row, first) for row in channel.published]
    return {
        "channel": channel.name,
        "title": channel.title,
        "source": channel.source,
        "cl": channel.statistic.cl,
        "method": channel.statistic.method,
        "luminosity_fb": channel.luminosity_fb,
        "coupling": channel.coupling.model_dump(),
        "process": channel.signal.process,
        "parameters": dict(channel.signal.parameters),
        "mass_parameter": channel.signal.mass,
        "branching": channel.signal.branching,
        "sigma_fb": channel.signal.sigma_fb,
        "sqrt_s_gev": channel.collider().sqrt_s,
        "lines": channel.lines,
        "offline": channel.offline.model_dump(),
        "background": channel.background.model_dump(),
        "notes": channel.notes,
        "seed": seed,
        "package_version": version("lowmult"),
        "points": triggers[0]["points"],
        "triggers": triggers,
        "published": published,
        "lifetimes": lifetimes_json(result),
    }


def _published(result: ChannelResult, row: Published, first: str) -> dict[str, Any]:
    """Return a published number with ours beside it, of the first trigger and of the ideal one."""
    ours, ideal = (
        compare(
            result.channel, row,
            result.points if row.ctau is None else at_lifetime(result, row.ctau, label), label,
        )
        for label in (first, None)
    )  # fmt: skip
    return {**ours, "ctau_m": row.ctau, "ideal": ideal["ours"]}


def bundle(channels: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one channel with its keys on top, or several under ``channels``."""
    return dict(channels[0]) if len(channels) == 1 else {"channels": list(channels)}


def reach(points: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the best coupling and the highest mass at which there is a limit."""
    there = [point for point in points if isfinite(point["coupling_limit"])]
    if not there:
        return {"best_coupling": None, "best_mass_gev": None, "highest_mass_gev": None}
    best = min(there, key=lambda point: point["coupling_limit"])
    return {
        "best_coupling": best["coupling_limit"],
        "best_mass_gev": best["mass_gev"],
        "highest_mass_gev": there[-1]["mass_gev"],
    }


def thin_backgrounds(points: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    """Return the masses at which a background rests on fewer than `FEW` simulated events."""
    found: dict[str, list[float]] = {}
    for point in points:
        for name, counts in point["backgrounds"].items():
            if counts["simulated"] < FEW:
                found.setdefault(name, []).append(point["mass_gev"])
    return found


def _point(result: ChannelResult, passed: Passed, label: str) -> dict[str, Any]:
    channel, through = result.channel, passed.trigger[label]
    trigger = through.efficiency
    found, ideal = limit(channel, passed, through), limit(channel, passed, passed.ideal)
    return {
        "mass_gev": passed.mass,
        "coupling_limit": found.coupling,
        "coupling_limit_err": _relative(channel.coupling.exponent, trigger, found),
        "sigma_limit_fb": found.sigma_fb,
        "trigger_efficiency": trigger.value,
        "trigger_efficiency_err": trigger.error,
        "trigger_efficiency_lo": trigger.low,
        "trigger_efficiency_hi": trigger.high,
        "coupling_limit_ideal_trigger": ideal.coupling,
        "sigma_limit_ideal_trigger_fb": ideal.sigma_fb,
        "event_limit": found.events,
        "background_events": found.background,
        "background_events_err": found.background_err,
        "backgrounds": {one.name: _counts(one) for one in through.backgrounds},
        "signal_uncertainty": found.uncertainty,
        "line_shifts": dict(through.line_shifts),
        "edges": {
            window.variable: window.candidates(passed.mass)[0] for window in channel.offline.window
        },
        "acceptance": passed.acceptance.value,
        "acceptance_err": passed.acceptance.error,
        "offline_efficiency": channel.offline.efficiency,
        "sigma_reference_fb": passed.sigma_fb,
        "sigma_reference_err_fb": passed.sigma_err_fb,
        "n_events": passed.n_events,
    }


def _counts(counts: Counts) -> dict[str, float]:
    """Return expected events and the number of simulated ones that these stand for."""
    events, variance = float(counts.events.sum()), counts.variance
    return {
        "events": events,
        "err": variance**0.5,
        "simulated": events**2 / variance if variance > 0 else 0.0,
    }


def _relative(exponent: float, trigger: Efficiency, found: Limit) -> float:
    """Return the limit's error from the trigger efficiency's, at a fixed number of events."""
    if not (isfinite(found.coupling) and trigger.value > 0):
        return inf
    return found.coupling * trigger.error / trigger.value / exponent


def channel_csv(value: dict[str, Any]) -> str:
    """Return one row a trigger and mass."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("channel", "cl", "luminosity_fb", "trigger", *COLUMNS))
    head = (value["channel"], value["cl"], value["luminosity_fb"])
    for trigger in value["triggers"]:
        for point in trigger["points"]:
            writer.writerow((*head, trigger["label"], *(_cell(point[name]) for name in COLUMNS)))
    return stream.getvalue()


def _cell(value: float) -> str:
    return f"{value:.8g}" if isfinite(value) else ""


def write_sensitivity(
    results: Sequence[ChannelResult], values: Sequence[dict[str, Any]], folder: Path
) -> None:
    """Write everything into a folder that exists.

    Parameters
    ----------
    results : sequence of ChannelResult
    values : sequence of dict
        `channel_json` of each.
    folder : Path
    """
    for result, value in zip(results, values, strict=True):
        stem = folder / value["channel"]
        write_json(stem.with_suffix(".json"), value)
        write_text(stem.with_suffix(".csv"), channel_csv(value))
        curves = sensitivity_figures.limit_curves(value)
        efficiencies = sensitivity_figures.efficiency_curves(value)
        write_text(stem.with_suffix(".svg"), sensitivity_figures.svg(curves))
        stem.with_suffix(".png").write_bytes(sensitivity_figures.png(curves))
        write_text(stem.with_suffix(".html"), channel_page(
            value, sensitivity_figures.svg(curves), sensitivity_figures.svg(efficiencies)
        ))  # fmt: skip
        write_grids(result, value, folder)
        write_limit_tables(value, folder)
        if find_spec("pyhf") is not None:
            _write_workspaces(result, folder / WORKSPACES)
    if len(values) > 1:
        write_text(folder / INDEX, index_page(values))


def remove_older(folder: Path, channels: Sequence[str]) -> None:
    """Remove files of an earlier run that stand for numbered triggers, which may be others now.

    Parameters
    ----------
    folder : Path
        Where an earlier run may have written; its page of several channels goes too.
    channels : sequence of str
        Names of those whose files are made anew.
    """
    (folder / INDEX).unlink(missing_ok=True)
    for channel in channels:
        for inner, rest in (
            (LIMIT_TABLES, r"_(\d+|ideal)(_band)?\.lmt"), (WORKSPACES, r"_[0-9.e+-]+_\d+\.json"),
        ):  # fmt: skip
            pattern = re.compile(re.escape(channel) + rest)
            for path in sorted((folder / inner).glob(f"{channel}_*")):
                if pattern.fullmatch(path.name):
                    path.unlink()


def _write_workspaces(result: ChannelResult, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for passed in result.points:
        for number, label in enumerate(result.labels):
            made = workspace(result.channel, passed, passed.trigger[label])
            if made is not None:
                name = f"{result.channel.name}_{passed.mass:g}_{number}.json"
                made.write(folder / name)
