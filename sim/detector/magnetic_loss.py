"""Energy loss of a magnetic charge in matter: Ahlen's formula, which has no 1/β².

Above β = 0.1, S. P. Ahlen, Phys. Rev. D 17 (1978) 229 and Rev. Mod. Phys. 52 (1980) 121, eq. 5.7:

    -dE/dx = K Z/A g² [ln(2 m_e β²γ²/I) - 1/2 + k(g)/2 - δ/2 - B(g)]

with g in e, K = 0.307 MeV cm²/g and I, δ as in Bethe's formula: that of a charge z with z/β
replaced by g. k is the correction for the cross-section of a monopole and an electron (Kazama,
Yang, Goldhaber, Phys. Rev. D 15 (1977) 2287): 0.406 for one Dirac charge and 0.346 from two on; it
is known for whole Dirac charges only, below one it is left out (assumption; 0.2 of a bracket of
some 9). B is Bloch's, Re ψ(1 + i g α) + γ_E = Σ ν²/(n(n² + ν²)) with ν = g α: 0.248 for one Dirac
charge, 0 for small ones.

Below β = 0.01 the loss is proportional to β, 45 GeV cm²/g · β for a Dirac charge, here times the
square of the charge (S. P. Ahlen and K. Kinoshita, Phys. Rev. D 26 (1982) 2347; the number is
Geant4's, for all substances), straight between.
"""

from __future__ import annotations

from math import log, log10, sqrt

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.cdc.material import stopping_power
from sim.processes.constants import ALPHA

_ELECTRON_MASS = 0.51099895e-3
_K = 0.307075e-3
_DIRAC = 0.5 / ALPHA

SLOW, FAST = 0.01, 0.1
"""Below and above these β the asymptotic formulas hold."""

SLOW_LOSS = 45.0
"""Loss over β of a Dirac charge below `SLOW` [GeV cm²/g]."""

MINIMUM_BETA_GAMMA = 3.5
"""βγ at which an electric charge ionises least (Particle Data Group review: 3 to 3.5)."""

STEP = 0.02
"""Largest part of the kinetic energy that is lost in one step."""

MOST_STEPS = 2000


@njit()
def bloch(charge: float) -> float:
    """Return Bloch's correction B of a magnetic charge [e]."""
    square = (charge * ALPHA) ** 2
    total = 0.0
    terms = 200
    for n in range(1, terms + 1):
        total += square / (n * (n * n + square))
    # The rest of the sum as an integral from terms + 1/2.
    result: float = total + 0.5 * log(1.0 + square / (terms + 0.5) ** 2)
    return result


@njit()
def pair_correction(charge: float) -> float:
    """Return k of a magnetic charge [e]: of whole Dirac charges, nothing below one."""
    dirac = abs(charge) / _DIRAC
    if dirac < 0.999:
        return 0.0
    return 0.406 if dirac < 1.5 else 0.346


@njit()
def ahlen(beta_gamma: float, charge: float, row: NDArray[np.float64]) -> float:
    """Return Ahlen's mean energy loss [GeV cm²/g], for β above 0.1.

    Parameters
    ----------
    beta_gamma : float
        Momentum over mass.
    charge : float
        Magnetic charge [e].
    row : ndarray of float64, shape (8,)
        Constants of the substance; see `sim.detector.cdc.material.Substance`.
    """
    x = log10(beta_gamma)
    delta = 0.0
    if x >= row[4]:
        delta = 2.0 * log(10.0) * x - row[6]
        if x < row[5]:
            delta += row[2] * (row[5] - x) ** row[3]
    bracket = log(2.0 * _ELECTRON_MASS * beta_gamma * beta_gamma / row[1]) - 0.5
    bracket += 0.5 * (pair_correction(charge) - delta) - bloch(charge)
    result: float = _K * charge * charge * row[0] * max(bracket, 0.0)
    return result


@njit()
def magnetic_stopping_power(beta_gamma: float, charge: float, row: NDArray[np.float64]) -> float:
    """Return the mean energy loss [GeV cm²/g] at any velocity; parameters as for `ahlen`."""
    beta = beta_gamma / sqrt(1.0 + beta_gamma * beta_gamma)
    if beta >= FAST:
        return ahlen(beta_gamma, charge, row)
    scale = SLOW_LOSS * (charge / _DIRAC) ** 2
    if beta <= SLOW:
        return scale * beta
    high = ahlen(FAST / sqrt(1.0 - FAST * FAST), charge, row)
    part = (beta - SLOW) / (FAST - SLOW)
    result: float = scale * SLOW + part * (high - scale * SLOW)
    return result


@njit()
def relative_ionisation(beta_gamma: float, charge: float, row: NDArray[np.float64]) -> float:
    """Return the loss over that of a minimum-ionising unit charge; parameters as for `ahlen`."""
    least: float = stopping_power(MINIMUM_BETA_GAMMA, 1.0, 1.0, row)
    return magnetic_stopping_power(beta_gamma, charge, row) / least


@njit()
def slowed(
    momentum: float, mass: float, charge: float, grams: float, row: NDArray[np.float64]
) -> float:
    """Return the momentum [GeV] behind matter without field; 0: stopped.

    Parameters
    ----------
    momentum, mass : float
        [GeV].
    charge : float
        Magnetic charge [e].
    grams : float
        Way times density [g/cm²].
    row : ndarray of float64, shape (8,)
        As for `ahlen`.
    """
    kinetic = momentum * momentum / (sqrt(momentum * momentum + mass * mass) + mass)
    for _ in range(MOST_STEPS):
        if grams <= 0.0 or kinetic <= 0.0:
            break
        power = magnetic_stopping_power(sqrt(kinetic * (kinetic + 2.0 * mass)) / mass, charge, row)
        width = min(grams, STEP * kinetic / power)
        # In the middle of the step, so that the error falls with its square.
        middle = kinetic - 0.5 * width * power
        power = magnetic_stopping_power(sqrt(middle * (middle + 2.0 * mass)) / mass, charge, row)
        kinetic -= width * power
        grams -= width
    if grams > 0.0:
        return 0.0
    result: float = sqrt(kinetic * (kinetic + 2.0 * mass))
    return result
