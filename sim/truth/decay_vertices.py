"""Points where charged particles of both signs start together: vertices of decays in flight."""

from __future__ import annotations

from math import hypot, pi

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.events import Events, FloatArray

BARREL_RANGE = (32.2 * pi / 180.0, 128.7 * pi / 180.0)
"""Polar angles of the calorimeter's barrel [rad] (physics section A.1)."""


def decay_vertices(
    events: Events, charge: NDArray[np.integer]
) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    """Return the variables of each event's outermost decay vertex; see `sim.truth.VARIABLES`.

    Parameters
    ----------
    events : Events
        The sample.
    charge : ndarray of integer, shape (n_particle,)
        0 for what takes no part.

    Returns
    -------
    dict
        Arrays of shape ``(n,)``; NaN, and 0 for the counts, without a decay vertex.
    """
    vertex, p3 = events.vertex, events.p4[:, :3]
    transverse = np.hypot(p3[:, 0], p3[:, 1])
    pairs, number = displaced_pairs(events.offsets, vertex, charge.astype(np.int64), transverse)
    there = pairs[:, 0] >= 0
    daughters = pairs[there]
    first, second = daughters.T
    both = events.p4[first] + events.p4[second]
    square = both[:, 3] ** 2 - np.sum(both[:, :3] ** 2, axis=1)
    cross = np.linalg.norm(np.cross(p3[first], p3[second]), axis=1)
    pt = np.sort(transverse[daughters], axis=1)
    theta = np.arctan2(transverse[daughters], p3[daughters, 2])
    inside = np.zeros(len(pairs), dtype=np.int64)
    inside[there] = ((theta >= BARREL_RANGE[0]) & (theta <= BARREL_RANGE[1])).sum(axis=1)
    values = {
        "Rho": np.hypot(vertex[first, 0], vertex[first, 1]),
        "Z": vertex[first, 2],
        "Distance": np.linalg.norm(vertex[first, :3], axis=1),
        "Angle": np.arctan2(cross, np.sum(p3[first] * p3[second], axis=1)),
        "Mass": np.sqrt(np.maximum(square, 0.0)),
        "MaxPT": pt[:, 1],
        "MinPT": pt[:, 0],
    }
    result: dict[str, NDArray[np.float64] | NDArray[np.int64]] = {}
    for name, value in values.items():
        filled = np.full(len(pairs), np.nan)
        filled[there] = value
        result[f"decayVertex{name}"] = filled
    return result | {"nDecayVertices": number, "nDecayVertexInBarrel": inside}


@njit()
def displaced_pairs(
    offsets: NDArray[np.int64],
    vertex: FloatArray,
    charge: NDArray[np.int64],
    transverse: FloatArray,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the two daughters of each event's outermost decay vertex.

    A decay vertex is a production point other than (0, 0, 0) that particles of both charges share
    exactly.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        As in `sim.events.Events`.
    vertex : ndarray, shape (n_particle, 4)
        Production points [cm].
    charge : ndarray of int64, shape (n_particle,)
        0 for what takes no part.
    transverse : ndarray, shape (n_particle,)
        Transverse momenta [GeV].

    Returns
    -------
    pairs : ndarray of int64, shape (n, 2)
        Rows of the daughters, the pair of both signs whose smaller transverse momentum is largest;
        -1 where there is none.
    number : ndarray of int64, shape (n,)
        Decay vertices of the event.
    """
    n = len(offsets) - 1
    pairs, number = np.full((n, 2), -1, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for event in range(n):
        far, soft = -1.0, -1.0
        for i in range(offsets[event], offsets[event + 1]):
            x, y, z = vertex[i, 0], vertex[i, 1], vertex[i, 2]
            if charge[i] == 0 or (x == 0.0 and y == 0.0 and z == 0.0):
                continue
            rho = hypot(x, y)
            opened = True  # the first charged particle of the vertex counts it, once
            for j in range(offsets[event], offsets[event + 1]):
                if vertex[j, 0] != x or vertex[j, 1] != y or vertex[j, 2] != z or charge[j] == 0:
                    continue
                if j < i:
                    opened = False
                if j <= i or charge[j] * charge[i] > 0:
                    continue
                if opened:
                    number[event] += 1
                    opened = False
                softer = min(transverse[i], transverse[j])
                if rho > far or (rho == far and softer > soft):
                    far, soft = rho, softer
                    pairs[event, 0], pairs[event, 1] = i, j
    return pairs, number
