"""The generated ranges of `displaced_hough` are the model's; faults in its RTL are found.

One compilation for Verilator takes minutes: few faults, in Icarus, with few frames.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware_models.vertex_plane import vertex_planes
from hdl.generate_displaced import FIRST
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


def test_generated_windows_cover_the_ranges_of_the_model() -> None:
    text = (ROOT / "hdl" / "generated" / "displaced_hough_cross.sv").read_text(encoding="utf-8")
    shared = dict(re.findall(r"wire \S+ (n\d+) = (.*);", text))
    assert shared == {
        "n4": "map_i | map_i >> 1 | map_i >> 2 | map_i >> 3",
        "n16": "n4 | n4 >> 4 | n4 >> 8 | n4 >> 12",
    }
    table = vertex_planes()
    rows = re.findall(r"cross_o\[(\d+)\+:64\] <= \{([^}]*)\};", text)
    assert len(rows) == 6 * 5 * 8
    for i, (at, body) in enumerate(rows):
        assert int(at) == 64 * i
        ring, layer, row = i // 40, i // 8 % 5, i % 8
        cells = re.sub(r"\s", "", body).split(",")[::-1]
        assert len(cells) == 64
        for column, cell in enumerate(cells):
            windows = re.findall(r"n(\d+)\[(\d+)\]", cell)
            assert cell == "|".join(f"n{size}[{first}]" for size, first in windows) or not windows
            found = {int(a) + k for size, a in windows for k in range(int(size))}
            low, high = (int(t[ring, layer, column, row]) for t in (table.low, table.high))
            assert found == set(range(low + FIRST[layer], high + 1 + FIRST[layer]))
            assert windows or cell == "1'b0"


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
