"""Faults in the RTL of `klm_sector` that the comparison must find."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdl.sources import user_design
from hdl.tools import ROOT, available
from hdl.verify import verify
from tests.hdl.seeded_faults import assert_volume_finds, changed_sources

BLOCK = "klm_sector"
TOP = "klm_sector.sv"
ENOUGH = "klm_sector_enough.sv"

MUTANTS = {
    "above-not-at": (ENOUGH, "count >= planes_i", "count > planes_i"),
    "zero-planes": (ENOUGH, "hits_i != '0 && count", "count"),
    "mask-of-part": (TOP, "(coming < SW'(BARREL) ?", "(coming <= SW'(BARREL) ?"),
    "planes-of-last-pair": (TOP, "sector <= SW'(BARREL) ? barrel", "sector < SW'(BARREL) ? barrel"),
    "planes-of-frame-before": (TOP, "sector != '0 && sector <=", "sector <="),
    "barrel-wrap": (TOP, "starts[k] ? first_q : hits", "hits"),
    "endcap-wrap": (TOP, "sector % SW'(ENDCAP_RING)", "sector % SW'(BARREL_RING)"),
    "wrap-of-last-ring": (TOP, "{both[0], both_q}", "{1'b0, both_q}"),
    "strong-takes-weak": (TOP, " && !alone3_q[NEXT];", ";"),
    "same-section-only": (TOP, "fired[0+:BARREL_RING] | fired[BARREL_RING+:BARREL_RING]",
                          "fired[0+:BARREL_RING]"),
    "eight-is-zero": (TOP, "|klm[SW-1:CW] ? {CW{1'b1}} :", ""),
    "clock-of-next": (TOP, "if (valid_i && last) clock_q", "if (valid_i) clock_q"),
}  # fmt: skip
"""File, text that it has once, what that becomes."""

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("rtl-klm")]


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_volume_finds_it(name: str, tmp_path: Path) -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    assert_volume_finds(BLOCK, changed_sources(BLOCK, tmp_path, *MUTANTS[name]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("      beat_q  <= '0;\n      on_q", "      on_q"),
        ("if (valid_i) beat_q <=", "beat_q <="),
        ("    if (on_q) begin", "    begin"),
    ],
    ids=["beat-after-reset", "idle-beats", "idle-sectors"],
)
def test_testbench_in_icarus_finds_it(old: str, new: str, tmp_path: Path) -> None:
    if reason := available("icarus"):
        pytest.skip(reason)
    wrong = user_design(BLOCK, changed_sources(BLOCK, tmp_path, TOP, old, new))
    assert ROOT not in wrong.sources[-1].parents
    assert verify(BLOCK, "icarus", dut=wrong, bench_vectors=30).mismatches > 0
