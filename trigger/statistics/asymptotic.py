"""Expected CLs limits in the asymptotic approximation, with bands.

Test statistic q~(mu) of G. Cowan, K. Cranmer, E. Gross and O. Vitells, arXiv:1007.1727, on
background-only Asimov data. When the data fluctuate N standard deviations upwards,

    CLs = Phi(N - sqrt(q)) / Phi(N),

so CLs = 1 - cl where sqrt(q) = N + Phi^-1[1 - (1 - cl) Phi(N)] (the same source, section 4.3 and
equation 89 for CLs+b; the division by Phi(N) is CLs). The median, N = 0, is sqrt(q) = 1.960 at
95 % and 1.645 at 90 %. Without background the approximation fails: it gives 1.92 events at 95 %
where the exact limit is 3.00 (`trigger.statistics.limits` applies that floor).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from firmware_models.errors import InputError
from trigger.statistics.checks import (
    FloatArray,
    checked_bins,
    checked_level,
    checked_uncertainty,
)
from trigger.statistics.likelihood_ratio import solve_strength

BANDS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Fluctuations of the data, in standard deviations, of the usual bands."""


def threshold(cl: float, n_sigma: float = 0.0) -> float:
    """Return the likelihood ratio q at which CLs = 1 - cl.

    Parameters
    ----------
    cl : float
        Confidence level of the limit.
    n_sigma : float
        Fluctuation of the data, positive upwards; 0 is the median experiment.

    Raises
    ------
    InputError
    """
    tail = 1 - checked_level(cl)
    if not math.isfinite(n_sigma):
        raise InputError(f"the fluctuation must be finite, not {n_sigma}")
    return float(n_sigma - special.ndtri(tail * special.ndtr(n_sigma))) ** 2


def level_of_threshold(value: float) -> float:
    """Return the level of the median CLs limit that excludes where q >= value: 1 - 2 Phi(-sqrt(q)).

    0.9545 for the 4 of arXiv:2307.06369.
    """
    if not value > 0:
        raise InputError(f"the threshold must be above 0, not {value}")
    return float(1 - 2 * special.ndtr(-math.sqrt(value)))


def expected_limit(
    background: ArrayLike,
    signal: ArrayLike,
    *,
    cl: float,
    n_sigma: float = 0.0,
    signal_uncertainty: float = 0.0,
) -> float:
    """Return the expected CLs limit on the factor that multiplies `signal`, without a floor.

    Parameters
    ----------
    background, signal : array_like, shape (n_bin,)
        Expected counts of the bins.
    cl : float
        Confidence level.
    n_sigma : float
        Fluctuation of the data, as in `threshold`.
    signal_uncertainty : float
        Relative uncertainty of the efficiency, log-normal with kappa = 1 + uncertainty, common to
        all bins and profiled. For several sources see `trigger.statistics.profile`.

    Returns
    -------
    float
        Infinite without signal.

    Raises
    ------
    InputError
    """
    b, s = checked_bins(background, signal)
    log_kappa = math.log1p(checked_uncertainty(signal_uncertainty))
    return float(solve_strength(b, s, threshold(cl, n_sigma), log_kappa))


def expected_band(
    background: ArrayLike, signal: ArrayLike, *, cl: float, signal_uncertainty: float = 0.0
) -> FloatArray:
    """Return the expected limits of data that fluctuate by `BANDS`, shape (5,), the median third.

    Parameters and errors as `expected_limit`.
    """
    return np.array(
        [
            expected_limit(
                background, signal, cl=cl, n_sigma=n, signal_uncertainty=signal_uncertainty
            )
            for n in BANDS
        ]
    )
