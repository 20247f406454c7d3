"""Stimulus for `cdc_hough`: tracks, bundles of tracks, noise; quadrant edges, ties, all slots full.

A track is made backwards: a point of the Hough plane, and in each superlayer one of the segments
whose curve crosses its cell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_hough import BLOCK
from firmware_models.hough_plane import BELOW, N_COLUMN, N_OMEGA, N_SEGMENT, crossings
from firmware_models.interface import Registers
from firmware_models.interface.cdc_hough import (
    AXIAL,
    FIRST,
    N_SLOT,
    TRACK_CLOCKS_PER_TURN,
)
from hdl.streams import stream

_LAYERS = len(AXIAL)
_MANY = 13
"""More tracks than there are slots, so that the slots fill up with one another's segments."""


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` frames: from empty and single tracks to full slots, with and without noise."""
    rng = stream(seed, "cdc_hough/constrained")
    words = BLOCK.input.zeros(n)
    words["clock"] = rng.integers(0, TRACK_CLOCKS_PER_TURN, n)
    # What empty slots hold must not matter.
    for name in ("id", "time", "lr", "position"):
        field = BLOCK.input[name]
        words[name] = rng.integers(0, field.high + 1, (n, field.count))
    tracks = rng.choice(
        np.arange(_MANY), size=n,
        p=(0.08, 0.25, 0.2, 0.12, 0.08, 0.06, 0.05, 0.04, 0.03, 0.03, 0.03, 0.02, 0.01),
    )  # fmt: skip
    used = np.zeros((n, _LAYERS), dtype=np.int64)
    # Tracks of a bundle lie close together: large clusters, shared segments.
    bundle = rng.random(n) < 0.3
    centre = _points(n, rng)
    for number in range(_MANY - 1):
        rows = np.flatnonzero(tracks > number)
        point = _points(len(rows), rng)
        near = centre[rows] + rng.integers(-3, 4, (len(rows), 2))
        point = np.where(bundle[rows, None], near, point)
        _add_track(words, used, rows, point, rng)
    _add_noise(words, used, rng)
    return words


def registers(seed: int) -> Registers:
    """Return a random legal threshold, the usual ones more often."""
    rng = stream(seed, "cdc_hough/registers")
    return {"hit_threshold": rng.choice((1, 2, 3, 4, 5), 1, p=(0.1, 0.15, 0.25, 0.25, 0.25))}


def _points(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw cells of the tracker's plane, shape (n, 2), more of them at its borders."""
    column = rng.integers(0, N_COLUMN, n)
    edge = rng.choice((0, BELOW - 1, BELOW, N_COLUMN - 5, N_COLUMN - 4, N_COLUMN - 1), n)
    row = rng.integers(0, N_OMEGA, n)
    end = rng.choice((0, 1, N_OMEGA // 2 - 1, N_OMEGA // 2, N_OMEGA - 2, N_OMEGA - 1), n)
    return np.stack([np.where(rng.random(n) < 0.3, edge, column),
                     np.where(rng.random(n) < 0.3, end, row)], axis=1)  # fmt: skip


def _add_track(
    words: NDArray[np.void],
    used: NDArray[np.int64],
    rows: NDArray[np.intp],
    points: NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Give each frame the segments of one track, now and then with one superlayer missing."""
    column = np.clip(points[:, 0], 0, N_COLUMN - 1)
    row = np.clip(points[:, 1], 0, N_OMEGA - 1)
    mask = crossings().mask
    for layer in range(_LAYERS):
        position = rng.choice((1, 2, FIRST), len(rows), p=(0.15, 0.15, 0.7))
        at = mask[layer, position, :, column] >> row[:, None] & 1
        # Any of the segments that cross the cell: the highest random number among them.
        pick = np.where(at == 1, rng.random(at.shape), -1.0).argmax(axis=1)
        there = (at.any(axis=1) & (rng.random(len(rows)) < 0.9)
                 & (used[rows, layer] < N_SLOT))  # fmt: skip
        _fill(words, used, rows[there], layer, pick[there], position[there])


def _add_noise(words: NDArray[np.void], used: NDArray[np.int64], rng: np.random.Generator) -> None:
    """Add segments anywhere: none, few, or all slots; beside a segment, twice the same, unknown."""
    n = len(words)
    most = rng.choice((0, 1, 3, N_SLOT), n, p=(0.5, 0.25, 0.2, 0.05))
    for layer in range(_LAYERS):
        for number in range(N_SLOT):
            rows = np.flatnonzero((most > number) & (used[:, layer] < N_SLOT))
            count = len(rows)
            pick = rng.integers(0, N_SEGMENT[layer], count) & 255
            last = words["id"][rows, layer * N_SLOT + np.maximum(used[rows, layer] - 1, 0)]
            beside = (last.astype(np.int64) + rng.integers(-1, 2, count)) & 255
            pick = np.where((used[rows, layer] > 0) & (rng.random(count) < 0.3), beside, pick)
            pick = np.where(rng.random(count) < 0.03, rng.integers(0, 256, count), pick)
            _fill(words, used, rows, layer, pick, rng.integers(0, FIRST + 1, count))


def _fill(
    words: NDArray[np.void],
    used: NDArray[np.int64],
    rows: NDArray[np.intp],
    layer: int,
    number: NDArray[np.int64],
    position: NDArray[np.int64],
) -> None:
    slot = layer * N_SLOT + used[rows, layer]
    words["valid"][rows, slot] = 1
    words["id"][rows, slot] = number
    words["position"][rows, slot] = position
    used[rows, layer] += 1
