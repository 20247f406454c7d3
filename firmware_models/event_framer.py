"""Event frames: header, fragments of the sub-detectors and checksum, one 32-bit word a tick.

A start that comes while no frame is being sent takes the header fields of its tick and sends the
first word on the same tick; the others follow without a gap. On a tick whose word is a payload
word, the word offered on that tick goes out and `take` is up. Header fields count on the start
alone, payload on the ticks of payload words alone. A start inside a frame is ignored and raises
`ignored` for good; the tick after the last word may start the next frame.

The order of the words is that of docs/reference/event_format.md. `firmware_models.event_stream`
gives the same words for whole batches, `firmware_models.event_reader` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import crc32
from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.readout import (
    FRAGMENT_MARK,
    FRAME_END,
    FRAME_MAGIC,
    HEADER_WORDS,
    N_LINE_WORD,
    N_SUBDETECTOR,
    TRAILER_WORDS,
)
from firmware_models.kernels import njit
from firmware_models.readout_events import ReadoutEvents, frame_lengths

BLOCK = BLOCKS["event_framer"]

_IDLE, _HEADER, _FRAGMENT, _PAYLOAD, _CHECKSUM, _END = range(6)
_STAGE, _COUNT, _WAITING, _CRC, _IGNORED = range(5)


@dataclass
class State:
    """What the block remembers between ticks.

    Parameters
    ----------
    header : ndarray of int64, shape (16,)
        Header words of the frame that is being sent.
    sizes : ndarray of int64, shape (8,)
        Its payload words of each sub-detector.
    value : ndarray of int64, shape (5,)
        Part of the frame that comes next, words sent of the header or left of a payload, mask of
        the sub-detectors still to come, running checksum, whether a start was ignored.
    """

    header: NDArray[np.int64]
    sizes: NDArray[np.int64]
    value: NDArray[np.int64]

    @classmethod
    def after_reset(cls) -> State:
        """Return the state after reset: no frame, nothing ignored."""
        return cls(*(np.zeros(n, dtype=np.int64) for n in (HEADER_WORDS, N_SUBDETECTOR, 5)))


def describe() -> Block:
    """Return the block's entry in the interface table."""
    return BLOCK


def quantize(events: ReadoutEvents, gap: NDArray[np.int64] | int = 0) -> NDArray[np.void]:
    """Return one word a tick that makes the block send the given events.

    Parameters
    ----------
    events : ReadoutEvents
        Header fields and payload.
    gap : int or ndarray of int64, shape (n,)
        Ticks without a frame before each event.

    Raises
    ------
    InputError
        For a negative gap.
    """
    gaps = np.broadcast_to(np.asarray(gap, dtype=np.int64), (len(events),))
    if np.any(gaps < 0):
        raise InputError(f"gaps must be 0 or more ticks, not {gaps.min()}",
                         place="event_framer.quantize")  # fmt: skip
    stop = np.cumsum(gaps + frame_lengths(events))
    words = BLOCK.input.zeros(int(stop[-1]) if len(events) else 0)
    start = stop - frame_lengths(events)
    words["start"][start] = 1
    words["tag"][start] = events.tag
    words["time"][start, 0] = events.time & np.uint64(0xFFFFFFFF)
    words["time"][start, 1] = events.time >> np.uint64(32)
    words["trigger_type"][start] = events.trigger_type
    words["flags"][start] = events.flags
    words["lines"][start] = events.lines
    words["present"][start] = events.present
    words["sizes"][start] = events.sizes
    tick = np.zeros(len(events.payload), dtype=np.int64)
    _payload_ticks(start, events.present, events.offsets, tick)
    words["payload"][tick] = events.payload
    return words


def evaluate(
    words: NDArray[np.void], registers: Registers | None = None, state: State | None = None
) -> NDArray[np.void]:
    """Return the word of the stream on each tick.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `framer_input`
        One word a tick.
    registers : dict of ndarray, optional
        The block has none; for the signature that all blocks share.
    state : State, optional
        Updated in place, so that a stream may come in parts. Default: as after reset.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `framer_output`

    Raises
    ------
    InputError
        For registers.
    """
    if registers:
        raise InputError(f"there are no registers, not {', '.join(registers)}",
                         place="event_framer.evaluate")  # fmt: skip
    current = state or State.after_reset()
    given = [np.ascontiguousarray(words[field.name]) for field in BLOCK.input.fields]
    columns = [np.zeros(len(words), dtype=np.int64) for _ in BLOCK.output.fields]
    kept: list[NDArray[Any]] = [current.header, current.sizes, current.value, crc32.tables()]
    arguments = [*given, *kept, *columns]  # the words' fields in their order
    _send(*arguments)
    out = BLOCK.output.zeros(len(words))
    for field, column in zip(BLOCK.output.fields, columns, strict=True):
        out[field.name] = column
    return out


def stream_bytes(out: NDArray[np.void]) -> bytes:
    """Return the bytes that data acquisition sees: the valid words, first byte lowest."""
    sent: NDArray[np.uint32] = out["data"][out["valid"] == 1]
    return sent.astype("<u4").tobytes()


@njit()
def _payload_ticks(start, present, offsets, tick):  # type: ignore[no-untyped-def]
    for i in range(len(start)):
        at = start[i] + HEADER_WORDS
        for d in range(N_SUBDETECTOR):
            if (np.int64(present[i]) >> d) & 1:
                at += 1
                for k in range(offsets[N_SUBDETECTOR * i + d], offsets[N_SUBDETECTOR * i + d + 1]):
                    tick[k] = at
                    at += 1


@njit()
def _take_header(  # type: ignore[no-untyped-def]
    tag, time, trigger_type, flags, lines, present, sizes, header, kept
):
    """Keep the header words and the sizes of the frame that starts."""
    length, number = np.int64(HEADER_WORDS + TRAILER_WORDS), np.int64(0)
    for d in range(N_SUBDETECTOR):
        kept[d] = np.int64(sizes[d])
        if (np.int64(present) >> d) & 1:
            length += 1 + kept[d]
            number += 1
    header[0], header[1], header[2] = FRAME_MAGIC, length, np.int64(tag)
    header[3], header[4] = np.int64(time[0]), np.int64(time[1])
    header[5] = np.int64(trigger_type) | np.int64(flags) << 4 | number << 16
    for i in range(N_LINE_WORD):
        header[6 + i] = np.int64(lines[i])


@njit()
def _fragment(value, sizes):  # type: ignore[no-untyped-def]
    """Return the first word of the next fragment, and move on to its payload."""
    d = 0
    while not (value[_WAITING] >> d) & 1:
        d += 1
    value[_WAITING] ^= 1 << d
    value[_COUNT] = sizes[d]
    if sizes[d] > 0:
        value[_STAGE] = _PAYLOAD
    elif value[_WAITING] == 0:
        value[_STAGE] = _CHECKSUM
    return (d + 1) | FRAGMENT_MARK << 8 | sizes[d] << 16


@njit()
def _send(  # type: ignore[no-untyped-def]
    start, tag, time, trigger_type, flags, lines, present, sizes, payload, header, kept, value,
    table, out_valid, out_first, out_last, out_data, out_take, out_busy, out_ignored,
):  # fmt: skip
    for t in range(len(start)):
        if start[t] != 0:
            if value[_STAGE] == _IDLE:
                _take_header(tag[t], time[t], trigger_type[t], flags[t], lines[t], present[t],
                             sizes[t], header, kept)  # fmt: skip
                value[_STAGE], value[_COUNT], value[_CRC] = _HEADER, 0, crc32.START
                value[_WAITING] = np.int64(present[t])
                out_first[t] = 1
            else:
                value[_IGNORED] = 1
        out_ignored[t] = value[_IGNORED]
        stage = value[_STAGE]
        if stage == _IDLE:
            continue
        word = np.int64(0)
        if stage == _HEADER:
            word = header[value[_COUNT]]
            value[_COUNT] += 1
            if value[_COUNT] == HEADER_WORDS:
                value[_STAGE] = _FRAGMENT if value[_WAITING] != 0 else _CHECKSUM
        elif stage == _FRAGMENT:
            word = _fragment(value, kept)
        elif stage == _PAYLOAD:
            word = np.int64(payload[t])
            out_take[t] = 1
            value[_COUNT] -= 1
            if value[_COUNT] == 0:
                value[_STAGE] = _FRAGMENT if value[_WAITING] != 0 else _CHECKSUM
        elif stage == _CHECKSUM:
            word = value[_CRC] ^ crc32.START
            value[_STAGE] = _END
        else:
            word = np.int64(FRAME_END)
            out_last[t] = 1
            value[_STAGE] = _IDLE
        value[_CRC] = crc32.add_word(value[_CRC], word, table)
        out_valid[t] = 1
        out_data[t] = word
        out_busy[t] = value[_STAGE] != _IDLE
