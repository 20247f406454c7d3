"""Caesium iodide: constants, mean energy loss by ionisation and its fluctuation.

Constants: Particle Data Group, atomic and nuclear properties of CsI; density effect after
Sternheimer, Berger and Seltzer, At. Data Nucl. Data Tables 30 (1984) 261. Bethe's formula and the
most probable loss: Particle Data Group review, "Passage of particles through matter".
"""

from __future__ import annotations

from math import log, log10, sqrt

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.landau import draw_cut

RADIATION_LENGTH = 1.860
"""[cm]."""

MOLIERE_RADIUS = 3.531
"""[cm]; 15.92 g/cm²."""

CRITICAL_ENERGY = 0.01117
"""For electrons [GeV]."""

INTERACTION_LENGTH = 38.04
"""Nuclear [cm]; 171.5 g/cm²."""

PION_INTERACTION_LENGTH = 44.12
"""Nuclear, of pions [cm]; 199.0 g/cm²."""

DENSITY = 4.51
"""[g/cm³]."""

EFFECTIVE_Z = 54.0
"""Mean atomic number (Cs 55, I 53)."""

_Z_OVER_A = 0.41569
_EXCITATION = 553.1e-9
_ELECTRON_MASS = 0.51099895e-3
_K = 0.307075e-3
_STERNHEIMER = (0.25381, 2.6657, 0.0395, 3.3353, 6.2807)
_A, _POWER, _X0, _X1, _C = _STERNHEIMER
_EULER = 0.5772156649015329


@njit()
def density_effect(beta_gamma: float) -> float:
    """Return Sternheimer's correction δ of CsI."""
    x = log10(beta_gamma)
    if x < _X0:
        return 0.0
    delta = 2.0 * log(10.0) * x - _C
    if x < _X1:
        delta += _A * (_X1 - x) ** _POWER
    return max(delta, 0.0)


@njit()
def max_transfer(beta_gamma: float, mass: float) -> float:
    """Return the largest energy [GeV] that one collision can give an electron."""
    gamma = sqrt(1.0 + beta_gamma * beta_gamma)
    ratio = _ELECTRON_MASS / mass
    return 2.0 * _ELECTRON_MASS * beta_gamma**2 / (1.0 + 2.0 * gamma * ratio + ratio * ratio)


@njit()
def loss_scale(beta_gamma: float, length: float, charge: float) -> float:
    """Return Landau's ξ [GeV] for a length [cm] of CsI."""
    beta2 = beta_gamma * beta_gamma / (1.0 + beta_gamma * beta_gamma)
    return 0.5 * _K * _Z_OVER_A * charge * charge * DENSITY * length / beta2


@njit()
def mean_loss(beta_gamma: float, mass: float, length: float, charge: float) -> float:
    """Return the mean energy loss by ionisation [GeV] in a length [cm] of CsI (Bethe).

    Parameters
    ----------
    beta_gamma : float
        Momentum over mass.
    mass : float
        [GeV].
    length : float
        [cm].
    charge : float
        In units of the elementary charge.
    """
    beta2 = beta_gamma * beta_gamma / (1.0 + beta_gamma * beta_gamma)
    largest = max_transfer(beta_gamma, mass)
    logarithm = log(2.0 * _ELECTRON_MASS * beta_gamma**2 * largest / _EXCITATION**2)
    bracket = max(logarithm - 2.0 * beta2 - density_effect(beta_gamma), 1.0)
    return loss_scale(beta_gamma, length, charge) * bracket


@njit()
def ionisation(
    beta_gamma: float,
    mass: float,
    length: float,
    charge: float,
    uniform: float,
    normal: float,
    value: NDArray[np.float64],
    below: NDArray[np.float64],
    mean_below: NDArray[np.float64],
) -> float:
    """Return a random energy loss [GeV] in a length [cm] of CsI.

    Parameters
    ----------
    beta_gamma, mass, length, charge
        As for `mean_loss`.
    uniform, normal : float
        Random numbers, in [0, 1) and standard normal.
    value, below, mean_below : ndarray of float64
        The arrays of `sim.detector.landau.LandauTable`.

    Notes
    -----
    With κ = ξ / W_max: for κ < 0.3, Landau's Δ = Δ̄ + ξ (λ - ⟨λ⟩), ⟨λ⟩ = -(1 - γ_E) - β² - ln κ, cut
    so that ⟨Δ⟩ = Δ̄; the most probable loss is then the review's. Above, a normal distribution with
    the variance of Vavilov's, ξ W_max (1 - β²/2).
    """
    if length <= 0.0:
        return 0.0
    beta2 = beta_gamma * beta_gamma / (1.0 + beta_gamma * beta_gamma)
    xi = loss_scale(beta_gamma, length, charge)
    largest = max_transfer(beta_gamma, mass)
    loss = mean_loss(beta_gamma, mass, length, charge)
    if xi > 0.3 * largest:
        loss += normal * sqrt(xi * largest * (1.0 - 0.5 * beta2))
    else:
        average = -(1.0 - _EULER) - beta2 - log(xi / largest)
        loss += xi * (draw_cut(uniform, average, value, below, mean_below) - average)
    return max(loss, 0.0)
