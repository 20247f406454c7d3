"""Segments of the whole chamber, dealt out to the four trackers: ten slots a superlayer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.cdc_layers import SUPERLAYER_CELLS
from firmware_models.interface.cdc_hough import FIRST, N_SLOT, N_TRACKER
from firmware_models.interface.cdc_segment import ID_SHIFT, N_SUPERLAYER, SEGMENT_LIST
from firmware_models.kernels import njit
from firmware_models.segment_finding import Segments
from firmware_models.segment_views import id_to_local, local_to_id, segment_views

EMPTY = -1
"""Slot without a segment."""


def deal(segments: Segments) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return which segments each tracker is told.

    Parameters
    ----------
    segments : Segments
        Of n windows.

    Returns
    -------
    slots : ndarray of int32, shape (4 n, 9, 10)
        Row in `segments` or −1, filled from 0 by rising id; trackers 0 to 3 of the first window,
        then of the next.
    dropped : ndarray of int64, shape (4 n, 9)
        Segments beyond ten.
    """
    n = len(segments)
    slots = np.full((n * N_TRACKER, N_SUPERLAYER, N_SLOT), EMPTY, dtype=np.int32)
    dropped = np.zeros((n * N_TRACKER, N_SUPERLAYER), dtype=np.int64)
    _deal(
        segments.offsets, segments.superlayer, segments.local, segments.position,
        np.array(SUPERLAYER_CELLS), np.array(ID_SHIFT), segment_views().near, slots, dropped,
    )  # fmt: skip
    return slots, dropped


def list_words(
    segments: Segments,
    slots: NDArray[np.int32],
    dropped: NDArray[np.int64],
    superlayer: int,
    clock: ArrayLike = 15,
) -> NDArray[np.void]:
    """Return the words `segment_list` of one superlayer.

    Parameters
    ----------
    segments, slots, dropped
        From `find_segments` and `deal`.
    superlayer : int
        0 to 8.
    clock : array_like of int, shape () or (4 n,)
        Data clock in the turn.

    Returns
    -------
    ndarray, shape (4 n,), dtype of the word `segment_list`
    """
    chosen = slots[:, superlayer]
    words = SEGMENT_LIST.zeros(len(chosen))
    valid = chosen != EMPTY
    rows = chosen[valid]
    words["valid"] = valid
    for name in ("time", "lr", "position", "fastest", "pattern"):
        words[name][valid] = getattr(segments, name)[rows]
    for tracker in range(N_TRACKER):
        here = slice(tracker, None, N_TRACKER)
        rows = chosen[here][valid[here]]
        local = segments.local[rows].astype(np.int64)
        words["id"][here][valid[here]] = local_to_id(local, superlayer, tracker)
    words["dropped"] = np.minimum(dropped[:, superlayer], SEGMENT_LIST["dropped"].high)
    words["clock"] = clock
    return words


def locals_of(words: NDArray[np.void], superlayer: int, tracker: int) -> NDArray[np.int64]:
    """Return the segments' numbers in the superlayer, −1 in empty slots, shape ``(n, 10)``.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `segment_list`
        Of one superlayer and tracker.
    superlayer, tracker : int
        0 to 8, 0 to 3.
    """
    local = id_to_local(words["id"].astype(np.int64), superlayer, tracker)
    return np.where(words["valid"] == 1, local, EMPTY)


@njit()
def _first_at_least(local, begin, end, wanted):  # type: ignore[no-untyped-def]
    """Return the first row of rising numbers that is not below the wanted one."""
    row = begin
    while row < end and local[row] < wanted:
        row += 1
    return row


@njit()
def _suppressed(local, position, begin, end, row, cells, lower, higher):  # type: ignore[no-untyped-def]
    """Return whether a neighbour that may fire does so by its first-priority wire."""
    own, size = np.int64(local[row]), end - begin
    before = begin + (row - begin - 1) % size
    after = begin + (row - begin + 1) % size
    return (
        lower and position[before] == FIRST and np.int64(local[before]) == (own - 1) % cells
    ) or (higher and position[after] == FIRST and np.int64(local[after]) == (own + 1) % cells)


@njit()
def _deal(  # type: ignore[no-untyped-def]
    offsets, superlayer, local, position, cells, shift, near, slots, dropped
):
    """Fill the slots window by window."""
    for window in range(len(offsets) - 1):
        begin = offsets[window]
        for part in range(N_SUPERLAYER):
            end = begin
            while end < offsets[window + 1] and superlayer[end] == part:
                end += 1
            size, around = end - begin, cells[part]
            if size == 0:
                continue
            span = near[part, 1] - near[part, 0]
            for tracker in range(N_TRACKER):
                frame = window * N_TRACKER + tracker
                lowest = (near[part, 0] - shift[part] + around // N_TRACKER * tracker) % around
                start = _first_at_least(local, begin, end, lowest)
                used = 0
                for step in range(size):
                    row = begin + (start - begin + step) % size
                    above = (np.int64(local[row]) - lowest) % around
                    if above > span:
                        break
                    if position[row] != FIRST and _suppressed(
                        local, position, begin, end, row, around, above > 0, above < span
                    ):
                        continue
                    if used < N_SLOT:
                        slots[frame, part, used] = row
                    used += 1
                dropped[frame, part] = max(used - N_SLOT, 0)
            begin = end
