"""Faults in the RTL of `grl_neural` that the comparison must find."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdl.sources import user_design
from hdl.tools import ROOT, available
from hdl.verify import verify
from tests.hdl.seeded_faults import assert_volume_finds, changed_sources

BLOCK = "grl_neural"
TOP = "grl_neural.sv"

MUTANTS = {
    "turn-wraps-once": ("direct[AW+1] || !around[AW+1] ?", "direct[AW+1] ?", "ecl_matched"),
    "at-the-window": ("azimuth_q) < AW'(ecl_phi)", "azimuth_q) <= AW'(ecl_phi)", "ecl_matched"),
    "endcap-as-barrel": ("FIRST_BARREL_RING + ECL_BARREL_RINGS)", "FIRST_BARREL_RING + 14)",
                         "ecl_matched"),
    "at-the-boundary": ("klm_z3_q < boundary + margin", "klm_z3_q <= boundary + margin",
                        "klm_matched"),
    "eighty-degrees": ("> AW'(GRL_NEURAL_HEMISPHERE)", ">= AW'(GRL_NEURAL_HEMISPHERE)", ""),
    "not-only-near": ("one && !more && event_same", "one && event_same", "samhem"),
}  # fmt: skip
"""Text that the RTL has once, what that becomes, and the field in which it must be seen first."""

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("rtl-neural-matches")]


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_volume_finds_it(name: str, tmp_path: Path) -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    old, new, field = MUTANTS[name]
    assert_volume_finds(BLOCK, changed_sources(BLOCK, tmp_path, TOP, old, new), 16_000, field)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if (!rst_ni || (valid_q[GRL_NEURAL_LATENCY-2] && last_q))",
         "if (valid_q[GRL_NEURAL_LATENCY-2] && last_q)"),
        ("else if (valid_q[GRL_NEURAL_LATENCY-2]) begin", "else begin"),
    ],
    ids=["event-after-reset", "idle-clock"],
)  # fmt: skip
def test_testbench_in_icarus_finds_it(old: str, new: str, tmp_path: Path) -> None:
    if reason := available("icarus"):
        pytest.skip(reason)
    wrong = user_design(BLOCK, changed_sources(BLOCK, tmp_path, TOP, old, new))
    assert ROOT not in wrong.sources[-1].parents
    assert verify(BLOCK, "icarus", dut=wrong, bench_vectors=60).mismatches > 0
