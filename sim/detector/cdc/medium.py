"""What a cylinder of material and the gas before it do to a particle's momentum, compiled."""

from __future__ import annotations

from math import hypot, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.cdc.material import highland, stopping_power

MOST_OBLIQUE = 0.05
"""Least cosine [1] at which a thin cylinder's thickness is projected."""


class Medium(NamedTuple):
    """Material and its effects.

    Parameters
    ----------
    substance : ndarray of float64, shape (4, 8)
        From `sim.detector.cdc.material.substance_table`.
    gas_row : int
        Row of the gas.
    gas_density : float
        [g/cm³].
    gas_length : float
        Radiation length of gas and wires [cm].
    scattering, loss : float
        Factors to the scattering angle and the energy loss; 0 for none.
    turns : float
        Turns of the circle after which a particle is given up.
    """

    substance: NDArray[np.float64]
    gas_row: int
    gas_density: float
    gas_length: float
    scattering: float
    loss: float
    turns: float


@njit(error_model="numpy")
def slowed(
    momentum: float,
    mass: float,
    charge: float,
    cylinder: float,
    row: int,
    gas: float,
    medium: Medium,
) -> float:
    """Return the momentum [GeV] behind a cylinder [g/cm²] and gas [g/cm²]; 0: stopped."""
    energy = sqrt(momentum * momentum + mass * mass)
    loss = 0.0
    if cylinder > 0.0:
        loss += cylinder * stopping_power(momentum / mass, mass, charge, medium.substance[row])
    if gas > 0.0:
        gas_row = medium.substance[medium.gas_row]
        loss += gas * stopping_power(momentum / mass, mass, charge, gas_row)
    energy -= medium.loss * loss
    return sqrt(energy * energy - mass * mass) if energy > mass else 0.0


@njit(error_model="numpy")
def deflected(
    ux: float,
    uy: float,
    slope: float,
    width: float,
    first: float,
    second: float,
) -> tuple[float, float, float]:
    """Return transverse direction and pz/pT after a deflection in two planes.

    Parameters
    ----------
    ux, uy : float
        Transverse direction, a unit vector.
    slope : float
        pz/pT.
    width : float
        Of the angle in one plane [rad].
    first, second : float
        Standard normal numbers: along azimuth and along polar angle.
    """
    norm = sqrt(1.0 + slope * slope)
    # Unit vectors along the track, along azimuth and along rising z.
    side, up = width * first, width * second
    dx = ux / norm - side * uy - up * ux * slope / norm
    dy = uy / norm + side * ux - up * uy * slope / norm
    dz = slope / norm + up / norm
    across = max(hypot(dx, dy), 1e-9)
    return dx / across, dy / across, dz / across


@njit(error_model="numpy")
def behind(
    pt: float,
    ux: float,
    uy: float,
    slope: float,
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
    """Return pT, transverse direction and pz/pT behind a cylinder and the gas before it."""
    if (thickness == 0.0 and gas_path == 0.0) or (medium.loss == 0.0 and medium.scattering == 0.0):
        return pt, ux, uy, slope
    norm = sqrt(1.0 + slope * slope)
    momentum = pt * norm
    cosine = abs(x * ux + y * uy) / (hypot(x, y) * norm)
    thickness /= max(cosine, MOST_OBLIQUE)
    lengths = thickness + gas_path / medium.gas_length
    if medium.scattering > 0.0:
        beta = momentum / sqrt(momentum * momentum + mass * mass)
        width = medium.scattering * highland(momentum, beta, charge, lengths)
        first, second = rng.standard_normal(), rng.standard_normal()
        ux, uy, slope = deflected(ux, uy, slope, width, first, second)
    if medium.loss > 0.0:
        mass_depth = thickness * medium.substance[row, 7]
        momentum = slowed(
            momentum, mass, charge, mass_depth, row, gas_path * medium.gas_density, medium
        )
    return momentum / sqrt(1.0 + slope * slope), ux, uy, slope
