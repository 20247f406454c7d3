"""The asymptotic limit of several bins, corrected where bins are free of background.

In a background-only experiment a bin without background stays empty. Its part of CLs is then
exactly exp(-mu S), while the asymptotic form takes 2 mu S into the likelihood ratio, which excludes
too much: 1.92 events instead of 3.00 at 95 %. For a set Z of bins taken as free of background,

    CLs_Z = exp(-mu S_Z) 2 Phi[-sqrt(q of the other bins)],

the exact product when Z is free of background and the others are asymptotic. To take a bin with
some background as free of it is too optimistic, so every Z gives a limit that is too low or right,
and the highest one is the answer. It is enough to try the purest bins, the two purest, and so on:
ln[2 Phi(-sqrt(q))] is convex in q, so part of a group of bins of equal S/B never beats the whole or
none of it. For the same reason splitting a bin changes nothing. With Z empty it is the asymptotic
limit, and with all bins the limit of a background-free search for the whole signal.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from trigger.statistics import asymptotic
from trigger.statistics.checks import FloatArray
from trigger.statistics.likelihood_ratio import bin_ratio, solve_strength
from trigger.statistics.poisson import zero_background_limit


def floored_limit(
    background: FloatArray, signal: FloatArray, cl: float, threshold: float | None = None
) -> float:
    """Return the limit on the strength.

    Parameters
    ----------
    background, signal : ndarray of float64, shape (n_bin,)
        Expected counts, with some signal.
    cl : float
        Confidence level.
    threshold : float, optional
        Likelihood ratio that excludes where no bin is free of background; without, that of `cl`.
        Another one scales the ratio of the other bins.
    """
    quantile = asymptotic.threshold(cl)
    scale = 1.0 if threshold is None else quantile / threshold
    goal = math.log1p(-cl)
    with np.errstate(divide="ignore"):
        impurity = np.where(signal > 0, background / np.where(signal > 0, signal, 1.0), np.inf)
    order = np.argsort(impurity, kind="stable")
    b, s = background[order], signal[order]
    free = np.concatenate([[0.0], np.cumsum(s)])

    def gap(log_strength: float) -> float:
        """ln of the largest CLs of all sets, over 1 - cl; falls with the strength."""
        strength = math.exp(log_strength)
        ratio = bin_ratio(b, strength * s)
        # Summed from the least pure bin, so that the last sums do not carry rounding of the first.
        others = np.concatenate([np.cumsum(ratio[::-1])[::-1], [0.0]])
        log_cls = math.log(2) + special.log_ndtr(-np.sqrt(scale * others)) - strength * free
        return float(log_cls.max()) - goal

    lo = math.log(
        max(
            float(solve_strength(b, s, quantile / scale)),
            zero_background_limit(cl) / float(free[-1]),
        )
    )
    if gap(lo) < 1e-12:
        return math.exp(lo)
    hi = lo + 0.1
    while gap(hi) > 0:
        hi += 0.5
    while hi - lo > 1e-12 * (1 + abs(lo)):
        middle = 0.5 * (lo + hi)
        lo, hi = (middle, hi) if gap(middle) > 0 else (lo, middle)
    return math.exp(0.5 * (lo + hi))
