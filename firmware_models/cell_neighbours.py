"""Neighbours of the trigger cells, as the isolated-cluster logic sees them.

Source: ecl_klm_gdl section 2 of the reference notes and basf2 TrgEclCluster. In the 3×3 around a
cell, "upper" and "lower" are −1 and +1 in φ and "left" is +1 in θ-ID, in all three parts. No
neighbourhood crosses from one part into another; φ closes within a part. A cell of forward ring 1
is as wide as two cells of ring 2: it counts as the right neighbour of both, its left side is both,
and its own 3×3 reaches one ring-2 cell further on either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.ecl import N_CELL
from firmware_models.trigger_cells import RING_PHI_COUNT, CellMap, cell_map

N_WINDOW = 9
"""Cells of a 3×3, the centre included."""


@dataclass(frozen=True)
class Neighbours:
    """Neighbour cells by TC id; 0 stands for "none" and never fires.

    Parameters
    ----------
    upper, lower, left, left_second, lower_left : ndarray of int64, shape (577,)
        The cells of the seed rule; `left_second` exists for ring 1 only.
    window : ndarray of int64, shape (577, 9)
        The 3×3, each cell once, centre first.
    """

    upper: NDArray[np.int64]
    lower: NDArray[np.int64]
    left: NDArray[np.int64]
    left_second: NDArray[np.int64]
    lower_left: NDArray[np.int64]
    window: NDArray[np.int64]


@cache
def neighbours() -> Neighbours:
    """Return the neighbours of every cell."""
    cells = cell_map()
    rule = np.zeros((5, N_CELL + 1), dtype=np.int64)
    window = np.zeros((N_CELL + 1, N_WINDOW), dtype=np.int64)
    for tc in range(1, N_CELL + 1):
        ring, phi = int(cells.theta_id[tc]), int(cells.phi_id[tc])
        above, level, below = (_row(cells, ring, phi, step) for step in (-1, 0, 1))
        left = _left(cells, ring, phi)
        rule[:, tc] = above[1], below[1], left[1], left[2] if ring == 1 else 0, left[-1]
        around = [tc, *above, *level, *below, *left]
        unique = [cell for cell in dict.fromkeys(around) if cell]
        window[tc, : len(unique)] = unique
    for array in (rule, window):
        array.flags.writeable = False
    return Neighbours(rule[0], rule[1], rule[2], rule[3], rule[4], window)


def _row(cells: CellMap, ring: int, phi: int, step: int) -> tuple[int, int]:
    """Return the right neighbour and the cell itself, `step` cells on in φ."""
    if ring == 1:
        return 0, _cell(cells, ring, phi + step)
    return _right(cells, ring, phi + step), _cell(cells, ring, phi + step)


def _right(cells: CellMap, ring: int, phi: int) -> int:
    """Return the cell at one θ-ID less beside (ring, phi); ring 1 lies beside two φ of ring 2."""
    if ring - 1 not in _part(ring):
        return 0
    phi = (phi - 1) % RING_PHI_COUNT[ring - 1] + 1
    return _cell(cells, ring - 1, (phi + 1) // 2 if ring == 2 else phi)


def _left(cells: CellMap, ring: int, phi: int) -> tuple[int, ...]:
    """Return the cells at one θ-ID more: from upper left to lower left."""
    if ring + 1 not in _part(ring):
        return (0, 0, 0)
    if ring == 1:
        return tuple(_cell(cells, 2, 2 * phi - 1 + step) for step in (-1, 0, 1, 2))
    return tuple(_cell(cells, ring + 1, phi + step) for step in (-1, 0, 1))


def _part(ring: int) -> range:
    """Return the θ-IDs of the part that the ring lies in."""
    return range(1, 4) if ring <= 3 else range(4, 16) if ring <= 15 else range(16, 18)


def _cell(cells: CellMap, ring: int, phi: int) -> int:
    return int(cells.id_of[ring, (phi - 1) % RING_PHI_COUNT[ring - 1] + 1])
