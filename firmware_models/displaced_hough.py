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
    AXIAL_SEGMENTS,
    CHAMBER_SEGMENTS,
    DISPLACED_VERTICES,
    N_AZIMUTH,
    N_COLUMN,
    N_RING,
)
from firmware_models.kernels import njit
from firmware_models.segment_finding import Segments
from firmware_models.vertex_plane import (
    N_LAYER,
    NEGATIVE_ROWS,
    PERIOD,
    POSITIVE_ROWS,
    vertex_planes,
)

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
    table = vertex_planes()
    out = DISPLACED_VERTICES.zeros(len(words))
    result = np.zeros((len(words), N_RING, len(_OUT)), dtype=np.int64)
    _evaluate(
        tuple(np.ascontiguousarray(words[name]) for name in _FIELDS),
        values["layers"], values["min_opening"], int(values["max_opening"][0]),
        values["max_inner"], table.mask, table.first, table.last, table.inner_low,
        table.inner_high, result,
    )  # fmt: skip
    for i, name in enumerate(_OUT):
        out[name] = result[:, :, i]
    out["tracks"], out["clock"] = words["tracks"], words["clock"]
    few = words["tracks"] <= values["max_tracks"][0]
    out["displaced"] = out["valid"].any(axis=1) & few
    return out


@njit()
def _listed(maps, row, layer, number):  # type: ignore[no-untyped-def]
    """List the segments of a window; return how many, and how many superlayers have some."""
    found = layers = 0
    for k in range(N_LAYER):
        before = found
        for i in range(AXIAL_SEGMENTS[k]):
            if maps[k][row, i]:
                layer[found], number[found] = k, i
                found += 1
        layers += found > before
    return found, layers


@njit()
def _plane(crossed, least, at_least, positive, negative):  # type: ignore[no-untyped-def]
    """Fill the rows that 1 to 5 superlayers cross, and where each charge has an arm."""
    any_lit = False
    for column in range(N_COLUMN):
        one = two = three = four = five = np.int64(0)
        for k in range(N_LAYER):
            rows = crossed[k, column]
            five |= four & rows
            four |= three & rows
            three |= two & rows
            two |= one & rows
            one |= rows
        at_least[0, column], at_least[1, column], at_least[2, column] = one, two, three
        at_least[3, column], at_least[4, column] = four, five
        lit = at_least[least - 1, column]
        positive[column] = lit & POSITIVE_ROWS
        negative[column] = lit & NEGATIVE_ROWS
        any_lit |= lit != 0
    return any_lit


@njit()
def _ends(lit):  # type: ignore[no-untyped-def]
    """Return the first and the last column that is lit; 0 and -1: none."""
    first, last = 0, -1
    for column in range(N_COLUMN):
        if lit[column]:
            if last < 0:
                first = column
            last = column
    return first, last


@njit()
def _arm(at_least, column, least, rows):  # type: ignore[no-untyped-def]
    """Return the most superlayers of an arm in a column, and the lowest row that has them."""
    layers = least
    while layers < N_LAYER and at_least[layers, column] & rows:
        layers += 1
    best = at_least[layers - 1, column] & rows
    row = 0
    while not best >> row & 1:
        row += 1
    return layers, row


@njit()
def _evaluate(  # type: ignore[no-untyped-def]
    maps, least, min_opening, max_opening, max_inner, mask, first, last, inner_low, inner_high, out,
):  # fmt: skip
    total = 0
    for k in range(N_LAYER):
        total += AXIAL_SEGMENTS[k]
    layer, number = np.zeros(total, dtype=np.int64), np.zeros(total, dtype=np.int64)
    crossed = np.zeros((N_LAYER, N_COLUMN), dtype=np.int64)
    at_least = np.zeros((N_LAYER, N_COLUMN), dtype=np.int64)
    positive, negative = np.zeros(N_COLUMN, dtype=np.int64), np.zeros(N_COLUMN, dtype=np.int64)
    for row in range(len(out)):
        found, layers = _listed(maps, row, layer, number)
        for ring in range(N_RING):
            if layers < least[ring]:
                continue
            best_key = np.int64(-1)
            for azimuth in range(N_AZIMUTH):
                crossed[:] = 0
                some = inside = 0
                for i in range(found):
                    k = layer[i]
                    size = AXIAL_SEGMENTS[k]
                    own = (number[i] - azimuth * PERIOD[k] + size // 2) % size
                    for column in range(first[ring, k, own], last[ring, k, own] + 1):
                        crossed[k, column] |= mask[ring, k, own, column]
                        some |= 1 << k
                    if inner_low[ring, k] <= own <= inner_high[ring, k]:
                        inside |= 1 << k
                reached = inner = 0
                for k in range(N_LAYER):
                    reached += some >> k & 1
                    inner += inside >> k & 1
                if reached < least[ring]:
                    continue
                if not _plane(crossed, least[ring], at_least, positive, negative):
                    continue
                low_p, high_p = _ends(positive)
                low_n, high_n = _ends(negative)
                if high_p < 0 or high_n < 0:
                    continue
                p, n = low_p, high_n
                if high_p - low_n > high_n - low_p:
                    p, n = high_p, low_n
                opening = abs(p - n)
                if (opening < min_opening[ring] or opening > max_opening
                        or inner > max_inner[ring]):  # fmt: skip
                    continue
                out[row, ring, 10] += 1
                layers_p, row_p = _arm(at_least, p, least[ring], POSITIVE_ROWS)
                layers_n, row_n = _arm(at_least, n, least[ring], NEGATIVE_ROWS)
                key = (layers_p + layers_n) * N_COLUMN + opening
                if key > best_key:
                    best_key = key
                    arms = 0
                    for column in range(N_COLUMN):
                        lit = positive[column] | negative[column]
                        if lit and (column == 0 or not positive[column - 1] | negative[column - 1]):
                            arms += 1
                    at = out[row, ring]
                    at[0], at[1], at[2], at[3], at[4], at[5] = 1, azimuth, p, n, row_p, row_n
                    at[6], at[7], at[8], at[9] = layers_p, layers_n, min(arms, _MOST_ARMS), inner
