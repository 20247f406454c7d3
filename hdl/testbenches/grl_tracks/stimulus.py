"""Stimulus for `grl_tracks`: no track to 24, pairs at every angle and at the edges of bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.grl_tracks import BLOCK
from firmware_models.interface.cdc_hough import N_TRACK, N_TRACKER, TRACK_CLOCKS_PER_TURN
from hdl.streams import stream

_SLOTS = N_TRACKER * N_TRACK
_REACH = 83
"""Half-cells that the track finder gives: 0 to 82."""


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` frames; most have one to three tracks, so that a single pair decides."""
    rng = stream(seed, "grl_tracks/constrained")
    words = BLOCK.input.zeros(n)
    words["clock"] = rng.integers(0, TRACK_CLOCKS_PER_TURN, n)
    reach = rng.choice((_REACH, BLOCK.input["phi0"].high + 1), n, p=(0.7, 0.3))
    # What empty slots hold must not matter.
    words["phi0"] = rng.integers(0, reach[:, None], (n, _SLOTS))
    tracks = rng.choice(
        [0, 1, 2, 3, 4, 5, 6, 12, 24], n, p=(0.05, 0.1, 0.45, 0.15, 0.08, 0.05, 0.05, 0.05, 0.02)
    )
    order = rng.random((n, _SLOTS)).argsort(axis=1).argsort(axis=1)
    # The track finder fills a tracker's slots from 0; the block must not rely on it.
    gaps = rng.random(n) < 0.3
    valid = (order < tracks[:, None]).reshape(n, N_TRACKER, N_TRACK)
    packed = -np.sort(-valid.astype(np.int8), axis=2)
    words["valid"] = np.where(gaps[:, None, None], valid, packed).reshape(n, _SLOTS)
    _beside_edges(words, rng)
    _same_bin(words, rng)
    return words


def _beside_edges(words: NDArray[np.void], rng: np.random.Generator) -> None:
    """Move half of the tracks to the first half-cell of a bin, or to the one below."""
    n = len(words)
    start = -(-80 * rng.integers(5, 19, (n, _SLOTS)) // 9) - 41
    move = rng.random((n, _SLOTS)) < 0.5
    words["phi0"] = np.where(move, start - rng.integers(0, 2, (n, _SLOTS)), words["phi0"])


def _same_bin(words: NDArray[np.void], rng: np.random.Generator) -> None:
    """Put all tracks of a tracker on one another now and then: no angle between them."""
    rows = np.flatnonzero(rng.random(len(words)) < 0.1)
    phi = words["phi0"].reshape(-1, N_TRACKER, N_TRACK)
    phi[rows] = phi[rows, :, :1]
