"""Sampling of e⁺e⁻ → pair + photon by channels that follow the poles of the exact amplitudes.

An event is a photon (energy k, direction) and the pair that recoils against it, given by the
direction of its first particle in the pair's rest frame. The measure is dk dΩ_k dΩ′ throughout,
so that the densities of all channels can be added at one point: each event is weighted by their
sum, whichever channel made it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.processes.acceptance import inside_p4
from sim.processes.kinematics import boost, boost_back, set_polar, turn_to

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SOFT, CONVERTED = 0, 1
"""Energy of the photon: even in ln k (soft photons), or in ln s′ (light pairs)."""

EVEN, ELECTRON, POSITRON, PHOTON, TWO_ELECTRON, TWO_POSITRON = 0, 1, 2, 3, 4, 5
"""Direction of the pair in its rest frame: isotropic; first particle close to the electron beam;
second close to the positron beam; either close to the photon (radiation from the final state);
either close to the electron beam; either close to the positron beam."""


class Region(NamedTuple):
    """Where events are generated, for the kernels.

    Parameters
    ----------
    matrix : ndarray, shape (4, 4)
        From the centre-of-mass frame to the frame of the angles.
    limits : tuple of float
        cosθ of the upper and the lower angle.
    cosines : tuple of float
        cosθ* range that directions inside can have.
    photon_min, energy_min : float
        Lowest energies of the photon and of a pair particle that counts [GeV], CM.
    separation : float
        Largest cosine of the angle between two of the three, CM; 1: any.
    required : int
        How many of the pair must be inside.
    """

    matrix: FloatArray
    limits: tuple[float, float]
    cosines: tuple[float, float]
    photon_min: float
    energy_min: float
    separation: float
    required: int


@njit()
def propose(
    u: FloatArray, sqrt_s: float, mass: float, channels: IntArray, region: Region, identical: bool
) -> tuple[FloatArray, FloatArray]:
    """Make events and their phase-space weights.

    Parameters
    ----------
    u : ndarray, shape (n, 6)
        Uniform points; the first axis chooses the channel.
    sqrt_s : float
        Centre-of-mass energy [GeV].
    mass : float
        Mass of the pair's particles [GeV].
    channels : ndarray of int64, shape (k, 2)
        Energy and direction of every channel, see above.
    region : Region
        The generation region.
    identical : bool
        True: all three are photons; the density is summed over who is "the photon" and the
        order of the pair, so that the weight is that of unordered events.

    Returns
    -------
    p4 : ndarray, shape (n, 3, 4)
        First, second of the pair and photon in the centre-of-mass frame [GeV].
    weight : ndarray, shape (n,)
        Element of three-body phase space over the density [GeV²]; 0 outside the region.
    """
    n = len(u)
    p4 = np.zeros((n, 3, 4))
    weight = np.zeros(n)
    for i in range(n):
        number = min(int(u[i, 0] * len(channels)), len(channels) - 1)
        event = p4[i]
        if not _make(event, u[i], sqrt_s, mass, channels[number], region):
            continue
        if not _inside(event, region):
            continue
        density = _density(event, 2, sqrt_s, mass, channels, region)
        if identical:
            density += _density(event, 0, sqrt_s, mass, channels, region)
            density += _density(event, 1, sqrt_s, mass, channels, region)
            density *= 2.0
        if density > 0.0:
            s_pair = sqrt_s * (sqrt_s - 2.0 * event[2, 3])
            beta = _beta(s_pair, mass)
            element = 0.5 * event[2, 3] / (2.0 * math.pi) ** 3 * beta / (32.0 * math.pi**2)
            weight[i] = element / density
    return p4, weight


@njit()
def _beta(s_pair: float, mass: float) -> float:
    return math.sqrt(max(0.0, 1.0 - 4.0 * mass * mass / s_pair))


@njit()
def _pair_limits(sqrt_s: float, mass: float, region: Region) -> tuple[float, float]:
    """Lowest and highest squared mass of the pair [GeV²]."""
    low = 4.0 * mass * mass
    if region.required == 2:
        low_energy = region.energy_min
        product = low_energy * max(0.5 * sqrt_s - low_energy, low_energy)
        low = max(low, 1.98 * product * (1.0 - region.separation))
    return low, sqrt_s * (sqrt_s - 2.0 * region.photon_min)


@njit()
def _floor(direction: int, k: float, sqrt_s: float, beta: float, region: Region) -> float:
    """Lowest v = (1 - β cosθ′)/2 about the axis of the channel that the region can need."""
    floor = 0.5 * (1.0 - beta)
    if region.required == 2:
        # The other particle has at most half of the energy.
        energy = max(region.energy_min, 0.5 * sqrt_s - k)
        if direction == PHOTON:
            other = energy * (1.0 - region.separation) / sqrt_s
        elif direction in (ELECTRON, TWO_ELECTRON):
            other = energy * (1.0 - region.cosines[1]) / sqrt_s
        else:
            other = energy * (1.0 + region.cosines[0]) / sqrt_s
        floor = max(floor, 0.98 * other)
    return min(max(floor, 1e-12), 0.499)


@njit()
def _make(
    event: FloatArray,
    u: FloatArray,
    sqrt_s: float,
    mass: float,
    channel: IntArray,
    region: Region,
) -> bool:
    low, high = _pair_limits(sqrt_s, mass, region)
    if high <= low:
        return False
    k_max = 0.5 * (sqrt_s - low / sqrt_s)
    if channel[0] == SOFT:
        k = region.photon_min * math.exp(math.log(k_max / region.photon_min) * u[1])
        s_pair = sqrt_s * (sqrt_s - 2.0 * k)
    else:
        s_pair = low * math.exp(math.log(high / low) * u[1])
        k = 0.5 * (sqrt_s - s_pair / sqrt_s)
    # Not at threshold itself, where the pair has no direction.
    if s_pair <= low * (1.0 + 1e-12) or s_pair <= 1e-12 or k <= 0.0:
        return False
    edges = math.atanh(region.cosines[0]), math.atanh(region.cosines[1])
    cosine = math.tanh(edges[0] + (edges[1] - edges[0]) * u[2])
    photon, first, second = event[2], event[0], event[1]
    set_polar(photon, k, k, cosine, 2.0 * math.pi * u[3])
    pair = np.empty(4)
    for j in range(3):
        pair[j] = -photon[j]
    pair[3] = sqrt_s - k
    pair_mass, beta = math.sqrt(s_pair), _beta(s_pair, mass)
    if beta <= 0.0:
        return False
    direction = channel[1]
    axis = np.zeros(4)
    axis[3] = 1.0
    if direction == PHOTON:
        axis[:] = photon
    elif direction != EVEN:
        axis[2] = 1.0 if direction in (ELECTRON, TWO_ELECTRON) else -1.0
        boost_back(axis, pair, pair_mass)
    if direction == EVEN:
        c = 2.0 * u[4] - 1.0
    else:
        floor = _floor(direction, k, sqrt_s, beta, region)
        if direction in (ELECTRON, POSITRON):
            v = floor * math.exp(math.log(0.5 * (1.0 + beta) / floor) * u[4])
        else:
            v = 1.0 / (1.0 + math.exp(math.log(1.0 / floor - 1.0) * (1.0 - 2.0 * u[4])))
        c = min(1.0, max(-1.0, (1.0 - 2.0 * v) / beta))
    energy = 0.5 * pair_mass
    set_polar(first, energy * beta, energy, c, 2.0 * math.pi * u[5])
    turn_to(first, axis)
    if direction == POSITRON:
        for j in range(3):
            first[j] = -first[j]
    for j in range(3):
        second[j] = -first[j]
    second[3] = energy
    boost(first, pair, pair_mass)
    boost(second, pair, pair_mass)
    return True


@njit()
def _inside(event: FloatArray, region: Region) -> bool:
    photon = event[2]
    if photon[3] < region.photon_min or not _seen(photon, region):
        return False
    count = 0
    for j in range(2):
        if event[j, 3] >= region.energy_min and _seen(event[j], region):
            count += 1
    if count < region.required:
        return False
    if region.separation < 1.0:
        for a in range(3):
            for b in range(a):
                if _cosine(event[a], event[b]) > region.separation:
                    return False
    return True


@njit()
def _seen(p4: FloatArray, region: Region) -> bool:
    return inside_p4(region.matrix, region.limits, p4[0], p4[1], p4[2], p4[3])


@njit()
def _cosine(a: FloatArray, b: FloatArray) -> float:
    product = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    sizes = (a[0] ** 2 + a[1] ** 2 + a[2] ** 2) * (b[0] ** 2 + b[1] ** 2 + b[2] ** 2)
    result: float = product / math.sqrt(max(sizes, 1e-300))
    return result


@njit()
def _density(
    event: FloatArray,
    who: int,
    sqrt_s: float,
    mass: float,
    channels: IntArray,
    region: Region,
) -> float:
    """Density of all channels together in (k, Ω_k, Ω′), `who` taken as the photon."""
    photon, first, second = event[who], event[(who + 1) % 3], event[(who + 2) % 3]
    k = photon[3]
    low, high = _pair_limits(sqrt_s, mass, region)
    s_pair = sqrt_s * (sqrt_s - 2.0 * k)
    cosine = photon[2] / k
    if not (low < s_pair <= high * (1.0 + 1e-12)):
        return 0.0
    if not region.cosines[0] <= cosine <= region.cosines[1]:
        return 0.0
    beta = _beta(s_pair, mass)
    k_max = 0.5 * (sqrt_s - low / sqrt_s)
    span = math.atanh(region.cosines[1]) - math.atanh(region.cosines[0])
    angle = 1.0 / (2.0 * math.pi * span * (1.0 - cosine * cosine))
    soft = 1.0 / (k * math.log(k_max / region.photon_min))
    converted = 2.0 * sqrt_s / (s_pair * math.log(high / low)) if low > 0.0 else 0.0
    total = 0.0
    for channel in channels:
        direction = channel[1]
        if direction == EVEN:
            shape = 1.0
        else:
            floor = _floor(direction, k, sqrt_s, beta, region)
            if direction == PHOTON:
                v = _share(first, second, photon[0] / k, photon[1] / k, photon[2] / k)
            elif direction in (ELECTRON, TWO_ELECTRON):
                v = _share(first, second, 0.0, 0.0, 1.0)
            elif direction == POSITRON:
                v = _share(second, first, 0.0, 0.0, -1.0)
            else:
                v = _share(first, second, 0.0, 0.0, -1.0)
            if v < floor * (1.0 - 1e-9):
                continue
            if direction in (ELECTRON, POSITRON):
                shape = beta / (v * math.log(0.5 * (1.0 + beta) / floor))
            else:
                if v > 1.0 - floor * (1.0 - 1e-9):
                    continue
                shape = beta / (v * (1.0 - v) * 2.0 * math.log(1.0 / floor - 1.0))
        total += shape * (soft if channel[0] == SOFT else converted)
    result: float = total * angle / (4.0 * math.pi * len(channels))
    return result


@njit()
def _share(first: FloatArray, second: FloatArray, x: float, y: float, z: float) -> float:
    """Return (1 - β cosθ′)/2 of the first particle about a light-like direction."""
    a = first[3] - x * first[0] - y * first[1] - z * first[2]
    b = second[3] - x * second[0] - y * second[1] - z * second[2]
    result: float = a / (a + b)
    return result
