"""Pictures of scenarios, from the dictionaries of ``scenarios.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.report.figures import COLOURS, svg_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 4

STYLES = (("physics", COLOURS[0], "o"), ("background", COLOURS[5], "s"))


def against_luminosity(scenarios: Sequence[dict[str, Any]], names: Sequence[str]) -> str:
    """Rate of the whole menu and of some lines against luminosity, physics and background apart.

    Parameters
    ----------
    scenarios : sequence of dict
        Content of ``scenarios.json``.
    names : sequence of str
        Lines; those that never fire are left out.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    scenarios = sorted(scenarios, key=lambda scenario: scenario["luminosity_cm2_s"])
    luminosity = np.array([scenario["luminosity_cm2_s"] for scenario in scenarios])
    panels = [("Level-1 total", [scenario["total"] for scenario in scenarios])]
    for name in dict.fromkeys(names):
        found = [_line(scenario, name) for scenario in scenarios]
        if any(line["all"]["rate_hz"] > 0 for line in found):
            prescale = found[0]["prescale"]
            panels.append((name if prescale == 1 else f"{name} (1/{prescale:g})", found))
    rows = -(-len(panels) // COLUMNS)
    figure = Figure(figsize=(9.5, 0.7 + 1.9 * rows), layout="constrained")
    FigureCanvasSVG(figure)
    grid = list(figure.subplots(rows, COLUMNS, sharex=True, squeeze=False).flat)
    for axes, (title, values) in zip(grid, panels, strict=False):
        _panel(axes, luminosity, values)
        axes.set_title(title, fontsize=9)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes in grid[max(len(panels) - COLUMNS, 0) : len(panels)]:
        # The lowest of its column, whatever its row.
        axes.tick_params(labelbottom=True)
    figure.supxlabel("luminosity [1/(cm² s)]", fontsize=9)
    figure.supylabel("rate [Hz]", fontsize=9)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return svg_text(figure)


def _line(scenario: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(line for line in scenario["lines"] if line["name"] == name)
    return found


def _panel(axes: Axes, luminosity: np.ndarray, values: Sequence[dict[str, Any]]) -> None:
    for part, colour, marker in STYLES:
        known = [value[part] for value in values]
        if any(value is None for value in known):
            continue
        rate = np.array([value["rate_hz"] for value in known])
        error = np.array([value["rate_err_hz"] for value in known])
        fired = rate > 0
        # On a logarithmic axis an error bar must not reach 0.
        below = np.minimum(error, 0.9 * rate)
        axes.errorbar(
            luminosity[fired], rate[fired], yerr=np.stack([below, error])[:, fired], color=colour,
            marker=marker, markersize=4, linewidth=1, capsize=2, label=part,
        )  # fmt: skip
        limit = ~fired & (error > 0)
        axes.plot(
            luminosity[limit], error[limit], "v", color=colour, markersize=4, fillstyle="none"
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.25)
