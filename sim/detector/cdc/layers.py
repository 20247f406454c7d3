"""A helix through one superlayer: from slab to slab, out, round the turning point and in."""

from __future__ import annotations

from math import atan2, cos, pi, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.cdc.cells import cross_cells
from sim.detector.cdc.helix import place, place_at, turned
from sim.detector.cdc.surfaces import (
    ABOVE,
    BELOW,
    CONSTANT,
    HALF_TWIST,
    LINEAR,
    RADIUS,
    SQUARE,
    Layers,
)

LONGEST_TURN = 0.15
"""Arcs are cut to this angle [rad]; the bulge of an arc is then a parabola's to 0.1 %."""


@njit(inline="always")
def _wires_at(z: float, layer: int, table: NDArray[np.float64]) -> float:
    """Return the distance [cm] of a layer's wires from the axis at z."""
    if table[layer, HALF_TWIST] == 0.0:
        radius: float = table[layer, RADIUS]
        return radius
    square = table[layer, CONSTANT] + z * (table[layer, LINEAR] + z * table[layer, SQUARE])
    return sqrt(square)


@njit(inline="always")
def turn_between(ax: float, ay: float, bx: float, by: float) -> float:
    """Return the change of azimuth [rad] from a to b; below 3° by a series, exact to 10⁻¹⁰."""
    across, along = ax * by - ay * bx, ax * bx + ay * by
    if abs(across) < 0.05 * along:
        t = across / along
        t2 = t * t
        return t * (1.0 - t2 * (1.0 / 3.0 - t2 * (0.2 - t2 / 7.0)))
    return atan2(across, along)


@njit(inline="always")
def border_radius(number: int, first: int, z: float, table: NDArray[np.float64]) -> float:
    """Return the radius [cm] at z of a border of slabs: border 0 lies before the first layer."""
    if number == 0:
        inner: float = _wires_at(z, first, table) - table[first, BELOW]
        return inner
    layer = first + number - 1
    outer: float = _wires_at(z, layer, table) + table[layer, ABOVE]
    return outer


@njit(inline="always")
def _half(border: float, perigee: float, scale: float) -> float:
    """Return `half_sine` with the division done before."""
    square = (border * border - perigee * perigee) * scale
    return sqrt(min(max(square, 0.0), 1.0))


@njit()
def borders_below(r: float, z: float, superlayer: int, layers: Layers) -> int:
    """Return how many borders of a superlayer's slabs a point lies outside of."""
    first, end = layers.first_layer[superlayer], layers.first_layer[superlayer + 1]
    number = 0
    while number <= end - first and border_radius(number, first, z, layers.table) <= r:
        number += 1
    return number


@njit(error_model="numpy")
def scan(
    superlayer: int,
    below: int,
    eta: float,
    eta_end: float,
    arm: int,
    z: float,
    rise: float,
    flight: float,
    delay: float,
    distance: float,
    perigee: float,
    radius: float,
    nx: float,
    ny: float,
    sign: float,
    layers: Layers,
    count: int,
    wires: NDArray[np.int64],
    columns: NDArray[np.float64],
) -> int:
    """Add the cells that an arc in a superlayer's zone lies in.

    Parameters
    ----------
    superlayer : int
        The superlayer.
    below : int
        Borders of slabs that the arc's start lies outside of, 0 to one more than there are layers.
    eta, eta_end : float
        Angle turned since the perigee at start and end [rad].
    arm : int
        Half turn that the start is in: even ones lead out.
    z : float
        At the start [cm].
    rise : float
        Change of z with η [cm].
    flight : float
        Time at the start [ns].
    delay : float
        Change of time with η [ns].
    distance, perigee, radius, nx, ny, sign
        The circle; see `sim.detector.cdc.helix.circle`.
    layers : Layers
        The chamber.
    count, wires, columns
        As for `cross_cells`.

    Returns
    -------
    int
        Crossings now.
    """
    table, line = layers.table, layers.line
    first = layers.first_layer[superlayer]
    n_layer = layers.first_layer[superlayer + 1] - first
    scale = 1.0 / (4.0 * distance * radius)
    stretch = sqrt(radius * radius + rise * rise)
    half, co = sin(0.5 * eta), cos(0.5 * eta)
    x, y = place(half, co, perigee, radius, nx, ny, sign)
    phi = atan2(y, x)
    while eta < eta_end:
        limit = min(eta_end, (arm + 1) * pi)
        outward = arm % 2 == 0
        number = below if outward else below - 1
        eta_next, bounded = limit, True
        if 0 <= number <= n_layer:
            border = border_radius(number, first, z, table)
            new_half = _half(border, perigee, scale)
            if table[first, HALF_TWIST] != 0.0:
                # The border of a stereo layer depends on z: again with z where it was found.
                z_there = z + rise * max(min(turned(new_half, arm), limit) - eta, 0.0)
                border = border_radius(number, first, z_there, table)
                new_half = _half(border, perigee, scale)
            if 0.0 < new_half < 1.0:
                there = max(turned(new_half, arm), eta)
                if there < limit:
                    eta_next, bounded = there, False
        if bounded:
            new_half = abs(sin(0.5 * eta_next))
        new_co = sqrt(1.0 - new_half * new_half)
        # η/2 over whole turns: place() wants sine and cosine of the angle within the turn.
        new_x, new_y = place(
            new_half, new_co if outward else -new_co, perigee, radius, nx, ny, sign
        )
        turn = eta_next - eta
        new_z, new_flight = z + rise * turn, flight + delay * turn
        new_phi = phi + turn_between(x, y, new_x, new_y)
        if 1 <= below <= n_layer and turn > 0.0:
            layer = first + below - 1
            pieces = int(turn / LONGEST_TURN) + 1
            part = turn / pieces
            sagitta = radius * (1.0 - cos(0.5 * part)) if part > 0.01 else radius * part**2 / 8.0
            length = stretch * part
            for piece in range(pieces):
                bx, by, phi_b = new_x, new_y, new_phi
                if piece < pieces - 1:
                    bx, by, _, _ = place_at(eta + (piece + 1) * part, perigee, radius, nx, ny, sign)
                    phi_b = phi + turn_between(x, y, bx, by)
                at, to = piece * part, (piece + 1) * part
                # The arc's middle lies away from the centre by the sagitta.
                wx, wy = bx - x, by - y
                chord = sqrt(wx * wx + wy * wy)
                away = sagitta / chord if chord > 0.0 else 0.0
                bulge = (-sign * wy * away, sign * wx * away)
                count = cross_cells(
                    layer, (x, y, z + rise * at), (bx, by, z + rise * to), phi, phi_b, bulge,
                    length, flight + delay * at, flight + delay * to,
                    table, line, count, wires, columns,
                )  # fmt: skip
                x, y, phi = bx, by, phi_b
        x, y, z, phi, flight, eta = new_x, new_y, new_z, new_phi, new_flight, eta_next
        if bounded:
            arm += 1
        else:
            below += 1 if outward else -1
    return count
