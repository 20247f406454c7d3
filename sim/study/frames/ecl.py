"""Frames of the calorimeter's blocks."""

from __future__ import annotations

from firmware_models import ecl_cluster, ecl_selection
from sim.study.frames.collisions import Maker, collisions


def calorimeter_frames(seed: int) -> Maker:
    fired = collisions(seed)
    return lambda n, chunk: fired(n, chunk).dense()


def clusters(seed: int) -> Maker:
    fired = collisions(seed)
    return lambda n, chunk: ecl_cluster.evaluate_hits(fired(n, chunk))


def calorimeter_words(seed: int) -> Maker:
    found = clusters(seed)
    return lambda n, chunk: ecl_selection.evaluate(found(n, chunk))
