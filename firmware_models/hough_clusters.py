"""Kernels of `cdc_hough`: active cells of the plane, and the corners of a cluster."""

from __future__ import annotations

import numpy as np

from firmware_models.hough_plane import N_COLUMN, N_OMEGA
from firmware_models.interface.cdc_hough import AXIAL, N_SLOT
from firmware_models.kernels import njit

_LAYERS = len(AXIAL)


@njit()
def left_right(left, left_up, right, right_up):  # type: ignore[no-untyped-def]
    """Return where a square is connected to the one on its right: direct or rising."""
    return left & right | left_up & right_up | left & right_up


@njit()
def active_cells(  # type: ignore[no-untyped-def]
    valid, number, position, threshold, mask, first, last, crossed, active
):  # fmt: skip
    """Fill the rows of each column that enough superlayers cross; return whether there is one."""
    crossed[:] = 0
    layers = 0
    for k in range(_LAYERS):
        some = 0
        for slot in range(k * N_SLOT, (k + 1) * N_SLOT):
            if valid[slot]:
                own, at = np.int64(number[slot]), np.int64(position[slot])
                for column in range(first[k, at, own], last[k, at, own] + 1):
                    crossed[column, k] |= mask[k, at, own, column]
                    some = 1
        layers += some
    if layers < threshold:
        return False
    any_active = np.int64(0)
    for column in range(N_COLUMN):
        # Bits that at least 1, 2, ... 5 superlayers have.
        one = two = three = four = five = np.int64(0)
        for k in range(_LAYERS):
            rows = crossed[column, k]
            five |= four & rows
            four |= three & rows
            three |= two & rows
            two |= one & rows
            one |= rows
        at_least = (one, two, three, four, five)[threshold - 1]
        active[column] = at_least
        any_active = any_active | at_least
    return any_active != 0


@njit()
def corners(square, q, r):  # type: ignore[no-untyped-def]
    """Return whether a cluster has two cells, and the sums of columns and of rows of its corners.

    Columns and rows count from the lower left square, which is (q, r). `square` holds four bits a
    square: lower left, lower right, upper left, upper right.
    """
    inside = np.zeros((3, 3), dtype=np.int64)
    inside[0, 0] = square[q, r]
    best_x = best_y = 0
    for y in range(min(3, N_OMEGA // 2 - r)):
        for x in range(3):
            here = square[q + x, r + y]
            linked = False
            if x > 0 and inside[x - 1, y]:
                left = inside[x - 1, y]
                linked = (left >> 1 & here | left >> 3 & here >> 2 | left >> 1 & here >> 2) & 1 != 0
            if y > 0 and inside[x, y - 1] and not linked:
                below = inside[x, y - 1]
                linked = (
                    below >> 2 & here | below >> 3 & here >> 1 | below >> 2 & here >> 1
                ) & 1 != 0
            if x > 0 and y > 0 and not linked:
                linked = (inside[x - 1, y - 1] >> 3 & here) & 1 != 0
            if linked:
                inside[x, y] = here
            if inside[x, y]:
                best_x, best_y = x, y
    low, top = inside[0, 0], inside[best_x, best_y]
    low_cell = 0 if low & 1 else 2 if low & 4 else 1 if low & 2 else 3
    top_cell = 3 if top & 8 else 1 if top & 2 else 2 if top & 4 else 0
    columns = 2 * best_x + (top_cell & 1) + (low_cell & 1)
    rows = 2 * best_y + (top_cell >> 1) + (low_cell >> 1)
    return best_x + best_y > 0 or low_cell != top_cell, columns, rows
