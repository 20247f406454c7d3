"""The RTL of `gdl_logic` in the simulators, against the model."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firmware_models.gdl_logic import BLOCK, default_program, evaluate
from hdl.testbenches.gdl_logic.stimulus import constrained
from hdl.tools import ROOT, available, environment
from hdl.verify import constrained_batches, verify
from trigger.menu import loads
from trigger.menu.systemverilog import rtl_text


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


@pytest.mark.rtl
def test_rtl_is_clean_under_all_warnings(tmp_path: Path) -> None:
    reason = available("verilator")
    if reason:
        pytest.skip(reason)
    menu = loads(
        '[menu]\nname = "all_read"\nversion = "1"\n[inputs]\n'
        + "".join(f"i{i} = {i}\n" for i in range(320))
        + "".join(f'[outputs.o{i}]\nindex = {i}\nlogic = "i{i}"\n' for i in range(320))
    )
    everything = tmp_path / "gdl_logic.sv"
    everything.write_text(rtl_text(menu), encoding="utf-8")
    for file in (ROOT / "hdl" / "rtl" / "gdl_logic.sv", everything):
        done = subprocess.run(
            ["verilator", "--lint-only", "-Wall", str(file)],
            env=environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "%Warning" not in done.stderr
