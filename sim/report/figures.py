"""Pictures of a study: each function takes tidy results and returns an SVG text.

The results are the dictionaries of the JSON outputs (rates, efficiency), so that a picture can be
made again from the files alone.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart by readers with any kind of colour vision.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7f7f7f",
           "#00364F", "#8B5A00", "#003E2E", "#6A2C54")  # fmt: skip

MOST_OVERLAPS = 28
"""Lines that the overlap picture shows at most."""


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure that never touches a display or the global plot state."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def svg_text(figure: Figure) -> str:
    import matplotlib

    buffer = io.StringIO()
    # A fixed salt and no date: the same results give the same bytes.
    with matplotlib.rc_context({"svg.hashsalt": "lowmult", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def line_rates(lines: Sequence[dict[str, Any]], total_hz: float) -> str:
    """Total and pure rate of every line, as bars on a logarithmic axis.

    Parameters
    ----------
    lines : sequence of dict
        `lines` of the rates JSON.
    total_hz : float
        Total Level-1 rate [Hz], drawn as a dashed line.
    """
    shown = [line for line in lines if line["rate_hz"] > 0]
    figure, axes = new_figure(8.5, 1.0 + 0.24 * max(len(shown), 4))
    place = np.arange(len(shown))
    rate = np.array([line["rate_hz"] for line in shown])
    error = np.array([line["rate_err_hz"] for line in shown])
    pure = np.array([line["pure_hz"] for line in shown])
    axes.barh(place, rate, xerr=error, color=COLOURS[4], ecolor="#444", label="after prescale")
    axes.barh(place, pure, color=COLOURS[0], height=0.4, label="pure (only this line)")
    axes.axvline(total_hz, color="#444", linestyle="--", linewidth=1, label="Level-1 total")
    axes.set_yticks(place, [_with_prescale(line) for line in shown], fontsize=8)
    axes.invert_yaxis()
    if shown:
        axes.set_xscale("log")
        axes.set_xlim(rate.min() / 5, max(total_hz, rate.max()) * 2)
    axes.set_xlabel("rate [Hz]")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=8)
    return svg_text(figure)


def _with_prescale(line: dict[str, Any]) -> str:
    prescale = line["prescale"]
    return line["name"] if prescale == 1 else f"{line['name']} (1/{prescale:g})"


def process_shares(lines: Sequence[dict[str, Any]], names: Sequence[str]) -> str:
    """Rate of the given lines split by process, as stacked bars."""
    chosen = {line["name"]: line for line in lines}
    shown = [chosen[name] for name in names if name in chosen and chosen[name]["rate_hz"] > 0]
    processes = sorted({process for line in shown for process in line["by_process"]})
    figure, axes = new_figure(8.5, 1.3 + 0.34 * max(len(shown), 3))
    left = np.zeros(len(shown))
    for number, process in enumerate(processes):
        part = np.array([line["by_process"].get(process, 0.0) for line in shown])
        if not part.any():
            continue
        axes.barh(
            np.arange(len(shown)), part / 1e3, left=left / 1e3,
            color=COLOURS[number % len(COLOURS)], label=process,
        )  # fmt: skip
        left += part
    axes.set_yticks(np.arange(len(shown)), [_with_prescale(line) for line in shown])
    axes.invert_yaxis()
    axes.set_xlabel("rate [kHz]")
    if shown:
        axes.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False, fontsize=8
        )
    return svg_text(figure)


def overlaps(lines: Sequence[dict[str, Any]], overlap_hz: Sequence[Sequence[float]]) -> str:
    """Share of each line's rate (row) that a second line (column) accepts too."""
    chosen = [i for i, line in enumerate(lines) if line["rate_hz"] > 0]
    chosen = sorted(chosen, key=lambda i: -lines[i]["rate_hz"])[:MOST_OVERLAPS]
    rate = np.array([lines[i]["rate_hz"] for i in chosen])
    matrix = (
        np.array(overlap_hz, dtype=float)[np.ix_(chosen, chosen)] if chosen else np.zeros((0, 0))
    )
    side = 1.8 + 0.26 * max(len(chosen), 4)
    figure, axes = new_figure(side + 0.8, side)
    if chosen:
        image = axes.imshow(matrix / rate[:, None], vmin=0, vmax=1, cmap="Blues", aspect="equal")
        names = [lines[i]["name"] for i in chosen]
        axes.set_xticks(np.arange(len(names)), names, rotation=90, fontsize=7)
        axes.set_yticks(np.arange(len(names)), names, fontsize=7)
        figure.colorbar(image, ax=axes, shrink=0.7, label="share of the row's rate")
    return svg_text(figure)


def turn_on(tables: Sequence[dict[str, Any]], axis: int = 0) -> str:
    """Efficiency against one axis for several lines, with their intervals.

    Parameters
    ----------
    tables : sequence of dict
        One-dimensional efficiency tables (JSON keys of the efficiency output).
    axis : int
        Which axis to draw.
    """
    figure, axes = new_figure(6.2, 4.0)
    for number, table in enumerate(tables):
        edges = np.array(table["axes"][axis]["edges"], dtype=float)
        value = np.array(table["efficiency"], dtype=float)
        low, high = (np.array(table[key], dtype=float) for key in ("lo", "hi"))
        # Side by side within the bin: equal efficiencies would hide each other.
        place = edges[:-1] + np.diff(edges) * (number + 1) / (len(tables) + 1)
        seen = np.isfinite(value)
        axes.errorbar(
            place[seen], value[seen],
            xerr=[(place - edges[:-1])[seen], (edges[1:] - place)[seen]],
            yerr=[np.maximum(value - low, 0)[seen], np.maximum(high - value, 0)[seen]],
            fmt="o", markersize=3, linewidth=1,
            color=COLOURS[number % len(COLOURS)], label=table.get("label", table["line"]),
        )  # fmt: skip
    if tables:
        axes.set_xlabel(axis_label(tables[0]["axes"][axis]))
    axes.set_ylabel("efficiency")
    axes.set_ylim(-0.02, 1.05)
    if tables:
        axes.set_xlim(tables[0]["axes"][axis]["edges"][0], tables[0]["axes"][axis]["edges"][-1])
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    return svg_text(figure)


def efficiency_map(table: dict[str, Any]) -> str:
    """Two-dimensional efficiency as a colour map; bins without events stay white."""
    figure, axes = new_figure(6.2, 4.0)
    first, second = table["axes"]
    value = np.array(table["efficiency"], dtype=float)
    mesh = axes.pcolormesh(
        first["edges"], second["edges"], np.ma.masked_invalid(value).T, vmin=0, vmax=1,
        cmap="viridis",
    )  # fmt: skip
    axes.set_xlabel(axis_label(first))
    axes.set_ylabel(axis_label(second))
    axes.set_title(table.get("label", table["line"]), fontsize=10)
    figure.colorbar(mesh, ax=axes, label="efficiency")
    return svg_text(figure)


def cell_map_picture(theta_edges: Sequence[Sequence[float]], phi_counts: Sequence[int],
                     value: Sequence[float], label: str) -> str:  # fmt: skip
    """One value for every trigger cell, drawn where the cell lies.

    Parameters
    ----------
    theta_edges : sequence of (low, high)
        Polar edges of each ring [degree].
    phi_counts : sequence of int
        Cells in each ring.
    value : sequence of float, length 576
        In the order ring by ring, φ rising.
    label : str
        What the colour means.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Rectangle

    figure, axes = new_figure(8.5, 3.6)
    patches = [
        Rectangle((low, step * 360 / count), high - low, 360 / count)
        for (low, high), count in zip(theta_edges, phi_counts, strict=True)
        for step in range(count)
    ]
    collection = PatchCollection(patches, cmap="viridis", edgecolor="white", linewidth=0.3)
    values = np.asarray(value, dtype=float)
    collection.set_array(np.ma.masked_equal(values, 0.0))
    if values.any():
        collection.set_norm(LogNorm())
    axes.set_facecolor("#eeeeee")
    axes.add_collection(collection)
    axes.set_xlim(10, 158)
    axes.set_ylim(0, 360)
    axes.set_xlabel("polar angle θ (lab) [degree]")
    axes.set_ylabel("azimuth φ [degree]")
    figure.colorbar(collection, ax=axes, label=label)
    return svg_text(figure)


def axis_label(axis: dict[str, Any]) -> str:
    """Return an axis title with its unit."""
    return f"{axis.get('title', axis['name'])} [{axis['unit']}]" if axis["unit"] else axis["name"]
