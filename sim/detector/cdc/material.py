"""What stands in the way of a track, and what it does: energy loss and multiple scattering.

Material is put on thin cylinders of infinite length. Thicknesses: rounded from Belle II's Technical
Design Report (KEK 2010-1); positions and the choice of one substance a cylinder are assumptions.
Constants of the substances: Particle Data Group, atomic and nuclear properties, with the density
effect after Sternheimer, Berger and Seltzer, At. Data Nucl. Data Tables 30 (1984) 261. Bethe's
formula and Highland's: Particle Data Group review, "Passage of particles through matter".
"""

from __future__ import annotations

from math import log, log10, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit

_ELECTRON_MASS = 0.51099895e-3
_K = 0.307075e-3


class Substance(NamedTuple):
    """Constants of one substance.

    Parameters
    ----------
    z_over_a : float
        Atomic number over mass number [mol/g].
    excitation : float
        Mean excitation energy [GeV].
    a, power, x0, x1, c : float
        Sternheimer's parameters of the density effect.
    radiation_length : float
        [g/cm²].
    """

    z_over_a: float
    excitation: float
    a: float
    power: float
    x0: float
    x1: float
    c: float
    radiation_length: float


BERYLLIUM = Substance(0.44384, 63.7e-9, 0.80392, 2.4339, 0.0592, 1.6922, 2.7847, 65.19)
CARBON = Substance(0.49955, 78.0e-9, 0.20762, 2.9532, -0.0090, 2.4817, 2.8926, 42.70)
SILICON = Substance(0.49848, 173.0e-9, 0.14921, 3.2546, 0.2015, 2.8716, 4.4355, 21.82)
ETHANE = Substance(0.59861, 45.4e-9, 0.09627, 3.6095, 1.5107, 3.8743, 9.1043, 45.66)
SUBSTANCES = (BERYLLIUM, CARBON, SILICON, ETHANE)

CYLINDERS = (
    # radius [cm], thickness in radiation lengths, substance
    (1.1, 0.0075, BERYLLIUM),  # beam pipe: two walls of beryllium, gold and paraffin
    (1.4, 0.0020, SILICON),  # pixel layers
    (2.2, 0.0020, SILICON),
    (3.9, 0.0060, SILICON),  # double-sided strip layers with their support
    (8.0, 0.0060, SILICON),
    (10.4, 0.0060, SILICON),
    (13.5, 0.0060, SILICON),
    (16.0, 0.0020, CARBON),  # inner wall of the chamber
)
"""Material before the gas."""

GAS_DENSITY = 7.1e-4
"""He:C2H6 50:50 by volume at 20 °C [g/cm³]; nine tenths of its mass and loss are ethane's, whose
constants stand for it."""

GAS_RADIATION_LENGTH = 2.9e4
"""Gas (640 m) and wires (30 µm of tungsten, three times 126 µm of aluminium a cell) [cm]."""


def substance_table() -> NDArray[np.float64]:
    """Return the substances' constants, shape ``(4, 8)``."""
    return np.array(SUBSTANCES)


@njit()
def stopping_power(
    beta_gamma: float, mass: float, charge: float, row: NDArray[np.float64]
) -> float:
    """Return Bethe's mean energy loss by ionisation [GeV cm²/g].

    Parameters
    ----------
    beta_gamma : float
        Momentum over mass.
    mass : float
        [GeV].
    charge : float
        In units of the elementary charge.
    row : ndarray of float64, shape (8,)
        Constants, a row of `substance_table`.
    """
    square = beta_gamma * beta_gamma
    gamma = sqrt(1.0 + square)
    beta2 = square / (1.0 + square)
    ratio = _ELECTRON_MASS / mass
    largest = 2.0 * _ELECTRON_MASS * square / (1.0 + 2.0 * gamma * ratio + ratio * ratio)
    excitation = row[1]
    x = log10(beta_gamma)
    delta = 0.0
    if x >= row[4]:
        delta = 2.0 * log(10.0) * x - row[6]
        if x < row[5]:
            delta += row[2] * (row[5] - x) ** row[3]
    logarithm = 0.5 * log(2.0 * _ELECTRON_MASS * square * largest / (excitation * excitation))
    bracket = max(logarithm - beta2 - 0.5 * delta, 0.5)
    result: float = _K * charge * charge * row[0] / beta2 * bracket
    return result


@njit()
def highland(momentum: float, beta: float, charge: float, thickness: float) -> float:
    """Return the width [rad] of the scattering angle in one plane (Highland, Lynch and Dahl).

    Parameters
    ----------
    momentum : float
        [GeV].
    beta : float
        Velocity over that of light.
    charge : float
        In units of the elementary charge.
    thickness : float
        In radiation lengths.
    """
    if thickness <= 0.0:
        return 0.0
    # Below some 1e-6 the logarithm would turn the correction negative.
    bracket = max(1.0 + 0.038 * log(thickness * charge * charge / (beta * beta)), 0.3)
    return 13.6e-3 / (beta * momentum) * abs(charge) * sqrt(thickness) * bracket
