"""Single muons through three detectors and the whole chain: what the plateau must be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_models import ecl_cluster
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.detector.ecl import EclConfig, EclResponse
from sim.detector.klm.config import KlmConfig, PlaneConfig, PlaneNoiseConfig
from sim.detector.klm.layers import TAN_SIDE
from sim.detector.klm.response import KlmResponse
from sim.events import Events
from sim.processes import get_process
from trigger.bits import BitTable
from trigger.chain import Chain
from trigger.event_words import EventWords
from trigger.menu import load
from trigger.track_trigger import TrackTrigger

N = 2000
QUIET = {"background": {"level": 0.0}}
SILENT = PlaneNoiseConfig(noise=0.0, level=0.0)


def muons(n: int, seed: int, p: tuple[float, float], theta: tuple[float, float]) -> Events:
    return get_process(
        "track_gun", spectrum="p", p_min=p[0], p_max=p[1], theta_min=theta[0], theta_max=theta[1],
        z_width=0.05,
    ).generate(n, seed, 0)  # fmt: skip


@dataclass(frozen=True)
class Decided:
    """Muons, words and lines."""

    events: Events
    words: EventWords
    lines: BitTable

    @property
    def phi(self) -> NDArray[np.float64]:
        """Azimuth [deg], 0 to 360."""
        px, py = self.events.p4[self.events.offsets[:-1], :2].T
        return np.asarray(np.degrees(np.arctan2(py, px)) % 360.0)


@cache
def decided(p: tuple[float, float], theta: tuple[float, float]) -> Decided:
    """Muons without background in any detector."""
    events = muons(N, 5, p, theta)
    chain = Chain.build(load("low_multiplicity"))
    clusters = ecl_cluster.evaluate_hits(
        EclResponse(EclConfig.from_mapping(QUIET, "ecl")).respond(events, 5)
    )
    chamber = CdcResponse(CdcConfig.from_mapping(QUIET, "cdc"))
    tracks = TrackTrigger(chain.registers).evaluate(chamber.respond(events, 5))
    sectors = chain.muon_words(KlmResponse(KlmConfig(background=SILENT)).respond(events, 5))
    words = chain.event_words(clusters, tracks, sectors)
    return Decided(events, words, chain.decide_words(words))


def test_plateau_without_dead_space_is_one() -> None:
    """Planes that always fire from edge to edge: every muon hits all 30, and a sector fires.

    From 56° to 112° the outermost layer at 350 cm in a corner lies within z = -175 to 269 cm.
    """
    config = KlmConfig(planes=PlaneConfig(efficiency=1.0, frame=0.0, gap_z=0.0), background=SILENT)
    events = muons(4 * N, 6, (2.0, 5.0), (56.0, 112.0))
    chain, gaps, ideal = (
        Chain.build(load("low_multiplicity")),
        KlmResponse(config),
        KlmResponse(config),
    )
    # The iron at the ends of a gap is geometry, no parameter.
    ideal._layers = ideal._layers._replace(half_width=TAN_SIDE * ideal._layers.apothem)
    hits = ideal.respond(events, 6)
    planes = np.bitwise_count(np.bitwise_or.reduce(hits.masks()[:, :16], axis=1))
    np.testing.assert_array_equal(planes, 30)
    assert chain.muon_words(hits)["klm"].all()
    # The iron at the ends alone costs some.
    assert 0.0 < np.mean(chain.muon_words(gaps.respond(events, 6))["klm"] == 0) < 0.01


def test_turning_by_a_sector_changes_nothing() -> None:
    """Barrel: each eighth of the circle has the same efficiency; χ² of eight shares.

    30 is exceeded with a chance of 1e-4 (seven degrees of freedom).
    """
    sample = decided((0.6, 1.0), (50.0, 112.0))
    for line in ("klmhit", "cdcklm1"):
        passed = sample.lines[line]
        mean = passed.mean()
        assert 0.3 < mean < 0.95  # on the turn-on, where a difference would show
        eighth = (sample.phi // 45.0).astype(np.int64)
        n, k = np.bincount(eighth, minlength=8), np.bincount(eighth, passed, minlength=8)
        chi2 = np.sum((k - n * mean) ** 2 / (n * mean * (1.0 - mean)))
        assert chi2 < 30.0


def test_losses_stand_at_the_edges() -> None:
    """Stiff muons: sectors at 45° i, so that what is lost lies near 22.5°, and some at z = 47 cm.

    Dead: 5 cm beside an edge at 140 cm in the outermost layer is 2°, in the innermost 10 cm at
    84 cm 6°; a muon of 20 GeV is 1.7° further in the yoke than at the start, and scatters by 1°.
    Where forward and backward sectors meet, 0.6° of θ, neither may have enough planes.
    """
    events = muons(4 * N, 7, (20.0, 30.0), (50.0, 112.0))
    chain = Chain.build(load("low_multiplicity"))
    missed = chain.muon_words(KlmResponse(KlmConfig(background=SILENT)).respond(events, 7))["klm"]
    px, py, pz = events.p4[events.offsets[:-1], :3].T
    off = np.abs((np.degrees(np.arctan2(py, px)) + 22.5) % 45.0 - 22.5)
    middle = np.abs(270.0 * pz / np.hypot(px, py) - 47.0) < 15.0
    edge = off > 22.5 - 5.0
    lost = missed == 0
    assert lost.mean() > 0.01
    assert (edge | middle)[lost].mean() > 0.99
    assert lost[edge].mean() > 20.0 * lost[~edge].mean()


def test_own_sectors_and_clusters_are_matched() -> None:
    """Noise-free single muons of the plateau: a found track and a fired sector always match.

    The 2D track errs by 1.7° at the coil (`test_neural_matches`), the sector by 22.5° + what the
    muon drifts on behind it: the window of 32.5° leaves 10°.
    """
    sample = decided((1.5, 5.0), (50.0, 112.0))
    tracks, found, sectors = sample.words.tracks, sample.words.matches, sample.words.muons
    assert tracks is not None
    assert found is not None
    assert sectors is not None
    both = (tracks.counts["tracks"] > 0) & (sectors["klm"] > 0)
    assert both.mean() > 0.95
    matched = found.match["klm_matched"].any(axis=1)
    assert matched[both].mean() > 1.0 - 3.0 / both.sum()
    assert not matched[~both].any()
    assert found.match["ecl_matched"].any(axis=1)[both].mean() > 0.99
    # One track, one sector.
    np.testing.assert_array_equal(sample.lines["cdcklm1"] | sample.lines["cdcklm2"], matched)


@pytest.mark.parametrize(("theta", "ring"), [((60.0, 70.0), 0), ((95.0, 110.0), 8)])
def test_sectors_are_on_the_muons_side(theta: tuple[float, float], ring: int) -> None:
    """Forward and backward barrel; no short track, no endcap sector for a muon of the barrel."""
    sample = decided((1.5, 5.0), theta)
    sectors, tracks = sample.words.muons, sample.words.tracks
    assert sectors is not None
    assert tracks is not None
    barrel = sectors["barrel"]
    own, other = barrel[:, ring : ring + 8], barrel[:, 8 - ring : 16 - ring]
    assert own.any(axis=1).mean() > 0.95
    assert not other.any()
    assert not sectors["endcap"].any()
    assert tracks.short["ts"].any(axis=1).mean() < 0.01
    # The sector that the muon points at, and those beside it when it is bent or scattered.
    middle = np.rint(sample.phi / 45.0).astype(np.int64) % 8
    fired = np.argwhere(own)
    apart = np.abs(fired[:, 1] - middle[fired[:, 0]])
    assert (np.minimum(apart, 8 - apart) <= 1).all()


def test_short_tracks_find_their_endcap_sector() -> None:
    """Muons of 25° to 29°: short track forward and a forward quadrant, of which one is theirs."""
    sample = decided((1.5, 5.0), (25.0, 29.0))
    tracks, sectors = sample.words.tracks, sample.words.muons
    assert tracks is not None
    assert sectors is not None
    short = tracks.short["ts"].any(axis=1)
    assert short.mean() > 0.8
    assert tracks.short["short_side"][short, 0].all()
    assert not sectors["endcap"][:, 4:].any()
    both = short & sectors["endcap"].any(axis=1)
    lines = sample.lines["seklm1"] | sample.lines["seklm2"]
    assert lines[both].mean() > 0.97
    assert sample.lines["ieklm1"][both].mean() > 0.9


@pytest.mark.parametrize(("name", "field", "n"), [("barrel", "klm", 16), ("endcap", "eklm", 4)])
def test_rate_of_noise(name: str, field: str, n: int) -> None:
    """Windows without a collision: chance of at least 6 of a sector's planes, one plane at a time.

    Planes fire by Poisson with their rates; recovery off. The endcaps' two rings differ in layers.
    """
    windows, least = 40_000, 6
    config = KlmConfig(background=PlaneNoiseConfig(level=5.0))
    hits = KlmResponse(config).background_events(windows, 9)
    chain = Chain.build(
        load("low_multiplicity"),
        {"klm_sector": {"recovery": 0, "barrel_planes": least, "endcap_planes": least}},
    )
    fired = int((chain.muon_words(hits)[field] > 0).sum())
    quiet = 1.0
    layers, depth, rings = ((15,), 3.0, (n,)) if name == "barrel" else ((14, 12), 10.0, (n, n))
    first = 125.0 * np.exp(2.0 / 3.0) if name == "barrel" else 125.0
    for count, ring in zip(layers, rings, strict=True):
        chance = np.zeros(2 * count + 1)
        chance[0] = 1.0
        for layer in range(count):
            khz = 4.0 + 5.0 * first * np.exp(-layer / depth)
            p = 1.0 - np.exp(-khz * 1e-6 * 251.5)
            for _ in range(2):
                chance = chance * (1.0 - p) + np.concatenate(([0.0], chance[:-1])) * p
        quiet *= chance[:least].sum() ** ring
    expected = windows * (1.0 - quiet)
    assert expected > 1000
    assert abs(fired - expected) < 4.0 * np.sqrt(expected)
