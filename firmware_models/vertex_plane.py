"""Which segments cross each cell of a vertex hypothesis' plane: integers, made here alone.

A hypothesis stands for all vertices in its macro cell: ±4 cm in radius, one sector of 11.25°
in azimuth. Its plane is the azimuth ψ of an arm against half its curvature y = ω/2. ψ is the
direction from the vertex to the place where the arm is `REFERENCE_CM` - ρ away from it, near
superlayer 6, and not its direction at the vertex: there all superlayers of one arm agree best, and
two arms in different columns have different segments. An arm that leaves the vertex in direction φ
passes the point at distance d in direction φ - asin(d y), so a segment seen from the vertex at
distance d and azimuth φ' lies on the arms ψ = φ' + asin(d y) - asin(d_ref y).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.hough_plane import GEV_PER_CM, RADIUS_CM
from firmware_models.interface.displaced import (
    AXIAL_SEGMENTS,
    N_AZIMUTH,
    N_COLUMN,
    N_RING,
    N_ROW,
    RING_RHO_CM,
)

HALF_PITCH_CM = 4.0
"""Half the radial extent of a macro cell."""

REFERENCE_CM = RADIUS_CM[3][0]
"""Radius near which arms are told apart: superlayer 6."""

Y_MAX = 0.0085
"""Upper edge of the plane: half the curvature [1/cm], of 0.2645 GeV."""

INNER_PT_GEV = 0.6
"""Transverse momentum down to which a prompt track's inner segments are looked for."""

N_LAYER = len(AXIAL_SEGMENTS)
PERIOD = tuple(n // N_AZIMUTH for n in AXIAL_SEGMENTS)

POSITIVE_ROWS = sum(1 << row for row in range(N_ROW // 2 - 1, N_ROW))
NEGATIVE_ROWS = sum(1 << row for row in range(N_ROW // 2 + 1))
"""Rows of either charge: the two straightest count for both."""

_SAMPLES = 9
"""Vertices in a macro cell along the radius and along the azimuth; cells between are filled."""

_FRACTION = 24
_FARTHEST = 2.6
"""Segments further off the hypothesis' azimuth, seen from the vertex [rad], are on no arm."""


@dataclass(frozen=True)
class VertexPlanes:
    """Segments of the cells, for the hypothesis of sector 0.

    Segments are numbered from the azimuth opposite to the sector's first segment: n + N/2 modulo N,
    so that none of the ranges wraps.

    Parameters
    ----------
    low, high : ndarray of int64, shape (6, 5, 64, 8)
        Lowest and highest segment that crosses a cell (ring, axial superlayer, column, row); high
        below low where none does.
    inner_low, inner_high : ndarray of int64, shape (6, 5)
        Segments on the way of prompt tracks to the macro cell, for superlayers inside the ring.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    inner_low: NDArray[np.int64]
    inner_high: NDArray[np.int64]


@cache
def vertex_planes() -> VertexPlanes:
    """Return the tables."""
    shape = (N_RING, N_LAYER, N_COLUMN, N_ROW)
    low, high = np.zeros(shape, dtype=np.int64), np.full(shape, -1, dtype=np.int64)
    for ring in range(N_RING):
        for layer in range(N_LAYER):
            begin, end = _columns(ring, layer)
            columns = np.arange(N_COLUMN)[:, None]
            for row in range(N_ROW):
                crossed = (begin[:, row] <= columns) & (columns <= end[:, row])
                some = crossed.any(axis=1)
                first = crossed.argmax(axis=1)
                last = crossed.shape[1] - 1 - crossed[:, ::-1].argmax(axis=1)
                low[ring, layer, :, row] = np.where(some, first, 0)
                high[ring, layer, :, row] = np.where(some, last, -1)
    inner_low, inner_high = _inner()
    return VertexPlanes(low, high, inner_low, inner_high)


def _columns(ring: int, layer: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and the last column of each segment in each row, shape (n, 8)."""
    n, rho = AXIAL_SEGMENTS[layer], RING_RHO_CM[ring]
    steps = np.linspace(-1.0, 1.0, _SAMPLES)
    radius = (rho + HALF_PITCH_CM * steps)[:, None, None, None]
    azimuth = (math.pi / N_AZIMUTH * steps)[None, :, None, None]
    # First-priority wire, and the second-priority ones half a cell to either side.
    shift = np.array([-0.5, 0.0, 0.5])
    at = np.array([RADIUS_CM[layer][int(s != 0)] for s in shift])
    number = np.arange(n)[:, None] - n // 2 + shift
    phi = 2 * math.pi * number / n - math.pi / N_AZIMUTH
    dx = at * np.cos(phi) - radius * np.cos(azimuth)
    dy = at * np.sin(phi) - radius * np.sin(azimuth)
    distance, direction = np.hypot(dx, dy), np.arctan2(dy, dx)
    ahead = (at >= radius) & (np.abs(direction) <= _FARTHEST)
    y = (2 * np.arange(N_ROW + 1) - N_ROW) * Y_MAX / N_ROW
    bend = np.arcsin(np.clip(distance[..., None] * y, -1.0, 1.0))
    psi = direction[..., None] + bend - np.arcsin((REFERENCE_CM - rho) * y)
    units = np.rint((psi + math.pi / 2) * (N_COLUMN / math.pi) * (1 << _FRACTION)).astype(np.int64)
    column = units >> _FRACTION
    nearest = np.minimum(np.abs(y[:-1]), np.abs(y[1:]))
    reached = ahead[..., None] & (distance[..., None] * nearest < 1.0)
    begin = np.where(reached, np.minimum(column[..., :-1], column[..., 1:]), N_COLUMN)
    end = np.where(reached, np.maximum(column[..., :-1], column[..., 1:]), -1)
    # The macro cell is connected: what lies between two crossed columns is crossed too.
    return begin.min(axis=(0, 1, 3)), end.max(axis=(0, 1, 3))


def _inner() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ranges of segments inside the rings, shape (6, 5) each; empty: 0 to -1."""
    low, high = np.zeros((N_RING, N_LAYER), np.int64), np.full((N_RING, N_LAYER), -1, np.int64)
    y = GEV_PER_CM / INNER_PT_GEV / 2
    for ring, rho in enumerate(RING_RHO_CM):
        for layer, n in enumerate(AXIAL_SEGMENTS):
            radius = RADIUS_CM[layer][0]
            if radius >= rho - HALF_PITCH_CM:
                continue
            turn = math.asin((rho + HALF_PITCH_CM) * y) - math.asin(radius * y)
            reach = (turn + math.pi / N_AZIMUTH) * n / (2 * math.pi) + 0.5
            centre = n / 2 + PERIOD[layer] / 2
            low[ring, layer] = math.ceil(centre - reach)
            high[ring, layer] = math.floor(centre + reach)
    return low, high
