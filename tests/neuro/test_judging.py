"""Figures of networks: closed forms and counts by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import erfinv

from firmware_models.interface.neuro import NEURO_INPUT
from sim.neuro.judging import best_by_truth, resolutions, sigma68, threshold, working_points
from sim.neuro.track_set import NO_TRACK, TrackSet


def test_sigma68_of_a_normal() -> None:
    sample = np.random.default_rng(1).normal(0, 2.0, 200_000)
    assert sigma68(sample) == pytest.approx(2.0 * math.sqrt(2) * erfinv(0.68), rel=0.01)
    assert math.isnan(sigma68(sample[:0]))


def test_threshold() -> None:
    scores = np.array([5.0, 1.0, 4.0, 2.0, 3.0])
    assert [threshold(scores, e) for e in (0.2, 0.6, 0.61, 1.0)] == [5.0, 3.0, 2.0, 1.0]
    assert threshold(np.array([1.0, -np.inf]), 0.96) == -np.inf


def _set(z: list[float], from_ip: list[bool], truth: list[int], pt: list[float]) -> TrackSet:
    words = NEURO_INPUT.zeros(len(truth))
    words["valid"] = 1
    m = len(z)
    return TrackSet(words, np.zeros(len(truth), dtype=np.int64), np.array(truth),
                    np.zeros(m, dtype=np.int64), np.array(z), np.full(m, math.pi / 2),
                    1 / np.array(pt), np.array(from_ip), 1)  # fmt: skip


def test_working_points_by_hand() -> None:
    """Four from the collision point (one found twice, one not at all, one too soft), two others."""
    tracks = _set(
        z=[0, 0, 0, 0, 50, 10], from_ip=[True] * 4 + [False] * 2,
        truth=[0, 0, 1, 3, 4, 5, NO_TRACK], pt=[1, 0.5, 2, 0.2, 1, 1],
    )  # fmt: skip
    score, served = np.array([0.1, 0.9, 0.5, 0.0, 0.4, 0.8, 0.6]), np.ones(7, dtype=bool)
    assert best_by_truth(tracks, score, served).tolist() == [0.9, 0.5, -np.inf, 0.0, 0.4, 0.8]
    found = working_points(tracks, score, served, (0.5, 1.0))
    assert (found["signal"], found["background"], found["with_network"]) == (2, 3, 1.0)
    assert found["points"]["0.5"] == {
        "cut": 0.9, "accepted": 0.0, "far": 0.0, "efficiency_above_0.9_gev": 1.0,
    }  # fmt: skip
    assert found["points"]["1"]["cut"] == 0.5
    assert found["points"]["1"]["accepted"] == pytest.approx(2 / 3)
    assert found["points"]["1"]["far"] == 0.0
    raised = score + 0.15 * (score == 0.4)
    assert working_points(tracks, raised, served, (1.0,))["points"]["1"]["far"] == 1


def test_tracks_without_a_network_are_lost() -> None:
    tracks = _set(z=[0, 0], from_ip=[True, True], truth=[0, 1], pt=[1, 1])
    score, served = np.array([1.0, 2.0]), np.array([True, False])
    assert best_by_truth(tracks, score, served).tolist() == [1.0, -np.inf]
    found = working_points(tracks, score, served, (0.5, 0.9))
    assert found["with_network"] == 0.5
    assert found["points"]["0.5"]["cut"] == 1.0
    assert found["points"]["0.9"]["cut"] == -np.inf


def test_resolutions() -> None:
    """Only even tracks near the middle count, in their bins of pT."""
    n = 4000
    rng = np.random.default_rng(2)
    tracks = _set(
        z=rng.uniform(-30, 30, n).tolist(), from_ip=(np.arange(n) % 2 == 1).tolist(),
        truth=list(range(n)), pt=np.where(np.arange(n) < 2000, 0.4, 2.0).tolist(),
    )  # fmt: skip
    off = np.where(np.arange(n) < 2000, 5.0, 2.0) * np.where(tracks.from_ip, 100.0, 1.0)
    far = np.abs(tracks.z) >= 15
    theta = np.full(n, math.pi / 2 + math.radians(0.5))
    tracks.words["expert"][0::4] = 5
    found_z = tracks.z + np.where(far, 50.0, off)
    found = resolutions(tracks, found_z, theta, np.ones(n, dtype=bool))
    assert found["z_68_cm"]["0.3-0.45"] == 5.0
    assert found["z_68_cm"]["1.5-3"] == 2.0
    assert math.isnan(found["z_68_cm"]["1-1.5"])
    assert found["theta_68_deg"]["1.5-3"] == 0.5
    assert found["tracks"] == int((~tracks.from_ip & ~far).sum())
    assert found["all_z_68_cm"] == 50.0
    assert [math.isnan(value) for value in found["z_68_cm_by_expert"]] == [False] + [True] * 4 + [
        False
    ]
    served = tracks.words["expert"] < 5
    fewer = resolutions(tracks, found_z, theta, served)
    assert fewer["tracks"] == int((~tracks.from_ip & ~far & served).sum()) < found["tracks"]
