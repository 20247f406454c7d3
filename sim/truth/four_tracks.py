"""Variables of events with four charged particles: one against three, as from two τ leptons.

The energy of the lone particle in the rest frame of its τ is not measurable, as neutrinos are
missing. The pseudo-rest frame (ARGUS, Z. Phys. C 68 (1995) 25; Belle II, Phys. Rev. Lett. 130
(2023) 181803) takes √s/2 for the energy of the τ and the direction opposite to the three others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.events import FloatArray
from sim.processes.constants import TAU_MASS

TRACKS = 4


def fours(event_of: NDArray[np.int64], n: int, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rows of the chosen particles of events that have exactly four of them.

    Parameters
    ----------
    event_of : ndarray of int64, shape (n_particle,)
        Rising.
    n : int
        Number of events.
    chosen : ndarray of bool, shape (n_particle,)

    Returns
    -------
    ndarray of int64, shape (m, 4)
    """
    count = np.bincount(event_of[chosen], minlength=n)
    rows = np.flatnonzero(chosen & (count == TRACKS)[event_of])
    return rows.reshape(-1, TRACKS)


def pseudo_rest_energy(lone: FloatArray, others: FloatArray, sqrt_s: float) -> FloatArray:
    """Return the energy of a particle in the pseudo-rest frame of its τ [GeV].

    Parameters
    ----------
    lone, others : ndarray, shape (m, 4)
        The particle and the sum of what the other τ left, centre-of-mass frame [GeV].
    sqrt_s : float
        [GeV]

    Returns
    -------
    ndarray, shape (m,)
        NaN where the others have no momentum, and below the threshold of a τ pair.
    """
    energy = 0.5 * sqrt_s
    if energy <= TAU_MASS:
        return np.full(len(lone), np.nan)
    momentum = np.sqrt(energy * energy - TAU_MASS * TAU_MASS)
    size = np.sqrt(np.sum(others[:, :3] ** 2, axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        along = -np.sum(lone[:, :3] * others[:, :3], axis=1) / size
    result: FloatArray = (energy * lone[:, 3] - momentum * along) / TAU_MASS
    return result


def four_track_variables(
    p4: FloatArray, pdg: NDArray[np.int32], event_of: NDArray[np.int64], n: int,
    chosen: NDArray[np.bool_], sqrt_s: float,
) -> dict[str, FloatArray]:  # fmt: skip
    """Return the variables of `sim.truth` that this file describes.

    Parameters
    ----------
    p4 : ndarray, shape (n_particle, 4)
        Centre-of-mass frame [GeV].
    pdg : ndarray of int32, shape (n_particle,)
    event_of : ndarray of int64, shape (n_particle,)
    n : int
        Number of events.
    chosen : ndarray of bool, shape (n_particle,)
        Charged particles that count.
    sqrt_s : float
        [GeV]

    Returns
    -------
    dict
        Arrays of shape ``(n,)``: `fourTrackMass` is NaN without exactly four charged particles,
        `oneProngPDG` and `oneProngX` where no one of them is more than 90° from all others.
    """
    result = {name: np.full(n, np.nan) for name in ("fourTrackMass", "oneProngPDG", "oneProngX")}
    rows = fours(event_of, n, chosen)
    four, event = p4[rows], event_of[rows[:, 0]] if len(rows) else np.zeros(0, np.int64)
    total = four.sum(axis=1)
    square = total[:, 3] ** 2 - np.sum(total[:, :3] ** 2, axis=1)
    result["fourTrackMass"][event] = np.sqrt(np.maximum(square, 0.0))
    products = np.einsum("mik,mjk->mij", four[:, :, :3], four[:, :, :3])
    against = np.sum(products < 0.0, axis=2) == TRACKS - 1
    # Two may be far from all others, as in a star of three arms: then neither is the lone one.
    clear = np.flatnonzero(against.sum(axis=1) == 1)
    at = np.argmax(against[clear], axis=1)
    lone = four[clear, at]
    result["oneProngPDG"][event[clear]] = np.abs(pdg[rows[clear, at]])
    energy = pseudo_rest_energy(lone, total[clear] - lone, sqrt_s)
    result["oneProngX"][event[clear]] = 2.0 * energy / TAU_MASS
    return result
