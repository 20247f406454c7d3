"""From a short arc in one layer to the cells it lies in and its distances from their wires.

A cell is the wedge of one pitch in azimuth around its wire at the particle's z. The arc in a cell
is its chord, with the bulge added where the chord is nearest to the wire; the distance is that from
a point to a line in three dimensions.
"""

from __future__ import annotations

from math import atan, floor, sqrt

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.cdc.surfaces import (
    CELLS,
    FIRST_WIRE,
    HALF_TWIST,
    OFFSET,
    PER_TURN,
    TANGENT,
    Z_HIGH,
    Z_LOW,
    Z_MIDDLE,
    Z_SCALE,
)

DISTANCE, PATH, FLIGHT, Z = range(4)
"""Columns of a crossing: signed distance [cm], path in the cell [cm], and time of flight [ns] and z
[cm] of the point nearest to the wire."""

N_COLUMN = 4


@njit(inline="always")
def cell_coordinate(phi: float, z: float, layer: int, table: NDArray[np.float64]) -> float:
    """Return azimuth in cells from wire 0 of a layer at z; whole numbers are wires."""
    half = table[layer, HALF_TWIST]
    if half != 0.0:
        part = (z - table[layer, Z_MIDDLE]) * table[layer, Z_SCALE]
        t = part * table[layer, TANGENT]
        t2 = t * t
        if t2 < 0.04:  # the standard chamber's always are: atan by a series, exact to 2 · 10⁻⁹
            phi -= half + t * (1.0 - t2 * (1.0 / 3.0 - t2 * (0.2 - t2 * (1.0 / 7.0 - t2 / 9.0))))
        else:
            phi -= half + atan(t)
    result: float = phi * table[layer, PER_TURN] - table[layer, OFFSET]
    return result


@njit(inline="always")
def nearest(
    a: tuple[float, float, float],
    b: tuple[float, float, float],
    bulge: tuple[float, float],
    line: NDArray[np.float64],
    wire: int,
) -> tuple[float, float]:
    """Return the signed distance [cm] between an arc and a wire, and where on the chord it is.

    Parameters
    ----------
    a, b : tuple of float
        Ends of the arc, x, y, z [cm].
    bulge : tuple of float
        x and y [cm] of the arc's middle from the chord's.
    line : ndarray of float64, shape (14336, 4)
        See `CdcGeometry`.
    wire : int
        The wire.

    Returns
    -------
    distance : float
        Positive when the arc passes at larger azimuth than the wire.
    part : float
        0 at a, 1 at b.
    """
    # Offset from the wire at equal z, linear along the chord; the part along the wire is taken off.
    wx, wy, sx, sy = line[wire, 0], line[wire, 1], line[wire, 2], line[wire, 3]
    vx, vy = a[0] - wx - sx * a[2], a[1] - wy - sy * a[2]
    dz = b[2] - a[2]
    ex, ey = b[0] - a[0] - sx * dz, b[1] - a[1] - sy * dz
    tilt = 1.0 / (1.0 + sx * sx + sy * sy)
    along = (ex * sx + ey * sy) * tilt
    fx, fy = ex - along * sx, ey - along * sy
    square = ex * fx + ey * fy
    part = min(max(-(vx * fx + vy * fy) / square, 0.0), 1.0) if square > 0.0 else 0.0
    arc = 4.0 * part * (1.0 - part)
    vx += part * ex + arc * bulge[0]
    vy += part * ey + arc * bulge[1]
    along = vx * sx + vy * sy
    distance = sqrt(max(vx * vx + vy * vy - along * along * tilt, 0.0))
    z = a[2] + part * dz
    turn = (wx + sx * z) * vy - (wy + sy * z) * vx
    return (distance if turn >= 0.0 else -distance), part


@njit(inline="always")
def cross_cells(
    layer: int,
    a: tuple[float, float, float],
    b: tuple[float, float, float],
    phi_a: float,
    phi_b: float,
    bulge: tuple[float, float],
    path: float,
    flight_a: float,
    flight_b: float,
    table: NDArray[np.float64],
    line: NDArray[np.float64],
    count: int,
    wires: NDArray[np.int64],
    columns: NDArray[np.float64],
) -> int:
    """Add the cells that an arc in one layer lies in.

    Parameters
    ----------
    layer : int
        The layer.
    a, b : tuple of float
        Ends, x, y, z [cm].
    phi_a, phi_b : float
        Their azimuths [rad], without a jump by a turn between them.
    bulge : tuple of float
        See `nearest`.
    path : float
        Length of the arc [cm].
    flight_a, flight_b : float
        Time at the ends [ns].
    table, line : ndarray of float64
        The chamber; see `Layers`.
    count : int
        Crossings before.
    wires, columns : ndarray
        Crossings of this particle, shape ``(room,)`` and ``(room, 4)``; added to. A cell that
        the previous crossing was in already is continued.

    Returns
    -------
    int
        Crossings now; none is added when there is no room.
    """
    first, cells = int(table[layer, FIRST_WIRE]), int(table[layer, CELLS])
    ua = cell_coordinate(phi_a, a[2], layer, table)
    ub = cell_coordinate(phi_b, b[2], layer, table)
    ka, kb = floor(ua + 0.5), floor(ub + 0.5)
    step = 1 if kb >= ka else -1
    # Part of the arc beside the sensitive part of the wires.
    low, high = table[layer, Z_LOW], table[layer, Z_HIGH]
    opens, closes = 0.0, 1.0
    if min(a[2], b[2]) < low or max(a[2], b[2]) > high:
        if max(a[2], b[2]) <= low or min(a[2], b[2]) >= high:
            return count
        at_low, at_high = (low - a[2]) / (b[2] - a[2]), (high - a[2]) / (b[2] - a[2])
        opens = max(min(at_low, at_high), 0.0)
        closes = min(max(at_low, at_high), 1.0)
    start = 0.0
    k = ka
    while True:
        end = 1.0 if k == kb else (k + 0.5 * step - ua) / (ub - ua)
        begin, stop = max(start, opens), min(end, closes)
        if begin < stop:
            from_point = a if begin == 0.0 else _along(begin, a, b, bulge)
            to_point = b if stop == 1.0 else _along(stop, a, b, bulge)
            share = stop - begin
            number = k
            while number < 0:
                number += cells
            while number >= cells:
                number -= cells
            wire = first + number
            # A part of a parabola bulges with the square of its share.
            own_bulge = (bulge[0] * share * share, bulge[1] * share * share)
            distance, part = nearest(from_point, to_point, own_bulge, line, wire)
            z = from_point[2] + part * (to_point[2] - from_point[2])
            flight = flight_a + (begin + part * share) * (flight_b - flight_a)
            count = _add(wire, distance, path * share, flight, z, count, wires, columns)
        if k == kb:
            return count
        start = end
        k += step


@njit(inline="always")
def _along(
    part: float,
    a: tuple[float, float, float],
    b: tuple[float, float, float],
    bulge: tuple[float, float],
) -> tuple[float, float, float]:
    """Return the point [cm] of an arc at a part of its chord."""
    arc = 4.0 * part * (1.0 - part)
    return (
        a[0] + part * (b[0] - a[0]) + arc * bulge[0],
        a[1] + part * (b[1] - a[1]) + arc * bulge[1],
        a[2] + part * (b[2] - a[2]),
    )


@njit(inline="always")
def _add(
    wire: int,
    distance: float,
    path: float,
    flight: float,
    z: float,
    count: int,
    wires: NDArray[np.int64],
    columns: NDArray[np.float64],
) -> int:
    """Add a crossing, or continue the last one."""
    if count > 0 and wires[count - 1] == wire:
        last = count - 1
        columns[last, PATH] += path
        if abs(distance) < abs(columns[last, DISTANCE]):
            columns[last, DISTANCE], columns[last, FLIGHT] = distance, flight
            columns[last, Z] = z
        return count
    if count == len(wires):
        return count
    wires[count] = wire
    columns[count, DISTANCE], columns[count, PATH] = distance, path
    columns[count, FLIGHT], columns[count, Z] = flight, z
    return count + 1
