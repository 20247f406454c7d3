"""A magnetic charge through beam pipe, silicon and gas, compiled: straight in the transverse plane.

Within a zone the motion is the closed form of `sim.detector.magnetic`; at the zone's end the charge
loses the mean energy of the material on the way (Ahlen) and is turned by multiple scattering as an
electric charge gβ would be (assumption: the transverse force of a resting nucleus on it). What
stops is given up: the field could pull it on through thin matter (assumption)."""

from __future__ import annotations

from math import hypot, inf, sqrt

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.cdc.cells import cross_cells
from sim.detector.cdc.layers import border_radius, borders_below, turn_between
from sim.detector.cdc.material import highland
from sim.detector.cdc.medium import MOST_OBLIQUE, Medium, deflected
from sim.detector.cdc.surfaces import Z_HIGH, Z_LOW, Layers, Zones
from sim.detector.magnetic import moved, path_to_cylinder, path_to_plane
from sim.detector.magnetic_loss import relative_ionisation, slowed

LEAST_MOMENTUM = 1e-3
"""Transverse momentum [GeV] below which a charge is given up: it moves along the field."""

PIECE = 0.5
"""Longest piece [cm] of the way that is taken as straight: a sagitta below 0.1 mm for pT above 0.3
GeV, 5 GeV of energy and 1 e."""

MOST_ZONES = 64
ROUNDS = 4
"""Repetitions of the border of a stereo layer, whose radius depends on z."""


@njit(inline="always")
def zone_of(r: float, radius: NDArray[np.float64]) -> int:
    """Return the zone that a distance from the axis [cm] lies in."""
    zone = 0
    while zone < len(radius) - 1 and radius[zone + 1] <= r:
        zone += 1
    return zone


@njit(error_model="numpy")
def follow_magnetic(
    p4: NDArray[np.float64],
    vertex: NDArray[np.float64],
    mass: float,
    charge: float,
    zones: Zones,
    layers: Layers,
    medium: Medium,
    rng: np.random.Generator,
    wires: NDArray[np.int64],
    columns: NDArray[np.float64],
) -> int:
    """Follow one magnetic charge and write its crossings.

    Parameters
    ----------
    p4, vertex : ndarray of float64, shape (4,)
        px, py, pz, E [GeV]; x, y, z [cm], time [ns].
    mass : float
        [GeV].
    charge : float
        Magnetic charge [e].
    zones, layers, medium, rng, wires, columns
        As for `sim.detector.cdc.follow.follow`. The path in a cell is multiplied by the ionisation
        relative to a minimum-ionising particle: that many ionisations can fire the wire.

    Returns
    -------
    int
        Crossings.
    """
    pt, pz = hypot(p4[0], p4[1]), p4[2]
    if pt < LEAST_MOMENTUM or mass <= 0.0:
        return 0
    x, y, z, time = vertex[0], vertex[1], vertex[2], vertex[3]
    ux, uy = p4[0] / pt, p4[1] / pt
    gas = medium.substance[medium.gas_row]
    z_least, z_most = layers.table[:, Z_LOW].min(), layers.table[:, Z_HIGH].max()
    last = len(zones.radius) - 1
    zone = zone_of(hypot(x, y), zones.radius)
    entered = 0
    count = 0
    for _ in range(MOST_ZONES):
        if zone >= last:
            break
        along = x * ux + y * uy
        perigee2 = max(x * x + y * y - along * along, 0.0)
        path = inf
        way = -1
        if along < 0.0 and zone > 0:
            path = path_to_cylinder(along, perigee2, zones.radius[zone], False)
        if path == inf:
            way = 1
            path = path_to_cylinder(along, perigee2, zones.radius[zone + 1], True)
        path = max(path, 0.0)
        # Given up at the ends of the wires, as an electric charge is.
        turn = path_to_plane(z, z_most, pt, pz, mass, charge)
        turn = min(turn, path_to_plane(z, z_least, pt, pz, mass, charge))
        ends = turn < path and z_least <= z <= z_most
        path = min(path, turn) if ends else path
        superlayer = zones.superlayer[zone]
        if superlayer >= 0:
            if entered == 1:
                below = 0
            elif entered == -1:
                below = layers.first_layer[superlayer + 1] - layers.first_layer[superlayer] + 1
            else:
                below = borders_below(hypot(x, y), z, superlayer, layers)
            ionises = relative_ionisation(sqrt(pt * pt + pz * pz) / mass, charge, gas)
            count = _scan(
                superlayer, below, path, x, y, z, time, ux, uy, pt, pz, mass, charge, ionises,
                layers, count, wires, columns,
            )  # fmt: skip
        if ends:
            break
        new_z, new_time, new_pz = moved(path, z, time, pt, pz, mass, charge)
        length = sqrt(path * path + (new_z - z) ** 2)
        x, y, z, time, pz = x + path * ux, y + path * uy, new_z, new_time, new_pz
        cylinder = zone + 1 if way == 1 else zone
        zone += way
        entered = way
        pt, ux, uy, pz = _behind(
            pt, ux, uy, pz, x, y, mass, charge, length if superlayer >= 0 else 0.0,
            zones.thickness[cylinder], zones.substance[cylinder], medium, rng,
        )  # fmt: skip
        if pt < LEAST_MOMENTUM:
            break
    return count


@njit(error_model="numpy")
def _scan(
    superlayer: int,
    below: int,
    end: float,
    x: float,
    y: float,
    z: float,
    time: float,
    ux: float,
    uy: float,
    pt: float,
    pz: float,
    mass: float,
    charge: float,
    ionises: float,
    layers: Layers,
    count: int,
    wires: NDArray[np.int64],
    columns: NDArray[np.float64],
) -> int:
    """Add the cells on the way through a superlayer's zone; see `sim.detector.cdc.layers.scan`."""
    table, line = layers.table, layers.line
    first = layers.first_layer[superlayer]
    n_layer = layers.first_layer[superlayer + 1] - first
    along = x * ux + y * uy
    perigee2 = max(x * x + y * y - along * along, 0.0)
    at = 0.0
    here_z = z
    phi = np.arctan2(y, x)
    for _ in range(4 * MOST_ZONES):
        if at >= end:
            break
        outward = along + at >= 0.0
        limit = end if outward else min(end, -along)
        number = below if outward else below - 1
        to, bounded = limit, True
        if 0 <= number <= n_layer:
            z_there, there = here_z, inf
            for _ in range(ROUNDS):
                border = border_radius(number, first, z_there, table)
                there = path_to_cylinder(along, perigee2, border, outward)
                z_there, _, _ = moved(min(max(there, at), limit), z, time, pt, pz, mass, charge)
            there = max(there, at)
            if there < limit:
                to, bounded = there, False
        to_z, _, _ = moved(to, z, time, pt, pz, mass, charge)
        if 1 <= below <= n_layer and to > at:
            length = sqrt((to - at) ** 2 + (to_z - here_z) ** 2)
            pieces = int(length / PIECE) + 1
            part = (to - at) / pieces
            for piece in range(pieces):
                a = at + piece * part
                b = to if piece == pieces - 1 else a + part
                za, ta, _ = moved(a, z, time, pt, pz, mass, charge)
                zb, tb, _ = moved(b, z, time, pt, pz, mass, charge)
                ax, ay, bx, by = x + a * ux, y + a * uy, x + b * ux, y + b * uy
                phi_b = phi + turn_between(ax, ay, bx, by)
                way = sqrt((b - a) ** 2 + (zb - za) ** 2)
                count = cross_cells(
                    first + below - 1, (ax, ay, za), (bx, by, zb), phi, phi_b, (0.0, 0.0),
                    way * ionises, ta, tb, table, line, count, wires, columns,
                )  # fmt: skip
                phi = phi_b
        elif to > at:
            phi += turn_between(x + at * ux, y + at * uy, x + to * ux, y + to * uy)
        at, here_z = to, to_z
        if not bounded:
            below += 1 if outward else -1
    return count


@njit(error_model="numpy")
def _behind(
    pt: float,
    ux: float,
    uy: float,
    pz: float,
    x: float,
    y: float,
    mass: float,
    charge: float,
    gas_path: float,
    thickness: float,
    row: int,
    medium: Medium,
    rng: np.random.Generator,
) -> tuple[float, float, float, float]:
    """Return pT, transverse direction and p_z behind a cylinder and the gas before it."""
    slope = pz / pt
    norm = sqrt(1.0 + slope * slope)
    momentum = pt * norm
    cosine = abs(x * ux + y * uy) / (hypot(x, y) * norm)
    thickness /= max(cosine, MOST_OBLIQUE)
    if medium.scattering > 0.0:
        beta = momentum / sqrt(momentum * momentum + mass * mass)
        lengths = thickness + gas_path / medium.gas_length
        width = medium.scattering * highland(momentum, beta, charge * beta, lengths)
        first, second = rng.standard_normal(), rng.standard_normal()
        ux, uy, slope = deflected(ux, uy, slope, width, first, second)
    if medium.loss > 0.0:
        grams = medium.loss * thickness * medium.substance[row, 7]
        momentum = slowed(momentum, mass, charge, grams, medium.substance[row])
        if momentum > 0.0:
            grams = medium.loss * gas_path * medium.gas_density
            gas = medium.substance[medium.gas_row]
            momentum = slowed(momentum, mass, charge, grams, gas)
    pt = momentum / sqrt(1.0 + slope * slope)
    return pt, ux, uy, pt * slope
