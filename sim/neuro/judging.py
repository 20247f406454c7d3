"""How well networks find z and θ, and how well they tell tracks of collisions from others."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.neuro import N_EXPERT
from sim.neuro.track_set import TrackSet

Array = NDArray[np.float64]

PT_EDGES = (0.3, 0.45, 0.6, 1.0, 1.5, 3.0, 5.0)
"""Bins of the resolutions [GeV]."""

NEAR_CM = 15.0
"""z up to which resolutions are quoted, as in section 9 of cdc_track_trigger."""

SHARE = 0.68


def sigma68(difference: Array) -> float:
    """Return the size that 68 % of the differences do not exceed; NaN for none."""
    return float(np.quantile(np.abs(difference), SHARE)) if len(difference) else float("nan")


def resolutions(
    tracks: TrackSet, z: Array, theta: Array, served: NDArray[np.bool_]
) -> dict[str, Any]:
    """Return how far off z [cm] and θ [degree] are.

    Of tracks with truth and with a network, not from the collision point (their z is even) and
    |z| below 15 cm.

    Parameters
    ----------
    tracks : TrackSet
    z, theta : ndarray, shape (n,)
        As the network finds them [cm, rad].
    served : ndarray of bool, shape (n,)
        Tracks that the network is there for.

    Returns
    -------
    dict
        ``z_68_cm`` and ``theta_68_deg`` by bin of pT, ``z_68_cm_by_expert`` the former by expert
        (the sixth: tracks without one), and ``all_z_68_cm``, for all |z|.
    """
    even = tracks.matched & served & ~tracks.from_ip[tracks.truth]
    near = even & (np.abs(tracks.z[tracks.truth]) < NEAR_CM)
    pt = 1.0 / np.abs(tracks.q_over_pt[tracks.truth])
    off_z = z - tracks.z[tracks.truth]
    off_theta = np.degrees(theta - tracks.theta[tracks.truth])
    z_by_pt, theta_by_pt = {}, {}
    for low, high in pairwise(PT_EDGES):
        rows = near & (pt >= low) & (pt < high)
        z_by_pt[f"{low:g}-{high:g}"] = round(sigma68(off_z[rows]), 3)
        theta_by_pt[f"{low:g}-{high:g}"] = round(sigma68(off_theta[rows]), 3)
    expert = np.minimum(tracks.words["expert"], N_EXPERT)
    return {
        "tracks": int(near.sum()),
        "z_68_cm": z_by_pt,
        "theta_68_deg": theta_by_pt,
        "z_68_cm_by_expert": [
            round(sigma68(off_z[near & (expert == i)]), 3) for i in range(N_EXPERT + 1)
        ],
        "all_z_68_cm": round(sigma68(off_z[even]), 3),
        "all_theta_68_deg": round(sigma68(off_theta[even]), 3),
    }


def best_by_truth(tracks: TrackSet, score: Array, served: NDArray[np.bool_]) -> Array:
    """Return the largest score of each generated track's served tracks, shape (m,); -inf: none."""
    best = np.full(len(tracks.z), -np.inf)
    rows = tracks.matched & served
    np.maximum.at(best, tracks.truth[rows], score[rows])
    return best


def threshold(scores: Array, efficiency: float) -> float:
    """Return the largest cut that so many of the scores reach.

    Parameters
    ----------
    scores : ndarray
        Those of tracks without a network may be -inf.
    efficiency : float
        Share that shall reach the cut.

    Notes
    -----
    -inf when not so many have a score at all.
    """
    order = np.sort(scores)[::-1]
    needed = int(np.ceil(efficiency * len(order) - 1e-9))
    return float(order[needed - 1]) if needed else float("inf")


def working_points(
    tracks: TrackSet,
    score: Array,
    served: NDArray[np.bool_],
    efficiencies: tuple[float, ...] = (0.96, 0.98),
) -> dict[str, Any]:
    """Return what a cut on a score keeps of tracks from the collision point, and of others.

    Signal are found tracks of generated ones from the collision point with pT above 0.3 GeV:
    efficiencies are those of the network, given a 2D track. Background are found tracks of
    generated ones from the beam pipe, even in z over ±100 cm, and found tracks without truth.

    Parameters
    ----------
    tracks : TrackSet
    score : ndarray, shape (n,)
        The larger the more like a collision's.
    served : ndarray of bool, shape (n,)
        Tracks that the network is there for; the others fail every cut.
    efficiencies : tuple of float
        Working points: shares of the signal that are kept.

    Returns
    -------
    dict
        For each efficiency the ``cut``, ``accepted`` (share of background tracks), ``far`` (the
        same of those with |z| above 15 cm) and ``efficiency_above_0.9_gev``.
    """
    usable = np.where(served, score, -np.inf)
    pt = 1.0 / np.abs(tracks.q_over_pt)
    found = np.zeros(len(tracks.z), dtype=bool)
    found[tracks.truth[tracks.matched]] = True
    signal = found & tracks.from_ip & (pt > 0.3)
    scores = best_by_truth(tracks, usable, served)
    background = ~(tracks.matched & tracks.from_ip[tracks.truth])
    far = background & tracks.matched & (np.abs(tracks.z[tracks.truth]) > NEAR_CM)
    points = {}
    for wanted in efficiencies:
        cut = threshold(scores[signal], wanted)
        kept = usable >= cut if np.isfinite(cut) else np.isfinite(usable)
        stiff = signal & (pt >= 0.9)
        points[f"{wanted:g}"] = {
            "cut": cut,
            "accepted": _share(kept[background]),
            "far": _share(kept[far]),
            "efficiency_above_0.9_gev": _share(scores[stiff] >= cut),
        }
    return {
        "signal": int(signal.sum()),
        "background": int(background.sum()),
        "with_network": _share(np.isfinite(scores[signal])),
        "points": points,
    }


def _share(kept: NDArray[np.bool_]) -> float:
    return float(kept.mean()) if len(kept) else float("nan")
