"""Reader of event frames: finds them in a stream of bytes and checks all that the format promises.

Of each frame: magic and version, length, bits that must be 0, mark, order and sizes of the
fragments, end mark, checksum; from frame to frame the tag. A fault is one message with the byte at
which it shows, what stands there and what must. See docs/reference/event_format.md.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from firmware_models import crc32
from firmware_models.errors import InputError
from firmware_models.interface.readout import (
    FORMAT_VERSION,
    FRAGMENT_MARK,
    FRAME_END,
    FRAME_MAGIC,
    HEADER_WORDS,
    MAX_PAYLOAD,
    N_LINE_WORD,
    N_SUBDETECTOR,
    TRAILER_WORDS,
)
from firmware_models.kernels import njit
from firmware_models.readout_events import SUBDETECTORS, ReadoutEvents

MIN_LENGTH = HEADER_WORDS + TRAILER_WORDS
MAX_LENGTH = MIN_LENGTH + N_SUBDETECTOR * (1 + MAX_PAYLOAD)
"""Words of the shortest and of the longest frame."""

_MAGIC_MASK = 0xFFFFFF
(_GOOD, _MAGIC, _VERSION, _LENGTH, _ZERO, _NUMBER, _MARK, _ID, _SIZES, _END, _CRC,
 _TAG) = range(12)  # fmt: skip
_FRAMES, _DONE, _PAYLOAD, _FAULT, _AT, _GOT, _WANTED = range(7)

_SAYS: dict[int, Callable[[int, int], str]] = {
    _MAGIC: lambda got, wanted: (
        f"a frame must start with {_bytes(wanted, 3)} ('L1F'), not {_bytes(got, 3)}"
    ),
    _VERSION: lambda got, wanted: f"format version must be {wanted}, not {got}",
    _LENGTH: lambda got, _: f"frame length must be {MIN_LENGTH} to {MAX_LENGTH} words, not {got}",
    _ZERO: lambda got, _: f"bits 20 to 31 must be 0, not 0x{got:03x}",
    _NUMBER: lambda got, wanted: f"there are at most {wanted} sub-detectors, not {got}",
    _MARK: lambda got, wanted: (
        f"bits 8 to 15 of a fragment's first word must be 0x{wanted:02x}, not 0x{got:02x}"
    ),
    _ID: lambda got, wanted: (
        f"sub-detector id must be {wanted} to {N_SUBDETECTOR} "
        f"({', '.join(SUBDETECTORS[wanted - 1 :])}), not {got}"
        if wanted <= N_SUBDETECTOR
        else f"no sub-detector can follow id {N_SUBDETECTOR}, found {got}"
    ),
    _SIZES: lambda got, wanted: (
        f"frame length is {got} words, its fragments need at least {wanted}"
        if wanted > got
        else f"frame length is {got} words, its fragments need {wanted}"
    ),
    _END: lambda got, wanted: f"the last word must be {_bytes(wanted)}, not {_bytes(got)}",
    _CRC: lambda got, wanted: (
        f"CRC-32 of the frame is 0x{wanted:08x}, its trailer says 0x{got:08x}"
    ),
    _TAG: lambda got, wanted: f"event tag must be {wanted}, not {got}",
}


class FrameError(InputError):
    """A frame is not what the format promises.

    Parameters
    ----------
    message : str
    frame : int
        Number of the frame in the stream.
    start, byte : int
        Bytes of the stream before the frame, and before the fault.
    """

    def __init__(self, message: str, *, frame: int, start: int, byte: int) -> None:
        self.frame, self.start, self.byte = frame, start, byte
        super().__init__(message, place=f"byte {byte}")


def read(
    buffer: bytes | bytearray | memoryview,
    *,
    first_tag: int | None = None,
    consecutive: bool = True,
) -> ReadoutEvents:
    """Return the events of a buffer that holds whole frames.

    Parameters
    ----------
    buffer : bytes-like
    first_tag : int, optional
        Tag that the first event must have. Default: any.
    consecutive : bool
        Each tag must be the one before plus 1 (modulo 2³²).

    Raises
    ------
    InputError
        For the first fault, or a buffer that ends inside a frame.
    """
    reader = Reader(first_tag=first_tag, consecutive=consecutive)
    events = reader.feed(buffer)
    reader.finish()
    return events


class Reader:
    """Reader of a stream that comes in parts of any length.

    Parameters
    ----------
    first_tag : int, optional
        Tag that the first event must have. Default: any.
    consecutive : bool
        Each tag must be the one before plus 1 (modulo 2³²).

    Notes
    -----
    A fault shows as soon as the words that contradict each other are there. Events before it in the
    same part are not returned; the reader stays where it is and says the same again.
    """

    def __init__(self, *, first_tag: int | None = None, consecutive: bool = True) -> None:
        if first_tag is not None and not 0 <= first_tag < 1 << 32:
            raise InputError(f"must be 0 to 2**32 - 1, not {first_tag}", place="first_tag")
        self.events = 0
        self.offset = 0
        self._expected = -1 if first_tag is None else first_tag
        self._consecutive = consecutive
        self._pending = b""

    @property
    def pending(self) -> int:
        """Bytes from `offset` on that have come but are not a whole frame yet."""
        return len(self._pending)

    def feed(self, part: bytes | bytearray | memoryview) -> ReadoutEvents:
        """Return the events that are complete with one more part of the stream.

        Parameters
        ----------
        part : bytes-like
            The bytes that follow those given before.

        Raises
        ------
        FrameError
            For the first fault.
        """
        data = memoryview(part).cast("B")
        if self._pending:
            data = memoryview(b"".join((self._pending, data)))
        words = _words(data)
        found = np.zeros(7, dtype=np.int64)
        _scan(words, crc32.tables(), self._expected, self._consecutive, found)
        if found[_FAULT]:
            raise self._fault(found)
        events = _events(words, int(found[_FRAMES]), int(found[_PAYLOAD]))
        done = 4 * int(found[_DONE])
        self.events += len(events)
        self.offset += done
        self._pending = bytes(data[done:])
        if len(events):
            self._expected = (int(events.tag[-1]) + 1) & 0xFFFFFFFF if self._consecutive else -1
        return events

    def finish(self) -> None:
        """Say that the stream ends here.

        Raises
        ------
        FrameError
            When it ends inside a frame.
        """
        if not self._pending:
            return
        have = len(self._pending)
        words = _words(memoryview(self._pending))
        needed = f"{4 * int(words[1])} bytes" if len(words) > 1 else f"at least {4 * MIN_LENGTH}"
        raise FrameError(
            f"the stream ends inside frame {self.events}: it starts at byte {self.offset} and "
            f"has {have} of {needed}",
            frame=self.events, start=self.offset, byte=self.offset + have,
        )  # fmt: skip

    def _fault(self, found: NDArray[np.int64]) -> FrameError:
        says = _SAYS[int(found[_FAULT])](int(found[_GOT]), int(found[_WANTED]))
        start = self.offset + 4 * int(found[_DONE])
        frame = self.events + int(found[_FRAMES])
        return FrameError(
            f"frame {frame} (from byte {start}): {says}",
            frame=frame, start=start, byte=self.offset + 4 * int(found[_AT]),
        )  # fmt: skip


def _words(data: memoryview) -> NDArray[np.uint32]:
    """Return the whole 32-bit words of a buffer."""
    words = np.frombuffer(data, dtype="<u4", count=len(data) // 4)
    return np.require(words.astype(np.uint32, copy=False), requirements="A")


def _bytes(word: int, number: int = 4) -> str:
    return word.to_bytes(4, "little")[:number].hex(" ")


def _events(words: NDArray[np.uint32], n: int, n_payload: int) -> ReadoutEvents:
    """Return the events of the first n frames, which are good."""
    tag, time = np.empty(n, dtype=np.uint32), np.empty(n, dtype=np.uint64)
    trigger_type, flags = np.empty(n, dtype=np.uint8), np.empty(n, dtype=np.uint16)
    lines, present = np.empty((n, N_LINE_WORD), dtype=np.uint32), np.zeros(n, dtype=np.uint8)
    offsets = np.zeros(N_SUBDETECTOR * n + 1, dtype=np.int64)
    payload = np.empty(n_payload, dtype=np.uint32)
    _copy(words, tag, time, trigger_type, flags, lines, present, offsets, payload)
    return ReadoutEvents(tag, time, trigger_type, flags, lines, present, offsets, payload)


@njit()
def _note(found, fault, at, got, wanted):  # type: ignore[no-untyped-def]
    found[_FAULT], found[_AT], found[_GOT], found[_WANTED] = fault, at, got, wanted
    return -1


@njit()
def _scan(words, table, expected, consecutive, found):  # type: ignore[no-untyped-def]
    """Check frame after frame; leave their number, words and payload words, and the first fault."""
    begin = 0
    while begin < len(words):
        payload = found[_PAYLOAD]
        length = _check(words, begin, table, found)
        if length <= 0:
            found[_PAYLOAD] = payload
            break
        tag = np.int64(words[begin + 2])
        if expected >= 0 and tag != expected:
            _note(found, _TAG, begin + 2, tag, expected)
            break
        expected = (tag + 1) & np.int64(0xFFFFFFFF) if consecutive else np.int64(-1)
        begin += length
        found[_FRAMES] += 1
    found[_DONE] = begin


@njit()
def _check(words, begin, table, found):  # type: ignore[no-untyped-def]
    """Return the words of the frame at `begin`, 0 when it is not complete, -1 for a fault."""
    there = len(words) - begin
    word = np.int64(words[begin])
    if word & _MAGIC_MASK != FRAME_MAGIC & _MAGIC_MASK:
        return _note(found, _MAGIC, begin, word, FRAME_MAGIC)
    if word >> 24 != FORMAT_VERSION:
        return _note(found, _VERSION, begin, word >> 24, FORMAT_VERSION)
    if there < 2:
        return 0
    length = np.int64(words[begin + 1])
    if length < MIN_LENGTH or length > MAX_LENGTH:
        return _note(found, _LENGTH, begin + 1, length, 0)
    if there < 6:
        return 0
    word = np.int64(words[begin + 5])
    number = (word >> 16) & 15
    if word >> 20 != 0:
        return _note(found, _ZERO, begin + 5, word >> 20, 0)
    if number > N_SUBDETECTOR:
        return _note(found, _NUMBER, begin + 5, number, N_SUBDETECTOR)
    at, least_id = np.int64(begin + HEADER_WORDS), np.int64(1)
    for k in range(number):
        needed = at - begin + (number - k) + TRAILER_WORDS
        if needed > length:
            return _note(found, _SIZES, begin + 1, length, needed)
        if at >= len(words):
            return 0
        word = np.int64(words[at])
        if (word >> 8) & 255 != FRAGMENT_MARK:
            return _note(found, _MARK, at, (word >> 8) & 255, FRAGMENT_MARK)
        if word & 255 < least_id or word & 255 > N_SUBDETECTOR:
            return _note(found, _ID, at, word & 255, least_id)
        least_id = (word & 255) + 1
        found[_PAYLOAD] += word >> 16
        at += 1 + (word >> 16)
    needed = at - begin + TRAILER_WORDS
    if needed != length:
        return _note(found, _SIZES, begin + 1, length, needed)
    if there < length:
        return 0
    if np.int64(words[at + 1]) != FRAME_END:
        return _note(found, _END, at + 1, np.int64(words[at + 1]), FRAME_END)
    value = crc32.update(np.int64(crc32.START), words, begin, at, table) ^ crc32.START
    if np.int64(words[at]) != value:
        return _note(found, _CRC, at, np.int64(words[at]), value)
    return length


@njit()
def _copy(words, tag, time, trigger_type, flags, lines, present, offsets, payload):  # type: ignore[no-untyped-def]
    begin, stop = np.int64(0), np.int64(0)
    for i in range(len(tag)):
        tag[i] = words[begin + 2]
        time[i] = np.uint64(words[begin + 3]) | np.uint64(words[begin + 4]) << np.uint64(32)
        word = np.int64(words[begin + 5])
        trigger_type[i] = word & 15
        flags[i] = (word >> 4) & 0xFFF
        for k in range(N_LINE_WORD):
            lines[i, k] = words[begin + 6 + k]
        at = begin + HEADER_WORDS
        d = 0
        for _ in range((word >> 16) & 15):
            fragment = np.int64(words[at])
            at += 1
            while d < (fragment & 255) - 1:
                offsets[N_SUBDETECTOR * i + d + 1] = stop
                d += 1
            present[i] |= np.uint8(1 << d)
            for k in range(fragment >> 16):
                payload[stop + k] = words[at + k]
            stop += fragment >> 16
            at += fragment >> 16
            offsets[N_SUBDETECTOR * i + d + 1] = stop
            d += 1
        while d < N_SUBDETECTOR:
            offsets[N_SUBDETECTOR * i + d + 1] = stop
            d += 1
        begin = at + TRAILER_WORDS
