"""A firmware block has one name and three faces: model, RTL, testbench."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from firmware_models.interface import BLOCKS
from hdl.generate import ROOT, generated_files


@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_block_has_model_rtl_and_testbench(name: str) -> None:
    model = importlib.import_module(f"firmware_models.{name}")
    for verb in ("quantize", "evaluate", "describe"):
        assert callable(getattr(model, verb)), verb
    assert (ROOT / "hdl" / "rtl" / f"{name}.sv").is_file()
    assert any((ROOT / "hdl" / "testbenches" / name).glob("test_*.py"))


def test_every_rtl_file_is_a_block() -> None:
    assert {path.stem for path in (ROOT / "hdl" / "rtl").glob("*.sv")} == set(BLOCKS)


@pytest.mark.parametrize("path", sorted(generated_files()))
def test_generated_file_is_what_the_table_gives(path: str) -> None:
    assert Path(ROOT / path).read_text(encoding="utf-8") == generated_files()[path]
