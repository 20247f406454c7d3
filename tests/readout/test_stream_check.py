"""The packaged reader: counts what a stream carries, names the first fault and its byte."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from sim.readout.emulation.check import StreamCheck
from tests.readout.emitted import READ, emit, frames, readout, stage

SEED = 5


@pytest.fixture(scope="module")
def stream() -> bytes:
    stages = [stage(name, mean=60.0) for name in READ if name != "top"]
    return emit(readout(run={"triggers": 200, "seed": SEED}, stage=stages)).stream


def _starts(stream: bytes) -> list[int]:
    at, starts = 0, []
    while at < len(stream):
        starts.append(at)
        at += 4 * struct.unpack_from("<I", stream, at + 4)[0]
    return starts


def _check(stream: bytes, cuts: list[int] | None = None, **how) -> StreamCheck:
    check = StreamCheck(**how)
    for a, b in pairwise([0, *(cuts or []), len(stream)]):
        check.feed(stream[a:b])
    check.finish()
    return check


def _same(one: StreamCheck, other: StreamCheck) -> bool:
    return one.summary(127.0) == other.summary(127.0)


def test_counts_are_those_of_a_plain_reader(stream: bytes) -> None:
    found = list(frames(stream))
    check = _check(stream, seed=SEED)
    assert check.fault is None
    assert (check.frames, check.bytes) == (len(found), len(stream))
    times = [frame.time for frame in found]
    gaps = [b - a for a, b in pairwise(times)]
    starts = [*_starts(stream), len(stream)]
    summary = check.summary(100.0)
    assert summary["first_tag"] == 0
    assert summary["last_tag"] == len(found) - 1
    assert summary["shortest_gap_ticks"] == min(gaps)
    assert summary["longest_bytes"] == max(b - a for a, b in pairwise(starts))
    assert summary["span_s"] == pytest.approx((times[-1] - times[0]) * 1e-8, rel=1e-12)
    assert summary["rate_hz"] == pytest.approx(len(gaps) / sum(gaps) * 1e8, rel=1e-12)
    assert summary["trigger_types"] == {"7": len(found)}
    assert summary["flags"] == {"0": sum(frame.flags & 1 for frame in found)}
    for part in summary["subdetectors"]:
        number = 1 + READ.index(part["name"].lower())
        sizes = [frame.sizes[number] for frame in found]
        assert part["mean_bytes"] == pytest.approx(4 * sum(sizes) / len(sizes), rel=1e-12)
    assert [part["name"] for part in summary["subdetectors"]] == [
        name.upper() for name in READ if name != "top"
    ]


def test_lines_are_counted(tmp_path) -> None:
    path = tmp_path / "t.csv"
    fired = np.random.default_rng(1).random((300, 40)) < 0.2
    lines = [",".join(["tick", *(f"l{i}" for i in range(40))])]
    lines += [",".join([str(1000 * i), *(str(int(x)) for x in row)]) for i, row in enumerate(fired)]
    path.write_text("\n".join(lines))
    stream = emit(readout(arrivals={"kind": "trace", "file": str(path)})).stream
    counts = Counter(
        line for frame in frames(stream) for line in range(320) if frame.lines >> line & 1
    )
    found = _check(stream).summary(127.0)["lines"]
    assert found == {str(line): counts[line] for line in sorted(counts)}
    assert len(counts) == 40


@pytest.mark.parametrize("seed", range(5))
def test_cuts_do_not_matter(stream: bytes, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cuts = sorted(rng.integers(0, len(stream), 60).tolist())
    assert _same(_check(stream, cuts, seed=SEED), _check(stream))


@pytest.mark.parametrize("cut", [False, True])
def test_a_flipped_bit_shows_and_all_before_it_counts(stream: bytes, cut: bool) -> None:
    starts = _starts(stream)
    rng = np.random.default_rng(3)
    for _ in range(60):
        byte = int(rng.integers(0, len(stream)))
        wrong = bytearray(stream)
        wrong[byte] ^= 1 << int(rng.integers(0, 8))
        cuts = sorted(rng.integers(0, len(stream), 9).tolist()) if cut else []
        check = _check(bytes(wrong), cuts)
        hit = int(np.searchsorted(starts, byte, side="right")) - 1
        assert check.fault is not None
        assert check.fault.frame == check.frames == hit
        assert starts[hit] <= check.fault.byte
        assert check.bytes == starts[hit]


def test_missing_frames_show_in_the_tags(stream: bytes) -> None:
    starts = _starts(stream)
    check = _check(stream[: starts[4]] + stream[starts[6] :])
    assert check.frames == 4
    assert check.fault.byte == starts[4] + 8
    assert check.fault.message.endswith("event tag must be 4, not 6")


def test_a_truncated_stream(stream: bytes) -> None:
    starts = _starts(stream)
    check = _check(stream[: starts[7] + 10])
    assert (check.frames, check.fault.frame, check.fault.byte) == (7, 7, starts[7] + 10)
    assert "the stream ends inside frame 7" in check.fault.message


@pytest.mark.parametrize("cuts", [[], [100, 5000, 20_000]])
def test_payload_is_checked_word_by_word(stream: bytes, cuts: list[int]) -> None:
    """A wrong word with a good checksum: only the seed tells."""
    starts = _starts(stream)
    for number, fragment in ((0, 0), (11, 3), (60, 6)):
        start = starts[number]
        at = start + 64
        for _ in range(fragment):
            at += 4 + 4 * struct.unpack_from("<H", stream, at + 2)[0]
        name = READ[stream[at] - 1].upper()
        wrong = bytearray(stream)
        wrong[at + 4 + 4 * 2] ^= 1
        end = starts[number + 1]
        struct.pack_into("<I", wrong, end - 8, zlib.crc32(wrong[start : end - 8]))
        check = _check(bytes(wrong), cuts, seed=SEED)
        assert (check.frames, check.fault.frame) == (number, number)
        assert check.fault.byte == at + 12
        assert f"frame {number} (tag {number}): {name} payload word 2 must be" in (
            check.fault.message
        )
        assert _check(bytes(wrong), cuts).fault is None
    assert _check(stream, seed=SEED + 1).fault.frame == 0


def test_the_first_frames_alone(stream: bytes) -> None:
    starts = _starts(stream)
    alone = _check(stream[: starts[9]])
    for rest in (stream[starts[9] :], b"rubbish" * 50):
        for cuts in ([], [starts[3] + 5], [starts[9] + 3]):
            check = _check(stream[: starts[9]] + rest, cuts, most=9, seed=SEED)
            assert check.done
            assert _same(check, alone)
    few = _check(stream[: starts[9]], most=10)
    assert few.fault.message == "10 frames are wanted, the stream has 9"


def test_an_empty_stream_is_no_good_stream() -> None:
    assert _check(b"").fault.message == "the stream holds no frames"
