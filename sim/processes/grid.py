"""Importance grid over the unit hypercube: one piecewise-constant density a dimension.

The method is that of G. P. Lepage, J. Comput. Phys. 27 (1978) 192 (VEGAS): each axis is cut into
bins of equal probability, refined so that each contributes alike to the variance.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit

FloatArray = NDArray[np.float64]

BINS = 64
DAMPING = 0.75
UNIFORM_PART = 0.1


def uniform_grid(dimensions: int, channels: int = 1) -> FloatArray:
    """Return the edges of the grid that changes nothing, ``(channels, dimensions, BINS + 1)``."""
    return np.tile(np.linspace(0.0, 1.0, BINS + 1), (channels, dimensions, 1))


@njit()
def map_points(edges: FloatArray, u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Map uniform points through the grid.

    Parameters
    ----------
    edges : ndarray, shape (channels, d, bins + 1)
        Bin edges of every axis. With several channels the first axis says which channel a point
        belongs to (equal parts of 0 to 1); the other axes have edges of their own in each. The
        first axis is that of channel 0.
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
    channels = edges.shape[0]
    bins = edges.shape[2] - 1
    points = np.empty((n, d))
    jacobian = np.empty(n)
    for i in range(n):
        factor = 1.0
        channel = 0
        for j in range(d):
            scaled = u[i, j] * bins
            bin_number = min(int(scaled), bins - 1)
            low = edges[channel, j, bin_number]
            width = edges[channel, j, bin_number + 1] - low
            points[i, j] = low + (scaled - bin_number) * width
            factor *= width * bins
            if j == 0:
                channel = min(int(points[i, 0] * channels), channels - 1)
        jacobian[i] = factor
    return points, jacobian


@njit()
def _bin_sums(u: FloatArray, weight: FloatArray, channel: FloatArray, sums: FloatArray) -> None:
    """Add squared weights to ``sums[channel, axis, bin]``; the first axis counts in channel 0."""
    n, d = u.shape
    bins = sums.shape[2]
    for i in range(n):
        square = weight[i] * weight[i]
        for j in range(d):
            where = 0 if j == 0 else int(channel[i])
            sums[where, j, min(int(u[i, j] * bins), bins - 1)] += square


def refine(edges: FloatArray, u: FloatArray, points: FloatArray, weight: FloatArray) -> FloatArray:
    """Return finer edges where the weights are large.

    Parameters
    ----------
    edges : ndarray, shape (channels, d, bins + 1)
        The present grid.
    u, points : ndarray, shape (n, d)
        Uniform points and where the grid mapped them.
    weight : ndarray, shape (n,)
        Their weights, Jacobian included.
    """
    channels, dimensions, sides = edges.shape
    sums = np.zeros((channels, dimensions, sides - 1))
    channel = np.minimum(np.floor(points[:, 0] * channels), channels - 1)
    _bin_sums(u, weight, channel, sums)
    result = edges.copy()
    for where in range(channels):
        for axis in range(dimensions):
            if sums[where, axis].sum() > 0.0:
                result[where, axis] = _refine_axis(edges[where, axis], sums[where, axis])
    return result


def _refine_axis(edges: FloatArray, sums: FloatArray) -> FloatArray:
    share = np.convolve(np.pad(sums, 1, mode="edge"), np.full(3, 1.0 / 3.0), "valid")
    share = np.clip(share / share.sum(), 1e-9, 1.0 - 1e-9)
    importance = ((share - 1.0) / np.log(share)) ** DAMPING
    cumulative = np.concatenate(([0.0], np.cumsum(importance)))
    target = np.linspace(0.0, cumulative[-1], len(edges))
    result: FloatArray = np.interp(target, cumulative, edges)
    result[0], result[-1] = 0.0, 1.0
    return result


def adapt(
    weights: Callable[[FloatArray], FloatArray],
    dimensions: int,
    channels: int,
    draw: Callable[[int], FloatArray],
    rounds: int,
) -> FloatArray:
    """Return a grid adapted to a weight function.

    Parameters
    ----------
    weights : callable
        Points ``(n, d)`` in the hypercube to weights ``(n,)``.
    dimensions, channels : int
        Number of axes, d, and of channels that share the first axis.
    draw : callable
        Number of the round to uniform points ``(n, d)``; a fixed stream makes the grid the same
        in every run.
    rounds : int
        Number of refinements.
    """
    edges = uniform_grid(dimensions, channels)
    for number in range(rounds):
        u = draw(number)
        points, jacobian = map_points(edges, u)
        weight = weights(points) * jacobian
        if not np.any(weight > 0.0):
            return edges
        edges = refine(edges, u, points, weight)
    return blend(edges)


def blend(edges: FloatArray) -> FloatArray:
    """Mix every axis' density with `UNIFORM_PART` of the uniform one.

    A grid follows the weights of few points in its thin regions; the uniform part bounds the
    Jacobian there, and with it the largest weight.
    """
    result = np.empty_like(edges)
    levels = np.linspace(0.0, 1.0, edges.shape[2])
    for where in np.ndindex(edges.shape[:2]):
        mixed = (1.0 - UNIFORM_PART) * levels + UNIFORM_PART * edges[where]
        result[where] = np.interp(levels, mixed, edges[where])
    return result
