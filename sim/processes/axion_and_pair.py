"""Kernels of e⁺e⁻ → e⁺e⁻a at lowest order: fusion of two photons and annihilation together.

Fusion (t-channel) is in `photon_fusion`. In annihilation the beams' photon radiates a and becomes
the pair, e⁺e⁻ → γ* → γ*a, γ* → e⁺e⁻. With the currents J = ū γ v of the lines, and ε their
determinant with the momenta of both photons, the amplitude is

    ε(J_beams, J_pair, Q, -q)/(s m_ee²) - ε(J₁, J₂, q₁, q₂)/(t₁ t₂),

with the sign of exchanged fermions. The square of the fusion part is taken from `fusion_square`,
which is exact down to the smallest t; the spin amplitudes give the rest, where rounding at small t
does not matter: there the interference vanishes against the square.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.processes import photon_fusion
from sim.processes.constants import ALPHA, ELECTRON_MASS
from sim.processes.kinematics import breakup, decay
from sim.processes.photon_fusion import MASS2, Region, fusion_square, transfer
from sim.processes.spinors import conjugate, sandwich, spinors

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

FUSION, ANNIHILATION, FULL = 1, 2, 3
"""Which diagrams: one of the two, or both."""


@njit()
def pair_square(electron: FloatArray, positron: FloatArray) -> float:
    """Return m_ee² [GeV²], without differences of large numbers for close pairs."""
    product, across2 = 0.0, 0.0
    p1 = p2 = 0.0
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        product += electron[i] * positron[i]
        across2 += (electron[j] * positron[k] - electron[k] * positron[j]) ** 2
        p1 += electron[i] ** 2
        p2 += positron[i] ** 2
    p1, p2 = math.sqrt(p1), math.sqrt(p2)
    e1, e2 = electron[3], positron[3]
    turn = across2 / (p1 * p2 + product) if product > 0.0 else p1 * p2 - product
    spread = MASS2 * (e1 * e1 + e2 * e2 - MASS2) / (e1 * e2 + p1 * p2)
    result: float = 2.0 * (MASS2 + spread + turn)
    return result


@njit()
def _determinant(a: ComplexArray, b: ComplexArray, x: float, y: float, z: float) -> complex:
    result: complex = (
        x * (a[1] * b[2] - a[2] * b[1])
        + y * (a[2] * b[0] - a[0] * b[2])
        + z * (a[0] * b[1] - a[1] * b[0])
    )
    return result


@njit()
def annihilation_terms(
    electron: FloatArray, positron: FloatArray, sqrt_s: float
) -> tuple[float, float]:
    """Return the parts of the spin-averaged |M|²/g² [1] that fusion does not have.

    Parameters
    ----------
    electron, positron : ndarray, shape (4,)
        Scattered electron and positron, centre-of-mass frame, electron beam along +z [GeV].
    sqrt_s : float
        Centre-of-mass energy [GeV].

    Returns
    -------
    annihilation, interference : float
        The square of the annihilation's amplitude, and its interference with fusion.
    """
    energy = 0.5 * sqrt_s
    size = math.sqrt(energy * energy - MASS2)
    beam = np.zeros(4)
    beam[2], beam[3] = size, energy
    states = np.empty((4, 2, 4), dtype=np.complex128)
    spinors(beam, ELECTRON_MASS, 1.0, states[0])
    beam[2] = -size
    spinors(beam, ELECTRON_MASS, -1.0, states[1])
    spinors(electron, ELECTRON_MASS, 1.0, states[2])
    spinors(positron, ELECTRON_MASS, -1.0, states[3])
    conjugate(states[1])
    conjugate(states[2])
    # Currents of the beams, of the pair, of the electron and of the positron.
    currents = np.empty((4, 2, 2, 4), dtype=np.complex128)
    for a in range(2):
        for b in range(2):
            sandwich(states[1, a], states[0, b], currents[0, a, b])
            sandwich(states[2, a], states[3, b], currents[1, a, b])
            sandwich(states[2, a], states[0, b], currents[2, a, b])
            sandwich(states[1, a], states[3, b], currents[3, a, b])
    t1, t2 = transfer(electron, 1.0, energy), transfer(positron, -1.0, energy)
    by_fusion = 1.0 / (t1 * t2)
    by_pair = sqrt_s / (sqrt_s * sqrt_s * pair_square(electron, positron))
    x1, y1, z1, w1 = -electron[0], -electron[1], size - electron[2], energy - electron[3]
    x2, y2, z2, w2 = -positron[0], -positron[1], -size - positron[2], energy - positron[3]
    # q₁ and q₂ as planes: (E₁ q₂ - E₂ q₁) for the parts along time, q₁ × q₂ for the others.
    lx, ly, lz = w1 * x2 - w2 * x1, w1 * y2 - w2 * y1, w1 * z2 - w2 * z1
    cx, cy, cz = y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2
    alone = both = 0.0
    for a in range(2):
        for b in range(2):
            for c in range(2):
                for d in range(2):
                    # Spins: incoming positron a, electron b, outgoing electron c, positron d.
                    one, two = currents[2, c, b], currents[3, a, d]
                    fusion = _determinant(one, two, lx, ly, lz)
                    for i, size_i in enumerate((cx, cy, cz)):
                        fusion += size_i * (one[3] * two[i] - one[i] * two[3])
                    pair = _determinant(
                        currents[0, a, b],
                        currents[1, c, d],
                        -electron[0] - positron[0],
                        -electron[1] - positron[1],
                        -electron[2] - positron[2],
                    )
                    fusion *= by_fusion
                    pair *= by_pair
                    alone += pair.real * pair.real + pair.imag * pair.imag
                    both -= 2.0 * (pair.real * fusion.real + pair.imag * fusion.imag)
    charge = (4.0 * math.pi * ALPHA) ** 2 / 4.0
    return charge * alone, charge * both


@njit()
def amplitude_square(
    electron: FloatArray, positron: FloatArray, sqrt_s: float, mass: float, diagrams: int
) -> float:
    """Return the spin-averaged |M|²/g² [1] of the chosen diagrams; see `annihilation_terms`."""
    total = 0.0
    if diagrams != ANNIHILATION:
        total += fusion_square(electron, positron, sqrt_s, mass)
    if diagrams != FUSION:
        alone, both = annihilation_terms(electron, positron, sqrt_s)
        total += alone
        if diagrams == FULL:
            total += both
    return max(total, 0.0)


@njit()
def propose(
    u: FloatArray, sqrt_s: float, mass: float, region: Region, diagrams: int
) -> tuple[FloatArray, FloatArray]:
    """Make events and weight them by phase space and |M|²/g².

    With all diagrams one half of the first axis samples as for fusion, the other as for
    annihilation, and every event is weighted by the sum of both densities.

    Parameters
    ----------
    u : ndarray, shape (n, 5 or more); with all diagrams (n, 6 or more)
        Uniform points.
    sqrt_s, mass : float
        Centre-of-mass energy and mass of a [GeV].
    region : Region
        The generation region.
    diagrams : int
        `FUSION`, `ANNIHILATION` or `FULL`.

    Returns
    -------
    p4 : ndarray, shape (n, 3, 4)
        Electron, positron and a in the centre-of-mass frame [GeV].
    weight : ndarray, shape (n,)
        [GeV⁰], to be multiplied by g²/2s; 0 outside the region.
    """
    n = len(u)
    p4 = np.zeros((n, 3, 4))
    weight = np.zeros(n)
    first = 1 if diagrams == FULL else 0
    for i in range(n):
        event, point = p4[i], u[i, first:]
        if diagrams == FUSION or (diagrams == FULL and u[i, 0] < 0.5):
            made = photon_fusion.make(event, point, sqrt_s, mass, region)
        else:
            made = _make(event, point, sqrt_s, mass, region)
        if not (made and photon_fusion.seen(event, region)):
            continue
        if region.pair_mass > 0.0 and pair_square(event[0], event[1]) < region.pair_mass**2:
            continue
        density = 0.0
        if diagrams != ANNIHILATION:
            density += photon_fusion.density(event, sqrt_s, mass, region)
        if diagrams != FUSION:
            density += _density(event, sqrt_s, mass, region)
        if diagrams == FULL:
            density *= 0.5
        if density > 0.0:
            square = amplitude_square(event[0], event[1], sqrt_s, mass, diagrams)
            weight[i] = square / density
    return p4, weight


@njit()
def _pair_limits(sqrt_s: float, mass: float, region: Region) -> tuple[float, float]:
    """Lowest and highest m_ee² [GeV²]."""
    low = max(2.0 * ELECTRON_MASS, region.pair_mass)
    return low * low, max(sqrt_s - mass, 0.0) ** 2


@njit()
def _make(event: FloatArray, u: FloatArray, sqrt_s: float, mass: float, region: Region) -> bool:
    """A pair, even in ln m_ee, that recoils against a; all angles even."""
    low, high = _pair_limits(sqrt_s, mass, region)
    if high <= low:
        return False
    m2 = low * math.exp(math.log(high / low) * u[0])
    # Neither at the threshold, where the pair has no direction, nor with a at rest.
    if m2 <= 4.0 * MASS2 * (1.0 + 1e-12) or m2 >= high * (1.0 - 1e-12):
        return False
    m = math.sqrt(m2)
    whole, pair, axis = np.zeros(4), np.empty(4), np.zeros(4)
    whole[3], axis[2] = sqrt_s, 1.0
    turn, light = 2.0 * math.pi, ELECTRON_MASS
    decay(event[2], pair, whole, sqrt_s, (mass, m), axis, 2.0 * u[1] - 1.0, turn * u[2])
    decay(event[0], event[1], pair, m, (light, light), axis, 2.0 * u[3] - 1.0, turn * u[4])
    return True


@njit()
def _density(event: FloatArray, sqrt_s: float, mass: float, region: Region) -> float:
    """Return how densely `_make` covers three-body phase space at an event [GeV⁻²]."""
    low, high = _pair_limits(sqrt_s, mass, region)
    m2 = pair_square(event[0], event[1])
    if not low < m2 < high:
        return 0.0
    m = math.sqrt(m2)
    phase = breakup(sqrt_s, mass, m) * breakup(m, ELECTRON_MASS, ELECTRON_MASS)
    phase /= 16.0 * math.pi**2 * sqrt_s * m
    if phase <= 0.0:
        return 0.0
    return 2.0 * math.pi / (m2 * math.log(high / low) * phase)
