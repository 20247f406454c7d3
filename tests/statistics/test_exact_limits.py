"""Exact Poisson limits and unified intervals against published tables and plain sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from firmware_models.errors import InputError
from trigger.statistics import feldman_cousins, poisson
from trigger.statistics.limits import signal_limit

COUNTS = np.array([0, 1, 2, 5, 10, 40])


@pytest.mark.parametrize("cl", [0.6827, 0.9, 0.95])
def test_closed_forms_solve_the_poisson_sums(cl: float) -> None:
    for n in COUNTS:
        for background in (0.0, 0.5, 3.0):
            limit = float(poisson.classical_limit(n, background, cl=cl))
            assert stats.poisson.cdf(n, limit + background) == pytest.approx(1 - cl, rel=1e-9)
            limit = float(poisson.cls_limit(n, background, cl=cl))
            cls = stats.poisson.cdf(n, limit + background) / stats.poisson.cdf(n, background)
            assert cls == pytest.approx(1 - cl, rel=1e-9)
    lo, hi = poisson.garwood_interval(COUNTS, cl=cl)
    assert np.allclose(lo, np.nan_to_num(stats.chi2.ppf((1 - cl) / 2, 2 * COUNTS)) / 2)
    assert np.allclose(hi, stats.chi2.ppf((1 + cl) / 2, 2 * COUNTS + 2) / 2)


def test_published_classical_limits() -> None:
    # Review of Particle Physics, statistics, table of Poisson limits: 90 % and 95 %, n = 0 to 4.
    expected = {0.90: [2.30, 3.89, 5.32, 6.68, 7.99], 0.95: [3.00, 4.74, 6.30, 7.75, 9.15]}
    for cl, row in expected.items():
        assert np.round(poisson.classical_limit(np.arange(5), cl=cl), 2).tolist() == row


def test_no_cls_limit_lies_below_the_background_free_one() -> None:
    n, background = np.arange(30)[:, None], np.linspace(0, 25, 60)
    limit = poisson.cls_limit(n, background, cl=0.9)
    assert (limit >= poisson.zero_background_limit(0.9) * (1 - 1e-12)).all()
    assert np.allclose(limit[0], poisson.zero_background_limit(0.9))
    assert (limit >= poisson.classical_limit(n, background, cl=0.9)).all()


def test_median_count() -> None:
    background = np.concatenate([np.linspace(0, 30, 601), [333.4, 1e4, 123456.7]])
    assert poisson.median_count(background).tolist() == stats.poisson.median(background).tolist()


def test_the_asimov_limit_is_the_median_of_exact_ones() -> None:
    # Counts are discrete: the exact limit of the median count scatters about the smooth one.
    for cl in (0.9, 0.95):
        background = np.linspace(300.0, 320.0, 41)
        exact = poisson.cls_limit(poisson.median_count(background), background, cl=cl)
        smooth = signal_limit(background, cl=cl, method="asimov")
        assert abs(np.mean(exact / smooth) - 1) < 0.02


# Feldman and Cousins, Phys. Rev. D 57 (1998) 3873, tables IV (90 %) and VI (95 %).
UNIFIED_90 = {
    0.0: [(0.00, 2.44), (0.11, 4.36), (0.53, 5.91), (1.10, 7.42), (1.47, 8.60), (1.84, 9.99)],
    0.5: [(0.00, 1.94), (0.00, 3.86), (0.03, 5.41), (0.60, 6.92), (1.17, 8.10)],
    1.0: [(0.00, 1.61), (0.00, 3.36), (0.00, 4.91), (0.10, 6.42), (0.74, 7.60)],
    3.0: [None, (0.00, 1.88), (0.00, 3.04), (0.00, 4.42), (0.00, 5.60)],
    5.0: [None, None, (0.00, 1.73), (0.00, 2.78), (0.00, 3.60)],
}
UNIFIED_95 = {
    0.0: [(0.00, 3.09), (0.05, 5.14), (0.36, 6.72), (0.82, 8.25), (1.37, 9.76), (1.84, 11.26)]
}


@pytest.mark.parametrize(("cl", "table"), [(0.90, UNIFIED_90), (0.95, UNIFIED_95)])
def test_published_unified_intervals(
    cl: float, table: dict[float, list[tuple[float, float] | None]]
) -> None:
    for background, row in table.items():
        for n, expected in enumerate(row):
            if expected is not None:
                found = feldman_cousins.interval(n, background, cl=cl)
                # The table's grid of signals has a spacing of 0.005 and two decimals.
                assert found == pytest.approx(expected, abs=0.0101)


def test_published_sensitivities() -> None:
    # The same source, table XII at 90 %. There limits are raised to those at higher backgrounds,
    # which grows with the background (0.7 % at 10); a grid of limits made without that gave the
    # second row.
    background = [0.0, 1.0, 3.0, 10.0]
    found = [feldman_cousins.sensitivity(b, cl=0.9) for b in background]
    assert found == pytest.approx([2.44, 3.28, 4.42, 6.78], rel=0.007)
    assert found == pytest.approx([2.43, 3.27, 4.41, 6.73], rel=0.003)
    assert np.all(np.array(found) < [2.44, 3.28, 4.42, 6.78])


@pytest.mark.parametrize("background", [0.0, 0.7, 3.0, 12.0])
def test_unified_intervals_from_plain_sums(background: float) -> None:
    cl = 0.9
    for n in (0, 1, 4, 9):
        lo, hi = feldman_cousins.interval(n, background, cl=cl)
        inside = [hi - 1e-6, lo + 1e-6]
        outside = [hi + 1e-6] + ([lo - 1e-6] if lo > 0 else [])
        assert all(_accepted(n, s, background, cl) for s in inside)
        assert not any(_accepted(n, s, background, cl) for s in outside)


def _accepted(n: int, signal: float, background: float, cl: float) -> bool:
    """The ordering of the source with scipy's Poisson and a Python loop."""
    ranked = []
    for k in range(120):
        p = stats.poisson.pmf(k, signal + background)
        ranked.append((p / stats.poisson.pmf(k, max(k, background)), k, p))
    ranked.sort(reverse=True)
    reached = 0.0
    for _, k, p in ranked:
        if reached >= cl:
            return False
        if k == n:
            return True
        reached += p
    return False


@pytest.mark.parametrize("background", [0.0, 2.5])
def test_unified_intervals_cover(background: float) -> None:
    cl = 0.9
    observed = np.arange(28)
    ends = np.array([feldman_cousins.interval(int(n), background, cl=cl) for n in observed])
    signal = np.linspace(0.013, 8, 203)[:, None]
    chance = stats.poisson.pmf(observed, signal + background)
    covered = (chance * ((ends[:, 0] <= signal) & (signal <= ends[:, 1]))).sum(axis=1)
    assert covered.min() >= cl - 1e-9
    assert covered.mean() < 0.95


def test_the_sensitivity_grows_with_background_and_level() -> None:
    for cl in (0.9, 0.95):
        found = [feldman_cousins.sensitivity(b, cl=cl) for b in (0, 0.3, 1, 3, 10, 30, 100)]
        assert (np.diff(found) > 0).all()
    assert feldman_cousins.sensitivity(3, cl=0.95) > feldman_cousins.sensitivity(3, cl=0.9)


def test_errors() -> None:
    with pytest.raises(InputError, match=r"whole number, not 1\.5"):
        feldman_cousins.interval(1.5, 0.0, cl=0.9)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="whole number"):
        poisson.cls_limit(0.5, cl=0.9)
    with pytest.raises(InputError, match="one background at a time"):
        feldman_cousins.sensitivity([1.0, 2.0], cl=0.9)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least 0, not -2"):
        poisson.classical_limit(3, -2.0, cl=0.9)
    assert math.isfinite(poisson.zero_background_limit(0.999999))
