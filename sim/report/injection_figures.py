"""Pictures of the injection maps: time since injection against the place in the turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.report.figures import COLOURS, new_figure, svg_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = NDArray[np.float64]


def _since_ms(edges: dict[str, Any]) -> FloatArray:
    """Return the edges of the time; the first, 0, at half the second for the logarithmic axis."""
    since = np.array(edges["since_ms"], dtype=float)
    since[0] = since[1] / 2
    return since


def _seconds(ring: dict[str, Any], edges: dict[str, Any], columns: int) -> FloatArray:
    """Return how long each of the `columns` parts of the turn was seen in each bin of time [s]."""
    width = np.diff(np.array(edges["since_ms"], dtype=float)) * 1e-3
    seconds: FloatArray = width[:, None] / columns * ring["injections"]
    return seconds


def _axes(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_xlabel("time since injection [ms]")
    axes.set_ylabel("place in the turn from the bunch [tick]", fontsize=9)


def offered_map(ring: dict[str, Any], edges: dict[str, Any]) -> str:
    """Rate of the candidates offered, logarithmic colour; white where none came."""
    from matplotlib.colors import LogNorm

    counts = np.array(ring["offered"], dtype=float)
    rate = counts / _seconds(ring, edges, counts.shape[1]) / 1e3
    figure, axes = new_figure(6.2, 4.0)
    mesh = axes.pcolormesh(
        _since_ms(edges), edges["phase_ticks"], np.ma.masked_equal(rate, 0.0).T,
        norm=LogNorm() if counts.any() else None, cmap="viridis", rasterized=True,
    )  # fmt: skip
    _axes(axes)
    figure.colorbar(mesh, ax=axes, label="candidates offered [kHz]")
    return svg_text(figure)


def live_map(ring: dict[str, Any], edges: dict[str, Any]) -> str:
    """Part of the candidates that is accepted; white where none came."""
    offered = np.array(ring["offered"], dtype=float)
    accepted = np.array(ring["accepted"], dtype=float)
    live = np.ma.masked_invalid(
        np.divide(accepted, offered, out=np.full_like(offered, np.nan), where=offered > 0)
    )
    figure, axes = new_figure(6.2, 4.0)
    mesh = axes.pcolormesh(
        _since_ms(edges), edges["phase_ticks"], live.T, vmin=0, vmax=1, cmap="cividis",
        rasterized=True,
    )  # fmt: skip
    _axes(axes)
    figure.colorbar(mesh, ax=axes, label="part accepted")
    return svg_text(figure)


def profile(ring: dict[str, Any], edges: dict[str, Any]) -> str:
    """Rates offered, accepted and refused by the veto against the time since injection."""
    seconds = _seconds(ring, edges, 1)[:, 0]
    figure, axes = new_figure(6.2, 3.2)
    for name, label, colour in (
        ("offered", "offered", "#222222"),
        ("accepted", "accepted", COLOURS[0]),
        ("vetoed", "refused by the veto", COLOURS[5]),
    ):
        rate = np.array(ring[name]).sum(axis=1) / seconds / 1e3
        axes.stairs(rate, _since_ms(edges), color=colour, linewidth=1.3, label=label)
    axes.set_xscale("log")
    axes.set_ylim(0, None)
    axes.set_xlabel("time since injection [ms]")
    axes.set_ylabel("rate [kHz]")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    return svg_text(figure)


def phase_profile(ring: dict[str, Any], edges: dict[str, Any]) -> str:
    """Candidates offered, accepted and refused by the veto against the place in the turn."""
    figure, axes = new_figure(6.2, 3.2)
    for name, label, colour in (
        ("offered", "offered", "#222222"),
        ("accepted", "accepted", COLOURS[0]),
        ("vetoed", "refused by the veto", COLOURS[5]),
    ):
        counts = np.array(ring[name], dtype=float).sum(axis=0)
        axes.stairs(counts, edges["phase_ticks"], color=colour, linewidth=1.3, label=label)
    axes.set_ylim(0, None)
    axes.set_xlabel("place in the turn from the bunch [tick]")
    axes.set_ylabel("candidates")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    return svg_text(figure)
