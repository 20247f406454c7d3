"""Block `displaced_hough`: pairs of tracks from displaced vertices, by vertex hypotheses.

Hough planes for many vertex hypotheses are the published class of algorithm (Belle II,
BELLE2-MTHESIS-2023-021); grid, planes and the choice of pairs are this project's own:
docs/reference/displaced_hough.md. Which cells a segment crosses: `firmware_models.vertex_plane`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.cdc_hough import AXIAL
from firmware_models.interface.displaced import (
    CHAMBER_SEGMENTS,
    DISPLACED_VERTICES,
    N_RING,
)
from firmware_models.segment_finding import Segments
from firmware_models.vertex_masks import vertex_masks
from firmware_models.vertex_plane import N_LAYER
from firmware_models.vertex_search import search

BLOCK: Block = BLOCKS["displaced_hough"]

_FIELDS = tuple(f"superlayer{s}" for s in AXIAL)
_MOST_ARMS = DISPLACED_VERTICES["arms"].high
_OUT = ("valid", "azimuth", "positive", "negative", "positive_row", "negative_row",
        "positive_layers", "negative_layers", "arms", "inner", "cells")  # fmt: skip


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(segments: Segments, tracks: ArrayLike, *, clock: ArrayLike = 0) -> NDArray[np.void]:
    """Set the bits of the axial segments of windows.

    Parameters
    ----------
    segments : Segments
        Of n windows; stereo ones are left out.
    tracks : array_like of int, shape (n,)
        2D tracks of the standard finder; more than 31 are 31.
    clock : array_like of int, shape () or (n,)
        Data clock in the turn, 0 to 511.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `chamber_segments`

    Raises
    ------
    InputError
        For shapes that do not fit or a value out of range.
    """
    n = len(segments)
    number = np.asarray(tracks, dtype=np.int64)
    clocks = np.broadcast_to(np.asarray(clock, dtype=np.int64), (n,))
    if number.shape != (n,) or (number < 0).any():
        raise InputError(f"must be {n} numbers from 0", place="tracks")
    top = CHAMBER_SEGMENTS["clock"].high
    if clocks.size and not 0 <= clocks.min() <= clocks.max() <= top:
        raise InputError(f"must lie in 0 to {top}", place="clock")
    words = CHAMBER_SEGMENTS.zeros(n)
    words["tracks"] = np.minimum(number, CHAMBER_SEGMENTS["tracks"].high)
    words["clock"] = clocks
    window = segments.window_of
    for superlayer, name in zip(AXIAL, _FIELDS, strict=True):
        own = segments.superlayer == superlayer
        local = segments.local[own].astype(np.int64)
        size = CHAMBER_SEGMENTS[name].count
        if local.size and local.max() >= size:
            raise InputError(f"superlayer {superlayer} has segments 0 to {size - 1}, "
                             f"not {local.max()}", place="segments")  # fmt: skip
        words[name][window[own], local] = 1
    return words


def check_registers(registers: Registers | None) -> Registers:
    """Return the registers that the block runs with.

    Raises
    ------
    InputError
        For an unknown register, a value that does not fit it, or `layers` outside 1 to 5.
    """
    chosen = BLOCK.defaults()
    for name, value in (registers or {}).items():
        if name not in chosen:
            raise unknown_name("register", name, chosen, place=BLOCK.name)
        register = BLOCK.register(name)
        given = np.atleast_1d(np.asarray(value, dtype=np.int64))
        low, high = (1, N_LAYER) if name == "layers" else (0, (1 << register.width) - 1)
        if given.shape != (register.count,) or not low <= given.min() <= given.max() <= high:
            raise InputError(f"takes {register.count} of {low} to {high}, not {given.tolist()}",
                             place=f"{BLOCK.name}.{name}")  # fmt: skip
        chosen[name] = given
    return chosen


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Find the best hypothesis of every ring.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `chamber_segments`
    registers : dict of ndarray, optional
        Default: the values after reset.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `displaced_vertices`

    Raises
    ------
    InputError
        As for `check_registers`.
    """
    values = check_registers(registers)
    masks = vertex_masks()
    out = DISPLACED_VERTICES.zeros(len(words))
    result = np.zeros((len(words), N_RING, len(_OUT)), dtype=np.int64)
    search(
        tuple(np.ascontiguousarray(words[name]).view(np.uint64) for name in _FIELDS),
        values["layers"], values["min_opening"], int(values["max_opening"][0]),
        values["max_inner"], masks.columns, masks.sectors, masks.inner, result,
    )  # fmt: skip
    for i, name in enumerate(_OUT):
        out[name] = result[:, :, i]
    out["tracks"], out["clock"] = words["tracks"], words["clock"]
    few = words["tracks"] <= values["max_tracks"][0]
    out["displaced"] = out["valid"].any(axis=1) & few
    return out
