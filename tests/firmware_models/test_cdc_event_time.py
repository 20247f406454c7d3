"""Event time against a histogram of absolute times in plain Python."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from firmware_models import cdc_event_time
from firmware_models.cdc_layers import SUPERLAYER_CELLS
from firmware_models.errors import InputError
from hdl.testbenches.cdc_event_time.stimulus import constrained, registers

Answer = tuple[int, int, int, int]


def oracle(word: np.void, entries: int, width: int) -> Answer:
    """Put every stamp at its absolute time in the window, then count bins."""
    last_clock = 512 + int(word["clock"])  # any turn of the counter
    window = range(16 * (last_clock - 15), 16 * (last_clock + 1))
    assert len(window) == 256
    place = {tick % 512: tick for tick in window}
    times = [place[int(t)] for v, t in zip(word["valid"], word["time"], strict=True)
             if v and int(t) in place]  # fmt: skip
    if not times:
        return 0, 0, 0, 0
    bins = Counter((time - window[0]) // width for time in times)
    full = sorted(number for number, count in bins.items() if count >= entries)
    found = (1, (window[0] + width * full[0]) % 512) if full else (0, 0)
    return *found, 1, min(times) % 512


def listed(out: np.ndarray[Any, Any]) -> list[Answer]:
    names = ("valid", "time", "earliest_valid", "earliest")
    return [tuple(int(word[name]) for name in names) for word in out]  # type: ignore[misc]


@pytest.mark.parametrize("seed", range(8))
def test_model_is_the_rule(seed: int) -> None:
    words = constrained(600, seed)
    chosen = registers(seed) if seed else None
    entries, bin_shift = (int(chosen[name][0]) for name in ("entries", "bin")) if chosen else (2, 2)
    out = cdc_event_time.evaluate(words, chosen)
    assert listed(out) == [oracle(word, max(entries, 1), 1 << bin_shift) for word in words]
    assert (out["clock"] == words["clock"]).all()


def test_default_is_two_in_four_ticks() -> None:
    found = {r.name: r.default for r in cdc_event_time.describe().registers}
    assert found == {"entries": 2, "bin": 2}


def test_stimulus_reaches_every_answer() -> None:
    registers = {"entries": np.array([4]), "bin": np.array([0])}
    out = cdc_event_time.evaluate(constrained(4000, 2), registers)
    for name in ("valid", "earliest_valid"):
        assert 100 < out[name].sum() < len(out) - 100
    there = out["valid"] == 1
    assert (out["time"] != out["earliest"])[there].sum() > 100
    start = 16 * (out["clock"].astype(int) - 15)
    assert {0, 63, 64, 127, 128, 191, 192, 255} <= set(((out["time"] - start) % 512)[there])


@pytest.mark.parametrize("seed", [1, 2])
def test_later_clock_means_later_times(seed: int) -> None:
    """All stamps and the clock moved on together: the answer moves with them, in every phase."""
    words = constrained(300, seed)
    out = cdc_event_time.evaluate(words)
    for clocks in range(1, 33):
        moved = words.copy()
        moved["clock"] = (words["clock"].astype(int) + clocks) % 512
        moved["time"] = (words["time"].astype(int) + 16 * clocks) % 512
        later = cdc_event_time.evaluate(moved)
        for name, valid in (("time", "valid"), ("earliest", "earliest_valid")):
            assert (later[valid] == out[valid]).all()
            expected = np.where(out[valid] == 1, (out[name].astype(int) + 16 * clocks) % 512, 0)
            assert (later[name] == expected).all()


def test_order_of_slots_does_not_matter() -> None:
    words = constrained(500, 4)
    mixed = words.copy()
    order = np.random.default_rng(1).permutation(360)
    for name in ("valid", "time"):
        mixed[name] = words[name][:, order]
    assert np.array_equal(cdc_event_time.evaluate(mixed), cdc_event_time.evaluate(words))


def test_more_entries_come_later_wider_bins_earlier() -> None:
    words = constrained(2000, 5)

    def at(entries: int, bin_shift: int) -> np.ndarray[Any, Any]:
        chosen = {"entries": np.array([entries]), "bin": np.array([bin_shift])}
        return cdc_event_time.evaluate(words, chosen)

    start = 16 * (words["clock"].astype(int) - 15)

    def place(out: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.where(out["valid"] == 1, (out["time"] - start) % 512, 1000)

    for bin_shift in range(4):
        for entries in range(1, 7):
            assert (place(at(entries, bin_shift)) <= place(at(entries + 1, bin_shift))).all()
    for entries in (2, 4):
        for bin_shift in range(3):
            assert (place(at(entries, bin_shift + 1)) <= place(at(entries, bin_shift))).all()
    one = at(1, 0)
    assert (one["time"] == one["earliest"]).all()
    assert (one["valid"] == one["earliest_valid"]).all()
    assert np.array_equal(at(0, 2), at(1, 2))


# ------------------------------------------------------------------------------------- by hand
FOUR_EQUAL = {"entries": 4, "bin": 0}


def frame(times: list[int], clock: int = 15, **chosen: int) -> Answer:
    n = len(times)
    layer = np.arange(n) % 9
    words = cdc_event_time.quantize([0, n], layer, np.arange(n) // 9, times, clock=clock)
    assert words["valid"].sum() == n
    set_to = {name: np.array([value]) for name, value in {**FOUR_EQUAL, **chosen}.items()}
    return listed(cdc_event_time.evaluate(words, set_to))[0]


def test_peak_by_hand() -> None:
    assert frame([]) == (0, 0, 0, 0)
    assert frame([40, 90, 90, 90]) == (0, 0, 1, 40)
    assert frame([40, 90, 90, 90, 90]) == (1, 90, 1, 40)
    assert frame([200] * 6 + [90] * 4) == (1, 90, 1, 90)
    assert frame([40, 41, 42, 43], bin=2) == (1, 40, 1, 40)
    # Bins lie fixed: 41 to 44 are in two of them.
    assert frame([41, 42, 43, 44], bin=2) == (0, 0, 1, 41)
    assert frame([41, 42, 43, 44], bin=3) == (1, 40, 1, 41)
    assert frame([255, 0], entries=1) == (1, 0, 1, 0)


def test_window_of_sixteen_clocks() -> None:
    """At clock 20 it is 80 to 335; older and later stamps are not seen."""
    assert frame([79, 336, 0, 500], clock=20) == (0, 0, 0, 0)
    assert frame([335] * 4 + [79] * 5, clock=20) == (1, 335, 1, 335)
    assert frame([80] * 4, clock=20) == (1, 80, 1, 80)
    # At clock 3 it is -192 to 63, so 320 to 511 and 0 to 63.
    assert frame([63] * 4 + [320] * 4, clock=3) == (1, 320, 1, 320)
    assert frame([0] * 4 + [319], clock=3) == (1, 0, 1, 0)
    # The turn ends with clock 319, and 320 is a multiple of 32.
    assert frame([505] * 4, clock=0) == frame([505] * 4, clock=32) == (1, 505, 1, 505)


def test_counts_beyond_seven_do_not_wrap() -> None:
    """8, 16 and 90 equal times are enough for 7 entries."""
    for n in (7, 8, 16, 32, 90):
        assert frame([11] * n, entries=7) == (1, 11, 1, 11)
    assert frame([11] * 6, entries=7) == (0, 0, 1, 11)


# ------------------------------------------------------------------------------------- quantize
@pytest.mark.parametrize("superlayer", range(9))
def test_home_is_the_quadrant_of_the_azimuth(superlayer: int) -> None:
    cells = SUPERLAYER_CELLS[superlayer]
    tracker = cdc_event_time.home_tracker(superlayer, np.arange(cells))
    for number, found in enumerate(tracker.tolist()):
        degrees = Fraction(360 * number, cells)
        assert found == (degrees - 45) // 90 % 4
    assert np.bincount(tracker).tolist() == [cells // 4] * 4


def test_segments_are_dealt_to_home_slots() -> None:
    # Superlayer 0: segment 30 is at 67.5°, 150 at 337.5°. Superlayer 8: segment 0 at 0°.
    words = cdc_event_time.quantize([0, 2, 2, 3], [0, 0, 8], [30, 150, 0], [5, 6, 511], clock=2)
    slots = [np.flatnonzero(row).tolist() for row in words["valid"]]
    assert slots == [[0, 3 * 90], [], [3 * 90 + 80]]
    assert words["time"][0, [0, 270]].tolist() == [5, 6]
    assert words["time"][2, 350] == 511
    assert words["clock"].tolist() == [2, 2, 2]


def test_first_ten_of_a_superlayer_count() -> None:
    times = np.arange(40, 52)
    words = cdc_event_time.quantize([0, 12], np.full(12, 3), np.arange(40, 52), times)
    assert words["time"][0, 30:40].tolist() == list(range(40, 50))
    assert words["valid"].sum() == 10


def random_segments(n: int, seed: int) -> tuple[np.ndarray[Any, Any], ...]:
    rng = np.random.default_rng(seed)
    offsets = np.concatenate(([0], np.cumsum(rng.poisson(30, n))))
    layer = rng.integers(0, 9, offsets[-1])
    local = rng.integers(0, np.array(SUPERLAYER_CELLS)[layer])
    return offsets, layer, local, rng.integers(0, 256, offsets[-1])


def test_slots_of_the_finders_hold_the_same_segments() -> None:
    """Each tracker's slots with everything that it sees: foreign segments in them do not count."""
    offsets, layer, local, fastest = random_segments(60, 6)
    slots = np.full((240, 9, 10), -1, dtype=np.int32)
    for frame_number in range(60):
        for row in range(offsets[frame_number], offsets[frame_number + 1]):
            home = (Fraction(360 * int(local[row]), SUPERLAYER_CELLS[layer[row]]) - 45) // 90 % 4
            for tracker in (home, (home + 1) % 4):  # its neighbour sees it too
                places = slots[4 * frame_number + tracker, layer[row]]
                free = np.flatnonzero(places < 0)
                if len(free):
                    places[free[0]] = row
    assert (slots[:, :, 9] < 0).all()  # nothing was dropped
    words = cdc_event_time.quantize(offsets, layer, local, fastest)
    seen = cdc_event_time.from_slots(slots, layer, local, fastest)
    assert (seen["valid"].sum(axis=1) == np.diff(offsets)).all()
    chosen = {"entries": np.array([2]), "bin": np.array([1])}
    out = cdc_event_time.evaluate(words, chosen)
    assert np.array_equal(cdc_event_time.evaluate(seen, chosen), out)
    assert 0.2 < out["valid"].mean() < 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"offsets": [1, 2]}, "rise from 0"),
        ({"offsets": [0, 1]}, "rise from 0"),
        ({"superlayer": [0, 9]}, "superlayer: must lie in 0 to 8, not 0 to 9"),
        ({"local": [0, 160]}, "numbered from 0"),
        ({"local": [-1, 0]}, "numbered from 0"),
        ({"fastest": [0, 512]}, "fastest: must lie in 0 to 511"),
        ({"clock": 512}, "clock: must lie in 0 to 511"),
    ],
)
def test_quantize_refuses(change: dict[str, Any], text: str) -> None:
    given: dict[str, Any] = {
        "offsets": [0, 2], "superlayer": [0, 0], "local": [0, 1], "fastest": [0, 1],
    } | change  # fmt: skip
    with pytest.raises(InputError, match=text):
        cdc_event_time.quantize(**given)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"entry": 4}, "entries"),
        ({"entries": 8}, "0 to 7"),
        ({"bin": -1}, "0 to 3"),
        ({"bin": [1, 2]}, "0 to 3"),
    ],
)
def test_registers_are_checked(values: dict[str, Any], text: str) -> None:
    chosen = {name: np.array(value) for name, value in values.items()}
    with pytest.raises(InputError, match=text):
        cdc_event_time.evaluate(constrained(1, 1), chosen)


def test_slots_of_another_shape_are_refused() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(InputError, match="shape"):
        cdc_event_time.from_slots(np.full((3, 9, 10), -1, np.int32), nothing, nothing, nothing)
