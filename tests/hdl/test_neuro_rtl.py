"""RTL of the neural track trigger: other weights, corners reached, faults found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_models import neuro_mlp, neuro_weights, single_track
from firmware_models.interface import BLOCKS
from firmware_models.interface.clock import TICK_NS
from firmware_models.neuro_weights import NeuroWeights
from hdl.batch import BatchSimulator
from hdl.generate_neuro import neuro_modules, weight_words
from hdl.sources import block_sources, user_design
from hdl.testbenches.neuro_mlp.stimulus import constrained
from hdl.tools import ROOT, available
from hdl.verify import VerifyResult, constrained_batches, run_batches, verify

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("rtl-neuro")]

LAYER = "hdl/rtl/neuro/neuro_layer.sv"
ADDRESS = "hdl/rtl/neuro_mlp/neuro_mlp_address.sv"
TOP = "hdl/rtl/neuro_mlp.sv"
SINGLE = "hdl/rtl/single_track.sv"


@pytest.fixture(autouse=True)
def _tools() -> None:
    for simulator in ("verilator", "icarus"):
        if reason := available(simulator):
            pytest.skip(reason)


def _sources(block: str, folder: Path, changed: dict[str, str]) -> list[str | Path]:
    """Return a block's files with the text of some replaced."""
    for path, text in changed.items():
        (folder / Path(path).name).write_text(text, encoding="utf-8")
    names = {Path(path).name for path in changed}
    return [folder / path.name if path.name in names else path for path in block_sources(block)]


def _mutant(block: str, folder: Path, path: str, old: str, new: str) -> list[str | Path]:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    return _sources(block, folder, {path: text.replace(old, new)})


def test_network_is_fast_enough() -> None:
    """cdc_track_trigger section 8 of the notes: 300 ns; section 11: a track in 4 data clocks."""
    block = BLOCKS["neuro_mlp"]
    assert block.latency * TICK_NS <= 300
    assert block.interval == 4 * 4


def test_stimulus_reaches_the_edges_of_the_table() -> None:
    words = constrained(4000, 1)
    assert set(words["expert"].tolist()) == set(range(8))
    assert {-8192, -4096, 0, 4096, 8191} <= set(np.unique(words["input"]).tolist())
    weights = neuro_weights.load().hidden[np.minimum(words["expert"], 4)]
    sums = (weights[:, :, :27] * words["input"][:, None, :]).sum(axis=2) + 4096 * weights[:, :, 27]
    address = np.abs(sums) >> 12
    for edge in (0, 9936, 9937):
        assert (address == edge).sum() > 50, edge
    # Beyond the table, where an address that wraps would show.
    assert (address >= 16384).sum() > 50
    # Sums that are whole multiples of a step, on both sides: |sum| needs its carry.
    assert ((sums & 4095 == 0) & (sums < 0)).sum() > 100
    found = neuro_mlp.evaluate(words)
    assert {-4096, 4096} <= set(found["z"].tolist())


def test_weights_lie_in_the_rom_as_the_layer_takes_them() -> None:
    hidden = neuro_weights.load().hidden
    words = weight_words(hidden, 2)
    assert len(words) == 5 * 14
    for expert, node, column in ((0, 0, 0), (4, 80, 27), (2, 17, 5)):
        step, lane = divmod(column, 2)
        field = words[16 * expert + step] >> (13 * (2 * node + lane)) & 0x1FFF
        assert (field ^ 0x1000) - 0x1000 == hidden[expert, node, column]


def test_other_weights_need_no_other_rtl(tmp_path: Path) -> None:
    """Untrained weights over all 13 bits, in ROMs as `lowmult generate` writes them."""
    rng = np.random.default_rng(8)
    weights = NeuroWeights(
        np.clip(rng.normal(0, 900, (5, 81, 28)), -4096, 4095).astype(np.int64),
        rng.integers(-4096, 4096, (5, 2, 82)),
    )
    roms = {
        path: text
        for path, text in neuro_modules("Untrained.", weights).items()
        if "hidden" in path or "output" in path
    }
    assert len(roms) == 2
    simulator = BatchSimulator("neuro_mlp", _sources("neuro_mlp", tmp_path, roms))
    words = constrained(20_000, 2)
    found = simulator.run(words)
    assert np.array_equal(found, neuro_mlp.evaluate(words, weights=weights))
    assert not np.array_equal(found, neuro_mlp.evaluate(words))


@pytest.mark.parametrize(
    ("block", "path", "old", "new", "stage"),
    [
        # |sum| without the carry: wrong only for whole multiples of a step below 0.
        ("neuro_mlp", ADDRESS, "-sum : sum", "~sum : sum", "neuro_mlp"),
        # Addresses beyond the table wrap.
        ("neuro_mlp", ADDRESS, "|magnitude[SW-1:TOP] ?", "1'b0 ?", "neuro_mlp"),
        # The next frame's expert and track, when frames follow each other at once.
        ("neuro_mlp", LAYER, "if (busy_q && last) tag_o <= tag_q;",
         "if (valid_i) tag_o <= tag_i;",
         "neuro_mlp"),
        ("single_track", SINGLE, "distance_q < stt_z", "distance_q <= stt_z",
         "single_track.single"),
        ("single_track", SINGLE, "cuts3_q[3] && tracks_q != '1", "cuts3_q[3]",
         "single_track.tracks"),
        ("single_track", SINGLE, "data_i[NEURO_TRACK_VALID_LOW] && data_i[NEURO_TRACK_NEURAL_LOW]",
         "data_i[NEURO_TRACK_NEURAL_LOW]", "single_track.near"),
        ("single_track", SINGLE, "ip >= ip_class", "ip > ip_class", "single_track"),
        # A class compared as if it had no sign.
        ("single_track", SINGLE, "data_i[NEURO_TRACK_STT_CLASS_LOW+:CLW] ^ {1'b1, {CLW - 1{1'b0}}}",
         "data_i[NEURO_TRACK_STT_CLASS_LOW+:CLW]", "single_track.single"),
        ("single_track", SINGLE, "steep ? {SINE_W{1'b1}} :", "1'b0 ? {SINE_W{1'b1}} :",
         "single_track.single"),
    ],
    ids=["carry", "wrap", "tag", "edge", "count-wraps", "neural-alone", "class-edge", "class-sign",
         "table-wraps"],
)  # fmt: skip
def test_volume_finds_it(
    tmp_path: Path, block: str, path: str, old: str, new: str, stage: str
) -> None:
    wrong = BatchSimulator(block, _mutant(block, tmp_path, path, old, new))
    result = VerifyResult(block, "verilator")
    run_batches(wrong, "constrained", constrained_batches(block, 40_000, 1), result, seed=1)
    assert result.mismatches > 0
    assert result.first is not None
    assert result.first.stage.startswith(stage)


@pytest.mark.parametrize(
    ("block", "path", "old", "new"),
    [
        ("neuro_mlp", LAYER, "if (!rst_ni) busy_q <= 1'b0;\n    else if (valid_i)", "if (valid_i)"),
        ("neuro_mlp", TOP, "&& tag_q[EW-1:0] < EW'(NEURO_EXPERTS)",
         "&& tag_q[EW-1:0] <= EW'(NEURO_EXPERTS)"),
        ("single_track", SINGLE, "if (!rst_ni || (valid_q[2] && last))", "if (valid_q[2] && last)"),
        ("single_track", SINGLE, "end else if (valid_q[2]) begin", "end else begin"),
    ],
    ids=["network-reset", "sixth-expert", "event-reset", "idle-counts"],
)  # fmt: skip
def test_testbench_in_icarus_finds_it(
    tmp_path: Path, block: str, path: str, old: str, new: str
) -> None:
    wrong = user_design(block, _mutant(block, tmp_path, path, old, new))
    result = verify(block, "icarus", dut=wrong, bench_vectors=80)
    assert result.mismatches > 0
    assert result.first is not None


def test_network_drives_the_decision() -> None:
    """The two blocks in RTL, one behind the other, are the two models."""
    words = constrained(5_000, 3)
    tracks = BatchSimulator("neuro_mlp").run(words)
    decisions = BatchSimulator("single_track").run(tracks)
    assert np.array_equal(decisions, single_track.evaluate(neuro_mlp.evaluate(words)))
    assert decisions["stt"].any()
