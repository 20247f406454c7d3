"""Every RTL file is clean under Verilator -Wall and is read by Icarus 11 and by yosys."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from hdl.sources import our_design
from hdl.synth import read_passes, run_passes
from hdl.tools import ROOT, available, run, verilator_folder
from hdl.verify import verifiable_blocks

WAIVERS = ROOT / "hdl" / "lint" / "waivers.vlt"
BLOCKS = verifiable_blocks()


def test_there_is_rtl_to_lint() -> None:
    assert set(BLOCKS) == {path.stem for path in (ROOT / "hdl" / "rtl").glob("*.sv")}
    assert BLOCKS


@pytest.mark.parametrize("block", BLOCKS)
def test_verilator_has_no_warning(block: str, tmp_path: Path) -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    design = our_design(block)
    done = run(
        [verilator_folder() / "verilator", "--lint-only", "-Wall", "--quiet", "--top-module",
         design.top, WAIVERS, *design.sources],
        cwd=tmp_path,
    )  # fmt: skip
    assert [line for line in done.stdout.splitlines() if line.startswith("%")] == []
    assert done.returncode == 0


@pytest.mark.parametrize("block", BLOCKS)
def test_icarus_reads_it(block: str, tmp_path: Path) -> None:
    if reason := available("icarus"):
        pytest.skip(reason)
    design = our_design(block)
    done = run(
        ["iverilog", "-g2012", "-Wall", "-Wno-timescale", "-s", design.top, "-o", "block.vvp",
         *design.sources],
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "block.vvp").stat().st_size > 0
    assert "warning" not in done.stdout


@pytest.mark.parametrize("block", BLOCKS)
def test_yosys_elaborates_it_without_latches(block: str, tmp_path: Path) -> None:
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    design = our_design(block)
    run_passes(
        design, [*read_passes(design, tmp_path), "proc", "select -assert-none t:$dlatch"], tmp_path
    )


def test_every_waiver_has_its_reason() -> None:
    lines = WAIVERS.read_text(encoding="utf-8").splitlines()
    for above, line in itertools.pairwise(lines):
        if line.startswith("lint_off"):
            assert re.match(r"// \w.{20,}", above), line
