"""Short and inner tracks against the rules in plain Python, bin by bin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from firmware_models import grl_short
from firmware_models.cdc_layers import layer_table
from firmware_models.errors import InputError
from firmware_models.interface.cdc_hough import CDC_TRACKS
from firmware_models.interface.grl import GRL_SEGMENTS
from firmware_models.segment_finding import Segments
from firmware_models.short_patterns import short_patterns
from hdl.testbenches.grl_short.stimulus import constrained, registers

Row = tuple[set[int], set[int], list[int], set[int], set[int], list[int], int]

SL0_CM, SL2_CM = 19.8, 40.16
"""First-priority layers."""

NO_VETO = {"veto": np.array([63])}


# -------------------------------------------------------------------------------------- oracle
def turn(curvature: int, radius: float) -> int:
    """Return counts of 1/2560 turn by asin(κ R / 2)."""
    angle = math.asin(4.4087e-4 * curvature * radius / 2)
    return math.floor(angle / (2 * math.pi) * 2560 + 0.5)


def near(a: int, b: int) -> int:
    return min((a - b) % 64, (b - a) % 64)


def vetoed(word: Any, veto: int) -> set[int]:
    out: set[int] = set()
    for slot in range(24):
        omega = int(word["omega"][slot])
        if veto == 63 or not word["valid"][slot] or abs(omega) > 33:
            continue
        eighths = 8 * (41 + 80 * (slot // 6) + int(word["phi0"][slot]))
        late = turn(abs(omega), SL2_CM)
        centre = (eighths - (late if omega > 0 else -late)) % 2560 // 40
        reach = veto + math.ceil((late - turn(abs(omega), SL0_CM)) / 40)
        out |= {i for i in range(64) if near(i, centre) <= reach}
    return out


def tenth(i: int) -> int:
    """Return the bin of 10° that the middle of bin i lies in."""
    return int((i + 0.5) * 5.625 // 10)


def oracle(word: Any, veto: int) -> Row:
    layers = [set(np.flatnonzero(word["segment"][64 * s : 64 * s + 64]).tolist()) for s in range(5)]
    inner = {
        i for i in layers[0]
        if any((i - k) % 64 in layers[1] for k in range(5))
        and any((i + k) % 64 in layers[2] for k in range(-2, 3))
    }  # fmt: skip
    out = vetoed(word, veto)
    short: set[int] = set()
    side, ecl, klm = [0, 0], set(), set()
    patterns = short_patterns()
    rows = zip(patterns.offset.tolist(), patterns.side.tolist(), patterns.ecl.tolist(),
               patterns.klm.tolist(), strict=True)  # fmt: skip
    listed = list(rows)
    for i in layers[0] - out:
        for offset, s, to_ecl, to_klm in listed:
            if all((i + d) % 64 in layers[k + 1] for k, d in enumerate(offset)):
                short.add(i)
                side[s] = 1
                ecl.add(36 * s + tenth((i + to_ecl) % 64))
                klm |= {4 * s + (i + to_klm + k) % 64 // 16 for k in (-1, 0, 1)}
    runs = sum((i - 1) % 64 not in short for i in short) or int(len(short) == 64)
    count = [int(runs == 1), int(runs == 2), int(runs == 3), int(runs > 3)]
    return short, inner, side, ecl, klm, count, int(bool(inner))


def listed(out: np.ndarray[Any, Any]) -> list[Row]:
    def bits(name: str, row: Any) -> set[int]:
        return set(np.flatnonzero(row[name]).tolist())

    return [
        (bits("short", w), bits("inner", w), w["short_side"].tolist(), bits("short_ecl", w),
         bits("short_klm", w), w["ts"].tolist(), int(w["ti"]))
        for w in out
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_model_is_the_rule(seed: int) -> None:
    words = constrained(250, seed)
    chosen = registers(seed) if seed else {}
    out = grl_short.evaluate(words, chosen)
    veto = int(chosen["veto"][0]) if seed else 2
    assert listed(out) == [oracle(word, veto) for word in words]
    assert (out["clock"] == words["clock"]).all()


def test_every_bit_is_reached() -> None:
    words = constrained(4000, 1)
    out = grl_short.evaluate(words)
    for name in ("short", "inner", "short_side", "short_ecl", "short_klm", "ts"):
        often = out[name].sum(axis=0, dtype=int)
        assert (often > 50).all(), name
        assert (often < len(out) - 50).all(), name
    # What the veto does, and does not do.
    free = grl_short.evaluate(words, NO_VETO)
    assert (out["short"] <= free["short"]).all()
    assert 100 < (out["short"] != free["short"]).any(axis=1).sum() < 3000
    assert np.array_equal(out["inner"], free["inner"])


# ------------------------------------------------------------------------------------ by hand
def planted(pattern: int, i: int) -> np.ndarray[Any, Any]:
    words = GRL_SEGMENTS.zeros(1)
    for superlayer, step in enumerate((0, *short_patterns().offset[pattern])):
        words["segment"][0, 64 * superlayer + (i + step) % 64] = 1
    return words


def test_each_pattern_alone_is_one_short_track_anywhere() -> None:
    patterns = short_patterns()
    for p in range(len(patterns)):
        words = np.concatenate([planted(p, i) for i in range(64)])
        out = grl_short.evaluate(words)
        assert np.array_equal(out["short"], np.eye(64, dtype=np.uint8))
        assert (out["ts"] == (1, 0, 0, 0)).all()
        assert (out["short_side"][:, patterns.side[p]] == 1).all()
        assert (out["short_side"].sum(axis=1) == 1).all()
        assert (out["short_ecl"].sum(axis=1) == 1).all()
        # One sector, or two where bins beside its azimuth belong to another: 8 bins of 64.
        assert np.bincount(out["short_klm"].sum(axis=1)).tolist() == [0, 56, 8]
        # A segment less, and nothing is left.
        for superlayer in range(5):
            less = words.copy()
            less["segment"][:, 64 * superlayer : 64 * superlayer + 64] = 0
            assert not grl_short.evaluate(less)["short"].any()


@pytest.mark.parametrize("turned", [1, 16, 63])
def test_turning_the_chamber_turns_the_bins(turned: int) -> None:
    words = constrained(300, 4)
    words["valid"] = 0
    out = grl_short.evaluate(words)
    rolled = words.copy()
    bins = words["segment"].reshape(-1, 5, 64)
    rolled["segment"] = np.roll(bins, turned, axis=2).reshape(-1, 320)
    other = grl_short.evaluate(rolled)
    for name in ("short", "inner"):
        assert np.array_equal(np.roll(out[name], turned, axis=1), other[name])
    for name in ("ts", "ti", "short_side"):
        assert np.array_equal(out[name], other[name])
    if turned == 16:  # a quadrant: bins of 10° and sectors turn too
        for name, count in (("short_ecl", 36), ("short_klm", 4)):
            before = np.roll(out[name].reshape(-1, 2, count), count // 4, axis=2)
            assert np.array_equal(before.reshape(len(words), -1), other[name])


def test_runs_are_counted_round_the_circle() -> None:
    patterns = short_patterns()
    straight = patterns.offset.tolist().index([0, 0, 0, 0])

    def count(bins: list[int]) -> list[int]:
        words = GRL_SEGMENTS.zeros(1)
        for i in bins:
            words["segment"] |= planted(straight, i)["segment"]
        out = grl_short.evaluate(words)
        assert set(np.flatnonzero(out["short"][0]).tolist()) >= set(bins)
        result: list[int] = out["ts"][0].tolist()
        return result

    assert count([]) == [0, 0, 0, 0]
    assert count([63, 0]) == [1, 0, 0, 0]
    assert count([0, 20, 40]) == [0, 0, 1, 0]
    assert count([0, 12, 24, 36]) == count([0, 10, 20, 30, 40]) == [0, 0, 0, 1]
    assert count(list(range(64))) == [1, 0, 0, 0]


@pytest.mark.parametrize(("omega", "centre", "growth"), [(0, 8, 0), (33, 5, 2), (-33, 11, 2)])
def test_veto_of_a_full_track(omega: int, centre: int, growth: int) -> None:
    """φ0 = 46.125° is bin 8; |ω| = 33 turns 17.0° up to superlayer 2: to 29.1° or 63.1°."""
    straight = short_patterns().offset.tolist().index([0, 0, 0, 0])
    words = np.concatenate([planted(straight, i) for i in range(64)])
    words["valid"][:, 0] = 1
    words["omega"][:, 0] = omega
    for veto in (0, 2, 5):
        out = grl_short.evaluate(words, {"veto": np.array([veto])})
        left = out["short"].any(axis=1)
        reach = veto + growth
        gone = {i % 64 for i in range(centre - reach, centre + reach + 1)}
        assert set(np.flatnonzero(~left).tolist()) == gone
    assert grl_short.evaluate(words, NO_VETO)["short"].any(axis=1).all()
    assert not grl_short.evaluate(words, {"veto": np.array([62])})["short"].any()
    # A curvature that the finder does not give reaches nothing.
    words["omega"][:, 0] = 34
    assert grl_short.evaluate(words)["short"].any(axis=1).all()


# ------------------------------------------------------------------------------------ quantize
def segments(rows: list[tuple[int, int]]) -> Segments:
    superlayer, local = np.array(rows).T
    zeros = np.zeros(len(rows), dtype=np.uint16)
    return Segments(
        np.array([0, 0, len(rows)]), superlayer.astype(np.uint8), local.astype(np.uint16),
        zeros, zeros.astype(np.uint8), zeros.astype(np.uint8), zeros, zeros,
    )  # fmt: skip


def test_quantize_bins_segments_and_puts_trackers_side_by_side() -> None:
    cells = (160, 160, 192, 224, 256)
    rows = [(s, n) for s in range(5) for n in (0, 1, cells[s] // 2, cells[s] - 1)] + [(5, 7)]
    tracks = CDC_TRACKS.zeros(8)
    tracks["clock"] = np.repeat([7, 8], 4)
    tracks["valid"][1, 0] = tracks["valid"][6, 5] = 1
    tracks["phi0"][1, 0], tracks["phi0"][6, 5] = 33, 82
    tracks["omega"][1, 0], tracks["omega"][6, 5] = -33, 20
    tracks["phi0"][2, 3] = 12  # what an empty slot holds
    words = grl_short.quantize(segments(rows), tracks)
    assert words["clock"].tolist() == [7, 8]
    assert not words["segment"][0].any()
    expected = [64 * s + i for s in range(5) for i in (0, 32, 63)]
    assert np.flatnonzero(words["segment"][1]).tolist() == expected
    assert [np.flatnonzero(row).tolist() for row in words["valid"]] == [[6], [17]]
    assert words["omega"][0].tolist() == [-33 * (slot == 6) for slot in range(24)]
    assert words["omega"][1].tolist() == [20 * (slot == 17) for slot in range(24)]
    assert [np.flatnonzero(row).tolist() for row in words["phi0"]] == [[6], [17]]
    assert grl_short.quantize(segments(rows), tracks, 300)["clock"].tolist() == [300, 300]


def test_radii_are_those_of_the_chamber() -> None:
    radius = layer_table().radius
    assert radius[grl_short.INNER_LAYER] == SL0_CM
    assert radius[grl_short.VETO_LAYER] == pytest.approx(SL2_CM, abs=1e-9)


def test_nonsense_is_refused() -> None:
    given = segments([(0, 0)])
    with pytest.raises(InputError, match="8 words 'cdc_tracks' for 2 windows"):
        grl_short.quantize(given, CDC_TRACKS.zeros(4))
    with pytest.raises(InputError, match="not shape"):
        grl_short.quantize(given, GRL_SEGMENTS.zeros(8))
    with pytest.raises(InputError, match="clock: must lie in 0 to 511"):
        grl_short.quantize(given, CDC_TRACKS.zeros(8), 512)
    with pytest.raises(InputError, match="no_such"):
        grl_short.evaluate(GRL_SEGMENTS.zeros(1), {"no_such": np.array([1])})
    for value in ([64], [-1], [1, 2]):
        with pytest.raises(InputError, match="one of 0 to 63"):
            grl_short.evaluate(GRL_SEGMENTS.zeros(1), {"veto": np.array(value)})


def test_no_windows() -> None:
    none = np.zeros(0, dtype=np.uint16)
    empty = Segments(np.zeros(1, dtype=np.int64), none.astype(np.uint8), none, none,
                     none.astype(np.uint8), none.astype(np.uint8), none, none)  # fmt: skip
    words = grl_short.quantize(empty, CDC_TRACKS.zeros(0))
    assert words.shape == grl_short.evaluate(words).shape == (0,)
