"""e⁺e⁻ → γ* → ℓ⁻ ℓ⁺ X at lowest order: a new boson radiated by one of the leptons of a pair.

With a = (q₁+k)² - m² and b = (q₂+k)² - m², the denominators of both diagrams, m and M the masses of
lepton and X, q the momenta across the beams and T the sum over the photon's two polarisations of
the squared current for unit coupling, summed over the spins of the final state:

    vector, h = M² + 2m²:
    T a²b² = 8 {ab [a² + b² - 2s(a + b) + 2s² + 2s(M² - 2m²)] - (a² + b²) s h}
             + 16 {h |a q₁ - b q₂|² - ab s (q₁² + q₂²)};
    scalar, h = M² - 4m², or pseudoscalar, h = M²:
    T a²b² = 4 (a + b)² (ab - s h) + 8 {h |a q₁ - b q₂|² - ab s |q₁ + q₂|²}.

The cross-section is dσ = e⁴g²T/(128 s³ (2π)⁵) da db dΩ dγ, Ω the direction of X and γ the angle of
the leptons about it. The traces were taken by fitting their polynomials to Dirac matrices; a test
compares with Dirac matrices that share no code.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from firmware_models.kernels import njit
from sim.processes.base import FloatArray
from sim.processes.constants import ALPHA, GEV2_NB
from sim.processes.kinematics import set_polar, turn_to

MODELS: Final = ("vector", "scalar", "pseudoscalar")
"""Couplings g ℓ̄γℓ, g ℓ̄ℓ and g ℓ̄iγ₅ℓ."""


@njit()
def current_square(
    kind: int, s: float, mass2: tuple[float, float], a: float, b: float, across: FloatArray
) -> float:
    """Return T of the module's text.

    Parameters
    ----------
    kind : int
        Number in `MODELS`.
    s : float
        Square of the centre-of-mass energy [GeV²].
    mass2 : tuple of float
        m² and M² [GeV²].
    a, b : float
        Denominators [GeV²].
    across : ndarray, shape (2, 2)
        x and y of both leptons' momenta [GeV], electrons along z.
    """
    m2, boson = mass2
    first = across[0, 0] ** 2 + across[0, 1] ** 2
    second = across[1, 0] ** 2 + across[1, 1] ** 2
    product = across[0, 0] * across[1, 0] + across[0, 1] * across[1, 1]
    mixed = a * a * first + b * b * second - 2.0 * a * b * product
    if kind == 0:
        h = boson + 2.0 * m2
        even = a * a + b * b - 2.0 * s * (a + b) + 2.0 * s * s + 2.0 * s * (boson - 2.0 * m2)
        value = 8.0 * (a * b * even - (a * a + b * b) * s * h)
        value += 16.0 * (h * mixed - a * b * s * (first + second))
    else:
        h = boson - 4.0 * m2 if kind == 1 else boson
        value = 4.0 * (a + b) ** 2 * (a * b - s * h)
        value += 8.0 * (h * mixed - a * b * s * (first + second + 2.0 * product))
    result: float = value / (a * a * b * b)
    return result


@njit()
def propose_leptons(
    u: FloatArray, s: float, masses: tuple[float, float, float], kind: int
) -> tuple[FloatArray, FloatArray]:
    """Return points of phase space and dσ/g² over their density [nb], with α at zero.

    Parameters
    ----------
    u : ndarray, shape (n, ≥5)
        Uniform numbers.
    s : float
        Square of the centre-of-mass energy [GeV²].
    masses : tuple of float
        Of ℓ⁻, ℓ⁺ and X [GeV]. With unequal leptons the lepton between both vertices is the other
        one, and the squared current is that of massless leptons.
    kind : int
        Number in `MODELS`.

    Returns
    -------
    variables : ndarray, shape (n, 5)
        a, b [GeV²], cosθ and azimuth of X, the angle about it.
    weight : ndarray, shape (n,)
    """
    n = len(u)
    variables = np.empty((n, 5))
    weight = np.zeros(n)
    m1, m2, boson = masses
    root = math.sqrt(s)
    low, high = (m1 + boson) ** 2 - m2 * m2, (root - m2) ** 2 - m2 * m2
    span = math.log(high / low)
    squares = (m1 * m1 if m1 == m2 else 0.0, boson * boson)
    factor = GEV2_NB * (4.0 * math.pi * ALPHA) ** 2 / (128.0 * s**3 * (2.0 * math.pi) ** 5)
    factor *= 8.0 * math.pi**2 * span
    p4 = np.empty((3, 4))
    for i in range(n):
        a = low * math.exp(span * u[i, 0])
        pair = math.sqrt(a + m2 * m2)
        # In the frame of ℓ⁻ and X: the range of (q₂+k)² by their energies, without cancellation.
        ek = (pair * pair + boson * boson - m1 * m1) / (2.0 * pair)
        e2 = (s - pair * pair - m2 * m2) / (2.0 * pair)
        pk = math.sqrt(max(0.0, ek * ek - boson * boson))
        p2 = math.sqrt(max(0.0, e2 * e2 - m2 * m2))
        gap = (boson * e2) ** 2 + (m2 * ek) ** 2 - (boson * m2) ** 2
        rest = boson * boson + m2 * m2 - m1 * m1
        least, most = rest + 2.0 * gap / (ek * e2 + pk * p2), rest + 2.0 * (ek * e2 + pk * p2)
        width = math.log(most / least)
        b = least * math.exp(width * u[i, 1])
        variables[i, 0], variables[i, 1] = a, b
        variables[i, 2] = 2.0 * u[i, 2] - 1.0
        variables[i, 3] = 2.0 * math.pi * u[i, 3]
        variables[i, 4] = 2.0 * math.pi * u[i, 4]
        place_leptons(p4, variables[i], s, masses)
        value = current_square(kind, s, squares, a, b, p4[:2, :2])
        weight[i] = max(0.0, factor * width * a * b * value)
    return variables, weight


@njit()
def place_leptons(
    p4: FloatArray, variables: FloatArray, s: float, masses: tuple[float, float, float]
) -> None:
    """Fill `p4`, shape ``(3, 4)``, with ℓ⁻, ℓ⁺ and X of one point; see `propose_leptons`."""
    root = math.sqrt(s)
    m1, m2, boson = masses
    # ((q₁+k)² - m₂²) = s - 2√s E₂, and the same with 1 and 2 exchanged.
    e1, e2 = (s - variables[1]) / (2.0 * root), (s - variables[0]) / (2.0 * root)
    ek = root - e1 - e2
    p1 = math.sqrt(max(0.0, e1 * e1 - m1 * m1))
    p2 = math.sqrt(max(0.0, e2 * e2 - m2 * m2))
    pk = math.sqrt(max(0.0, ek * ek - boson * boson))
    set_polar(p4[2], pk, ek, variables[2], variables[3])
    cosine = (p2 * p2 - p1 * p1 - pk * pk) / (2.0 * p1 * pk) if p1 * pk > 0.0 else 1.0
    set_polar(p4[0], p1, e1, min(1.0, max(-1.0, cosine)), variables[4])
    turn_to(p4[0], p4[2])
    for j in range(3):
        p4[1, j] = -p4[0, j] - p4[2, j]
    p4[1, 3] = e2


@njit()
def lepton_momenta(
    variables: FloatArray, s: float, masses: tuple[float, float, float]
) -> FloatArray:
    """Return ℓ⁻, ℓ⁺ and X in the centre-of-mass frame, shape ``(n, 3, 4)`` [GeV]."""
    n = len(variables)
    p4 = np.empty((n, 3, 4))
    for i in range(n):
        place_leptons(p4[i], variables[i], s, masses)
    return p4
