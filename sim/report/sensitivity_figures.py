"""Pictures of a channel's reach, from its JSON alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.report.figures import COLOURS, new_figure, svg_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES = ("-", "--", "-.", ":")


def limit_curves(value: dict[str, Any]) -> Figure:
    """Return limits on the coupling against mass: ideal, every trigger, published numbers.

    Parameters
    ----------
    value : dict
        A channel's JSON.
    """
    figure, axes = new_figure(7.4, 4.8)
    masses = _column(value["points"], "mass_gev")
    ideal = _column(value["points"], "coupling_limit_ideal_trigger")
    axes.plot(masses, ideal, color="#444", linewidth=1, linestyle=":", label="ideal trigger")
    for number, trigger in enumerate(value["triggers"]):
        limits = _column(trigger["points"], "coupling_limit")
        axes.plot(
            masses, limits, color=COLOURS[number % len(COLOURS)], linewidth=1.6,
            linestyle=STYLES[number % len(STYLES)], marker="o", markersize=2.5,
            label=trigger["label"],
        )  # fmt: skip
    _published(axes, value["published"])
    coupling = value["coupling"]
    axes.set_yscale("log")
    axes.set_xlabel("mass [GeV]")
    unit = f" [{coupling['unit']}]" if coupling["unit"] else ""
    axes.set_ylabel(f"{100 * value['cl']:g} % CL expected limit on {coupling['name']}{unit}")
    axes.set_title(f"{value['title']}, {_luminosity(value['luminosity_fb'])}", fontsize=10)
    axes.grid(alpha=0.25, which="both")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _published(axes: Axes, rows: Sequence[dict[str, Any]]) -> None:
    label: str | None = "published"
    for row in rows:
        if row["kind"] != "coupling" or row["ctau_m"] is not None:
            continue
        mass, limit = (np.atleast_1d(np.array(row[key], float)) for key in ("mass_gev", "value"))
        if len(mass) == 1 and len(limit) == 1:
            axes.plot(mass, limit, "s", color="#D55E00", markersize=4, label=label)
        elif len(limit) == 1:
            axes.plot(mass, np.repeat(limit, 2), color="#D55E00", linewidth=2, label=label)
        else:
            low, high = (mass[0], mass[-1]) if len(mass) == 2 else (mass[0] * 0.99, mass[0] * 1.01)
            axes.fill_between(
                [low, high], limit[0], limit[1], color="#D55E00", alpha=0.15, linewidth=0,
                label=label,
            )  # fmt: skip
        label = None


def efficiency_curves(value: dict[str, Any]) -> Figure:
    """Return the trigger's efficiency inside the offline acceptance against mass."""
    figure, axes = new_figure(7.4, 3.6)
    masses = _column(value["points"], "mass_gev")
    for number, trigger in enumerate(value["triggers"]):
        points = trigger["points"]
        middle = _column(points, "trigger_efficiency")
        low, high = (_column(points, f"trigger_efficiency_{end}") for end in ("lo", "hi"))
        seen = np.isfinite(middle)
        axes.errorbar(
            masses[seen], middle[seen],
            yerr=[np.maximum(middle - low, 0)[seen], np.maximum(high - middle, 0)[seen]],
            color=COLOURS[number % len(COLOURS)], linestyle=STYLES[number % len(STYLES)],
            marker="o", markersize=2.5, linewidth=1.2, label=trigger["label"],
        )  # fmt: skip
    axes.plot(masses, _column(value["points"], "acceptance"), color="#7f7f7f", linewidth=1,
              linestyle=":", label="offline acceptance")  # fmt: skip
    axes.set_ylim(-0.02, 1.05)
    axes.set_xlabel("mass [GeV]")
    axes.set_ylabel("trigger efficiency")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    return figure


def svg(figure: Figure) -> str:
    """Return a figure as SVG text."""
    return svg_text(figure)


def png(figure: Figure) -> bytes:
    """Return a figure as PNG; the same results give the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def _column(points: Sequence[dict[str, Any]], name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a column; what is infinite or missing leaves a gap."""
    found = np.array([np.nan if p[name] is None else p[name] for p in points], dtype=float)
    return np.where(np.isfinite(found), found, np.nan)


def _luminosity(value: float) -> str:
    return f"{value / 1000:g} /ab" if value >= 1000 else f"{value:g} /fb"
