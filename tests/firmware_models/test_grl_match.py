"""Matches in azimuth against plain Python, edges of every window by hand, simulated tracks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firmware_models import grl_match
from firmware_models.azimuth_maps import cell_bins
from firmware_models.errors import InputError
from firmware_models.interface.ecl import ECL_CLUSTERS
from firmware_models.interface.grl import GRL_MATCH, GRL_OBJECTS, GRL_SEGMENTS, GRL_SHORT
from firmware_models.interface.klm import KLM_SECTORS
from firmware_models.track_extrapolation import origin, turn_table
from firmware_models.trigger_cells import cell_map
from hdl.testbenches.grl_match.stimulus import constrained, registers
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.processes import get_process
from sim.study.frames import physics_frames
from tests.firmware_models.match_oracle import cell, oracle
from trigger.track_trigger import TrackTrigger

BLOCK = grl_match.describe()
DEFAULTS = {name: int(value[0]) for name, value in BLOCK.defaults().items()}


def compare(words: np.ndarray[Any, Any], chosen: dict[str, int]) -> None:
    out = grl_match.evaluate(words, {name: np.array([v]) for name, v in chosen.items()})
    for word, got in zip(words, out, strict=True):
        expected = oracle(word, chosen)
        assert set(expected) == set(got.dtype.names)
        assert {name: got[name].tolist() for name in expected} == expected


def test_model_is_the_rules() -> None:
    compare(constrained(1200, 11), DEFAULTS)


@pytest.mark.parametrize("seed", range(8))
def test_model_is_the_rules_for_any_registers(seed: int) -> None:
    compare(constrained(150, 20 + seed), {k: int(v[0]) for k, v in registers(seed).items()})


def test_every_bit_is_reached() -> None:
    out = grl_match.evaluate(constrained(6000, 1))
    for name in out.dtype.names:
        if name not in ("clock", "track"):
            for bits in out[name].reshape(len(out), -1).T:
                assert 30 < int(bits.sum()) < len(out) - 30, name
    assert not out["track"].all()


# --------------------------------------------------------------------------------------- by hand
def full(degree: float, omega: int = 0) -> dict[str, list[tuple[int, int]]]:
    """Return the fields of a 2D track at the half-cell below this azimuth."""
    slot = int((degree - 46.125) % 360 // 90)
    n = int((degree - 46.125 - 90 * slot) % 360 / 1.125)
    return {"valid": [(6 * slot, 1)], "phi0": [(6 * slot, n)], "omega": [(6 * slot, omega)]}


def cluster(i: int, tc: int, energy: int = 1000, time: int = 0) -> dict[str, list[tuple[int, int]]]:
    return {"cluster": [(i, 1)], "tc": [(i, tc)], "energy": [(i, energy)], "time": [(i, time)]}


def bits(name: str, *places: int) -> dict[str, list[tuple[int, int]]]:
    return {name: [(place, 1) for place in places]}


def match(*parts: dict[str, list[tuple[int, int]]], event_time: int = 0, **chosen: int) -> Any:
    word = GRL_OBJECTS.zeros(1)
    word["event_time"] = event_time
    for part in parts:
        for name, values in part.items():
            for place, value in values:
                word[name][0, place] = value
    (result,) = grl_match.evaluate(word, {name: np.array([v]) for name, v in chosen.items()})
    return result


def barrel_cell(number: int) -> int:
    """Return a trigger cell of the barrel in this bin."""
    return 81 + 12 * (number % 36) + 5


def test_nothing() -> None:
    result = match()
    assert not any(np.any(result[name]) for name in GRL_MATCH.dtype.names)


@pytest.mark.parametrize(("apart", "matched"), [(-2, 0), (-1, 1), (0, 1), (1, 1), (2, 0)])
def test_cluster_less_than_two_bins_from_the_track(apart: int, matched: int) -> None:
    """The track is straight, at 5°: also across φ = 0."""
    result = match(full(5.7), cluster(3, barrel_cell(apart), 383))
    assert result["ecl_matched"].sum() == result["cdcecl"][0] == matched
    assert result["c2gev"][0] == matched
    assert result["n1gev"][0] == (not matched)
    assert match(full(5.7), cluster(3, barrel_cell(apart), 382))["c2gev"].sum() == 0


def test_no_bins_no_match_all_bins_any() -> None:
    assert not match(full(5.7), cluster(0, barrel_cell(0)), ecl_bins=0)["ecl_matched"].any()
    for apart, matched in ((14, 1), (15, 0)):
        result = match(full(5.7), cluster(0, barrel_cell(apart)), ecl_bins=15)
        assert result["ecl_matched"].any() == matched


def test_nearest_cluster_then_lowest_number_decides() -> None:
    weak, strong = 10, 1000
    near, far = barrel_cell(0), barrel_cell(1)
    assert match(full(5.7), cluster(0, far, weak), cluster(1, near, strong))["c2gev"][0]
    assert not match(full(5.7), cluster(0, far, strong), cluster(1, near, weak))["c2gev"][0]
    assert match(full(5.7), cluster(2, far, strong), cluster(4, far + 1, weak))["c2gev"][0]
    assert not match(full(5.7), cluster(2, far, weak), cluster(4, far + 1, strong))["c2gev"][0]


def test_positive_tracks_turn_to_lower_azimuth() -> None:
    """ω = 20: asin(20 · 4.4087e-4 · 63) = 33.7°, at the coil asin(… · 88) = 50.9°."""
    for omega, ecl, sector in ((20, 96.3, 2), (-20, 163.7, 4)):
        track = full(130.2, omega)
        result = match(track, cluster(0, barrel_cell(int(ecl // 10))), bits("barrel", sector),
                       ecl_bins=1)  # fmt: skip
        assert result["ecl_matched"].sum() == result["klm_matched"].sum() == 1
        for other in {2, 3, 4} - {sector}:
            assert not match(track, bits("barrel", other), klm_window=180)["klm_matched"].any()


def test_slow_tracks_stop_before_the_coil() -> None:
    """88 cm · ω · 4.4087e-4 exceeds 1 from ω = 26 on."""
    everywhere = bits("barrel", *range(16))
    for omega, reaches in ((25, 1), (-25, 1), (26, 0), (-26, 0), (33, 0)):
        assert match(full(100, omega), everywhere)["klm_matched"].any() == reaches
    ring = [cluster(i, barrel_cell(6 * i)) for i in range(6)]
    for omega, reaches in ((33, 1), (-33, 1), (34, 0), (-34, 0), (-64, 0), (63, 0)):
        result = match(full(100, omega), *ring, ecl_bins=4)
        assert result["ecl_matched"].any() == reaches
        assert result["ta"][0] == result["track"] == 1


def test_barrel_sectors_of_both_sections_count_once() -> None:
    """A straight track at 91.125°: 1.125° = 8 counts from the middle of sector 2."""
    track = full(91.2)
    for fired in ((2,), (10,), (2, 10)):
        result = match(track, bits("barrel", *fired), klm_window=9)
        assert result["klm_matched"].sum() == result["cdcklm"][0] == 1
        assert not match(track, bits("barrel", *fired), klm_window=8)["klm_matched"].any()
    # Two tracks in one sector, and in two.
    other = full(181.2)
    assert match(track, other, bits("barrel", 2), klm_window=1023)["cdcklm"].tolist() == [1, 0]
    assert match(track, other, bits("barrel", 2, 4))["cdcklm"].tolist() == [0, 1]


def test_halfway_between_sectors_the_lower_is_taken() -> None:
    """112.5° is exact; the other sector is 160 counts away too."""
    middle, other = full(112.6), full(91.2)
    assert match(middle, other, bits("barrel", 2, 3), klm_window=161)["cdcklm"].tolist() == [1, 0]
    assert match(middle, bits("barrel", 2, 3), klm_window=160)["cdcklm"].tolist() == [0, 0]
    # Between 315° and 0° it is sector 0.
    seam, first = full(337.6), full(0.1)
    assert match(seam, first, bits("barrel", 7, 0), klm_window=161)["cdcklm"].tolist() == [1, 0]


def test_isolation_time_and_energy_of_photons() -> None:
    photon = cluster(0, barrel_cell(9), 192, 120)
    assert match(photon, event_time=18)["n1gev"][0] == 0
    assert match(photon, event_time=19)["n1gev"][0] == 1
    assert match(photon, event_time=221)["n1gev"][0] == 1
    assert match(photon, event_time=222)["n1gev"][0] == 0
    assert match(photon, event_time=255, time_window=0)["n1gev"][0] == 1
    assert match(cluster(0, barrel_cell(9), 191), event_time=0)["n1gev"][0] == 0
    # A barrel cluster within one bin of a track does not count, an endcap cluster does.
    for apart, alone in ((0, 0), (1, 0), (2, 1)):
        result = match(photon, full(95 + 10 * apart), event_time=120)
        assert result["n1gev"][0] == alone
    forward = int(np.flatnonzero((cell_bins() == 9) & (cell_map().theta_id == 2))[0])
    assert match(cluster(0, forward, 192), full(95))["n1gev"][0] == 1


def test_back_to_back_clusters() -> None:
    for apart in range(37):
        far = min(apart, 36 - apart)
        result = match(cluster(0, barrel_cell(30)), cluster(5, barrel_cell(30 + apart)))
        assert result["d"].tolist() == [far >= 17, far >= 16, far >= 15]
        assert result["grlgg"].tolist() == result["brlnb"].tolist() == [0, far >= 16]
        track = full(300.5 + 5)
        result = match(track, cluster(5, barrel_cell(30 + apart)))
        assert result["p"].tolist() == [far >= 17, far >= 16, far >= 15, far >= 14]


def test_high_pairs_by_tracks_and_parts() -> None:
    low, opposite = barrel_cell(0), barrel_cell(18)
    one, two = full(5.7), full(185.7)
    pair = (cluster(0, low, 383), cluster(1, opposite, 383))
    assert match(*pair, one)["trkbha"].tolist() == match(*pair, one)["grlgg"].tolist() == [1, 0]
    assert match(*pair, one, two)["trkbha"].tolist() == [0, 1]
    assert match(*pair, one, two)["brlfb"].tolist() == [0, 1]
    assert not match(*pair, one, two, pair_energy=384)["trkbha"].any()
    backward = int(np.flatnonzero((cell_bins() == 18) & (cell_map().theta_id == 17))[0])
    pair = (cluster(0, low, 383), cluster(1, backward, 383))
    alone = match(*pair, one)
    assert alone["endnb"].tolist() == [0, 1]
    assert alone["endsb"].tolist() == [0, 0]
    assert alone["trkbha"].tolist() == [1, 0]
    assert not alone["brlfb"].any()
    # A short track of the same side, in the next bin; the forward side does not help.
    met = match(*pair, one, bits("short_ecl", 36 + 19))
    assert met["endsb"].tolist() == [0, 1]
    assert met["trkbha"].tolist() == [0, 1]
    assert met["secl"] == 1
    assert match(*pair, one, bits("short_ecl", 19, 36 + 20))["endsb"].tolist() == [0, 0]


def test_runs_of_short_tracks() -> None:
    for places, number in (((0, 63), 1), ((5, 6, 7), 1), ((5, 7), 2), (range(64), 1),
                           (range(0, 64, 2), 32), ((63, 1), 2)):  # fmt: skip
        result = match(bits("short", *places))
        assert result["track"] == 1
        assert result["ta"].tolist() == [int(number == k) for k in (1, 2, 3)] + [number > 3]
    # One run and two 2D tracks are three.
    assert match(bits("short", 3, 4), full(10), full(200))["ta"].tolist() == [0, 0, 1, 0]


def test_endcap_sectors_and_clusters() -> None:
    """Quadrants of 90°; an inner track within one bin of one belongs to it, a cluster does not."""
    # 64-bins 14, 15, 16, 17 have their middles at 81.6°, 87.2°, 92.8°, 98.4°: 36-bins 8, 8, 9, 9.
    for place, quadrants in ((13, (0,)), (14, (0, 1)), (15, (0, 1)), (16, (0, 1)), (17, (0, 1)),
                             (18, (1,)), (0, (0, 3)), (63, (0, 3))):  # fmt: skip
        for q in range(4):
            for side in (0, 4):
                result = match(bits("inner", place), bits("endcap", q + side))
                assert result["ieklm"] == (q in quadrants)
    for number in range(36):
        ring = np.flatnonzero((cell_bins() == number) & (np.isin(cell_map().theta_id, (1, 2, 3))))
        for tc in ring[:1].tolist():
            for q in range(8):
                result = match(cluster(2, tc, 1), bits("endcap", q))
                assert result["ecleklm"] == (q == number // 9)
    assert match(bits("endcap", 1, 4, 5), bits("short_klm", 1, 2, 5))["seklm"].tolist() == [0, 1]
    assert match(bits("endcap", 1, 4), bits("short_klm", 5, 4))["seklm"].tolist() == [1, 0]


def test_inner_tracks_near_endcap_clusters() -> None:
    """64-bin 0 has its middle in bin 0."""
    bins, part = cell_bins(), cell_map().theta_id
    for apart in range(36):
        for tc in np.flatnonzero((bins == apart) & ((part == 3) | (part == 16)))[:1].tolist():
            near = min(apart, 36 - apart) <= 4
            result = match(bits("inner", 0), cluster(0, tc))
            assert result["iecl"].tolist() == [near, 0]
            assert match(bits("inner", 0), cluster(0, tc), cluster(1, tc))["iecl"][1] == near
    assert not match(bits("inner", 0), cluster(0, barrel_cell(0)))["iecl"].any()


def test_cells_have_the_bins_of_their_groups() -> None:
    bins, theta = cell_bins(), cell_map().theta_id
    for tc in range(1, 577):
        found = cell(tc)
        assert found is not None
        assert bins[tc] == found[1]
        assert found[0] == ("forward" if theta[tc] < 4 else "barrel" if theta[tc] < 16
                            else "backward")  # fmt: skip
    assert cell(0) is cell(577) is None
    for tc in (0, 577, 1023):
        assert not match(cluster(0, tc))["n1gev"].any()


# ------------------------------------------------------------------------------------- symmetries
def test_turning_by_90_degrees_changes_no_decision() -> None:
    """64-bins, quadrants, sectors, trackers and cells all fit into 90°."""
    words = constrained(1500, 3)
    # A group of cells is 22.5°, a barrel bin 12 cells.
    words["tc"][(words["tc"] < 1) | (words["tc"] > 576)] = 1
    turned = words.copy()
    for name, size, step in (
        ("valid", 24, 6), ("phi0", 24, 6), ("omega", 24, 6), ("short", 64, 16), ("inner", 64, 16),
        ("short_ecl", 36, 9), ("short_klm", 4, 1), ("barrel", 8, 2), ("endcap", 4, 1),
    ):  # fmt: skip
        shape = words[name].shape
        turned[name] = np.roll(words[name].reshape(len(words), -1, size), step, 2).reshape(shape)
    tc = words["tc"].astype(int)
    turned["tc"] = np.select(
        [tc <= 80, tc <= 512],
        [(tc - 1 + 20) % 80 + 1, (tc - 81 + 108) % 432 + 81],
        (tc - 513 + 16) % 64 + 513,
    )
    out, other = grl_match.evaluate(words), grl_match.evaluate(turned)
    for name in out.dtype.names:
        if name == "cdcklm":
            continue  # halfway between two sectors the lower number is taken, which turns too
        step = 6 if name.endswith("_matched") else 0
        expected = np.roll(out[name], step, axis=1) if step else out[name]
        assert np.array_equal(other[name], expected), name


# ------------------------------------------------------------------------------ simulated muons
def test_extrapolation_meets_the_helix_of_simulated_muons() -> None:
    """Azimuth at calorimeter and coil: the finder's resolution, the same for both charges."""
    n = 500
    gun = get_process("track_gun", None, particle="mu", spectrum="inverse_pt", p_min=0.45)
    events = gun.generate(n, 7, 0)
    response = CdcResponse(CdcConfig.from_mapping({"background": {"level": 0.0}}))
    tracks = TrackTrigger().steps(response.respond(events, 7, 0)).full
    one = np.flatnonzero(tracks["valid"].sum(axis=1) == 1)
    slot = tracks["valid"][one].argmax(axis=1)
    omega = tracks["omega"][one, slot].astype(int)
    found = origin(tracks["phi0"][one, slot], slot // 6)
    px, py = events.p4[one, :2].T
    charge = -np.sign(events.pdg[one])
    for radius in (126.0, 176.0):
        curvature = charge * 0.299792458e-2 * 1.5 / np.hypot(px, py)
        truth = np.arctan2(py, px) - np.arcsin(curvature * radius / 2)
        phi = found - np.sign(omega) * turn_table(radius)[abs(omega)]
        off = np.degrees((phi * 2 * np.pi / 2560 - truth + np.pi) % (2 * np.pi) - np.pi)
        for sign in (1, -1):
            assert (charge == sign).sum() > 150
            # 1.125° is one half-cell of the track finder.
            assert abs(np.median(off[charge == sign])) < 0.5
            assert np.mean(abs(off[charge == sign]) < 4.0) > 0.95


def test_physics_frames_are_matched() -> None:
    """Muon pairs reach the calorimeter at a cluster, and sectors of the muon detector."""
    (words,) = physics_frames("grl_match", 200, 3)
    out = grl_match.evaluate(words)
    for word, got in zip(words, out, strict=True):
        assert {name: got[name].tolist() for name in got.dtype.names} == oracle(word, DEFAULTS)
    tracks = words["valid"].sum(axis=1) > 0
    assert tracks.sum() > 60
    assert out["cdcecl"][tracks].any(axis=1).mean() > 0.7
    assert out["cdcklm"][tracks].any(axis=1).mean() > 0.3


# ------------------------------------------------------------------------------------- quantize
def test_quantize_puts_words_side_by_side() -> None:
    rng = np.random.default_rng(3)
    given = []
    for word in (GRL_SEGMENTS, GRL_SHORT, ECL_CLUSTERS, KLM_SECTORS):
        words = word.zeros(3)
        for field in word.fields:
            words[field.name] = rng.integers(field.low, field.high + 1, words[field.name].shape)
        given.append(words)
    full, short, clusters, sectors = given
    words = grl_match.quantize(*given, np.array([5, 6, 511]))
    assert words["clock"].tolist() == [5, 6, 511]
    assert np.array_equal(words["valid"], full["valid"])
    for name in ("phi0", "omega"):
        assert np.array_equal(words[name], full[name] * full["valid"].astype(np.int8))
    for name in ("short", "inner", "short_side", "short_ecl", "short_klm"):
        assert np.array_equal(words[name], short[name])
    assert np.array_equal(words["cluster"], clusters["valid"])
    for name in ("tc", "energy", "time"):
        assert np.array_equal(words[name], clusters[name] * clusters["valid"].astype(int))
    assert np.array_equal(words["event_time"], clusters["max_time"])
    assert np.array_equal(words["barrel"], sectors["barrel"])
    assert np.array_equal(words["endcap"], sectors["endcap"])


def test_what_absent_slots_hold_does_not_matter() -> None:
    words = constrained(500, 8)
    junk = words.copy()
    rng = np.random.default_rng(1)
    for there, names in (("valid", ("phi0", "omega")), ("cluster", ("tc", "energy", "time"))):
        for name in names:
            field = GRL_OBJECTS[name]
            values = rng.integers(field.low, field.high + 1, words[name].shape)
            junk[name] = np.where(words[there] == 1, words[name], values)
    assert np.array_equal(grl_match.evaluate(words), grl_match.evaluate(junk))


def test_nonsense_is_refused() -> None:
    good = (GRL_SEGMENTS.zeros(2), GRL_SHORT.zeros(2), ECL_CLUSTERS.zeros(2), KLM_SECTORS.zeros(2))
    for at, message in enumerate(("2 words 'grl_segments'", "words 'grl_short'",
                                  "2 words 'ecl_clusters'", "2 words 'klm_sectors'")):  # fmt: skip
        wrong = list(good)
        wrong[at] = GRL_OBJECTS.zeros(2)
        with pytest.raises(InputError, match=message):
            grl_match.quantize(*wrong)
    with pytest.raises(InputError, match="2 words 'grl_segments'"):
        grl_match.quantize(GRL_SEGMENTS.zeros(3), *good[1:])
    for clock in (512, -1, [1, 2, 3]):
        with pytest.raises(InputError, match="0 to 511"):
            grl_match.quantize(*good, clock)
    with pytest.raises(InputError, match="ecl_bins"):
        grl_match.evaluate(GRL_OBJECTS.zeros(1), {"ecl_bin": np.array([1])})
    with pytest.raises(InputError, match="0 to 15"):
        grl_match.evaluate(GRL_OBJECTS.zeros(1), {"ecl_bins": np.array([16])})


def test_no_windows() -> None:
    words = grl_match.quantize(
        GRL_SEGMENTS.zeros(0), GRL_SHORT.zeros(0), ECL_CLUSTERS.zeros(0), KLM_SECTORS.zeros(0)
    )
    assert words.shape == grl_match.evaluate(words).shape == (0,)
