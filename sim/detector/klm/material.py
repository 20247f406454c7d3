"""Crystals, coil and iron: energy loss, scattering and interaction lengths.

Constants: Particle Data Group, atomic and nuclear properties; density effect after Sternheimer,
Berger and Seltzer, At. Data Nucl. Data Tables 30 (1984) 261. The loss is Bethe's mean, without
fluctuation and without radiation.
"""

from __future__ import annotations

from math import cos, pi, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.cdc.material import Substance, highland, stopping_power

CAESIUM_IODIDE = Substance(0.41569, 553.1e-9, 0.25381, 2.6657, 0.0395, 3.3353, 6.2807, 8.39)
ALUMINIUM = Substance(0.48181, 166.0e-9, 0.08024, 3.6345, 0.1708, 3.0127, 4.2395, 24.01)
IRON = Substance(0.46557, 286.0e-9, 0.14680, 2.9632, -0.0012, 3.1531, 4.2911, 13.84)
SUBSTANCES = (CAESIUM_IODIDE, ALUMINIUM, IRON)

CSI, AL, FE = range(3)

DENSITY = (4.51, 2.699, 7.874)
"""[g/cm³]."""

INTERACTION_LENGTH = (171.5, 107.2, 132.1)
"""Nuclear [g/cm²]; 38.0 cm of CsI, 16.8 cm of iron. Those of pions are 16 to 22 % longer."""

RADIATION_COLUMN = 7
"""Column of the radiation length in the table of `Substance`."""

STEP = 4.0
"""Longest step of the energy loss [g/cm²]."""

LEAST_BETA_GAMMA = 0.05
"""A particle slower than this has stopped: its range is below 0.01 g/cm² times its mass in GeV."""


def substance_table() -> NDArray[np.float64]:
    """Return the substances' constants, shape ``(3, 8)``."""
    return np.array(SUBSTANCES)


@njit()
def slowed(
    p: float, mass: float, charge: float, grams: float, row: NDArray[np.float64], factor: float
) -> float:
    """Return the momentum [GeV] behind material, 0 when the particle stops in it.

    Parameters
    ----------
    p, mass, charge : float
        [GeV], [GeV], elementary charges.
    grams : float
        Way times density [g/cm²].
    row : ndarray of float64, shape (8,)
        Constants, a row of `substance_table`.
    factor : float
        To the loss.
    """
    if charge == 0.0 or factor == 0.0 or grams <= 0.0:
        return p
    steps = int(grams / STEP) + 1
    width = grams / steps
    energy = sqrt(p * p + mass * mass)
    for _ in range(steps):
        here = factor * stopping_power(p / mass, mass, charge, row) * width
        middle = energy - 0.5 * here
        if middle <= mass * sqrt(1.0 + LEAST_BETA_GAMMA**2):
            return 0.0
        p = sqrt(middle * middle - mass * mass)
        energy -= factor * stopping_power(p / mass, mass, charge, row) * width
        if energy <= mass * sqrt(1.0 + LEAST_BETA_GAMMA**2):
            return 0.0
        p = sqrt(energy * energy - mass * mass)
    return p


@njit()
def turned_away(
    dx: float, dy: float, dz: float, width: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return a unit vector turned by normal angles of a width [rad] in two planes."""
    first, second = width * rng.standard_normal(), width * rng.standard_normal()
    angle = sqrt(first * first + second * second)
    if angle == 0.0:
        return dx, dy, dz
    # Capped: with larger angles Highland's formula does not hold.
    small = min(angle, 0.5 * pi)
    a, b = first / angle * sin(small), second / angle * sin(small)
    c = cos(small)
    side = sqrt(dx * dx + dy * dy)
    if side < 1e-9:
        return a, b, c if dz > 0.0 else -c
    ex, ey = -dy / side, dx / side
    fx, fy, fz = -dz * ey, dz * ex, dx * ey - dy * ex
    return a * ex + b * fx + c * dx, a * ey + b * fy + c * dy, b * fz + c * dz


@njit()
def scattering_width(
    p: float, mass: float, charge: float, grams: float, row: NDArray[np.float64]
) -> float:
    """Return Highland's width [rad] of the angle in one plane."""
    beta = p / sqrt(p * p + mass * mass)
    width: float = highland(p, beta, charge, grams / row[RADIATION_COLUMN])
    return width
