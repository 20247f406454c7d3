"""Block `cdc_hough`: two-dimensional track finder, one quadrant of the Hough plane a frame.

Source of the rules: cdc_track_trigger section 3 of the reference notes (basf2
CDCTrigger2DFinderModule.cc, CDCTriggerHoughtrafo.cc). Choices of our own:
docs/reference/cdc_hough.md. Which cells a segment crosses: `firmware_models.hough_plane`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.errors import InputError, unknown_name
from firmware_models.hough_clusters import active_cells, corners, left_right
from firmware_models.hough_plane import (
    BELOW,
    N_COLUMN,
    N_OMEGA,
    N_SEGMENT,
    OWN_COLUMNS,
    SHIFT,
    crossings,
)
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.cdc_hough import (
    AXIAL,
    CDC_SEGMENTS,
    CDC_TRACKS,
    FIRST,
    N_SLOT,
    N_TRACK,
    N_TRACKER,
    TRACK_CLOCKS_PER_TURN,
    TRACK_TICK_NS,
)
from firmware_models.kernels import njit

BLOCK: Block = BLOCKS["cdc_hough"]

_LAYERS = len(AXIAL)
_EVEN = sum(1 << j for j in range(0, N_OMEGA, 2))
"""Lower rows of the squares, as a mask of rows."""

_SQUARES = N_COLUMN // 2
_OWN_SQUARES = OWN_COLUMNS // 2


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    offsets: ArrayLike,
    superlayer: ArrayLike,
    segment: ArrayLike,
    time_ns: ArrayLike,
    lr: ArrayLike,
    position: ArrayLike,
    *,
    clock: ArrayLike = 0,
) -> NDArray[np.void]:
    """Deal the segments of the whole chamber out to the four trackers.

    A tracker gets the segments of the axial superlayers that can cross its part of the plane, the
    first ten of each superlayer in the order given; further ones are dropped.

    Parameters
    ----------
    offsets : array_like of int, shape (n + 1,)
        Data clock i has segments ``offsets[i]`` to ``offsets[i + 1]``.
    superlayer, segment : array_like of int, shape (n_segments,)
        Superlayer 0 to 8 (stereo ones are left out) and the segment's number in it.
    time_ns : array_like of float, shape (n_segments,)
        Time of the priority wire [ns], 0 to 1006; rounded down to RF buckets.
    lr, position : array_like of int, shape (n_segments,)
        As in the word: 0 to 3.
    clock : array_like of int, shape () or (n,)
        Data clock in the turn, 0 to 319.

    Returns
    -------
    ndarray, shape (4 n,), dtype of the word `cdc_segments`
        Tracker 0 to 3 of the first data clock, then of the next.

    Raises
    ------
    InputError
        For shapes that do not fit or a value out of range.
    """
    starts = np.asarray(offsets, dtype=np.int64)
    columns = [np.asarray(v) for v in (superlayer, segment, time_ns, lr, position)]
    if (starts.ndim != 1 or not len(starts) or starts[0] != 0 or (np.diff(starts) < 0).any()
            or any(c.shape != (starts[-1],) for c in columns)):  # fmt: skip
        raise InputError("offsets must rise from 0 to the number of segments, "
                         "and every column must have that many entries")  # fmt: skip
    layers, numbers, times, sides, positions = columns
    buckets = np.floor(np.asarray(times, dtype=np.float64) / TRACK_TICK_NS)
    clocks = np.broadcast_to(np.asarray(clock, dtype=np.int64), (len(starts) - 1,))
    _check("superlayer", layers, 8)
    _check("time", buckets, CDC_SEGMENTS["time"].high)
    _check("lr", sides, CDC_SEGMENTS["lr"].high)
    _check("position", positions, CDC_SEGMENTS["position"].high)
    _check("clock", clocks, TRACK_CLOCKS_PER_TURN - 1)
    axial = np.flatnonzero(layers % 2 == 0)
    layer = layers[axial].astype(np.int64) // 2
    size = np.array(N_SEGMENT)[layer]
    if ((numbers[axial] < 0) | (numbers[axial] >= size)).any():
        raise InputError(f"segments are numbered from 0; superlayers {AXIAL} have {N_SEGMENT}")
    words = CDC_SEGMENTS.zeros((len(starts) - 1) * N_TRACKER)
    words["clock"] = np.repeat(clocks, N_TRACKER)
    _deal(
        np.searchsorted(starts, axial, side="right") - 1, layer, numbers[axial].astype(np.int64),
        np.array(N_SEGMENT), np.array(SHIFT), crossings().near,
        buckets[axial].astype(np.int64), sides[axial].astype(np.int64),
        positions[axial].astype(np.int64),
        words["valid"], words["id"], words["time"], words["lr"], words["position"],
    )  # fmt: skip
    return words


def _check(name: str, values: NDArray[Any], high: int) -> None:
    low, top = (values.min(), values.max()) if values.size else (0, 0)
    if not (low >= 0 and top <= high):
        raise InputError(f"must lie in 0 to {high}, not {low} to {top}", place=name)


def check_registers(registers: Registers | None) -> int:
    """Return the threshold that the block runs with.

    Raises
    ------
    InputError
        For an unknown register, or a threshold outside 1 to 5.
    """
    chosen = BLOCK.defaults() | (registers or {})
    for name in chosen:
        if name != "hit_threshold":
            raise unknown_name("register", name, BLOCK.defaults(), place=BLOCK.name)
    given = np.asarray(chosen["hit_threshold"]).reshape(-1)
    if len(given) != 1 or not 1 <= int(given[0]) <= _LAYERS:
        raise InputError(f"must be one number of 1 to {_LAYERS}, not "
                         f"{', '.join(map(str, given.tolist()))}",
                         place=f"{BLOCK.name}.hit_threshold")  # fmt: skip
    return int(given[0])


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Find the tracks of frames.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `cdc_segments`
    registers : dict of ndarray, optional
        Default: the values after reset.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `cdc_tracks`

    Raises
    ------
    InputError
        For an unknown register, or a threshold outside 1 to 5.
    """
    threshold = check_registers(registers)
    out = CDC_TRACKS.zeros(len(words))
    out["clock"] = words["clock"]
    table = crossings()
    _evaluate(
        words["valid"], words["id"], words["time"], words["lr"], words["position"], threshold,
        table.mask, table.first, table.last, table.low, table.high,
        out["valid"], out["charge"], out["omega"], out["phi0"],
        out["id"], out["time"], out["lr"], out["position"], out["overflow"],
    )  # fmt: skip
    return out


@njit()
def _deal(  # type: ignore[no-untyped-def]
    event, layer, number, size, shift, near, time, lr, position,
    valid_out, id_out, time_out, lr_out, position_out,
):  # fmt: skip
    """Fill the slots of the four trackers in the order of the segments."""
    used = np.zeros((len(valid_out), _LAYERS), dtype=np.int64)
    for i in range(len(event)):
        k = layer[i]
        for tracker in range(N_TRACKER):
            own = (number[i] - size[k] // N_TRACKER * tracker + shift[k]) % size[k]
            frame = event[i] * N_TRACKER + tracker
            if near[k, 0] <= own <= near[k, 1] and used[frame, k] < N_SLOT:
                slot = k * N_SLOT + used[frame, k]
                used[frame, k] += 1
                valid_out[frame, slot] = 1
                id_out[frame, slot] = own
                time_out[frame, slot] = time[i]
                lr_out[frame, slot] = lr[i]
                position_out[frame, slot] = position[i]


@njit()
def _attached(valid, number, position, k, low, high):  # type: ignore[no-untyped-def]
    """Return the slot of the superlayer's segment with id in a range, or -1."""
    best, best_key = -1, np.int64(-1)
    for slot in range(k * N_SLOT, (k + 1) * N_SLOT):
        own, at = np.int64(number[slot]), np.int64(position[slot])
        if valid[slot] and at > 0 and low <= own <= high:
            key = own + (256 if at == FIRST else 0)
            if key > best_key:
                best, best_key = slot, key
    return best


@njit()
def _evaluate(  # type: ignore[no-untyped-def]
    valid, number, time, lr, position, threshold, mask, first, last, low, high,
    valid_out, charge, omega, phi0, id_out, time_out, lr_out, position_out, overflow,
):  # fmt: skip
    """Fill the output fields frame by frame."""
    crossed = np.zeros((N_COLUMN, _LAYERS), dtype=np.int64)
    active = np.zeros(N_COLUMN, dtype=np.int64)
    square = np.zeros((_SQUARES, N_OMEGA // 2), dtype=np.int64)
    for i in range(len(valid)):
        if not active_cells(
            valid[i], number[i], position[i], threshold, mask, first, last, crossed, active
        ):
            continue
        for q in range(_SQUARES):
            left, right = active[2 * q], active[2 * q + 1]
            for r in range(N_OMEGA // 2):
                square[q, r] = (left >> 2 * r & 1 | (right >> 2 * r & 1) << 1
                                | (left >> 2 * r + 1 & 1) << 2
                                | (right >> 2 * r + 1 & 1) << 3)  # fmt: skip
        found = 0
        for q in range(BELOW // 2, BELOW // 2 + _OWN_SQUARES):
            left, right = active[2 * q], active[2 * q + 1]
            if left | right == 0:
                continue
            before = active[2 * q - 1]
            lower_left, upper_left = left & _EVEN, left >> 1 & _EVEN
            lower_right, upper_right = right & _EVEN, right >> 1 & _EVEN
            joined = left_right(before & _EVEN, before >> 1 & _EVEN, lower_left, upper_left)
            # A square's own upper row lies just below the lower row of the next square.
            joined |= (upper_left & lower_left >> 2 | upper_right & lower_right >> 2
                       | upper_left & lower_right >> 2) << 2  # fmt: skip
            joined |= (before >> 1 & _EVEN) << 2 & lower_left
            some = lower_left | upper_left | lower_right | upper_right
            begins = some & ~joined
            r = 0
            while begins >> 2 * r:
                if begins >> 2 * r & 1:
                    two, columns, rows = corners(square, q, r)
                    if not two:
                        r += 1
                        continue
                    if found < N_TRACK:
                        n, m = 4 * (q - BELOW // 2) + columns, 4 * r + rows
                        valid_out[i, found] = 1
                        omega[i, found] = m - (N_OMEGA - 1)
                        phi0[i, found] = n
                        charge[i, found] = 1 if m > N_OMEGA - 1 else 2 if m < N_OMEGA - 1 else 0
                        for k in range(_LAYERS):
                            slot = _attached(
                                valid[i], number[i], position[i], k, low[k, m, n], high[k, m, n]
                            )
                            if slot >= 0:
                                to = found * _LAYERS + k
                                id_out[i, to] = number[i, slot]
                                time_out[i, to] = time[i, slot]
                                lr_out[i, to] = lr[i, slot]
                                position_out[i, to] = position[i, slot]
                    found += 1
                r += 1
        overflow[i] = max(found - N_TRACK, 0)
