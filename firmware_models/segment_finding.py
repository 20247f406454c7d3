"""Track segments of whole windows, all superlayers at once: the fast path of `cdc_segment`.

A window equals the frame of its last data clock: the window begins at clock 0, a hit's stamp is its
tick. The rules are those of the block (docs/reference/cdc_segment.md); a test holds both together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_layers import N_SEGMENT, N_WIRE, SUPERLAYER_CELLS
from firmware_models.cdc_segments import segment_map
from firmware_models.errors import InputError
from firmware_models.interface.cdc_hough import FIRST, LEFT, N_TRACKER, NO_POSITION
from firmware_models.interface.cdc_segment import ID_SHIFT, N_ROW, N_SUPERLAYER
from firmware_models.kernels import njit
from firmware_models.segment_lut import FIRST_ENTRY, SegmentLut, check, load
from firmware_models.segment_rules import (
    hit_layers,
    position_code,
    row_masks,
    second_left,
    told_pattern,
    told_side,
)
from firmware_models.segment_shapes import EXTENDED, STANDARD, extra_members
from firmware_models.segment_views import segment_views
from firmware_models.wire_hits import WINDOW_TICKS, WireHits

MIN_LAYERS = 4
"""Hit layers of five that are needed (basf2 Segment)."""


@dataclass(frozen=True)
class Segments:
    """Track segments of many windows, ragged; rising superlayer, then number.

    A segment by a second-priority wire is left out when a neighbour with its first-priority wire
    suppresses it in every tracker that might tell it; `deal` leaves it out where it is suppressed.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Segments of window i are ``offsets[i]`` to ``offsets[i + 1]``.
    superlayer : ndarray of uint8, shape (n_segment,)
        0 to 8.
    local : ndarray of uint16, shape (n_segment,)
        Number in the superlayer.
    time : ndarray of uint16, shape (n_segment,)
        Tick of the priority wire, 0 to 255.
    lr : ndarray of uint8, shape (n_segment,)
        Priority wire seen from the track: 1 right, 2 left, 3 unknown.
    position : ndarray of uint8, shape (n_segment,)
        Priority wire: 3 first, 2 second left, 1 second right.
    fastest : ndarray of uint16, shape (n_segment,)
        Earliest tick of the pattern's wires.
    pattern : ndarray of uint16, shape (n_segment,)
        Hit wires as in the word, 11 bits.
    """

    offsets: NDArray[np.int64]
    superlayer: NDArray[np.uint8]
    local: NDArray[np.uint16]
    time: NDArray[np.uint16]
    lr: NDArray[np.uint8]
    position: NDArray[np.uint8]
    fastest: NDArray[np.uint16]
    pattern: NDArray[np.uint16]

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.offsets) - 1

    @property
    def window_of(self) -> NDArray[np.int64]:
        """Window of every segment, shape ``(n_segment,)``."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))


def find_segments(
    hits: WireHits,
    min_layers: int = MIN_LAYERS,
    lut: SegmentLut | None = None,
    shape: int = STANDARD,
) -> Segments:
    """Find the segments of windows.

    Parameters
    ----------
    hits : WireHits
        Those of tick 256 and later are not seen.
    min_layers : int, optional
        Hit layers of five that are needed, 1 to 5.
    lut : SegmentLut, optional
        Default: the packaged tables.
    shape : int, optional
        0: standard, 1: extended (`segment_shapes`).

    Raises
    ------
    InputError
        For a wire that the chamber does not have (the message names the window), a threshold
        outside 1 to 5, an unknown shape, or tables that do not fit.
    """
    if not 1 <= min_layers <= N_ROW:
        raise InputError(f"must lie in 1 to {N_ROW}, not {min_layers}", place="min_layers")
    if shape not in (STANDARD, EXTENDED):
        raise InputError(f"must be {STANDARD} or {EXTENDED}, not {shape}", place="shape")
    chosen = load() if lut is None else lut
    if lut is not None:
        check(lut)
    check_wires(hits)
    table = segment_map()
    offsets, number, rows = _find(
        hits.offsets, hits.wire, hits.time, min_layers, chosen.entries, np.array(FIRST_ENTRY),
        table.member, table.member_index, table.superlayer, table.first, table.priority,
        table.second, row_masks(), _free_ends(),
        *extra_members(shape),
    )  # fmt: skip
    superlayer = table.superlayer[number]
    return Segments(
        offsets, superlayer.astype(np.uint8), table.local[number].astype(np.uint16),
        rows[:, 0].astype(np.uint16), rows[:, 1].astype(np.uint8), rows[:, 2].astype(np.uint8),
        rows[:, 3].astype(np.uint16), rows[:, 4].astype(np.uint16),
    )  # fmt: skip


def check_wires(hits: WireHits) -> None:
    """Check that the chamber has the wires.

    Raises
    ------
    InputError
        The message names the first window with a wire of 14336 or more.
    """
    if hits.wire.size and int(hits.wire.max()) >= N_WIRE:
        row = int(np.argmax(hits.wire >= N_WIRE))
        window = int(np.searchsorted(hits.offsets, row, side="right")) - 1
        raise InputError(f"wires are numbered 0 to {N_WIRE - 1}, not {hits.wire[row]}",
                         place=f"window {window}")  # fmt: skip


@cache
def _free_ends() -> NDArray[np.uint8]:
    """Return for each segment which neighbour some tracker that tells it does not heed.

    Returns
    -------
    ndarray of uint8, shape (2336,)
        Bit 0: the lower one, bit 1: the higher one; neighbours beyond `near` do not fire there.
    """
    free = np.zeros(N_SEGMENT, dtype=np.uint8)
    near, first = segment_views().near, segment_map().first
    for superlayer in range(N_SUPERLAYER):
        cells = SUPERLAYER_CELLS[superlayer]
        for tracker in range(N_TRACKER):
            for end in range(2):
                begin = cells * tracker // N_TRACKER - ID_SHIFT[superlayer]
                local = (int(near[superlayer, end]) + begin) % cells
                free[first[superlayer] + local] |= 1 << end
    return free


@njit()
def _more(number, rows, used):  # type: ignore[no-untyped-def]
    """Return arrays of twice the size with the same beginning."""
    longer = np.empty(2 * len(number), dtype=number.dtype)
    wider = np.empty((len(longer), rows.shape[1]), dtype=rows.dtype)
    longer[:used], wider[:used] = number[:used], rows[:used]
    return longer, wider


@njit()
def _find(  # type: ignore[no-untyped-def]
    offsets, wire, tick, min_layers, lut, first_entry, member, member_index, superlayer, first,
    priority, second, masks, free_ends, extra_member, extra_row,
):  # fmt: skip
    """Return offsets, segments and their columns: time, side, position, fastest, pattern."""
    n = len(offsets) - 1
    begin = np.zeros(n + 1, dtype=np.int64)
    number = np.empty(32 * n + N_SEGMENT, dtype=np.int16)
    rows = np.empty((len(number), 5), dtype=np.int16)
    time = np.full(N_WIRE, WINDOW_TICKS, dtype=np.int32)
    mask = np.zeros(N_SEGMENT, dtype=np.int32)
    extra = np.zeros(N_SEGMENT, dtype=np.int64)
    fastest = np.full(N_SEGMENT, WINDOW_TICKS, dtype=np.int32)
    position = np.zeros(N_SEGMENT, dtype=np.int8)
    touched = np.empty(N_SEGMENT, dtype=np.int64)
    fired = np.empty(N_SEGMENT, dtype=np.int64)
    at = 0
    for event in range(n):
        if at + N_SEGMENT > len(number):
            number, rows = _more(number, rows, at)
        count = 0
        for i in range(offsets[event], offsets[event + 1]):
            now, own = np.int32(tick[i]), np.int64(wire[i])
            if now >= time[own]:
                continue
            time[own] = now
            for k in range(member.shape[1]):
                segment = member[own, k]
                if segment < 0:
                    break
                if mask[segment] == 0:
                    touched[count] = segment
                    count += 1
                mask[segment] |= np.int32(1) << np.int32(member_index[own, k])
                fastest[segment] = min(fastest[segment], now)
            for k in range(extra_member.shape[1]):
                segment = extra_member[own, k]
                if segment < 0:
                    break
                extra[segment] |= 1 << extra_row[own, k]
        found = 0
        for j in range(count):
            segment = touched[j]
            part, pattern = superlayer[segment], np.int64(mask[segment])
            code = position_code(pattern, part, time[second[segment, 0]], time[second[segment, 1]])
            if code == NO_POSITION:
                continue
            if hit_layers(pattern, extra[segment], masks[part]) < min_layers:
                continue
            position[segment] = code
            slot = found
            while slot > 0 and fired[slot - 1] > segment:
                fired[slot] = fired[slot - 1]
                slot -= 1
            fired[slot] = segment
            found += 1
        for j in range(found):
            segment = fired[j]
            part, code = superlayer[segment], position[segment]
            if code != FIRST:
                low, cells = first[part], first[part + 1] - first[part]
                lower = position[low + (segment - low - 1) % cells] == FIRST
                higher = position[low + (segment - low + 1) % cells] == FIRST
                free = free_ends[segment]
                if ((lower or higher) and not (free & 1 and not higher)
                        and not (free & 2 and not lower)):  # fmt: skip
                    continue
            right, left = second[segment, 0], second[segment, 1]
            pattern = np.int64(mask[segment])
            address = pattern << 1 | second_left(pattern, part, time[right], time[left])
            chosen = priority[segment] if code == FIRST else left if code == LEFT else right
            number[at] = segment
            rows[at, 0] = time[chosen]
            rows[at, 1] = told_side(lut[first_entry[part] + address])
            rows[at, 2] = code
            rows[at, 3] = fastest[segment]
            rows[at, 4] = told_pattern(pattern, part)
            at += 1
        begin[event + 1] = at
        for j in range(found):
            position[fired[j]] = 0
        for j in range(count):
            mask[touched[j]] = 0
            fastest[touched[j]] = WINDOW_TICKS
        for i in range(offsets[event], offsets[event + 1]):
            time[wire[i]] = WINDOW_TICKS
            for k in range(extra_member.shape[1]):
                segment = extra_member[wire[i], k]
                if segment < 0:
                    break
                extra[segment] = 0
    return begin, number[:at].copy(), rows[:at].copy()
