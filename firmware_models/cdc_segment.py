"""Block `cdc_segment`: track segments of one superlayer, as one tracker sees it.

A frame is one data clock (31.44 ns): new hits in, live segments out. Rules and their sources:
docs/reference/cdc_segment.md. What a tracker sees: `firmware_models.segment_views`; the rules of
one segment: `segment_rules`; whole windows at once: `segment_finding` and `segment_dealing`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.cdc_segments import CENTRE, FAN, HOUR_GLASS, LEFT, RIGHT
from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface import cdc_hough as codes
from firmware_models.interface.cdc_hough import N_SLOT, N_TRACKER, TRACK_CLOCKS_PER_TURN
from firmware_models.interface.cdc_segment import (
    CDC_WIRES,
    N_COLUMN,
    N_ROW,
    N_SUPERLAYER,
    PAD,
    PERSISTENCE,
    SEGMENT_LIST,
    TICKS_PER_CLOCK,
)
from firmware_models.kernels import njit
from firmware_models.segment_dealing import deal, list_words
from firmware_models.segment_finding import check_wires, find_segments
from firmware_models.segment_lut import FIRST_ENTRY, SegmentLut, check, load
from firmware_models.segment_rules import (
    hit_layers,
    position_code,
    row_masks,
    second_left,
    told_pattern,
    told_side,
)
from firmware_models.segment_shapes import EXTENDED, STANDARD, extra_elements
from firmware_models.segment_views import segment_views, wire_columns
from firmware_models.wire_hits import WINDOW_TICKS, WireHits

__all__ = ["BLOCK", "State", "deal", "describe", "evaluate", "find_segments", "list_words",
           "quantize"]  # fmt: skip

BLOCK: Block = BLOCKS["cdc_segment"]

WINDOW_CLOCKS = WINDOW_TICKS // TICKS_PER_CLOCK
"""Data clocks of a window."""

CLOCKS_APART = 2 * PERSISTENCE
"""Data clocks from window to window that keep them apart; a whole turn of the stamps."""

_STAMPS = CLOCKS_APART * TICKS_PER_CLOCK
_NONE = -1


@dataclass
class State:
    """Live hits of one finder.

    Parameters
    ----------
    stamp : ndarray of int64, shape (1200,)
        Clock (mod 32) and tick of each wire's hit, as in the word; −1: none.
    """

    stamp: NDArray[np.int64] = field(
        default_factory=lambda: np.full(N_COLUMN * N_ROW, _NONE, dtype=np.int64)
    )


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    hits: WireHits,
    superlayer: int,
    tracker: int,
    *,
    starts: ArrayLike | None = None,
    clocks: int | None = None,
) -> NDArray[np.void]:
    """Return the stream of new hits that one finder gets.

    Parameters
    ----------
    hits : WireHits
        Windows; a hit of tick t comes t // 16 data clocks after its window's start. Hits of one
        wire on one data clock: the earlier counts.
    superlayer, tracker : int
        0 to 8, 0 to 3.
    starts : array_like of int, shape (n,), optional
        Data clock at which each window starts, 0 or later, in any order. Default: 32 apart and
        without the hits of tick 256 and later, so that no window sees hits of another; the last
        data clock of window i is word 32 i + 15.
    clocks : int, optional
        Length of the stream; hits after its end are left out. Default: to the end of the last
        window, or 32 data clocks a window without `starts`.

    Returns
    -------
    ndarray, shape (clocks,), dtype of the word `cdc_wires`
        One word a data clock; the first is data clock 0 of the turn.

    Raises
    ------
    InputError
        For a superlayer, tracker or wire that does not exist, or starts that do not fit.
    """
    for name, value, size in (("superlayer", superlayer, N_SUPERLAYER),
                              ("tracker", tracker, N_TRACKER)):  # fmt: skip
        if not 0 <= value < size:
            raise InputError(f"must lie in 0 to {size - 1}, not {value}", place=name)
    check_wires(hits)
    n = len(hits)
    at = np.arange(n) * CLOCKS_APART if starts is None else np.asarray(starts)
    if at.shape != (n,) or (n and (at.dtype.kind not in "iu" or int(at.min()) < 0)):
        raise InputError(f"must be {n} data clocks of 0 or more, one for each window",
                         place="starts")  # fmt: skip
    if clocks is None:
        last = hits.time.max() // TICKS_PER_CLOCK + 1 if hits.time.size else 0
        span = max(int(last), WINDOW_CLOCKS)
        clocks = n * CLOCKS_APART if starts is None else int(at.max(initial=-span)) + span
    if clocks < 0:
        raise InputError(f"must be 0 or more, not {clocks}", place="clocks")
    words = CDC_WIRES.zeros(clocks)
    words["clock"] = np.arange(clocks) % TRACK_CLOCKS_PER_TURN
    column, row = wire_columns(superlayer, tracker)
    seen = column[hits.wire] >= 0
    if starts is None:
        seen &= hits.time < WINDOW_TICKS
    wire, tick = hits.wire[seen], hits.time[seen].astype(np.int64)
    clock, time = at[hits.window_of[seen]] + tick // TICKS_PER_CLOCK, tick % TICKS_PER_CLOCK
    element = N_ROW * column[wire] + row[wire]
    # The last of equal places stays: the earliest.
    order = np.argsort(-time, kind="stable")
    order = order[clock[order] < clocks]
    words["hit"][clock[order], element[order]] = 1
    words["time"][clock[order], element[order]] = time[order]
    return words


def check_registers(registers: Registers | None) -> tuple[int, int, int]:
    """Return superlayer, threshold and shape that the block runs with.

    Raises
    ------
    InputError
        For an unknown register, a superlayer outside 0 to 8, a threshold outside 1 to 5, or a
        shape other than 0 and 1.
    """
    chosen = BLOCK.defaults() | (registers or {})
    limits = {"superlayer": (0, N_SUPERLAYER - 1), "min_layers": (1, N_ROW),
              "shape": (STANDARD, EXTENDED)}  # fmt: skip
    values = []
    for name in chosen:
        if name not in limits:
            raise unknown_name("register", name, limits, place=BLOCK.name)
    for name, (low, high) in limits.items():
        given = np.asarray(chosen[name]).reshape(-1)
        if len(given) != 1 or not low <= int(given[0]) <= high:
            raise InputError(f"must be one number of {low} to {high}, not "
                             f"{', '.join(map(str, given.tolist()))}",
                             place=f"{BLOCK.name}.{name}")  # fmt: skip
        values.append(int(given[0]))
    return values[0], values[1], values[2]


def evaluate(
    words: NDArray[np.void],
    registers: Registers | None = None,
    state: State | None = None,
    lut: SegmentLut | None = None,
) -> NDArray[np.void]:
    """Find the live segments, data clock by data clock.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `cdc_wires`
    registers : dict of ndarray, optional
        Default: the values after reset.
    state : State, optional
        Updated in place, so that a stream may come in parts. Default: no live hits.
    lut : SegmentLut, optional
        Default: the packaged tables.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `segment_list`

    Raises
    ------
    InputError
        For an unknown register, a register out of range, or tables that do not fit.
    """
    part, least, shape = check_registers(registers)
    chosen = load() if lut is None else lut
    if lut is not None:
        check(lut)
    current = State() if state is None else state
    out = SEGMENT_LIST.zeros(len(words))
    out["clock"] = words["clock"]
    elements = _pattern_elements(part)
    low, high = segment_views().near[part].tolist()
    _evaluate(
        words["hit"], words["time"], words["clock"], part, least, low, high, elements,
        extra_elements(part, shape), row_masks()[part],
        chosen.entries[FIRST_ENTRY[part] : FIRST_ENTRY[part + 1]],
        current.stamp, out["valid"], out["id"], out["time"], out["lr"], out["position"],
        out["fastest"], out["pattern"], out["dropped"],
    )  # fmt: skip
    return out


def _pattern_elements(part: int) -> NDArray[np.int64]:
    """Return the elements of segment id 0's wires, in the order of the pattern."""
    shape = HOUR_GLASS if part else FAN
    return np.array([N_ROW * (PAD + relative) + row
                     for row, (_, wires) in enumerate(shape) for relative in wires])  # fmt: skip


@njit()
def _take_hits(hit, time, now, stamp):  # type: ignore[no-untyped-def]
    """Let old hits die, then store new ones where none is live."""
    for element in range(len(stamp)):
        came = stamp[element] // TICKS_PER_CLOCK
        if stamp[element] >= 0 and (now - came) % CLOCKS_APART >= PERSISTENCE:
            stamp[element] = _NONE
        if hit[element] and stamp[element] < 0:
            stamp[element] = TICKS_PER_CLOCK * now + np.int64(time[element])


@njit()
def _rank(stamp, now):  # type: ignore[no-untyped-def]
    """Return a number that is lower for earlier hits."""
    return -((TICKS_PER_CLOCK * now + TICKS_PER_CLOCK - 1 - stamp) % _STAMPS)


@njit()
def _evaluate(  # type: ignore[no-untyped-def]
    hit, time, clock, part, min_layers, low, high, elements, extra_elements, masks, lut, stamp,
    valid_out, id_out, time_out, lr_out, position_out, fastest_out, pattern_out, dropped_out,
):  # fmt: skip
    """Fill the output fields frame by frame."""
    size = high + 2
    pattern = np.zeros(size, dtype=np.int64)
    position = np.zeros(size, dtype=np.int64)
    right, centre, left = elements[RIGHT[part]], elements[CENTRE[part]], elements[LEFT[part]]
    for i in range(len(hit)):
        now = np.int64(clock[i]) % CLOCKS_APART
        _take_hits(hit[i], time[i], now, stamp)
        for own in range(low, high + 1):
            bits = np.int64(0)
            for index in range(len(elements)):
                bits |= np.int64(stamp[N_ROW * own + elements[index]] >= 0) << index
            extra = np.int64(0)
            for index in range(len(extra_elements)):
                live = stamp[N_ROW * own + extra_elements[index, 0]] >= 0
                extra |= np.int64(live) << extra_elements[index, 1]
            pattern[own], position[own] = bits, 0
            if hit_layers(bits, extra, masks) >= min_layers:
                position[own] = position_code(
                    bits, part, _rank(stamp[N_ROW * own + right], now),
                    _rank(stamp[N_ROW * own + left], now),
                )  # fmt: skip
        used = 0
        for own in range(low, high + 1):
            code, bits = position[own], pattern[own]
            if code == codes.NO_POSITION or (code != codes.FIRST and (
                    (own > low and position[own - 1] == codes.FIRST)
                    or (own < high and position[own + 1] == codes.FIRST))):  # fmt: skip
                continue
            if used < N_SLOT:
                at = N_ROW * own
                fastest = np.int64(_NONE)
                for index in range(len(elements)):
                    other = stamp[at + elements[index]]
                    if bits >> index & 1 and (
                        fastest < 0 or _rank(other, now) < _rank(fastest, now)
                    ):
                        fastest = other
                chosen = centre if code == codes.FIRST else left if code == codes.LEFT else right
                address = bits << 1 | second_left(
                    bits, part, _rank(stamp[at + right], now), _rank(stamp[at + left], now)
                )
                valid_out[i, used] = 1
                id_out[i, used] = own
                time_out[i, used] = stamp[at + chosen]
                lr_out[i, used] = told_side(lut[address])
                position_out[i, used] = code
                fastest_out[i, used] = fastest
                pattern_out[i, used] = told_pattern(bits, part)
            used += 1
        dropped_out[i] = min(max(used - N_SLOT, 0), 255)
