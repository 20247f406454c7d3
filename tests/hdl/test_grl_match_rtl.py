"""Faults in the RTL of `grl_match` that the comparison must find."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdl.batch import BatchSimulator
from hdl.sources import block_sources, user_design
from hdl.tools import ROOT, available
from hdl.verify import VerifyResult, constrained_batches, run_batches, verify

BLOCK = "grl_match"
TOP = "grl_match.sv"
TRACK = "grl_match_track.sv"
NEAREST = "grl_match_nearest.sv"
SECTOR = "grl_match_sector.sv"
PAIRS = "grl_match_pairs.sv"

MUTANTS = {
    "coil-not-reached": (TRACK, "valid_q && turns[TW+:TW] != '1", "valid_q"),
    "later-of-two": (NEAREST, "<= least[(2*k+2)*AW+:AW]", "< least[(2*k+2)*AW+:AW]"),
    "upper-of-two": (SECTOR, "below_sector_q < above_sector_q", "1'b1"),
    "half-circle": (SECTOR, "DW'(4 * GRL_SECTOR_TURN)", "DW'(3 * GRL_SECTOR_TURN)"),
    "pair-tracks": (PAIRS, "barrel & none)", "none)"),
    "one-full-run": (TOP, "if (&shorts) all_q[0] <= 1'b1;", ""),
    "time-cut-off": (TOP, "time_window == '0 || late", "late"),
}  # fmt: skip
"""File, text that it has once, what that becomes."""

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("rtl-grl-match")]


def _changed(folder: Path, file: str, old: str, new: str) -> list[Path]:
    """Return the block's files, one of them changed."""
    sources = list(block_sources(BLOCK))
    (at,) = [i for i, source in enumerate(sources) if source.name == file]
    text = sources[at].read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    sources[at] = folder / file
    sources[at].write_text(text.replace(old, new), encoding="utf-8")
    return sources


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_volume_finds_it(name: str, tmp_path: Path) -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    result = VerifyResult(BLOCK, "verilator")
    simulate = BatchSimulator(BLOCK, _changed(tmp_path, *MUTANTS[name]))
    run_batches(simulate, "constrained", constrained_batches(BLOCK, 8_000, 3), result, 3)
    assert result.mismatches > 0
    assert result.first is not None
    assert result.first.stage.startswith(f"{BLOCK}.")


def test_testbench_in_icarus_finds_frames_kept_over_reset(tmp_path: Path) -> None:
    if reason := available("icarus"):
        pytest.skip(reason)
    wrong = user_design(
        BLOCK,
        _changed(tmp_path, TOP, "if (!rst_ni) valid_q <= '0;", "if (!rst_ni) valid_q[0] <= 0;"),
    )
    assert ROOT not in wrong.sources[-1].parents
    assert verify(BLOCK, "icarus", dut=wrong, bench_vectors=20).mismatches > 0
