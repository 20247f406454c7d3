"""Faults in the RTL of `grl_short` that the comparison must find, and its generated constants."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_models.track_extrapolation import TURN
from hdl.batch import BatchSimulator
from hdl.generate_grl_short import RECIPROCAL_SHIFT, reciprocal
from hdl.sources import block_sources
from hdl.tools import available
from hdl.verify import VerifyResult, constrained_batches, run_batches

BLOCK = "grl_short"

MUTANTS = {
    "widened-less": ("grl_short.sv", "near = near | {near[0], near[BINS-1:1]} |", "near = near |"),
    "full-circle": ("grl_short.sv", "runs = BW'(&short5_q);", "runs = '0;"),
    "beyond-the-finder": ("grl_short_bin.sv", "size < OW'(", "size <= OW'("),
    "last-pattern": ("grl_short_patterns.sv", "p < SHORT_PATTERNS;", "p < SHORT_PATTERNS - 1;"),
}
"""File, text that it has once, what that becomes."""


def _changed(folder: Path, file: str, old: str, new: str) -> list[Path]:
    """Return the block's files, one of them changed."""
    sources = list(block_sources(BLOCK))
    (at,) = [i for i, source in enumerate(sources) if source.name == file]
    text = sources[at].read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    sources[at] = folder / file
    sources[at].write_text(text.replace(old, new), encoding="utf-8")
    return sources


@pytest.mark.rtl
@pytest.mark.xdist_group("rtl-grl_short")
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


def test_product_and_shift_divide_every_azimuth() -> None:
    for azimuth in range(TURN):
        assert azimuth * reciprocal() >> RECIPROCAL_SHIFT == azimuth // 40
