"""Pictures of a menu optimisation, from its JSON alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.report.figures import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAD = "#D55E00"
"""What is outside the budget."""

MOST_LABELS = 12
"""Candidates of the front that are numbered in the picture."""


def front_picture(value: dict[str, Any], objective: dict[str, Any]) -> Figure:
    """Return all candidates in rate and reach, with the front and the budget.

    Parameters
    ----------
    value : dict
        The JSON of the optimisation.
    objective : dict
        One of its `objectives`.
    """
    figure, axes = new_figure(7.4, 4.8)
    name, found = objective["name"], value["candidates"]
    rate = np.array([one["rate_khz"] for one in found])
    reach = np.array([one["reach"][name] for one in found])
    within = np.array([one["within_budget"] for one in found])
    front = np.array(objective["front"], dtype=int)
    front = front[np.lexsort((reach[front], rate[front]))]
    axes.plot(rate[within], reach[within], "o", color="#7f7f7f", markersize=3.5,
              label="candidate within the budget")  # fmt: skip
    if not within.all():
        axes.plot(rate[~within], reach[~within], "x", color="#7f7f7f", markersize=4,
                  label="outside the budget")  # fmt: skip
    # What a rate can buy: from one candidate of the front to the next it does not grow.
    axes.step(rate[front], reach[front], where="post", color=COLOURS[0], linewidth=1.4,
              label="Pareto front")  # fmt: skip
    axes.errorbar(
        rate[front], reach[front], yerr=[found[i]["reach_difference_err"][name] for i in front],
        fmt="o", color=COLOURS[0], markersize=4, linewidth=0.9,
    )  # fmt: skip
    _numbers(axes, rate, reach, front)
    base = next(i for i, one in enumerate(found) if one["base"])
    axes.plot(rate[base], reach[base], "s", color=COLOURS[1], markersize=8, fillstyle="none",
              markeredgewidth=1.8, label="base")  # fmt: skip
    if objective["best"] is not None:
        best = objective["best"]
        axes.plot(rate[best], reach[best], "*", color=COLOURS[2], markersize=14,
                  label="best within the budget", zorder=5)  # fmt: skip
    _limits(axes, value, rate)
    axes.set_xlabel("Level-1 rate before dead time [kHz]")
    axes.set_ylabel("reach: coupling limit, ideal trigger / candidate")
    axes.set_title(f"{value['name']}: {name}", fontsize=10)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    return figure


def _numbers(axes: Axes, rate: Any, reach: Any, front: Any) -> None:
    if len(front) > MOST_LABELS:
        return
    for i in front:
        axes.annotate(str(i), (rate[i], reach[i]), textcoords="offset points", xytext=(4, -10),
                      fontsize=7, color=COLOURS[0])  # fmt: skip


def _limits(axes: Axes, value: dict[str, Any], rate: Any) -> None:
    """Shade what the budget does not allow."""
    pad = 0.05 * max(float(np.ptp(rate)), 0.02 * float(np.max(rate)), 1e-3)
    low, high = float(np.min(rate)) - pad, float(np.max(rate)) + pad
    limits = {"rate": value["budget"]["rate_khz"], "dead time": dead_limit(value)}
    for number, (name, limit) in enumerate(limits.items()):
        if limit is None or limit >= high:
            continue
        axes.axvspan(max(limit, low), high, color=BAD, alpha=0.10, linewidth=0)
        if limit > low:
            axes.axvline(limit, color=BAD, linewidth=1, linestyle=("-", "--")[number],
                         label=f"budget of {name}")  # fmt: skip
    axes.set_xlim(low, high)


def dead_limit(value: dict[str, Any]) -> float | None:
    """Return the lowest rate [kHz] at which the interpolated dead time leaves the budget.

    None where it never does.
    """
    from sim.optimise.dead_time import DeadCurve, DeadPoint

    allowed = value["budget"]["dead_time"]
    if allowed is None:
        return None
    curve = DeadCurve(tuple(
        DeadPoint(p["rate_khz"], p["dead_time"], p["dead_time_err"])
        for p in value["dead_time"]["points"]
    ))  # fmt: skip
    rates = np.linspace(curve.points[0].rate_khz, curve.points[-1].rate_khz, 2001)
    above = np.flatnonzero(curve.at(rates) > allowed)
    return float(rates[above[0]]) if len(above) else None


def dead_time_curve(value: dict[str, Any]) -> Figure:
    """Return the dead time against rate: simulated, interpolated, and checked."""
    from sim.optimise.dead_time import DeadCurve, DeadPoint

    figure, axes = new_figure(7.4, 3.6)
    own = value["dead_time"]
    curve = DeadCurve(tuple(
        DeadPoint(p["rate_khz"], p["dead_time"], p["dead_time_err"]) for p in own["points"]
    ))  # fmt: skip
    fine = np.linspace(curve.points[0].rate_khz, curve.points[-1].rate_khz, 400)
    axes.plot(fine, 100 * curve.at(fine), color=COLOURS[0], linewidth=1.2, label="interpolated")
    axes.errorbar(
        [p.rate_khz for p in curve.points], [100 * p.value for p in curve.points],
        yerr=[100 * p.error for p in curve.points], fmt="o", color=COLOURS[0], markersize=3.5,
        label="simulated",
    )  # fmt: skip
    if own["checks"]:
        axes.errorbar(
            [c["rate_khz"] for c in own["checks"]], [100 * c["direct"] for c in own["checks"]],
            yerr=[100 * c["direct_err"] for c in own["checks"]], fmt="s", fillstyle="none",
            color=BAD, markersize=6, label="check: simulated at a candidate's rate",
        )  # fmt: skip
    allowed = value["budget"]["dead_time"]
    if allowed is not None and allowed < 1.5 * max(p.value for p in curve.points):
        axes.axhline(100 * allowed, color=BAD, linewidth=1, linestyle="--", label="budget")
    axes.set_xlabel("Level-1 rate before dead time [kHz]")
    axes.set_ylabel("dead time [%]")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    return figure
