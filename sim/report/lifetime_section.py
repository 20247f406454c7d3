"""The part of a channel's page on limits against lifetime, from its JSON alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.report.figures import COLOURS, new_figure, svg_text
from sim.report.page import Section, paragraph, picture, side_by_side, subheading
from trigger.grids import ctau_edges

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = ("-", "--", "-.", ":")

MOST_MASSES = 6
"""Masses with a picture of their own; of more, evenly chosen ones."""

MOST_NUMBERS = 12
"""Lifetimes up to which each cell of a map carries its efficiency as a number."""


def lifetime_sections(value: dict[str, Any]) -> list[Section]:
    """Return the section on lifetimes; none where the channel has none.

    Parameters
    ----------
    value : dict
        A channel's JSON.
    """
    grid = value.get("lifetimes")
    if grid is None:
        return []
    coupling = value["coupling"]["name"]
    curves = side_by_side(
        picture(curve(value, number), "") for number in _chosen(len(grid["mass_gev"]))
    )
    maps = side_by_side(
        picture(limit_map(value, trigger), "") for trigger in (grid["ideal"], *grid["triggers"])
    )
    efficiencies = side_by_side(
        picture(efficiency_map(value, trigger), "") for trigger in grid["triggers"]
    )
    return [Section("Mass and lifetime", "".join((
        paragraph(_text(value)), _bands(value),
        subheading(f"Limit on {coupling} against lifetime"), curves,
        subheading("Limit by mass and lifetime"), maps,
        subheading("Trigger efficiency inside the offline selection, per cent"), efficiencies,
    )))]  # fmt: skip


def _bands(value: dict[str, Any]) -> str:
    if not value["coupling"]["sets_lifetime"]:
        return ""
    return subheading("Excluded couplings") + picture(
        bands(value), "The lifetime follows from the coupling: excluded between the edges. Dotted "
        "edge: the lifetimes or the events end there, not the exclusion.",
    )  # fmt: skip


def bands(value: dict[str, Any]) -> str:
    """Return the excluded couplings against mass as SVG."""
    grid, coupling = value["lifetimes"], value["coupling"]
    figure, axes = new_figure(7.4, 4.4)
    for index, trigger in enumerate((grid["ideal"], *grid["triggers"])):
        colour = "#444" if index == 0 else COLOURS[(index - 1) % len(COLOURS)]
        masses = [band["mass_gev"] for band in trigger["bands"]]
        lower, upper = (_finite([b[end] for b in trigger["bands"]]) for end in ("lower", "upper"))
        label = "ideal trigger" if index == 0 else trigger["label"]
        axes.fill_between(masses, lower, upper, color=colour, alpha=0.12, linewidth=0, label=label)
        for end, values in (("lower", lower), ("upper", upper)):
            ended = any(band[f"{end}_open"] for band in trigger["bands"])
            axes.plot(masses, values, color=colour, linewidth=1.2, marker="o", markersize=2.5,
                      linestyle=":" if ended else "-")  # fmt: skip
    _log_scale(axes)
    axes.set_xlabel("mass [GeV]")
    unit = f" [{coupling['unit']}]" if coupling["unit"] else ""
    axes.set_ylabel(f"{coupling['name']}{unit}")
    axes.grid(alpha=0.25, which="both")
    axes.legend(frameon=False, fontsize=8)
    return svg_text(figure)


def curve(value: dict[str, Any], number: int) -> str:
    """Return the limits at one mass against lifetime as SVG; `number` counts the masses."""
    grid, coupling = value["lifetimes"], value["coupling"]
    ctau, mass = grid["ctau_m"], grid["mass_gev"][number]
    figure, axes = new_figure(4.6, 3.6)
    axes.plot(
        ctau, _finite(grid["ideal"]["coupling_limit"][number]), color="#444", linewidth=1,
        linestyle=":", label="ideal trigger",
    )  # fmt: skip
    for index, trigger in enumerate(grid["triggers"]):
        axes.plot(
            ctau, _finite(trigger["coupling_limit"][number]), color=COLOURS[index % len(COLOURS)],
            linestyle=STYLES[index % len(STYLES)], marker="o", markersize=2.5, linewidth=1.4,
            label=trigger["label"],
        )  # fmt: skip
    _published(axes, value, mass)
    axes.set_xscale("log")
    _log_scale(axes)
    axes.set_xlim(0.7 * ctau[0], 1.4 * ctau[-1])
    axes.set_xlabel("mean proper decay length cτ [m]")
    unit = f" [{coupling['unit']}]" if coupling["unit"] else ""
    axes.set_ylabel(f"limit on {coupling['name']}{unit}")
    axes.set_title(f"{mass:g} GeV", fontsize=10)
    axes.grid(alpha=0.25, which="both")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=7)
    return svg_text(figure)


def _log_scale(axes: Axes) -> None:
    """Take the logarithm of y, which matplotlib refuses where there is no limit at all."""
    drawn = np.concatenate([line.get_ydata() for line in axes.get_lines()])
    if np.isfinite(drawn).any():
        axes.set_yscale("log")
    else:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no limit", transform=axes.transAxes, ha="center", color="#777")


def _published(axes: Axes, value: dict[str, Any], mass: float) -> None:
    rows = [
        row for row in value["published"]
        if row["ctau_m"] is not None and row["kind"] == "coupling" and row["mass_gev"] == mass
        and not isinstance(row["value"], list)
    ]  # fmt: skip
    if rows:
        axes.plot(
            [row["ctau_m"] for row in rows], [row["value"] for row in rows], "s", color="#D55E00",
            markersize=4, label="published",
        )  # fmt: skip


def limit_map(value: dict[str, Any], trigger: dict[str, Any]) -> str:
    """Return the limits with one trigger as SVG: a row a mass, lifetimes along it.

    White: nothing passes, or too few events do.
    """
    from matplotlib.colors import LogNorm

    grid = value["lifetimes"]
    every = np.concatenate([
        _finite(one["coupling_limit"]).ravel() for one in (grid["ideal"], *grid["triggers"])
    ])  # fmt: skip
    seen = every[np.isfinite(every)]
    low, high = (seen.min(), seen.max()) if len(seen) else (0.1, 1.0)
    # One scale for all triggers, over at most four decades: beyond, the limits are of no use.
    norm = LogNorm(low, max(min(high, 1e4 * low), 1.01 * low))
    name = value["coupling"]["name"]
    return _map(grid, trigger, _finite(trigger["coupling_limit"]), "viridis_r", norm, name)


def efficiency_map(value: dict[str, Any], trigger: dict[str, Any]) -> str:
    """Return the efficiencies of one trigger as SVG, drawn as the limits."""
    from matplotlib.colors import Normalize

    values = np.where(trigger["enough"], _finite(trigger["trigger_efficiency"]), np.nan)
    return _map(
        value["lifetimes"], trigger, values, "viridis", Normalize(0, 1), "efficiency", numbers=True
    )


def _map(
    grid: dict[str, Any],
    trigger: dict[str, Any],
    values: NDArray[np.float64],
    colours: str,
    norm: Any,
    name: str,
    *,
    numbers: bool = False,
) -> str:
    masses, ctaus = grid["mass_gev"], grid["ctau_m"]
    figure, axes = new_figure(5.4, 1.7 + 0.3 * max(len(masses), 4))
    rows = np.arange(len(masses) + 1)
    mesh = axes.pcolormesh(
        ctau_edges(ctaus), rows, np.ma.masked_invalid(values), cmap=colours, norm=norm
    )
    axes.set_xscale("log")
    axes.set_yticks(rows[:-1] + 0.5, [f"{mass:g}" for mass in masses])
    axes.set_xlabel("mean proper decay length cτ [m]")
    axes.set_ylabel("mass [GeV]")
    axes.set_title(trigger["label"], fontsize=10)
    if numbers and len(ctaus) <= MOST_NUMBERS:
        for (mass, ctau), found in np.ndenumerate(values):
            if np.isfinite(found):
                axes.text(
                    ctaus[ctau], mass + 0.5, f"{100 * found:.0f}", fontsize=6.5, ha="center",
                    va="center", color="black" if found > 0.6 else "white",
                )  # fmt: skip
    figure.colorbar(mesh, ax=axes, label=name)
    return svg_text(figure)


def _chosen(n: int) -> list[int]:
    if n <= MOST_MASSES:
        return list(range(n))
    return sorted({round(float(at)) for at in np.linspace(0, n - 1, MOST_MASSES)})


def _finite(values: Any) -> NDArray[np.float64]:
    found = np.array(values, dtype=float)
    return np.where(np.isfinite(found), found, np.nan)


def _text(value: dict[str, Any]) -> str:
    grid = value["lifetimes"]
    few = [
        f"{one['label']} {np.size(one['enough']) - np.count_nonzero(one['enough'])}"
        for one in (grid["ideal"], *grid["triggers"]) if not np.all(one["enough"])
    ]  # fmt: skip
    text = (
        f"One sample a mass of {min(grid['n_events']):,} events serves all lifetimes by weights; "
        "it is another one than that of the curves above. All long-lived particles have the same "
        "lifetime. "
    )
    if few:
        text += (
            f"Without a limit, because fewer than {grid['least_effective']:g} effective events "
            f"pass: {', '.join(few)} of {np.size(grid['ideal']['enough'])} points."
        )
    return text
