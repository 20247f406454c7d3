"""The section of a study's report on points of mass and lifetime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.report.figures import new_figure, svg_text
from sim.report.page import Section, paragraph, picture, side_by_side, subheading

MOST_NUMBERS = 12
"""Lifetimes up to which each cell of a map carries its efficiency as a number."""


def grid_section(grids: Sequence[dict[str, Any]]) -> Section:
    """Return one map for each line and group of every grid.

    Parameters
    ----------
    grids : sequence of dict
        Content of ``grids.json``.
    """
    body = ""
    for grid in grids:
        body += subheading(grid["title"]) + paragraph(_text(grid))
        body += side_by_side(
            picture(grid_map(grid, row), _caption(grid, name))
            for row, name in enumerate(grid["lines"])
        )
    return Section("Mass and lifetime", body)


def grid_map(grid: dict[str, Any], row: int) -> str:
    """Return the efficiency of one line as a picture: a row a mass, lifetimes along it.

    Parameters
    ----------
    grid : dict
        One grid of ``grids.json``.
    row : int
        Position among its lines. Points without events stay white.
    """
    value = np.array(grid["efficiency"][row], dtype=float)
    masses, ctaus = grid["mass_gev"], grid["ctau_m"]
    figure, axes = new_figure(6.2, 1.7 + 0.36 * max(len(masses), 4))
    edges = np.arange(len(masses) + 1)
    mesh = axes.pcolormesh(
        grid["ctau_edges_m"], edges, np.ma.masked_invalid(value), vmin=0, vmax=1, cmap="viridis",
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yticks(edges[:-1] + 0.5, [f"{mass:g}" for mass in masses])
    axes.set_xlabel("mean proper decay length cτ [m]")
    axes.set_ylabel(f"{grid['mass_parameter']} [GeV]")
    axes.set_title(grid["lines"][row], fontsize=10)
    if len(ctaus) <= MOST_NUMBERS:
        for (mass, ctau), found in np.ndenumerate(value):
            if np.isfinite(found):
                axes.text(
                    ctaus[ctau], mass + 0.5, _percent(found), fontsize=7, ha="center", va="center",
                    color="black" if found > 0.6 else "white",
                )  # fmt: skip
    figure.colorbar(mesh, ax=axes, label="efficiency")
    return svg_text(figure)


def _percent(value: float) -> str:
    return f"{100 * value:.0f}" if value >= 0.0995 else f"{100 * value:.2g}"


def _caption(grid: dict[str, Any], name: str) -> str:
    members = grid["any_of"].get(name)
    shown = "Numbers in per cent." if len(grid["ctau_m"]) <= MOST_NUMBERS else ""
    return " ".join(part for part in (f"Any of {', '.join(members)}." if members else "", shown)
                    if part)  # fmt: skip


def _text(grid: dict[str, Any]) -> str:
    cuts = " and ".join(_cut(cut) for cut in grid["where"])
    of = f"events with {cuts}" if cuts else "all generated events, wherever they decay"
    effective = np.array(grid["n_eff"], dtype=float)
    given = ", ".join(f"{name} = {value}" for name, value in grid["parameters"].items())
    return (
        f"Process {grid['process']}{f' ({given})' if given else ''}; one sample a mass of "
        f"{min(grid['n_generated']):,} events or more serves all lifetimes by weights. Efficiency "
        f"of {of}. Effective number of events of a point: {effective.min():,.0f} to "
        f"{effective.max():,.0f}. Errors and intervals are in grids.json."
    )


def _cut(cut: dict[str, Any]) -> str:
    low, high = cut["low"], cut["high"]
    left = "" if low in (None, float("-inf")) else f"{low:g} ≤ "
    right = "" if high in (None, float("inf")) else f" < {high:g}"
    return f"{left}{cut['variable']}{right}"
