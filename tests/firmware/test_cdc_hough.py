"""`cdc_hough` against an oracle of the whole chamber, and what must hold for any segments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_models import cdc_hough
from firmware_models.errors import InputError
from firmware_models.hough_plane import (
    FIRST_COLUMN,
    N_COLUMN,
    N_OMEGA,
    N_SEGMENT,
    PERIOD,
    POSITIONS,
    SHIFT,
    columns_crossed,
    crossings,
)
from firmware_models.interface.cdc_hough import AXIAL, CDC_SEGMENTS, CDC_TRACKS, N_SLOT, N_TRACK
from hdl.generate_hough import crossings_in
from hdl.testbenches.cdc_hough.stimulus import constrained
from tests.firmware import hough_oracle as oracle

Frames = NDArray[np.void]


def listed(word: np.void, tracker: int) -> list[Any]:
    """Return the segments of a frame as the oracle's, numbered round the chamber."""
    found = []
    for slot in np.flatnonzero(word["valid"]):
        layer = int(slot) // N_SLOT
        own, size = int(word["id"][slot]), N_SEGMENT[layer]
        if own < size:
            number = (own + size * tracker // 4 - SHIFT[layer]) % size
            found.append(
                oracle.Segment(2 * layer, number, int(word["position"][slot]),
                               int(word["time"][slot]), int(word["lr"][slot]))
            )  # fmt: skip
    return found


def tracks(word: np.void, tracker: int) -> list[Any]:
    """Return the tracks of a result as the oracle's."""
    found = []
    for t in range(int(word["valid"].sum())):
        segments = {}
        for layer in range(len(AXIAL)):
            at = t * len(AXIAL) + layer
            if word["position"][at]:
                size = N_SEGMENT[layer]
                number = (int(word["id"][at]) + size * tracker // 4 - SHIFT[layer]) % size
                segments[2 * layer] = oracle.Segment(
                    2 * layer, number, int(word["position"][at]), int(word["time"][at]),
                    int(word["lr"][at]),
                )  # fmt: skip
        found.append(
            oracle.Track(
                int(word["charge"][t]), int(word["omega"][t]), int(word["phi0"][t]), segments
            )
        )
    return found


def check(word: np.void, tracker: int, threshold: int = 4) -> int:
    """Compare one frame with the oracle; return the number of tracks."""
    registers = {"hit_threshold": np.array([threshold])}
    out = cdc_hough.evaluate(np.array([word], dtype=CDC_SEGMENTS.dtype), registers)[0]
    expected = oracle.find(listed(word, tracker), threshold)[tracker]
    assert tracks(out, tracker) == expected[:N_TRACK]
    assert int(out["overflow"]) == max(len(expected) - N_TRACK, 0)
    return len(expected)


@pytest.mark.parametrize("threshold", [1, 2, 3, 4, 5])
def test_constrained_frames_equal_the_oracle(threshold: int) -> None:
    words = constrained(160, seed=threshold)
    counts = [check(word, i % 4, threshold) for i, word in enumerate(words)]
    assert 0 in counts
    assert max(counts) > (3 if threshold in (1, 5) else N_TRACK)


segment = st.tuples(st.integers(0, 4), st.integers(0, 383), st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(st.lists(segment, max_size=45), st.integers(1, 5))
def test_chamber_equals_the_oracle(given: list[tuple[int, int, int]], threshold: int) -> None:
    """Any segments, dealt out to four trackers: together they find what the whole chamber has."""
    chamber = [oracle.Segment(2 * k, n % N_SEGMENT[k], p) for k, n, p in given]
    compare_chamber(chamber, threshold)


def compare_chamber(chamber: list[Any], threshold: int = 4) -> list[list[Any]]:
    words = dealt(chamber)
    out = cdc_hough.evaluate(words, {"hit_threshold": np.array([threshold])})
    expected = oracle.find(chamber, threshold)
    full = words["valid"].reshape(4, len(AXIAL), N_SLOT).all(axis=2).any(axis=1)
    for tracker in np.flatnonzero(~full):
        assert tracks(out[tracker], tracker) == expected[tracker][:N_TRACK]
        assert int(out["overflow"][tracker]) == max(len(expected[tracker]) - N_TRACK, 0)
    return [tracks(out[k], k) for k in range(4)]


def dealt(chamber: list[Any]) -> Frames:
    """Return the four frames of one data clock."""
    columns = [[getattr(s, name) for s in chamber] for name in ("superlayer", "number")]
    rest = [[getattr(s, name) for s in chamber] for name in ("lr", "position")]
    times = [(s.time + 0.5) * 1e3 / 508.887 for s in chamber]
    return cdc_hough.quantize([0, len(chamber)], *columns, times, *rest)


def circle(phi0: float, q_over_pt: float) -> list[Any]:
    """Return the first-priority segments of an ideal circle through the origin."""
    found = []
    for superlayer, size in oracle.CELLS.items():
        half_curvature = q_over_pt * 0.00299792458 * 1.5 / 2
        phi = phi0 - np.arcsin(oracle.RADII[superlayer][0] * half_curvature)
        number = round(phi / (2 * np.pi) * size) % size
        found.append(oracle.Segment(superlayer, number, 3, 100, 3))
    return found


@pytest.mark.parametrize("charge", [1, -1])
@pytest.mark.parametrize("degrees", [0.0, 1.0, 44.0, 45.0, 46.0, 134.9, 135.1, 224.9, 315.2, 359.9])
def test_circle_is_found_once_with_its_segments(charge: int, degrees: float) -> None:
    """At quadrant edges and where φ wraps too."""
    chamber = circle(np.radians(degrees), charge / 0.8)
    found = compare_chamber(chamber)
    ((tracker, track),) = [(k, t) for k in range(4) for t in found[k]]
    phi0 = 45 + 90 * tracker + 1.125 * (track.phi0 + 1)
    assert abs((phi0 - degrees + 180) % 360 - 180) < 3
    assert track.charge == (1 if charge > 0 else 2)
    assert abs(track.omega * 0.09804 - charge / 0.8) < 0.35
    assert set(track.segments.values()) == set(chamber)


def test_cluster_that_begins_below_the_quadrant_belongs_to_the_tracker_below() -> None:
    """A track at 47°: its cluster begins under 45°, so tracker 3 gives it, as half-cell 81."""
    found = compare_chamber(circle(np.radians(47.0), 0.1))
    assert [len(t) for t in found] == [0, 0, 0, 1]
    assert found[3][0].phi0 == 81


def test_straight_track_has_no_charge() -> None:
    found = compare_chamber(circle(np.radians(90.0), 0.0))
    ((track,),) = [t for t in found if t]
    assert (track.charge, track.omega) == (0, 0)


def test_many_tracks_overflow_in_their_order() -> None:
    """Eight circles well apart in one quadrant: six are given, in rising φ0; two are counted."""
    degrees = np.array([51.0, 60.0, 69.0, 84.0, 92.0, 107.0, 115.0, 133.0])
    bends = (0.1, -0.3, 0.2, 0.0, 0.3, -0.1, 0.25, -0.2)
    chamber = [s for d, b in zip(degrees, bends, strict=True) for s in circle(np.radians(d), b)]
    words = dealt(chamber)
    out = cdc_hough.evaluate(words)
    assert out["overflow"].tolist() == [2, 0, 0, 0]
    assert out["valid"].sum(axis=1).tolist() == [6, 0, 0, 0]
    assert np.allclose(45 + 1.125 * (out["phi0"][0] + 1.0), degrees[:6], atol=2.5)
    check(words[0], 0)


def test_full_slots_of_neighbours() -> None:
    """All slots full of neighbouring segments, as a shower gives: large clusters are cut at 3×3."""
    for start in (0, 7, 31):
        word = CDC_SEGMENTS.zeros(1)[0]
        word["valid"] = 1
        word["position"] = np.resize([3, 2, 1, 3], 50)
        for layer, size in enumerate(N_SEGMENT):
            middle = size // 4 + SHIFT[layer] + start * PERIOD[layer] // 10
            word["id"][layer * N_SLOT :][:N_SLOT] = middle + np.arange(N_SLOT) - 5
        for threshold in (3, 4, 5):
            assert check(word, 2, threshold) > 0


def test_empty_frames_and_no_frames() -> None:
    out = cdc_hough.evaluate(CDC_SEGMENTS.zeros(3))
    assert np.array_equal(out, CDC_TRACKS.zeros(3))
    assert len(cdc_hough.evaluate(CDC_SEGMENTS.zeros(0))) == 0


def test_four_superlayers_are_enough_and_three_are_not() -> None:
    chamber = circle(np.radians(100.0), 1.0)
    for missing in range(5):
        four = chamber[:missing] + chamber[missing + 1 :]
        found = compare_chamber(four)
        assert [len(t) for t in found] == [1, 0, 0, 0]
        assert 2 * missing not in found[0][0].segments
    assert compare_chamber(chamber[:3]) == [[], [], [], []]


def test_segment_choice_prefers_first_priority_then_id_then_slot() -> None:
    base = circle(np.radians(90.0), 0.5)
    inner = base[0]
    up = oracle.Segment(0, inner.number + 1, 1, 7, 1)
    twin = oracle.Segment(0, inner.number, 3, 55, 2)
    for extra, winner in (([up], inner), ([twin], inner), ([up, twin], inner)):
        (track,) = compare_chamber([*base, *extra])[0]
        assert track.segments[0] == winner
    second = [oracle.Segment(0, inner.number, 2, 9, 1), up]
    (track,) = compare_chamber([*base[1:], *second])[0]
    assert track.segments[0] == up
    (track,) = compare_chamber([*base[1:], twin, inner])[0]
    assert track.segments[0] == twin


def test_rotation_by_a_quadrant_moves_frames_to_the_next_tracker() -> None:
    rng = np.random.default_rng(5)
    chamber = [
        oracle.Segment(2 * k, int(rng.integers(N_SEGMENT[k])), int(rng.integers(1, 4)))
        for k in range(5) for _ in range(9)
    ]  # fmt: skip
    turned = [
        oracle.Segment(s.superlayer, (s.number + oracle.CELLS[s.superlayer] // 4)
                       % oracle.CELLS[s.superlayer], s.position)
        for s in chamber
    ]  # fmt: skip
    assert np.array_equal(np.roll(dealt(chamber), 1), dealt(turned))


# Crossings.


def test_crossings_equal_the_oracle_for_every_segment() -> None:
    """All ids and positions of a tracker, and no segment outside its ids reaches its cells."""
    mask = crossings().mask
    for layer, size in enumerate(N_SEGMENT):
        for number in range(size):
            own = (number + SHIFT[layer]) % size
            for position in POSITIONS:
                expected = np.zeros(N_COLUMN, dtype=np.int64)
                for column, row in oracle.curve(2 * layer, number, position):
                    at = (column - FIRST_COLUMN) % 160
                    if at < N_COLUMN:
                        expected[at] |= 1 << row
                seen = mask[layer, position, own] if own < 256 else np.zeros_like(expected)
                assert np.array_equal(seen, expected), (layer, number, position)
    assert not mask[:, 0].any()
    for layer, size in enumerate(N_SEGMENT):
        assert not mask[layer, :, size:].any()


def test_crossings_are_symmetric_in_charge() -> None:
    """Reflection of φ0 and y in the origin turns a curve into the one of the mirrored segment."""
    mirrored = {3: 3, 1: 2, 2: 1}
    for layer, period in enumerate(PERIOD):
        for number in range(period):
            for position in POSITIONS:
                spans = columns_crossed(layer, number, position)
                other = columns_crossed(layer, -number, mirrored[position])
                assert [(-1 - b, -1 - a) for a, b in reversed(other)] == spans


def test_rounding_of_the_crossings_is_far_from_any_edge() -> None:
    """No curve but at y = 0 passes so near a corner that another rounding would change a cell."""
    nearest = 1.0
    for layer, size in enumerate(N_SEGMENT):
        for position in POSITIONS:
            radius = oracle.RADII[2 * layer][position != 3]
            for j in range(N_OMEGA + 1):
                if j == N_OMEGA // 2:
                    continue
                angle = np.arcsin(radius * oracle.Y_MAX * (2 * j - N_OMEGA) / N_OMEGA)
                at = 160 * ((np.arange(size) + oracle.HALF[position]) / size + angle / (2 * np.pi))
                nearest = min(nearest, float(np.abs(at - np.round(at)).min()))
    assert nearest > 100 * 2.0**-24


def test_tracks_overflow_field_holds_every_square() -> None:
    """Twenty by seventeen squares less six fit the field."""
    assert CDC_TRACKS["overflow"].high >= 20 * 17 - N_TRACK


# Bad input.


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"offsets": [0, 2]}, "offsets must rise"),
        ({"offsets": [1, 1]}, "offsets must rise"),
        ({"superlayer": [9]}, "superlayer: must lie in 0 to 8"),
        ({"segment": [160]}, "numbered from 0"),
        ({"segment": [-1]}, "numbered from 0"),
        ({"time_ns": [2000.0]}, "time: must lie in 0 to 511"),
        ({"time_ns": [float("nan")]}, "time: must lie in 0 to 511"),
        ({"lr": [4]}, "lr: must lie in 0 to 3"),
        ({"position": [-1]}, "position: must lie in 0 to 3"),
        ({"clock": 320}, "clock: must lie in 0 to 319"),
    ],
)
def test_bad_segments(change: dict[str, Any], says: str) -> None:
    good: dict[str, Any] = {
        "offsets": [0, 1], "superlayer": [0], "segment": [3], "time_ns": [0.0], "lr": [3],
        "position": [3],
    }  # fmt: skip
    assert len(cdc_hough.quantize(**good)) == 4
    with pytest.raises(InputError, match=says):
        cdc_hough.quantize(**(good | change))


@pytest.mark.parametrize("value", [0, 6, 7])
def test_bad_threshold(value: int) -> None:
    with pytest.raises(InputError, match="1 to 5"):
        cdc_hough.evaluate(CDC_SEGMENTS.zeros(1), {"hit_threshold": np.array([value])})


def test_unknown_register() -> None:
    with pytest.raises(InputError, match="hit_threshold"):
        cdc_hough.evaluate(CDC_SEGMENTS.zeros(1), {"hit_treshold": np.array([4])})


def test_stereo_segments_are_left_out_and_slots_keep_their_order() -> None:
    """Eleven segments of one superlayer: the first ten stay; superlayer 1 is not there."""
    numbers = [25 + i for i in range(11)]
    words = cdc_hough.quantize(
        [0, 0, 12], [1, *[0] * 11], [0, *numbers], np.arange(12) * 10.0, [3] * 12, [3] * 12,
        clock=[5, 6],
    )  # fmt: skip
    assert words["clock"].tolist() == [5] * 4 + [6] * 4
    assert not words["valid"][:4].any()
    first = words[4]
    assert first["valid"].tolist() == [1] * N_SLOT + [0] * 40
    assert first["id"][:N_SLOT].tolist() == numbers[:N_SLOT]
    assert first["time"][:N_SLOT].tolist() == [int(10.0 * i * 0.508887) for i in range(1, 11)]


def test_text_of_the_generated_module_has_exactly_these_crossings() -> None:
    """Every term of the RTL's lists, read back, and every crossing of the table."""
    text = Path(__file__).resolve().parents[2] / "hdl" / "generated" / "cdc_hough_plane.sv"
    mask = crossings().mask
    expected = set()
    for row in range(N_OMEGA):
        for layer, position, number, column in np.argwhere(mask >> row & 1).tolist():
            expected.add((layer, position, number, column, row))
    assert crossings_in(text.read_text(encoding="utf-8")) == expected
    assert len(expected) > 70_000
