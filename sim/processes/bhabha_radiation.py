"""Kernels of Bhabha scattering between beams that have radiated collinear photons.

σ = ∫ dx₁ dx₂ D(x₁, Q²) D(x₂, Q²) dσ_LO(x₁x₂s), D from `structure_function`, dσ_LO from `bhabha`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.processes.acceptance import inside_p4
from sim.processes.bhabha_born import bhabha_density
from sim.processes.constants import ELECTRON_MASS
from sim.processes.kinematics import decay
from sim.processes.radiator import radiation_strength
from sim.processes.structure_function import in_power, radiated_part

FloatArray = NDArray[np.float64]

COMPTON_PART = 0.2
"""Part of the beam's energy below which an event with a lost partner is virtual Compton."""


@njit()
def lowest_scale(cosines: tuple[float, float], energy_min: float) -> float:
    """Return a lower bound of -t̂ [GeV²]: the squared transverse momentum of a visible lepton.

    Parameters
    ----------
    cosines : tuple of float
        cosθ* range of directions inside the region.
    energy_min : float
        Its lowest energy in the centre-of-mass frame [GeV].
    """
    sin2 = 1.0 - max(cosines[0] * cosines[0], cosines[1] * cosines[1])
    return sin2 * (energy_min * energy_min - ELECTRON_MASS * ELECTRON_MASS)


@njit()
def rapidity_range(
    x1: float, x2: float, edges: tuple[float, float], required: int
) -> tuple[float, float]:
    """Return the electron's range of rapidity in the hard frame that the region can need.

    Parameters
    ----------
    x1, x2 : float
        Parts of the beam energies that collide.
    edges : tuple of float
        Rapidities of the region's edges in the centre-of-mass frame.
    required : int
        Particles inside, 1 or 2. A lepton whose beam has less than `COMPTON_PART` left does not
        count alone.

    Returns
    -------
    low, high : float
        Empty when low ≥ high.
    """
    shift = 0.5 * math.log(x1 / x2)
    electron = (edges[0] - shift, edges[1] - shift)
    positron = (shift - edges[1], shift - edges[0])
    low, high = max(electron[0], positron[0]), min(electron[1], positron[1])
    if required == 1:
        first, second = x1 >= COMPTON_PART, x2 >= COMPTON_PART
        if first and second:
            return min(electron[0], positron[0]), max(electron[1], positron[1])
        if first:
            return electron
        if second:
            return positron
    return low, high


@njit()
def propose(
    u: FloatArray,
    sqrt_s: float,
    edges: tuple[float, float],
    limits: tuple[float, float],
    matrix: FloatArray,
    required: int,
    energy_min: float,
    scales: tuple[float, float],
    switches: tuple[bool, bool],
) -> tuple[FloatArray, FloatArray]:
    """Choose the radiated parts, the electron's angle in the hard frame and its azimuth.

    Parameters
    ----------
    u : ndarray, shape (n, 4)
        Uniform points.
    sqrt_s : float
        Centre-of-mass energy of the beams [GeV].
    edges, required
        As in `rapidity_range`.
    limits, matrix
        As in `acceptance.Region`.
    energy_min : float
        Lowest energy of a lepton that counts as inside, centre-of-mass frame [GeV].
    scales : tuple of float
        Scale of the map of the soft peaks, and lower bound of -t̂ [GeV²].
    switches : tuple of bool
        Running of α; scale of D is s instead of -t̂.

    Returns
    -------
    variables : ndarray, shape (n, 4)
        Radiated parts of electron and positron beam, cosine and azimuth of the electron in the
        frame of the hard collision.
    weight : ndarray, shape (n,)
        In nb.
    """
    n = len(u)
    variables = np.zeros((n, 4))
    weight = np.zeros(n)
    s = sqrt_s * sqrt_s
    b_map = radiation_strength(scales[0])
    # The pair cannot be lighter than twice its transverse momentum.
    lightest = 4.0 * scales[1] / s
    span = (1.0 - lightest) ** (0.5 * b_map)
    first, second, system = np.empty(4), np.empty(4), np.empty(4)
    axis = np.array([0.0, 0.0, 1.0])
    for i in range(n):
        row = variables[i]
        row[3] = 2.0 * math.pi * u[i, 3]
        y1, y2 = span * u[i, 0], span * u[i, 1]
        r1, r2 = radiated_part(y1, b_map), radiated_part(y2, b_map)
        row[0], row[1] = r1, r2
        x1, x2 = 1.0 - r1, 1.0 - r2
        s_hat = x1 * x2 * s
        if s_hat <= 4.0 * scales[1]:
            continue
        low_y, high_y = rapidity_range(x1, x2, edges, required)
        if low_y >= high_y:
            continue
        # 1/(1-c) = (1 + exp 2y)/2 uniform follows the t-channel pole.
        low, high = 0.5 * (1.0 + math.exp(2.0 * low_y)), 0.5 * (1.0 + math.exp(2.0 * high_y))
        v = low + (high - low) * u[i, 2]
        row[2] = 1.0 - 1.0 / v
        scale = 0.5 * s_hat / v
        if scale < scales[1]:
            continue
        _pair(first, second, system, axis, row, sqrt_s)
        if not _wanted(first, second, x1, x2, limits, matrix, required, energy_min):
            continue
        b = radiation_strength(s if switches[1] else scale)
        d1 = in_power(y1, r1, b_map, b)
        d2 = in_power(y2, r2, b_map, b)
        density = bhabha_density(row[2], s_hat, switches[0])
        weight[i] = span * span * d1 * d2 * density * (high - low) / (v * v)
    return variables, weight


@njit()
def _wanted(
    first: FloatArray,
    second: FloatArray,
    x1: float,
    x2: float,
    limits: tuple[float, float],
    matrix: FloatArray,
    required: int,
    energy_min: float,
) -> bool:
    """Say whether enough leptons are inside and the event is not virtual Compton scattering."""
    in1 = inside_p4(matrix, limits, first[0], first[1], first[2], first[3])
    in2 = inside_p4(matrix, limits, second[0], second[1], second[2], second[3])
    seen1, seen2 = in1 and first[3] >= energy_min, in2 and second[3] >= energy_min
    if required == 2:
        return seen1 and seen2
    if in1 and in2:
        return seen1 or seen2
    return (seen1 and x1 >= COMPTON_PART) or (seen2 and x2 >= COMPTON_PART)


@njit()
def _pair(
    first: FloatArray,
    second: FloatArray,
    system: FloatArray,
    axis: FloatArray,
    row: FloatArray,
    sqrt_s: float,
) -> None:
    """Fill electron, positron and their sum, centre-of-mass frame of the beams."""
    half = 0.5 * sqrt_s
    system[0], system[1] = 0.0, 0.0
    system[2], system[3] = (row[1] - row[0]) * half, sqrt_s - (row[0] + row[1]) * half
    mass = sqrt_s * math.sqrt((1.0 - row[0]) * (1.0 - row[1]))
    decay(first, second, system, mass, (ELECTRON_MASS, ELECTRON_MASS), axis, row[2], row[3])


@njit()
def momenta(variables: FloatArray, sqrt_s: float) -> FloatArray:
    """Return e⁻, e⁺, photon of the electron beam, photon of the positron beam, ``(n, 4, 4)``.

    Parameters
    ----------
    variables : ndarray, shape (n, 4)
        As `propose` gives them.
    sqrt_s : float
        Centre-of-mass energy of the beams [GeV].
    """
    n = len(variables)
    p4 = np.zeros((n, 4, 4))
    system, axis = np.empty(4), np.array([0.0, 0.0, 1.0])
    for i in range(n):
        _pair(p4[i, 0], p4[i, 1], system, axis, variables[i], sqrt_s)
        for beam, sign in ((0, 1.0), (1, -1.0)):
            energy = 0.5 * sqrt_s * variables[i, beam]
            p4[i, 2 + beam, 2], p4[i, 2 + beam, 3] = sign * energy, energy
    return p4
