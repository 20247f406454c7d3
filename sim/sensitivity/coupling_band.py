"""Excluded couplings where the lifetime follows from the coupling: a band with two edges.

Cross-section and width grow with the same power of the coupling, so σ = σ_ref cτ_ref / cτ along the
curve. A coupling is excluded where that exceeds the limit at its lifetime: below the lower edge too
few are made or most decay too far out, above the upper edge they decay too near.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log, nan


@dataclass(frozen=True)
class Band:
    """Excluded couplings at one mass.

    Parameters
    ----------
    lower, upper : float
        NaN where nothing is excluded.
    lower_open, upper_open : bool
        Whether the limits end there, not the exclusion: the band goes on.
    """

    lower: float
    upper: float
    lower_open: bool
    upper_open: bool


EMPTY = Band(nan, nan, False, False)


def excluded_band(
    ctaus: Sequence[float],
    sigma_limits: Sequence[float],
    *,
    sigma_reference: float,
    ctau_reference: float,
    reference: float,
    exponent: float,
) -> Band:
    """Return the couplings that limits against lifetime exclude.

    Between lifetimes the logarithm of the limit is straight in that of cτ. Of several separate
    bands the one with the strongest exclusion counts.

    Parameters
    ----------
    ctaus : sequence of float
        [m], rising.
    sigma_limits : sequence of float
        Limits on the cross-section [fb]; infinite where there is none.
    sigma_reference : float
        Cross-section at the reference coupling, times branching [fb].
    ctau_reference : float
        Lifetime that follows from the reference coupling [m].
    reference : float
        The reference coupling.
    exponent : float
        σ and width ∝ coupling^exponent.
    """
    scale = log(sigma_reference * ctau_reference)
    x = [log(ctau) for ctau in ctaus]
    # Below 0: excluded.
    y = [
        log(limit) + at - scale if isfinite(limit) else nan
        for at, limit in zip(x, sigma_limits, strict=True)
    ]
    seen = [i for i, value in enumerate(y) if value < 0.0]
    if not seen:
        return EMPTY
    best = min(seen, key=lambda i: y[i])
    short, short_open = _edge(x, y, best, -1)
    long, long_open = _edge(x, y, best, 1)

    def coupling(at: float) -> float:
        return reference * exp((log(ctau_reference) - at) / exponent)

    return Band(coupling(long), coupling(short), long_open, short_open)


def _edge(x: Sequence[float], y: Sequence[float], start: int, step: int) -> tuple[float, bool]:
    """Return where y becomes 0 on one side of a point below 0, and whether it never does."""
    at = start
    while 0 <= at + step < len(x) and isfinite(y[at + step]):
        if y[at + step] >= 0.0:
            share = y[at] / (y[at] - y[at + step])
            return x[at] + share * (x[at + step] - x[at]), False
        at += step
    return x[at], True
