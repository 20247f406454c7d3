"""Unified intervals for a Poisson signal over a known background.

G. Feldman and R. Cousins, Phys. Rev. D 57 (1998) 3873: for each signal S the counts n are accepted
in the order of R = P(n; S+B) / P(n; S_best+B), S_best = max(0, n - B), until their probability
reaches the level; the interval of an observed n spans all S that accept it. The ends are found on
a grid of S and then by bisection.

The published tables come from a grid in S of spacing 0.005 and, where a limit would rise with the
background, take the larger one of the higher backgrounds (section IV B there). Here nothing is
adjusted, so that limits for few observed over a high background lie below the table.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from firmware_models.errors import InputError
from trigger.statistics.checks import FloatArray, checked_counts, checked_level
from trigger.statistics.poisson import classical_limit

HIGHEST_BACKGROUND = 400.0
"""Above it the construction is slow and the asymptotic limit is right to a few per cent."""

_SPACING = 0.01  # of the grid in S, in units of sqrt(1 + B); the bisection refines it
_BISECTIONS = 45


def interval(observed: int, background: float, *, cl: float) -> tuple[float, float]:
    """Return the interval of the signal for one observed count.

    Parameters
    ----------
    observed : int
    background : float
        Expected count, known exactly, at most `HIGHEST_BACKGROUND`.
    cl : float
        Confidence level.

    Raises
    ------
    InputError
    """
    b = _checked_background(background)
    n = checked_counts(observed, "observed count")
    if n.ndim or n != np.floor(n):
        raise InputError(f"observed count must be one whole number, not {observed}")
    lo, hi = _intervals(np.array([int(n)]), b, checked_level(cl))
    return float(lo[0]), float(hi[0])


def sensitivity(background: float, *, cl: float) -> float:
    """Return the mean upper limit of background-only experiments.

    The definition of sensitivity in section VI of the source.

    Parameters and errors as `interval`.
    """
    b = _checked_background(background)
    counts = np.arange(_far_count(b) + 1)
    _, upper = _intervals(counts, b, checked_level(cl))
    return float(_poisson(counts, b) @ upper)


def _intervals(observed: np.ndarray, b: float, cl: float) -> tuple[FloatArray, FloatArray]:
    """Ends of the intervals of several counts over the same background."""
    top = float(observed.max())
    # Beyond the classical limit of a level this high no count up to `top` is accepted.
    far = max(float(classical_limit(top, b, cl=1 - (1 - cl) / 50)), 0.0) + 1.0
    spacing = _SPACING * math.sqrt(1 + b)
    grid = np.arange(0.0, far + spacing, spacing)
    accepted = _accepted(grid, b, cl, top)[:, observed]
    last = len(grid) - 1 - np.argmax(accepted[::-1], axis=0)
    first = np.argmax(accepted, axis=0)
    # No count is accepted at the far end and every count somewhere.
    upper = _edge(grid[last], grid[np.minimum(last + 1, len(grid) - 1)], observed, b, cl)
    lower = _edge(grid[first], grid[np.maximum(first - 1, 0)], observed, b, cl)
    return np.where(first == 0, 0.0, lower), upper


def _edge(
    inside: FloatArray, outside: FloatArray, observed: np.ndarray, b: float, cl: float
) -> FloatArray:
    """Bisect between signals that accept the counts and signals that do not."""
    rows, top = np.arange(len(observed)), float(observed.max())
    for _ in range(_BISECTIONS):
        middle = 0.5 * (inside + outside)
        accepts = _accepted(middle, b, cl, top)[rows, observed]
        inside = np.where(accepts, middle, inside)
        outside = np.where(accepts, outside, middle)
    return 0.5 * (inside + outside)


def _accepted(signal: FloatArray, b: float, cl: float, top: float) -> np.ndarray:
    """Which signals accept which counts, shape (n_signal, n_count), counts from 0."""
    counts = np.arange(max(top, _far_count(b + float(signal.max()))) + 1)
    mean = signal[:, None] + b
    probability = _poisson(counts, mean)
    best = np.maximum(counts, b)
    log_ratio = special.xlogy(counts, mean) - mean - special.xlogy(counts, best) + best
    order = np.argsort(-log_ratio, axis=1, kind="stable")
    ordered = np.take_along_axis(probability, order, axis=1)
    before = np.cumsum(ordered, axis=1) - ordered
    accepted = np.empty(order.shape, bool)
    np.put_along_axis(accepted, order, before < cl, axis=1)
    return accepted


def _poisson(counts: np.ndarray, mean: FloatArray | float) -> FloatArray:
    value: FloatArray = np.exp(special.xlogy(counts, mean) - mean - special.gammaln(counts + 1.0))
    return value


def _far_count(mean: float) -> int:
    """A count that a mean exceeds with probability below 1e-9."""
    return math.ceil(mean + 7 * math.sqrt(mean) + 12)


def _checked_background(background: float) -> float:
    b = checked_counts(background, "background")
    if b.ndim:
        raise InputError("Feldman-Cousins intervals take one background at a time")
    if b > HIGHEST_BACKGROUND:
        raise InputError(
            f"Feldman-Cousins intervals are for backgrounds up to {HIGHEST_BACKGROUND:g}, "
            f"not {background} (nearest: method 'asimov')"
        )
    return float(b)
