"""The RTL of `gdl_logic` in the simulators, against the model."""

from __future__ import annotations

import pytest

from firmware_models.gdl_logic import BLOCK, default_program, evaluate
from hdl.testbenches.gdl_logic.stimulus import constrained
from hdl.tools import available
from hdl.verify import constrained_batches, verify


@pytest.mark.rtl
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_rtl_is_the_model(simulator: str) -> None:
    reason = available(simulator)
    if reason:
        pytest.skip(reason)
    vectors = {"constrained": constrained_batches("gdl_logic", 2000, 1)}
    result = verify("gdl_logic", simulator, vectors, bench_vectors=20)
    assert result.passed, result.first
    assert result.vectors > 0


def test_stimulus_fires_and_silences_every_line() -> None:
    words = constrained(4000, 1)
    assert words.dtype == BLOCK.input.dtype
    lines = evaluate(words)["bits"]
    used = sorted(set(default_program().output.tolist()))
    fired = lines[:, used].sum(axis=0)
    assert (fired > 0).all()
    assert (fired < len(words)).all()
    assert (constrained(50, 3) == constrained(50, 3)).all()
    assert not (constrained(50, 3) == constrained(50, 4)).all()
