"""Draws against their closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from sim.pipeline.draw import Alias, PoissonTimes


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_the_alias_table_holds_the_weights_exactly(n: int) -> None:
    weight = np.random.default_rng(n).exponential(size=n) ** 3
    weight[n // 2 + 1 :: 5] = 0.0
    alias = Alias(weight)
    held = alias._part + np.bincount(alias._other, 1.0 - alias._part, minlength=n)
    assert held / n == pytest.approx(weight / weight.sum(), abs=1e-12)


def test_drawn_numbers_follow_the_weights() -> None:
    weight = np.array([0.0, 1.0, 2.0, 7.0])
    counts = np.bincount(Alias(weight).take(np.random.default_rng(1), 100_000), minlength=4)
    assert counts[0] == 0
    chi2 = np.sum((counts[1:] - weight[1:] * 1e4) ** 2 / (weight[1:] * 1e4))
    assert chi2 < 18.4  # 1e-4 for two degrees of freedom


def test_poisson_times_join_and_have_the_rate() -> None:
    rate = 300e3
    whole = PoissonTimes(rate).take(np.random.default_rng(3), 200_000)
    parts, rng = PoissonTimes(rate), np.random.default_rng(3)
    assert np.concatenate([parts.take(rng, 50_000) for _ in range(4)]).tolist() == whole.tolist()
    assert (whole % 256 == 0).all()
    assert (np.diff(whole) >= 0).all()
    seconds = whole[-1] / 256 / 127.22175e6
    assert 200_000 / seconds == pytest.approx(rate, rel=5 / 200_000**0.5)
