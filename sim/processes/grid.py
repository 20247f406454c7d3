"""Importance grid over the unit hypercube: one piecewise-constant density a dimension.

The method is that of G. P. Lepage, J. Comput. Phys. 27 (1978) 192 (VEGAS): each axis is cut into
bins of equal probability, refined so that each contributes alike to the variance.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BINS = 64
DAMPING = 0.75


def uniform_grid(dimensions: int) -> FloatArray:
    """Return the edges of the grid that changes nothing, shape ``(dimensions, BINS + 1)``."""
    return np.tile(np.linspace(0.0, 1.0, BINS + 1), (dimensions, 1))


@numba.njit(cache=True)
def map_points(edges: FloatArray, u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Map uniform points through the grid.

    Parameters
    ----------
    edges : ndarray, shape (d, bins + 1)
        Bin edges of every axis.
    u : ndarray, shape (n, d)
        Uniform points, 0 to 1.

    Returns
    -------
    points : ndarray, shape (n, d)
        Where they land in the hypercube.
    jacobian : ndarray, shape (n,)
        Volume element: the weight that makes means over `u` integrals over the hypercube.
    """
    n, d = u.shape
    bins = edges.shape[1] - 1
    points = np.empty((n, d))
    jacobian = np.empty(n)
    for i in range(n):
        factor = 1.0
        for j in range(d):
            scaled = u[i, j] * bins
            bin_number = min(int(scaled), bins - 1)
            low = edges[j, bin_number]
            width = edges[j, bin_number + 1] - low
            points[i, j] = low + (scaled - bin_number) * width
            factor *= width * bins
        jacobian[i] = factor
    return points, jacobian


@numba.njit(cache=True)
def _bin_sums(u: FloatArray, weight: FloatArray, bins: int) -> FloatArray:
    n, d = u.shape
    sums = np.zeros((d, bins))
    for i in range(n):
        square = weight[i] * weight[i]
        for j in range(d):
            sums[j, min(int(u[i, j] * bins), bins - 1)] += square
    return sums


def refine(edges: FloatArray, u: FloatArray, weight: FloatArray) -> FloatArray:
    """Return finer edges where the weights are large.

    Parameters
    ----------
    edges : ndarray, shape (d, bins + 1)
        The present grid.
    u : ndarray, shape (n, d)
        Uniform points that were mapped through it.
    weight : ndarray, shape (n,)
        Their weights, Jacobian included.
    """
    bins = edges.shape[1] - 1
    result = np.empty_like(edges)
    for axis, sums in enumerate(_bin_sums(u, weight, bins)):
        share = np.convolve(np.pad(sums, 1, mode="edge"), np.full(3, 1.0 / 3.0), "valid")
        share = np.maximum(share / share.sum(), 1e-9)
        importance = np.where(
            share < 1.0 - 1e-9, (share - 1.0) / np.log(np.minimum(share, 1.0 - 1e-9)), 1.0
        )
        importance = importance**DAMPING
        cumulative = np.concatenate(([0.0], np.cumsum(importance)))
        target = np.linspace(0.0, cumulative[-1], bins + 1)
        result[axis] = np.interp(target, cumulative, edges[axis])
        result[axis, 0], result[axis, -1] = 0.0, 1.0
    return result


def adapt(
    weights: Callable[[FloatArray], FloatArray],
    dimensions: int,
    draw: Callable[[int], FloatArray],
    rounds: int,
) -> FloatArray:
    """Return a grid adapted to a weight function.

    Parameters
    ----------
    weights : callable
        Points ``(n, d)`` in the hypercube to weights ``(n,)``.
    dimensions : int
        Number of axes, d.
    draw : callable
        Number of the round to uniform points ``(n, d)``; a fixed stream makes the grid the same
        in every run.
    rounds : int
        Number of refinements.
    """
    edges = uniform_grid(dimensions)
    for number in range(rounds):
        u = draw(number)
        points, jacobian = map_points(edges, u)
        weight = weights(points) * jacobian
        if not np.any(weight > 0.0):
            return edges
        edges = refine(edges, u, weight)
    return edges
