"""Collisions at filled crossings against closed forms and a plain calculation."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import chisquare, poisson

from firmware_models.errors import InputError
from sim.accelerator import Accelerator, MachineConfig
from sim.streams import stream

TURN = 1280 * 256


def _accelerator(bunches: int = 2346) -> Accelerator:
    return Accelerator(MachineConfig(bunches=bunches))


def _crossing_numbers(accelerator: Accelerator, times: np.ndarray) -> np.ndarray:
    """Number the crossings of all turns through; fails on a time that is at none."""
    place = times % TURN
    assert np.all(place % 64 == 0)
    index = np.searchsorted(accelerator.filling.buckets, place // 64)
    assert np.array_equal(accelerator.filling.buckets[index], place // 64)
    return times // TURN * len(accelerator.filling.buckets) + index


def test_collisions_only_at_filled_crossings_and_with_the_wanted_rate() -> None:
    accelerator = _accelerator()
    n = 200_000
    times = accelerator.crossings(30e3, stream(1, "test"), -1, n)
    _crossing_numbers(accelerator, times)
    assert np.all(np.diff(times) >= 0)
    seconds = times[-1] / (127.22175e6 * 256)
    assert abs(n / seconds / 30e3 - 1) < 4 / math.sqrt(n)


@pytest.mark.parametrize("pieces", [200_000, 1000, 1])
def test_numbers_in_a_crossing_are_poisson_however_they_are_taken(pieces: int) -> None:
    accelerator = _accelerator(bunches=7)
    mean = 0.7
    n = 200_000 if pieces > 1 else 20_000
    collisions = accelerator.collisions(mean * accelerator.crossing_hz)
    rng = stream(2, "test")
    times = np.concatenate([collisions.take(rng, pieces) for _ in range(n // pieces)])
    counts = np.bincount(_crossing_numbers(accelerator, times))[:-1]  # the last is incomplete
    observed = np.bincount(np.minimum(counts, 5), minlength=6)
    expected = poisson.pmf(np.arange(6), mean)
    expected[5] = poisson.sf(4, mean)
    assert chisquare(observed, expected * len(counts)).pvalue > 1e-3


def test_pieces_join_to_the_same_times() -> None:
    accelerator = _accelerator()
    whole = accelerator.collisions(4e8).take(stream(3, "test"), 5000)
    rng, collisions = stream(3, "test"), accelerator.collisions(4e8)
    parts = [collisions.take(rng, n) for n in (1, 1, 998, 0, 4000)]
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("rate_hz", [1.0, 30e3, 2e8])
def test_times_equal_a_calculation_in_fractions(rate_hz: float) -> None:
    accelerator = _accelerator()
    n = 3000
    times = accelerator.crossings(rate_hz, stream(4, "test"), -1, n)
    gap = Fraction(1.0 / (rate_hz / accelerator.crossing_hz))
    place, expected = Fraction(0), []
    for exponential in stream(4, "test").standard_exponential(n).tolist():
        place += Fraction(exponential) * gap
        turn, index = divmod(math.floor(place), 2346)
        expected.append(turn * TURN + int(accelerator.filling.buckets[index]) * 64)
    if rate_hz > 1:
        assert times.tolist() == expected
    else:  # gaps of 10¹³ crossings are known to some 1/100 of a crossing
        assert max(abs(a - b) for a, b in zip(times.tolist(), expected, strict=True)) < TURN


def test_every_bunch_gets_its_share() -> None:
    accelerator = _accelerator(bunches=50)
    times = accelerator.crossings(30e3, stream(5, "test"), -1, 100_000)
    index = _crossing_numbers(accelerator, times) % 50
    assert chisquare(np.bincount(index, minlength=50)).pvalue > 1e-3


def test_start_is_excluded() -> None:
    accelerator = _accelerator()
    at = accelerator.filling.buckets * 64
    rate = 50 * accelerator.crossing_hz  # an empty crossing: once in 10²¹

    def first(start: int) -> int:
        return int(accelerator.crossings(rate, stream(6, "test"), start, 1)[0])

    assert first(-1) == at[0] == 0
    assert first(0) == at[1]
    assert first(int(at[5])) == at[6]
    assert first(int(at[5]) - 1) == at[5]
    assert first(3 * TURN + int(at[-1])) == 4 * TURN + at[0]
    assert first(7 * TURN - 1) == 7 * TURN


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_impossible_rates_are_refused(rate: float) -> None:
    with pytest.raises(InputError, match="above 0 Hz"):
        _accelerator().collisions(rate)


def test_rate_is_luminosity_times_cross_section() -> None:
    # 10³⁴ cm⁻²s⁻¹ is 10 events per nb and second
    assert Accelerator(MachineConfig(luminosity_cm2_s=1e34)).rate_hz(1.2) == pytest.approx(12.0)
