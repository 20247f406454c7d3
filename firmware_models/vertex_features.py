"""What the classifier of displaced vertices is told about a ring's hypothesis: integers.

A mirror through the beam line swaps the charges: columns and rows count from the other end and the
arms change places. Every hypothesis is mirrored, or not, into the one of the two forms in which its
arms lie on the side of high columns (then of high rows, then the positive arm has more
superlayers), so that the classifier says the same of both. A hypothesis that is its own image is
not told on which side of it those of other rings lie.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.displaced import N_COLUMN, N_FEATURE, N_RING
from firmware_models.interface.neuro import ONE
from firmware_models.kernels import njit

FEATURES = (
    *(f"ring{r}" for r in range(N_RING)), "distance", "opening", "side", "positive_row",
    "negative_row", "positive_layers", "negative_layers", "arms", "inner", "cells", "standard",
    *(f"valid{r}" for r in range(N_RING)), "all_cells", "best_layers", "widest", "agreeing",
    "inward", "outward",
)  # fmt: skip
"""Names of the features, in the network's order (docs/reference/displaced_classifier.md)."""

CELLS_TOP, ALL_CELLS_TOP = 15, 63
"""Where the numbers of hypotheses stop to count."""

OPENING_TOP, WIDEST_TOP = 15, 31
"""Where the openings of the hypothesis and of the others stop to count [columns]."""

NEAR = 2
"""Sectors within which the hypotheses of two rings agree."""

FIELDS = ("valid", "azimuth", "positive", "negative", "positive_row", "negative_row",
          "positive_layers", "negative_layers", "arms", "inner", "cells")  # fmt: skip


def features(words: NDArray[np.void]) -> NDArray[np.int32]:
    """Return the features of every ring's hypothesis.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `displaced_vertices`

    Returns
    -------
    ndarray of int32, shape (n, 6, 29)
        Node values, 4096 for 1; 0 for rings without `valid`.
    """
    out = np.zeros((len(words), N_RING, N_FEATURE), dtype=np.int32)
    given = np.stack([words[name].astype(np.int64) for name in FIELDS], axis=2)
    _features(given, words["tracks"].astype(np.int64), out)
    return out


@njit()
def _features(given, tracks, out):  # type: ignore[no-untyped-def]
    for row in range(len(given)):
        frame = given[row]
        all_cells = 0
        for ring in range(N_RING):
            if frame[ring, 0] == 1:
                all_cells += frame[ring, 10]
        for ring in range(N_RING):
            if frame[ring, 0] == 1:
                at = out[row, ring]
                at[ring] = ONE
                turn = _own(frame[ring], at)
                at[16] = ONE if tracks[row] > 0 else 0
                at[23] = min(all_cells, ALL_CELLS_TOP) << 6
                _others(frame, ring, turn, at)


@njit()
def _own(ring, at):  # type: ignore[no-untyped-def]
    """Fill what a hypothesis says itself; return 1, -1 where it is mirrored, 0: its own image."""
    positive, negative = ring[2], ring[3]
    rows, layers = ring[4] + ring[5] - 7, ring[6] - ring[7]
    side = positive + negative - (N_COLUMN - 1)
    mirrored = side < 0 or (side == 0 and (rows < 0 or (rows == 0 and layers < 0)))
    at[6] = (positive - negative) * 64
    # Background opens by few columns: the scale is fine there, and ends.
    at[7] = min(abs(positive - negative), OPENING_TOP) * 256
    at[8] = abs(side) * 64
    at[9] = ((7 - 2 * ring[5]) if mirrored else (2 * ring[4] - 7)) * 512
    at[10] = ((7 - 2 * ring[4]) if mirrored else (2 * ring[5] - 7)) * 512
    at[11] = (ring[7] if mirrored else ring[6]) * 512
    at[12] = (ring[6] if mirrored else ring[7]) * 512
    at[13] = ring[8] * 256
    at[14] = ring[9] * 1024
    at[15] = min(ring[10], CELLS_TOP) * 256
    if side == 0 and rows == 0 and layers == 0:
        return 0
    return -1 if mirrored else 1


@njit()
def _others(frame, ring, turn, at):  # type: ignore[no-untyped-def]
    """Fill what the other rings' hypotheses say about one."""
    layers = widest = agreeing = 0
    outward = False
    for other in range(N_RING):
        if frame[other, 0] == 0:
            continue
        at[17 + other] = ONE
        if other == ring:
            continue
        apart = frame[other, 1] - frame[ring, 1]
        # The difference of sectors wraps after the mirror: half a turn is -16 in both forms.
        off = (turn * apart + 16) % 32 - 16
        layers = max(layers, frame[other, 6] + frame[other, 7])
        widest = max(widest, abs(frame[other, 2] - frame[other, 3]))
        agreeing += abs((apart + 16) % 32 - 16) <= NEAR
        if other < ring:
            at[27] = off * 256
        elif not outward:
            outward = True
            at[28] = off * 256
    at[24] = layers * 256
    at[25] = min(widest, WIDEST_TOP) * 128
    at[26] = agreeing * 512
