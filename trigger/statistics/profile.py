"""Expected CLs limits with several sources of uncertainty, shared by bins or not.

The signal of bin i is mu S_i exp(sum_k theta_k ln kappa_ik) and its background B_i exp(sum_k
theta_k ln lambda_ik), with a standard-normal constraint on each theta_k; a source that appears in
several regions is the same theta in all of them. On background-only Asimov data n = B, theta = 0,

    q(mu) = min_theta sum_i 2 [m_i - B_i - B_i ln(m_i / B_i)] + sum_k theta_k**2

with m_i the expected total; the best fit of mu >= 0 is mu = 0, theta = 0, where q is 0. The limit
is where q reaches `asymptotic.threshold`. kappa = 1 + relative uncertainty, as `normsys` of pyhf
with hi = kappa and lo = 1/kappa.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from firmware_models.errors import InputError
from trigger.statistics import asymptotic
from trigger.statistics.checks import FloatArray, checked_bins, checked_uncertainty
from trigger.statistics.likelihood_ratio import excess, solve_strength

_FAR = 30.0  # in ln(mu) above the limit without uncertainties: there no efficiency is known


@dataclass(frozen=True)
class Region:
    """Bins of a search that share their uncertainties, such as the events of one trigger line.

    Parameters
    ----------
    name : str
        Name of the region.
    background, signal : array_like, shape (n_bin,)
        Expected counts; the signal for strength 1.
    signal_uncertainty : mapping of str to float
        Relative uncertainty of the signal by source, such as ``{"efficiency_hie4": 0.03}``.
        Regions that name the same source are fully correlated in it.
    background_uncertainty : mapping of str to float
        The same for the background.
    """

    name: str
    background: ArrayLike
    signal: ArrayLike
    signal_uncertainty: Mapping[str, float] = field(default_factory=dict)
    background_uncertainty: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises
        ------
        InputError
        """
        checked_bins(self.background, self.signal)
        for sources in (self.signal_uncertainty, self.background_uncertainty):
            for source, value in sources.items():
                checked_uncertainty(value, f"uncertainty {source!r} of region {self.name!r}")


@dataclass(frozen=True)
class Model:
    """Bins of all regions in a row, and what each source does to them in logarithms."""

    background: FloatArray  # (n_bin,)
    signal: FloatArray  # (n_bin,)
    signal_log: FloatArray  # (n_source, n_bin)
    background_log: FloatArray  # (n_source, n_bin)

    def ratio(self, strength: float, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return q at a strength, minimised from the given theta, and the theta of the minimum."""
        value, gradient, curvature = self._derivatives(strength, theta)
        for _ in range(200):
            step = -np.linalg.solve(curvature, gradient)
            if -(gradient @ step) < 1e-12 * (1 + value):
                break
            length = 1.0
            while True:
                trial = self._derivatives(strength, theta + length * step)
                if trial[0] <= value + 1e-4 * length * float(gradient @ step) or length < 1e-9:
                    break
                length /= 2
            if length < 1e-9:
                break  # rounding
            theta = theta + length * step
            value, gradient, curvature = trial
        return value, theta

    def _derivatives(
        self, strength: float, theta: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """q before minimisation, its gradient, and its expected curvature (positive definite)."""
        b = self.background
        with np.errstate(over="ignore"):
            signal = strength * self.signal * np.exp(theta @ self.signal_log)
            shift = np.expm1(theta @ self.background_log)
            background = b * (1 + shift)
            mean = signal + background
        if not np.isfinite(mean).all():
            return math.inf, theta, np.eye(theta.size)
        some = b > 0
        relative = np.where(some, signal / np.where(some, b, 1.0) + shift, 0.0)
        value = float(2 * np.where(some, b * excess(relative), signal).sum() + theta @ theta)
        change = self.signal_log * signal + self.background_log * background
        safe = np.where(mean > 0, mean, 1.0)
        gradient = 2 * change @ np.where(mean > 0, 1 - b / safe, 0.0) + 2 * theta
        # The counts n = B in the second derivatives are replaced by their expectation, m.
        curvature = 2 * (change / safe) @ change.T + 2 * np.eye(theta.size)
        return value, gradient, curvature


def joined(regions: Sequence[Region]) -> tuple[Model, tuple[str, ...]]:
    """Return the model of all regions and the names of its sources, sorted.

    Raises
    ------
    InputError
        Without regions, or when two have the same name.
    """
    names = [region.name for region in regions]
    if not names or len(set(names)) < len(names):
        raise InputError(f"regions must exist and have different names, not {names}")
    sources = sorted(
        {name for r in regions for name in (*r.signal_uncertainty, *r.background_uncertainty)}
    )
    bins = [checked_bins(region.background, region.signal) for region in regions]

    n_bin = sum(b.size for b, _ in bins)

    def logs(maps: Sequence[Mapping[str, float]]) -> FloatArray:
        table = np.zeros((len(sources), n_bin))
        first = 0
        for by_name, (b, _) in zip(maps, bins, strict=True):
            for source, value in by_name.items():
                table[sources.index(source), first : first + b.size] = math.log1p(value)
            first += b.size
        return table

    return Model(
        np.concatenate([b for b, _ in bins]),
        np.concatenate([s for _, s in bins]),
        logs([region.signal_uncertainty for region in regions]),
        logs([region.background_uncertainty for region in regions]),
    ), tuple(sources)


def expected_limit(regions: Sequence[Region], *, cl: float, n_sigma: float = 0.0) -> float:
    """Return the expected CLs limit on the strength of the signal in all regions together.

    Parameters
    ----------
    regions : sequence of Region
    cl : float
        Confidence level.
    n_sigma : float
        Fluctuation of the data, as in `asymptotic.threshold`.

    Returns
    -------
    float
        Infinite without signal. There is no floor, as in `asymptotic.expected_limit`.

    Raises
    ------
    InputError
    """
    model, sources = joined(regions)
    threshold = asymptotic.threshold(cl, n_sigma)
    without = float(solve_strength(model.background, model.signal, threshold))
    if not sources or not math.isfinite(without):
        return without
    # In ln(mu) and sqrt(q) the curve is almost straight: false position, which halves a stuck end.
    start, theta = model.ratio(without, np.zeros(len(sources)))
    goal = math.sqrt(threshold)
    lo, below = math.log(without), math.sqrt(start) - goal  # profiling only lowers q
    if below >= 0:
        return without
    hi, above = lo, below
    while above < 0:
        if hi - lo > _FAR:
            raise InputError("the uncertainties are so large that no signal is excluded")
        hi += 0.5
        value, theta = model.ratio(math.exp(hi), theta)
        above = math.sqrt(value) - goal
    for _ in range(200):
        middle = (lo * above - hi * below) / (above - below)
        value, theta = model.ratio(math.exp(middle), theta)
        gap = math.sqrt(value) - goal
        if abs(gap) < 1e-10 * goal or hi - lo < 1e-10:
            break
        if gap < 0:
            lo, below, above = middle, gap, above / 2
        else:
            hi, above, below = middle, gap, below / 2
    return math.exp(middle)
