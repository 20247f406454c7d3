"""Kernels of e⁺e⁻ → e⁺e⁻a by photon fusion: sampling in the two exchanges, squared amplitude.

`axion_and_pair` adds the annihilation of the beams.

|M|² = (e⁴g²/4t₁²t₂²) L₁^{μμ′} L₂^{νν′} ε_{μνq₁q₂} ε_{μ′ν′q₁q₂} (physics section A.4 of the
reference notes) with L = 4[pp′ + p′p + g t/2], also for massive electrons: t/2 = m² - p·p′.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.processes.acceptance import inside_p4
from sim.processes.constants import ALPHA, ELECTRON_MASS
from sim.processes.kinematics import boost, set_polar

FloatArray = NDArray[np.float64]

MASS2 = ELECTRON_MASS * ELECTRON_MASS


class Region(NamedTuple):
    """Where events are generated, for the kernels.

    Parameters
    ----------
    matrix, limits : ndarray, tuple of float
        As in `acceptance.Region`.
    cosines : tuple of float
        cosθ* range of both electrons.
    energy_min : float
        Lowest energy of both electrons, centre-of-mass frame [GeV].
    inside : bool
        Whether both electrons must be inside.
    pair_mass : float
        Lowest mass of both electrons together [GeV].
    """

    matrix: FloatArray
    limits: tuple[float, float]
    cosines: tuple[float, float]
    energy_min: float
    inside: bool
    pair_mass: float


@njit()
def fusion_square(electron: FloatArray, positron: FloatArray, sqrt_s: float, mass: float) -> float:
    """Return the spin-averaged |M|²/g² [1] of one event.

    The contraction is 16 [4F(p,k)² + t₂ F(p)² + t₁ F(k)² + t₁t₂F²/4] with F_{μν} = ε_{μνq₁q₂} and
    p, k the beams. Everything is expressed by transverse momenta and t, without differences of
    large numbers: it holds down to the smallest t.

    Parameters
    ----------
    electron, positron : ndarray, shape (4,)
        Scattered electron and positron, centre-of-mass frame, electron beam along +z [GeV].
    sqrt_s, mass : float
        Centre-of-mass energy and mass of a [GeV].
    """
    energy = 0.5 * sqrt_s
    size = math.sqrt(energy * energy - MASS2)
    t1, t2 = transfer(electron, 1.0, energy), transfer(positron, -1.0, energy)
    # Momenta of the two photons, beam minus scattered; a: what is left of E q_z - P q_E.
    q1x, q1y, q1e = -electron[0], -electron[1], energy - electron[3]
    q2x, q2y, q2e = -positron[0], -positron[1], energy - positron[3]
    q1z, q2z = size - electron[2], -size - positron[2]
    a1 = (MASS2 * q1e - 0.5 * energy * t1) / size
    a2 = (MASS2 * q2e - 0.5 * energy * t2) / size
    b1, b2 = size * q2e - energy * q2z, size * q1e + energy * q1z
    cross = q1x * q2y - q1y * q2x
    both = 4.0 * energy * energy * size * size * cross * cross
    first = MASS2 * cross * cross + (a1 * q2x + b1 * q1x) ** 2 + (a1 * q2y + b1 * q1y) ** 2
    second = MASS2 * cross * cross + (a2 * q1x + b2 * q2x) ** 2 + (a2 * q1y + b2 * q2y) ** 2
    dot = 0.5 * (mass * mass - t1 - t2)
    square = 2.0 * (dot * dot - t1 * t2)
    total = 4.0 * both - t2 * first - t1 * second + 0.25 * t1 * t2 * square
    result: float = (4.0 * math.pi * ALPHA) ** 2 * 4.0 * total / (t1 * t1 * t2 * t2)
    return result


@njit()
def transfer(scattered: FloatArray, side: float, energy: float) -> float:
    """Return t [GeV²] of a scattered beam lepton; `side` is the sign of the beam's z."""
    size = math.sqrt(energy * energy - MASS2)
    e = scattered[3]
    across2 = scattered[0] ** 2 + scattered[1] ** 2
    along = side * scattered[2]
    p = math.sqrt(across2 + along * along)
    # E E′ - P p - m², and P p (1 - cosθ).
    spread = MASS2 * (energy - e) ** 2 / (energy * e - MASS2 + size * p)
    turn = across2 / (p + along) if along > 0.0 else p - along
    result: float = -2.0 * (spread + size * turn)
    return result


@njit()
def make(event: FloatArray, u: FloatArray, sqrt_s: float, mass: float, region: Region) -> bool:
    """Fill electron, positron and a; False: there is no such event.

    The electron's energy is taken even in ln(x + x₀), x the part of the energy that it loses, both
    polar angles even in ln(1 ∓ cosθ + δ); the positron's energy follows from the mass of a.

    Parameters
    ----------
    event : ndarray, shape (3, 4)
        Filled, in the centre-of-mass frame [GeV].
    u : ndarray, shape (5,)
        Uniform point.
    sqrt_s, mass : float
        Centre-of-mass energy and mass of a [GeV].
    region : Region
        The generation region; whether the event is inside is for `seen` to say.
    """
    electron, positron, axion = event[0], event[1], event[2]
    energy, s = 0.5 * sqrt_s, sqrt_s * sqrt_s
    x_low, x_high, offset = _losses(sqrt_s, mass, region)
    if x_high <= x_low:
        return False
    x = (x_low + offset) * math.exp(math.log((x_high + offset) / (x_low + offset)) * u[0]) - offset
    e = energy * (1.0 - x)
    if e <= energy * (1.0 - x_high) or e >= energy * (1.0 - x_low):
        return False
    p = math.sqrt(e * e - MASS2)
    floor, other_floor = _floors(x, sqrt_s, mass)
    low, high = region.cosines
    _place(electron, p, e, _turn(u[1], 1.0 - high, 1.0 - low, floor), 2.0 * math.pi * u[3], 1.0)
    turn = _turn(u[2], 1.0 + low, 1.0 + high, other_floor)
    _place(positron, 1.0, 1.0, turn, 2.0 * math.pi * u[4], -1.0)
    along = 0.0
    for j in range(3):
        along += electron[j] * positron[j]
    rest = sqrt_s - e
    half = 0.5 * (s - 2.0 * sqrt_s * e + 2.0 * MASS2 - mass * mass)
    if half <= rest * ELECTRON_MASS:
        return False
    below = (rest - along) * (rest + along)
    p2 = (rest * math.sqrt(half * half - MASS2 * below) - half * along) / below
    if p2 <= 0.0:
        return False
    for j in range(3):
        positron[j] *= p2
        axion[j] = -electron[j] - positron[j]
    positron[3] = math.sqrt(p2 * p2 + MASS2)
    axion[3] = sqrt_s - e - positron[3]
    return True


@njit()
def density(event: FloatArray, sqrt_s: float, mass: float, region: Region) -> float:
    """Return how densely `make` covers three-body phase space at an event [GeV⁻²]."""
    electron, positron = event[0], event[1]
    energy = 0.5 * sqrt_s
    e, e2 = electron[3], positron[3]
    x_low, x_high, offset = _losses(sqrt_s, mass, region)
    x = 1.0 - e / energy
    if not x_low < x < x_high:
        return 0.0
    p = math.sqrt(electron[0] ** 2 + electron[1] ** 2 + electron[2] ** 2)
    p2 = math.sqrt(positron[0] ** 2 + positron[1] ** 2 + positron[2] ** 2)
    if p <= 0.0 or p2 <= 0.0:
        return 0.0
    floor, other_floor = _floors(x, sqrt_s, mass)
    low, high = region.cosines
    # Energy, then both angles to the own beams.
    steps = energy * (x + offset) * math.log((x_high + offset) / (x_low + offset))
    steps *= _turn_step(electron, p, 1.0, 1.0 - high, 1.0 - low, floor)
    steps *= _turn_step(positron, p2, -1.0, 1.0 + low, 1.0 + high, other_floor)
    along = 0.0
    for j in range(3):
        along += electron[j] * positron[j]
    along /= p2
    phase = 0.125 * p * p2 * p2 / ((sqrt_s - e) * p2 + along * e2) / (2.0 * math.pi) ** 5
    element = phase * steps * (2.0 * math.pi) ** 2
    return 1.0 / element if element > 0.0 else 0.0


@njit()
def _losses(sqrt_s: float, mass: float, region: Region) -> tuple[float, float, float]:
    """Lowest and highest part of its energy that the electron can lose, and the offset x₀."""
    e_max = (sqrt_s * sqrt_s + MASS2 - (mass + ELECTRON_MASS) ** 2) / (2.0 * sqrt_s)
    e_min = max(region.energy_min, ELECTRON_MASS)
    offset = 0.3 if region.inside else 1e-6
    return 1.0 - 2.0 * e_max / sqrt_s, 1.0 - 2.0 * e_min / sqrt_s, offset


@njit()
def _floors(x: float, sqrt_s: float, mass: float) -> tuple[float, float]:
    """Lowest 1 ∓ cosθ that matter, where t stops to fall: of the electron and of the positron."""
    energy = 0.5 * sqrt_s
    # What the other must lose for a to have its mass, if both scatter little.
    other = min(1.0, max(mass * mass / (sqrt_s * sqrt_s * max(x, 1e-9)), 1e-9))
    first = 0.5 * MASS2 * (x / (energy * (1.0 - x))) ** 2 + 1e-14
    second = 0.5 * MASS2 * (other / (energy * max(1.0 - other, 1e-3))) ** 2 + 1e-14
    return first, second


@njit()
def _turn(u: float, low: float, high: float, floor: float) -> float:
    """Return 1 - cosθ to the lepton's own beam."""
    shifted = (low + floor) * math.exp(math.log((high + floor) / (low + floor)) * u)
    return max(shifted - floor, 0.0)


@njit()
def _turn_step(
    p4: FloatArray, p: float, side: float, low: float, high: float, floor: float
) -> float:
    """Return d(1 - cosθ)/du of `_turn`; 0 outside its range."""
    along = side * p4[2]
    across2 = p4[0] ** 2 + p4[1] ** 2
    turn = across2 / (p * (p + along)) if along > 0.0 else 1.0 - along / p
    if not low * (1.0 - 1e-9) <= turn <= high * (1.0 + 1e-9):
        return 0.0
    step: float = (turn + floor) * math.log((high + floor) / (low + floor))
    return step


@njit()
def _place(out: FloatArray, p: float, e: float, turn: float, phi: float, side: float) -> None:
    """Fill a four-vector from 1 - cosθ to the beam along `side`, exact for tiny angles."""
    sine = math.sqrt(max(0.0, turn * (2.0 - turn)))
    out[0], out[1] = p * sine * math.cos(phi), p * sine * math.sin(phi)
    out[2], out[3] = side * p * (1.0 - turn), e


@njit()
def seen(event: FloatArray, region: Region) -> bool:
    """Say whether both electrons are in the region, or none has to be."""
    if not region.inside:
        return True
    for lepton in range(2):
        x, y, z, e = event[lepton]
        if e < region.energy_min or not inside_p4(region.matrix, region.limits, x, y, z, e):
            return False
    return True


@njit()
def decay(p4: FloatArray, angles: FloatArray, mass: float) -> FloatArray:
    """Return electron, positron and the two photons of a, shape ``(n, 4, 4)``.

    Parameters
    ----------
    p4 : ndarray, shape (n, 3, 4)
        Electron, positron, a.
    angles : ndarray, shape (n, 2)
        cosθ and azimuth of the first photon in the rest frame of a.
    mass : float
        Mass of a [GeV].
    """
    result = np.empty((len(p4), 4, 4))
    for i in range(len(p4)):
        result[i, :2] = p4[i, :2]
        first, second = result[i, 2], result[i, 3]
        set_polar(first, 0.5 * mass, 0.5 * mass, angles[i, 0], angles[i, 1])
        for j in range(3):
            second[j] = -first[j]
        second[3] = first[3]
        boost(first, p4[i, 2], mass)
        boost(second, p4[i, 2], mass)
    return result
