"""Efficiency grids as files for others: CSV, npz and JSON values.

The correctionlib file comes from `EfficiencyGrid.tables`: one bin about each point.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from firmware_models.files import whole_file
from trigger.grids import EfficiencyGrid
from trigger.intervals import CAUTIOUS_WILSON, ONE_SIGMA

COLUMNS = (
    "label", "line", "mass_gev", "ctau_m", "efficiency", "err_lo", "err_hi", "n_eff", "n_events",
)  # fmt: skip


def to_csv(grid: EfficiencyGrid, label: str, cl: float = ONE_SIGMA) -> str:
    """Return one row a line, mass and lifetime as CSV text, the lifetime fastest.

    ``err_lo`` and ``err_hi`` are distances to the bounds, ``n_eff`` and ``n_events`` the effective
    and the plain number of events of the denominator. NaN where there are no events.
    """
    value, (lo, hi), effective = grid.efficiency(), grid.interval(cl), grid.effective()
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for where in np.ndindex(value.shape):
        row, mass, ctau = where
        found = value[where]
        writer.writerow((
            label, grid.names[row], grid.masses[mass], grid.ctaus[ctau], float(found),
            float(found - lo[where]), float(hi[where] - found), float(effective[mass, ctau]),
            int(grid.n_events[mass]),
        ))  # fmt: skip
    return stream.getvalue()


def write_npz(path: str | Path, grid: EfficiencyGrid, cl: float = ONE_SIGMA) -> None:
    """Write the arrays as a numpy archive, whole.

    ``mass`` [GeV], ``ctau`` [m], ``line`` (names); ``efficiency``, ``lo``, ``hi`` of shape
    (line, mass, ctau); ``n_eff`` and ``share`` (of all events in the denominator) of shape
    (mass, ctau); ``n_events`` of shape (mass,). No pickled objects.
    """
    lo, hi = grid.interval(cl)
    buffer = io.BytesIO()
    np.savez(
        buffer, mass=np.array(grid.masses), ctau=np.array(grid.ctaus), line=np.array(grid.names),
        efficiency=grid.efficiency(), lo=lo, hi=hi, n_eff=grid.effective(), share=grid.share(),
        n_events=grid.n_events,
    )  # fmt: skip
    with whole_file(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def to_json(grid: EfficiencyGrid, cl: float = ONE_SIGMA) -> dict[str, Any]:
    """Return the grid as plain values; arrays as in `write_npz`, and the edges of the bins."""
    lo, hi = grid.interval(cl)
    mass, ctau = grid.axes()
    return {
        "lines": list(grid.names),
        "any_of": {name: list(members) for name, members in grid.any_of.items()},
        "mass_gev": list(grid.masses),
        "ctau_m": list(grid.ctaus),
        "mass_edges_gev": list(mass.edges),
        "ctau_edges_m": list(ctau.edges),
        "efficiency": grid.efficiency().tolist(),
        "lo": lo.tolist(),
        "hi": hi.tolist(),
        "interval": {"method": CAUTIOUS_WILSON, "cl": cl},
        "n_eff": grid.effective().tolist(),
        "share": grid.share().tolist(),
        "n_events": grid.n_events.tolist(),
        "n_generated": grid.n_generated.tolist(),
    }
