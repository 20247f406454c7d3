"""The page lists the variables as the code has them."""

from __future__ import annotations

from pathlib import Path

from sim.truth import VARIABLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "truth_variables.md"


def test_page_has_every_variable() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").split("\n") if line.startswith("| `")]
    assert rows == [f"| `{v.name}` | {v.unit} | {v.text} |" for v in VARIABLES.values()]
