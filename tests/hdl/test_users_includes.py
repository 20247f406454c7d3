"""What a user's source includes: found beside it, and a change in it is never missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdl.tools import ROOT, available
from sim.cli import main

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("rtl-faults")]


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_change_in_an_included_file_is_seen(
    simulator: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file lies in a folder with a blank in its name; the source itself stays as it is."""
    if reason := available(simulator) or available("verilator"):
        pytest.skip(reason)
    folder = tmp_path / "my design"
    folder.mkdir()
    text = (ROOT / "hdl" / "rtl" / "gdl_timing.sv").read_text(encoding="utf-8")
    assert text.count("valid_o <= valid_q;") == 1
    source, body = folder / "gdl_timing.sv", folder / "body.svh"
    source.write_text(text.replace("valid_o <= valid_q;", '`include "body.svh"'), encoding="utf-8")
    arguments = ["verify", "gdl_timing", "--simulator", simulator, "--vectors", "200",
                 "--dut", str(source)]  # fmt: skip
    body.write_text("valid_o <= valid_q;\n", encoding="utf-8")
    assert main(arguments) == 0
    body.write_text("valid_o <= valid_i;\n", encoding="utf-8")
    assert main(arguments) == 1
    assert "1 clocks after its last beat" in capsys.readouterr().err


def test_synthesis_finds_an_included_file(tmp_path: Path) -> None:
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    folder = tmp_path / "my design"
    folder.mkdir()
    (folder / "width.svh").write_text("localparam int W = 5;\n", encoding="utf-8")
    source = folder / "gdl_timing.sv"
    source.write_text(
        "module gdl_timing (input logic clk_i, input logic [4:0] d_i, output logic [4:0] q_o);\n"
        '`include "width.svh"\n  logic [W-1:0] q;\n'
        "  always_ff @(posedge clk_i) q <= d_i;\n  assign q_o = q;\nendmodule\n",
        encoding="utf-8",
    )
    assert main(["synth", "gdl_timing", "--target", "generic", "--dut", str(source)]) == 0


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_data_file_beside_the_source_is_read(simulator: str, tmp_path: Path) -> None:
    """Whether the block answers at all is read from a memory file in a folder beside it."""
    if reason := available(simulator) or available("verilator"):
        pytest.skip(reason)
    text = (ROOT / "hdl" / "rtl" / "gdl_timing.sv").read_text(encoding="utf-8")
    assert text.count("valid_o <= valid_q;") == 1
    assert text.count("  logic l1_q;") == 1
    source, data = tmp_path / "gdl_timing.sv", tmp_path / "data" / "one.hex"
    data.parent.mkdir()
    source.write_text(
        text.replace("valid_o <= valid_q;", "valid_o <= valid_q & one[0];").replace(
            "  logic l1_q;",
            '  logic l1_q;\n  logic [0:0] one [0:0];\n  initial $readmemh("data/one.hex", one);',
        ),
        encoding="utf-8",
    )
    arguments = ["verify", "gdl_timing", "--simulator", simulator, "--vectors", "200",
                 "--dut", str(source)]  # fmt: skip
    data.write_text("1\n", encoding="utf-8")
    assert main(arguments) == 0
    data.write_text("0\n", encoding="utf-8")
    assert main(arguments) == 1
