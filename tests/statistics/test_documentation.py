"""The programs and the table of the page on statistics."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trigger.statistics import poisson
from trigger.statistics.limits import signal_limit

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "statistics.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_programs_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        exec(compile(text, str(PAGE), "exec"), names)
    assert (tmp_path / "limits.json").exists()
    assert names["one_bin"] == pytest.approx(7.54, abs=0.005)
    assert names["spread"] == pytest.approx(7.65, abs=0.005)
    assert names["in_units_of_the_regions"] == names["median"]
    assert names["median"] < names["upper"]  # type: ignore[operator]


def test_the_table_is_ours() -> None:
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(b) for b, _ in rows] == [0, 1, 3, 10, 100, 10_000]
    for b, cells in rows:
        background = float(b)
        exact = poisson.cls_limit(poisson.median_count(background), background, cl=0.9)
        ours = [
            signal_limit(background, cl=0.95, method="lambda"),
            signal_limit(background, cl=0.95, method="asimov"),
            signal_limit(background, cl=0.90, method="asimov"),
            signal_limit(background, cl=0.90, method="feldman_cousins")
            if background <= 100
            else None,
            float(exact),
        ]
        for cell, value in zip(cells.split("|"), ours, strict=True):
            printed = cell.split("(")[0].strip()
            if value is None:
                assert printed == "–"
            else:
                digits = len(printed.partition(".")[2])
                assert printed == f"{value:.{digits}f}"
