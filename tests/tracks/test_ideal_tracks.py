"""Ideal circles: closed forms for their segments, and what the track finder makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_models import cdc_hough
from firmware_models.hough_plane import N_OMEGA, PT_MIN_GEV
from firmware_models.interface.cdc_hough import AXIAL, FIRST
from sim.streams import stream
from sim.study.frames import physics_frames
from tests.tracks.ideal_tracks import IdealSegments, IdealTracks, fire

N = 8_000


def at(pt: float, purpose: str, n: int = N) -> tuple[IdealTracks, np.random.Generator]:
    """Return tracks of one pT, both charges, and the stream for their hits."""
    rng = stream(1, f"test/ideal_tracks/{purpose}")
    return IdealTracks(rng.uniform(0, 2 * np.pi, n), rng.choice((-1, 1), n) / pt), rng


def found(tracks: IdealTracks, segments: IdealSegments) -> NDArray[np.void]:
    """Return the trackers' words, shape (n, 4): each track in a data clock of its own."""
    count = len(segments.track)
    words = cdc_hough.quantize(
        np.searchsorted(segments.track, np.arange(len(tracks) + 1)), segments.superlayer,
        segments.segment, np.zeros(count), np.full(count, 3), segments.position,
    )  # fmt: skip
    return cdc_hough.evaluate(words).reshape(len(tracks), 4)


def measured(out: NDArray[np.void]) -> tuple[NDArray[np.intp], NDArray[np.float64], ...]:
    """Return track, φ0 [rad] and q/pT [1/GeV] of everything found, by the word's own units."""
    event, tracker, slot = np.nonzero(out["valid"])
    n = out["phi0"][event, tracker, slot] + 1.0
    phi0 = np.radians(45 + 90 * tracker + 1.125 * n)
    # 34 half-cells reach from 0 to the plane's edge.
    return event, phi0, out["omega"][event, tracker, slot] / (N_OMEGA * PT_MIN_GEV)


def test_straight_tracks_fire_segments_as_often_as_four_of_five_layers_hit() -> None:
    for efficiency in (0.9, 0.97, 1.0):
        tracks, rng = at(50.0, f"segments/{efficiency}")
        segments = fire(tracks, rng, efficiency)
        expected = efficiency**5 + 5 * efficiency**4 * (1 - efficiency)
        for superlayer in AXIAL:
            fired = len(np.unique(segments.track[segments.superlayer == superlayer]))
            sigma = np.sqrt(N * expected * (1 - expected))
            assert abs(fired - N * expected) <= 4 * sigma


def test_full_efficiency_fires_one_segment_by_its_first_priority_wire() -> None:
    tracks, rng = at(2.0, "priority")
    segments = fire(tracks, rng, 1.0)
    assert (segments.position == FIRST).all()
    assert len(segments.track) == N * len(AXIAL)


@pytest.mark.parametrize("pt", [0.6, 0.8, 1.5, 10.0])
def test_full_efficiency_finds_every_track_once_with_its_segments(pt: float) -> None:
    tracks, rng = at(pt, f"all/{pt}", 3000)
    segments = fire(tracks, rng, 1.0)
    out = found(tracks, segments)
    assert (out["valid"].sum(axis=(1, 2)) == 1).all()
    # A segment is not attached where its curve passes beside the centre of the cluster.
    attached = (out["position"] > 0).sum(axis=(1, 2))
    assert attached.max() == len(AXIAL)
    assert attached.mean() > 4.9


def test_charge_is_that_of_the_track() -> None:
    tracks, rng = at(1.0, "charge")
    out = found(tracks, fire(tracks, rng))
    event, tracker, slot = np.nonzero(out["valid"])
    charge = out["charge"][event, tracker, slot]
    assert (charge == np.where(tracks.q_over_pt[event] > 0, 1, 2)).all()


@pytest.mark.parametrize("even_in", ["curvature", "pt"])
def test_resolution_is_that_of_the_toy(even_in: str) -> None:
    """σ(φ0) ≈ 0.9°, σ(q/pT) ≈ 0.09 GeV⁻¹: section 3 of the reference notes (a toy of its own).

    The toy's spectrum is not known: two are tried, and a unit of its last digit is allowed.
    """
    rng = stream(1, f"test/ideal_tracks/resolution/{even_in}")
    tracks = IdealTracks.draw(N, rng, 0.5, 3.0)
    if even_in == "pt":
        tracks = IdealTracks(tracks.phi0, rng.choice((-1, 1), N) / rng.uniform(0.5, 3.0, N))
    event, phi0, bend = measured(found(tracks, fire(tracks, rng)))
    off = np.degrees((phi0 - tracks.phi0[event] + np.pi) % (2 * np.pi) - np.pi)
    assert abs(off.mean()) < 0.05
    assert abs(off.std() - 0.9) < 0.1
    difference = bend - tracks.q_over_pt[event]
    assert abs(difference.mean()) < 0.005
    assert abs(difference.std() - 0.09) < 0.01


@pytest.mark.parametrize(
    ("pt", "toy", "step"),
    [(0.35, 0.40, 0.01), (0.40, 0.79, 0.01), (0.50, 0.95, 0.01), (0.70, 0.995, 0.005)],
)
def test_turn_on_is_that_of_the_toy(pt: float, toy: float, step: float) -> None:
    """Efficiency against pT with 97 % hits, to the toy's own rounding and our statistics."""
    tracks, rng = at(pt, f"turn_on/{pt}")
    efficiency = float(found(tracks, fire(tracks, rng))["valid"].any(axis=(1, 2)).mean())
    assert abs(efficiency - toy) < step + 4 * np.sqrt(toy * (1 - toy) / N)


def test_physics_frames_have_segments_and_give_tracks() -> None:
    (words,) = physics_frames("cdc_hough", 4000, seed=3)
    assert len(words) == 4000
    out = cdc_hough.evaluate(words)
    assert (words["valid"].sum(axis=1) == 0).any()
    # A thousand windows.
    assert out["valid"].sum() > 500
    assert (out["clock"] == words["clock"]).all()
