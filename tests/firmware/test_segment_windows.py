"""Whole windows: equal to the stream at its last data clock, and dealt out as the rules say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_models import cdc_segment
from firmware_models.cdc_segment import deal, find_segments, list_words, quantize
from firmware_models.errors import InputError
from firmware_models.segment_dealing import locals_of
from firmware_models.segment_finding import Segments
from firmware_models.segment_lut import SIZES, SegmentLut
from firmware_models.wire_hits import WireHits
from tests.firmware.segment_oracle import CELLS, NEAR, SHIFT

LAST = 15


@pytest.fixture(scope="module")
def lut() -> SegmentLut:
    """Tables of random entries, 0 among them."""
    return SegmentLut(np.random.default_rng(6).integers(0, 4, sum(SIZES)).astype(np.uint8))


def random_hits(shares: list[float], seed: int = 3, ticks: int = 300) -> WireHits:
    """Return windows in each of which a share of all wires is hit."""
    rng = np.random.default_rng(seed)
    wires = [np.flatnonzero(rng.random(14336) < share) for share in shares]
    offsets = np.concatenate(([0], np.cumsum([len(w) for w in wires])))
    wire = np.concatenate(wires).astype(np.uint16)
    return WireHits(offsets, wire, rng.integers(0, ticks, len(wire)).astype(np.uint16))


SHARES = [0.0, 0.03, 0.08, 0.15, 0.3, 0.6, 1.0, 0.0, 0.1]


@pytest.mark.parametrize(("least", "shape"), [(1, 0), (3, 0), (4, 0), (5, 0), (3, 1), (4, 1)])
def test_window_equals_the_stream_at_its_last_clock(
    least: int, shape: int, lut: SegmentLut
) -> None:
    hits = random_hits(SHARES)
    segments = find_segments(hits, least, lut, shape)
    slots, dropped = deal(segments)
    assert dropped.any()
    for superlayer in range(9):
        words = list_words(segments, slots, dropped, superlayer)
        registers = {"superlayer": np.array([superlayer]), "min_layers": np.array([least]),
                     "shape": np.array([shape])}  # fmt: skip
        for tracker in range(4):
            frames = quantize(hits, superlayer, tracker)
            out = cdc_segment.evaluate(frames, registers, lut=lut)[LAST::32]
            assert np.array_equal(out["clock"], np.arange(len(hits)) * 32 % 320 + LAST)
            out["clock"] = LAST
            mine = words[tracker::4]
            for name in out.dtype.names or ():
                assert np.array_equal(out[name], mine[name]), (superlayer, tracker, name)


def test_windows_do_not_depend_on_each_other(lut: SegmentLut) -> None:
    hits = random_hits(SHARES)
    whole = find_segments(hits, lut=lut)
    order = np.array([6, 3, 0, 8, 1, 1, 4])
    mixed = find_segments(hits.select(order), lut=lut)
    for new, old in enumerate(order.tolist()):
        for name in vars(whole):
            if name != "offsets":
                a = getattr(whole, name)[whole.offsets[old] : whole.offsets[old + 1]]
                b = getattr(mixed, name)[mixed.offsets[new] : mixed.offsets[new + 1]]
                assert np.array_equal(a, b)


def test_rising_order_and_what_a_late_hit_does(lut: SegmentLut) -> None:
    segments = find_segments(random_hits(SHARES), lut=lut)
    key = (segments.window_of * 9 + segments.superlayer) * 384 + segments.local
    assert (np.diff(key) > 0).all()
    assert segments.time.max() <= 255
    assert (segments.fastest <= segments.time).all()
    all_late = random_hits([0.5])
    late = WireHits(all_late.offsets, all_late.wire, np.full_like(all_late.time, 256))
    assert len(find_segments(late, lut=lut).local) == 0


def test_no_window_and_no_hit(lut: SegmentLut) -> None:
    none = WireHits(np.zeros(1, dtype=np.int64), np.zeros(0, np.uint16), np.zeros(0, np.uint16))
    assert len(find_segments(none, lut=lut)) == 0
    assert deal(find_segments(none, lut=lut))[0].shape == (0, 9, 10)
    assert len(quantize(none, 0, 0)) == 0


def test_wires_outside_the_chamber_are_refused(lut: SegmentLut) -> None:
    hits = WireHits(
        np.array([0, 2, 2, 4]), np.array([3, 14335, 14336, 20000], dtype=np.uint16),
        np.zeros(4, dtype=np.uint16),
    )  # fmt: skip
    for run in (lambda: find_segments(hits, lut=lut), lambda: quantize(hits, 8, 0)):
        with pytest.raises(InputError, match="window 2: wires are numbered 0 to 14335, not 14336"):
            run()


@pytest.mark.parametrize("least", [0, 6])
def test_bad_threshold_is_refused(least: int, lut: SegmentLut) -> None:
    with pytest.raises(InputError, match=f"min_layers: must lie in 1 to 5, not {least}"):
        find_segments(random_hits([0.1]), least, lut)


def test_unknown_shape_is_refused(lut: SegmentLut) -> None:
    with pytest.raises(InputError, match="shape: must be 0 or 1, not 2"):
        find_segments(random_hits([0.1]), lut=lut, shape=2)


def test_windows_of_the_extended_shape_do_not_depend_on_each_other(lut: SegmentLut) -> None:
    hits = random_hits(SHARES)
    turned = hits.select(np.arange(len(hits))[::-1])
    whole, back = find_segments(hits, lut=lut, shape=1), find_segments(turned, lut=lut, shape=1)
    assert np.array_equal(np.diff(whole.offsets), np.diff(back.offsets)[::-1])
    order = np.argsort(len(hits) - 1 - back.window_of, kind="stable")
    for name in vars(whole):
        if name != "offsets":
            assert np.array_equal(getattr(whole, name), getattr(back, name)[order])


def dealt_by_hand(segments: Segments) -> tuple[list[list[list[int]]], list[list[int]]]:
    """Return rows by frame and superlayer, in a plain loop over ids, and those beyond ten."""
    rows: list[list[list[int]]] = []
    beyond: list[list[int]] = []
    for window in range(len(segments)):
        here = range(int(segments.offsets[window]), int(segments.offsets[window + 1]))
        where = {(int(segments.superlayer[r]), int(segments.local[r])): r for r in here}
        for tracker in range(4):
            rows.append([])
            beyond.append([])
            for part in range(9):
                low, high = NEAR[part]
                by_id = {}
                for identity in range(low, high + 1):
                    local = (identity - SHIFT[part] + CELLS[part] * tracker // 4) % CELLS[part]
                    if (part, local) in where:
                        by_id[identity] = where[part, local]
                first = {i for i, r in by_id.items() if segments.position[r] == 3}
                kept = [r for i, r in by_id.items()
                        if i in first or not {i - 1, i + 1} & first]  # fmt: skip
                rows[-1].append(kept[:10])
                beyond[-1].append(len(kept[10:]))
    return rows, beyond


def test_deal_equals_a_plain_loop(lut: SegmentLut) -> None:
    segments = find_segments(random_hits([0.1, 0.2, 0.4, 0.0, 1.0]), lut=lut)
    slots, dropped = deal(segments)
    rows, beyond = dealt_by_hand(segments)
    assert dropped.tolist() == beyond
    assert slots.shape == (20, 9, 10)
    for frame, lists in enumerate(rows):
        for part, kept in enumerate(lists):
            assert slots[frame, part].tolist() == kept + [-1] * (10 - len(kept))


def test_numbers_of_the_chamber_come_back(lut: SegmentLut) -> None:
    segments = find_segments(random_hits([0.1, 0.2]), lut=lut)
    slots, dropped = deal(segments)
    for part in range(9):
        words = list_words(segments, slots, dropped, part, clock=7)
        assert (words["clock"] == 7).all()
        for tracker in range(4):
            local = locals_of(words[tracker::4], part, tracker)
            rows = slots[tracker::4, part]
            assert np.array_equal(local, np.where(rows < 0, -1, segments.local[rows].astype(int)))


def plain_stream(
    hits: WireHits, superlayer: int, tracker: int, starts: list[int], clocks: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return hits and times of a stream, hit by hit."""
    layers = [8, 6, 6, 6, 6, 6, 6, 6, 6]
    first = sum(n * c for n, c in zip(layers[:superlayer], CELLS, strict=False))
    inner, cells = 3 if superlayer == 0 else 0, CELLS[superlayer]
    low, high = NEAR[superlayer]
    earliest: dict[tuple[int, int], int] = {}
    for window, start in enumerate(starts):
        for i in range(int(hits.offsets[window]), int(hits.offsets[window + 1])):
            layer, number = divmod(int(hits.wire[i]) - first, cells)
            clock, time = divmod(int(hits.time[i]), 16)
            for identity in range(low - 4, high + 5):
                same = (identity - SHIFT[superlayer] + cells * tracker // 4 - number) % cells == 0
                if same and 0 <= layer - inner < 5 and start + clock < clocks:
                    place = (start + clock, 5 * (identity + 4) + layer - inner)
                    earliest[place] = min(time, earliest.get(place, 16))
    hit, times = np.zeros((2, clocks, 1200), dtype=np.uint8)
    for place, time in earliest.items():
        hit[place], times[place] = 1, time
    return hit, times


@pytest.mark.parametrize(("superlayer", "tracker"), [(0, 0), (1, 3), (5, 2), (8, 1)])
def test_stream_of_windows_at_chosen_clocks(superlayer: int, tracker: int) -> None:
    hits = random_hits([0.3, 0.05, 0.3], ticks=400)
    starts = [310, 3, 312]
    words = quantize(hits, superlayer, tracker, starts=starts, clocks=330)
    hit, times = plain_stream(hits, superlayer, tracker, starts, 330)
    assert hit.any()
    assert np.array_equal(words["hit"], hit)
    assert np.array_equal(words["time"], times)
    assert words["clock"].tolist() == [c % 320 for c in range(330)]
    assert len(quantize(hits, superlayer, tracker, starts=starts)) == 312 + 25
    assert len(quantize(hits, superlayer, tracker)) == 3 * 32


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"superlayer": 9, "tracker": 0}, "superlayer: must lie in 0 to 8, not 9"),
        ({"superlayer": 0, "tracker": 4}, "tracker: must lie in 0 to 3, not 4"),
        ({"superlayer": 0, "tracker": 0, "starts": [1]}, "starts: must be 2 data clocks"),
        ({"superlayer": 0, "tracker": 0, "starts": [1, -1]}, "starts: must be 2 data clocks"),
        ({"superlayer": 0, "tracker": 0, "starts": [0.5, 1]}, "starts: must be 2 data clocks"),
        ({"superlayer": 0, "tracker": 0, "clocks": -1}, "clocks: must be 0 or more, not -1"),
    ],
)
def test_bad_streams_are_refused(arguments: dict[str, object], text: str) -> None:
    with pytest.raises(InputError, match=text):
        quantize(random_hits([0.01, 0.01]), **arguments)  # type: ignore[arg-type]
