"""Faults in the RTL of `cdc_event_time` and `grl_tracks` that the comparison must find."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdl.batch import BatchSimulator
from hdl.generate_tracks import LOWEST_BIN, bin_starts
from hdl.sources import block_sources, user_design
from hdl.tools import ROOT, available
from hdl.verify import VerifyResult, constrained_batches, run_batches, verify
from tests.hdl.seeded_faults import changed_sources

TIME = "cdc_event_time.sv"
COUNT = "cdc_event_time_count.sv"
ADD = "cdc_event_time_add.sv"
TRACKS = "grl_tracks.sv"

MUTANTS = {
    # Ten equal times of one superlayer: 8 + 2 must not become 2.
    "ten-wrap": (COUNT, "over = fours_a & fours_b;", "over = '0;", "cdc_event_time."),
    "sum-wraps": (ADD, "(a_i[2*W+:W] & b_i[2*W+:W]) | (half2 & carry1)",
                  "a_i[2*W+:W] & b_i[2*W+:W]", "cdc_event_time."),
    "first-beat": (TIME, "begin_q[3] ? tracker : frame", "frame", "cdc_event_time."),
    "start": (TIME, "oldest8 = clock8_q[TW-TICKW-1:0] -", "oldest8 = clock4_q[TW-TICKW-1:0] -",
              "cdc_event_time."),
    "one-bin-fewer": (TIME, "32'(bin) > b ?", "32'(bin) > b + 1 ?", "cdc_event_time."),
    "no-wrap": (TRACKS, "wire [2*BINS-1:0] twice = {map_q, map_q};",
                "wire [2*BINS-1:0] twice = {{BINS{1'b0}}, map_q};", "grl_tracks."),
    "b2b-class": (TRACKS, "5'(r) >= GRL_BACK", "5'(r) > GRL_BACK", "grl_tracks.b2b"),
}  # fmt: skip
"""File, text that it has once, what that becomes, and where the fault must be seen."""

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("rtl-event-time")]


def _changed(folder: Path, name: str) -> tuple[str, list[Path], str]:
    """Return the block, its files with one of them changed, and the stage."""
    file, old, new, stage = MUTANTS[name]
    block = stage.split(".")[0]
    return block, changed_sources(block, folder, file, old, new), stage


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_volume_finds_it(name: str, tmp_path: Path) -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    block, sources, stage = _changed(tmp_path, name)
    result = VerifyResult(block, "verilator")
    simulate = BatchSimulator(block, sources)
    run_batches(simulate, "constrained", constrained_batches(block, 20_000, 3), result, 3)
    assert result.mismatches > 0
    assert result.first is not None
    assert result.first.stage.startswith(stage)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("      beat_q  <= '0;\n      on_q", "      on_q"),
        ("if (valid_i && last) clock_q", "clock_q"),
    ],
    ids=["beat-after-reset", "idle-clock"],
)
def test_testbench_in_icarus_finds_it(old: str, new: str, tmp_path: Path) -> None:
    if reason := available("icarus"):
        pytest.skip(reason)
    text = (ROOT / "hdl" / "rtl" / TIME).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tmp_path / TIME).write_text(text.replace(old, new), encoding="utf-8")
    sources = [tmp_path / TIME if p.name == TIME else p for p in block_sources("cdc_event_time")]
    wrong = user_design("cdc_event_time", sources)
    result = verify("cdc_event_time", "icarus", dut=wrong, bench_vectors=40)
    assert result.mismatches > 0


def test_starts_of_bins_are_those_of_the_angles() -> None:
    """Tracker 0 begins at 46.125° in bin 4; each start is less than 1.125° above its edge."""
    assert LOWEST_BIN == 4
    for number, start in enumerate(bin_starts(), start=LOWEST_BIN + 1):
        assert 0 <= 45 + 1.125 * (start + 1) - 10 * number < 1.125
    assert 10 * (LOWEST_BIN + 1 + len(bin_starts())) > 45 + 1.125 * 128
