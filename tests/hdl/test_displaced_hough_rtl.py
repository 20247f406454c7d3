"""The generated ranges of `displaced_hough` are the model's; faults in its RTL are found.

One compilation for Verilator takes minutes: few faults, in Icarus, with few frames.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware_models.vertex_plane import vertex_planes
from hdl.generate_displaced import FIRST, LOW_WIDTH, SIZE_WIDTH
from hdl.sources import user_design
from hdl.tools import ROOT, available
from hdl.verify import verify
from tests.hdl.seeded_faults import changed_sources

BLOCK = "displaced_hough"
RING = "displaced_hough_ring.sv"

MUTANTS = {
    "one-order-of-charges": (RING, "positive5_q <= swapped ? positive_high_q :", "positive5_q <="),
    "sectors-by-twos": ("displaced_hough.sv", "azimuth_q + 1'b1", "azimuth_q + 2'd2"),
}
"""File, text that it has once, what that becomes."""


def test_generated_ranges_are_those_of_the_model() -> None:
    text = (ROOT / "hdl" / "generated" / "displaced_hough_cross.sv").read_text(encoding="utf-8")
    table = vertex_planes()
    for layer in range(5):
        for ring in range(6):
            found = {}
            for name in ("LOW", "SIZE"):
                body = text.split(f"{name}{layer} =")[1].split(";")[0]
                found[name] = int(re.findall(r"'h([0-9a-f]+)", body)[ring], 16)
            for cell in range(512):
                low = (found["LOW"] >> LOW_WIDTH * cell) % (1 << LOW_WIDTH) - FIRST[layer]
                size = (found["SIZE"] >> SIZE_WIDTH * cell) % (1 << SIZE_WIDTH)
                at = ring, layer, cell // 8, cell % 8
                assert (low, low + size - 1) == (table.low[at], table.high[at])


@pytest.mark.rtl
@pytest.mark.xdist_group("rtl-displaced")
@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_testbench_in_icarus_finds_it(name: str, tmp_path: Path) -> None:
    if reason := available("icarus"):
        pytest.skip(reason)
    sources = changed_sources(BLOCK, tmp_path, *MUTANTS[name])
    result = verify(BLOCK, "icarus", dut=user_design(BLOCK, sources), bench_vectors=4)
    assert result.mismatches > 0
    assert result.first is not None
    assert result.first.stage.startswith(f"{BLOCK}.")
