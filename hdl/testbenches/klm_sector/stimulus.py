"""Stimulus for `klm_sector`: sectors at the count ±1, pairs that reach it only together, noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface import Registers
from firmware_models.interface.clock import DATA_CLOCKS_PER_TURN
from firmware_models.interface.klm import (
    MASK_WIDTH,
    N_BARREL,
    N_BARREL_RING,
    N_ENDCAP_RING,
    N_SECTOR,
)
from firmware_models.klm_sector import BLOCK
from hdl.streams import stream

BATCH = 500
"""Frames with the same registers: small, so that many counts and masks are reached."""

_PLANES = int(BLOCK.register("barrel_planes").default)  # type: ignore[arg-type]
_TOP = 1 << MASK_WIDTH


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` frames: from empty to full, most sectors around the usual count or some other."""
    rng = stream(seed, "klm_sector/constrained")
    words = BLOCK.input.zeros(n)
    inside = rng.integers(0, DATA_CLOCKS_PER_TURN, n)
    words["clock"] = np.where(rng.random(n) < 0.9, inside, rng.integers(0, 128, n))
    # The count that a frame's sectors lie around: the default, or any.
    around = np.where(rng.random(n) < 0.5, _PLANES, rng.integers(0, MASK_WIDTH + 1, n))
    shape = (n, N_SECTOR)
    close = around[:, None] + rng.integers(-1, 2, shape)
    noise = rng.integers(0, 4, shape)
    kind = rng.choice(4, shape, p=(0.35, 0.25, 0.35, 0.05))
    # In some frames nearly every sector fires: counts at their end.
    kind = np.where(rng.random((n, 1)) < 0.05, rng.choice((2, 3), shape, p=(0.2, 0.8)), kind)
    count = np.choose(kind, (0 * noise, noise, close, np.full(shape, MASK_WIDTH)))
    # Few or many sectors of a frame have hits at all.
    busy = rng.random(shape) < rng.choice((0.1, 0.3, 0.7, 1.0), n, p=(0.3, 0.4, 0.2, 0.1))[:, None]
    words["mask"] = _with_bits(np.where(busy, count, 0), rng)
    _share(words, around, rng)
    return words


def registers(seed: int) -> Registers:
    """Return random legal registers: few or many planes, masks with holes, recovery or not."""
    rng = stream(seed, "klm_sector/registers")
    out: Registers = {}
    for name in ("barrel_planes", "endcap_planes"):
        near, anywhere = _PLANES + int(rng.integers(-3, 4)), int(rng.integers(0, 32))
        planes = rng.choice((near, anywhere, 0, 1, 31), p=(0.5, 0.35, 0.05, 0.05, 0.05))
        out[name] = np.array([planes], dtype=np.int64)
    for name in ("barrel_mask", "endcap_mask"):
        holes = int(rng.integers(0, _TOP)) & int(rng.integers(0, _TOP))
        # The two innermost layers left out, as an example payload of Belle II does.
        values = (_TOP - 1, (_TOP - 1) ^ 0b1111, (_TOP - 1) ^ holes, int(rng.integers(0, _TOP)), 0)
        mask = rng.choice(values, p=(0.3, 0.3, 0.25, 0.12, 0.03))
        out[name] = np.array([mask], dtype=np.int64)
    out["recovery"] = np.array([rng.random() < 0.7], dtype=np.int64)
    return out


def _with_bits(count: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return masks with so many bits set, anywhere."""
    order = rng.random((*count.shape, MASK_WIDTH), dtype=np.float32).argsort(axis=-1)
    chosen = np.arange(MASK_WIDTH) < count[..., None]
    masks: NDArray[np.int64] = (chosen << order).sum(axis=-1)
    return masks


def _share(words: NDArray[np.void], around: NDArray[np.int64], rng: np.random.Generator) -> None:
    """Give one or two pairs of neighbours the planes of one muon: together the count, ±1."""
    for share in (0.7, 0.4):
        rows = np.flatnonzero(rng.random(len(words)) < share)
        own = rng.integers(0, N_SECTOR, len(rows))
        ring = np.where(own < N_BARREL, N_BARREL_RING, N_ENDCAP_RING)
        # Rings begin at multiples of their size. Sometimes the pair is none: across, or two rings.
        other = own // ring * ring + (own + 1) % ring
        wrong = rng.random(len(rows)) < 0.1
        other = np.where(wrong, (own + rng.integers(1, N_SECTOR, len(rows))) % N_SECTOR, other)
        total = np.clip(around[rows] + rng.integers(-1, 2, len(rows)), 0, MASK_WIDTH)
        whole = _with_bits(total, rng)
        part = whole & rng.integers(0, _TOP, len(rows))
        both = whole & _with_bits(rng.integers(0, 3, len(rows)), rng)
        words["mask"][rows, own] = part | both
        words["mask"][rows, other] = whole & ~part | both
