"""Stimulus for `cdc_event_time`: peaks, pairs of them, random times, edges of window and bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_event_time import BLOCK
from firmware_models.interface import Registers
from hdl.streams import stream

BATCH = 500
"""Frames with the same registers: small, so that all of their few values are reached."""

_SLOTS = BLOCK.input["valid"].count
_GROUPS = _SLOTS // 10


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` frames: from no segment to full slots, a few times in common to many."""
    rng = stream(seed, "cdc_event_time/constrained")
    words = BLOCK.input.zeros(n)
    words["clock"] = np.where(rng.random(n) < 0.9, rng.integers(0, 320, n), rng.integers(0, 512, n))
    fill = rng.choice((0.0, 0.003, 0.02, 0.08, 0.3, 1.0), n, p=(0.03, 0.12, 0.35, 0.35, 0.1, 0.05))
    words["valid"] = rng.random((n, _SLOTS)) < fill[:, None]
    start = 16 * (words["clock"].astype(np.int64) - 15)
    position = rng.integers(0, 256, (n, _SLOTS))
    edge = rng.choice((0, 1, 63, 64, 127, 128, 191, 192, 254, 255), (n, _SLOTS))
    position = np.where(rng.random((n, _SLOTS)) < 0.1, edge, position)
    for share in (0.5, 0.2):
        position = _peak(position, share, rng)
    outside = rng.random((n, _SLOTS)) < rng.choice((0.0, 0.2, 0.95), n, p=(0.4, 0.5, 0.1))[:, None]
    position = np.where(outside, rng.integers(256, 512, (n, _SLOTS)), position)
    words["time"] = (start[:, None] + position) & 511
    _pile(words, start, rng)
    return words


def registers(seed: int) -> Registers:
    """Return any registers, 0 entries among them."""
    rng = stream(seed, "cdc_event_time/registers")
    return {register.name: rng.integers(0, 1 << register.width, 1) for register in BLOCK.registers}


def _peak(position: NDArray[np.int64], share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Move a share of the times to one place of the frame, within 1 to 16 ticks."""
    n = len(position)
    where = rng.integers(0, 256, n)
    width = rng.choice((1, 2, 4, 8, 16), n)
    moved = where[:, None] + rng.integers(0, width[:, None], position.shape)
    chosen = rng.random(position.shape) < (share * rng.random(n))[:, None]
    return np.where(chosen, np.minimum(moved, 255), position)


def _pile(words: NDArray[np.void], start: NDArray[np.int64], rng: np.random.Generator) -> None:
    """Give some frames one to ten equal times in one group of ten slots, some over all groups."""
    rows = np.flatnonzero(rng.random(len(words)) < 0.2)
    where = (start[rows] + rng.integers(0, 256, len(rows))) & 511
    group = rng.integers(0, _GROUPS, len(rows))
    slots = np.arange(_SLOTS)
    own = slots // 10 == group[:, None]
    wide = rng.random(len(rows)) < 0.5
    own = np.where(wide[:, None], rng.random((len(rows), _SLOTS)) < 0.02, own)
    own &= rng.random((len(rows), _SLOTS)) < rng.choice((0.3, 0.6, 1.0), len(rows))[:, None]
    alone = rng.random(len(rows)) < 0.5
    words["valid"][rows] = np.where(alone[:, None], own, words["valid"][rows] | own)
    words["time"][rows] = np.where(own, where[:, None], words["time"][rows])
