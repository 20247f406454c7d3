"""Each block's RTL equals its model: protocol in two simulators, volume in the batch simulator."""

from __future__ import annotations

import pytest

from firmware_models.interface import BLOCKS as BLOCK_TABLE
from hdl.batch import BatchSimulator
from hdl.runner import run_bench
from hdl.sources import our_design
from hdl.tools import available
from hdl.verify import (
    VerifyResult,
    bench_frames,
    constrained_batches,
    run_batches,
    verifiable_blocks,
)

# One group a block: its builds happen once, on one worker.
BLOCKS = [
    pytest.param(name, marks=pytest.mark.xdist_group(f"rtl-{name}")) for name in verifiable_blocks()
]
CHECKS = {"back_to_back", "idle_cycles", "reset_in_flight"}


@pytest.mark.rtl
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
@pytest.mark.parametrize("block", BLOCKS)
def test_testbench_passes(block: str, simulator: str) -> None:
    if reason := available(simulator):
        pytest.skip(reason)
    n = bench_frames(block, simulator, 60)
    result = run_bench(our_design(block), simulator, vectors=n, seed=7)
    assert result.failures == ()
    assert result.tests >= len(CHECKS) + bool(BLOCK_TABLE[block].registers)
    assert result.mismatches == 0
    # Two checks of n frames and three parts of a reset check, n/2 frames each, at the least.
    assert n >= 2
    assert result.vectors >= n + n + 3 * (n // 2)


@pytest.mark.rtl
@pytest.mark.parametrize("block", BLOCKS)
def test_volume_is_equal(block: str) -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    result = VerifyResult(block, "verilator")
    batches = constrained_batches(block, 100_000, seed=11)
    run_batches(BatchSimulator(block), "constrained", batches, result, seed=11)
    assert result.first is None, result.first.text()
    assert result.checks == {"constrained": 100_000}
