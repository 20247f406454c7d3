"""Two-body steps of decay chains for many events, and the pairs that new particles leave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.particles import particle_type
from sim.processes.kinematics import decay

FloatArray = NDArray[np.float64]

PAIRS = {"ee": (11, -11), "mumu": (13, -13), "pipi": (-211, 211), "KK": (-321, 321)}
"""Final states of a neutral particle that decays to two charged ones, negative one first."""


def pair_mass(word: str) -> float:
    """Return the mass [GeV] of either particle of a pair of `PAIRS`."""
    return particle_type(PAIRS[word][0]).mass


def sine_squared(u: FloatArray) -> FloatArray:
    """Return cosines with the density 3(1 - c²)/4 from uniform numbers.

    The integral (2 + 3c - c³)/4 is inverted by c = 2 sin(asin(2u - 1)/3).
    """
    result: FloatArray = 2.0 * np.sin(np.arcsin(2.0 * u - 1.0) / 3.0)
    return result


def two_body(
    parent: FloatArray,
    mass: float | FloatArray,
    masses: tuple[float | FloatArray, float | FloatArray],
    cosine: FloatArray,
    phi: FloatArray,
    axis: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return the products of moving systems.

    Parameters
    ----------
    parent : ndarray, shape (n, 4)
        px, py, pz, E [GeV].
    mass : float or ndarray, shape (n,)
        Of the parents [GeV].
    masses : tuple of float or ndarray
        Of the two products [GeV].
    cosine, phi : ndarray, shape (n,)
        Direction of the first product in the parent's rest frame, which is reached by a pure boost.
    axis : ndarray, shape (n, ≥3), optional
        Direction from which the angles count; default: z.

    Returns
    -------
    first, second : ndarray, shape (n, 4)
        In the frame of `parent`.
    """
    n = len(parent)
    columns = np.empty((n, 5))
    for number, value in enumerate((mass, *masses, cosine, phi)):
        columns[:, number] = value
    if axis is None:
        axis = np.broadcast_to(np.array([0.0, 0.0, 1.0]), (n, 3))
    products = _two_body(
        np.ascontiguousarray(parent), columns, np.ascontiguousarray(axis, dtype=np.float64)
    )
    return products[:, 0], products[:, 1]


@njit()
def _two_body(parent: FloatArray, columns: FloatArray, axis: FloatArray) -> FloatArray:
    n = len(parent)
    products = np.empty((n, 2, 4))
    for i in range(n):
        decay(
            products[i, 0], products[i, 1], parent[i], columns[i, 0],
            (columns[i, 1], columns[i, 2]), axis[i], columns[i, 3], columns[i, 4],
        )  # fmt: skip
    return products


def invariant_mass(p4: FloatArray) -> FloatArray:
    """Return the mass [GeV] of four-vectors, shape ``(..., 4)``; 0 where rounding makes m² < 0."""
    square = p4[..., 3] ** 2 - np.sum(p4[..., :3] ** 2, axis=-1)
    result: FloatArray = np.sqrt(np.maximum(square, 0.0))
    return result
