"""Counts of tracks and their angles against exact fractions of degrees, pair by pair."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from firmware_models import grl_tracks
from firmware_models.errors import InputError
from firmware_models.interface.cdc_hough import CDC_TRACKS
from firmware_models.interface.grl import ALL_TRACKS
from hdl.testbenches.grl_tracks.stimulus import constrained
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.processes import get_process
from sim.study.frames import physics_frames
from trigger.track_trigger import TrackTrigger

Row = tuple[list[int], int, int, int, list[int]]


def degrees(tracker: int, n: int) -> Fraction:
    """Return φ0 by the definition in the word's documentation, 0 to 360."""
    return (45 + 90 * tracker + Fraction(9, 8) * (n + 1)) % 360


def oracle(valid: list[int], phi0: list[int]) -> Row:
    """Return t2, tracks, open90, open30, b2b by the ranges of |Δ bin| that the sources list."""
    there = [slot for slot in range(24) if valid[slot]]
    bins = [int(degrees(slot // 6, phi0[slot]) // 10) for slot in there]
    apart = [abs(a - b) for a, b in combinations(bins, 2)]
    return (
        [int(len(there) == 1), int(len(there) == 2), int(len(there) == 3), int(len(there) > 3)],
        len(there),
        int(any(9 <= a <= 27 for a in apart)),
        int(any(3 <= a <= 33 for a in apart)),
        [int(any(18 - w <= a <= 18 + w for a in apart)) for w in (1, 2, 3, 4)],
    )


def listed(out: np.ndarray[Any, Any]) -> list[Row]:
    return [
        (w["t2"].tolist(), int(w["tracks"]), int(w["open90"]), int(w["open30"]), w["b2b"].tolist())
        for w in out
    ]


@pytest.mark.parametrize("seed", range(4))
def test_model_is_the_rule(seed: int) -> None:
    words = constrained(1500, seed)
    out = grl_tracks.evaluate(words)
    expected = [oracle(word["valid"].tolist(), word["phi0"].astype(int).tolist()) for word in words]
    assert listed(out) == expected
    assert (out["clock"] == words["clock"]).all()


def test_every_bit_is_reached() -> None:
    words = constrained(4000, 1)
    out = grl_tracks.evaluate(words)
    for bits in (out["open90"], out["open30"], *out["t2"].T, *out["b2b"].T):
        assert 100 < int(bits.sum()) < len(out) - 100
    assert {0, 24} <= set(out["tracks"].tolist())
    # Back-to-back classes hold each other, and each is a wide opening.
    assert (np.diff(out["b2b"].astype(int), axis=1) >= 0).all()
    assert (out["open90"] >= out["b2b"][:, 3]).all()
    assert (out["open30"] >= out["open90"]).all()


def pair(first: tuple[int, int], second: tuple[int, int]) -> np.ndarray[Any, Any]:
    words = ALL_TRACKS.zeros(1)
    for tracker, n in (first, second):
        slot = 6 * tracker
        slot += int(words["valid"][0, slot])
        words["valid"][0, slot] = 1
        words["phi0"][0, slot] = n
    return grl_tracks.evaluate(words)[0]


def test_angles_of_all_pairs_in_two_quadrants() -> None:
    """Bins of 10°: an angle of 90° is always an opening of 90°, one of 80° never."""
    words = ALL_TRACKS.zeros(128 * 128)
    words["valid"][:, 0] = words["valid"][:, 6] = 1
    words["phi0"][:, 0], words["phi0"][:, 6] = np.divmod(np.arange(128 * 128), 128)
    out = grl_tracks.evaluate(words)
    eighths = 9 * (words["phi0"][:, 6].astype(int) - words["phi0"][:, 0]) + 720
    angle = abs((eighths + 1440) % 2880 - 1440) / 8
    bits = [("open90", 90, out["open90"]), ("open30", 30, out["open30"])]
    bits += [(f"b2b[{k}]", 170 - 10 * k, out["b2b"][:, k]) for k in range(4)]
    for name, least, bit in bits:
        assert (bit[angle >= least] == 1).all(), name
        assert (bit[angle <= least - 10] == 0).all(), name
        # In between it depends on where the bins' edges lie.
        between = bit[(angle > least - 10) & (angle < least)]
        assert 0.4 < between.mean() < 0.6, name


def test_bins_at_their_edges() -> None:
    """n = 3 is 49.5°, n = 4 is 50.625°: bins 4 and 5; bin 13 begins above 129.375°."""
    assert [degrees(0, n) for n in (3, 4)] == [Fraction(99, 2), Fraction(405, 8)]
    assert [degrees(0, n) for n in (74, 75)] == [Fraction(1035, 8), Fraction(261, 2)]
    assert [pair((0, 3), (0, n))["open90"] for n in (74, 75)] == [0, 1]
    assert [pair((0, 4), (0, n))["open90"] for n in (75, 83, 84)] == [0, 0, 1]


def test_azimuth_wraps() -> None:
    """Tracker 3 begins at 315°; its n = 39 is 0°, as seen from tracker 3, not 360°."""
    assert degrees(3, 39) == 0
    # 1.125° and 358.875°: neighbours. 0° and 46.125°: bins 0 and 4.
    assert pair((3, 40), (3, 38))["open30"] == 0
    assert pair((3, 39), (0, 0))["open30"] == 1
    assert pair((3, 39), (1, 39))["b2b"].tolist() == [1, 1, 1, 1]
    # The largest n of tracker 3 is 99°.
    assert degrees(3, 127) == 99
    assert pair((3, 127), (0, 47))["open30"] == 0


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_turning_the_chamber_changes_nothing(turn: int) -> None:
    words = constrained(2000, 9)
    turned = words.copy()
    for name in ("valid", "phi0"):
        turned[name] = np.roll(words[name], 6 * turn, axis=1)
    assert np.array_equal(grl_tracks.evaluate(turned), grl_tracks.evaluate(words))


def test_mirror_image_opens_as_far() -> None:
    """φ → 90° − φ puts half-cell h to 80 − h: angles stay, and bins but for tracks on an edge."""
    n = np.arange(80)
    two = np.array([(a, b) for a in n for b in n if (a + 41) * 9 % 80 and (b + 41) * 9 % 80])
    words = ALL_TRACKS.zeros(len(two))
    words["valid"][:, :2] = 1
    words["phi0"][:, :2] = two
    mirrored = words.copy()
    mirrored["valid"] = np.roll(words["valid"], 18, axis=1)
    mirrored["phi0"][:, 18:20] = 78 - two
    inside = (two <= 78).all(axis=1)
    assert np.array_equal(grl_tracks.evaluate(mirrored[inside]), grl_tracks.evaluate(words[inside]))


# ------------------------------------------------------------------------------------- quantize
def test_quantize_puts_trackers_side_by_side() -> None:
    tracks = CDC_TRACKS.zeros(8)
    tracks["clock"] = np.repeat([7, 8], 4)
    tracks["valid"][1, 0] = tracks["valid"][6, 5] = 1
    tracks["phi0"][1, 0], tracks["phi0"][6, 5] = 33, 82
    tracks["phi0"][2, 3] = 12  # what an empty slot holds
    words = grl_tracks.quantize(tracks)
    assert words["clock"].tolist() == [7, 8]
    assert [np.flatnonzero(row).tolist() for row in words["valid"]] == [[6], [17]]
    assert [np.flatnonzero(row).tolist() for row in words["phi0"]] == [[6], [17]]
    assert words["phi0"][0, 6] == 33
    assert words["phi0"][1, 17] == 82


def test_two_found_tracks_are_back_to_back() -> None:
    """Muon pairs: where two tracks are found, they are the pair of a two-body final state."""
    config = CdcConfig.from_mapping({"background": {"level": 0.0}})
    hits = CdcResponse(config).respond(get_process("dimuon").generate(600, 3, 0), 3, 0)
    steps = TrackTrigger().steps(hits)
    out = steps.counts
    assert (out["tracks"] == steps.tracks["valid"].reshape(600, 24).sum(axis=1)).all()
    two = out["t2"][:, 1] == 1
    assert two.sum() > 300
    assert out["b2b"][two, 3].mean() > 0.98
    assert out["open90"][two].mean() > 0.98
    assert not out["open30"][out["t2"][:, 0] == 1].any()


def test_physics_frames_hold_what_the_finder_found() -> None:
    (words,) = physics_frames("grl_tracks", 600, 3)
    out = grl_tracks.evaluate(words)
    assert (out["tracks"] == words["valid"].sum(axis=1)).all()
    for number in range(2):
        assert (out["t2"][:, number] == 1).sum() > 60


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="4 trackers"):
        grl_tracks.quantize(CDC_TRACKS.zeros(3))
    with pytest.raises(InputError, match="cdc_tracks"):
        grl_tracks.quantize(ALL_TRACKS.zeros(4))
    apart = CDC_TRACKS.zeros(4)
    apart["clock"][2] = 1
    with pytest.raises(InputError, match="same 'clock'"):
        grl_tracks.quantize(apart)
    with pytest.raises(InputError, match="no_such"):
        grl_tracks.evaluate(ALL_TRACKS.zeros(1), {"no_such": np.array([1])})


def test_no_data_clocks() -> None:
    words = grl_tracks.quantize(CDC_TRACKS.zeros(0))
    assert words.shape == grl_tracks.evaluate(words).shape == (0,)
