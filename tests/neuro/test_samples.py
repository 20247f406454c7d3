"""Samples to train on: geometry done another way, matching by hand, files that refuse."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from firmware_models.errors import InputError
from firmware_models.interface.neuro import NEURO_INPUT
from sim.neuro import deep, track_files
from sim.neuro.matching import MatchLimits, found_parameters, match
from sim.neuro.single_tracks import TrackRanges, closest_approach, draw
from sim.neuro.track_set import NO_TRACK, TrackSet, join, masked, without


def _walk(x: float, y: float, z: float, pt: float, phi: float, slope: float, charge: int,
          back: bool) -> tuple[float, float, float]:  # fmt: skip
    """Follow a helix in steps of 10 µm to its nearest point; return z, φ and the distance there."""
    step = -1e-3 if back else 1e-3
    bend = charge * 1.5 * 0.00299792458 / pt
    nearest = (math.hypot(x, y), z, phi)
    for _ in range(4000):
        # A positive charge turns clockwise.
        middle = phi - bend * step / 2
        x, y, z, phi = (x + step * math.cos(middle), y + step * math.sin(middle),
                        z + step * slope, phi - bend * step)  # fmt: skip
        nearest = min(nearest, (math.hypot(x, y), z, phi))
    return nearest[1], nearest[2], nearest[0]


@pytest.mark.parametrize("charge", [1, -1])
@pytest.mark.parametrize("phi", [0.3, 2.0, 4.4])
@pytest.mark.parametrize("pt", [0.1, 0.3, 3.0])
def test_closest_approach(charge: int, phi: float, pt: float) -> None:
    x, y, z, slope = 0.8, -0.6, 30.0, 0.7
    p4 = np.array([[pt * math.cos(phi), pt * math.sin(phi), pt * slope, 0.0]])
    vertex = np.array([[x, y, z, 0.0]])
    found = closest_approach(p4, vertex, np.array([float(charge)]))
    walked = min((_walk(x, y, z, pt, phi, slope, charge, back) for back in (False, True)),
                 key=lambda point: point[2])  # fmt: skip
    assert found[0][0] == pytest.approx(walked[0], abs=2e-3)
    assert math.sin(found[2][0] - walked[1]) == pytest.approx(0.0, abs=1e-3)
    assert math.cos(found[2][0] - walked[1]) > 0.0
    assert found[1][0] == pytest.approx(math.atan2(1, slope))
    assert found[3][0] == pytest.approx(charge / pt)


def test_drawn_tracks() -> None:
    ranges = TrackRanges()
    events, truth = draw(20_000, ranges, 3)
    m = len(truth.z)
    assert m / 20_000 == pytest.approx(1.5, abs=5 * math.sqrt(0.25 / 20_000))
    assert truth.event.tolist() == events.event_of.tolist()
    assert truth.from_ip.mean() == pytest.approx(0.4, abs=5 * math.sqrt(0.24 / m))
    assert np.abs(truth.z[truth.from_ip]).max() < 6 * ranges.ip_sigma
    assert truth.z[truth.from_ip].std() == pytest.approx(0.05, rel=0.05)
    # Even over ±100 cm: the width is 200/√12, up to the way from the beam pipe inwards.
    assert truth.z[~truth.from_ip].std() == pytest.approx(200 / math.sqrt(12), rel=0.02)
    assert np.degrees(truth.theta).min() > 20.0
    assert np.degrees(truth.theta).max() < 145.0
    pt = 1 / np.abs(truth.q_over_pt)
    assert pt.min() > 0.25
    assert pt.max() < 5.0
    # Half even in pT over 4.75 GeV, half even in 1/pT over 3.8 per GeV.
    expected = 0.5 * 0.25 / 4.75 + 0.5 * 2.0 / 3.8
    assert (pt < 0.5).mean() == pytest.approx(expected, abs=5 * math.sqrt(0.25 / m))
    assert np.allclose(np.hypot(events.p4[:, 0], events.p4[:, 1]), pt)
    mass = np.sqrt(events.p4[:, 3] ** 2 - (events.p4[:, :3] ** 2).sum(axis=1))
    muon = np.abs(events.pdg) == 13
    assert np.allclose(mass[muon], 0.1056584, atol=1e-4)
    assert np.allclose(mass[~muon], 0.1395704, atol=1e-4)
    # A muon's code is that of the negative particle, a pion's that of the positive.
    assert (np.sign(truth.q_over_pt) == np.where(muon, -1, 1) * np.sign(events.pdg)).all()


def test_same_seed_same_tracks() -> None:
    one, other, third = (draw(50, TrackRanges(), 5, chunk)[0].p4 for chunk in (2, 2, 3))
    assert one.tobytes() == other.tobytes() != third.tobytes()


def test_found_parameters() -> None:
    """φ0 = 45° + 1.125° (n + 1) + 90° k; ω counts 1/10.2 GeV⁻¹."""
    words = NEURO_INPUT.zeros(3)
    words["phi0"], words["quadrant"], words["omega"] = (0, 79, 39), (0, 3, 1), (33, -33, 0)
    phi0, bend = found_parameters(words)
    assert np.degrees(phi0) == pytest.approx([46.125, 45.0, 180.0])
    assert bend == pytest.approx([33 / 10.2, -33 / 10.2, 0.0])


def test_match_by_hand() -> None:
    phi0, bend = np.radians([1.0, 359.0, 90.0]), np.array([0.1, 0.1, 1.0])
    truth_phi0 = np.radians([359.0, 4.0, 90.0, 90.0])
    truth_bend = np.array([0.1, 0.1, 2.1, 0.95])
    limits = MatchLimits(phi0_deg=8.0, q_over_pt=0.8)
    event = np.array([0, 0, 1])
    offsets = np.array([0, 2, 4])
    # 2° across 0 is nearer than 3°; equal φ0 does not help a curvature beyond its limit.
    rows = match(event, phi0, bend, offsets, truth_phi0, truth_bend, limits)
    assert rows.tolist() == [0, 0, 3]
    rows = match(event, phi0, bend, offsets, truth_phi0, truth_bend, MatchLimits(1.0, 0.8))
    assert rows.tolist() == [-1, 0, 3]
    assert match(event, phi0, bend, offsets, truth_phi0, truth_bend, MatchLimits(1.0, 0.04)
                 ).tolist() == [-1, 0, -1]  # fmt: skip


def made(n: int, seed: int = 1) -> TrackSet:
    """Return found tracks with random words; the last one is without truth."""
    rng = np.random.default_rng(seed)
    words = NEURO_INPUT.zeros(n)
    words["input"] = rng.integers(-4096, 4097, (n, 27))
    words["pattern"] = rng.integers(0, 2, (n, 99))
    words["expert"] = rng.permutation(np.arange(n) % 7)
    words["valid"] = 1
    truth = np.append(np.arange(n - 1), NO_TRACK)
    return TrackSet(words, np.arange(n), truth, np.arange(n), rng.uniform(-100, 100, n),
                    np.radians(rng.uniform(20, 145, n)), rng.uniform(-4, 4, n),
                    rng.random(n) < 0.5, n, {"seed": seed})  # fmt: skip


def test_targets_and_classes() -> None:
    tracks = made(50)
    targets, classes = tracks.targets(), tracks.classes()
    for row in range(49):
        assert targets[row, 0] == pytest.approx(tracks.z[row] / 100)
        assert targets[row, 1] == pytest.approx((math.degrees(tracks.theta[row]) - 90) / 80)
        momentum = abs(1 / tracks.q_over_pt[row]) / math.sin(tracks.theta[row])
        assert classes[row, 0] == tracks.from_ip[row]
        assert classes[row, 1] == (tracks.from_ip[row] and momentum > 0.7)
    assert targets[49].tolist() == [0.0, 0.0]
    assert not classes[49].any()
    assert np.array_equal(tracks.inputs() * 4096, tracks.words["input"])
    wide = deep.inputs(tracks) * 4096
    for row, superlayer in ((3, 0), (7, 4), (11, 8)):
        three = tracks.words["input"][row, 3 * superlayer : 3 * superlayer + 3]
        bits = tracks.words["pattern"][row, 11 * superlayer : 11 * superlayer + 11]
        assert wide[row, 14 * superlayer : 14 * superlayer + 14].tolist() == [
            *three, *(4096 * bits.astype(int)),
        ]  # fmt: skip


@pytest.mark.parametrize(("expert", "superlayer"), [(1, 7), (2, 5), (3, 3), (4, 1)])
def test_masked_superlayer(expert: int, superlayer: int) -> None:
    tracks = made(70)
    own = masked(tracks, expert)
    whole = int((tracks.words["expert"] == 0).sum())
    few = int((tracks.words["expert"] == expert).sum())
    assert len(own) == whole + few
    assert (own.words["expert"] == expert).all()
    taken = own.words[few:]
    before = tracks.words[tracks.words["expert"] == 0]
    for layer in range(9):
        same = np.array_equal(taken["input"][:, 3 * layer : 3 * layer + 3],
                              before["input"][:, 3 * layer : 3 * layer + 3])  # fmt: skip
        bits = taken["pattern"][:, 11 * layer : 11 * layer + 11]
        assert same == (layer != superlayer)
        assert bits.any() == (layer != superlayer)
    assert np.array_equal(without(tracks, expert).words["omega"], tracks.words["omega"])
    assert len(masked(tracks, 0)) == whole


def test_joined_samples() -> None:
    one, other = made(20, 1), made(30, 2)
    both = join((one, other))
    assert both.n_event == 50
    assert both.event.tolist() == list(range(50))
    assert both.truth[[18, 19, 20, 49]].tolist() == [18, NO_TRACK, 20, NO_TRACK]
    assert np.array_equal(both.targets()[20:], other.targets())
    assert both.parameters == one.parameters


def test_kept_sample(tmp_path: Path) -> None:
    tracks, path = made(20), tmp_path / "tracks.npz"
    track_files.save(tracks, path)
    again = track_files.load(path, {"seed": 1})
    assert again.checksum() == tracks.checksum()
    assert again.words.tobytes() == tracks.words.tobytes()
    assert again.n_event == 20
    with pytest.raises(InputError, match="was made with seed 1, not 2"):
        track_files.load(path, {"seed": 2})
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="is no set of tracks"):
        track_files.load(path, {"seed": 1})


def test_every_column_is_in_the_checksum() -> None:
    reference = made(20).checksum()
    for name in ("event", "truth", "z", "theta", "q_over_pt", "from_ip", "true_event"):
        tracks = made(20)
        column = getattr(tracks, name)
        column[3] = not column[3] if column.dtype == bool else column[3] + 1
        assert tracks.checksum() != reference
    for name in ("input", "pattern"):
        tracks = made(20)
        tracks.words[name][3, 5] ^= 1
        assert tracks.checksum() != reference
