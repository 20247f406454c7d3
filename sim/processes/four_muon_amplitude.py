"""Exact lowest-order squared amplitude of e⁺e⁻ → μ⁻μ⁺μ⁻μ⁺ by spin amplitudes.

All twelve diagrams of quantum electrodynamics, from the Feynman rules. With the pairs A and B of a
μ⁻ and a μ⁺ each, the amplitude of one pairing is

    v̄ [B̸ S(p₁ - q_A) A̸ + A̸ S(p₁ - q_B) B̸] u / (q_A² q_B²)          two photons from the beams
    + ū_A [B̸ S(k_A⁻ + q_B) E̸ + E̸ S(-k_A⁺ - q_B) B̸] v_A / (s q_B²)     B radiated by a muon of A
    + the same with A and B exchanged,

where A, B and E stand for the currents ū γ v of the pairs and v̄ γ u of the beams. The other
pairing has the opposite sign (identical fermions). Spinors are those of the chiral representation
for spins along z: sums over spins do not depend on the axis, and nothing is singular.

Only right-handed electrons are computed. Summed over the muons' spins left-handed ones give the
same: only terms odd under time reversal could differ, and lowest order has none.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.processes.constants import ALPHA
from sim.processes.spinors import (
    add_sandwich,
    conjugate,
    dot,
    sandwich,
    slash_bra,
    slash_ket,
    spinors,
    square,
)

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


@njit()
def four_muon_square(p4: FloatArray, energy: FloatArray, mass: float) -> FloatArray:
    """Return the spin-averaged |M|² of e⁺e⁻ → μ⁻μ⁺μ⁻μ⁺ for massless beams.

    Without the 1/(2! 2!) of identical particles, which belongs to the phase space.

    Parameters
    ----------
    p4 : ndarray, shape (n, 4, 4)
        μ⁻, μ⁺, μ⁻, μ⁺ in the centre-of-mass frame, electron beam along +z [GeV].
    energy : ndarray, shape (n,)
        Centre-of-mass energies [GeV].
    mass : float
        The muon's mass [GeV].

    Returns
    -------
    ndarray, shape (n,)
        [GeV⁻⁴].
    """
    result = np.empty(len(p4))
    # Four spin states of the beams, of which two contribute, alike.
    charge = (4.0 * math.pi * ALPHA) ** 4 * 2.0 / 4.0
    bras = np.zeros((2, 2, 4), dtype=np.complex128)
    kets = np.zeros((2, 2, 4), dtype=np.complex128)
    currents = np.zeros((2, 2, 2, 2, 4), dtype=np.complex128)
    amplitude = np.zeros((2, 2, 2, 2), dtype=np.complex128)
    beam = np.zeros(4, dtype=np.complex128)
    for n in range(len(p4)):
        sqrt_s = energy[n]
        # v̄ γ u over s.
        beam[0], beam[1] = 1.0 / sqrt_s, 1j / sqrt_s
        for i in range(2):
            spinors(p4[n, 2 * i], mass, 1.0, bras[i])
            spinors(p4[n, 2 * i + 1], mass, -1.0, kets[i])
            conjugate(bras[i])
        for i in range(2):
            for j in range(2):
                for a in range(2):
                    for b in range(2):
                        sandwich(bras[i, a], kets[j, b], currents[i, j, a, b])
        amplitude[:] = 0.0
        for i in range(2):
            for j in range(2):
                sign = 1.0 if i == j else -1.0
                _radiated(amplitude, p4[n], i, j, sqrt_s, mass, sign, bras, kets, currents, beam)
            _two_photons(amplitude, p4[n], i, sqrt_s, currents)
        total = 0.0
        for value in amplitude.flat:
            total += value.real * value.real + value.imag * value.imag
        result[n] = charge * total
    return result


@njit()
def _radiated(
    amplitude: ComplexArray,
    p4: FloatArray,
    i: int,
    j: int,
    sqrt_s: float,
    mass: float,
    sign: float,
    bras: ComplexArray,
    kets: ComplexArray,
    currents: ComplexArray,
    beam: ComplexArray,
) -> None:
    """Add the diagrams in which μ⁻ i and μ⁺ j are of one line that radiates the other pair."""
    minus, plus = p4[2 * i], p4[2 * j + 1]
    photon = p4[2 * (1 - i)] + p4[2 * (1 - j) + 1]
    q2 = square(photon)
    after, before = np.empty(4, dtype=np.complex128), np.empty(4, dtype=np.complex128)
    for m in range(4):
        after[m] = minus[m] + photon[m]
        before[m] = -plus[m] - photon[m]
    # The two are what the other muon of the line leaves of the total momentum.
    to_after = 1.0 / ((sqrt_s * (sqrt_s - 2.0 * plus[3])) * q2) * sign
    to_before = 1.0 / ((sqrt_s * (sqrt_s - 2.0 * minus[3])) * q2) * sign
    work = np.empty(4, dtype=np.complex128)
    ket = np.empty((2, 4), dtype=np.complex128)
    bra = np.empty((2, 4), dtype=np.complex128)
    vector = np.empty(4, dtype=np.complex128)
    for spin in range(2):
        slash_ket(beam, kets[j, spin], 0.0, work)
        slash_ket(after, work, mass, ket[spin])
        slash_bra(bras[i, spin], beam, 0.0, work)
        slash_bra(work, before, mass, bra[spin])
        for m in range(4):
            ket[spin, m] *= to_after
            bra[spin, m] *= to_before
    for a in range(2):
        for b in range(2):
            sandwich(bras[i, a], ket[b], vector)
            add_sandwich(bra[a], kets[j, b], vector)
            for c in range(2):
                for d in range(2):
                    # Spins in the order μ⁻ 0, μ⁻ 1, μ⁺ 0, μ⁺ 1.
                    s0, s1 = (a, c) if i == 0 else (c, a)
                    s2, s3 = (b, d) if j == 0 else (d, b)
                    amplitude[s0, s1, s2, s3] += dot(vector, currents[1 - i, 1 - j, c, d])


@njit()
def _two_photons(
    amplitude: ComplexArray, p4: FloatArray, j: int, sqrt_s: float, currents: ComplexArray
) -> None:
    """Add the diagrams in which the beams make the pairs (μ⁻ 0, μ⁺ j) and (μ⁻ 1, the other).

    v̄ f̸ S(p₁ - q) n̸ u with f and n the currents of the pairs. Beams without mass along z keep one
    component each: u = √(2E) (1, 0), v = √(2E) (0, 1).
    """
    first, second = p4[0] + p4[2 * j + 1], p4[2] + p4[2 * (1 - j) + 1]
    norm = sqrt_s / (square(first) * square(second))
    if j == 1:
        norm = -norm
    near = np.empty((2, 2, 2, 2), dtype=np.complex128)
    far = np.empty((2, 2, 2, 2), dtype=np.complex128)
    for which in range(2):
        q = first if which == 0 else second
        positive = j if which == 0 else 1 - j
        x, y, z, e = -q[0], -q[1], 0.5 * sqrt_s - q[2], 0.5 * sqrt_s - q[3]
        factor = norm / (e * e - x * x - y * y - z * z)
        for a in range(2):
            for b in range(2):
                n = currents[which, positive, a, b]
                upper, lower = n[3] - n[2], -(n[0] + 1j * n[1])
                near[which, a, b, 0] = factor * ((e + z) * upper + (x - 1j * y) * lower)
                near[which, a, b, 1] = factor * ((x + 1j * y) * upper + (e - z) * lower)
                far[which, a, b, 0], far[which, a, b, 1] = lower, n[3] + n[2]
    for a in range(2):
        for b in range(2):
            for c in range(2):
                for d in range(2):
                    s2, s3 = (b, d) if j == 0 else (d, b)
                    value = far[1, c, d, 0] * near[0, a, b, 0] + far[1, c, d, 1] * near[0, a, b, 1]
                    value += far[0, a, b, 0] * near[1, c, d, 0] + far[0, a, b, 1] * near[1, c, d, 1]
                    amplitude[a, c, s2, s3] += value
