"""A magnetic charge on its way to the crystals and in them, compiled.

Before the crystals: the beam pipe, the silicon and the inner wall of the chamber, then its gas,
each after the closed form of `sim.detector.magnetic` (what an electric charge loses there is left
out in `sim.detector.passage`; a magnetic one of several e loses much of its energy). In the
crystals, short steps of motion and mean loss, until it stops or has crossed their length. No
fluctuation of the loss, no δ rays, no quenching of the light: assumptions.
"""

from __future__ import annotations

from math import hypot, inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.cdc.material import CYLINDERS, ETHANE, GAS_DENSITY, SUBSTANCES, substance_table
from sim.detector.geometry import (
    BACKWARD_IN,
    BACKWARD_OUT,
    BACKWARD_Z,
    BARREL_RADIUS,
    BARREL_Z_HIGH,
    BARREL_Z_LOW,
    FORWARD_IN,
    FORWARD_OUT,
    FORWARD_Z,
    GAP,
    HIT,
    HOLE,
    OUTSIDE,
    cell_at,
    inside,
)
from sim.detector.klm.material import CAESIUM_IODIDE
from sim.detector.magnetic import moved, path_to_cylinder, path_to_plane
from sim.detector.magnetic_loss import slowed
from sim.detector.material import DENSITY

STOPPED = 5
"""End of a way: lost all its energy before the crystals; others: `sim.detector.geometry`."""

STEP = 0.5
"""Way in the crystals between two points at which the cell is looked up [cm]."""

LEAST_STEP = 1e-3
"""The last step ends at the rear within this [cm]."""

MOST_STEPS = 256
LEAST_PT = 1e-6
"""Least pT over momentum: below, a charge moves along the axis and its azimuth means nothing."""


class Matter(NamedTuple):
    """Material that a magnetic charge crosses.

    Parameters
    ----------
    cylinders : ndarray of float64, shape (8, 3)
        Radius [cm], thickness [g/cm²], row in `substance`; radii rise.
    substance : ndarray of float64, shape (4, 8)
        See `sim.detector.cdc.material.substance_table`.
    gas : ndarray of float64, shape (8,)
        Its row.
    crystal : ndarray of float64, shape (8,)
        That of caesium iodide.
    """

    cylinders: NDArray[np.float64]
    substance: NDArray[np.float64]
    gas: NDArray[np.float64]
    crystal: NDArray[np.float64]


class Way(NamedTuple):
    """Where a charge comes to the crystals: end, x, y, z [cm], time of flight [ns], px, py, pz
    [GeV], and the kinetic energy [GeV] that it left in the material before."""

    end: int
    x: float
    y: float
    z: float
    time: float
    px: float
    py: float
    pz: float
    lost: float


def make_matter() -> Matter:
    """Return the material of the standard detector."""
    rows = [(r, x * of.radiation_length, SUBSTANCES.index(of)) for r, x, of in CYLINDERS]
    return Matter(np.array(rows), substance_table(), np.array(ETHANE), np.array(CAESIUM_IODIDE))


@njit()
def _kinetic(px: float, py: float, pz: float, mass: float) -> float:
    square = px * px + py * py + pz * pz
    return square / (sqrt(square + mass * mass) + mass)


@njit(error_model="numpy")
def to_crystals(
    vertex: NDArray[np.float64],
    p4: NDArray[np.float64],
    mass: float,
    charge: float,
    matter: Matter,
) -> Way:
    """Follow a magnetic charge from its production to the crystals' surface.

    Parameters
    ----------
    vertex, p4 : ndarray of float64, shape (4,)
        x, y, z [cm], time [ns]; px, py, pz, E [GeV].
    mass : float
        [GeV].
    charge : float
        Magnetic charge [e].
    matter : Matter
        What stands in the way.
    """
    x, y, z, time = vertex[0], vertex[1], vertex[2], vertex[3]
    pz = p4[2]
    p = sqrt(p4[0] * p4[0] + p4[1] * p4[1] + pz * pz)
    if p <= 0.0 or mass <= 0.0 or not inside(x, y, z):
        return Way(OUTSIDE, x, y, z, time, p4[0], p4[1], pz, 0.0)
    pt = max(hypot(p4[0], p4[1]), LEAST_PT * p)
    ux, uy = (p4[0] / pt, p4[1] / pt) if pt > LEAST_PT * p else (1.0, 0.0)
    lost = 0.0
    n = len(matter.cylinders)
    start = 0
    while start < n and matter.cylinders[start, 0] <= hypot(x, y):
        start += 1
    for k in range(start, n + 1):
        radius = matter.cylinders[k, 0] if k < n else BARREL_RADIUS
        along = x * ux + y * uy
        perigee2 = max(x * x + y * y - along * along, 0.0)
        path = max(path_to_cylinder(along, perigee2, radius, True), 0.0)
        forward = path_to_plane(z, FORWARD_Z, pt, pz, mass, charge)
        backward = path_to_plane(z, BACKWARD_Z, pt, pz, mass, charge)
        plane = min(forward, backward)
        r_in, r_out = BACKWARD_IN, BACKWARD_OUT
        if forward < backward:
            r_in, r_out = FORWARD_IN, FORWARD_OUT
        rho = inf
        if plane < path:
            rho = hypot(x + plane * ux, y + plane * uy)
        at_plane = rho < r_out
        way = plane if at_plane else path
        new_z, new_time, pz = moved(way, z, time, pt, pz, mass, charge)
        length = sqrt(way * way + (new_z - z) ** 2)
        x, y, z, time = x + way * ux, y + way * uy, new_z, new_time
        p = sqrt(pt * pt + pz * pz)
        before = _kinetic(pt, 0.0, pz, mass)
        after = p
        if k < n and not at_plane:
            cosine = max((x * ux + y * uy) / hypot(x, y) * pt / p, 0.05)
            row = matter.substance[int(matter.cylinders[k, 2])]
            after = slowed(p, mass, charge, matter.cylinders[k, 1] / cosine, row)
        elif k == n:
            after = slowed(p, mass, charge, length * GAS_DENSITY, matter.gas)
        pt, pz = pt * after / p, pz * after / p
        lost += before - _kinetic(pt, 0.0, pz, mass)
        if after <= 0.0:
            return Way(STOPPED, x, y, z, time, 0.0, 0.0, 0.0, lost)
        if at_plane:
            end = HIT if rho >= r_in else HOLE
            return Way(end, x, y, z, time, pt * ux, pt * uy, pz, lost)
    end = HIT if BARREL_Z_LOW < z < BARREL_Z_HIGH else GAP
    return Way(end, x, y, z, time, pt * ux, pt * uy, pz, lost)


@njit(error_model="numpy")
def through_crystals(
    way: Way,
    mass: float,
    charge: float,
    length: float,
    matter: Matter,
    edge: NDArray[np.float64],
    phi_count: NDArray[np.int64],
    cell_id: NDArray[np.int64],
    cells: NDArray[np.int64],
    energies: NDArray[np.float64],
) -> tuple[int, float]:
    """Let a magnetic charge ionise in the crystals until it stops or leaves their rear.

    Parameters
    ----------
    way : Way
        Where it comes in.
    mass : float
        [GeV].
    charge : float
        Magnetic charge [e].
    length : float
        Of the crystals, which point to the collision point [cm].
    matter : Matter
        The crystals' constants.
    edge, phi_count, cell_id : ndarray
        The surface; see `sim.detector.geometry.Strips`.
    cells, energies : ndarray, shape (MOST_STEPS,)
        Output: the cell of every step, 0 in a gap, and the energy left in it [GeV].

    Returns
    -------
    int
        Steps.
    float
        Kinetic energy at the rear [GeV]; 0: stopped.
    """
    x, y, z, time = way.x, way.y, way.z, way.time
    pt, pz = hypot(way.px, way.py), way.pz
    p = sqrt(pt * pt + pz * pz)
    pt = max(pt, LEAST_PT * p)
    ux, uy = (way.px / pt, way.py / pt) if pt > LEAST_PT * p else (1.0, 0.0)
    distance = sqrt(x * x + y * y + z * z)
    nx, ny, nz = x / distance, y / distance, z / distance
    depth = 0.0
    for k in range(MOST_STEPS):
        p = sqrt(pt * pt + pz * pz)
        cosine = (pt * (ux * nx + uy * ny) + pz * nz) / p
        step = min(STEP, max((length - depth) / max(cosine, 0.05), LEAST_STEP))
        path = step * pt / p
        new_z, time, pz = moved(path, z, time, pt, pz, mass, charge)
        cells[k] = cell_at(
            x + 0.5 * path * ux, y + 0.5 * path * uy, 0.5 * (z + new_z), edge, phi_count, cell_id
        )
        grams = DENSITY * sqrt(path * path + (new_z - z) ** 2)
        x, y, z = x + path * ux, y + path * uy, new_z
        p = sqrt(pt * pt + pz * pz)
        before = _kinetic(pt, 0.0, pz, mass)
        after = slowed(p, mass, charge, grams, matter.crystal)
        pt, pz = pt * after / p, pz * after / p
        rest = _kinetic(pt, 0.0, pz, mass)
        energies[k] = before - rest
        depth = (x - way.x) * nx + (y - way.y) * ny + (z - way.z) * nz
        if after <= 0.0:
            return k + 1, 0.0
        # Turned back by the field before it is through: out of the front, not followed again.
        if depth >= length or depth < 0.0:
            return k + 1, rest
    return MOST_STEPS, _kinetic(pt, 0.0, pz, mass)
