"""Faults in the RTL of `grl_short` that the comparison must find, and its generated constants."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_models.track_extrapolation import TURN
from hdl.generate_grl_short import RECIPROCAL_SHIFT, reciprocal
from hdl.tools import available
from tests.hdl.seeded_faults import assert_volume_finds, changed_sources

BLOCK = "grl_short"

MUTANTS = {
    "widened-less": ("grl_short.sv", "near = near | {near[0], near[BINS-1:1]} |", "near = near |"),
    "full-circle": ("grl_short.sv", "runs = BW'(&short5_q);", "runs = '0;"),
    "beyond-the-finder": ("grl_short_bin.sv", "size < OW'(", "size <= OW'("),
    "last-pattern": ("grl_short_patterns.sv", "p < SHORT_PATTERNS;", "p < SHORT_PATTERNS - 1;"),
}
"""File, text that it has once, what that becomes."""


@pytest.mark.rtl
@pytest.mark.xdist_group("rtl-grl_short")
@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_volume_finds_it(name: str, tmp_path: Path) -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    assert_volume_finds(BLOCK, changed_sources(BLOCK, tmp_path, *MUTANTS[name]))


def test_product_and_shift_divide_every_azimuth() -> None:
    for azimuth in range(TURN):
        assert azimuth * reciprocal() >> RECIPROCAL_SHIFT == azimuth // 40
