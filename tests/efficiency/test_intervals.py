"""Confidence intervals against scipy.stats, closed forms, published numbers and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from firmware_models.errors import InputError
from trigger import intervals

COUNTS = [(0, 1), (1, 1), (0, 10), (1, 10), (5, 10), (10, 10), (3, 7), (81, 263), (999, 1000)]


@pytest.mark.parametrize("cl", [0.6827, 0.90, 0.95])
@pytest.mark.parametrize(("k", "n"), COUNTS)
def test_clopper_pearson_and_wilson_equal_scipy(k: int, n: int, cl: float) -> None:
    exact = stats.binomtest(k, n).proportion_ci(cl, "exact")
    score = stats.binomtest(k, n).proportion_ci(cl, "wilson")
    assert np.allclose(intervals.clopper_pearson(k, n, cl), exact, rtol=1e-9, atol=1e-14)
    assert np.allclose(intervals.wilson(k, n, cl), score, rtol=1e-9, atol=1e-14)


def test_published_intervals_of_newcombe() -> None:
    # R. Newcombe, Statistics in Medicine 17 (1998) 857, table I: 81/263 and 15/148 at 95 %.
    lo, hi = intervals.wilson([81, 15], [263, 148], 0.95)
    assert np.round(lo, 4).tolist() == [0.2553, 0.0624]
    assert np.round(hi, 4).tolist() == [0.3662, 0.1605]
    lo, hi = intervals.clopper_pearson([81, 15], [263, 148], 0.95)
    assert np.round(lo, 4).tolist() == [0.2527, 0.0578]
    assert np.round(hi, 4).tolist() == [0.3676, 0.1617]


def test_closed_forms_at_the_ends() -> None:
    n = np.array([1, 5, 50, 10_000])
    _, hi = intervals.clopper_pearson(np.zeros(4), n, 0.9)
    assert np.allclose(hi, 1 - 0.05 ** (1 / n), rtol=1e-12)
    lo, _ = intervals.clopper_pearson(n, n, 0.9)
    assert np.allclose(lo, 0.05 ** (1 / n), rtol=1e-12)
    z2 = stats.norm.ppf(0.95) ** 2
    _, hi = intervals.wilson(np.zeros(4), n, 0.9)
    assert np.allclose(hi, z2 / (n + z2), rtol=1e-12)
    assert np.allclose(intervals.one_sided_zero(n, 0.9), 1 - 0.1 ** (1 / n), rtol=1e-12)


@pytest.mark.parametrize(("k", "n"), COUNTS)
def test_jeffreys_is_the_beta_posterior(k: int, n: int) -> None:
    lo, hi = intervals.jeffreys(k, n, 0.6827)
    posterior = stats.beta(k + 0.5, n - k + 0.5)
    assert np.isclose(lo, 0 if k == 0 else posterior.ppf(0.15865), rtol=1e-9)
    assert np.isclose(hi, 1 if k == n else posterior.ppf(0.84135), rtol=1e-9)


@pytest.mark.parametrize("name", intervals.METHODS)
def test_no_trial_has_no_efficiency(name: str) -> None:
    lo, hi = intervals.METHODS[name]([0, 3], [0, 4], 0.6827)
    assert (lo[0], hi[0]) == (0.0, 1.0)
    assert 0 < lo[1] < 0.75 < hi[1] < 1
    assert np.isnan(intervals.efficiency([0, 3], [0, 4])[0])
    assert np.allclose(intervals.generalised_wilson(0, 0, 0, 0, 0.9), (0, 1))


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0.01, 100), st.floats(0.05, 0.999))
def test_equal_weights_give_wilson(n: int, fraction: float, weight: float, cl: float) -> None:
    k = int(fraction * n)
    found = intervals.generalised_wilson(k * weight, n * weight, k * weight**2, n * weight**2, cl)
    assert np.allclose(found, intervals.wilson(k, n, cl), rtol=1e-9, atol=1e-12)


def test_generalised_wilson_solves_its_equation() -> None:
    rng = np.random.default_rng(5)
    passed, failed = rng.exponential(3, 12), rng.uniform(0.5, 1, 40)
    w1, w = passed.sum(), passed.sum() + failed.sum()
    v1, v = (passed**2).sum(), (passed**2).sum() + (failed**2).sum()
    z2 = stats.norm.ppf(0.95) ** 2
    for p in intervals.generalised_wilson(w1, w, v1, v, 0.9):
        variance = p * (1 - p) * ((1 - p) * v1 / w1 + p * (v - v1) / (w - w1)) / w
        assert np.isclose((w1 / w - p) ** 2, z2 * variance, rtol=1e-9)


@pytest.mark.parametrize("cl", [0.6827, 0.95])
def test_coverage_of_counts(cl: float) -> None:
    # Exact coverage at p: sum of the binomial probabilities of the k whose interval holds p.
    n, p = 60, np.linspace(0.002, 0.998, 499)
    k = np.arange(n + 1)
    weight = stats.binom.pmf(k[None, :], n, p[:, None])

    def coverage(bounds: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        lo, hi = bounds
        return (weight * ((lo <= p[:, None]) & (p[:, None] <= hi))).sum(axis=1)

    # Clopper-Pearson never undercovers; the others oscillate about the level, right on average.
    assert coverage(intervals.clopper_pearson(k, n, cl)).min() >= cl
    assert abs(coverage(intervals.wilson(k, n, cl)).mean() - cl) < 0.012
    assert abs(coverage(intervals.jeffreys(k, n, cl)).mean() - cl) < 0.012
    assert coverage(intervals.wilson(k, n, cl)).min() < cl


@pytest.mark.parametrize("correlated", [False, True])
def test_coverage_of_weights(correlated: bool) -> None:
    # Truth: p = E[w pass] / E[w]; `correlated` lets heavier events pass more often.
    rng = np.random.default_rng(11)
    toys, n = 4000, 300
    w = rng.uniform(0.2, 2.0, (toys, n))
    chance = np.where(w > 1.1, 0.5, 0.2) if correlated else np.full_like(w, 0.3)
    truth = (0.2 * (1.1**2 - 0.2**2) + 0.5 * (2**2 - 1.1**2)) / (2**2 - 0.2**2)
    passed = rng.uniform(size=w.shape) < chance
    lo, hi = intervals.generalised_wilson(
        (w * passed).sum(1), w.sum(1), (w**2 * passed).sum(1), (w**2).sum(1), 0.6827
    )
    truth = truth if correlated else 0.3
    covered = ((lo <= truth) & (truth <= hi)).mean()
    # 4 standard deviations of the toys are 3 %.
    assert abs(covered - 0.6827) < 0.03


def test_impossible_counts_and_levels_are_refused() -> None:
    with pytest.raises(InputError, match="0 <= n_pass <= n_total"):
        intervals.clopper_pearson(3, 2, 0.9)
    with pytest.raises(InputError, match=r"between 0 and 1, not 68\.27"):
        intervals.wilson(1, 2, 68.27)
    with pytest.raises(InputError, match="nearest: 'wilson'"):
        intervals.method("willson")
