"""Faults in the RTL of `grl_match` that the comparison must find."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdl.sources import user_design
from hdl.tools import ROOT, available
from hdl.verify import verify
from tests.hdl.seeded_faults import assert_volume_finds, changed_sources

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


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_volume_finds_it(name: str, tmp_path: Path) -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    assert_volume_finds(BLOCK, changed_sources(BLOCK, tmp_path, *MUTANTS[name]))


def test_testbench_in_icarus_finds_frames_kept_over_reset(tmp_path: Path) -> None:
    if reason := available("icarus"):
        pytest.skip(reason)
    wrong = user_design(
        BLOCK,
        changed_sources(
            BLOCK, tmp_path, TOP, "if (!rst_ni) valid_q <= '0;", "if (!rst_ni) valid_q[0] <= 0;"
        ),
    )
    assert ROOT not in wrong.sources[-1].parents
    assert verify(BLOCK, "icarus", dut=wrong, bench_vectors=20).mismatches > 0
