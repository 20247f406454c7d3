"""Pictures of a readout: each function takes parts of the readout JSON and returns an SVG text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.report.figures import COLOURS, new_figure, svg_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINES = 20
"""Lines in the picture of losses by line, those that fired most often."""

SHORTEST_US = 1e-3
"""Where the axis of the times begins at the earliest [us]."""

FEWEST_ROWS = 4
"""Rows for which a picture has room at least, so that bars do not grow thick."""

DARK, LIGHT, MARK = COLOURS[0], COLOURS[4], COLOURS[5]


def _rows(axes: Axes, names: Sequence[str]) -> NDArray[np.int64]:
    """Put names on the vertical axis, first on top; return their places."""
    place = np.arange(len(names))
    axes.set_yticks(place, list(names), fontsize=8)
    axes.set_ylim(max(len(names), FEWEST_ROWS) - 0.4, -0.6)
    return place


def _legend(axes: Axes, columns: int) -> None:
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, frameon=False, fontsize=8
    )


def losses(found: dict[str, Any]) -> str:
    """Loss of all triggers and by cause: first cause, whatever the others say, and by probes."""
    names = [
        name for name in found["loss_by_cause"]
        if found["loss_by_cause"][name] or found["refused_by_cause"][name]
    ]  # fmt: skip
    first = [found["loss"] or 0.0, *(found["loss_by_cause"][name] for name in names)]
    error = [found["loss_err"] or 0.0, *(found["loss_by_cause_err"][name] for name in names)]
    refused = [0.0, *(found["refused_by_cause"][name] for name in names)]
    random = found["random_trigger"]
    height = 1.3 + 0.42 * max(len(names) + 1, FEWEST_ROWS)
    figure, axes = new_figure(8.5, height)
    place = _rows(axes, ["all (any cause)", *names])
    axes.barh(place, 100 * np.array(refused), color=LIGHT, height=0.75, label="refuses at all")
    axes.barh(
        place, 100 * np.array(first), xerr=100 * np.array(error), color=DARK, height=0.45,
        ecolor="black", error_kw={"linewidth": 1, "capsize": 2}, label="first cause",
    )  # fmt: skip
    if random is not None:
        seen = [random["loss"], *(random["loss_by_cause"].get(name) for name in names)]
        wide = [random["loss_err"] or 0.0, *[0.0] * len(names)]
        axes.errorbar(
            100 * np.array(seen, dtype=float), place, xerr=100 * np.array(wide), fmt="D",
            color=MARK, markersize=4, linewidth=1, label="random probes, first cause",
        )  # fmt: skip
    _positive_log(axes, [100 * value for value in (*first, *refused)])
    axes.set_xlabel("triggers lost [%]")
    axes.grid(axis="x", alpha=0.25)
    _legend(axes, 3)
    return svg_text(figure)


def _positive_log(axes: Axes, values: Sequence[float]) -> None:
    """Make the horizontal axis logarithmic, from below the smallest value that is not zero."""
    above = [value for value in values if value > 0]
    if above:
        axes.set_xscale("log")
        axes.set_xlim(min(above) / 3, max(above) * 2)


def line_losses(lines: Sequence[dict[str, Any]], loss: float) -> str:
    """Loss of the lines that fired most often, with errors.

    Parameters
    ----------
    lines : sequence of dict
    loss : float
        Of all triggers, drawn as a dashed line.
    """
    shown = sorted((x for x in lines if x["offered"]), key=lambda x: -x["offered"])[:MOST_LINES]
    figure, axes = new_figure(8.5, 1.2 + 0.26 * max(len(shown), FEWEST_ROWS))
    place = _rows(axes, [line["name"] for line in shown])
    value = 100 * np.array([line["loss"] for line in shown])
    error = 100 * np.array([line["loss_err"] or 0.0 for line in shown])
    axes.barh(
        place, value, xerr=error, color=LIGHT, ecolor="#222", error_kw={"linewidth": 1},
        label="line",
    )  # fmt: skip
    axes.axvline(100 * loss, color=MARK, linestyle="--", linewidth=1, label="all triggers")
    axes.set_xlim(0, None)
    axes.set_xlabel("triggers lost [%]")
    axes.grid(axis="x", alpha=0.25)
    _legend(axes, 2)
    return svg_text(figure)


def occupancy(stage: dict[str, Any]) -> str:
    """Occupancy of one buffer: share of the time, and share of the arrivals that find it."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    found = stage["occupancy"]
    time, seen = np.array(found["time"]), np.array(found["arrivals"])
    edges = np.arange(len(time) + 1) * found["step"] - (0.5 if found["step"] == 1 else 0.0)
    figure, axes = new_figure(3.4, 2.3)
    axes.stairs(time, edges, color=DARK, linewidth=1.2, fill=False, label="time")
    centre = (edges[1:] + edges[:-1]) / 2
    some = seen > 0
    axes.plot(centre[some], seen[some], ".", color=COLOURS[1], markersize=4, label="arrivals")
    axes.set_yscale("log")
    lowest = min(float(x[x > 0].min()) for x in (time, seen) if x.any())
    axes.set_ylim(lowest / 3, 2.0)
    axes.set_title(stage["name"], fontsize=9)
    axes.set_xlabel("cells inside" if is_cells(stage) else "events inside", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    # Minor ticks of so many logarithmic axes are most of the work of drawing.
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(numticks=6))
    axes.legend(frameon=False, fontsize=7)
    return svg_text(figure)


def is_cells(stage: dict[str, Any]) -> bool:
    """Return whether a buffer's occupancy counts cells and not events."""
    return bool(stage["unit"] == "cells")


def stage_times(stages: Sequence[dict[str, Any]], latency_ns: dict[str, Any]) -> str:
    """Time inside each stage: bars from the median to the 99 % quantile, lines to the maximum."""
    shown = [stage for stage in stages if stage["latency_ns"]["max"]]
    rows = [(stage["name"], stage["latency_ns"]) for stage in shown]
    if latency_ns["max"]:
        rows.append(("accept to last stage", latency_ns))
    figure, axes = new_figure(8.5, 1.2 + 0.24 * max(len(rows), FEWEST_ROWS))
    place = _rows(axes, [name for name, _ in rows])
    # An event without bytes passes in no time: it is drawn at the edge.
    median, high, top = (
        np.maximum([times[key] / 1e3 for _, times in rows], SHORTEST_US)
        for key in ("p50", "p99", "max")
    )
    axes.hlines(place, median, top, color="#888", linewidth=1, label="to the longest")
    axes.hlines(place, median, high, color=LIGHT, linewidth=6, label="to the 99 % quantile")
    axes.plot(median, place, "o", color=DARK, markersize=4, label="median")
    axes.set_xscale("log")
    axes.set_xlabel("time from arrival to departure [µs]")
    axes.grid(axis="x", alpha=0.25)
    _legend(axes, 3)
    return svg_text(figure)


def utilisation(stages: Sequence[dict[str, Any]]) -> str:
    """Part of the time in which each stage's servers work, and are held up by the next stage."""
    shown = [stage for stage in stages if stage["utilisation"] is not None]
    used = 100 * np.array([stage["utilisation"] for stage in shown])
    blocked = 100 * np.array([stage["blocked"] or 0.0 for stage in shown])
    figure, axes = new_figure(8.5, 1.2 + 0.22 * max(len(shown), FEWEST_ROWS))
    place = _rows(axes, [stage["name"] for stage in shown])
    axes.barh(place, used, color=DARK, label="in use")
    axes.barh(place, blocked, left=used, color=COLOURS[1], label="held up by the next stage")
    axes.axvline(100, color=MARK, linewidth=1)
    axes.set_xlim(0, 105)
    axes.set_xlabel("part of the time of its servers [%]")
    axes.grid(axis="x", alpha=0.25)
    _legend(axes, 2)
    return svg_text(figure)
