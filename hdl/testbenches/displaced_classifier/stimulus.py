"""Stimulus for `displaced_classifier`: hypotheses of every kind, mirror-symmetric ones, corners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.displaced_classifier import BLOCK
from firmware_models.interface import Registers
from firmware_models.interface.displaced import N_COLUMN, N_RING
from firmware_models.interface.neuro import CLASS_OFFSET
from firmware_models.vertex_features import FIELDS
from hdl.streams import stream

BATCH = 2000
"""Frames with the same registers."""


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` frames: realistic hypotheses, any value of any field, symmetric pairs of arms."""
    rng = stream(seed, "displaced_classifier/constrained")
    words = BLOCK.input.zeros(n)
    shape = (n, N_RING)
    likely = {
        "valid": rng.random(shape) < rng.choice((0.2, 0.7, 1.0), (n, 1)),
        "positive": rng.integers(0, N_COLUMN, shape),
        "positive_row": rng.integers(3, 8, shape),
        "negative_row": rng.integers(0, 5, shape),
        "positive_layers": rng.integers(3, 6, shape),
        "negative_layers": rng.integers(3, 6, shape),
        "arms": rng.integers(1, 6, shape),
        "inner": rng.integers(0, 4, shape),
        "cells": rng.integers(1, 8, shape),
    }
    opening = rng.integers(5, 40, shape) * rng.choice((-1, 1), shape)
    likely["negative"] = np.clip(likely["positive"] - opening, 0, N_COLUMN - 1)
    common = rng.integers(0, 32, (n, 1))
    likely["azimuth"] = (common + rng.integers(-4, 5, shape)) % 32
    anything = rng.random((n, 1)) < 0.3
    for name in FIELDS:
        field = BLOCK.input[name]
        drawn = rng.integers(field.low, field.high + 1, shape)
        corner = rng.choice((field.low, field.high), shape)
        drawn = np.where(rng.random(shape) < 0.2, corner, drawn)
        words[name] = np.where(anything & (name != "valid"), drawn, likely[name])
    # The arms' columns alone do not tell which of the two forms: rows and superlayers must.
    middle = rng.random(shape) < 0.15
    words["negative"] = np.where(middle, N_COLUMN - 1 - words["positive"], words["negative"])
    same = middle & (rng.random(shape) < 0.5)
    words["negative_row"] = np.where(same, 7 - words["positive_row"], words["negative_row"])
    words["tracks"] = np.where(rng.random(n) < 0.7, rng.integers(0, 3, n), rng.integers(0, 32, n))
    words["displaced"] = rng.integers(0, 2, n)
    words["clock"] = rng.integers(0, 512, n)
    return words


def registers(seed: int) -> Registers:
    """Return random legal registers: near the middle of the scores, at its ends, anything."""
    rng = stream(seed, "displaced_classifier/registers")
    values = BLOCK.defaults()
    kind, top = rng.random(2), (1 << BLOCK.register("min_score").width) - 1
    if kind[0] < 0.4:
        values["min_score"] = CLASS_OFFSET + rng.integers(-4096, 4097, N_RING)
    elif kind[0] < 0.6:
        values["min_score"] = rng.choice((0, CLASS_OFFSET, 4096, 12288, top), N_RING)
    elif kind[0] < 0.7:
        values["min_score"] = rng.integers(0, top + 1, N_RING)
    if kind[1] < 0.5:
        values["max_tracks"] = rng.integers(0, 6, 1)
    return values
