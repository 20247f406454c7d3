"""The Poisson likelihood ratio of background-only Asimov data, and where it crosses a threshold.

With n = B in every bin,

    q(m) = -2 ln [L(mS, B) / L(0, B)] = sum_bins 2 [mS - B ln(1 + mS/B)],

equation 17 of arXiv:2307.06369 (there Lambda), and the test statistic of section 3.6 of G. Cowan,
K. Cranmer, E. Gross and O. Vitells, arXiv:1007.1727, for a strength m tested on data of strength 0.
A bin without background gives 2 mS.

One Gaussian-constrained source theta that scales the signal of all bins alike, by kappa**theta,
can be profiled in closed form: the minimum over theta of q(m kappa**theta) + theta**2 lies at
theta = -ln(kappa) D / 2 with D = m' q'(m'), m' = m kappa**theta. Walking along m' instead of m,

    q_profiled = q(m') + [ln(kappa) D(m') / 2]**2,   m = m' exp[ln(kappa)**2 D(m') / 2],

and both grow with m'.
"""

from __future__ import annotations

import numpy as np

from trigger.statistics.checks import FloatArray

_NO_BACKGROUND = 1e-200  # below it S/B may overflow, and B ln(1 + S/B) is far below rounding
_SMALL = 1e-3  # below it x - ln(1 + x) loses digits and its series is exact to float64
_STEPS = 200


def excess(x: FloatArray) -> FloatArray:
    """Return x - ln(1 + x) to full precision, for x above -1."""
    y = np.clip(x, -_SMALL, _SMALL)
    series = y * y * (1 / 2 - y * (1 / 3 - y * (1 / 4 - y * (1 / 5 - y / 6))))
    value: FloatArray = np.where(np.abs(x) < _SMALL, series, x - np.log1p(x))
    return value


def bin_ratio(background: FloatArray, signal: FloatArray) -> FloatArray:
    """Return 2 [S - B ln(1 + S/B)] of each bin.

    Parameters
    ----------
    background, signal : ndarray of float64
        Expected counts, at least 0, of shapes that broadcast.
    """
    some = background > _NO_BACKGROUND
    ratio = signal / np.where(some, background, 1.0)
    value: FloatArray = 2 * np.where(some, background * excess(ratio), signal)
    return value


def bin_growth(background: FloatArray, signal: FloatArray) -> FloatArray:
    """Return 2 S**2 / (B + S) of each bin, the derivative of `bin_ratio` with respect to ln S."""
    total = background + signal
    value: FloatArray = (
        2 * signal * np.divide(signal, total, out=np.zeros(total.shape), where=total > 0)
    )
    return value


def solve_strength(
    background: FloatArray, signal: FloatArray, threshold: float, log_kappa: float = 0.0
) -> FloatArray:
    """Return the strength m at which the (profiled) ratio reaches the threshold.

    Parameters
    ----------
    background, signal : ndarray of float64, shape (..., n_bin)
        Expected counts, at least 0, of the same shape; the last axis is summed over.
    threshold : float
        Value of the ratio, above 0.
    log_kappa : float
        ln(1 + relative uncertainty) of the source that all bins share; 0 for none.

    Returns
    -------
    ndarray of float64, shape (...)
        Infinite where no bin has signal.
    """
    total = signal.sum(axis=-1)
    some = total > 0
    shape = signal / np.where(some, total, 1.0)[..., None]
    # ln(ratio) grows with ln m at a slope between 1 and 4: a value bounds the distance to the root.
    scale = np.sqrt(threshold * background.sum(axis=-1)) + threshold / 2
    position = np.log(scale)
    lo, hi = np.full(position.shape, -np.inf), np.full(position.shape, np.inf)
    for _ in range(_STEPS):
        counts = np.exp(position)[..., None] * shape
        growth = bin_growth(background, counts).sum(axis=-1)
        pull = 0.5 * log_kappa * growth
        value = bin_ratio(background, counts).sum(axis=-1) + pull * pull
        value = np.where(some, value, threshold)
        gap = np.log(value / threshold)
        lo = np.maximum(lo, np.where(gap <= 0, position, position - gap))
        hi = np.minimum(hi, np.where(gap >= 0, position, position - gap))
        if np.all((np.abs(gap) < 1e-13) | (hi - lo < 1e-14 * (1 + np.abs(position)))):
            break
        rise = growth + 2 * pull * 0.5 * log_kappa * _growth_slope(background, counts)
        newton = position - gap * value / np.where(rise > 0, rise, value)
        inside = (newton > lo) & (newton < hi)
        position = np.where(inside, newton, 0.5 * (lo + hi))
    counts = np.exp(position)[..., None] * shape
    growth = bin_growth(background, counts).sum(axis=-1)
    found = np.exp(position + 0.5 * log_kappa**2 * growth) / np.where(some, total, 1.0)
    strength: FloatArray = np.where(some, found, np.inf)
    return strength


def _growth_slope(background: FloatArray, signal: FloatArray) -> FloatArray:
    """Derivative of the summed growth with respect to ln m."""
    total = background + signal
    part = np.divide(signal, total, out=np.zeros(total.shape), where=total > 0)
    slope: FloatArray = (2 * signal * part * (2 - part)).sum(axis=-1)
    return slope
