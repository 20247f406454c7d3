"""From the chamber's segments to the words of the blocks behind the segment finder.

What links and boards do between blocks: each tracker's segments, in their slots, go to the track
finder, to the event time and, with the tracks found, to the inputs of the neural network. A window
begins with data clock 0 and is decided on the clock that completes it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.cdc_event_time import STAMPS
from firmware_models.cdc_layers import SUPERLAYER_CELLS
from firmware_models.interface.cdc_hough import AXIAL, CDC_SEGMENTS, N_SLOT, N_TRACK, N_TRACKER
from firmware_models.interface.cdc_segment import ID_SHIFT, PERSISTENCE, TICKS_PER_CLOCK
from firmware_models.interface.neuro import STEREO, TRACK_SEGMENTS
from firmware_models.kernels import njit
from firmware_models.segment_finding import Segments

LAST_CLOCK = PERSISTENCE - 1
"""Data clock on which a window that begins with clock 0 is complete."""

Slots = NDArray[np.int32]
"""Rows of segments by frame (four trackers a window), superlayer and slot, shape (4 n, 9, 10)."""

_AXIAL, _STEREO = np.array(AXIAL), np.array(STEREO)


def stamped(segments: Segments, clock: NDArray[np.int64]) -> Segments:
    """Return the segments of windows that end with other data clocks.

    Parameters
    ----------
    segments : Segments
        Of n windows that begin with data clock 0.
    clock : ndarray of int64, shape (n,)
        Data clock on which each window is complete.
    """
    later = (TICKS_PER_CLOCK * (clock - LAST_CLOCK))[segments.window_of]
    time, fastest = ((stamp + later) % STAMPS for stamp in (segments.time, segments.fastest))
    return replace(segments, time=time.astype(np.uint16), fastest=fastest.astype(np.uint16))


def axial_words(
    segments: Segments, slots: Slots, clock: ArrayLike = LAST_CLOCK
) -> NDArray[np.void]:
    """Return the track finder's input.

    Parameters
    ----------
    segments : Segments
        Of n windows.
    slots : ndarray of int32, shape (4 n, 9, 10)
        From `deal`.
    clock : array_like of int, shape () or (n,)
        Data clock on which the windows are complete.

    Returns
    -------
    ndarray, shape (4 n,), dtype of the word `cdc_segments`
    """
    words = CDC_SEGMENTS.zeros(len(slots))
    words["clock"] = np.repeat(_clocks(clock, len(slots) // N_TRACKER), N_TRACKER)
    _gather_rows(
        np.arange(len(slots)), slots, _AXIAL, segments.local, segments.time, segments.lr,
        segments.position, np.array(SUPERLAYER_CELLS), np.array(ID_SHIFT),
        words["valid"], words["id"], words["time"], words["lr"], words["position"],
    )  # fmt: skip
    return words


def network_words(
    segments: Segments,
    slots: Slots,
    tracks: NDArray[np.void],
    times: NDArray[np.void],
    clock: ArrayLike = LAST_CLOCK,
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Return a frame for every track found, with the segments that belong to it.

    Parameters
    ----------
    segments, slots, clock
        As for `axial_words`.
    tracks : ndarray, shape (4 n,), dtype of the word `cdc_tracks`
    times : ndarray, shape (n,), dtype of the word `event_time`

    Returns
    -------
    words : ndarray, shape (m,), dtype of the word `track_segments`
        Window by window, tracker by tracker; a window without a track has one frame without
        `valid`. The last frame of a window has `last`.
    window : ndarray of int64, shape (m,)
    """
    n = len(times)
    valid = tracks["valid"].reshape(n, N_TRACKER * N_TRACK) != 0
    empty = ~valid.any(axis=1)
    valid[empty, 0] = True  # the frame that says: no track
    window, track = np.nonzero(valid)
    frame, number = window * N_TRACKER + track // N_TRACK, track % N_TRACK
    words = TRACK_SEGMENTS.zeros(len(window))
    words["clock"] = _clocks(clock, n)[window]
    words["event_valid"], words["event_time"] = times["valid"][window], times["time"][window]
    words["last"] = np.append(window[1:] != window[:-1], True) if len(window) else 0
    words["valid"], words["quadrant"] = ~empty[window], track // N_TRACK
    for name in ("omega", "phi0"):
        words[name] = tracks[name][frame, number]
    at = number[:, None] * len(AXIAL) + np.arange(len(AXIAL))
    for name in ("id", "time", "lr", "position"):
        words[f"axial_{name}"] = tracks[name][frame[:, None], at]
    cells, shift = np.array(SUPERLAYER_CELLS), np.array(ID_SHIFT)
    _gather_rows(
        frame, slots, _STEREO, segments.local, segments.time, segments.lr, segments.position,
        cells, shift, words["stereo_valid"], words["stereo_id"], words["stereo_time"],
        words["stereo_lr"], words["stereo_position"],
    )  # fmt: skip
    _patterns(
        frame, slots, segments.local, segments.pattern, cells, shift, _AXIAL, _STEREO,
        words["axial_id"], words["axial_position"], words["axial_pattern"], words["stereo_pattern"],
    )  # fmt: skip
    return words, window


def _clocks(clock: ArrayLike, n: int) -> NDArray[np.int64]:
    return np.broadcast_to(np.asarray(clock, dtype=np.int64), (n,))


@njit()
def _gather_rows(  # type: ignore[no-untyped-def]
    frames, slots, layers, local, time, lr, position, cells, shift,
    valid_out, id_out, time_out, lr_out, position_out,
):  # fmt: skip
    """Fill the slots of some superlayers, one output row for each of the given frames."""
    for out in range(len(frames)):
        frame = frames[out]
        tracker = frame % N_TRACKER
        for k in range(len(layers)):
            layer = layers[k]
            first = cells[layer] * tracker // N_TRACKER - shift[layer]
            for slot in range(N_SLOT):
                row = slots[frame, layer, slot]
                if row < 0:
                    break
                to = k * N_SLOT + slot
                valid_out[out, to] = 1
                id_out[out, to] = (np.int64(local[row]) - first) % cells[layer]
                time_out[out, to] = time[row]
                lr_out[out, to] = lr[row]
                position_out[out, to] = position[row]


@njit()
def _patterns(  # type: ignore[no-untyped-def]
    frames, slots, local, pattern, cells, shift, axial, stereo, axial_id, axial_position,
    axial_out, stereo_out,
):  # fmt: skip
    """Fill the hit patterns: axial segments are looked up by their id."""
    for out in range(len(frames)):
        frame = frames[out]
        tracker = frame % N_TRACKER
        for k in range(len(axial)):
            layer = axial[k]
            first = cells[layer] * tracker // N_TRACKER - shift[layer]
            for slot in range(N_SLOT):
                row = slots[frame, layer, slot]
                if row < 0 or axial_position[out, k] == 0:
                    break
                if (np.int64(local[row]) - first) % cells[layer] == axial_id[out, k]:
                    axial_out[out, k] = pattern[row]
        for k in range(len(stereo)):
            for slot in range(N_SLOT):
                row = slots[frame, stereo[k], slot]
                if row < 0:
                    break
                stereo_out[out, k * N_SLOT + slot] = pattern[row]
