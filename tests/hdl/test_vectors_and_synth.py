"""Vector files read back by plain Python; area counts against registers counted by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from firmware_models import gdl_timing
from firmware_models.interface import BLOCKS
from hdl import streams
from hdl.tools import ROOT
from hdl.vectors import write_vectors
from hdl.verify import verifiable_blocks
from sim.cli import main
from sim.streams import stream


def test_stimulus_streams_are_the_simulation_streams() -> None:
    for key in ((1, "a", 0), (2**62, "b/c", 7)):
        assert streams.stream(*key).integers(0, 2**63) == stream(*key).integers(0, 2**63)


@pytest.mark.parametrize("block", verifiable_blocks())
def test_memh_holds_the_packed_words(block: str, tmp_path: Path) -> None:
    write_vectors(block, "memh", 20, tmp_path, seed=5)
    table = BLOCKS[block]
    beat = table.input.beat(table.beats)
    lines = [
        line
        for line in (tmp_path / f"{block}_input.memh").read_text().splitlines()
        if not line.startswith("//")
    ]
    assert len(lines) == 20 * table.beats
    assert {len(line) for line in lines} == {-(-beat.width // 4)}
    bus = np.array(
        [
            [(int(line, 16) >> (32 * i)) & 0xFFFFFFFF for i in range(-(-beat.width // 32))]
            for line in lines
        ],
        dtype=np.uint32,
    )
    stimulus = __import__(f"hdl.testbenches.{block}.stimulus", fromlist=["constrained"])
    assert np.array_equal(table.input.unpack(bus, table.beats), stimulus.constrained(20, 5))
    answers = [
        int(line, 16)
        for line in (tmp_path / f"{block}_expected.memh").read_text().splitlines()
        if not line.startswith("//")
    ]
    assert len(answers) == 20
    assert max(answers) < 1 << table.output.width


def test_csv_holds_the_fields_and_the_answers(tmp_path: Path) -> None:
    assert main(["vectors", "gdl_timing", "--format", "csv", "--vectors", "30", "--out",
                 str(tmp_path / "new"), "--random-registers"]) == 0  # fmt: skip

    def rows(part: str) -> list[dict[str, str]]:
        text = (tmp_path / "new" / f"gdl_timing_{part}.csv").read_text()
        return list(csv.DictReader(x for x in text.splitlines() if not x.startswith("#")))

    registers = {"priority": np.zeros(3, np.int64), "min_quality": np.zeros(3, np.int64)}
    for row in rows("registers"):
        registers[row["register"]][int(row["index"])] = int(row["value"])
    words = gdl_timing.BLOCK.input.zeros(30)
    for i, row in enumerate(rows("input")):
        for name, value in row.items():
            words[name][i] = int(value)
    expected = gdl_timing.evaluate(words, registers)
    for answer, row in zip(expected, rows("expected"), strict=True):
        assert {name: int(value) for name, value in row.items()} == {
            name: int(answer[name]) for name in expected.dtype.names
        }


def test_bad_requests_leave_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    assert main(["vectors", "gdl_timing", "--format", "xls", "--out", out]) == 2
    assert main(["vectors", "nothing", "--format", "csv", "--out", out]) == 2
    assert main(["vectors", "gdl_timing", "--format", "csv", "--vectors", "-1", "--out", out]) == 2
    assert main(["vectors", "gdl_timing", "--format", "csv", "--seed", "-1", "--out", out]) == 2
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("")
    assert main(["vectors", "gdl_timing", "--format", "csv", "--out", str(tmp_path / "file")]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.rtl
def test_synthesis_counts_every_register(tmp_path: Path) -> None:
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    report = tmp_path / "area.json"
    assert main(["synth", "gdl_timing", "--target", "generic", "xcup", "--json", str(report)]) == 0
    areas = json.loads(report.read_text())["targets"]
    # valid of both stages, l1, tick, three times (one bit good, 14 time, 2 quality), the output
    # word, and the registers: 3 × 2 priority, 3 × 2 minimum quality.
    by_hand = 2 + 1 + 11 + 3 * (1 + 14 + 2) + 19 + 12
    for area in areas:
        assert area["ff"] == by_hand
        assert area["dsp"] == area["bram18"] == 0
        assert 50 < area["lut"] < 400
        # Two registered stages of a three-way choice: a handful of look-up tables in series.
        assert 2 <= area["depth"] <= 8


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--memory", "nan"), "--memory: must be above 0 and at most 4096 GB, not nan"),
        (("--memory", "-1"), "not -1"),
        (("--timeout", "0"), "--timeout: must be above 0 and at most 1e+06 s, not 0"),
        (("--timeout", "inf"), "not inf"),
        (("--top", "x"), "--top: needs --dut"),
    ],
)
def test_synthesis_limits_have_ranges(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", "gdl_timing", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_values_are_shown_with_unit_or_name() -> None:
    from hdl.compare import explain

    block = BLOCKS["gdl_timing"]
    given, expected = block.input.zeros(1), block.output.zeros(1)
    observed = block.output.zeros(1)
    expected["source"], observed["source"] = 1, 2
    assert (
        "source: expected 1 (TOP), observed 2 (CDC)"
        in explain(block, "c", 0, given, expected, observed).text()
    )


@pytest.mark.rtl
def test_synthesis_errors_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    broken = tmp_path / "gdl_timing.sv"
    broken.write_text("module gdl_timing (input logic a;\nendmodule\n")
    assert main(["synth", "gdl_timing", "--dut", str(broken)]) == 2
    assert "gdl_timing.sv:1" in capsys.readouterr().err
    assert main(["synth", "gdl_timing", "--target", "ice40"]) == 2
    assert "generic" in capsys.readouterr().err
    vhdl = str(ROOT / "examples" / "rtl" / "gdl_timing.vhd")
    assert main(["synth", "gdl_timing", "--dut", vhdl]) == 2
    assert "not VHDL" in capsys.readouterr().err
    assert main(["synth", "gdl_timing", "--target", "generic", "--timeout", "0.01"]) == 2
    assert "longer than" in capsys.readouterr().err


@pytest.mark.rtl
def test_synthesis_stops_at_the_memory_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    # A wide multiplier becomes millions of gates: far more than the limit.
    large = tmp_path / "gdl_timing.sv"
    large.write_text(
        "module gdl_timing (input logic [511:0] a_i, input logic [511:0] b_i,\n"
        "                   output logic [1023:0] data_o);\n"
        "  assign data_o = a_i * b_i;\nendmodule\n"
    )
    arguments = ["synth", "gdl_timing", "--dut", str(large), "--target", "generic"]
    assert main([*arguments, "--memory", "0.25"]) == 2
    assert "more than 0.25 GB" in capsys.readouterr().err


def test_unknown_bits_are_named_by_field() -> None:
    from hdl.testbenches.common import unknown_fields

    word = gdl_timing.BLOCK.output  # l1, source (2), time (14), quality (2), from bit 0
    assert unknown_fields(word, "0" * 19) == []
    assert unknown_fields(word, "0" * 18 + "X") == ["l1"]
    assert unknown_fields(word, "0X" + "0" * 14 + "Z" + "00") == ["source", "quality"]
    bits = BLOCKS["gdl_prescale"].output
    assert unknown_fields(bits, "0" * 313 + "x" + "0" * 7) == ["bits[7]"]
