"""Sampling of e⁺e⁻ → μ⁻μ⁺μ⁻μ⁺ by channels that follow the poles of the exact amplitude.

Three channels: two photons from the beams, each to a pair; or a pair radiated by a μ⁻ or by a μ⁺.
Every channel is written for one assignment of the four muons. The cross-section does not depend on
how like muons are numbered, so an event gets the density averaged over all numberings and over the
channels, whichever made it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.processes.acceptance import inside_p4
from sim.processes.kinematics import boost, boost_back, breakup, decay, set_polar, turn_to

FloatArray = NDArray[np.float64]

CHANNELS = 3
DIMENSIONS = 9

_AROUND = 1.0 + 1e-12


class Region(NamedTuple):
    """Where events are generated, for the kernels.

    Parameters
    ----------
    matrix : ndarray, shape (4, 4)
        From the centre-of-mass frame to the frame of the angles and momenta.
    limits : tuple of float
        cosθ of the upper and the lower angle.
    momentum_min : float
        Lowest momentum of a muon that counts [GeV].
    required : int
        How many muons must be inside.
    """

    matrix: FloatArray
    limits: tuple[float, float]
    momentum_min: float
    required: int


@njit()
def propose(
    u: FloatArray, energy: FloatArray, mass: float, mass_min: float
) -> tuple[FloatArray, FloatArray]:
    """Make events and their phase-space weights.

    Parameters
    ----------
    u : ndarray, shape (n, 9 or more)
        Uniform points; the first axis chooses the channel.
    energy : ndarray, shape (n,)
        Centre-of-mass energies of the four muons [GeV].
    mass : float
        Mass of the muon [GeV].
    mass_min : float
        Lowest mass of every pair of opposite charges [GeV].

    Returns
    -------
    p4 : ndarray, shape (n, 4, 4)
        μ⁻, μ⁺, μ⁻, μ⁺ in their centre-of-mass frame, beams along z [GeV]; like muons by falling
        energy.
    weight : ndarray, shape (n,)
        Element of four-body phase space over the density [GeV⁴]; 0 where a pair is too light.
    """
    n = len(u)
    p4 = np.zeros((n, 4, 4))
    weight = np.zeros(n)
    low = max(2.0 * mass, mass_min)
    for i in range(n):
        event, sqrt_s = p4[i], energy[i]
        if 2.0 * low >= sqrt_s:
            continue
        channel = min(int(u[i, 0] * CHANNELS), CHANNELS - 1)
        if channel == 0:
            made = _make_two_pairs(event, u[i], sqrt_s, mass, low)
        else:
            made = _make_radiated(event, u[i], sqrt_s, mass, low)
            if channel == 2:
                _swap(event, 0, 1)
                _swap(event, 2, 3)
        if not (made and _heavy(event, low)):
            continue
        if event[0, 3] < event[2, 3]:
            _swap(event, 0, 2)
        if event[1, 3] < event[3, 3]:
            _swap(event, 1, 3)
        density = _density(event, sqrt_s, mass, low)
        if density > 0.0:
            weight[i] = 1.0 / density
    return p4, weight


@njit()
def recoil(p4: FloatArray, photon: FloatArray, sqrt_s: float, half: float) -> None:
    """Take events to the frame of the beams, in which they recoil against a photon; in place.

    Their z axis becomes the one that bisects the beams in their rest frame (J. C. Collins and
    D. E. Soper, Phys. Rev. D 16 (1977) 2219), as in `isr_pair`.

    Parameters
    ----------
    p4 : ndarray, shape (n, 4, 4)
        As from `propose` [GeV].
    photon : ndarray, shape (n, 4)
        The photons in the frame of the beams [GeV].
    sqrt_s, half : float
        Energy of both beams, and of one [GeV].
    """
    system, first, second, axis = np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    for i in range(len(p4)):
        for k in range(3):
            system[k] = -photon[i, k]
        system[3] = sqrt_s - photon[i, 3]
        reduced = math.sqrt(sqrt_s * (sqrt_s - 2.0 * photon[i, 3]))
        for beam, sign in ((first, 1.0), (second, -1.0)):
            beam[0], beam[1], beam[2], beam[3] = 0.0, 0.0, sign * half, half
            boost_back(beam, system, reduced)
        for k in range(3):
            axis[k] = first[k] / first[3] - second[k] / second[3]
        for j in range(4):
            turn_to(p4[i, j], axis)
            boost(p4[i, j], system, reduced)


@njit()
def _swap(event: FloatArray, a: int, b: int) -> None:
    for k in range(4):
        event[a, k], event[b, k] = event[b, k], event[a, k]


@njit()
def _even_in_log(low: float, high: float, u: float) -> float:
    """Return a squared mass; also where rounding could take it past a threshold."""
    value = low * math.exp(math.log(high / low) * u)
    return min(max(value, low * _AROUND), high / _AROUND)


@njit()
def _slope(s: float, a2: float, b2: float, p: float, sqrt_s: float) -> float:
    """Return z of 1/(z² - c²), the poles of the electron's propagators in cosθ of the pairs."""
    return (s - a2 - b2) / max(2.0 * p * sqrt_s, 1e-300)


@njit()
def _make_two_pairs(
    event: FloatArray, u: FloatArray, sqrt_s: float, mass: float, low: float
) -> bool:
    """Pairs (0, 1) and (2, 3), masses even in their logarithms, along the beams."""
    s = sqrt_s * sqrt_s
    a2 = _even_in_log(low * low, (sqrt_s - low) ** 2, u[1])
    a = math.sqrt(a2)
    if sqrt_s - a <= low * _AROUND:
        return False
    b2 = _even_in_log(low * low, (sqrt_s - a) ** 2, u[2])
    b = math.sqrt(b2)
    p = breakup(sqrt_s, a, b)
    if p <= 0.0:
        return False
    z = _slope(s, a2, b2, p, sqrt_s)
    c = z * math.tanh(math.atanh(1.0 / z) * (2.0 * u[3] - 1.0))
    one, two, axis = np.empty(4), np.empty(4), np.zeros(4)
    axis[2] = 1.0
    set_polar(one, p, math.sqrt(p * p + a2), c, 2.0 * math.pi * u[4])
    for k in range(3):
        two[k] = -one[k]
    two[3] = math.sqrt(p * p + b2)
    masses = mass, mass
    decay(event[0], event[1], one, a, masses, axis, 2.0 * u[5] - 1.0, 2.0 * math.pi * u[6])
    decay(event[2], event[3], two, b, masses, axis, 2.0 * u[7] - 1.0, 2.0 * math.pi * u[8])
    return True


@njit()
def _make_radiated(
    event: FloatArray, u: FloatArray, sqrt_s: float, mass: float, low: float
) -> bool:
    """Pair (2, 3) radiated by the μ⁻ 0, which was that of a line with the μ⁺ 1."""
    b2 = _even_in_log(low * low, (sqrt_s - 2.0 * mass) ** 2, u[1])
    b = math.sqrt(b2)
    x_low, x_high = (b + mass) ** 2, (sqrt_s - mass) ** 2
    if x_high <= x_low * _AROUND:
        return False
    m2 = mass * mass
    x2 = _even_in_log(x_low - m2, x_high - m2, u[2]) + m2
    x = math.sqrt(x2)
    if breakup(sqrt_s, x, mass) <= 0.0 or breakup(x, mass, b) <= 0.0:
        return False
    whole, system, pair, axis = np.zeros(4), np.empty(4), np.empty(4), np.zeros(4)
    whole[3], axis[2] = sqrt_s, 1.0
    turn = 2.0 * math.pi
    decay(event[1], system, whole, sqrt_s, (mass, x), axis, 2.0 * u[3] - 1.0, turn * u[4])
    decay(event[0], pair, system, x, (mass, b), axis, 2.0 * u[5] - 1.0, turn * u[6])
    decay(event[2], event[3], pair, b, (mass, mass), axis, 2.0 * u[7] - 1.0, turn * u[8])
    return True


@njit()
def _heavy(event: FloatArray, low: float) -> bool:
    for i in range(2):
        for j in range(2):
            if _pair_square(event, i, j) < low * low:
                return False
    return True


@njit()
def inside(p4: FloatArray, region: Region) -> NDArray[np.bool_]:
    """Say which events have enough muons in the region, shape ``(n,)``."""
    result = np.ones(len(p4), dtype=np.bool_)
    m, least = region.matrix, region.momentum_min * region.momentum_min
    if region.required > 0:
        for n in range(len(p4)):
            count = 0
            for i in range(4):
                x, y, z, e = p4[n, i]
                if not inside_p4(m, region.limits, x, y, z, e):
                    continue
                size = 0.0
                for k in range(3):
                    size += (m[k, 0] * x + m[k, 1] * y + m[k, 2] * z + m[k, 3] * e) ** 2
                if size >= least:
                    count += 1
            result[n] = count >= region.required
    return result


@njit()
def _pair_square(event: FloatArray, i: int, j: int) -> float:
    """Squared mass of μ⁻ i and μ⁺ j [GeV²]."""
    result: float = (event[2 * i, 3] + event[2 * j + 1, 3]) ** 2
    for k in range(3):
        result -= (event[2 * i, k] + event[2 * j + 1, k]) ** 2
    return result


@njit()
def _two_body(total: float, a: float, b: float) -> float:
    """Two-body phase space over all directions."""
    return breakup(total, a, b) / (4.0 * math.pi * total)


@njit()
def _density(event: FloatArray, sqrt_s: float, mass: float, low: float) -> float:
    """Density of all channels and numberings over the element of phase space [GeV⁻⁴]."""
    s, m2 = sqrt_s * sqrt_s, mass * mass
    total = 0.0
    for i in range(2):
        for j in range(2):
            a2 = max(_pair_square(event, i, j), low * low)
            b2 = max(_pair_square(event, 1 - i, 1 - j), low * low)
            a, b = math.sqrt(a2), math.sqrt(b2)
            in_b = _two_body(b, mass, mass)
            # Two pairs: (i, j) the first one.
            p = breakup(sqrt_s, a, b)
            if p > 0.0:
                z = _slope(s, a2, b2, p, sqrt_s)
                momentum = 0.0
                for k in range(3):
                    momentum += (event[2 * i, k] + event[2 * j + 1, k]) ** 2
                c = (event[2 * i, 2] + event[2 * j + 1, 2]) / math.sqrt(max(momentum, 1e-300))
                angle = 1.0 / (z * math.atanh(1.0 / z) * (1.0 - (c / z) ** 2))
                masses = math.log(((sqrt_s - low) / low) ** 2) * a2
                masses *= math.log(((sqrt_s - a) / low) ** 2) * b2
                phase = p / (4.0 * math.pi * sqrt_s) * _two_body(a, mass, mass) * in_b
                if phase > 0.0:
                    total += angle / (masses * phase)
            # The second one radiated by a muon of the first one; `last`: the other of the first.
            for positive in range(2):
                last = event[2 * j + 1, 3] if positive == 0 else event[2 * i, 3]
                x2 = s + m2 - 2.0 * sqrt_s * last
                x = math.sqrt(max(x2, 1e-300))
                phase = _two_body(sqrt_s, x, mass) * _two_body(x, mass, b) * in_b
                if phase <= 0.0:
                    continue
                masses = math.log(((sqrt_s - 2.0 * mass) / low) ** 2) * b2
                span = ((sqrt_s - mass) ** 2 - m2) / ((b + mass) ** 2 - m2)
                masses *= math.log(span) * (x2 - m2)
                total += 1.0 / (masses * phase)
    # dm²/2π twice; four numberings.
    return total * (2.0 * math.pi) ** 2 / (4.0 * CHANNELS)
