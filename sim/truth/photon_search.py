"""Variables of searches for photons: one photon and nothing else in crystals, three photons.

A calorimeter has gaps between barrel and endcaps and holes for the beams: a photon that flies there
is lost, and what is left of γγ or e⁺e⁻γ can look like a single photon.
"""

from __future__ import annotations

from math import pi

import numpy as np
from numpy.typing import NDArray

from firmware_models.trigger_cells import RING_THETA_HIGH_DEG, RING_THETA_LOW_DEG
from sim.events import FloatArray
from sim.truth.electron_pair import pair_mass

PARTS = tuple(
    (RING_THETA_LOW_DEG[first] * pi / 180.0, RING_THETA_HIGH_DEG[last] * pi / 180.0)
    for first, last in ((0, 2), (3, 14), (15, 16))
)
"""Polar angles of the calorimeter's forward endcap, barrel and backward endcap [rad], without the
gaps between them (firmware_models.trigger_cells)."""


def at_crystals(theta: FloatArray) -> NDArray[np.bool_]:
    """Return which polar angles [rad] point to crystals, neither to a gap nor to a beam hole."""
    result = np.zeros(len(theta), dtype=bool)
    for low, high in PARTS:
        result |= (theta >= low) & (theta <= high)
    return result


def pair_masses(cm: FloatArray, rows: NDArray[np.int64]) -> dict[str, FloatArray]:
    """Return the masses of the three pairs of the leading photons, each with its own name.

    Parameters
    ----------
    cm : ndarray, shape (n_particle, 4)
        Four-vectors px, py, pz, E [GeV].
    rows : ndarray of int64, shape (n, 3)
        The three leading photons by falling energy; -1 where there is none.

    Returns
    -------
    dict of ndarray, shape (n,)
        ``diphotonMass12``, ``diphotonMass13``, ``diphotonMass23`` [GeV]; NaN without such a pair.
    """
    result = {}
    for first, second in ((0, 1), (0, 2), (1, 2)):
        mass = np.full(len(rows), np.nan)
        there = (rows[:, first] >= 0) & (rows[:, second] >= 0)
        mass[there] = pair_mass(cm[rows[there, first]], cm[rows[there, second]])
        result[f"diphotonMass{first + 1}{second + 1}"] = mass
    return result
