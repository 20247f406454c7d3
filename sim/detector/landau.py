"""Landau's distribution, cut so that it has a given mean: tables and one draw.

Landau's density is φ(λ) = (1/π) ∫ exp(-t ln t - λ t) sin(π t) dt over t > 0. It has no mean; cut at
some λ_max it has one, and a loss by ionisation keeps Bethe's mean when λ_max is chosen for it
(the method of GEANT 3, CERN W5013, PHYS332; here by table, not by its approximation).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit

PEAK = -0.22278298
"""Most probable value of λ."""

_LOWEST, _HIGHEST = -3.4, 5000.0


@dataclass(frozen=True)
class LandauTable:
    """Landau's distribution on a grid of λ.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        λ, rising.
    below : ndarray of float64, shape (n,)
        Probability of a smaller λ.
    mean : ndarray of float64, shape (n,)
        Mean of the distribution cut at λ.
    """

    value: NDArray[np.float64]
    below: NDArray[np.float64]
    mean: NDArray[np.float64]


def density(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Landau's density at each λ by quadrature.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        λ, at least -3.5 (below, the integrand oscillates too fast; the density is under 1e-4).
    """
    # t = s² removes the infinite slope of t ln t at 0, so that Simpson's rule converges.
    s = np.linspace(0.0, 8.0, 4001)[1:]
    t = s * s
    weight = np.where(np.arange(1, 4001) % 2 == 1, 4.0, 2.0)
    weight[-1] = 1.0
    weight *= (s[1] - s[0]) / 3.0 * 2.0 * s * np.sin(np.pi * t) / np.pi
    return np.asarray(np.exp(-t * np.log(t) - value[:, None] * t) @ weight)


@cache
def landau_table() -> LandauTable:
    """Return the tables, made once (some 50 ms)."""
    value = np.concatenate((np.arange(_LOWEST, 10.0, 0.04), np.geomspace(10.0, _HIGHEST, 200)))
    middle = 0.5 * (value[1:] + value[:-1])
    at, between = density(value), density(middle)
    width = np.diff(value)
    mass = width / 6.0 * (at[:-1] + 4.0 * between + at[1:])
    first = width / 6.0 * (at[:-1] * value[:-1] + 4.0 * between * middle + at[1:] * value[1:])
    below = np.concatenate(([0.0], np.cumsum(np.maximum(mass, 1e-12))))
    moment = np.concatenate(([0.0], np.cumsum(first)))
    mean = np.concatenate(([value[0]], moment[1:] / below[1:]))
    # The cut mean rises with the cut; rounding in the first, nearly empty bins may hide it.
    return LandauTable(value, below, np.maximum.accumulate(mean))


@njit()
def interpolate(x: float, grid: NDArray[np.float64], value: NDArray[np.float64]) -> float:
    """Interpolate on a rising grid by bisection; beyond its ends, the end's value.

    numba's own `np.interp` of a scalar walks through the whole grid.
    """
    low, high = 0, len(grid) - 1
    if x <= grid[low]:
        return float(value[low])
    if x >= grid[high]:
        return float(value[high])
    while high - low > 1:
        middle = (low + high) // 2
        if x < grid[middle]:
            high = middle
        else:
            low = middle
    part = (x - grid[low]) / (grid[high] - grid[low])
    return float(value[low] + part * (value[high] - value[low]))


@njit()
def draw_cut(
    uniform: float,
    wanted: float,
    value: NDArray[np.float64],
    below: NDArray[np.float64],
    mean: NDArray[np.float64],
) -> float:
    """Draw λ from the distribution cut where its mean is the wanted one.

    Parameters
    ----------
    uniform : float
        Random number in [0, 1).
    wanted : float
        The mean.
    value, below, mean : ndarray of float64
        The arrays of `LandauTable`.
    """
    fraction = interpolate(wanted, mean, below)
    return interpolate(uniform * fraction, below, value)
