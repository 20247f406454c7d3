"""Four-vector arithmetic for the kernels: directions, decays of moving systems.

All functions are compiled and take or fill plain arrays; four-vectors are px, py, pz, E [GeV].
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit

FloatArray = NDArray[np.float64]


@njit()
def set_polar(out: FloatArray, momentum: float, energy: float, c: float, phi: float) -> None:
    """Fill `out` with a four-vector of the given size and direction (c = cosθ)."""
    sine = math.sqrt(max(0.0, (1.0 - c) * (1.0 + c)))
    out[0] = momentum * sine * math.cos(phi)
    out[1] = momentum * sine * math.sin(phi)
    out[2] = momentum * c
    out[3] = energy


@njit()
def breakup(mass: float, m1: float, m2: float) -> float:
    """Return the momentum of the two products in the rest frame of `mass` [GeV]."""
    total = (mass - m1 - m2) * (mass + m1 + m2) * (mass - m1 + m2) * (mass + m1 - m2)
    return math.sqrt(max(0.0, total)) / (2.0 * mass)


@njit()
def boost(out: FloatArray, frame: FloatArray, mass: float) -> None:
    """Boost `out`, given in the rest frame of a system, to where the system has p4 `frame`."""
    along = frame[0] * out[0] + frame[1] * out[1] + frame[2] * out[2]
    energy = (frame[3] * out[3] + along) / mass
    factor = (out[3] + energy) / (frame[3] + mass)
    for i in range(3):
        out[i] += frame[i] * factor
    out[3] = energy


@njit()
def boost_back(out: FloatArray, frame: FloatArray, mass: float) -> None:
    """Boost `out` to the rest frame of a system with p4 `frame`."""
    along = frame[0] * out[0] + frame[1] * out[1] + frame[2] * out[2]
    energy = (frame[3] * out[3] - along) / mass
    factor = (out[3] + energy) / (frame[3] + mass)
    for i in range(3):
        out[i] -= frame[i] * factor
    out[3] = energy


@njit()
def turn_to(out: FloatArray, axis: FloatArray) -> None:
    """Turn the three-vector of `out`, given about z, so that z becomes the direction of `axis`."""
    size = math.sqrt(axis[0] ** 2 + axis[1] ** 2 + axis[2] ** 2)
    if size == 0.0:
        return
    nx, ny, nz = axis[0] / size, axis[1] / size, axis[2] / size
    across = math.hypot(nx, ny)
    x, y, z = out[0], out[1], out[2]
    if across < 1e-300:
        if nz < 0.0:
            out[1], out[2] = -y, -z
        return
    cp, sp = nx / across, ny / across
    tilted = nz * x + across * z
    out[2] = nz * z - across * x
    out[0] = cp * tilted - sp * y
    out[1] = sp * tilted + cp * y


@njit()
def decay(
    first: FloatArray,
    second: FloatArray,
    parent: FloatArray,
    mass: float,
    masses: tuple[float, float],
    axis: FloatArray,
    c: float,
    phi: float,
) -> None:
    """Fill the two products of a moving system.

    Parameters
    ----------
    first, second : ndarray, shape (4,)
        Filled with the products, in the frame of `parent`.
    parent : ndarray, shape (4,)
        Four-vector of the system.
    mass : float
        Its mass [GeV].
    masses : tuple of float
        Masses of the two products [GeV].
    axis : ndarray, shape (≥3,)
        Direction in the rest frame from which the angles of the first product count.
    c, phi : float
        cosθ and azimuth [rad] of the first product in the rest frame.
    """
    p = breakup(mass, masses[0], masses[1])
    set_polar(first, p, math.sqrt(p * p + masses[0] ** 2), c, phi)
    turn_to(first, axis)
    for i in range(3):
        second[i] = -first[i]
    second[3] = math.sqrt(p * p + masses[1] ** 2)
    boost(first, parent, mass)
    boost(second, parent, mass)


def rescale(p4: FloatArray, total: FloatArray) -> FloatArray:
    """Scale the momenta of events at rest so that the energies sum to `total`, masses kept.

    Parameters
    ----------
    p4 : ndarray, shape (n, k, 4)
        Events in their centre-of-mass frame.
    total : ndarray, shape (n,)
        Wanted centre-of-mass energies [GeV]. Solved by Newton's method.
    """
    square = np.sum(p4[:, :, :3] ** 2, axis=2)
    mass2 = p4[:, :, 3] ** 2 - square
    factor = np.ones(len(p4))
    energy = p4[:, :, 3]
    for _ in range(6):
        slope = np.sum(square / np.where(energy > 0.0, energy, 1.0), axis=1) * factor
        factor = factor - (np.sum(energy, axis=1) - total) / slope
        energy = np.sqrt(np.maximum(mass2 + factor[:, None] ** 2 * square, 0.0))
    result = np.empty_like(p4)
    result[:, :, :3] = p4[:, :, :3] * factor[:, None, None]
    result[:, :, 3] = energy
    return result
