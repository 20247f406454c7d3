"""Filling patterns: counts, gaps and spacings by looking at every bucket."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.accelerator import Accelerator, MachineConfig
from sim.accelerator.filling import fill

GAPS = [598, 1238]


def _spacings(buckets: np.ndarray) -> np.ndarray:
    return np.diff(np.append(buckets, buckets[0] + 5120))


@pytest.mark.parametrize(
    ("bunches", "spacings"),
    [(783, {6, 7}), (1174, {4, 5}), (1565, {3, 4}), (2249, {2, 3}), (2346, {2, 3}), (2392, {2})],
)
def test_any_number_fits_with_spacings_that_differ_by_one(bunches: int, spacings: set[int]) -> None:
    buckets = fill(bunches, 2, GAPS, 42).buckets
    assert buckets.dtype == np.int64
    assert len(set(buckets.tolist())) == bunches
    in_gap = [b for b in buckets.tolist() if 598 <= b // 4 < 640 or 1238 <= b // 4 < 1280]
    assert in_gap == []
    found = _spacings(buckets)
    assert (found > 168).sum() == 2  # 42 ticks of 4 buckets, twice
    assert set(found[found < 100].tolist()) == spacings


def test_too_many_bunches_are_refused_with_the_number_that_fits() -> None:
    with pytest.raises(InputError, match=r"machine: bunches: 2393 bunches .* room for 2392$"):
        fill(2393, 2, GAPS, 42)
    with pytest.raises(InputError, match="room for 1594"):
        Accelerator(MachineConfig(spacing_buckets=3))
    fill(1594, 3, GAPS, 42)


def test_without_gaps_every_bucket_can_be_filled() -> None:
    assert np.array_equal(fill(5120, 1, [], 42).buckets, np.arange(5120))
    with pytest.raises(InputError, match="no abort gap"):
        fill(2561, 2, GAPS, 0)


def test_a_gap_may_lie_across_the_end_of_the_turn() -> None:
    buckets = fill(1000, 2, [1270], 42).buckets
    assert len(buckets) == 1000
    assert buckets.min() == 4 * 32
    assert buckets.max() < 4 * 1270


def test_overlapping_gaps_are_refused() -> None:
    with pytest.raises(InputError, match="at 100 and 130 overlap"):
        fill(10, 2, [130, 100], 42)
    with pytest.raises(InputError, match="at 1260 and 10 overlap"):
        fill(10, 2, [10, 1260], 42)
