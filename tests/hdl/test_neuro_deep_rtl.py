"""RTL of the deeper network: time, corners reached, other weights, faults found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_models import deep_weights, neuro_deep
from firmware_models.deep_weights import DeepWeights
from firmware_models.interface import BLOCKS
from firmware_models.interface.clock import TICK_NS
from hdl.batch import BatchSimulator
from hdl.generate_deep import INPUTS, deep_modules
from hdl.sources import block_sources, user_design
from hdl.testbenches.neuro_deep.stimulus import constrained
from hdl.tools import ROOT, available
from hdl.verify import VerifyResult, constrained_batches, run_batches, verify

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("rtl-neuro-deep")]

ADDRESS = "hdl/rtl/neuro_deep/neuro_deep_address.sv"
LAYER = "hdl/rtl/neuro/neuro_layer.sv"


def _tools() -> None:
    for simulator in ("verilator", "icarus"):
        if reason := available(simulator):
            pytest.skip(reason)


def _sources(folder: Path, changed: dict[str, str]) -> list[str | Path]:
    """Return the block's files with the text of some replaced."""
    for path, text in changed.items():
        (folder / Path(path).name).write_text(text, encoding="utf-8")
    names = {Path(path).name for path in changed}
    return [
        folder / path.name if path.name in names else path for path in block_sources("neuro_deep")
    ]


def _mutant(folder: Path, path: str, old: str, new: str) -> list[str | Path]:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    return _sources(folder, {path: text.replace(old, new)})


def test_network_is_fast_enough() -> None:
    """cdc_track_trigger section 8 of the notes: 300 ns, with 7 ticks for the inputs."""
    block = BLOCKS["neuro_deep"]
    assert (block.latency + BLOCKS["neuro_preprocess"].latency) * TICK_NS <= 300
    steps = {part: -(-inputs // lanes) for part, (inputs, lanes) in INPUTS.items()}
    # Both parts of the first layer end on one clock.
    assert steps["input"] == steps["pattern"]
    assert block.latency == 11 + steps["input"] + steps["hidden"] + steps["output"]
    assert block.interval >= max(steps.values())


def test_multipliers() -> None:
    """Bits need none: 60 · 4 + 60 · 6 + 4 · 31."""
    nodes = {"input": 60, "hidden": 60, "output": 4}
    assert sum(nodes[part] * INPUTS[part][1] for part in nodes) == 724


def test_stimulus_reaches_the_edges() -> None:
    words = constrained(6000, 1)
    assert set(words["expert"].tolist()) == set(range(8))
    assert {-8192, -4096, 0, 4096, 8191} <= set(np.unique(words["input"]).tolist())
    assert {0, 1, 99} <= set(words["pattern"].sum(axis=1).tolist())
    weights = deep_weights.load()
    layer, bits = weights.layers[0], weights.fractions[0]
    sums = neuro_deep.features(words).astype(np.int64) @ layer[:, :-1].T + 4096 * layer[:, -1]
    window = sums >> bits
    # Both ends of the table, 0, and negative sums on both sides of a step of the address.
    for edge in (-16385, -16384, -16383, -5, -4, -1, 0, 3, 4, 16383, 16384):
        assert (window == edge).sum() > 20, edge
    assert (np.abs(window) >= 2 * 16384).sum() > 50


def test_weights_lie_in_the_rom_as_the_layer_takes_them() -> None:
    """The last clock of the bits: 9 of 15 lanes are in use; the bias is the last input."""
    layer = deep_weights.load().layers[0]
    files = deep_modules("Any.")

    def field(part: str, step: int, node: int, lane: int) -> int:
        text = files[f"hdl/generated/neuro_deep_{part}_rom.sv"]
        word = int(text.split(f"rom[{step}] = ")[1].split("'h")[1].split(";")[0], 16)
        lanes = INPUTS[part][1]
        value = word >> (32 * (node * lanes + lane)) & 0xFFFFFFFF
        assert value < 1 << 18
        return (value ^ 0x20000) - 0x20000

    assert field("pattern", 6, 59, 8) == layer[59, 125]
    assert field("pattern", 6, 59, 9) == 0
    assert field("pattern", 0, 3, 11) == layer[3, 17]
    assert field("input", 6, 59, 3) == layer[59, 126]
    assert field("input", 1, 7, 0) == layer[7, 15]
    assert field("input", 6, 7, 2) == layer[7, 114]


def test_other_weights_need_no_other_rtl(tmp_path: Path) -> None:
    """Untrained weights over all 18 bits with other scales, in files as `lowmult generate` does."""
    _tools()
    rng = np.random.default_rng(8)
    weights = DeepWeights(
        tuple(
            np.clip(rng.normal(0, 3e4, shape), -(2**17), 2**17 - 1).astype(np.int64)
            for shape in ((60, 127), (60, 61), (4, 61))
        ),
        (16, 20, 18),
    )
    changed = {
        path: text
        for path, text in deep_modules("Untrained.", weights).items()
        if "tanh" not in path
    }
    assert len(changed) == 5
    simulator = BatchSimulator("neuro_deep", _sources(tmp_path, changed))
    words = constrained(5000, 2)
    found = simulator.run(words)
    assert np.array_equal(found, neuro_deep.evaluate(words, weights=weights))
    assert not np.array_equal(found, neuro_deep.evaluate(words))


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        # -4 taken for a magnitude of 0.
        (ADDRESS, "!fits || magnitude[MW]", "!fits"),
    ],
    ids=["minus-four"],
)
def test_volume_finds_it(tmp_path: Path, path: str, old: str, new: str) -> None:
    _tools()
    wrong = BatchSimulator("neuro_deep", _mutant(tmp_path, path, old, new))
    result = VerifyResult("neuro_deep", "verilator")
    run_batches(wrong, "constrained", constrained_batches("neuro_deep", 20_000, 1), result, seed=1)
    assert result.mismatches > 0
    assert result.first is not None
    assert result.first.stage.startswith("neuro_deep")


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (LAYER, "if (!rst_ni) busy_q <= 1'b0;\n    else if (valid_i)", "if (valid_i)"),
    ],
    ids=["reset"],
)
def test_testbench_in_icarus_finds_it(tmp_path: Path, path: str, old: str, new: str) -> None:
    _tools()
    wrong = user_design("neuro_deep", _mutant(tmp_path, path, old, new))
    result = verify("neuro_deep", "icarus", dut=wrong, bench_vectors=12)
    assert result.mismatches > 0
    assert result.first is not None
