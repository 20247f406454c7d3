"""What each track-segment finder sees: one superlayer, as one of the four trackers needs it.

Segments of a tracker are numbered from its first, at φ = 90° k (or `ID_SHIFT` before it). Its
finder sees columns of wires: column c holds the five wires that are numbered like segment id c −
`PAD`, in the rows that patterns are made of, the inner one first. Only ids `near` may fire, and
only wires that these need, and as many again beside them, are dealt to columns: in the small
superlayers a word has room for more than the whole circle.

Sources: cdc_track_trigger sections 1.1, 2 and 5.1 of the reference notes (basf2 CDC.xml for radii
and numbers of cells, Unpacker.h for ids and the shift of superlayer 8, the neural trigger's
configuration for windows). The shift of superlayers 5 and 7 and the range of ids are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_geometry import cdc_geometry
from firmware_models.cdc_layers import FIRST_PRIORITY_LAYER, N_WIRE, RADIUS_MM, SUPERLAYER_CELLS
from firmware_models.crossing_angles import WINDOW
from firmware_models.hough_plane import FIRST_OWN, N_OMEGA, N_PHI, Y_MAX, crossings
from firmware_models.interface.cdc_hough import AXIAL, N_TRACKER
from firmware_models.interface.cdc_segment import ID_SHIFT, N_ROW, N_SUPERLAYER, PAD

FIRST_LAYER = tuple(layer - (2 if s else 0) for s, layer in enumerate(FIRST_PRIORITY_LAYER))
"""Layer of the innermost of the five rows, by superlayer."""

REACH = 4
"""Columns beside those of `near` that are dealt: wires of the extended shape."""

MAX_OMEGA, MAX_PHI0 = N_OMEGA - 1, 82
"""Largest values of the 2D track's curvature and azimuth, in half-cells."""

MARGIN = 1
"""Cells beside the range that tracks of stereo superlayers reach."""


@dataclass(frozen=True)
class SegmentViews:
    """Views of all superlayers.

    Parameters
    ----------
    near : ndarray of int64, shape (9, 2)
        Lowest and highest segment id that may fire; the same for all four trackers.
    home : ndarray of int64, shape (9, 2)
        Lowest and highest id of the tracker's own quadrant, 45° to 135° after its first segment.
    superlayer, row, number : ndarray of int64, shape (14336,)
        Of each wire: superlayer, row 0 to 4 of patterns (−1: its layer belongs to none), number
        in the layer.
    """

    near: NDArray[np.int64]
    home: NDArray[np.int64]
    superlayer: NDArray[np.int64]
    row: NDArray[np.int64]
    number: NDArray[np.int64]

    def dealt(self, superlayer: int) -> tuple[int, int]:
        """Return the lowest and the highest id whose wires the finder of a superlayer sees."""
        low, high = self.near[superlayer].tolist()
        return low - REACH, high + REACH


@cache
def segment_views() -> SegmentViews:
    """Return the views of the standard chamber."""
    near = np.array([_near(s) for s in range(N_SUPERLAYER)], dtype=np.int64)
    cells, shift = np.array(SUPERLAYER_CELLS), np.array(ID_SHIFT)
    home = np.stack((shift + cells // 8, shift + 3 * cells // 8 - 1), axis=1)
    geometry = cdc_geometry()
    superlayer = geometry.table.superlayer[geometry.layer]
    row = geometry.layer - np.array(FIRST_LAYER)[superlayer]
    row[(row < 0) | (row >= N_ROW)] = -1
    number = np.arange(N_WIRE) - geometry.first_wire[geometry.layer]
    views = SegmentViews(near, home, superlayer, row, number)
    for array in vars(views).values():
        array.flags.writeable = False
    return views


def wire_columns(superlayer: int, tracker: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the finder of one superlayer and tracker sees each wire.

    Parameters
    ----------
    superlayer, tracker : int
        0 to 8, 0 to 3.

    Returns
    -------
    column, row : ndarray of int64, shape (14336,)
        Column 0 to 239 and row 0 to 4; both −1 for wires that it does not see.
    """
    views = segment_views()
    low, high = views.dealt(superlayer)
    identity = (
        low + (local_to_id(views.number, superlayer, tracker) - low) % SUPERLAYER_CELLS[superlayer]
    )
    seen = (views.superlayer == superlayer) & (views.row >= 0) & (identity <= high)
    return np.where(seen, identity + PAD, -1), np.where(seen, views.row, -1)


def local_to_id(local: NDArray[np.int64], superlayer: int, tracker: int) -> NDArray[np.int64]:
    """Return the ids that segments of a superlayer have in a tracker, 0 to N − 1."""
    cells = SUPERLAYER_CELLS[superlayer]
    result: NDArray[np.int64] = (
        local - cells * tracker // N_TRACKER + ID_SHIFT[superlayer]
    ) % cells
    return result


def id_to_local(identity: NDArray[np.int64], superlayer: int, tracker: int) -> NDArray[np.int64]:
    """Return the numbers in the superlayer of a tracker's ids."""
    cells = SUPERLAYER_CELLS[superlayer]
    result: NDArray[np.int64] = (
        identity - ID_SHIFT[superlayer] + cells * tracker // N_TRACKER
    ) % cells
    return result


def _near(superlayer: int) -> tuple[int, int]:
    """Return the range of ids that tracks of the own quadrant can use."""
    if superlayer in AXIAL:
        low, high = crossings().near[AXIAL.index(superlayer)].tolist()
        return low, high
    cells, window = SUPERLAYER_CELLS[superlayer], WINDOW[superlayer]
    centre = FIRST_PRIORITY_LAYER[superlayer]
    at = []
    for layer, offsets in ((centre, (0.0,)), (centre + 1, (-0.5, 0.5))):
        for omega in (-MAX_OMEGA, MAX_OMEGA):  # φ is monotonic in the curvature
            angle = math.asin(RADIUS_MM[layer] / 10.0 * omega * Y_MAX / N_OMEGA)
            for phi0 in (0, MAX_PHI0):
                columns = FIRST_OWN + (phi0 + 1) / 2.0
                reference = cells * (columns / N_PHI - angle / (2.0 * math.pi))
                at += [reference - offset for offset in offsets]
    low = math.ceil(min(at) + window[0]) - MARGIN + ID_SHIFT[superlayer]
    return low, math.floor(max(at) + window[1]) + MARGIN + ID_SHIFT[superlayer]
