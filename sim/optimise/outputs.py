"""What `lowmult optimise` leaves: JSON, CSV, pictures, a page, the best as candidates."""

from __future__ import annotations

import csv
import io
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from firmware_models.files import write_json, write_text
from sim.optimise.run import Front, OptimiseResult
from sim.report import optimise_figures
from sim.report.optimise_page import optimise_page
from sim.report.sensitivity_figures import png, svg

PAGE = "report.html"
STEM = "optimise"
"""Of the names of JSON, CSV and pictures."""

BEST = "best.toml"
"""The best settings, for ``lowmult sensitivity --candidates``."""


def optimise_json(result: OptimiseResult) -> dict[str, Any]:
    """Return everything that an optimisation found. Keys: docs/reference/optimise.md."""
    config = result.config
    return {
        "name": config.optimise.name,
        "study": config.optimise.study,
        "seed": result.seed,
        "luminosity_cm2_s": result.luminosity_cm2_s,
        "budget": config.budget.model_dump(),
        "axes": config.axes.model_dump(exclude_none=True),
        "base": config.base.model_dump(exclude_none=True),
        "package_version": version("lowmult"),
        "samples": [
            {"name": s.name, "title": s.title, "n_events": s.n_events} for s in result.rates.samples
        ],
        "channels": [
            {
                "channel": one.channel.name,
                "title": one.channel.title,
                "coupling": one.channel.coupling.name,
                "weight": entry.weight,
                "cl": one.channel.statistic.cl,
                "luminosity_fb": one.channel.luminosity_fb,
                "masses_gev": list(one.masses),
                "coupling_limit_ideal_trigger": one.ideal.tolist(),
            }
            for one, entry in zip(result.channels, config.channel, strict=True)
        ],
        "silent_lines": {name: list(lines) for name, lines in result.silent.items()},
        "objectives": [_objective(front) for front in result.fronts],
        "dead_time": {
            "readout": config.readout.config,
            "triggers": config.readout.triggers,
            "points": [
                {"rate_khz": p.rate_khz, "dead_time": p.value, "dead_time_err": p.error,
                 "saturated": p.saturated}
                for p in result.curve.points
            ],
            "checks": [
                {"candidate": c.candidate, "rate_khz": c.direct.rate_khz,
                 "interpolated": c.interpolated, "direct": c.direct.value,
                 "direct_err": c.direct.error}
                for c in result.checks
            ],
        },
        "candidates": [_candidate(result, i) for i in range(len(result.candidates))],
    }  # fmt: skip


def _objective(front: Front) -> dict[str, Any]:
    return {
        "name": front.objective.name,
        "front": np.flatnonzero(front.front).tolist(),
        "best": front.best,
    }


def _candidate(result: OptimiseResult, i: int) -> dict[str, Any]:
    own, rates, setting = result.candidates[i], result.rates, result.candidates[i].setting
    objectives = [front.objective for front in result.fronts]
    return {
        "id": i,
        "label": own.label,
        "base": own.base,
        "values": dict(own.values),
        "menu": {"name": setting.menu.name, "version": setting.menu.version,
                 "sha256": setting.menu.sha256},
        "working_point": setting.working_point,
        "registers": {block: dict(values) for block, values in setting.registers.items()},
        "prescales": dict(setting.prescales),
        "rate_khz": 1e-3 * float(rates.total[i]),
        "rate_err_khz": 1e-3 * float(rates.total_err[i]),
        "rate_difference_khz": 1e-3 * float(rates.difference[i]),
        "rate_difference_err_khz": 1e-3 * float(rates.difference_err[i]),
        "rate_by_sample_khz": {n: 1e-3 * float(v[i]) for n, v in rates.by_sample.items()},
        "dead_time": float(result.dead_time[i]),
        "dead_time_err": float(result.dead_time_err[i]),
        "within_budget": bool(result.within[i]),
        "on_front": [front.objective.name for front in result.fronts if front.front[i]],
        "best_of": [front.objective.name for front in result.fronts if front.best == i],
        "reach": {one.name: float(one.value[i]) for one in objectives},
        "reach_err": {one.name: float(one.error[i]) for one in objectives},
        "reach_difference": {
            one.name: float(one.value[i] - one.value[0]) for one in objectives
        },
        "reach_difference_err": {one.name: float(one.difference_err[i]) for one in objectives},
        "coupling_limit": {
            one.channel.name: [float(v) for v in one.coupling[i]] for one in result.channels
        },
        "trigger_efficiency": {
            one.channel.name: [float(v) for v in one.efficiency[i]] for one in result.channels
        },
    }  # fmt: skip


def optimise_csv(value: dict[str, Any]) -> str:
    """Return one row a candidate.

    Parameters
    ----------
    value : dict
        The JSON.
    """
    axes = list(dict.fromkeys(name for one in value["candidates"] for name in one["values"]))
    numbers = ("rate_khz", "rate_err_khz", "rate_difference_khz", "rate_difference_err_khz",
               "dead_time", "dead_time_err")  # fmt: skip
    objectives = [one["name"] for one in value["objectives"]]
    best = {one["name"]: one["best"] for one in value["objectives"]}
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    head = ["id", "label", "base", *axes, *numbers, "within_budget"]
    for name in objectives:
        tag = name.replace(" ", "_")
        head += [f"{part}_{tag}" for part in (
            "reach", "reach_err", "reach_difference", "reach_difference_err", "front", "best",
        )]  # fmt: skip
    writer.writerow(head)
    for one in value["candidates"]:
        row: list[Any] = [one["id"], one["label"], int(one["base"])]
        row += [one["values"].get(name, "") for name in axes]
        row += [f"{one[name]:.8g}" for name in numbers] + [int(one["within_budget"])]
        for name in objectives:
            row += [f"{one[part][name]:.8g}" for part in (
                "reach", "reach_err", "reach_difference", "reach_difference_err",
            )]  # fmt: skip
            row += [int(name in one["on_front"]), int(best[name] == one["id"])]
        writer.writerow(row)
    return stream.getvalue()


def best_toml(value: dict[str, Any]) -> str:
    """Return the best setting of each objective, as candidates of ``lowmult sensitivity``."""
    parts = ["# Best within the budget; lowmult sensitivity CHANNEL --candidates this file\n"]
    seen: set[int] = set()
    for objective in value["objectives"]:
        if objective["best"] is None or objective["best"] in seen:
            continue
        seen.add(objective["best"])
        one = value["candidates"][objective["best"]]
        of = ", ".join(one["best_of"])
        lines = [
            "[[candidate]]", f"label = {_toml(f'best of {of}'[:80])}  # {one['label']}",
            f"menu = {_toml(_menu(value, one))}",
        ]  # fmt: skip
        if one["working_point"] is not None:
            lines.append(f"working_point = {_toml(one['working_point'])}")
        if one["prescales"]:
            inner = ", ".join(f"{line} = {_toml(n)}" for line, n in one["prescales"].items())
            lines.append(f"prescales = {{ {inner} }}")
        for block, registers in one["registers"].items():
            lines.append(f"[candidate.registers.{block}]")
            lines += [f"{name} = {_toml(given)}" for name, given in registers.items()]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _menu(value: dict[str, Any], one: dict[str, Any]) -> str:
    """Return the menu as the file names it."""
    return str(one["values"].get("menu", value["base"]["menu"]))


def _toml(given: Any) -> str:
    if isinstance(given, str):
        escaped = given.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(given, list):
        return f"[{', '.join(_toml(item) for item in given)}]"
    return repr(given)


def write_optimise(value: dict[str, Any], folder: Path) -> None:
    """Write everything into a folder that exists.

    Parameters
    ----------
    value : dict
        `optimise_json` of the result.
    folder : Path
    """
    write_json(folder / f"{STEM}.json", value)
    write_text(folder / f"{STEM}.csv", optimise_csv(value))
    write_text(folder / BEST, best_toml(value))
    pictures = {}
    for number, objective in enumerate(value["objectives"]):
        figure = optimise_figures.front_picture(value, objective)
        name = f"{STEM}_{number}" if number else STEM
        pictures[objective["name"]] = svg(figure)
        write_text(folder / f"{name}.svg", pictures[objective["name"]])
        (folder / f"{name}.png").write_bytes(png(figure))
    dead = svg(optimise_figures.dead_time_curve(value))
    write_text(folder / PAGE, optimise_page(value, pictures, dead))
