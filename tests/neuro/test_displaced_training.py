"""Training of `displaced_classifier`: samples, repetition, what the packaged weights do."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models import displaced_classifier, displaced_weights
from hdl.testbenches.displaced_classifier.stimulus import constrained
from sim.neuro import displaced
from sim.neuro.displaced import PAIR, Windows
from sim.neuro.fitting import Schedule
from sim.neuro.vertex_set import LOOSE, VertexSet, background, collisions, joined


@pytest.fixture(scope="module")
def pairs() -> VertexSet:
    return collisions("track_gun", 600, 91, 1.0, **PAIR, deflection=60.0)


@pytest.fixture(scope="module")
def empty() -> VertexSet:
    return background(8000, 92, 5.0)


def test_packaged_weights_tell_pairs_from_background(pairs: VertexSet, empty: VertexSet) -> None:
    """Of what the planes find the classifier keeps most pairs and little background."""
    kept = []
    for made in (pairs, empty):
        words = made.vertices()
        valid = words["valid"].any(axis=1)
        kept.append(displaced_classifier.evaluate(words[valid])["dvt"].mean())
    assert kept[0] > 0.9
    assert kept[1] < 0.1


def test_a_sample_keeps_every_window_that_stricter_registers_need(pairs: VertexSet) -> None:
    strict, loose = pairs.vertices(), pairs.vertices(LOOSE)
    assert (loose["displaced"] == 1).all()
    assert (strict["displaced"] <= loose["displaced"]).all()
    whole = pairs.whole(strict["displaced"] == 1)
    assert whole.sum() == strict["displaced"].sum()
    assert len(whole) == len(pairs) == 600


def test_truth_of_a_sample_is_that_of_its_gun(pairs: VertexSet) -> None:
    assert pairs.own.all()
    assert 0 < pairs.rho.min() < pairs.rho.max() <= 60
    assert 0.3 <= pairs.pt.min() < pairs.pt.max() <= 2.0
    # Each flies within 60 degrees of the radius.
    assert 1.5 < pairs.angle.max() <= np.radians(120)


def test_joined_samples_count_their_windows(empty: VertexSet, pairs: VertexSet) -> None:
    both = joined([empty, pairs])
    assert len(both) == 8600
    assert both.rows[-1] == 8000 + pairs.rows[-1]
    assert (both.vertices()[len(empty.rows) :] == pairs.vertices()).all()
    # 8000 windows of 251.5 ns.
    assert empty.seconds == pytest.approx(2.012e-3, rel=1e-3)


def _windows() -> Windows:
    """Return hypotheses of which those with a wide opening are called signal."""
    words = constrained(4000, 3)
    words = words[words["valid"].any(axis=1)]
    opening = np.abs(words["positive"].astype(int) - words["negative"])
    widest = np.where(words["valid"] == 1, opening, 0).max(axis=1)
    return Windows(words, widest >= 12, np.ones(len(words)), "")


def test_a_known_rule_is_learnt_and_repeated() -> None:
    pytest.importorskip("torch")
    windows, schedule = _windows(), Schedule(steps=300, batch=256, rate=1e-2)
    layers = displaced.train(windows, schedule, 5)
    again = displaced.train(windows, schedule, 5)
    assert all((a == b).all() for a, b in zip(layers, again, strict=True))
    points = displaced.figures(displaced.integers(layers), windows)["points"]
    assert points["0.9"]["background"] < 0.1
    other = displaced.train(windows, schedule, 6)
    assert (other[0] != layers[0]).any()


def test_the_file_says_where_it_comes_from() -> None:
    provenance = displaced_weights.load().provenance
    assert provenance["command"].startswith("lowmult train displaced --seed 1")
    assert len(provenance["data_sha256"]) == 64
    assert set(provenance["figures"]["points"]) == {"0.98", "0.95", "0.9", "0.8"}
