"""Block `klm_sector`: sectors of the muon detector (KLM) with enough hit planes.

Source: ecl_klm_gdl section 6 of the reference notes (basf2 KLM trigger simulation: a mask over
layers and planes for each sector, the number of its bits against a threshold, two neighbours
below it whose masks together reach it). Conventions of our own: docs/reference/klm_sector.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.klm import (
    BACKWARD_LAYERS,
    FORWARD_LAYERS,
    KLM_HITS,
    KLM_SECTORS,
    N_BARREL,
    N_BARREL_RING,
    N_ENDCAP_RING,
    N_LAYER,
    N_PLANE,
    N_SECTOR,
)
from firmware_models.kernels import njit

BLOCK: Block = BLOCKS["klm_sector"]

BARREL, ENDCAP = 0, 1
"""Subdetectors."""

FORWARD, BACKWARD = 0, 1
"""Sections."""

_PARTS = ("barrel forward", "barrel backward", "endcap forward", "endcap backward")
_LAYERS = np.array([N_LAYER, N_LAYER, FORWARD_LAYERS, BACKWARD_LAYERS])
_SECTORS = np.array([N_BARREL_RING, N_BARREL_RING, N_ENDCAP_RING, N_ENDCAP_RING])
_FIRST = np.cumsum(_SECTORS) - _SECTORS
_NEXT = np.concatenate(
    [first + (np.arange(size) + 1) % size for first, size in zip(_FIRST, _SECTORS, strict=True)]
)
"""The next sector of each in its ring."""

_MOST = KLM_SECTORS["klm"].high


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    offsets: ArrayLike,
    subdetector: ArrayLike,
    section: ArrayLike,
    sector: ArrayLike,
    layer: ArrayLike,
    plane: ArrayLike,
    *,
    clock: ArrayLike = 0,
) -> NDArray[np.void]:
    """Set the bits of hit planes.

    Parameters
    ----------
    offsets : array_like of int, shape (n + 1,)
        Window i has hits ``offsets[i]`` to ``offsets[i + 1]``.
    subdetector : array_like of int, shape (n_hits,)
        0 barrel, 1 endcap.
    section : array_like of int, shape (n_hits,)
        0 forward, 1 backward.
    sector : array_like of int, shape (n_hits,)
        From 0 in its ring: 0 to 7 in the barrel, 0 to 3 in the endcaps.
    layer : array_like of int, shape (n_hits,)
        From 0, the innermost: below 15 in the barrel, 14 in the forward and 12 in the backward
        endcap.
    plane : array_like of int, shape (n_hits,)
        0 or 1.
    clock : array_like of int, shape () or (n,)
        Data clock of the window, 0 to 127.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `klm_hits`
        Several hits of one plane set one bit.

    Raises
    ------
    InputError
        For shapes that do not fit or a value out of range.
    """
    starts = np.asarray(offsets, dtype=np.int64)
    columns = [np.asarray(values) for values in (subdetector, section, sector, layer, plane)]
    if (starts.ndim != 1 or not len(starts) or starts[0] != 0 or (np.diff(starts) < 0).any()
            or any(column.shape != (starts[-1],) for column in columns)):  # fmt: skip
        raise InputError("offsets must rise from 0 to the number of hits, "
                         "and every column must have that many entries")  # fmt: skip
    for name, column, high in zip(("subdetector", "section", "plane"),
                                  (columns[0], columns[1], columns[4]),
                                  (ENDCAP, BACKWARD, N_PLANE - 1), strict=True):  # fmt: skip
        _check(name, column, high)
    subdetectors, sections, sectors, layers, planes = (c.astype(np.int64) for c in columns)
    part = 2 * subdetectors + sections
    _check_part("sector", sectors, part, _SECTORS)
    _check_part("layer", layers, part, _LAYERS)
    clocks = np.broadcast_to(np.asarray(clock, dtype=np.int64), (len(starts) - 1,))
    _check("clock", clocks, KLM_HITS["clock"].high)
    words = KLM_HITS.zeros(len(starts) - 1)
    words["clock"] = clocks
    _set(starts, _FIRST[part] + sectors, N_PLANE * layers + planes, words["mask"])
    return words


def _check(name: str, values: NDArray[Any], high: int) -> None:
    low, top = (values.min(), values.max()) if values.size else (0, 0)
    if not (low >= 0 and top <= high):
        raise InputError(f"must lie in 0 to {high}, not {low} to {top}", place=name)


def _check_part(
    name: str, values: NDArray[np.int64], part: NDArray[np.int64], count: NDArray[np.int64]
) -> None:
    """Refuse what the part of the detector does not have, naming the first such hit."""
    wrong = np.flatnonzero((values < 0) | (values >= count[part]))
    if len(wrong):
        hit, where = int(wrong[0]), int(part[wrong[0]])
        raise InputError(f"must lie in 0 to {count[where] - 1} in the {_PARTS[where]}, "
                         f"not {values[hit]}", place=f"{name}[{hit}]")  # fmt: skip


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Find the sectors that fire.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `klm_hits`
    registers : dict of ndarray, optional
        Default: the values after reset. 0 planes are taken as 1.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `klm_sectors`

    Raises
    ------
    InputError
        For an unknown register, or a value that does not fit it.
    """
    values = BLOCK.scalars(registers or {})
    barrel = np.arange(N_SECTOR) < N_BARREL
    planes = np.where(barrel, values["barrel_planes"], values["endcap_planes"])
    masks = np.where(barrel, values["barrel_mask"], values["endcap_mask"])
    out = KLM_SECTORS.zeros(len(words))
    out["clock"] = words["clock"]
    _evaluate(
        words["mask"], masks, np.maximum(planes, 1), values["recovery"],
        out["barrel"], out["endcap"], out["recovered"],
    )  # fmt: skip
    for name, count, ring, opposite in (
        ("barrel", "klm", N_BARREL_RING, "klmb2b"), ("endcap", "eklm", N_ENDCAP_RING, "eklmb2b"),
    ):  # fmt: skip
        fired = out[name]
        out[count] = np.minimum(fired.sum(axis=1, dtype=np.int64), _MOST)
        either = fired[:, :ring] | fired[:, ring:]
        out[opposite] = (either & np.roll(either, ring // 2, axis=1)).any(axis=1)
    return out


@njit()
def _set(starts, sector, bit, mask):  # type: ignore[no-untyped-def]
    for window in range(len(starts) - 1):
        for i in range(starts[window], starts[window + 1]):
            mask[window, sector[i]] |= np.uint32(1) << np.uint32(bit[i])


@njit()
def _bits(value):  # type: ignore[no-untyped-def]
    count = np.int64(0)
    while value:
        value &= value - 1
        count += 1
    return count


@njit()
def _evaluate(  # type: ignore[no-untyped-def]
    mask, masks, planes, recovery, barrel, endcap, recovered
):
    hits = np.zeros(N_SECTOR, dtype=np.int64)
    alone = np.zeros(N_SECTOR, dtype=np.bool_)
    for row in range(len(mask)):
        for s in range(N_SECTOR):
            hits[s] = np.int64(mask[row, s]) & masks[s]
            alone[s] = _bits(hits[s]) >= planes[s]
        if recovery:
            for s in range(N_SECTOR):
                other = _NEXT[s]
                below = not alone[s] and not alone[other]
                if below and _bits(hits[s] | hits[other]) >= planes[s]:
                    recovered[row, s] = 1
                    recovered[row, other] = 1
        for s in range(N_SECTOR):
            fired = alone[s] or recovered[row, s]
            if s < N_BARREL:
                barrel[row, s] = fired
            else:
                endcap[row, s - N_BARREL] = fired
