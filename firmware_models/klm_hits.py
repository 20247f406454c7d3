"""Hits of the muon detector's planes, as its front end hands them to the trigger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import ragged
from firmware_models.interface.klm import MASK_WIDTH, N_BARREL, N_ENDCAP, N_PLANE, N_SECTOR
from firmware_models.kernels import njit


@dataclass(frozen=True)
class KlmHits:
    """Hit planes of many windows, ragged.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Hits of window i are ``offsets[i]`` to ``offsets[i + 1]``.
    sector : ndarray of uint8, shape (n_hit,)
        Barrel forward 0 to 7, backward 8 to 15; endcap forward 16 to 19, backward 20 to 23.
    layer : ndarray of uint8, shape (n_hit,)
        0 the innermost.
    plane : ndarray of uint8, shape (n_hit,)
        0: φ in the barrel, y in the endcaps; 1: z and x. Within a window hits rise in sector, layer
        and plane, without duplicates.
    """

    offsets: NDArray[np.int64]
    sector: NDArray[np.uint8]
    layer: NDArray[np.uint8]
    plane: NDArray[np.uint8]

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.offsets) - 1

    @property
    def window_of(self) -> NDArray[np.int64]:
        """Window of every hit, shape ``(n_hit,)``."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def masks(self) -> NDArray[np.uint64]:
        """Return the mask of every sector, shape ``(n, 24)``: bit 2 layer + plane."""
        masks = np.zeros((len(self), N_SECTOR), dtype=np.uint64)
        bit = N_PLANE * self.layer.astype(np.uint64) + self.plane
        np.bitwise_or.at(masks, (self.window_of, self.sector), np.uint64(1) << bit)
        return masks

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return subdetector (0 barrel, 1 endcap), section (0 forward, 1 backward), sector in it.

        They are the columns that `firmware_models.klm_sector.quantize` takes; shapes ``(n_hit,)``.
        """
        sector = self.sector.astype(np.int64)
        endcap = sector >= N_BARREL
        size = np.where(endcap, N_ENDCAP // 2, N_BARREL // 2)
        ring, within = np.divmod(sector - np.where(endcap, N_BARREL, 0), size)
        return endcap.astype(np.int64), ring, within

    @classmethod
    def from_masks(cls, masks: NDArray[np.uint64]) -> KlmHits:
        """Return the hits of masks, shape ``(n, 24)``."""
        offsets, sector, bit = _unpack(masks)
        return cls(offsets, sector, bit // np.uint8(N_PLANE), bit % np.uint8(N_PLANE))

    def select(self, chosen: NDArray[np.intp]) -> KlmHits:
        """Return the windows of the given numbers, in the given order."""
        offsets, rows = ragged.selected(self.offsets, chosen)
        return KlmHits(offsets, self.sector[rows], self.layer[rows], self.plane[rows])

    @classmethod
    def joined(cls, parts: Sequence[KlmHits]) -> KlmHits:
        """Return the windows of several one after the other."""
        columns = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("sector", "layer", "plane")
        )
        return cls(ragged.joined([part.offsets for part in parts]), *columns)


@njit()
def _unpack(
    masks: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return offsets, sector and bit of every set bit, rising."""
    n = len(masks)
    one, none = np.uint64(1), np.uint64(0)
    offsets = np.zeros(n + 1, dtype=np.int64)
    for i in range(n):
        count = 0
        for sector in range(N_SECTOR):
            rest = masks[i, sector]
            while rest != none:
                rest &= rest - one
                count += 1
        offsets[i + 1] = offsets[i] + count
    sectors = np.empty(offsets[n], dtype=np.uint8)
    bits = np.empty(offsets[n], dtype=np.uint8)
    at = 0
    for i in range(n):
        for sector in range(N_SECTOR):
            if masks[i, sector] == none:
                continue
            for bit in range(MASK_WIDTH):
                if (masks[i, sector] >> np.uint64(bit)) & one != none:
                    sectors[at], bits[at] = sector, bit
                    at += 1
    return offsets, sectors, bits
