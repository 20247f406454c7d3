"""Search of the vertex hypotheses by words of bits: kernels of `firmware_models.displaced_hough`.

A hypothesis' plane is eight words, one a row with a bit a column, for each number of superlayers.
Before, one pass over all sectors of a ring at once, with a bit a sector and blocks of columns
instead of columns, leaves out the hypotheses in which no two arms of both charges can be found.
"""

from __future__ import annotations

import numpy as np

from firmware_models.interface.displaced import (
    AXIAL_SEGMENTS,
    N_AZIMUTH,
    N_COLUMN,
    N_RING,
    N_ROW,
)
from firmware_models.kernels import njit

N_LAYER = len(AXIAL_SEGMENTS)
N_BLOCK = 8
"""Blocks of neighbouring columns, for the pass over all sectors."""

BLOCK_COLUMNS = N_COLUMN // N_BLOCK
N_COARSE = N_BLOCK * N_ROW
PERIOD = tuple(n // N_AZIMUTH for n in AXIAL_SEGMENTS)
FIRST = tuple(sum(AXIAL_SEGMENTS[:k]) for k in range(N_LAYER))
FIRST_OWN = tuple(sum(PERIOD[:k]) for k in range(N_LAYER))
N_SEGMENT = sum(AXIAL_SEGMENTS)
FIRST_POSITIVE, LAST_NEGATIVE = N_ROW // 2 - 1, N_ROW // 2
MOST_ARMS = 15
ONE, NONE = np.uint64(1), np.uint64(0)
ALL_SECTORS = np.uint64((1 << N_AZIMUTH) - 1)
BYTES = 8
"""Segments in one word of a map."""


@njit()
def search(  # type: ignore[no-untyped-def]
    maps, least, min_opening, max_opening, max_inner, columns, sectors, inner, out,
):  # fmt: skip
    """Find the best hypothesis of every ring.

    Parameters
    ----------
    maps : tuple of 5 ndarray of uint64, shape (n, size / 8)
        Bytes of the superlayers' segments.
    least, min_opening, max_inner : ndarray of int64, shape (6,)
    max_opening : int
    columns, sectors, inner : ndarray
        `VertexMasks`.
    out : ndarray of int64, shape (n, 6, 11)
        Filled: the fields of the output word from `valid` to `cells`; zero before.
    """
    number = np.zeros(N_SEGMENT, dtype=np.int64)
    end = np.zeros(N_LAYER, dtype=np.int64)
    coarse = np.zeros((N_LAYER, N_COARSE), dtype=np.uint64)
    plane = np.zeros((N_LAYER, N_ROW), dtype=np.uint64)
    rows = np.zeros((N_LAYER, N_ROW), dtype=np.uint64)
    crossed = np.zeros(N_COARSE, dtype=np.uint64)
    inside = np.zeros(N_LAYER, dtype=np.uint64)
    for row in range(len(out)):
        layers = _listed(maps, row, number, end)
        for ring in range(N_RING):
            if layers < least[ring]:
                continue
            left = _possible(number, end, sectors[ring], least[ring], min_opening[ring], crossed,
                             coarse)  # fmt: skip
            if left == NONE:
                continue
            _inside(number, end, inner[ring], inside)
            best_key = np.int64(-1)
            while left != NONE:
                azimuth = _lowest(left)
                left &= left - ONE
                within = np.int64(0)
                for k in range(N_LAYER):
                    within += np.int64(inside[k] >> np.uint64(azimuth) & ONE)
                if within > max_inner[ring]:
                    continue
                _cross(number, end, azimuth, columns[ring], rows)
                positive, negative = _count(rows, least[ring], plane)
                if positive == NONE or negative == NONE:
                    continue
                p, n = _lowest(positive), _highest(negative)
                high, low = _highest(positive), _lowest(negative)
                if high - low > n - p:
                    p, n = high, low
                opening = abs(p - n)
                if opening < min_opening[ring] or opening > max_opening:
                    continue
                at = out[row, ring]
                at[10] += 1
                layers_p, row_p = _arm(plane, p, least[ring], FIRST_POSITIVE, N_ROW)
                layers_n, row_n = _arm(plane, n, least[ring], 0, LAST_NEGATIVE + 1)
                key = (layers_p + layers_n) * N_COLUMN + opening
                if key > best_key:
                    best_key = key
                    lit = positive | negative
                    arms = _ones(lit & ~(lit << ONE))
                    at[0], at[1], at[2], at[3], at[4], at[5] = 1, azimuth, p, n, row_p, row_n
                    at[6], at[7], at[8], at[9] = layers_p, layers_n, min(arms, MOST_ARMS), within


@njit()
def _listed(maps, row, number, end):  # type: ignore[no-untyped-def]
    """List the segments of a window by superlayer; return how many superlayers have some."""
    found = layers = 0
    for k in range(N_LAYER):
        before = found
        for word in range(AXIAL_SEGMENTS[k] // BYTES):
            bits = maps[k][row, word]
            if bits != NONE:
                for i in range(BYTES):
                    if bits >> np.uint64(8 * i) & np.uint64(255):
                        number[found] = BYTES * word + i
                        found += 1
        end[k] = found
        layers += found > before
    return layers


@njit()
def _possible(number, end, sectors, least, min_opening, crossed, coarse):  # type: ignore[no-untyped-def]
    """Return the sectors of a ring whose planes may have a pair: a bit each.

    A lit cell needs its superlayers in its block of columns and its row too, so none is missed.
    """
    coarse[:] = NONE
    first = 0
    for k in range(N_LAYER):
        if end[k] == first:
            continue
        crossed[:] = NONE
        for i in range(first, end[k]):
            turn = number[i] // PERIOD[k]
            masks = sectors[FIRST_OWN[k] + number[i] - turn * PERIOD[k]]
            shift = np.uint64(N_AZIMUTH - turn)
            for cell in range(N_COARSE):
                crossed[cell] |= masks[cell] >> shift
        first = end[k]
        for cell in range(N_COARSE):
            new = crossed[cell]
            for n in range(N_LAYER - 1, 0, -1):
                coarse[n, cell] |= coarse[n - 1, cell] & new
            coarse[0, cell] |= new
    return _pairs(coarse[least - 1], min_opening // BLOCK_COLUMNS)


@njit()
def _pairs(lit, apart):  # type: ignore[no-untyped-def]
    """Return the sectors with lit blocks of both charges that are at least `apart` from another."""
    possible = NONE
    positive = negative = NONE
    for block in range(apart, N_BLOCK):
        # Arms up to `block - apart` with one of the other charge in `block`.
        for row in range(FIRST_POSITIVE, N_ROW):
            positive |= lit[(block - apart) * N_ROW + row]
        for row in range(LAST_NEGATIVE + 1):
            negative |= lit[(block - apart) * N_ROW + row]
        here_p = here_n = NONE
        for row in range(FIRST_POSITIVE, N_ROW):
            here_p |= lit[block * N_ROW + row]
        for row in range(LAST_NEGATIVE + 1):
            here_n |= lit[block * N_ROW + row]
        possible |= here_p & negative | here_n & positive
    return possible & ALL_SECTORS


@njit()
def _inside(number, end, inner, inside):  # type: ignore[no-untyped-def]
    """Fill the sectors that have a segment inside the ring, by superlayer."""
    first = 0
    for k in range(N_LAYER):
        mask = NONE
        for i in range(first, end[k]):
            turn = number[i] // PERIOD[k]
            own = FIRST_OWN[k] + number[i] - turn * PERIOD[k]
            mask |= inner[own] >> np.uint64(N_AZIMUTH - turn)
        inside[k] = mask
        first = end[k]


@njit()
def _cross(number, end, azimuth, columns, crossed):  # type: ignore[no-untyped-def]
    """Fill the columns that each superlayer crosses, by row."""
    first = 0
    for k in range(N_LAYER):
        size = AXIAL_SEGMENTS[k]
        turn = size // 2 - azimuth * PERIOD[k]
        # One variable a row: kept in registers, which arrays are not.
        row0 = row1 = row2 = row3 = row4 = row5 = row6 = row7 = NONE
        for i in range(first, end[k]):
            own = number[i] + turn
            own += size * (own < 0) - size * (own >= size)
            masks = columns[FIRST[k] + own]
            row0 |= masks[0]
            row1 |= masks[1]
            row2 |= masks[2]
            row3 |= masks[3]
            row4 |= masks[4]
            row5 |= masks[5]
            row6 |= masks[6]
            row7 |= masks[7]
        first = end[k]
        own_rows = crossed[k]
        own_rows[0], own_rows[1], own_rows[2], own_rows[3] = row0, row1, row2, row3
        own_rows[4], own_rows[5], own_rows[6], own_rows[7] = row4, row5, row6, row7


@njit()
def _count(crossed, least, plane):  # type: ignore[no-untyped-def]
    """Fill the columns that 1 to 5 superlayers cross, by row; return those of either charge."""
    positive = negative = NONE
    for row in range(N_ROW):
        one = two = three = four = five = NONE
        for k in range(N_LAYER):
            new = crossed[k, row]
            five |= four & new
            four |= three & new
            three |= two & new
            two |= one & new
            one |= new
        plane[0, row], plane[1, row], plane[2, row] = one, two, three
        plane[3, row], plane[4, row] = four, five
        lit = plane[least - 1, row]
        if row >= FIRST_POSITIVE:
            positive |= lit
        if row <= LAST_NEGATIVE:
            negative |= lit
    return positive, negative


@njit()
def _arm(plane, column, least, first, end):  # type: ignore[no-untyped-def]
    """Return the most superlayers of an arm in a column, and the lowest row that has them."""
    shift = np.uint64(column)
    for layers in range(N_LAYER, least, -1):
        for row in range(first, end):
            if plane[layers - 1, row] >> shift & ONE:
                return layers, row
    row = first
    while not plane[least - 1, row] >> shift & ONE:
        row += 1
    return least, row


@njit()
def _ones(mask):  # type: ignore[no-untyped-def]
    """Return the number of set bits, by sums of neighbours."""
    x = mask - ((mask >> ONE) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit()
def _lowest(mask):  # type: ignore[no-untyped-def]
    """Return the lowest set bit's number; 64: none is set."""
    return _ones(~mask & (mask - ONE))


@njit()
def _highest(mask):  # type: ignore[no-untyped-def]
    """Return the highest set bit's number; -1: none is set."""
    for step in (1, 2, 4, 8, 16, 32):
        mask |= mask >> np.uint64(step)
    return _ones(mask) - 1
