"""Readout blocks in volume: corners that random streams seldom reach, and faults that are found."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from firmware_models import derandomizer, event_framer
from firmware_models.event_payload import pseudo_payload
from firmware_models.event_reader import read
from firmware_models.event_stream import frame
from firmware_models.readout_events import ReadoutEvents
from hdl.batch import BatchSimulator
from hdl.sources import user_design
from hdl.testbenches.derandomizer import stimulus as buffer_stimulus
from hdl.testbenches.event_framer import stimulus as frame_stimulus
from hdl.tools import ROOT, available
from hdl.verify import Batch, VerifyResult, constrained_batches, run_batches, verify
from sim.cli import main

RTL = ROOT / "hdl" / "rtl"

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("rtl-readout")]


@pytest.fixture(autouse=True)
def _tools() -> None:
    for simulator in ("verilator", "icarus"):
        if reason := available(simulator):
            pytest.skip(reason)


def _mutant(block: str, folder: Path, old: str, new: str) -> list[str | Path]:
    text = (RTL / f"{block}.sv").read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    target = folder / f"{block}.sv"
    target.write_text(text.replace(old, new), encoding="utf-8")
    return [target]


def _longest() -> Batch:
    """Return the ticks of a frame with the longest payload, and of a short one behind it."""
    sizes = np.zeros((2, 8), dtype=np.int64)
    sizes[:, 7] = (65535, 1)
    payload = pseudo_payload(1, np.arange(2, dtype=np.uint32), sizes)
    return Batch(event_framer.quantize(ReadoutEvents.build(sizes, payload), 1))


def test_longest_service_in_rtl() -> None:
    """Into the empty block, behind another event, and one tick less than the longest."""
    words = derandomizer.BLOCK.input.zeros(200_000)
    words["ready"] = 1
    words["l1"][[5, 9, 20]] = 1
    words["service"][[5, 9, 20]] = (65535, 65535, 65534)
    out = BatchSimulator("derandomizer").replay(words, None, idle=0.0, seed=1).words
    assert np.flatnonzero(out["sent"]).tolist() == [5 + 65535, 5 + 2 * 65535, 5 + 3 * 65535 - 1]
    assert np.array_equal(out, derandomizer.evaluate(words))


def test_longest_payload_in_rtl() -> None:
    simulator = BatchSimulator("event_framer")
    batch = _longest()
    replay = simulator.replay(batch.words, None, idle=0.0, seed=1)
    stream = event_framer.stream_bytes(replay.words)
    events = read(stream)
    assert events.sizes[:, 7].tolist() == [65535, 1]
    assert stream == frame(events)


def test_largest_frame_length_in_rtl() -> None:
    """The second word of a frame with eight longest fragments."""
    words = event_framer.BLOCK.input.zeros(20)
    words["start"][0], words["present"][0], words["sizes"][0] = 1, 0xFF, 65535
    replay = BatchSimulator("event_framer").replay(words, None, idle=0.0, seed=1)
    assert replay.words["data"][1] == 18 + 8 * 65536
    assert np.array_equal(replay.words, event_framer.evaluate(words))


def test_frames_that_the_rtl_streams_are_read() -> None:
    batch = next(iter(constrained_batches("event_framer", 20_000, 5)))
    replay = BatchSimulator("event_framer").replay(batch.words, None, idle=0.3, seed=2)
    last = np.flatnonzero(replay.words["last"])[-1]
    events = read(event_framer.stream_bytes(replay.words[: last + 1]), consecutive=False)
    assert len(events) == int(replay.words["last"].sum()) > 100


@pytest.mark.parametrize(
    ("block", "by_hand"),
    [
        # Registers, occupancy, service left, tags of the next accept, of the event in service and
        # of the one that left, sent, pointers, overflow, valid, the output (its highest bit of
        # occupancy is never 1), and the memory.
        ("derandomizer", 14 + 7 + 16 + 3 * 32 + 1 + 12 + 1 + 2 + 42 + 64 * 48),
        # Header words to come, sizes, place in the frame, ignored, marks and word, checksum, valid,
        # the output.
        ("event_framer", 15 * 32 + 128 + (3 + 8 + 16) + 1 + 6 + 32 + 32 + 2 + 38),
    ],
)
def test_synthesis_counts_every_register(tmp_path: Path, block: str, by_hand: int) -> None:
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    report = tmp_path / "area.json"
    assert main(["synth", block, "--target", "generic", "--json", str(report)]) == 0
    (area,) = json.loads(report.read_text())["targets"]
    assert area["ff"] == by_hand


@pytest.mark.parametrize("seed", range(6))
def test_stimulus_reaches_the_corners(seed: int) -> None:
    """Over a few seeds, every output bit that matters takes both values in every stream."""
    out = event_framer.evaluate(frame_stimulus.constrained(5000, seed))
    for name in ("valid", "first", "last", "take", "busy"):
        assert 0 < int(out[name].sum()) < len(out), name
    rows = derandomizer.evaluate(buffer_stimulus.constrained(5000, seed))
    for name in ("busy", "sent", "overflow"):
        assert 0 < int(rows[name].sum()) < len(rows), name
    assert int(rows["occupancy"].min()) == 0
    assert int(rows["occupancy"].max()) == 16


def test_stimulus_ignores_starts_in_some_streams() -> None:
    ignored = [
        int(event_framer.evaluate(frame_stimulus.constrained(2000, seed))["ignored"][-1])
        for seed in range(12)
    ]
    assert 0 < sum(ignored) < 12


@pytest.mark.parametrize(
    ("block", "old", "new", "stage"),
    [
        # The arrival before the departure of the same tick: a full block loses an event.
        ("derandomizer", "assign enters = l1 && stay < depth_q",
         "assign enters = l1 && inside_q < depth_q", "derandomizer.occupancy"),
        # An event that had to queue is read one tick too long.
        ("derandomizer", "left_q <= behind_service - 1'b1", "left_q <= behind_service",
         "derandomizer.occupancy"),
        # A lost event takes no number.
        ("derandomizer", "next_tag_q + TAG_W'(l1)", "next_tag_q + TAG_W'(enters)",
         "derandomizer.tag"),
        # The checksum goes on over the frames.
        ("event_framer", "(first_q ? {W{1'b1}} : sum_q)", "sum_q", "event_framer.data"),
        # A last fragment without payload is followed by one that is not there.
        ("event_framer", "else if (waiting_d == '0) state_d", "else if (waiting_q == '0) state_d",
         "event_framer.data"),
        # A header that is not latched: a start inside a frame changes it.
        ("event_framer", "assign begins = start && state_q == IDLE", "assign begins = start",
         "event_framer.first"),
    ],
)  # fmt: skip
def test_volume_finds_it(tmp_path: Path, block: str, old: str, new: str, stage: str) -> None:
    wrong = BatchSimulator(block, _mutant(block, tmp_path, old, new))
    result = VerifyResult(block, "verilator")
    run_batches(wrong, "constrained", constrained_batches(block, 20_000, 1), result, seed=1)
    assert result.first is not None
    assert result.first.stage == stage


def test_short_counter_is_found_by_the_longest_payload(tmp_path: Path) -> None:
    old, new = "count_d = size;", "count_d = {1'b0, size[SIZE_W-2:0]};"
    wrong = BatchSimulator("event_framer", _mutant("event_framer", tmp_path, old, new))
    result = VerifyResult("event_framer", "verilator")
    run_batches(wrong, "longest", [_longest()], result, seed=1)
    assert result.first is not None
    # 18 words of header and fragment start (after one idle tick), 32767 of payload.
    assert result.first.vector == 1 + 16 + 1 + 32767


@pytest.mark.parametrize(
    ("block", "old", "new"),
    [
        # Stands still on idle clocks no more.
        ("derandomizer", "end else if (valid_i) begin\n      inside_q",
         "end else begin\n      inside_q"),
        # Reset leaves the flag up.
        ("derandomizer", "      overflow_q <= 1'b0;\n", ""),
        # Configuration writes without valid.
        ("derandomizer", "end else if (cfg_valid_i) begin", "end else begin"),
        ("event_framer", "      state_q <= IDLE;\n", ""),
        ("event_framer", "    if (valid_q) begin\n      sum_q", "    if (1'b1) begin\n      sum_q"),
    ],
)  # fmt: skip
def test_testbench_in_icarus_finds_it(tmp_path: Path, block: str, old: str, new: str) -> None:
    wrong = user_design(block, _mutant(block, tmp_path, old, new))
    result = verify(block, "icarus", dut=wrong, bench_vectors=80)
    assert result.mismatches > 0
    assert result.first is not None
