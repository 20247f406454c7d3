"""Expected upper limits on a number of signal events, by the name of the method.

`asimov`            median CLs limit of background-only Asimov data (arXiv:1007.1727)
`lambda`            Lambda < 4 of arXiv:2307.06369, equations 17 and 18
`zero_background`   exact, -ln(1 - cl); only where no background is expected
`feldman_cousins`   mean unified upper limit of background-only experiments; one bin

The first two are approximations that fall below the exact limit of a background-free search
(2.0 and 1.9 events at 95 % instead of 3.0); they are floored at it. Over a few expected events
they are still 5 to 25 % below the exact limit of the median count (`poisson.cls_limit`).
The confidence level is always an argument: the published searches mix 90 % and 95 %.
docs/reference/statistics.md compares them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from firmware_models.errors import InputError, unknown_name
from trigger.statistics import asymptotic, feldman_cousins
from trigger.statistics.checks import (
    FloatArray,
    checked_bins,
    checked_counts,
    checked_level,
    checked_uncertainty,
)
from trigger.statistics.likelihood_ratio import bin_ratio, solve_strength
from trigger.statistics.poisson import zero_background_limit
from trigger.statistics.poisson_floor import floored_limit

METHODS = ("asimov", "lambda", "zero_background", "feldman_cousins")
"""Names of the methods."""

PAPER_THRESHOLD = 4.0
"""Lambda of the exclusion in arXiv:2307.06369, which calls it 95 %: z = 2, so 95.45 %."""

PAPER_LEVEL = 0.95
"""The confidence level at which the paper uses `PAPER_THRESHOLD`."""


def lambda_value(background: ArrayLike, signal: ArrayLike) -> float:
    """Return Lambda of bins with these expected counts: sum of 2 [S - B ln(1 + S/B)].

    Equation 17 of arXiv:2307.06369 with n = B in the Poisson factors of equation 18; 2 S where
    B = 0. The paper excludes where it is `PAPER_THRESHOLD` or more.

    Parameters
    ----------
    background, signal : array_like, shape (n_bin,)
        Expected counts of the bins.

    Raises
    ------
    InputError
    """
    return float(bin_ratio(*checked_bins(background, signal)).sum())


def signal_limit(
    background: ArrayLike,
    *,
    cl: float,
    method: str,
    signal_uncertainty: float = 0.0,
    threshold: float | None = None,
) -> float | FloatArray:
    """Return the expected upper limit on the number of signal events in one counting bin.

    Parameters
    ----------
    background : float or array_like
        Expected background, of any shape: one search an element.
    cl : float
        Confidence level, between 0 and 1.
    method : str
        One of `METHODS`.
    signal_uncertainty : float
        Relative uncertainty of the signal efficiency, 0.05 for 5 %: log-normal, profiled
        (`asimov`, `lambda`) or averaged over (`zero_background`). Not for `feldman_cousins`.
    threshold : float, optional
        Value of Lambda that excludes, only for `lambda`. Without it 4 at 95 %; the paper gives none
        for other levels, so there it is required.

    Returns
    -------
    float, or ndarray of float64 of the shape of `background`

    Raises
    ------
    InputError
        When the method is unknown, a number impossible, or the method does not apply.
    """
    b = checked_counts(background, "background")
    if method == "feldman_cousins":
        _refuse(method, signal_uncertainty, threshold)
        values = [feldman_cousins.sensitivity(float(value), cl=cl) for value in b.ravel()]
        limits = np.array(values).reshape(b.shape)
    else:
        bins = b[..., None]
        limits = _limits(bins, np.ones(bins.shape), cl, method, signal_uncertainty, threshold)
    return limits if b.ndim else float(limits)


def signal_limit_shape(
    background: ArrayLike,
    signal_shape: ArrayLike,
    *,
    cl: float,
    method: str,
    signal_uncertainty: float = 0.0,
    threshold: float | None = None,
) -> float:
    """Return the expected upper limit on the factor that multiplies the signal of several bins.

    Bins free of background, or nearly so, count by their exact Poisson probability
    (`trigger.statistics.poisson_floor`).

    Parameters
    ----------
    background, signal_shape : array_like, shape (n_bin,)
        Expected counts of the bins.
    cl, method, signal_uncertainty, threshold
        As in `signal_limit`; the uncertainty is common to all bins, and `feldman_cousins` takes
        one bin.

    Returns
    -------
    float
        Infinite when no bin has signal.

    Raises
    ------
    InputError
    """
    b, s = checked_bins(background, signal_shape)
    if method == "feldman_cousins":
        _refuse(method, signal_uncertainty, threshold)
        if b.size > 1:
            raise InputError(
                f"method 'feldman_cousins' takes one bin, not {b.size} (nearest: 'asimov')"
            )
        limit = feldman_cousins.sensitivity(float(b[0]), cl=cl)
        return limit / float(s[0]) if s[0] > 0 else math.inf
    limit = float(_limits(b, s, cl, method, signal_uncertainty, threshold))
    if method == "zero_background" or not math.isfinite(limit):
        return limit
    value = _lambda_threshold(float(cl), threshold) if method == "lambda" else None
    # What the uncertainty costs a background-free search, it costs at the floor.
    cost = zero_background_limit(cl, signal_uncertainty) / zero_background_limit(cl)
    return max(limit, cost * floored_limit(b, s, float(cl), value))


def _limits(
    b: FloatArray,
    s: FloatArray,
    cl: float,
    method: str,
    signal_uncertainty: float,
    threshold: float | None,
) -> FloatArray:
    """Limits on the strength for bins on the last axis."""
    if method not in METHODS:
        raise unknown_name("method", str(method), METHODS)
    level = checked_level(cl)
    uncertainty = checked_uncertainty(signal_uncertainty)
    total = s.sum(axis=-1)
    floor = np.where(
        total > 0,
        zero_background_limit(level, uncertainty) / np.where(total > 0, total, 1.0),
        np.inf,
    )
    if method == "zero_background":
        _refuse(method, 0.0, threshold)
        if (b > 0).any():
            raise InputError(
                f"method 'zero_background' needs background 0, not {b.max():g} (nearest: 'asimov')"
            )
        return floor
    value = _lambda_threshold(level, threshold) if method == "lambda" else 0.0
    if method == "asimov":
        _refuse(method, 0.0, threshold)
        value = asymptotic.threshold(level)
    return np.maximum(solve_strength(b, s, value, math.log1p(uncertainty)), floor)


def _lambda_threshold(level: float, threshold: float | None) -> float:
    if threshold is None:
        if not math.isclose(level, PAPER_LEVEL, abs_tol=1e-9):
            raise InputError(
                f"method 'lambda' excludes where Lambda >= 4, which the paper uses at 95 % only: "
                f"at {level:g} give a threshold (nearest: 'asimov', which is Lambda >= "
                f"{asymptotic.threshold(level):.3f})"
            )
        return PAPER_THRESHOLD
    if not (math.isfinite(threshold) and threshold > 0):
        raise InputError(f"threshold must be finite and above 0, not {threshold}")
    return float(threshold)


def _refuse(method: str, signal_uncertainty: float, threshold: float | None) -> None:
    if threshold is not None:
        raise InputError(f"method {method!r} takes no threshold (nearest: 'lambda')")
    if checked_uncertainty(signal_uncertainty) > 0:
        raise InputError(f"method {method!r} takes no signal uncertainty (nearest: 'asimov')")
