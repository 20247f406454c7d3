"""Views of the segment finder: ranges by brute force, wires by loops over the chamber's numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_models.cdc_event_time import home_tracker
from firmware_models.segment_views import id_to_local, local_to_id, segment_views, wire_columns
from tests.firmware import hough_oracle
from tests.firmware.segment_oracle import CELLS, NEAR, SHIFT

LAYERS = [8, 6, 6, 6, 6, 6, 6, 6, 6]
STEREO = {  # radii [cm] of the priority layers, relative ids
    1: (29.34, 31.16, -7.5, -0.5), 3: (51.28, 53.10, 0.5, 7.5), 5: (73.12, 74.94, -8.5, 0.5),
    7: (94.96, 96.78, -0.5, 10.5),
}  # fmt: skip
OMEGA = 2 * 0.0074948114 / 34  # 1/cm a half-cell


@pytest.mark.parametrize("superlayer", [0, 2, 4, 6, 8])
def test_axial_ids_are_those_whose_curves_cross_the_plane_of_the_tracker(superlayer: int) -> None:
    cells, shift = CELLS[superlayer], SHIFT[superlayer]
    seen = [
        identity
        for identity in range(min(cells, 256))
        if any(
            18 <= column < 64
            for position in (1, 2, 3)
            for column, _ in hough_oracle.curve(superlayer, (identity - shift) % cells, position)
        )
    ]
    assert (min(seen), max(seen)) == NEAR[superlayer] == tuple(segment_views().near[superlayer])


@pytest.mark.parametrize("superlayer", STEREO)
def test_stereo_ids_are_those_that_tracks_can_take(superlayer: int) -> None:
    first, second, low, high = STEREO[superlayer]
    taken = set()
    for phi0 in range(83):
        for omega in range(-33, 34):
            for radius, half in ((first, 0.0), (second, 0.5), (second, -0.5)):
                alpha = math.asin(radius * omega * OMEGA / 2)
                reference = CELLS[superlayer] * (
                    (45 + 1.125 * (phi0 + 1)) / 360 - alpha / (2 * math.pi)
                )
                taken |= {i for i in range(-40, 260) if low <= i + half - reference <= high}
    with_margin = (min(taken) - 1 + SHIFT[superlayer], max(taken) + 1 + SHIFT[superlayer])
    assert with_margin == NEAR[superlayer] == tuple(segment_views().near[superlayer])


@pytest.mark.parametrize("superlayer", range(9))
def test_every_wire_is_where_its_number_says(superlayer: int) -> None:
    cells, shift = CELLS[superlayer], SHIFT[superlayer]
    first_wire = sum(n * c for n, c in zip(LAYERS[:superlayer], CELLS, strict=False))
    inner = 3 if superlayer == 0 else 0
    low, high = NEAR[superlayer]
    for tracker in range(4):
        expected = {}
        for identity in range(low - 4, high + 5):
            number = (identity - shift + cells * tracker // 4) % cells
            for row in range(5):
                expected[first_wire + cells * (inner + row) + number] = (identity + 4, row)
        assert len(expected) == 5 * (high - low + 9)  # no wire twice
        column, row = wire_columns(superlayer, tracker)
        seen = np.flatnonzero(column >= 0)
        assert {int(w): (int(column[w]), int(row[w])) for w in seen} == expected
        assert (row[column < 0] == -1).all()
        assert 0 <= column[seen].min() <= column[seen].max() < 240


@pytest.mark.parametrize("superlayer", range(9))
def test_quadrants_share_out_the_segments(superlayer: int) -> None:
    views, every = segment_views(), np.arange(CELLS[superlayer])
    low, high = views.home[superlayer]
    owners = np.zeros(CELLS[superlayer], dtype=int)
    for tracker in range(4):
        ids = local_to_id(every, superlayer, tracker)
        owners += (ids >= low) & (ids <= high)
        assert np.array_equal(id_to_local(ids, superlayer, tracker), every)
        # 45° to 135° after the tracker's first segment.
        home = (ids >= low) & (ids <= high)
        own = every[home] * 360.0 / CELLS[superlayer] - 90.0 * tracker
        assert ((own % 360.0 >= 45.0) & (own % 360.0 < 135.0)).all()
        # The event time says the same of numbers in the superlayer.
        assert np.array_equal(home_tracker(superlayer, every) == tracker, home)
    assert (owners == 1).all()
    assert views.near[superlayer, 0] <= low <= high <= views.near[superlayer, 1]
