"""Exact limits on a Poisson mean, in closed form through the incomplete gamma function.

P(N <= n; mu) = Q(n + 1, mu), the regularised upper incomplete gamma function. Limits with a known
background B follow by solving for S + B.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import ArrayLike
from scipy import special

from firmware_models.errors import InputError
from trigger.statistics.checks import (
    FloatArray,
    checked_counts,
    checked_level,
    checked_uncertainty,
)

_NODES = 80  # Gauss-Hermite; ln(kappa) up to 1 to more than 8 digits


def zero_background_limit(cl: float, signal_uncertainty: float = 0.0) -> float:
    """Return the limit on the signal when nothing is expected and nothing seen: -ln(1 - cl).

    3.00 at 95 %, 2.30 at 90 %. No limit by CLs lies below it, whatever the background and the
    outcome: CLs = P(N <= n; S+B) / P(N <= n; B) is at least exp(-S).

    With an uncertainty the probability of seeing nothing is averaged over a log-normal efficiency
    of median 1, kappa = 1 + uncertainty: the average of exp(-S kappa**theta) over a standard normal
    theta is 1 - cl. Averaging over the efficiency: R. Cousins and V. Highland, Nucl. Instrum. Meth.
    A320 (1992) 331; the log-normal form is chosen to agree with the profiled limits. It is never
    below the limit without uncertainty (at levels below 63 % the average alone would be).

    Parameters
    ----------
    cl : float
        Confidence level, between 0 and 1.
    signal_uncertainty : float
        Relative, 0.05 for 5 %.

    Raises
    ------
    InputError
    """
    level = checked_level(cl)
    log_kappa = math.log1p(checked_uncertainty(signal_uncertainty))
    exact = -math.log1p(-level)
    return exact if log_kappa == 0 else max(exact, _averaged_limit(level, log_kappa))


@functools.lru_cache(maxsize=1024)
def _averaged_limit(level: float, log_kappa: float) -> float:
    """Solve average of exp(-S kappa**theta) = 1 - level for S."""
    nodes, weights = hermegauss(_NODES)
    weights = weights / weights.sum()
    scale = np.exp(log_kappa * nodes)

    def missed(signal: float) -> float:
        return float(weights @ np.exp(-signal * scale)) - (1 - level)

    lo, hi = 0.0, -math.log1p(-level)
    while missed(hi) > 0:
        hi *= 2
    for _ in range(100):
        middle = 0.5 * (lo + hi)
        lo, hi = (middle, hi) if missed(middle) > 0 else (lo, middle)
    return 0.5 * (lo + hi)


def classical_limit(observed: ArrayLike, background: ArrayLike = 0.0, *, cl: float) -> FloatArray:
    """Return the classical upper limit on the signal: P(N <= observed; S + B) = 1 - cl.

    F. Garwood, Biometrika 28 (1936) 437. Negative where fewer are seen than the background allows
    at this level; `cls_limit` and Feldman-Cousins intervals are not.

    Parameters
    ----------
    observed : array_like of int
    background : array_like of float
        Expected counts, known exactly.
    cl : float
        One-sided confidence level.

    Raises
    ------
    InputError
    """
    n, b = _checked(observed, background)
    limit: FloatArray = special.gammainccinv(n + 1, 1 - checked_level(cl)) - b
    return limit


def garwood_interval(observed: ArrayLike, *, cl: float) -> tuple[FloatArray, FloatArray]:
    """Return the exact central interval of a Poisson mean; each tail holds at most (1 - cl) / 2.

    Parameters and errors as `classical_limit`.
    """
    n, _ = _checked(observed, 0.0)
    tail = (1 - checked_level(cl)) / 2
    lo = np.where(n > 0, special.gammaincinv(np.maximum(n, 1), tail), 0.0)
    return lo, special.gammainccinv(n + 1, tail)


def cls_limit(observed: ArrayLike, background: ArrayLike = 0.0, *, cl: float) -> FloatArray:
    """Return the exact CLs upper limit: P(N <= n; S+B) = (1 - cl) P(N <= n; B).

    A. Read, J. Phys. G 28 (2002) 2693; for one counting bin it equals the formula of G. Zech,
    Nucl. Instrum. Meth. A277 (1989) 608.

    Parameters and errors as `classical_limit`.
    """
    n, b = _checked(observed, background)
    limit: FloatArray = (
        special.gammainccinv(n + 1, (1 - checked_level(cl)) * special.gammaincc(n + 1, b)) - b
    )
    return np.maximum(limit, 0.0, dtype=np.float64)


def median_count(background: ArrayLike) -> FloatArray:
    """Return the smallest n with P(N <= n; background) >= 1/2.

    The median lies within ln 2 below and 1/3 above the mean (K. Choi, Proc. Am. Math. Soc. 121
    (1994) 245), so it is among the counts tried.
    """
    b = checked_counts(background, "background")
    n: FloatArray = np.maximum(np.floor(b) - 1, 0.0)
    for _ in range(3):
        n = np.where(special.gammaincc(n + 1, b) >= 0.5, n, n + 1)
    return n


def _checked(observed: ArrayLike, background: ArrayLike) -> tuple[FloatArray, FloatArray]:
    n = checked_counts(observed, "observed count")
    if (n != np.floor(n)).any():
        raise InputError("observed count must be a whole number")
    n, b = np.broadcast_arrays(n, checked_counts(background, "background"))
    return n, b
