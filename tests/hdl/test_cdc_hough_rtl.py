"""Faults in the RTL of `cdc_hough` that the comparison with the model must find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hdl.batch import BatchSimulator
from hdl.generate_hough import range_words
from hdl.sources import block_sources
from hdl.tools import available
from hdl.verify import VerifyResult, constrained_batches, run_batches
from tests.firmware import hough_oracle as oracle

MUTANTS = {
    "one-term-lost": (
        "cdc_hough_plane.sv", "      a = fired_0_i[37+:10] | ", "      a = ",
    ),
    "top-cell": (
        "cdc_hough_centre.sv", "upper_right ? 2'd3 : lower_right ? 2'd1 : {upper_left, 1'b0}",
        "upper_right ? 2'd3 : upper_left ? 2'd2 : {1'b0, lower_right}",
    ),
    "tie-of-slots": ("cdc_hough_attach.sv", "[KEYW-1-:IDW+2] > a[", "[KEYW-1-:IDW+2] >= a["),
}  # fmt: skip
"""File, text in it, and what its first occurrence becomes."""


def _changed(folder: Path, name: str) -> list[Path]:
    """Return the block's files with one of them changed."""
    file, old, new = MUTANTS[name]
    sources = list(block_sources("cdc_hough"))
    (at,) = [i for i, source in enumerate(sources) if source.name == file]
    text = sources[at].read_text(encoding="utf-8")
    assert old in text
    sources[at] = folder / file
    sources[at].write_text(text.replace(old, new, 1), encoding="utf-8")
    return sources


@pytest.mark.rtl
@pytest.mark.xdist_group("rtl-cdc_hough")
@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_fault_is_found(name: str, tmp_path: Path) -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    result = VerifyResult("cdc_hough", "verilator")
    simulate = BatchSimulator("cdc_hough", _changed(tmp_path, name))
    run_batches(simulate, "constrained", constrained_batches("cdc_hough", 20_000, 3), result, 3)
    assert result.mismatches > 0
    assert result.first is not None
    assert result.first.stage.startswith("cdc_hough.")


def test_ranges_of_the_rom_are_the_segments_that_cross_the_centre() -> None:
    """Every entry of the ROM against the oracle's curves, at the first ten of half-cells."""
    for layer, (superlayer, size) in enumerate(oracle.CELLS.items()):
        crossed = np.zeros((256, 34, 8), dtype=bool)
        for number in range(size):
            own = oracle.own_number(oracle.Segment(superlayer, number, 3), 0)
            for position in (1, 2, 3):
                for column, row in oracle.curve(superlayer, number, position):
                    if 20 <= column < 28:
                        crossed[own, row, column - 20] = True
        for address, word in range_words().items():
            row, column = address >> 4, address & 15
            cells = crossed[:, row // 2 : (row + 1) // 2 + 1, column // 2 : (column + 1) // 2 + 1]
            ids = np.flatnonzero(cells.any(axis=(1, 2)))
            entry = word >> (16 * layer)
            assert (entry & 255, entry >> 8 & 255) == (ids[0], ids[-1])
            assert len(ids) == ids[-1] - ids[0] + 1
