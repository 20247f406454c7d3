"""RTL of the network's inputs: in time, physics frames, faults found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_models import neuro_mlp, neuro_preprocess
from firmware_models.crossing_angles import crossing_angles
from firmware_models.interface import BLOCKS
from firmware_models.interface.clock import TICK_NS
from hdl.batch import BatchSimulator
from hdl.generate_preprocess import preprocess_modules
from hdl.sources import block_sources, user_design
from hdl.testbenches.neuro_preprocess.stimulus import constrained
from hdl.tools import ROOT, available
from hdl.verify import VerifyResult, constrained_batches, run_batches, verify
from tests.hdl.rom_contents import in_text
from tests.tracks.ideal_segments import AnalyticTracks, words

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("rtl-preprocess")]

BLOCK = "neuro_preprocess"
TOP = "hdl/rtl/neuro_preprocess.sv"
PARTS = "hdl/rtl/neuro_preprocess/neuro_preprocess_"


@pytest.fixture(autouse=True)
def _tools() -> None:
    for simulator in ("verilator", "icarus"):
        if reason := available(simulator):
            pytest.skip(reason)


def _mutant(folder: Path, path: str, old: str, new: str) -> list[str | Path]:
    """Return the block's files, one of them with a fault."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    changed = folder / Path(path).name
    changed.write_text(text.replace(old, new), encoding="utf-8")
    return [changed if source.name == changed.name else source for source in block_sources(BLOCK)]


def test_inputs_and_network_are_fast_enough() -> None:
    """300 ns for both (cdc_track_trigger section 5.4), a track every data clock or better."""
    block, network = BLOCKS[BLOCK], BLOCKS["neuro_mlp"]
    assert (block.latency + network.latency) * TICK_NS <= 300
    assert block.interval <= 4


def test_angles_lie_in_the_rom_as_omega_does_in_the_word() -> None:
    table = in_text(preprocess_modules("")["hdl/generated/neuro_preprocess_alpha_rom.sv"])["rom"]
    for omega in (-64, -1, 0, 33, 63):
        word = table[omega % 128]
        for superlayer, second in ((0, 0), (5, 1), (8, 1)):
            field = word >> 14 * (2 * superlayer + second) & 0x3FFF
            signed = (field ^ 0x2000) - 0x2000
            assert signed == crossing_angles()[superlayer, second, omega + 64]


def test_inputs_drive_the_network() -> None:
    """Inputs of the RTL on analytic tracks, in the network's model: nearly all are neural."""
    tracks = words(AnalyticTracks.draw(3000, np.random.default_rng(1)), np.random.default_rng(2))
    inputs = BatchSimulator(BLOCK).run(tracks)
    assert np.array_equal(inputs, neuro_preprocess.evaluate(tracks))
    assert neuro_mlp.evaluate(inputs)["neural"].mean() > 0.9


@pytest.mark.parametrize(
    ("path", "old", "new", "stage"),
    [
        # Division that rounds down: wrong only below zero.
        (PARTS + "reference.sv", "product_q[PW-1] ? PW'((1 << FRACTION) - 1)",
         "1'b0 ? PW'((1 << FRACTION) - 1)", "input"),
        # Half of a negative angle.
        (PARTS + "inputs.sv", "alpha + AW'(alpha[AW-1])", "alpha", "input"),
        # Of equal segments the highest slot.
        (PARTS + "choice.sv", "\n            <= {!found_i[j]", "\n            < {!found_i[j]",
         "input"),
        # Event time where there is none.
        (TOP, "t0_source[0] && event_q[TW] ?", "t0_source[0] ?", "input"),
    ],
    ids=["round", "half", "slot", "event"],
)  # fmt: skip
def test_volume_finds_it(tmp_path: Path, path: str, old: str, new: str, stage: str) -> None:
    wrong = BatchSimulator(BLOCK, _mutant(tmp_path, path, old, new))
    result = VerifyResult(BLOCK, "verilator")
    run_batches(wrong, "constrained", constrained_batches(BLOCK, 10_000, 1), result, seed=1)
    assert result.mismatches > 0
    assert result.first is not None
    assert result.first.stage.startswith(f"{BLOCK}.{stage}")


def test_testbench_in_icarus_finds_it(tmp_path: Path) -> None:
    """A pipe that reset does not empty."""
    sources = _mutant(tmp_path, TOP, "if (!rst_ni) valid_q <= '0;\n    else valid_q", "valid_q")
    result = verify(BLOCK, "icarus", dut=user_design(BLOCK, sources), bench_vectors=40)
    assert result.mismatches > 0
    assert result.first is not None


def test_stimulus_takes_every_way() -> None:
    """All experts, segments of each side, angles of both signs, and limits of the inputs."""
    inputs = neuro_preprocess.evaluate(constrained(4000, 1))
    assert set(inputs["expert"].tolist()) == set(range(6))
    each = inputs["input"].reshape(-1, 9, 3)
    assert (np.abs(each[..., 1]).max(axis=0) == 4096).all()
    assert (each.min(axis=0) < 0).all()
    assert (each.max(axis=0) > 0).all()
