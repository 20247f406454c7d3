"""What the processes with a dark photon A′ that decays share: densities, widths, spin correlation.

Conventions: A′ couples to the electromagnetic current with ε e and to the dark one with g_D,
α_D = g_D²/4π; χ₁ and χ₂ couple by the vector current χ̄₁γχ₂ (pseudo-Dirac; Duerr et al.,
arXiv:1911.03176).
"""

from __future__ import annotations

import math

import numpy as np

from sim.processes.base import FloatArray
from sim.processes.constants import ALPHA, ELECTRON_MASS, GEV2_NB

DARK_MATTER_CODE = 52
"""Particle code of spin-½ dark matter (Particle Data Group, Monte Carlo numbering)."""

_METRIC = np.diag([-1.0, -1.0, -1.0, 1.0])


def higgsstrahlung_shape(
    s: float, mediator: float, higgs: float, epsilon: float, alpha_d: float
) -> tuple[float, float]:
    """Return a and b [nb] of dσ/dc = a (1 - c²) + b of e⁺e⁻ → A′h′.

    σ = (παε²α_D/3s)(1 - M²/s)⁻² √λ (λ + 12M²/s), dσ/dc ∝ λ(1 - c²) + 8M²/s (Batell, Pospelov and
    Ritz, Phys. Rev. D 79 (2009) 115008).
    """
    r, h = mediator**2 / s, higgs**2 / s
    lam = max((1.0 - r - h) ** 2 - 4.0 * r * h, 0.0)
    scale = math.pi * ALPHA * epsilon**2 * alpha_d / (3.0 * s) * GEV2_NB
    scale *= math.sqrt(lam) / (1.0 - r) ** 2 * 0.75
    return scale * lam, scale * 8.0 * r


def pair_shape(
    s: float, mediator: float, masses: tuple[float, float], epsilon: float, alpha_d: float
) -> tuple[float, float]:
    """Return a and b [nb] of dσ/dc = a + b c² of e⁺e⁻ → A′* → χ₁χ₂.

    The lowest order of e⁺e⁻ → μ⁺μ⁻ with ε²α α_D in the place of α², two masses and the propagator
    of A′, whose width is that of the decay to χ₁χ₂.
    """
    m1, m2 = masses
    root = math.sqrt(s)
    e1, e2 = (s + m1**2 - m2**2) / (2.0 * root), (s + m2**2 - m1**2) / (2.0 * root)
    p2 = e1**2 - m1**2
    width = mediator_width(mediator, masses, alpha_d)
    propagator = s**2 / ((s - mediator**2) ** 2 + (mediator * width) ** 2)
    scale = math.pi * epsilon**2 * ALPHA * alpha_d / (2.0 * s) * GEV2_NB * propagator
    scale *= 2.0 * math.sqrt(p2) / root * 4.0 / s
    return scale * (e1 * e2 + m1 * m2), scale * p2


def mediator_width(mediator: float, masses: tuple[float, float], alpha_d: float) -> float:
    """Return the width of A′ → χ₁χ₂ [GeV]; 0 below threshold."""
    m1, m2 = masses
    if mediator <= m1 + m2:
        return 0.0
    square = mediator**2
    e1 = (square + m1**2 - m2**2) / (2.0 * mediator)
    p = math.sqrt(e1**2 - m1**2)
    # |M|² = 4 g_D² ⟨F⟩, Γ = p |M|²/(8π M²), and g_D² = 4π α_D.
    return 2.0 * alpha_d * p / square * mean_tensor(mediator, masses)


def mean_tensor(mass: float, masses: tuple[float, float]) -> float:
    """Return ⟨F⟩ = F:(-g + kk/M²)/3 of the current of two fermions [GeV²].

    F = q₁q₂ + q₂q₁ - g(q₁·q₂ + m₁m₂). With equal masses (M² + 2m²)/3.
    """
    m1, m2 = masses
    square = mass**2
    product = 0.5 * (square - m1**2 - m2**2)
    first, second = m1**2 + product, m2**2 + product
    trace = 2.0 * product + 4.0 * m1 * m2
    return (trace + 2.0 * first * second / square - product - m1 * m2) / 3.0


def spin_correlation(
    sqrt_s: float, first: FloatArray, second: FloatArray, masses: tuple[float, float]
) -> FloatArray:
    """Return the density of the directions in which an A′ from A′h′ decays, mean 1 over the sphere.

    The amplitude of e⁺e⁻ → A′* → A′h′ is the electrons' current times the polarisation of A′, so
    the density is the contraction of both currents' tensors over that with ⟨F⟩ P, P the sum over
    polarisations.

    Parameters
    ----------
    sqrt_s : float
        [GeV].
    first, second : ndarray, shape (n, 4)
        Products of A′ in the centre-of-mass frame, electrons along z [GeV].
    masses : tuple of float
        Their masses [GeV].
    """
    half = 0.5 * sqrt_s
    electron, positron = np.array([0, 0, half, half]), np.array([0, 0, -half, half])
    lepton = np.outer(electron, positron)
    lepton = lepton + lepton.T - _METRIC * (2.0 * half**2)
    boson = first + second
    square = np.einsum("ni,ij,nj->n", boson, _METRIC, boson)
    product = np.einsum("ni,ij,nj->n", first, _METRIC, second) + masses[0] * masses[1]
    current = np.einsum("ni,nj->nij", first, second)
    current = current + current.transpose(0, 2, 1) - product[:, None, None] * _METRIC
    low = boson @ _METRIC
    spins = np.einsum("ni,nj->nij", low, low) / square[:, None, None] - _METRIC
    decays = np.einsum("ij,nia,nab,nbj->n", lepton, spins, current, spins, optimize=True)
    mass = math.sqrt(float(square.mean())) if len(square) else 1.0
    result: FloatArray = decays / (
        np.einsum("ij,nij->n", lepton, spins) * mean_tensor(mass, masses)
    )
    return result


def three_body_density(
    q2: FloatArray, cosine: FloatArray, masses: tuple[float, float], mediator: float
) -> FloatArray:
    """Return the density of χ₂ → χ₁ e⁺e⁻ in q² and the electron's cosine, without couplings.

    T p β / (q² - M²)² with T the contraction of both currents, p the momentum of the pair in the
    rest frame of χ₂ and β the velocity of the electron in that of the pair; χ₂ unpolarised.

    Parameters
    ----------
    q2 : ndarray
        Squared mass of the pair [GeV²].
    cosine : ndarray
        Of the angle between electron and pair, in the rest frame of the pair.
    masses : tuple of float
        Of χ₁ and χ₂ [GeV].
    mediator : float
        Mass M of A′ [GeV].
    """
    m1, m2 = masses
    energy = (m2**2 + q2 - m1**2) / (2.0 * m2)
    p = np.sqrt(np.maximum(energy**2 - q2, 0.0))
    beta = np.sqrt(np.maximum(1.0 - 4.0 * ELECTRON_MASS**2 / q2, 0.0))
    along = beta * p * cosine
    up, down = 0.5 * m2 * (energy + along), 0.5 * m2 * (energy - along)  # P·l₁, P·l₂
    leptons = 0.5 * q2 - ELECTRON_MASS**2
    heavy = m2 * (m2 - energy)
    trace = 2.0 * ((up - 0.5 * q2) * down + (down - 0.5 * q2) * up) - 2.0 * m1 * m2 * leptons
    trace = trace + ELECTRON_MASS**2 * (2.0 * heavy - 4.0 * m1 * m2)
    result: FloatArray = trace * p * beta / (q2 - mediator**2) ** 2
    return result


def three_body_integral(masses: tuple[float, float], mediator: float) -> float:
    """Return ∫ dq² ∫ dcosθ/2 of `three_body_density`."""
    low, high = 4.0 * ELECTRON_MASS**2, (masses[1] - masses[0]) ** 2
    nodes, weights = np.polynomial.legendre.leggauss(200)
    angle = 0.25 * math.pi * (nodes + 1.0)
    # q² = low + range sin²: the square roots at both ends become smooth.
    q2 = low + (high - low) * np.sin(angle) ** 2
    slope = (high - low) * np.sin(2.0 * angle) * 0.25 * math.pi * weights
    cosines, parts = np.polynomial.legendre.leggauss(4)
    density = three_body_density(q2[:, None], cosines[None, :], masses, mediator)
    return float(np.einsum("i,j,ij->", slope, 0.5 * parts, density))


def excited_width(
    masses: tuple[float, float], mediator: float, epsilon: float, alpha_d: float
) -> float:
    """Return the width of χ₂ → χ₁ e⁺e⁻ [GeV] at lowest order.

    With all masses but the difference Δ large it is 4ε²αα_DΔ⁵/(15πM⁴).
    """
    couplings = (4.0 * math.pi) ** 2 * ALPHA * alpha_d * epsilon**2
    # Γ = 1/(2m₂) · ½·16 T/(q²-M²)² · dq²/2π · p/(4π m₂) · β/8π.
    factor = 8.0 / (2.0 * masses[1]) / (2.0 * math.pi) / (4.0 * math.pi * masses[1])
    return couplings * factor / (8.0 * math.pi) * three_body_integral(masses, mediator)
