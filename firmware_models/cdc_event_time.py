"""Block `cdc_event_time`: time of the event, by the earliest times of the chamber's segments.

Source: cdc_track_trigger section 4 of the reference notes (basf2 CDCTriggerETFModule, "ETF v1":
histogram of the segments' fastest times, the first bin with more than three entries). Conventions
of our own: docs/reference/cdc_event_time.md.

A time is a stamp, modulo 512 ticks. The window is the last 16 data clocks; the position of a time
in it is its distance from the window's start, 0 to 255. Other times are of no use.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.cdc_layers import SUPERLAYER_CELLS
from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.cdc_hough import N_SLOT, N_TRACKER
from firmware_models.interface.cdc_segment import (
    EVENT_SEGMENTS,
    EVENT_TIME,
    N_EVENT_SEGMENT,
    N_SUPERLAYER,
    PERSISTENCE,
    TICKS_PER_CLOCK,
)
from firmware_models.kernels import njit

BLOCK: Block = BLOCKS["cdc_event_time"]

STAMPS = 512
"""A stamp counts ticks modulo this."""

WINDOW = PERSISTENCE * TICKS_PER_CLOCK
"""Ticks of the window."""

_CLOCKS = STAMPS // TICKS_PER_CLOCK
_CELLS = np.array(SUPERLAYER_CELLS, dtype=np.int64)


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def home_tracker(superlayer: ArrayLike, local: ArrayLike) -> NDArray[np.int64]:
    """Return the tracker to whose own quadrant a segment belongs: φ from 45° + 90° k.

    Parameters
    ----------
    superlayer, local : array_like of int, one shape
        0 to 8, and the segment's number in the superlayer.
    """
    cells = _CELLS[np.asarray(superlayer, dtype=np.int64)]
    turned = (np.asarray(local, dtype=np.int64) - cells // (2 * N_TRACKER)) % cells
    tracker: NDArray[np.int64] = turned * N_TRACKER // cells
    return tracker


def quantize(
    offsets: ArrayLike,
    superlayer: ArrayLike,
    local: ArrayLike,
    fastest: ArrayLike,
    *,
    clock: ArrayLike = PERSISTENCE - 1,
) -> NDArray[np.void]:
    """Deal segments to the slots of their own quadrants.

    Parameters
    ----------
    offsets : array_like of int, shape (n + 1,)
        Frame i has segments ``offsets[i]`` to ``offsets[i + 1]``.
    superlayer, local : array_like of int, shape (n_segments,)
        0 to 8, and the segment's number in the superlayer.
    fastest : array_like of int, shape (n_segments,)
        Stamp of the earliest of the segment's wires, 0 to 511 ticks (1.9651 ns).
    clock : array_like of int, shape () or (n,)
        Data clock at which the frame is taken, 0 to 511; the window ends with it. Default: the
        window begins with stamp 0.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `event_segments`
        The first ten of each superlayer and tracker, in the order given.

    Raises
    ------
    InputError
        For shapes that do not fit or a value out of range.
    """
    starts = np.asarray(offsets, dtype=np.int64)
    columns = [np.asarray(values) for values in (superlayer, local, fastest)]
    if (starts.ndim != 1 or not len(starts) or starts[0] != 0 or (np.diff(starts) < 0).any()
            or any(column.shape != (starts[-1],) for column in columns)):  # fmt: skip
        raise InputError("offsets must rise from 0 to the number of segments, "
                         "and every column must have that many entries")  # fmt: skip
    layers, numbers, times = columns
    _check("superlayer", layers, N_SUPERLAYER - 1)
    _check("fastest", times, STAMPS - 1)
    if ((numbers < 0) | (numbers >= _CELLS[layers.astype(np.int64)])).any():
        raise InputError(f"segments are numbered from 0; superlayers have {SUPERLAYER_CELLS}")
    words = _frames(len(starts) - 1, clock)
    _deal(
        starts, home_tracker(layers, numbers), layers.astype(np.int64), times.astype(np.int64),
        words["valid"], words["time"],
    )  # fmt: skip
    return words


def from_slots(
    slots: NDArray[np.int32],
    superlayer: NDArray[Any],
    local: NDArray[Any],
    fastest: NDArray[Any],
    *,
    clock: ArrayLike = PERSISTENCE - 1,
) -> NDArray[np.void]:
    """Take the slots that the segment finders fill; those of the own quadrant count.

    Parameters
    ----------
    slots : ndarray of int32, shape (4 n, 9, 10)
        Row of the segment in each slot, -1: empty; tracker 0 to 3 of a frame follow each other.
    superlayer, local, fastest : ndarray of int, shape (n_segments,)
        Of all segments, as for `quantize`.
    clock : array_like of int, shape () or (n,)
        As for `quantize`.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `event_segments`

    Raises
    ------
    InputError
        For another shape of the slots.
    """
    if slots.ndim != 3 or slots.shape[1:] != (N_SUPERLAYER, N_SLOT) or len(slots) % N_TRACKER:
        raise InputError(f"slots must have the shape (4 n, {N_SUPERLAYER}, {N_SLOT}), "
                         f"not {slots.shape}")  # fmt: skip
    words = _frames(len(slots) // N_TRACKER, clock)
    _take(
        slots.reshape(len(words), N_EVENT_SEGMENT), home_tracker(superlayer, local), fastest,
        words["valid"], words["time"],
    )  # fmt: skip
    return words


def _frames(n: int, clock: ArrayLike) -> NDArray[np.void]:
    clocks = np.broadcast_to(np.asarray(clock, dtype=np.int64), (n,))
    _check("clock", clocks, EVENT_SEGMENTS["clock"].high)
    words = EVENT_SEGMENTS.zeros(n)
    words["clock"] = clocks
    return words


def _check(name: str, values: NDArray[Any], high: int) -> None:
    low, top = (values.min(), values.max()) if values.size else (0, 0)
    if not (low >= 0 and top <= high):
        raise InputError(f"must lie in 0 to {high}, not {low} to {top}", place=name)


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Find the time of frames.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `event_segments`
    registers : dict of ndarray, optional
        Default: the values after reset. `entries` of 0 is taken as 1.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `event_time`

    Raises
    ------
    InputError
        For an unknown register, or a value that does not fit it.
    """
    entries, bin_shift = BLOCK.scalars(registers or {}).values()
    out = EVENT_TIME.zeros(len(words))
    out["clock"] = words["clock"]
    _evaluate(
        words["valid"], words["time"], words["clock"], max(entries, 1), bin_shift,
        out["valid"], out["time"], out["earliest_valid"], out["earliest"],
    )  # fmt: skip
    return out


@njit()
def _deal(starts, tracker, layer, time, valid, time_out):  # type: ignore[no-untyped-def]
    used = np.zeros(N_TRACKER * N_SUPERLAYER, dtype=np.int64)
    for frame in range(len(starts) - 1):
        used[:] = 0
        for i in range(starts[frame], starts[frame + 1]):
            group = tracker[i] * N_SUPERLAYER + layer[i]
            if used[group] < N_SLOT:
                slot = group * N_SLOT + used[group]
                used[group] += 1
                valid[frame, slot] = 1
                time_out[frame, slot] = time[i]


@njit()
def _take(slots, tracker, time, valid, time_out):  # type: ignore[no-untyped-def]
    for frame in range(len(slots)):
        for slot in range(N_EVENT_SEGMENT):
            row = slots[frame, slot]
            if row >= 0 and tracker[row] == slot // (N_SUPERLAYER * N_SLOT):
                valid[frame, slot] = 1
                time_out[frame, slot] = time[row]


@njit()
def _evaluate(  # type: ignore[no-untyped-def]
    valid, time, clock, entries, bin_shift, valid_out, time_out, earliest_valid, earliest
):  # fmt: skip
    count = np.zeros(WINDOW, dtype=np.int64)
    for frame in range(len(valid)):
        start = (np.int64(clock[frame]) - (PERSISTENCE - 1)) % _CLOCKS * TICKS_PER_CLOCK
        first, last = np.int64(WINDOW), np.int64(-1)
        for slot in range(N_EVENT_SEGMENT):
            if valid[frame, slot]:
                position = (np.int64(time[frame, slot]) - start) % STAMPS
                if position < WINDOW:
                    count[position >> bin_shift] += 1
                    first = min(first, position)
                    last = max(last, position)
        if last < 0:
            continue
        earliest_valid[frame] = 1
        earliest[frame] = (start + first) % STAMPS
        found = False
        for index in range(first >> bin_shift, (last >> bin_shift) + 1):
            if not found and count[index] >= entries:
                found = True
                valid_out[frame] = 1
                time_out[frame] = (start + (index << bin_shift)) % STAMPS
            count[index] = 0
