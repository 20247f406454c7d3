"""The planes of the vertex hypotheses as masks: one word holds many columns, or many hypotheses.

Two views of the ranges in `firmware_models.vertex_plane`, for a search by words
(`firmware_models.vertex_search`): the columns that a segment crosses in each row of one plane, and
the hypotheses of a ring in whose planes it crosses a block of neighbouring columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.displaced import (
    AXIAL_SEGMENTS,
    N_AZIMUTH,
    N_RING,
    N_ROW,
)
from firmware_models.vertex_plane import N_LAYER, PERIOD, vertex_planes
from firmware_models.vertex_search import BLOCK_COLUMNS, N_BLOCK


@dataclass(frozen=True)
class VertexMasks:
    """Masks of the segments; the superlayers' segments follow each other.

    Parameters
    ----------
    columns : ndarray of uint64, shape (6, 1312, 8)
        Bit c: the segment crosses column c of that row; ring, segment counted from the place
        opposite to the hypothesis, row.
    sectors : ndarray of uint64, shape (6, 41, 64)
        Bits a and 32 + a: the segment crosses a cell of that block and row in the plane of sector
        a; ring, segment of the first sector, 8 · block + row. The segment q sectors on has these
        masks turned by q bits: bits 32 - q to 63 - q.
    inner : ndarray of uint64, shape (6, 41)
        Bits a and 32 + a: the segment lies inside the ring on the way to sector a.
    """

    columns: NDArray[np.uint64]
    sectors: NDArray[np.uint64]
    inner: NDArray[np.uint64]


@cache
def vertex_masks() -> VertexMasks:
    """Return the tables."""
    table = vertex_planes()
    columns = np.zeros((N_RING, sum(AXIAL_SEGMENTS), N_ROW), dtype=np.uint64)
    sectors = np.zeros((N_RING, sum(PERIOD), N_BLOCK * N_ROW), dtype=np.uint64)
    inner = np.zeros((N_RING, sum(PERIOD)), dtype=np.uint64)
    at, at_own = 0, 0
    for k in range(N_LAYER):
        size, period = AXIAL_SEGMENTS[k], PERIOD[k]
        place = np.arange(size)[:, None, None]
        # Places of the first sector's segments, by hypothesis.
        own = np.arange(period)[:, None] - period * np.arange(N_AZIMUTH) + size // 2
        own %= size
        for ring in range(N_RING):
            low, high = table.low[ring, k], table.high[ring, k]
            crossed = (low <= place) & (place <= high)
            columns[ring, at : at + size] = _word(crossed.transpose(0, 2, 1))
            block = crossed.reshape(size, N_BLOCK, BLOCK_COLUMNS, N_ROW).any(axis=2)
            block = block.reshape(size, N_BLOCK * N_ROW)
            of_sector = block[own].transpose(0, 2, 1)
            sectors[ring, at_own : at_own + period] = _word(np.tile(of_sector, 2))
            inside = (table.inner_low[ring, k] <= own) & (own <= table.inner_high[ring, k])
            inner[ring, at_own : at_own + period] = _word(np.tile(inside, 2))
        at, at_own = at + size, at_own + period
    return VertexMasks(columns, sectors, inner)


def _word(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return words of the last axis' 64 bits, bit 0 first."""
    packed = np.packbits(bits, axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u8")[..., 0].astype(np.uint64)
