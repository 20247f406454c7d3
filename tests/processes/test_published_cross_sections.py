"""Published cross-sections, each within its tolerance; the validation page says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.processes.published import ROWS, Published, outside

PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation" / "cross_sections.md"
EVENTS = 60_000
# Figures that physics section F of the reference notes requires, with its tolerances.
REQUIRED = {
    ("dimuon", 1.148): 0.01, ("bhabha", 300.0): 0.02, ("bhabha", 74.4): 0.04,
    ("digamma", 3.30): 0.02, ("dimuon", 0.831): 0.05, ("eemumu", 18.9): 0.05,
    ("eeee", 39.7): 0.06, ("nunugamma", 0.25e-3): 0.02, ("axion_like", 1e-6): 0.20,
    ("tau_pair", 0.919): 0.01,
    ("qqbar", 1.61): 0.02, ("qqbar", 1.30): 0.02,
    ("eea", 7e-8): 0.28,
}  # fmt: skip


def test_every_required_figure_is_a_row_with_its_tolerance() -> None:
    rows = {(row.process, row.value_nb): row.tolerance for row in ROWS if row.tolerance}
    assert {key: rows[key] for key in REQUIRED} == REQUIRED


@pytest.mark.parametrize("row", [row for row in ROWS if row.tolerance], ids=lambda r: r.quantity)
def test_row_is_within_its_tolerance(row: Published) -> None:
    ours = row.compute(EVENTS)
    assert ours.error_nb < 0.5 * row.tolerance * row.value_nb
    assert not outside(row, ours)


def test_irreproducible_rows_say_so_and_are_not_required() -> None:
    (row,) = [row for row in ROWS if row.value_nb == 0.242]
    assert row.tolerance == 0.0
    assert "not reproducible" in row.remark
    assert row.compute(EVENTS).value_nb < 0.5 * row.value_nb


def test_page_holds_every_row_with_its_command_and_our_value() -> None:
    text = PAGE.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    assert len(lines) == len(ROWS)
    for row, line in zip(ROWS, lines, strict=True):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        assert cells[1] == row.quantity
        value, error = (float(part) for part in cells[4].split("±"))
        ours = row.compute(20_000, seed=7)
        assert abs(value - ours.value_nb) < 5.0 * (error**2 + ours.error_nb**2) ** 0.5
        assert row.command(1_000_000) in text
