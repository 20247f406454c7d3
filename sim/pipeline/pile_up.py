"""Pile-up in calorimeter and muon detector: collisions closer than a window are one event to it.

The first collision opens a window; those on ticks less than the window's length later fall into
it; the next one opens a new window. The cells' energies of a window are added and the earliest time
of a cell stays, both within their words; a plane is hit when it is in one of the collisions. The
drift chamber has `sim.pipeline.wire_pile_up`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.clock import DATA_CLOCK_TICKS
from firmware_models.interface.ecl import ECL_FRAME, N_CELL
from firmware_models.interface.klm import N_SECTOR
from firmware_models.kernels import njit
from firmware_models.klm_hits import KlmHits
from firmware_models.trigger_cells import CellHits
from sim.pipeline.plan import Ints

COUNTS_PER_TICK = 128 // DATA_CLOCK_TICKS
"""Counts of the cells' time in one tick."""

MAX_ENERGY = ECL_FRAME["energy"].high
MAX_TIME = ECL_FRAME["time"].high


def windows(tick: Ints, length: int) -> Ints:
    """Return the number of the collision that opened each collision's window, shape ``(n,)``.

    Parameters
    ----------
    tick : ndarray of int64, shape (n,)
        Not falling.
    length : int
        Of a window [tick]; 0: each collision is alone.
    """
    first = np.arange(len(tick))
    _windows(tick, length, first)
    return first


def shared(first: Ints) -> NDArray[np.bool_]:
    """Return whether each collision shares its window with another, from `windows`."""
    result: NDArray[np.bool_] = np.bincount(first, minlength=len(first))[first] > 1
    return result


def merged_cells(hits: CellHits, event: Ints, tick: Ints, first: Ints, opened: Ints) -> CellHits:
    """Return the cells of windows with all their collisions.

    Parameters
    ----------
    hits : CellHits
        Of the library.
    event : ndarray of int64, shape (n,)
        Event of the library that each collision is.
    tick, first : ndarray of int64, shape (n,)
        As in `windows`.
    opened : ndarray of int64, shape (m,)
        Collisions that opened the windows that are wanted, rising.

    Returns
    -------
    CellHits
        One window for each of `opened`; frame as in its first collision.
    """
    sizes = hits.offsets[event + 1] - hits.offsets[event]
    room = int(sizes[np.isin(first, opened)].sum())
    offsets = np.zeros(len(opened) + 1, dtype=np.int64)
    cell = np.empty(room, dtype=np.uint16)
    energy = np.empty(room, dtype=np.uint16)
    time = np.empty(room, dtype=np.uint8)
    used = _merge(
        hits.offsets, hits.cell, hits.energy, hits.time, event, tick, first, opened,
        offsets, cell, energy, time,
    )  # fmt: skip
    frame = hits.frame[event[opened]]
    return CellHits(offsets, cell[:used], energy[:used], time[:used], frame)


def merged_planes(hits: KlmHits, event: Ints, first: Ints, opened: Ints) -> KlmHits:
    """Return the hit planes of windows with all their collisions.

    Parameters
    ----------
    hits : KlmHits
        Of the library.
    event, first, opened
        As for `merged_cells`.
    """
    members = np.flatnonzero(np.isin(first, opened))
    masks = np.zeros((len(opened), N_SECTOR), dtype=np.uint64)
    window = np.searchsorted(opened, first[members])
    np.bitwise_or.at(masks, window, hits.select(event[members]).masks())
    return KlmHits.from_masks(masks)


@njit()
def _windows(tick, length, first):  # type: ignore[no-untyped-def]
    for i in range(1, len(tick)):
        if tick[i] - tick[first[i - 1]] < length:
            first[i] = first[i - 1]


@njit()
def _merge(  # type: ignore[no-untyped-def]
    offsets, cell, energy, time, event, tick, first, opened, new_offsets, new_cell, new_energy,
    new_time,
):  # fmt: skip
    sums = np.zeros(N_CELL + 1, dtype=np.int64)
    earliest = np.zeros(N_CELL + 1, dtype=np.int64)
    used = 0
    for window in range(len(opened)):
        i = int(opened[window])
        start = tick[i]
        lowest, highest = np.int64(N_CELL + 1), np.int64(0)
        while i < len(first) and first[i] == opened[window]:
            shift = (tick[i] - start) * COUNTS_PER_TICK
            for k in range(offsets[event[i]], offsets[event[i] + 1]):
                c = np.int64(cell[k])
                at = min(np.int64(time[k]) + shift, MAX_TIME)
                earliest[c] = at if sums[c] == 0 else min(earliest[c], at)
                sums[c] = min(sums[c] + np.int64(energy[k]), MAX_ENERGY)
                lowest, highest = min(lowest, c), max(highest, c)
            i += 1
        for fired in range(lowest, highest + 1):
            if sums[fired] > 0:
                new_cell[used], new_energy[used], new_time[used] = (
                    fired,
                    sums[fired],
                    earliest[fired],
                )
                sums[fired] = 0
                used += 1
        new_offsets[window + 1] = used
    return used
