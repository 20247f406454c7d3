"""Single tracks that the segments' look-up tables are made from.

Muons and pions of either charge, flat in q/pT, θ, φ and z0; a share of them starts beside the beam
line. Ranges and shares are this project's choice.
"""

from __future__ import annotations

import numpy as np

from sim.detector.particles import particle_type
from sim.events import Events
from sim.streams import stream

CODES = (13, -13, 211, -211)

CURVATURE_RANGE = (1.0 / 6.0, 4.0)
"""|q/pT| [1/GeV]: 0.25 GeV to more than any track of the machine has."""

THETA_RANGE_DEG = (20.0, 145.0)
Z_RANGE_CM = 50.0

DISPLACED = 0.1
"""Share of tracks from elsewhere than the beam line, as decays in flight give."""

DISPLACED_RANGE_CM = 10.0
"""They start evenly up to this distance from it, in any direction."""


def single_tracks(n: int, seed: int, chunk: int = 0) -> Events:
    """Return n events of one track each.

    Parameters
    ----------
    n : int
    seed, chunk : int
        Key of the random numbers.
    """
    rng = stream(seed, "segments/single_tracks", chunk)
    which = rng.integers(0, len(CODES), n)
    mass = np.array([particle_type(code).mass for code in CODES])[which]
    pt = 1.0 / rng.uniform(*CURVATURE_RANGE, n)
    theta = np.radians(rng.uniform(*THETA_RANGE_DEG, n))
    phi = rng.uniform(0.0, 2.0 * np.pi, n)
    p3 = pt[:, None] * np.stack((np.cos(phi), np.sin(phi), 1.0 / np.tan(theta)), axis=1)
    energy = np.sqrt((p3**2).sum(axis=1) + mass**2)
    away = np.where(rng.random(n) < DISPLACED, rng.uniform(0.0, DISPLACED_RANGE_CM, n), 0.0)
    at = rng.uniform(0.0, 2.0 * np.pi, n)
    z = rng.uniform(-Z_RANGE_CM, Z_RANGE_CM, n)
    vertex = np.stack((away * np.cos(at), away * np.sin(at), z, np.zeros(n)), axis=1)
    return Events(
        np.arange(n + 1, dtype=np.int64), np.array(CODES, dtype=np.int32)[which],
        np.hstack((p3, energy[:, None])), vertex, np.ones(n),
    )  # fmt: skip
