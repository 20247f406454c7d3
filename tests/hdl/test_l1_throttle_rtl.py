"""`l1_throttle` beyond what every block is tested for: proofs, faults to be found, long times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_models import l1_throttle
from firmware_models.errors import InputError
from hdl.batch import BatchSimulator
from hdl.properties import PROPERTIES, prove_property
from hdl.sources import block_sources
from hdl.testbenches.l1_throttle import stimulus
from hdl.tools import available
from hdl.verify import VerifyResult, constrained_batches, run_batches

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("rtl-l1_throttle")]

Change = tuple[str, str, str]
"""File, text that occurs in it once, and what it becomes."""


def _mutant(folder: Path, change: Change) -> list[Path]:
    """Return the block's files with one of them changed."""
    name, old, new = change
    sources = []
    for source in block_sources("l1_throttle"):
        if source.name == name:
            text = source.read_text(encoding="utf-8")
            assert text.count(old) == 1, (old, text.count(old))
            source = folder / name
            source.write_text(text.replace(old, new), encoding="utf-8")
        sources.append(source)
    assert folder / name in sources
    return sources


# Proofs.


@pytest.mark.parametrize("name", sorted(PROPERTIES))
def test_property_is_proven_without_bound(name: str) -> None:
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    proof = prove_property(name)
    assert proof.proven
    assert not proof.counterexample


BREAKS = {
    "spacing": ("l1_throttle_ages.sv", "assign spacing_o = age_q[0+:AGE_W] <",
                "assign spacing_o = age_q[0+:AGE_W] + 1'b1 <"),
    "cells": ("l1_throttle_apv.sv", "cells_i > CHIP ? CHIP : cells_i", "cells_i"),
    "busy": ("l1_throttle.sv", "busy_mask) != '0", "busy_mask) > 1"),
    "veto": ("l1_throttle.sv", "= veto != '0 &&", "= veto[0] &&"),
    "tag": ("l1_throttle.sv", "(tick_q && accept) accepts_q", "(tick_q && request) accepts_q"),
}  # fmt: skip
"""A fault for each property."""


@pytest.mark.parametrize("name", sorted(PROPERTIES))
def test_fault_breaks_the_property(name: str, tmp_path: Path) -> None:
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    proof = prove_property(name, _mutant(tmp_path, BREAKS[name]))
    assert not proof.proven
    assert proof.counterexample
    # Reset, a word, two clocks to the output: nothing is seen sooner.
    assert proof.clocks >= 4


def test_what_is_neither_proven_nor_broken_is_said_so(tmp_path: Path) -> None:
    """An event that never leaves the queue breaks the lemma soon, the property not at all."""
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    change = ("l1_throttle_apv.sv", "held_q <= held_q - freed;", "held_q <= held_q;")
    proof = prove_property("cells", _mutant(tmp_path, change), most_clocks=5)
    assert (proof.proven, proof.counterexample, proof.clocks) == (False, False, 5)


def test_unknown_property_is_named() -> None:
    with pytest.raises(InputError, match="nearest: 'spacing'"):
        prove_property("spacings")


# Faults that the volume runs find.


@pytest.mark.parametrize(
    "change",
    [
        ("l1_throttle_apv.sv", "wait_left = events == '0 ?", "wait_left = events_q == '0 ?"),
        ("l1_throttle_apv.sv", "event_ends ? three_q >> 1 : three_q", "three_q"),
        ("l1_throttle_bucket.sv", "taken == '0 && !free_i ?", "taken == '0 ?"),
        ("l1_throttle_ages.sv", "age_q[index*AGE_W+:AGE_W] <", "age_q[index*AGE_W+:AGE_W] <="),
        ("l1_throttle_veto.sv", "{1'b0, phase} < {", "{1'b0, phase} <= {"),
        ("l1_throttle_veto.sv", "!waiting_q && !running_q", "!running_q"),
        ("l1_throttle.sv", "int rule = RULES - 1; rule >= 0; rule--",
         "int rule = 0; rule < RULES; rule++"),
    ],
    ids=["apv-idle", "apv-order", "bucket-timer", "window-edge", "veto-edge", "veto-kick", "cause"],
)  # fmt: skip
def test_volume_finds_the_fault(change: Change, tmp_path: Path) -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    result = VerifyResult("l1_throttle", "verilator")
    simulate = BatchSimulator("l1_throttle", _mutant(tmp_path, change))
    run_batches(
        simulate, "constrained", constrained_batches("l1_throttle", 100_000, 11), result, 11
    )
    assert result.mismatches > 0
    assert result.first is not None
    assert result.first.stage.startswith("l1_throttle.")


# Volume and long times.


@pytest.mark.bulk
def test_a_million_ticks_are_equal() -> None:
    if reason := available("verilator"):
        pytest.skip(reason)
    result = VerifyResult("l1_throttle", "verilator")
    batches = constrained_batches("l1_throttle", 1_000_000, seed=23)
    run_batches(BatchSimulator("l1_throttle"), "constrained", batches, result, seed=23)
    assert result.first is None, result.first.text()
    assert result.checks == {"constrained": 1_000_000}


def test_longest_times_are_equal() -> None:
    """Every counter reaches its end: 20-bit windows and buckets, all turns of a veto sequence."""
    if reason := available("verilator"):
        pytest.skip(reason)
    n, longest = 3_200_000, (1 << 20) - 1
    rng = np.random.default_rng(5)
    words = l1_throttle.BLOCK.input.zeros(n)
    words["tick"] = np.arange(n) % 1280
    words["l1"] = rng.random(n) < 1e-3
    # Longer than any age that is kept: nothing may look new again.
    words["l1"][1_000_000:2_200_000] = 0
    words["kick"][7], words["position"][7] = 1, 600
    registers = l1_throttle.BLOCK.defaults()
    registers["spacing"][:] = (1 << 16) - 1
    registers["window_accepts"][:] = (16, 7, 1)
    registers["window_ticks"][:] = (longest, longest, 300_000)
    registers["bucket_size"][:] = (3, 2, 3, 255)
    registers["bucket_drain"][:] = (longest, 500_000, longest, longest)
    registers["bucket_free"][:] = (0, 1, 1, 0)
    registers["fifo_depth"][:] = (3, 255)
    registers["fifo_service"][:] = (longest, 70_000)
    for name in ("frame", "processing", "grid"):
        registers[f"apv_{name}"][:] = 4095
    registers["veto_enable"][0] = 1
    for name, most in (("full_turns", 1023), ("gated_turns", 1023), ("wait_turns", 15)):
        registers[f"veto_{name}"][0] = most
    registers["veto_active"][0], registers["veto_length"][0] = 1, 400
    # The veto refuses nothing but on ticks with activity: a third of the turns is left to the rest.
    words["activity"] = rng.random(n) < 0.3
    expected = l1_throttle.evaluate(words, registers)
    assert int(expected["veto"][:, 0].sum()) == 1023 * 1280 + 1023 * 400
    observed = BatchSimulator("l1_throttle").run(words, registers)
    assert np.array_equal(observed, expected)
    refused = expected["refused"].sum(axis=0)
    accepts = np.flatnonzero(expected["l1"])
    assert len(accepts) >= 4
    assert int(np.diff(accepts).max()) > longest
    assert (refused[[2, 5, 6, 7, 8, 10]] > 0).all()


def test_stimulus_reaches_the_ends() -> None:
    """Full chip, three samples and six, both rings, tags beyond one byte, in the volume's seeds."""
    seen = [l1_throttle.evaluate(b.words, b.registers)
            for b in constrained_batches("l1_throttle", 1_000_000, 11)]  # fmt: skip
    out = np.concatenate(seen)
    assert int(out["cells"].max()) == 32
    assert {0, 1} == set(out["short"][out["l1"] == 1].tolist())
    assert (out["veto"].sum(axis=0) > 1000).all()
    assert int(out["tag"].max()) > 255
    assert stimulus.registers(1).keys() == l1_throttle.BLOCK.defaults().keys()
