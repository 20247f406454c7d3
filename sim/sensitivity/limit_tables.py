"""Limit curves in columns of text: mass and lowest excluded coupling, as DarkCast reads them."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

from firmware_models.files import write_text

FOLDER = "lmt"
"""Of the curves, inside that of the results."""


def limit_table(points: list[dict[str, Any]], key: str) -> str:
    """Return mass [GeV] and limit of each point that has one, under a line that starts with #.

    Parameters
    ----------
    points : list of dict
        Of one trigger, from a channel's JSON.
    key : str
        ``coupling_limit`` or ``coupling_limit_ideal_trigger``.
    """
    rows = [
        f"{point['mass_gev']:10.4e} {point[key]:10.4e}\n"
        for point in points
        if isfinite(point[key])
    ]
    return "".join([f"#{'mass':>9} {'lower':>10}\n", *rows])


def band_table(bands: list[dict[str, Any]]) -> str:
    """Return mass [GeV], lower and upper edge of the excluded couplings where there are some."""
    rows = [
        f"{band['mass_gev']:10.4e} {band['lower']:10.4e} {band['upper']:10.4e}\n"
        for band in bands
        if isfinite(band["lower"])
    ]
    return "".join([f"#{'mass':>9} {'lower':>10} {'upper':>10}\n", *rows])


def write_limit_tables(value: dict[str, Any], folder: Path) -> None:
    """Write one file a trigger, ``NAME_NUMBER.lmt`` in its order, and that of the ideal trigger.

    Parameters
    ----------
    value : dict
        A channel's JSON.
    folder : Path
        That exists.
    """
    inner, name = folder / FOLDER, value["channel"]
    inner.mkdir(exist_ok=True)
    for number, trigger in enumerate(value["triggers"]):
        text = limit_table(trigger["points"], "coupling_limit")
        write_text(inner / f"{name}_{number}.lmt", text)
    grid = value["lifetimes"]
    if value["coupling"]["sets_lifetime"]:
        for number, trigger in enumerate(grid["triggers"]):
            write_text(inner / f"{name}_{number}_band.lmt", band_table(trigger["bands"]))
        write_text(inner / f"{name}_ideal_band.lmt", band_table(grid["ideal"]["bands"]))
    write_text(
        inner / f"{name}_ideal.lmt", limit_table(value["points"], "coupling_limit_ideal_trigger")
    )
