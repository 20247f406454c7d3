"""Event frames against a writer and a reader by `struct` and `zlib` alone, from the format page."""

from __future__ import annotations

import itertools
import re
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models import event_framer
from firmware_models.errors import CheckFailed, InputError
from firmware_models.event_payload import check_payload, pseudo_payload
from firmware_models.event_reader import read
from firmware_models.event_stream import frame
from firmware_models.readout_events import SUBDETECTORS, ReadoutEvents, frame_lengths


@dataclass
class _Event:
    """One event in plain Python: lines as a set of numbers, payload by sub-detector id."""

    tag: int
    time: int = 0
    trigger_type: int = 0
    flags: int = 0
    lines: set[int] = field(default_factory=set)
    payload: dict[int, list[int]] = field(default_factory=dict)


def _write(event: _Event) -> bytes:
    """Return the frame of one event."""
    line_bits = sum(1 << line for line in event.lines).to_bytes(40, "little")
    body = b""
    for sub, words in sorted(event.payload.items()):
        body += struct.pack("<BBH", sub, 0xFD, len(words))
        body += struct.pack(f"<{len(words)}I", *words)
    length = 16 + len(body) // 4 + 2
    info = event.trigger_type | event.flags << 4 | len(event.payload) << 16
    head = struct.pack("<3sBIIQI", b"L1F", 1, length, event.tag, event.time, info) + line_bits
    return head + body + struct.pack("<I", zlib.crc32(head + body)) + b"L1E\x01"


def _events_of(plain: list[_Event]) -> ReadoutEvents:
    """Return the same events as arrays."""
    n = len(plain)
    sizes = np.zeros((n, 8), dtype=np.int64)
    lines = np.zeros((n, 10), dtype=np.uint32)
    payload: list[int] = []
    for i, event in enumerate(plain):
        for sub, words in sorted(event.payload.items()):
            sizes[i, sub - 1] = len(words)
            payload += words
        for line in event.lines:
            lines[i, line // 32] |= np.uint32(1 << (line % 32))
    columns: dict[str, Any] = {
        "tag": np.array([e.tag for e in plain], dtype=np.uint32),
        "time": np.array([e.time for e in plain], dtype=np.uint64),
        "trigger_type": np.array([e.trigger_type for e in plain], dtype=np.uint8),
        "flags": np.array([e.flags for e in plain], dtype=np.uint16),
        "lines": lines,
    }
    present = np.array([sum(1 << (s - 1) for s in e.payload) for e in plain], dtype=np.uint8)
    return ReadoutEvents.build(sizes, np.array(payload, dtype=np.uint32), columns, present=present)


def _random_events(seed: int, n: int, longest: int = 5) -> list[_Event]:
    """Return events with every corner: no sub-detector, all, empty payloads, all lines, none."""
    rng = np.random.default_rng(seed)
    first = int(rng.integers(0, 2**32))
    found = []
    for i in range(n):
        subs = [s for s in range(1, 9) if rng.random() < rng.choice((0.0, 0.5, 1.0))]
        found.append(
            _Event(
                tag=(first + i) % 2**32,
                time=int(rng.integers(0, 2**64, dtype=np.uint64)),
                trigger_type=int(rng.integers(16)),
                flags=int(rng.integers(4096)),
                lines={line for line in range(320) if rng.random() < 0.05},
                payload={
                    s: rng.integers(0, 2**32, rng.integers(0, longest + 1)).tolist() for s in subs
                },
            )
        )
    return found


def _parse(stream: bytes) -> list[_Event]:
    """Return the events of a stream; what the format promises is asserted."""
    found, at = [], 0
    while at < len(stream):
        magic, version, length, tag, time, info = struct.unpack_from("<3sBIIQI", stream, at)
        frame_bytes = stream[at : at + 4 * length]
        assert (magic, version, frame_bytes[-4:]) == (b"L1F", 1, b"L1E\x01")
        assert zlib.crc32(frame_bytes[:-8]) == int.from_bytes(frame_bytes[-8:-4], "little")
        bits = int.from_bytes(frame_bytes[24:64], "little")
        event = _Event(tag, time, info & 15, (info >> 4) & 4095,
                       {line for line in range(320) if bits >> line & 1})  # fmt: skip
        inside = 64
        for _ in range(info >> 16):
            sub, mark, size = struct.unpack_from("<BBH", frame_bytes, inside)
            assert mark == 0xFD
            words = struct.unpack_from(f"<{size}I", frame_bytes, inside + 4)
            event.payload[sub] = list(words)
            inside += 4 + 4 * size
        assert inside == 4 * length - 8
        found.append(event)
        at += 4 * length
    return found


def _streamed(events: ReadoutEvents, gap: np.ndarray | int = 0) -> bytes:
    return event_framer.stream_bytes(event_framer.evaluate(event_framer.quantize(events, gap)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 12), st.sampled_from([0, 1, 7, 90]))
def test_all_ways_give_the_same_bytes_and_events(seed: int, n: int, longest: int) -> None:
    plain = _random_events(seed, n, longest)
    events = _events_of(plain)
    written = b"".join(_write(event) for event in plain)
    assert frame(events) == written
    assert _streamed(events) == written
    assert _parse(written) == plain
    assert read(written).equals(events)
    assert int(frame_lengths(events).sum()) * 4 == len(written)


def test_longest_fragment() -> None:
    """The largest payload, in the first and in the last sub-detector; one word less beside it."""
    words = list(range(65535))
    plain = [_Event(1, payload={1: words, 4: words[1:], 8: words}), _Event(2)]
    written = b"".join(_write(event) for event in plain)
    events = _events_of(plain)
    assert frame(events) == written
    assert _streamed(events) == written
    assert read(written).equals(events)


def test_frame_word_by_word() -> None:
    """A small frame, written out by hand from the table of the format page."""
    event = _Event(0x01020304, 0x1122334455667788, 0xA, 0xB03, {0, 33, 319}, {2: [], 5: [7, 8]})
    words = np.frombuffer(frame(_events_of([event])), dtype="<u4").tolist()
    assert words[:6] == [0x0146314C, 22, 0x01020304, 0x55667788, 0x11223344, 0x2B03A]
    assert words[6:16] == [1, 2, 0, 0, 0, 0, 0, 0, 0, 0x80000000]
    assert words[16:20] == [0x0000FD02, 0x0002FD05, 7, 8]
    assert words[20] == zlib.crc32(frame(_events_of([event]))[:80])
    assert words[21:] == [0x0145314C]


def test_marks_of_the_stream() -> None:
    """First, last, take and busy stand where the layout says; gaps are empty."""
    plain = [_Event(0, payload={1: [5, 6], 3: []}), _Event(1)]
    out = event_framer.evaluate(event_framer.quantize(_events_of(plain), np.array([2, 1])))
    assert len(out) == 2 + 22 + 1 + 18
    text = {
        name: "".join(map(str, out[name].tolist())) for name in out.dtype.names if name != "data"
    }
    assert text["valid"] == "00" + "1" * 22 + "0" + "1" * 18
    assert text["first"] == "001" + "0" * 22 + "1" + "0" * 17
    assert text["last"] == "0" * 23 + "1" + "0" * 18 + "1"
    assert text["take"] == "0" * 19 + "11" + "0" * 22
    assert text["busy"] == "00" + "1" * 21 + "00" + "1" * 17 + "0"
    assert text["ignored"] == "0" * 43
    assert out["data"][out["valid"] == 0].tolist() == [0, 0, 0]


def test_only_the_words_that_count_are_looked_at() -> None:
    """Junk in header fields off the start, in payload off its ticks and in absent sizes."""
    events = _events_of(_random_events(5, 40))
    words = event_framer.quantize(events, 1)
    expected = event_framer.evaluate(words)
    rng = np.random.default_rng(1)
    junk = words.copy()
    for name in ("tag", "time", "trigger_type", "flags", "lines", "present", "sizes"):
        high = int(event_framer.BLOCK.input[name].high) + 1
        fill = rng.integers(0, high, words[name].shape).astype(words[name].dtype)
        start = words["start"] == 1
        junk[name][~start] = fill[~start]
    absent = ((words["present"][:, None] >> np.arange(8)) & 1) == 0
    junk["sizes"][absent] = rng.integers(0, 1 << 16, int(absent.sum()))
    off = expected["take"] == 0
    junk["payload"][off] = rng.integers(0, 1 << 32, int(off.sum()))
    assert np.array_equal(event_framer.evaluate(junk), expected)


def test_start_inside_a_frame_is_ignored_and_remembered() -> None:
    events = _events_of(_random_events(6, 3))
    words = event_framer.quantize(events)
    expected = event_framer.evaluate(words)
    length = int(frame_lengths(events)[0])
    for at in (1, 15, 16, length - 2, length - 1):
        other = words.copy()
        other["start"][at] = 1
        out = event_framer.evaluate(other)
        assert out["ignored"].tolist() == [int(t >= at) for t in range(len(out))]
        out["ignored"] = 0
        assert np.array_equal(out, expected)
    assert expected["busy"][length - 1] == 0  # the next tick's start was taken


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 60), max_size=8))
def test_any_chunking_gives_the_same_stream(seed: int, lengths: list[int]) -> None:
    words = event_framer.quantize(_events_of(_random_events(seed, 6)), 1)
    whole = event_framer.evaluate(words)
    state = event_framer.State.after_reset()
    n = len(words)
    cuts = np.minimum(np.cumsum([0, *lengths, n]), n)
    parts = [event_framer.evaluate(words[a:b], state=state) for a, b in itertools.pairwise(cuts)]
    assert np.array_equal(np.concatenate(parts), whole)


def _mix(x: int) -> int:
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return x ^ x >> 31


def test_pseudo_payload_is_splitmix64() -> None:
    """Its first outputs from state 1234567 are published; the keys are those of the text."""
    gamma = 0x9E3779B97F4A7C15
    first = [_mix((1234567 + (k + 1) * gamma) % 2**64) for k in range(2)]
    assert first == [6457827717110365317, 3203168211198807973]
    tag = np.array([0, 7, 2**32 - 1], dtype=np.uint32)
    sizes = np.arange(24).reshape(3, 8) % 5
    expected = [
        _mix((_mix((_mix(99) + t * 8 + d) % 2**64) + (k + 1) * gamma) % 2**64) >> 32
        for i, t in enumerate(tag.tolist()) for d in range(8) for k in range(int(sizes[i, d]))
    ]  # fmt: skip
    assert pseudo_payload(99, tag, sizes).tolist() == expected


def test_wrong_payload_is_named() -> None:
    tag = np.array([40, 41], dtype=np.uint32)
    sizes = np.zeros((2, 8), dtype=np.int64)
    sizes[1, 4] = 3
    payload = pseudo_payload(1, tag, sizes)
    events = ReadoutEvents.build(sizes, payload, {"tag": tag})
    check_payload(events, 1)
    payload[2] ^= 1
    with pytest.raises(CheckFailed, match=r"event 1 \(tag 41\), ECL, word 2 must be 0x.*1 words"):
        check_payload(events, 1)


def test_bad_events_are_refused() -> None:
    sizes = np.zeros((1, 8), dtype=np.int64)
    sizes[0, 1] = 1
    word = np.zeros(1, dtype=np.uint32)
    with pytest.raises(InputError, match="flags must be 0 to 4095, not 4096"):
        ReadoutEvents.build(sizes, word, {"flags": np.array([4096])})
    with pytest.raises(InputError, match="tag must fit uint32, not -1"):
        ReadoutEvents.build(sizes, word, {"tag": np.array([-1])})
    with pytest.raises(InputError, match="CDC in event 0 is absent but has 1 payload words"):
        ReadoutEvents.build(sizes, word, present=np.array([1]))
    with pytest.raises(InputError, match="offsets must run from 0 to 1, not from 0 to 2"):
        ReadoutEvents.build(2 * sizes, word)
    with pytest.raises(InputError, match="PXD in event 0 must have 0 to 65535 words, not 65536"):
        ReadoutEvents.build(np.array([[0] * 7 + [65536]]), np.zeros(65536, dtype=np.uint32))
    with pytest.raises(InputError, match="gaps must be 0 or more ticks, not -1"):
        event_framer.quantize(ReadoutEvents.build(sizes, word), -1)
    with pytest.raises(InputError, match="there are no registers, not depth"):
        event_framer.evaluate(event_framer.BLOCK.input.zeros(1), {"depth": np.ones(1, np.int64)})


def test_sub_detectors_are_those_of_the_format_page() -> None:
    assert SUBDETECTORS == ("SVD", "CDC", "TOP", "ARICH", "ECL", "KLM", "TRG", "PXD")


def _programs(page: str) -> list[str]:
    text = (Path(__file__).resolve().parents[2] / "docs" / "reference" / page).read_text("utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_reader_of_the_format_page_reads_frames() -> None:
    (program,) = _programs("event_format.md")
    names: dict[str, Any] = {}
    exec(compile(program, "event_format.md", "exec"), names)
    plain = _random_events(9, 20)
    found = list(names["frames"](b"".join(_write(event) for event in plain)))
    assert len(found) == 20
    for event, (tag, time, trigger_type, flags, lines, payload) in zip(plain, found, strict=True):
        fired = {line for line in range(320) if lines >> line & 1}
        words = {sub: list(content) for sub, content in payload.items()}
        assert _Event(tag, time, trigger_type, flags, fired, words) == event


def test_program_of_the_block_page_runs() -> None:
    (program,) = _programs("event_framer.md")
    names: dict[str, Any] = {}
    exec(compile(program, "event_framer.md", "exec"), names)
    assert len(names["back"]) == 1000
