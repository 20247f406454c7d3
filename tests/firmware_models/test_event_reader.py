"""The reader of event frames: every damage is found and named, in any partition of the stream."""

from __future__ import annotations

import itertools
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models.errors import InputError
from firmware_models.event_payload import pseudo_payload
from firmware_models.event_reader import Reader, read
from firmware_models.event_stream import frame
from firmware_models.readout_events import ReadoutEvents

HEADER = 64
"""Bytes before the first fragment."""


def _events(n: int = 6, first_tag: int = 100, longest: int = 4, seed: int = 1) -> ReadoutEvents:
    rng = np.random.default_rng(seed)
    present = rng.integers(0, 256, n)
    sizes = rng.integers(0, longest + 1, (n, 8)) * ((present[:, None] >> np.arange(8)) & 1)
    tag = (first_tag + np.arange(n)) % 2**32
    columns = {"tag": tag, "lines": rng.integers(0, 2**32, (n, 10)), "time": np.arange(n) * 4240}
    payload = pseudo_payload(seed, tag.astype(np.uint32), sizes)
    return ReadoutEvents.build(sizes, payload, columns, present=present)


def _one(sizes: dict[int, int]) -> bytearray:
    """Return a frame with the given payload sizes by sub-detector id."""
    row = np.zeros((1, 8), dtype=np.int64)
    for sub, size in sizes.items():
        row[0, sub - 1] = size
    present = np.array([sum(1 << (sub - 1) for sub in sizes)])
    payload = pseudo_payload(1, np.zeros(1, dtype=np.uint32), row)
    return bytearray(frame(ReadoutEvents.build(row, payload, present=present)))


def _resealed(data: bytearray) -> bytes:
    """Return the frame with a checksum that fits its content."""
    data[-8:-4] = zlib.crc32(data[:-8]).to_bytes(4, "little")
    return bytes(data)


def test_every_flipped_bit_is_found() -> None:
    data = bytes(_one({2: 2, 5: 0, 8: 1}))
    assert len(read(data)) == 1
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(InputError, match="byte "):
            read(bytes(flipped))


def test_every_flipped_bit_is_found_inside_a_stream() -> None:
    """Also where the length grows into the frames behind."""
    events = _events(3)
    data = frame(events)
    start = 4 * int(np.frombuffer(data, "<u4")[1])
    length = 4 * int(np.frombuffer(data, "<u4")[start // 4 + 1])
    for bit in range(8 * start, 8 * (start + length)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(InputError, match=f"frame 1 \\(from byte {start}\\)"):
            read(bytes(flipped))


def test_every_cut_is_found() -> None:
    data = frame(_events(2))
    end = 4 * int(np.frombuffer(data, "<u4")[1])
    for cut in range(len(data)):
        if cut in (0, end):
            assert len(read(data[:cut])) == (cut > 0)
            continue
        with pytest.raises(InputError, match="the stream ends inside frame"):
            read(data[:cut])


def test_end_inside_a_frame_tells_what_is_missing() -> None:
    data = bytes(_one({1: 3}))
    with pytest.raises(InputError) as caught:
        read(data + data[:50], consecutive=False)
    assert str(caught.value) == (
        f"byte {len(data) + 50}: the stream ends inside frame 1: it starts at byte {len(data)} "
        f"and has 50 of {len(data)} bytes"
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 300), max_size=30))
def test_any_partition_gives_the_same_events(seed: int, lengths: list[int]) -> None:
    events = _events(12, seed=seed)
    data = frame(events)
    reader = Reader(first_tag=100)
    cuts = [min(int(cut), len(data)) for cut in np.cumsum([0, *lengths, len(data)])]
    parts = [reader.feed(data[a:b]) for a, b in itertools.pairwise(cuts)]
    reader.finish()
    assert reader.events == 12
    assert reader.offset == len(data)
    tags = np.concatenate([part.tag for part in parts])
    assert tags.tolist() == events.tag.tolist()
    assert np.array_equal(np.concatenate([part.payload for part in parts]), events.payload)
    assert np.array_equal(np.concatenate([part.sizes for part in parts]), events.sizes)
    assert np.array_equal(np.concatenate([part.present for part in parts]), events.present)


def test_byte_by_byte() -> None:
    data = frame(_events(3))
    reader = Reader()
    counts = [len(reader.feed(data[i : i + 1])) for i in range(len(data))]
    assert sum(counts) == 3
    assert counts[-1] == 1


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    if noise[:3] != b"L1F" and len(noise) >= 4:
        with pytest.raises(InputError, match=r"a frame must start with 4c 31 46 \('L1F'\)"):
            read(noise)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_overwritten_bytes_are_found(seed: int, damage: int) -> None:
    """A burst of random bytes anywhere: found, unless it wrote what stood there."""
    data = frame(_events(4, seed=seed))
    rng = np.random.default_rng(damage)
    at = int(rng.integers(len(data)))
    wrong = data[:at] + rng.bytes(int(rng.integers(1, 40))) + data[at:]
    wrong = wrong[: len(data)]
    if wrong != data:
        with pytest.raises(InputError):
            read(wrong)


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        (0, b"L1X", "byte 0: frame 0 (from byte 0): a frame must start with 4c 31 46 ('L1F'), "
                    "not 4c 31 58"),
        (3, b"\x02", "byte 0: frame 0 (from byte 0): format version must be 1, not 2"),
        (4, b"\x11\x00", "byte 4: frame 0 (from byte 0): frame length must be 18 to 524306 words, "
                         "not 17"),
        (4, b"\x18\x00", "frame length is 24 words, its fragments need 23"),
        (4, b"\x16\x00", "frame length is 22 words, its fragments need at least 23"),
        (4, b"\x14\x00", "frame length is 20 words, its fragments need at least 22"),
        (22, b"\x12", "byte 20: frame 0 (from byte 0): bits 20 to 31 must be 0, not 0x001"),
        (22, b"\x09", "byte 20: frame 0 (from byte 0): there are at most 8 sub-detectors, not 9"),
        (22, b"\x01", "frame length is 23 words, its fragments need 21"),
        (HEADER + 1, b"\xfc", "byte 64: frame 0 (from byte 0): bits 8 to 15 of a fragment's first "
                              "word must be 0xfd, not 0xfc"),
        (HEADER, b"\x09", "sub-detector id must be 1 to 8 (SVD, CDC, TOP, ARICH, ECL, KLM, TRG, "
                          "PXD), not 9"),
        (HEADER, b"\x00", "PXD), not 0"),
        (HEADER, b"\x08", "byte 76: frame 0 (from byte 0): no sub-detector can follow id 8, "
                          "found 6"),
        (HEADER + 12, b"\x03", "sub-detector id must be 4 to 8 (ARICH, ECL, KLM, TRG, PXD), not 3"),
        (-4, b"X", "byte 88: frame 0 (from byte 0): the last word must be 4c 31 45 01, "
                   "not 58 31 45 01"),
    ],
)  # fmt: skip
def test_damage_with_a_good_checksum_is_named(at: int, value: bytes, says: str) -> None:
    data = _one({3: 2, 6: 1})
    at %= len(data)
    data[at : at + len(value)] = value
    with pytest.raises(InputError) as caught:
        read(_resealed(data))
    assert says in str(caught.value)


def test_wrong_checksum_shows_both() -> None:
    data = _one({3: 2})
    data[HEADER + 4] ^= 1
    stands = int.from_bytes(data[-8:-4], "little")
    with pytest.raises(InputError) as caught:
        read(bytes(data))
    assert str(caught.value) == (
        f"byte {len(data) - 8}: frame 0 (from byte 0): CRC-32 of the frame is "
        f"0x{zlib.crc32(data[:-8]):08x}, its trailer says 0x{stands:08x}"
    )


def test_contradictions_show_before_the_frame_is_complete() -> None:
    data = _one({3: 200})
    data[4:8] = (300).to_bytes(4, "little")
    reader = Reader()
    assert len(reader.feed(bytes(data[:HEADER]))) == 0
    with pytest.raises(InputError, match="frame length is 300 words, its fragments need 219"):
        reader.feed(bytes(data[HEADER : HEADER + 4]))


def test_tags_must_follow_each_other() -> None:
    one, other = frame(_events(2, first_tag=5)), frame(_events(1, first_tag=8))
    with pytest.raises(InputError) as caught:
        read(one + other)
    says = f"byte {len(one) + 8}: frame 2 (from byte {len(one)}): event tag must be 7, not 8"
    assert str(caught.value) == says
    assert read(one + other, consecutive=False).tag.tolist() == [5, 6, 8]
    with pytest.raises(InputError, match=r"byte 8: .*event tag must be 4, not 5"):
        read(one, first_tag=4)
    assert read(frame(_events(2, first_tag=2**32 - 1))).tag.tolist() == [2**32 - 1, 0]


def test_tags_are_followed_from_part_to_part() -> None:
    reader = Reader()
    reader.feed(frame(_events(2, first_tag=5)))
    with pytest.raises(InputError, match=r"frame 2 .*event tag must be 7, not 9"):
        reader.feed(frame(_events(1, first_tag=9)))
    assert len(reader.feed(frame(_events(1, first_tag=7)))) == 1


def test_first_tag_has_a_range() -> None:
    with pytest.raises(InputError, match="first_tag: must be 0 to 2"):
        Reader(first_tag=1 << 32)
