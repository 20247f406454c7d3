"""Stimulus for `grl_short`: patterns, some off by one bin, crowds, full tracks near them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.grl_short import BLOCK, NO_VETO, SHORT_BIN, veto_turns
from firmware_models.interface import Registers
from firmware_models.interface.cdc_hough import N_TRACK, TRACK_CLOCKS_PER_TURN
from firmware_models.interface.grl import N_ALL, N_SHORT_BIN, SHORT_SUPERLAYERS
from firmware_models.short_patterns import short_patterns
from firmware_models.track_extrapolation import (
    FIRST_HALF_CELL,
    HALF_CELL,
    N_CURVATURE,
    QUADRANT_HALF_CELLS,
    TURN,
)
from hdl.streams import stream

BATCH = 500
"""Frames with the same veto."""

_PLANTED = 6
"""Most patterns of a frame."""


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` frames: few patterns among few other segments, and now and then a full chamber."""
    rng = stream(seed, "grl_short/constrained")
    words = BLOCK.input.zeros(n)
    words["clock"] = rng.integers(0, TRACK_CLOCKS_PER_TURN, n)
    odd = rng.random(n) < 0.05
    words["clock"] = np.where(odd, rng.integers(0, 512, n), words["clock"])
    density = rng.choice((0.0, 0.02, 0.1, 0.5, 0.95, 1.0), n, p=(0.5, 0.2, 0.15, 0.1, 0.03, 0.02))
    shape = (n, SHORT_SUPERLAYERS * N_SHORT_BIN)
    words["segment"] = rng.random(shape, dtype=np.float32) < density[:, None]
    # Whole superlayers without a segment.
    gone = rng.random((n, SHORT_SUPERLAYERS)) < np.where(density > 0.4, 0.2, 0.0)[:, None]
    words["segment"].reshape(n, SHORT_SUPERLAYERS, N_SHORT_BIN)[gone] = 0
    bins = _plant(words, rng)
    _full_tracks(words, bins, rng)
    return words


def _plant(words: NDArray[np.void], rng: np.random.Generator) -> NDArray[np.int64]:
    """Set the segments of patterns, some with one bin beside; return a bin for every frame."""
    patterns, n = short_patterns(), len(words)
    many = rng.choice(_PLANTED + 1, n, p=(0.15, 0.35, 0.2, 0.12, 0.08, 0.06, 0.04))
    bins = rng.integers(0, N_SHORT_BIN, n)
    segment = words["segment"].reshape(n, SHORT_SUPERLAYERS, N_SHORT_BIN)
    for number in range(_PLANTED):
        rows = np.flatnonzero(many > number)
        which = rng.integers(0, len(patterns), len(rows))
        # Neighbouring bins now and then: they are one run.
        beside = (bins[rows] + rng.choice((-2, -1, 1, 2), len(rows))) % N_SHORT_BIN
        anywhere = rng.integers(0, N_SHORT_BIN, len(rows))
        bins[rows] = np.where(rng.random(len(rows)) < 0.2, beside, anywhere)
        offset = np.concatenate((np.zeros((len(rows), 1), np.int64), patterns.offset[which]), 1)
        wrong = rng.random(len(rows)) < 0.3
        shift = rng.choice((-1, 1), len(rows)) * wrong
        offset[np.arange(len(rows)), rng.integers(0, SHORT_SUPERLAYERS, len(rows))] += shift
        at = (bins[rows, None] + offset) % N_SHORT_BIN
        segment[rows[:, None], np.arange(SHORT_SUPERLAYERS), at] = 1
    return bins


def _full_tracks(
    words: NDArray[np.void], bins: NDArray[np.int64], rng: np.random.Generator
) -> None:
    """Add tracks anywhere, and one around the veto's edge of the frame's last pattern."""
    n = len(words)
    quiet = rng.random((n, N_ALL)) < 0.7
    high = np.where(quiet, N_CURVATURE - 1, 63)
    words["omega"] = rng.integers(-high - ~quiet, high + 1)
    words["phi0"] = rng.integers(0, 128, (n, N_ALL))
    density = rng.choice((0.0, 0.04, 0.3, 1.0), n, p=(0.45, 0.35, 0.15, 0.05))
    words["valid"] = rng.random((n, N_ALL)) < density[:, None]
    rows = np.flatnonzero(rng.random(n) < 0.4)
    slot = rng.integers(0, N_ALL, len(rows))
    omega = words["omega"][rows, slot].astype(np.int64)
    turn = veto_turns()[np.minimum(abs(omega), N_CURVATURE - 1)]
    distance = rng.choice((-1, 1), len(rows)) * rng.integers(0, 8, len(rows)) * SHORT_BIN
    azimuth = bins[rows] * SHORT_BIN + rng.integers(0, SHORT_BIN, len(rows)) + distance
    start = (azimuth + np.sign(omega) * turn) % TURN // HALF_CELL - FIRST_HALF_CELL
    cells = (start - QUADRANT_HALF_CELLS * (slot // N_TRACK)) % (TURN // HALF_CELL)
    words["valid"][rows, slot] = 1
    words["phi0"][rows, slot] = cells % 128


def registers(seed: int) -> Registers:
    """Return a random veto: narrow, none, or so wide that nothing is left."""
    rng = stream(seed, "grl_short/registers")
    narrow, anywhere = int(rng.integers(0, 5)), int(rng.integers(0, NO_VETO + 1))
    edge = int(rng.choice((28, 29, 30, 31, 32, NO_VETO - 1)))
    value = rng.choice((narrow, NO_VETO, edge, anywhere), p=(0.5, 0.2, 0.15, 0.15))
    return {"veto": np.array([value], dtype=np.int64)}
