"""Kernels of virtual Compton scattering: sampling of events with one lost lepton, kinematics.

Formulas: physics section A.3 of the reference notes; see `radiative_bhabha` for the region.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.processes.acceptance import inside_p4
from sim.processes.constants import ALPHA, ELECTRON_MASS, GEV2_NB
from sim.processes.kinematics import boost, boost_back, breakup, set_polar, turn_to
from sim.processes.photon_flux import flux_in_log, lowest_virtuality

FloatArray = NDArray[np.float64]

LEPTON, RECOIL, PHOTON = 0, 1, 2
"""Channels of the sampling, see `propose`."""

Y_MAX = 1.0 - 1e-6


@njit()
def compton_density(v: float, s_hat: float) -> float:
    """Return dσ/dĉ [nb] of Compton scattering at v = -û/ŝ; physics section A.3.

    Parameters
    ----------
    v : float
        (1 - ĉ)/2 + m_e²/ŝ with ĉ the cosine between outgoing photon and incoming electron.
    s_hat : float
        Squared mass of the electron–photon system [GeV²].
    """
    return GEV2_NB * math.pi * ALPHA**2 / s_hat * (v + 1.0 / v)


@njit()
def propose(
    u: FloatArray,
    sqrt_s: float,
    holes: tuple[float, float],
    frames: tuple[FloatArray, FloatArray],
    limits: tuple[float, float],
    energy_min: float,
) -> tuple[FloatArray, FloatArray]:
    """Choose spectator and channel, then the event; weight it by the sum of the densities.

    Channels: the visible lepton is placed by its direction; it is placed by the spectator's
    recoil, the photon close to the beam; or the photon is placed and no lepton is visible. An
    event with a visible lepton can come from either of the first two.
    """
    n = len(u)
    variables = np.zeros((n, 7))
    weight = np.zeros(n)
    p4 = np.empty((3, 4))
    ray, system, beam = np.empty(4), np.empty(4), np.empty(4)
    # Slightly wider than the region: the electron's mass moves its direction by less.
    edges = (math.atanh(limits[0]) - 1e-3, math.atanh(limits[1]) + 1e-3)
    for i in range(n):
        channel = min(int(6.0 * u[i, 0]), 5)
        row = variables[i]
        row[0] = channel % 2
        kind = channel // 2
        spectator = channel % 2
        active = -1.0 if spectator == 0 else 1.0
        if kind == RECOIL:
            recoil = edges[0] - 1.5 + (edges[1] - edges[0] + 3.0) * u[i, 1]
            y_min, y_max = _recoil_range(recoil, energy_min, sqrt_s)
        else:
            c_lab = math.tanh(edges[0] + (edges[1] - edges[0]) * u[i, 1])
            _ray_to_cm(ray, frames[1], c_lab, 2.0 * math.pi * u[i, 2])
            y_min, y_max = _lowest_y(energy_min, active * ray[2], sqrt_s), Y_MAX
        if y_max <= y_min:
            continue
        y = y_min * math.exp(math.log(y_max / y_min) * u[i, 3])
        if y >= Y_MAX:
            continue
        s_hat = y * sqrt_s * sqrt_s
        low, high = _virtualities(y, holes[spectator], sqrt_s)
        if high <= low:
            continue
        if kind == RECOIL:
            kt = y * sqrt_s * math.exp(recoil)
            virtuality = low + kt * kt / (1.0 - y)
            if virtuality >= high:
                continue
        else:
            virtuality = low * math.exp(math.log(high / low) * u[i, 4])
            kt = math.sqrt((virtuality - low) * (1.0 - y))
        row[1], row[2], row[3] = y, kt, 2.0 * math.pi * u[i, 5]
        if kt >= (1.0 - y) * 0.5 * sqrt_s - ELECTRON_MASS:
            continue
        mass = _spectator(p4[spectator], system, row, sqrt_s)
        beam[0], beam[1], beam[2], beam[3] = 0.0, 0.0, active, 1.0
        boost_back(beam, system, mass)
        smallest = ELECTRON_MASS**2 / s_hat
        if kind == RECOIL:
            v = smallest * math.exp(math.log((1.0 + smallest) / smallest) * u[i, 4])
            c = max(1.0 - 2.0 * (v - smallest), -1.0)
            set_polar(ray, 1.0, 1.0, c, 2.0 * math.pi * u[i, 2])
            turn_to(ray, beam)
        else:
            boost_back(ray, system, mass)
        sign = -1.0 if kind == LEPTON else 1.0
        for j in range(3):
            row[4 + j] = sign * ray[j] / ray[3]
        _pair(p4[2], p4[1 - spectator], row, system, mass)
        seen, photon, lost = p4[1 - spectator], p4[2], p4[spectator]
        lepton_visible = _visible(seen, frames[0], limits, energy_min)
        if inside_p4(frames[0], limits, lost[0], lost[1], lost[2], lost[3]):
            continue
        placed = seen
        if kind == PHOTON:
            if lepton_visible or not _visible(photon, frames[0], limits, energy_min):
                continue
            placed = photon
        elif not lepton_visible:
            continue
        # (1 - cos)/2 from the difference of unit vectors: exact also when they are collinear.
        v = smallest
        for j in range(3):
            v += 0.25 * (beam[j] / beam[3] - row[4 + j]) ** 2
        density = _direction_density(
            placed, system, mass, frames[0], edges, active, y, energy_min, sqrt_s
        ) / math.log(high / low)
        if kind != PHOTON and kt > 0.0:
            slope = 0.5 * (1.0 - y) * virtuality / (kt * kt)
            density += slope * _recoil_density(kt, y, v, smallest, edges, energy_min, sqrt_s)
        if density > 0.0:
            weight[i] = (
                6.0 * y * flux_in_log(y, virtuality)
                * compton_density(v, s_hat) / (2.0 * math.pi) / density
            )  # fmt: skip
    return variables, weight


@njit()
def _lowest_y(energy_min: float, along: float, sqrt_s: float) -> float:
    """Lowest y that can give the energy at cosθ* = `along` to the active beam.

    Half the energy is asked for: the recoil of the largest kT allowed at most doubles it.
    """
    energy = 0.5 * energy_min
    return energy * (1.0 - along) / (sqrt_s - energy * (1.0 + along))


@njit()
def _recoil_range(recoil: float, energy_min: float, sqrt_s: float) -> tuple[float, float]:
    """Range of y of the recoil channel: kT is below half the mass of photon and lepton.

    The lower end is below `_lowest_y`, since the relation of recoil and angle is approximate.
    """
    low = 0.6 * _lowest_y(energy_min, math.tanh(recoil), sqrt_s)
    return low, min(0.25 * math.exp(-2.0 * recoil), Y_MAX)


@njit()
def _virtualities(y: float, hole: float, sqrt_s: float) -> tuple[float, float]:
    """Range of Q² [GeV²]: up to the edge of the hole, at most a quarter of ŝ."""
    low = lowest_virtuality(y)
    edge = low + 0.25 * sqrt_s * sqrt_s * (1.0 - y) * hole * hole
    return low, min(edge, 0.25 * y * sqrt_s * sqrt_s)


@njit()
def _direction_density(
    placed: FloatArray,
    system: FloatArray,
    mass: float,
    to_lab: FloatArray,
    edges: tuple[float, float],
    active: float,
    y: float,
    energy_min: float,
    sqrt_s: float,
) -> float:
    """Density in (ln y, solid angle in the rest frame) of the channels that place a particle."""
    ray = np.empty(4)
    size = math.sqrt(placed[0] ** 2 + placed[1] ** 2 + placed[2] ** 2)
    for j in range(3):
        ray[j] = placed[j] / size
    ray[3] = 1.0
    y_min = _lowest_y(energy_min, active * ray[2], sqrt_s)
    if y <= y_min:
        return 0.0
    z = to_lab[2, 0] * ray[0] + to_lab[2, 1] * ray[1] + to_lab[2, 2] * ray[2] + to_lab[2, 3]
    energy = to_lab[3, 0] * ray[0] + to_lab[3, 1] * ray[1] + to_lab[3, 2] * ray[2] + to_lab[3, 3]
    c = z / energy
    boost_back(ray, system, mass)
    # dΩ changes by the squared ratio of a ray's energies.
    solid = energy * energy / (ray[3] * ray[3]) * 2.0 * math.pi * (1.0 - c * c)
    volume: float = solid * (edges[1] - edges[0]) * math.log(Y_MAX / y_min)
    return 1.0 / volume


@njit()
def _recoil_density(
    kt: float,
    y: float,
    v: float,
    smallest: float,
    edges: tuple[float, float],
    energy_min: float,
    sqrt_s: float,
) -> float:
    """Density in (ln y, ln kT, solid angle in the rest frame) of the recoil channel."""
    recoil = math.log(kt / (y * sqrt_s))
    if not edges[0] - 1.5 <= recoil <= edges[1] + 1.5:
        return 0.0
    y_min, y_max = _recoil_range(recoil, energy_min, sqrt_s)
    if not y_min < y < y_max:
        return 0.0
    spans = (edges[1] - edges[0] + 3.0) * math.log(y_max / y_min)
    return 1.0 / (spans * 4.0 * math.pi * v * math.log((1.0 + smallest) / smallest))


@njit()
def _ray_to_cm(ray: FloatArray, to_cm: FloatArray, c: float, phi: float) -> None:
    """Fill the unit ray in the centre-of-mass frame of a direction in the laboratory."""
    sine = math.sqrt(1.0 - c * c)
    x, y = sine * math.cos(phi), sine * math.sin(phi)
    for j in range(4):
        ray[j] = to_cm[j, 0] * x + to_cm[j, 1] * y + to_cm[j, 2] * c + to_cm[j, 3]
    energy = ray[3]
    for j in range(4):
        ray[j] /= energy


@njit()
def _visible(
    p4: FloatArray, matrix: FloatArray, limits: tuple[float, float], energy_min: float
) -> bool:
    return p4[3] >= energy_min and inside_p4(matrix, limits, p4[0], p4[1], p4[2], p4[3])


@njit()
def _spectator(lost: FloatArray, system: FloatArray, row: FloatArray, sqrt_s: float) -> float:
    """Fill the lost lepton and what it recoils against; return the mass of the latter."""
    energy = 0.5 * (1.0 - row[1]) * sqrt_s
    square = (energy - ELECTRON_MASS) * (energy + ELECTRON_MASS)
    lost[0] = row[2] * math.cos(row[3])
    lost[1] = row[2] * math.sin(row[3])
    lost[2] = math.sqrt(square - row[2] ** 2) * (1.0 if row[0] == 0.0 else -1.0)
    lost[3] = energy
    for j in range(3):
        system[j] = -lost[j]
    system[3] = sqrt_s - energy
    return math.sqrt(system[3] ** 2 - square)


@njit()
def _pair(
    photon: FloatArray, lepton: FloatArray, row: FloatArray, system: FloatArray, mass: float
) -> None:
    """Fill photon and visible lepton from the photon's direction in their rest frame."""
    p = breakup(mass, 0.0, ELECTRON_MASS)
    for j in range(3):
        photon[j] = p * row[4 + j]
        lepton[j] = -photon[j]
    photon[3] = p
    lepton[3] = math.sqrt(p * p + ELECTRON_MASS**2)
    boost(photon, system, mass)
    boost(lepton, system, mass)


@njit()
def momenta(variables: FloatArray, sqrt_s: float) -> FloatArray:
    """Return e⁻, e⁺ and photon in the centre-of-mass frame, shape ``(n, 3, 4)`` [GeV]."""
    n = len(variables)
    p4 = np.empty((n, 3, 4))
    system = np.empty(4)
    for i in range(n):
        spectator = int(variables[i, 0])
        mass = _spectator(p4[i, spectator], system, variables[i], sqrt_s)
        _pair(p4[i, 2], p4[i, 1 - spectator], variables[i], system, mass)
    return p4
