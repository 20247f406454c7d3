"""Base of e⁺e⁻ → e⁺e⁻ l⁺l⁻ by two quasi-real photons (equivalent photon approximation)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.machine import Machine
from sim.processes.base import Process
from sim.processes.constants import ALPHA, ELECTRON_MASS, GEV2_NB
from sim.processes.kinematics import boost_back, decay
from sim.processes.parameters import Parameter
from sim.processes.photon_flux import flux_in_log, lowest_virtuality

FloatArray = NDArray[np.float64]


class TwoPhoton(Process):
    """Scattered beam leptons and a lepton pair of mass W made by two photons.

    Flux and pair cross-section: physics section A.3 of the reference notes; virtualities up to
    Q² = W²/4, the choice that agrees with the four-fermion generator AAFH. The beam leptons get
    kT² = (Q² - Q²_min)(1 - x) and are in the final state, so that a detector may see them; W is
    exact and four-momentum is conserved exactly. Exchange of like leptons is neglected.

    The final state is scattered e⁻, scattered e⁺, produced l⁻, produced l⁺.
    """

    lepton_mass: float
    dimensions = 8

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Lowest mass and transverse momentum of the produced pair."""
        low = 2.0 * cls.lepton_mass * (1.0 + 1e-9)
        text = "lowest mass W of the produced pair"
        across = "its lowest transverse momentum, centre-of-mass frame"
        return (
            Parameter("w_min", 0.5, text, "GeV", low, 0.9 * machine.sqrt_s),
            Parameter("pair_pt_min", 0.0, across, "GeV", 0.0, 0.4 * machine.sqrt_s),
        )

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return W, rapidity, two kT, two azimuths, cosθ and azimuth of the pair."""
        limits = self.number("w_min"), self.number("pair_pt_min")
        return _propose(u, self.machine.sqrt_s, limits, self.lepton_mass)

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the four leptons, shape ``(n, 4, 4)``."""
        return _momenta(variables, self.machine.sqrt_s, self.lepton_mass)


@njit()
def pair_speed(w: float, mass: float) -> tuple[float, float]:
    """Return β = √(1-4m²/W²) and artanh β, precise also for light leptons."""
    ratio = 2.0 * mass / w
    beta = math.sqrt((1.0 - ratio) * (1.0 + ratio))
    return beta, math.log((1.0 + beta) / ratio)


@njit()
def pair_density(c: float, w: float, mass: float) -> float:
    """Return dσ/dcosθ of γγ → l⁺l⁻ [nb] at the mass `w` [GeV]."""
    ratio = 4.0 * mass * mass / (w * w)
    beta2 = 1.0 - ratio
    below = (1.0 - c * c) + ratio * c * c
    above = 1.0 + 2.0 * beta2 * ratio * (1.0 - c * c) - (beta2 * c * c) ** 2
    return GEV2_NB * 2.0 * math.pi * ALPHA**2 * math.sqrt(beta2) / (w * w) * above / (below * below)


def pair_total(w: float, mass: float) -> float:
    """Return σ(γγ → l⁺l⁻) [nb] at the mass `w` [GeV], closed form of physics section A.3."""
    r = (mass / w) ** 2
    beta, rapidity = pair_speed(w, mass)
    return (
        GEV2_NB
        * 4.0
        * math.pi
        * ALPHA**2
        / (w * w)
        * ((1.0 + 4.0 * r - 8.0 * r * r) * 2.0 * rapidity - beta * (1.0 + 4.0 * r))
    )


@njit()
def solve_beams(
    sqrt_s: float, w: float, rapidity: float, kt: tuple[float, float], phi: tuple[float, float]
) -> tuple[bool, float, float, float, float]:
    """Solve four-momentum conservation for the beam leptons.

    Parameters
    ----------
    sqrt_s, w : float
        Energy of the event and mass of the pair [GeV].
    rapidity : float
        Rapidity of the pair.
    kt, phi : tuple of float
        Transverse momenta [GeV] and azimuths [rad] of scattered e⁻ and e⁺.

    Returns
    -------
    possible : bool
        Whether there is enough energy.
    plus, minus : float
        E + pz of the e⁻ and E - pz of the e⁺ [GeV].
    px, py : float
        Transverse momentum of the pair [GeV].
    """
    px = -kt[0] * math.cos(phi[0]) - kt[1] * math.cos(phi[1])
    py = -kt[0] * math.sin(phi[0]) - kt[1] * math.sin(phi[1])
    transverse = math.sqrt(w * w + px * px + py * py)
    plus = sqrt_s - transverse * math.exp(rapidity)
    minus = sqrt_s - transverse * math.exp(-rapidity)
    if plus <= 0.0 or minus <= 0.0:
        return False, 0.0, 0.0, 0.0, 0.0
    a = kt[0] ** 2 + ELECTRON_MASS**2
    b = kt[1] ** 2 + ELECTRON_MASS**2
    both = plus * minus
    root = (both - a - b) ** 2 - 4.0 * a * b
    if both <= a + b or root <= 0.0:
        return False, 0.0, 0.0, 0.0, 0.0
    size = math.sqrt(root)
    return True, (both + a - b + size) / (2.0 * minus), (both - a + b + size) / (2.0 * plus), px, py


@njit()
def _propose(
    u: FloatArray, sqrt_s: float, limits: tuple[float, float], mass: float
) -> tuple[FloatArray, FloatArray]:
    n = len(u)
    w_min, pt_min = limits
    variables = np.zeros((n, 8))
    weight = np.zeros(n)
    w_span = math.log(sqrt_s / w_min)
    for i in range(n):
        w = w_min * math.exp(w_span * u[i, 0])
        y_span = math.log(sqrt_s / w)
        rapidity = y_span * (2.0 * u[i, 1] - 1.0)
        x1, x2 = w / sqrt_s * math.exp(rapidity), w / sqrt_s * math.exp(-rapidity)
        if x1 >= 1.0 or x2 >= 1.0:
            continue
        low1, low2, high = lowest_virtuality(x1), lowest_virtuality(x2), 0.25 * w * w
        if low1 >= high or low2 >= high:
            continue
        span1, span2 = math.log(high / low1), math.log(high / low2)
        q1, q2 = low1 * math.exp(span1 * u[i, 2]), low2 * math.exp(span2 * u[i, 3])
        kt = (math.sqrt((q1 - low1) * (1.0 - x1)), math.sqrt((q2 - low2) * (1.0 - x2)))
        phi = (2.0 * math.pi * u[i, 4], 2.0 * math.pi * u[i, 5])
        possible, _, _, px, py = solve_beams(sqrt_s, w, rapidity, kt, phi)
        if not possible or px * px + py * py < pt_min * pt_min:
            continue
        beta, spread = pair_speed(w, mass)
        c = math.tanh(spread * (2.0 * u[i, 6] - 1.0)) / beta
        jacobian = 2.0 * spread / beta * (1.0 - beta * beta * c * c)
        variables[i, 0], variables[i, 1] = w, rapidity
        variables[i, 2], variables[i, 3] = kt
        variables[i, 4], variables[i, 5] = phi
        variables[i, 6], variables[i, 7] = c, 2.0 * math.pi * u[i, 7]
        # dx₁dx₂ = 2 (W²/s) d ln W dY
        weight[i] = (
            2.0 * (w / sqrt_s) ** 2 * w_span * 2.0 * y_span
            * span1 * flux_in_log(x1, q1) * span2 * flux_in_log(x2, q2)
            * pair_density(c, w, mass) * jacobian
        )  # fmt: skip
    return variables, weight


@njit()
def _momenta(variables: FloatArray, sqrt_s: float, mass: float) -> FloatArray:
    n = len(variables)
    p4 = np.empty((n, 4, 4))
    pair, axis = np.empty(4), np.empty(4)
    half = 0.5 * sqrt_s
    beam = math.sqrt(half * half - ELECTRON_MASS**2)
    for i in range(n):
        w = variables[i, 0]
        kt = (variables[i, 2], variables[i, 3])
        phi = (variables[i, 4], variables[i, 5])
        _, plus, minus, px, py = solve_beams(sqrt_s, w, variables[i, 1], kt, phi)
        for j in range(2):
            square = kt[j] ** 2 + ELECTRON_MASS**2
            large = plus if j == 0 else minus
            sign = 1.0 if j == 0 else -1.0
            p4[i, j, 0] = kt[j] * math.cos(phi[j])
            p4[i, j, 1] = kt[j] * math.sin(phi[j])
            p4[i, j, 2] = 0.5 * sign * (large - square / large)
            p4[i, j, 3] = 0.5 * (large + square / large)
        transverse = math.sqrt(w * w + px * px + py * py)
        pair[0], pair[1] = px, py
        pair[2] = transverse * math.sinh(variables[i, 1])
        pair[3] = transverse * math.cosh(variables[i, 1])
        # The pair's polar angle counts from the photon of the electron, in the pair's rest frame.
        for j in range(3):
            axis[j] = -p4[i, 0, j]
        axis[2] += beam
        axis[3] = half - p4[i, 0, 3]
        boost_back(axis, pair, w)
        decay(p4[i, 2], p4[i, 3], pair, w, (mass, mass), axis, variables[i, 6], variables[i, 7])
    return p4
