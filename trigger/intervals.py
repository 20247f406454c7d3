"""Confidence intervals of an efficiency.

Counts: Clopper-Pearson (exact), Wilson (score), Jeffreys (equal-tailed, prior Beta(1/2, 1/2)).
Weights: generalised Wilson. The confidence level is always an explicit argument: published limits
use both 90 % and 95 %, and efficiencies 68.27 % (section D of the physics reference notes).
Without a trial there is no efficiency: value NaN, interval [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from firmware_models.errors import InputError, unknown_name

FloatArray = NDArray[np.float64]
Bounds = tuple[FloatArray, FloatArray]

ONE_SIGMA = 0.6827
"""Two-sided confidence level of one standard deviation, as written in tables: 68.27 %."""

_BISECTIONS = 80  # halves [0, 1] beyond the spacing of float64 at any efficiency above 1e-8


def efficiency(n_pass: ArrayLike, n_total: ArrayLike) -> FloatArray:
    """Return n_pass / n_total, NaN where n_total is 0.

    Parameters
    ----------
    n_pass, n_total : array_like
        Counts or sums of weights, any shapes that broadcast.
    """
    passed, total = np.broadcast_arrays(np.asarray(n_pass, float), np.asarray(n_total, float))
    value: FloatArray = np.divide(passed, total, out=np.full(total.shape, np.nan), where=total > 0)
    return value


def clopper_pearson(n_pass: ArrayLike, n_total: ArrayLike, cl: float) -> Bounds:
    """Return the exact central interval of a binomial probability.

    Each tail holds at most (1 - cl) / 2, so the coverage is never below `cl`. Source: C. Clopper
    and E. Pearson, Biometrika 26 (1934) 404, with the quantiles of the beta distribution.

    Parameters
    ----------
    n_pass, n_total : array_like of int
        0 <= n_pass <= n_total, any shapes that broadcast.
    cl : float
        Confidence level, between 0 and 1.

    Returns
    -------
    lo, hi : ndarray of float64

    Raises
    ------
    InputError
        When the counts or the level are impossible.
    """
    passed, total, tail = _checked(n_pass, n_total, cl)
    lo = np.zeros(total.shape)
    hi = np.ones(total.shape)
    some, missed = passed > 0, passed < total
    lo[some] = special.betaincinv(passed[some], (total - passed)[some] + 1, tail)
    hi[missed] = special.betaincinv(passed[missed] + 1, (total - passed)[missed], 1 - tail)
    return lo, hi


def wilson(n_pass: ArrayLike, n_total: ArrayLike, cl: float) -> Bounds:
    """Return the score interval: all p with (p_hat - p)**2 <= z**2 p (1 - p) / n.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209. The mean coverage is close to `cl`;
    for single values of p it may lie below.

    Parameters, returns and errors as `clopper_pearson`.
    """
    passed, total, tail = _checked(n_pass, n_total, cl)
    n = np.where(total > 0, total, 1.0)
    z = -special.ndtri(tail)
    p = passed / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    lo = np.where((passed == 0) | (total == 0), 0.0, centre - half)
    hi = np.where((passed == total) | (total == 0), 1.0, centre + half)
    return np.clip(lo, 0, 1), np.clip(hi, 0, 1)


def jeffreys(n_pass: ArrayLike, n_total: ArrayLike, cl: float) -> Bounds:
    """Return the equal-tailed credible interval with the prior Beta(1/2, 1/2).

    The end is 0 for no passes and 1 for all, as in L. Brown, T. Cai and A. DasGupta, Statistical
    Science 16 (2001) 101, section 3.1.2.

    Parameters, returns and errors as `clopper_pearson`.
    """
    passed, total, tail = _checked(n_pass, n_total, cl)
    a, b = passed + 0.5, total - passed + 0.5
    lo = np.where(passed == 0, 0.0, special.betaincinv(a, b, tail))
    hi = np.where(passed == total, 1.0, special.betaincinv(a, b, 1 - tail))
    return lo, hi


def generalised_wilson(
    w_pass: ArrayLike, w_total: ArrayLike, w2_pass: ArrayLike, w2_total: ArrayLike, cl: float
) -> Bounds:
    """Return the score interval for weighted events.

    All p with (p_hat - p)**2 <= z**2 V(p), p_hat = w_pass / w_total and

        V(p) = p (1 - p) [(1 - p) c_pass + p c_fail] / w_total,

    where c = (sum of squared weights) / (sum of weights) of the passing and of the failing events.
    V(p_hat) is the usual error of a ratio of weighted sums, [(1-p)**2 sum_pass w**2 +
    p**2 sum_fail w**2] / w_total**2; for equal weights w, V(p) = p (1 - p) / n, the interval of
    Wilson. A class without events takes the c of the other. Idea: score intervals with the
    variance of the case at hand, H. Dembinski and M. Schmelling, arXiv:2110.00294; the form of
    V(p) is ours and follows from independent passes and failures.

    Because (p_hat - p)**2 / (p (1 - p)) is convex, there is one bound on each side of p_hat.

    Parameters
    ----------
    w_pass, w_total : array_like
        Sums of weights.
    w2_pass, w2_total : array_like
        Sums of squared weights.
    cl : float
        Confidence level, between 0 and 1.

    Returns
    -------
    lo, hi : ndarray of float64
        [0, 1] where w_total is not positive. Where weights of both signs carry p_hat out of
        [0, 1], it is taken at the nearer end.

    Raises
    ------
    InputError
        When the level is impossible or a sum is not finite.
    """
    s1, s, v1, v = np.broadcast_arrays(
        *(np.asarray(value, float) for value in (w_pass, w_total, w2_pass, w2_total))
    )
    if not all(np.isfinite(value).all() for value in (s1, s, v1, v)):
        raise InputError("sums of weights must be finite")
    z2 = special.ndtri(_tail(cl)) ** 2
    valid = s > 0
    total = np.where(valid, s, 1.0)
    p = np.clip(np.where(valid, s1 / total, 0.5), 0, 1)
    c_pass, c_fail = _scale(s1, v1), _scale(s - s1, v - v1)
    c_pass = np.where(np.isnan(c_pass), c_fail, c_pass)
    c_fail = np.where(np.isnan(c_fail), c_pass, c_fail)

    def outside(x: FloatArray) -> NDArray[np.bool_]:
        spread = x * (1 - x) * ((1 - x) * c_pass + x * c_fail)
        result: NDArray[np.bool_] = (p - x) ** 2 * total > z2 * spread
        return result

    lo = _edge(outside, np.zeros(p.shape), p)
    hi = _edge(outside, np.ones(p.shape), p)
    lo = np.where((p == 0) | ~valid, 0.0, lo)
    hi = np.where((p == 1) | ~valid, 1.0, hi)
    return lo, hi


def cautious_wilson(
    w_pass: ArrayLike, w_total: ArrayLike, w2_pass: ArrayLike, w2_total: ArrayLike, cl: float
) -> Bounds:
    """Return the interval for weights that differ by orders of magnitude.

    The outer bounds of `generalised_wilson` and of `wilson` for (sum of weights)**2 / (sum of
    squared weights) trials. Where only events of small weight fail (or pass), the first takes their
    scale for that of all failures: it does not know that one more event of large weight could have
    failed. The second does. It is ours, and covers at least as often as the first.

    Parameters, returns and errors as `generalised_wilson`; weights must not be negative.
    """
    total, square = np.asarray(w_total, float), np.asarray(w2_total, float)
    n = np.divide(total**2, square, out=np.zeros(total.shape), where=square > 0)
    share = np.clip(np.nan_to_num(efficiency(w_pass, w_total)), 0, 1)
    lo, hi = wilson(share * n, n, cl)
    own_lo, own_hi = generalised_wilson(w_pass, w_total, w2_pass, w2_total, cl)
    return np.minimum(lo, own_lo), np.maximum(hi, own_hi)


METHODS: dict[str, Callable[[ArrayLike, ArrayLike, float], Bounds]] = {
    "clopper-pearson": clopper_pearson,
    "wilson": wilson,
    "jeffreys": jeffreys,
}
"""Intervals for counts, by name."""

GENERALISED_WILSON = "generalised-wilson"
"""Name of the interval for weights."""

CAUTIOUS_WILSON = "cautious-wilson"
"""Name of the interval for weights of very different size."""


def method(name: str, *, place: str = "") -> Callable[[ArrayLike, ArrayLike, float], Bounds]:
    """Return the interval for counts of that name.

    Raises
    ------
    InputError
        When there is none, with the nearest name.
    """
    if name not in METHODS:
        raise unknown_name("interval", name, METHODS, place=place)
    return METHODS[name]


def one_sided_zero(n_effective: ArrayLike, cl: float = ONE_SIGMA) -> FloatArray:
    """Return the upper limit on a probability after no pass in n trials, 1 - (1 - cl)**(1/n).

    Parameters
    ----------
    n_effective : array_like
        Trials; for weighted events (sum of weights)**2 / (sum of squared weights).
    cl : float
        One-sided confidence level.
    """
    n = np.asarray(n_effective, float)
    return np.where(n > 0, -np.expm1(np.log1p(-cl) / np.where(n > 0, n, 1.0)), 1.0)


def _edge(
    outside: Callable[[FloatArray], NDArray[np.bool_]], far: FloatArray, near: FloatArray
) -> FloatArray:
    """Find by bisection where `outside` changes, between `far` (outside) and `near` (inside)."""
    out, inside = far.copy(), near.copy()
    for _ in range(_BISECTIONS):
        middle = 0.5 * (out + inside)
        beyond = outside(middle)
        out = np.where(beyond, middle, out)
        inside = np.where(beyond, inside, middle)
    return inside


def _scale(sum_w: FloatArray, sum_w2: FloatArray) -> FloatArray:
    """Sum of squared weights over sum of weights; NaN where the class holds nothing."""
    usable = (sum_w > 0) & (sum_w2 > 0)
    scale: FloatArray = np.divide(sum_w2, sum_w, out=np.full(sum_w.shape, np.nan), where=usable)
    return scale


def check_level(cl: float, *, place: str = "") -> None:
    """Refuse a confidence level that is not between 0 and 1.

    Raises
    ------
    InputError
    """
    if not 0 < cl < 1:
        raise InputError(f"confidence level must lie between 0 and 1, not {cl}", place=place)


def _tail(cl: float) -> float:
    check_level(cl)
    return (1 - cl) / 2


def _checked(
    n_pass: ArrayLike, n_total: ArrayLike, cl: float
) -> tuple[FloatArray, FloatArray, float]:
    tail = _tail(cl)
    passed, total = np.broadcast_arrays(np.asarray(n_pass, float), np.asarray(n_total, float))
    if not (np.isfinite(passed).all() and np.isfinite(total).all()):
        raise InputError("counts must be finite")
    if (passed < 0).any() or (passed > total).any():
        raise InputError("counts must satisfy 0 <= n_pass <= n_total")
    return passed, total, tail
