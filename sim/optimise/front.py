"""Pareto fronts: candidates that no other beats in both rate and reach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def pareto_front(rate: FloatArray, reach: FloatArray) -> NDArray[np.bool_]:
    """Return which candidates no other beats.

    One candidate beats another when its rate is not higher, its reach not lower, and one of the two
    is better. Candidates that are equal in both do not beat each other: all of them are on the
    front, or none.

    Parameters
    ----------
    rate : ndarray, shape (n,)
        Lower is better.
    reach : ndarray, shape (n,)
        Higher is better.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    order = np.lexsort((-reach, rate))
    front = np.zeros(len(rate), dtype=bool)
    best, at = -np.inf, np.nan
    for i in order.tolist():
        if reach[i] > best:
            best, at = reach[i], rate[i]
            front[i] = True
        else:
            front[i] = reach[i] == best and rate[i] == at
    return front


def best_within(rate: FloatArray, reach: FloatArray, allowed: NDArray[np.bool_]) -> int | None:
    """Return the allowed candidate of highest reach; of equal ones that of the lowest rate.

    Of candidates equal in both, the first. None where none is allowed.
    """
    chosen = np.flatnonzero(allowed)
    if not len(chosen):
        return None
    order = np.lexsort((chosen, rate[chosen], -reach[chosen]))
    return int(chosen[order[0]])


def combined(reach: FloatArray, weights: Sequence[float]) -> FloatArray:
    """Return the weighted geometric mean over channels.

    Parameters
    ----------
    reach : ndarray, shape (n, channels)
        At least 0.
    weights : sequence of float
        Above 0.

    Returns
    -------
    ndarray, shape (n,)
        0 where one channel's reach is.
    """
    share = np.asarray(weights, dtype=np.float64) / np.sum(weights)
    with np.errstate(divide="ignore"):
        found: FloatArray = np.exp(np.sum(np.log(reach) * share, axis=1))
    return found
