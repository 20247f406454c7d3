"""Faults in the RTL of `klm_sector` that the comparison must find."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdl.batch import BatchSimulator
from hdl.sources import block_sources, user_design
from hdl.tools import ROOT, available
from hdl.verify import VerifyResult, constrained_batches, run_batches, verify

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
    wrong = user_design(BLOCK, _changed(tmp_path, TOP, old, new))
    assert ROOT not in wrong.sources[-1].parents
    assert verify(BLOCK, "icarus", dut=wrong, bench_vectors=30).mismatches > 0
