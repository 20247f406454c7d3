"""Which cells of the Hough plane each track segment crosses: integers, made here and nowhere else.

The plane is φ0 (160 cells round the circle) against half the curvature, y = ω/2 (34 cells between
the curvatures of 0.3 GeV of either charge). A segment at (r, φ) lies on the circles through the
origin with y = sin(φ0 − φ)/r, of which the rising half is the outgoing arm. One tracker sees the
columns of its quadrant and the few around it that clusters at its borders need.

Source: cdc_track_trigger section 3 of the reference notes (basf2 CDCTriggerHoughtrafo.cc).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_layers import FIRST_PRIORITY_LAYER, RADIUS_MM, SUPERLAYER_CELLS
from firmware_models.interface.cdc_hough import AXIAL, FIRST, LEFT, N_TRACKER, RIGHT
from firmware_models.interface.cdc_segment import ID_SHIFT

N_PHI, N_OMEGA = 160, 34
"""Cells of the whole plane."""

PT_MIN_GEV = 0.3
"""Transverse momentum at the plane's edges."""

GEV_PER_CM = 1.5 * 0.00299792458
"""Transverse momentum over radius [GeV/cm] at 1.5 T."""

Y_MAX = GEV_PER_CM / PT_MIN_GEV / 2
"""Upper edge of the plane: half the curvature [1/cm]."""

N_SEGMENT = tuple(SUPERLAYER_CELLS[s] for s in AXIAL)
"""Segments (cells of a layer) of superlayers 0, 2, 4, 6 and 8."""

RADIUS_CM = tuple(
    (RADIUS_MM[layer] / 10, RADIUS_MM[layer + 1] / 10)
    for layer in (FIRST_PRIORITY_LAYER[s] for s in AXIAL)
)
"""Radii of the first and of the second priority layer of each axial superlayer."""

SHIFT = tuple(ID_SHIFT[s] for s in AXIAL)
"""Segment ids of a tracker begin this many below the one at φ = 90° k (basf2 Unpacker.h)."""

N_ID = 256
"""Values of a segment id in a tracker."""

SECTORS = 32
"""The pattern of segments and cells repeats every 11.25°: five columns, `PERIOD` segments."""

SECTOR_COLUMNS = N_PHI // SECTORS
PERIOD = tuple(n // SECTORS for n in N_SEGMENT)

FIRST_OWN = N_PHI // N_TRACKER // 2
"""A tracker's quadrant begins 45° above its first segment."""

OWN_COLUMNS = N_PHI // N_TRACKER
BELOW, ABOVE = 2, 4
"""Columns beside the quadrant: one square below to see whether a cluster begins, two above."""

FIRST_COLUMN = FIRST_OWN - BELOW
N_COLUMN = BELOW + OWN_COLUMNS + ABOVE

POSITIONS = (RIGHT, LEFT, FIRST)

_FRACTION = 24


@cache
def row_angles() -> NDArray[np.int64]:
    """Return asin(r y) at the edges of the rows, in columns · 2²⁴, rounded to nearest.

    Returns
    -------
    ndarray of int64, shape (5, 2, 35)
        Axial superlayer, first or second priority layer, edge.
    """
    y = [(2 * j - N_OMEGA) * Y_MAX / N_OMEGA for j in range(N_OMEGA + 1)]
    scale = N_PHI / (2 * math.pi) * (1 << _FRACTION)
    angles = [[[round(scale * math.asin(r * v)) for v in y] for r in pair] for pair in RADIUS_CM]
    return np.array(angles, dtype=np.int64)


def columns_crossed(layer: int, segment: int, position: int) -> list[tuple[int, int]]:
    """Return the first and the last column that a segment's curve crosses in each row.

    A cell counts with its border: a curve through a corner crosses all four cells there.

    Parameters
    ----------
    layer : int
        Axial superlayer, 0 to 4.
    segment : int
        Number of the segment from φ = 0; any integer.
    position : int
        1 right, 2 left, 3 first priority.

    Returns
    -------
    list of (int, int)
        For each of the 34 rows; columns are numbered from φ0 = 0 and not wrapped.
    """
    period = PERIOD[layer]
    half_cells = 2 * segment + {RIGHT: -1, LEFT: 1, FIRST: 0}[position]
    edges = row_angles()[layer, int(position != FIRST)].tolist()
    # Columns times 2 · PERIOD · 2²⁴: exact for every segment.
    unit = 2 * period << _FRACTION
    at = [(half_cells * SECTOR_COLUMNS << _FRACTION) + 2 * period * edge for edge in edges]
    return [(-(-at[j] // unit) - 1, at[j + 1] // unit) for j in range(N_OMEGA)]


@dataclass(frozen=True)
class Crossings:
    """Cells that segments cross, and segments that cross cells, in one tracker.

    Parameters
    ----------
    mask : ndarray of int64, shape (5, 4, 256, 46)
        Bit j: the curve crosses row j of that column of the tracker (axial superlayer, position,
        id, column).
    first, last : ndarray of int64, shape (5, 4, 256)
        Columns of the tracker with a crossing; last < first where there is none.
    low, high : ndarray of int64, shape (5, 67, 84)
        Lowest and highest id of which a curve, at any position, crosses a cell of the centre
        at that (sum of rows, sum of the quadrant's columns).
    near : ndarray of int64, shape (5, 2)
        Lowest and highest id of which a curve, at any position, crosses a cell of the tracker.
    """

    mask: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    near: NDArray[np.int64]


@cache
def crossings() -> Crossings:
    """Return the tables of a tracker; the same for all four."""
    layers, rows = range(len(AXIAL)), range(N_OMEGA)
    mask = np.zeros((len(AXIAL), len(POSITIONS) + 1, N_ID, N_COLUMN), dtype=np.int64)
    for layer in layers:
        for position in POSITIONS:
            for number in range(min(N_ID, N_SEGMENT[layer])):
                spans = columns_crossed(layer, number - SHIFT[layer], position)
                for j in rows:
                    begin = max(spans[j][0] - FIRST_COLUMN, 0)
                    end = min(max(spans[j][1] - FIRST_COLUMN + 1, 0), N_COLUMN)
                    mask[layer, position, number, begin:end] |= 1 << j
    some = mask != 0
    none = ~some.any(axis=3)
    first = np.where(none, 0, some.argmax(axis=3))
    last = np.where(none, -1, N_COLUMN - 1 - some[..., ::-1].argmax(axis=3))
    low, high = _centres(mask)
    seen = some.any(axis=(1, 3))
    near = [(int(ids.argmax()), N_ID - 1 - int(ids[::-1].argmax())) for ids in seen]
    return Crossings(mask, first, last, low, high, np.array(near))


def _centres(mask: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ranges of ids at every centre: one cell, or the two or four that share it."""
    rows = np.arange(N_OMEGA)
    # Any position: shape (5, 256, 34, 46).
    each = (mask[:, :, :, None, :] >> rows[:, None]) & 1
    cells: NDArray[np.bool_] = each.max(axis=1) > 0
    ends = cells[:, :, :, BELOW:]
    by_row = _halves(ends, axis=2)
    by_both = _halves(by_row, axis=3)[..., : 2 * (OWN_COLUMNS + ABOVE) - 4]
    low = by_both.argmax(axis=1)
    high = N_ID - 1 - by_both[:, ::-1].argmax(axis=1)
    assert (by_both.sum(axis=1) == high - low + 1).all()  # no gaps: a range is enough
    return low.astype(np.int64), high.astype(np.int64)


def _halves(cells: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Return cells and, between them, the union of neighbours: 2 n − 1 along that axis."""
    cells = np.moveaxis(cells, axis, 0)
    out = np.zeros((2 * len(cells) - 1, *cells.shape[1:]), dtype=np.bool_)
    out[::2] = cells
    out[1::2] = cells[1:] | cells[:-1]
    return np.moveaxis(out, 0, axis)
