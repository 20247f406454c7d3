"""Patterns of segments that a short track leaves in superlayers 0 to 4.

A short track leaves the chamber through an endplate: it fires superlayer 4 but not superlayer 6, so
that the track finder, which needs four axial superlayers of five, misses it. Patterns are computed:
helices from the beam line on a regular grid are followed through the chamber, the bins of 5.625° of
the first-priority wires next to them are noted relative to that of superlayer 0, and each side
keeps its most frequent sets of bins. Stereo superlayers 1 and 3 tell the side: their wires are
numbered at the backward endplate, and stand up to three bins further on, or back, at the forward
one. Idea and size of the list: ecl_klm_gdl section 5 of the reference notes (basf2 TRGGRLMatch:
64 bins, 137 patterns, a table of offsets for each); the list itself is not that of basf2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_layers import FIRST_PRIORITY_LAYER, LayerTable, layer_table
from firmware_models.hough_plane import GEV_PER_CM
from firmware_models.interface.grl import N_SHORT_BIN, N_SIDE, SHORT_SUPERLAYERS

PT_MIN = 0.2
"""Lowest transverse momentum [GeV]: assumption."""

Z0_CM = (-2.0, 0.0, 2.0)
"""Where helices begin on the beam line [cm]: assumption."""

COVERAGE = 0.99
"""Share of a side's helices that its patterns cover: assumption."""

THETA_DEG = ((15.0, 45.0), (120.0, 150.0))
"""Polar angles of the grid, forward and backward: wider than what the two conditions leave."""

ECL_Z_CM = (196.0, -102.0)
"""Front faces of the endcap calorimeters (physics section 9 of the reference notes)."""

KLM_Z_CM = (283.9, -189.9)
"""Middle of the first layer of the endcap muon detectors (basf2 EKLM.xml: the endcaps begin 230 cm
from z = 47 cm with a plate of 4.7 cm, then a gap of 4.4 cm)."""

N_THETA, N_CURVATURE, N_PHI = 80, 60, 20
"""Grid on each side. An even number of curvatures leaves out 0; azimuth covers one of the chamber's
32 equal sectors."""

WEIGHT_UNIT = 1_000_000
"""Weights are integers, so that equal ones stay equal whatever the order of a sum."""

FIRED_ROW = 1
"""Layers beyond the first-priority one where a segment has four of its five."""


@dataclass(frozen=True)
class ShortPatterns:
    """Patterns by side, rising offsets.

    Parameters
    ----------
    offset : ndarray of int64, shape (n, 4)
        Bins of superlayers 1 to 4 beyond that of superlayer 0.
    side : ndarray of int64, shape (n,)
        0 forward, 1 backward.
    ecl, klm : ndarray of int64, shape (n,)
        Bin of 5.625° at the endcap calorimeter and at the first layer of the endcap muon detector
        beyond that of superlayer 0.
    weight : ndarray of int64, shape (n,)
        How often the pattern is, in units of all of its side's helices / `total`.
    total : ndarray of int64, shape (2,)
    """

    offset: NDArray[np.int64]
    side: NDArray[np.int64]
    ecl: NDArray[np.int64]
    klm: NDArray[np.int64]
    weight: NDArray[np.int64]
    total: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of patterns."""
        return len(self.offset)

    @property
    def coverage(self) -> NDArray[np.float64]:
        """Share of the helices of each side that has a pattern of the list, shape ``(2,)``."""
        covered = np.array([self.weight[self.side == side].sum() for side in range(N_SIDE)])
        return np.asarray(covered / self.total)


@dataclass(frozen=True)
class _Helices:
    """Helices from the beam line: azimuth [rad], curvature [1/cm] with the charge's sign, ..."""

    phi0: NDArray[np.float64]
    curvature: NDArray[np.float64]
    cot_theta: NDArray[np.float64]
    z0: NDArray[np.float64]
    weight: NDArray[np.int64]

    def at_radius(
        self, radius: NDArray[np.float64] | float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return azimuth [rad] and z [cm]; NaN where the radius is not reached."""
        half = 0.5 * self.curvature
        with np.errstate(invalid="ignore"):
            turn = np.arcsin(half * radius)
        return self.phi0 - turn, self.z0 + turn / half * self.cot_theta

    def at_z(self, z: float) -> NDArray[np.float64]:
        """Return the azimuth [rad], not wrapped, within the first turn."""
        return np.asarray(self.phi0 - 0.5 * self.curvature * (z - self.z0) / self.cot_theta)

    def select(self, rows: NDArray[np.bool_]) -> _Helices:
        return _Helices(*(values[rows] for values in vars(self).values()))


@cache
def short_patterns() -> ShortPatterns:
    """Return the patterns of the standard chamber."""
    return build_patterns(layer_table(), COVERAGE)


def build_patterns(table: LayerTable, coverage: float) -> ShortPatterns:
    """Return the patterns of a chamber.

    Parameters
    ----------
    table : LayerTable
    coverage : float
        Share of each side's helices that are to have a pattern, 0 to 1.
    """
    # Sides do not share sets of offsets in the standard chamber. If they did, both would be said.
    parts = [_of_side(table, side, coverage) for side in range(N_SIDE)]
    result = ShortPatterns(
        **{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])}
    )
    for array in vars(result).values():
        array.flags.writeable = False
    return result


def _of_side(table: LayerTable, side: int, coverage: float) -> ShortPatterns:
    helices = _short(_grid(side), table)
    bins = segment_bins(helices, table)
    relative = _wrap(bins[:, 1:] - bins[:, :1])
    offset, index = np.unique(relative, axis=0, return_inverse=True)
    index = index.reshape(-1)
    weight = _sum(index, helices.weight, len(offset))
    # The most frequent first; of equal ones the lower offsets.
    order = np.argsort(-weight, kind="stable")
    needed = coverage * float(weight.sum())
    kept = np.sort(order[: int(np.searchsorted(np.cumsum(weight[order]), needed)) + 1])
    middle = (bins[:, 0] + 0.5) / N_SHORT_BIN
    targets = []
    for z in (ECL_Z_CM[side], KLM_Z_CM[side]):
        turns = helices.at_z(z) / (2.0 * np.pi)
        beyond = np.rint((turns - middle) * N_SHORT_BIN * WEIGHT_UNIT).astype(np.int64)
        mean = _sum(index, helices.weight * beyond, len(offset)) / (weight * WEIGHT_UNIT)
        targets.append(np.floor(mean + 0.5).astype(np.int64)[kept])
    return ShortPatterns(
        offset[kept], np.full(len(kept), side, dtype=np.int64), targets[0], targets[1],
        weight[kept], np.array([weight.sum()]),
    )  # fmt: skip


def _grid(side: int) -> _Helices:
    """Return helices that are flat in cos θ, 1/pT and azimuth, both charges alike."""
    low, high = np.radians(THETA_DEG[side])
    theta = low + (high - low) * (np.arange(N_THETA) + 0.5) / N_THETA
    curvature = (2.0 * (np.arange(N_CURVATURE) + 0.5) / N_CURVATURE - 1.0) * GEV_PER_CM / PT_MIN
    # One sector further than the first: no azimuth below 0.
    phi0 = (1.0 + (np.arange(N_PHI) + 0.5) / N_PHI) * 2.0 * np.pi / 32
    mesh = np.meshgrid(theta, curvature, phi0, np.array(Z0_CM), indexing="ij")
    polar, omega, azimuth, z0 = (values.ravel() for values in mesh)
    weight = np.rint(np.sin(polar) * WEIGHT_UNIT / N_THETA).astype(np.int64)
    return _Helices(azimuth, omega, 1.0 / np.tan(polar), z0, weight)


def _short(helices: _Helices, table: LayerTable) -> _Helices:
    """Keep helices that fire superlayers 0 to 4 and leave before they fire superlayer 6."""
    inside = np.ones(len(helices.phi0), dtype=np.bool_)
    for superlayer in range(SHORT_SUPERLAYERS):
        inside &= _fires(helices, table, superlayer)
    return helices.select(inside & ~_fires(helices, table, 6))


def _fires(helices: _Helices, table: LayerTable, superlayer: int) -> NDArray[np.bool_]:
    """Return whether a helix is inside the live chamber up to the fourth layer of a segment."""
    layer = FIRST_PRIORITY_LAYER[superlayer] + FIRED_ROW
    _, z = helices.at_radius(float(table.radius[layer]))
    low = table.z_backward[layer] + table.inset_backward[layer]
    high = table.z_forward[layer] - table.inset_forward[layer]
    return np.asarray((z > low) & (z < high))


def segment_bins(helices: _Helices, table: LayerTable) -> NDArray[np.int64]:
    """Return the bin of the first-priority wire next to a helix, shape ``(n, 5)``."""
    columns = []
    for superlayer in range(SHORT_SUPERLAYERS):
        layer = FIRST_PRIORITY_LAYER[superlayer]
        cells = int(table.cells[layer])
        twist = np.pi * table.half_shift[layer] / cells
        radius: NDArray[np.float64] | float = float(table.radius[layer])
        # A stereo wire comes nearer to the axis between the endplates. The second step is exact to
        # 0.1 mm in radius, far below a cell.
        for _ in range(2):
            phi, z = helices.at_radius(radius)
            share = (z - table.z_backward[layer]) / (
                table.z_forward[layer] - table.z_backward[layer]
            )
            along = 1.0 - share + share * np.cos(twist)
            across = share * np.sin(twist)
            radius = table.radius[layer] * np.hypot(along, across)
        turns = (phi - np.arctan2(across, along)) / (2.0 * np.pi)
        number = np.floor(turns * cells + 0.5).astype(np.int64) % cells
        columns.append(N_SHORT_BIN * number // cells)
    return np.stack(columns, axis=1)


def _wrap(bins: NDArray[np.int64]) -> NDArray[np.int64]:
    half = N_SHORT_BIN // 2
    return np.asarray((bins + half) % N_SHORT_BIN - half)


def _sum(index: NDArray[np.int64], values: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return exact sums of integers by index."""
    result = np.zeros(n, dtype=np.int64)
    np.add.at(result, index, values)
    return result
