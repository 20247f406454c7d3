"""Orthogonal-trigger method: closure where lines are independent, predicted bias where not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from firmware_models.errors import InputError
from trigger.axes import Axis
from trigger.orthogonal import OrthogonalMethod

AXIS = Axis("x", "GeV", [0.0, 1.0, 2.0, 3.0])


def _toy(n: int, seed: int, correlated: bool) -> OrthogonalMethod:
    """Both lines fire more often at high x; correlated lines share a hidden variable too."""
    rng = np.random.default_rng(seed)
    x, hidden = rng.uniform(0, 3, n), rng.random(n)
    chance = 0.2 + 0.2 * np.floor(x)
    reference = hidden < 0.5
    shift = np.where(reference, 0.1, -0.1) if correlated else 0.0
    probe = rng.random(n) < chance + shift
    return OrthogonalMethod("lml6", "fff", [AXIS]).fill({"x": x}, probe, reference)


def test_independent_lines_close() -> None:
    # Over many toys the p-value is uniform, and the measurement is unbiased.
    p_values, pulls = [], []
    for seed in range(200):
        toy = _toy(3000, seed, correlated=False)
        p_values.append(toy.closure().p_value)
        bias, error = toy.bias()
        pulls.append(bias / error)
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3
    assert (np.abs(np.mean(pulls, axis=0)) < 4 / np.sqrt(200)).all()
    assert (np.abs(np.std(pulls, axis=0) - 1) < 4 / np.sqrt(400)).all()


def test_correlated_lines_differ_as_predicted() -> None:
    # eff(reference) = chance + 0.1, eff(no reference) = chance - 0.1, half of the events have it:
    # the bias is (1 - 1/2) * 0.2 = 0.1 in every bin.
    toy = _toy(200_000, 1, correlated=True)
    bias, error = toy.bias()
    assert (np.abs(bias - 0.1) < 4 * error).all()
    assert (error < 0.003).all()
    closure = toy.closure()
    assert closure.n_bins == 3
    assert closure.p_value < 1e-6


def test_bias_is_the_difference_of_the_two_efficiencies() -> None:
    toy = _toy(5000, 2, correlated=True)
    bias, _ = toy.bias()
    measured, true = toy.with_reference.efficiency(), toy.truth.efficiency()
    assert np.allclose(bias, measured - true, rtol=1e-10)


def test_chi_square_equals_that_of_the_contingency_tables() -> None:
    toy = _toy(2000, 3, correlated=True)
    inside, rest = toy.with_reference, toy.without_reference
    expected = sum(
        stats.contingency.chi2_contingency(
            [[a, n - a], [b, m - b]], correction=False
        ).statistic
        for a, n, b, m in zip(inside.n_pass, inside.n_total, rest.n_pass, rest.n_total, strict=True)
    )  # fmt: skip
    assert toy.closure().chi2 == pytest.approx(expected, rel=1e-9)


def test_chunks_merge() -> None:
    one, two = _toy(500, 7, correlated=True), _toy(300, 8, correlated=True)
    expected = one.truth + two.truth, one.with_reference + two.with_reference
    merged = one.merge(two)
    assert merged is one
    assert (merged.truth, merged.with_reference) == expected
    with pytest.raises(InputError, match="differ in the reference"):
        merged.merge(OrthogonalMethod("lml6", "hie", [AXIS]))


def test_empty_halves_have_no_say() -> None:
    toy = OrthogonalMethod("a", "b", [AXIS]).fill(
        {"x": np.array([0.5, 1.5])}, np.array([True, False]), np.array([True, True])
    )
    bias, error = toy.bias()
    assert np.isnan(bias).all()
    assert np.isnan(error).all()
    closure = toy.closure()
    assert closure.n_bins == 0
    assert np.isnan(closure.p_value)
    assert toy.with_reference.condition == "b"
    assert toy.truth.condition == ""
