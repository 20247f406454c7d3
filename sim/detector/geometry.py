"""The inner surface of the calorimeter's crystals, and the ways of particles to it.

The surface is a cylinder (barrel) and two planes (endcaps), cut by the polar angles at which the
three parts begin and end, seen from the collision point; what lies between the parts is gap, what
lies beyond them beam hole. Radius and planes: Belle II Technical Design Report (KEK 2010-1),
section 9 (barrel of 1.25 m inner radius, endcaps at z = +1.96 m and -1.02 m); field: 1.5 T along
+z, uniform (assumption: the true field varies by a few per cent). Neutral particles go straight,
charged ones on a helix, without loss of energy in what stands in front of the crystals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import acos, atan2, cos, floor, hypot, inf, pi, sin, sqrt, tan

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from firmware_models.trigger_cells import (
    RING_PHI_COUNT,
    RING_THETA_HIGH_DEG,
    RING_THETA_LOW_DEG,
    cell_map,
)

BARREL_RADIUS = 125.0
"""Inner radius of the barrel's crystals [cm]."""

FORWARD_Z, BACKWARD_Z = 196.0, -102.0
"""Planes of the endcaps' front faces [cm]."""

FIELD_TESLA = 1.5
"""Solenoid's field along +z [T]."""

GEV_PER_CM = 0.299792458e-2 * FIELD_TESLA
"""Transverse momentum of a unit charge on a circle of radius 1 cm [GeV]: R = pT / (0.3 B)."""

MAX_PATH = 1000.0
"""Path [cm] after which a curling particle is given up: assumption, some ten crossings of the
inner detectors' material."""

THETA_STRIPS = 21
"""Strips in θ: beam hole, rings 1 to 3, gap, rings 4 to 15, gap, rings 16 and 17, beam hole."""

MISSED, HIT, GAP, HOLE, OUTSIDE = 0, 1, 2, 3, 4
"""Ends of a way: never at the surface; at crystals; in a gap; in a beam hole; begun outside."""

_RAD = pi / 180.0
FORWARD_IN = FORWARD_Z * tan(RING_THETA_LOW_DEG[0] * _RAD)
FORWARD_OUT = FORWARD_Z * tan(RING_THETA_HIGH_DEG[2] * _RAD)
BACKWARD_IN = BACKWARD_Z * tan(RING_THETA_HIGH_DEG[16] * _RAD)
BACKWARD_OUT = BACKWARD_Z * tan(RING_THETA_LOW_DEG[15] * _RAD)
BARREL_Z_HIGH = BARREL_RADIUS / tan(RING_THETA_LOW_DEG[3] * _RAD)
BARREL_Z_LOW = BARREL_RADIUS / tan(RING_THETA_HIGH_DEG[14] * _RAD)


@dataclass(frozen=True)
class Strips:
    """The strips in θ that the surface is made of; strips tile 0 to π without overlap.

    Parameters
    ----------
    edge : ndarray of float64, shape (THETA_STRIPS + 1,)
        Edges [rad], rising.
    ring : ndarray of int64, shape (THETA_STRIPS,)
        θ-ID; 0 for a beam hole, -1 for a gap.
    phi_count : ndarray of int64, shape (THETA_STRIPS,)
        Cells in φ; 1 where there are none.
    cell_id : ndarray of int64, shape (THETA_STRIPS, 36)
        TC id by strip and φ index from 0; 0 where there is none.
    """

    edge: NDArray[np.float64]
    ring: NDArray[np.int64]
    phi_count: NDArray[np.int64]
    cell_id: NDArray[np.int64]


@cache
def strips() -> Strips:
    """Return the strips of the surface, from the edges of the rings."""
    low, high = np.radians(RING_THETA_LOW_DEG), np.radians(RING_THETA_HIGH_DEG)
    edge, ring = [0.0], [0]
    for number in range(17):
        edge.append(low[number])
        if number > 0 and low[number] > high[number - 1]:
            ring.append(-1)
            edge.insert(-1, high[number - 1])
        ring.append(number + 1)
    edge += [high[16], pi]
    ring.append(0)
    # Rings that touch share their edge; only the edge before a gap was added on top.
    count = np.ones(THETA_STRIPS, dtype=np.int64)
    cell = np.zeros((THETA_STRIPS, 36), dtype=np.int64)
    ids = cell_map().id_of
    for strip, theta_id in enumerate(ring):
        if theta_id > 0:
            count[strip] = RING_PHI_COUNT[theta_id - 1]
            cell[strip, : count[strip]] = ids[theta_id, 1 : count[strip] + 1]
    return Strips(np.array(edge), np.array(ring, dtype=np.int64), count, cell)


@njit()
def surface_distance(theta: float) -> float:
    """Return the distance [cm] of the surface from the collision point at polar angle θ [rad]."""
    if theta < 31.4 * _RAD:
        return FORWARD_Z / cos(theta)
    if theta > 130.7 * _RAD:
        return BACKWARD_Z / cos(theta)
    return BARREL_RADIUS / sin(theta)


@cache
def cell_distance() -> NDArray[np.float64]:
    """Return the distance of each cell's front face [cm], shape ``(577,)``, index = TC id."""
    theta = np.radians(cell_map().theta_deg)
    distance = np.array([surface_distance(float(value)) for value in theta])
    distance[0] = 0.0
    distance.flags.writeable = False
    return distance


@njit()
def strip_of(theta: float, edge: NDArray[np.float64]) -> int:
    """Return the strip of a polar angle [rad]; an edge belongs to the strip above it."""
    low, high = 0, len(edge) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if theta < edge[middle]:
            high = middle
        else:
            low = middle
    return low


@njit()
def turn_of(phi: float) -> float:
    """Return φ [rad] as part of a turn in [0, 1)."""
    turn = phi / (2.0 * pi)
    turn -= floor(turn)
    # A tiny negative φ rounds to a full turn.
    return turn if turn < 1.0 else 0.0


@njit()
def column_of(phi: float, count: int) -> int:
    """Return the φ index from 0 in a ring of `count` cells; φ in rad, any turn."""
    return min(floor(turn_of(phi) * count), count - 1)


@njit()
def cell_at(
    x: float,
    y: float,
    z: float,
    edge: NDArray[np.float64],
    phi_count: NDArray[np.int64],
    cell_id: NDArray[np.int64],
) -> int:
    """Return the cell in whose cone from the collision point the point [cm] lies; 0: none."""
    strip = strip_of(atan2(hypot(x, y), z), edge)
    cell: int = cell_id[strip, column_of(atan2(y, x), phi_count[strip])]
    return cell


@njit()
def _circle_path(x: float, y: float, ux: float, uy: float, radius: float, charge: float) -> float:
    """Return the transverse path [cm] from inside to the barrel's cylinder; infinity: never.

    The particle turns clockwise, seen from +z, for a positive charge. With the centre at distance
    d from the axis, r² = d² + R² + 2 d R cos(ψ - ψ_c); solved for the first crossing on the way.
    """
    cx, cy = x + charge * radius * uy, y - charge * radius * ux
    d = hypot(cx, cy)
    if d < 1e-9:
        return inf
    value = (BARREL_RADIUS**2 - d * d - radius * radius) / (2.0 * d * radius)
    if value > 1.0 or value < -1.0:
        return inf
    opening = acos(value)
    here = atan2(y - cy, x - cx) - atan2(cy, cx)
    best = inf
    for sign in (-1.0, 1.0):
        # Way in the direction of rotation: ψ falls for a positive charge.
        turn = charge * (here - sign * opening) / (2.0 * pi)
        turn -= floor(turn)
        if turn * 2.0 * pi * radius > 1e-9:
            best = min(best, turn * 2.0 * pi * radius)
    return best


@njit()
def _line_path(x: float, y: float, ux: float, uy: float) -> float:
    """Return the straight transverse path [cm] from inside to the barrel's cylinder."""
    along = x * ux + y * uy
    return -along + sqrt(along * along + BARREL_RADIUS**2 - x * x - y * y)


@njit()
def _advance(
    x: float, y: float, ux: float, uy: float, path: float, radius: float, charge: float
) -> tuple[float, float, float, float]:
    """Return transverse position and direction after a transverse path [cm]."""
    if charge == 0.0:
        return x + path * ux, y + path * uy, ux, uy
    angle = -charge * path / radius
    # Chord and mean direction: exact, and stable for large radii.
    half = 0.5 * angle
    chord = 2.0 * radius * sin(0.5 * path / radius)
    ch, sh = cos(half), sin(half)
    ca, sa = cos(angle), sin(angle)
    return (
        x + chord * (ux * ch - uy * sh),
        y + chord * (uy * ch + ux * sh),
        ux * ca - uy * sa,
        uy * ca + ux * sa,
    )


@njit()
def inside(x: float, y: float, z: float) -> bool:
    """Tell whether a point [cm] lies in the volume that the surface encloses."""
    return bool(hypot(x, y) < BARREL_RADIUS and BACKWARD_Z < z < FORWARD_Z)


@njit()
def to_surface(
    x: float,
    y: float,
    z: float,
    px: float,
    py: float,
    pz: float,
    charge: float,
) -> tuple[int, float, float, float, float, float, float, float]:
    """Follow a particle from its production vertex to the crystals.

    Parameters
    ----------
    x, y, z : float
        Production point [cm].
    px, py, pz : float
        Momentum [GeV].
    charge : float
        In units of the elementary charge.

    Returns
    -------
    end : int
        `HIT`, `GAP`, `HOLE`, `MISSED` or `OUTSIDE`.
    x, y, z : float
        Point on the surface [cm]; for a gap, on the cylinder that continues the barrel.
    dx, dy, dz : float
        Unit vector of the direction there.
    path : float
        Length of the way [cm].
    """
    p = sqrt(px * px + py * py + pz * pz)
    if p <= 0.0 or not inside(x, y, z):
        return OUTSIDE, x, y, z, 0.0, 0.0, 1.0, 0.0
    pt = hypot(px, py)
    # Below this a particle moves along the axis: the angle in φ has no meaning.
    pt = max(pt, 1e-12 * p)
    ux, uy = px / pt, py / pt
    q = 0.0
    radius = inf
    if charge != 0.0:
        q = 1.0 if charge > 0.0 else -1.0
        radius = pt / (GEV_PER_CM * abs(charge))
        to_barrel = _circle_path(x, y, ux, uy, radius, q)
    else:
        to_barrel = _line_path(x, y, ux, uy)
    to_plane = inf
    if pz > 0.0:
        to_plane = (FORWARD_Z - z) * pt / pz
    elif pz < 0.0:
        to_plane = (BACKWARD_Z - z) * pt / pz
    stretch = p / pt
    if to_plane < to_barrel:
        if to_plane * stretch > MAX_PATH:
            return MISSED, x, y, z, 0.0, 0.0, 1.0, 0.0
        ex, ey, vx, vy = _advance(x, y, ux, uy, to_plane, radius, q)
        plane = FORWARD_Z if pz > 0.0 else BACKWARD_Z
        r = hypot(ex, ey)
        r_in, r_out = (FORWARD_IN, FORWARD_OUT) if pz > 0.0 else (BACKWARD_IN, BACKWARD_OUT)
        if r < r_out:
            end = HIT if r >= r_in else HOLE
            return end, ex, ey, plane, vx * pt / p, vy * pt / p, pz / p, to_plane * stretch
    if to_barrel * stretch > MAX_PATH:
        return MISSED, x, y, z, 0.0, 0.0, 1.0, 0.0
    ex, ey, vx, vy = _advance(x, y, ux, uy, to_barrel, radius, q)
    ez = z + to_barrel * pz / pt
    end = HIT if BARREL_Z_LOW < ez < BARREL_Z_HIGH else GAP
    return end, ex, ey, ez, vx * pt / p, vy * pt / p, pz / p, to_barrel * stretch
