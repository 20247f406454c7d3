"""The reference page names every key of a readout file."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.readout import config

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "readout.md"
TABLES = (
    config.Clock, config.Run, config.MinSpacing, config.DeadTime, config.Window,
    config.LeakyBucket, config.Fifo, config.Apv25, config.Lognormal, config.Transfer, config.Size,
    config.Stage, config.Busy, config.VetoRing, config.Veto,
)  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=lambda t: str(t.__name__))
def test_page_names_every_key(table: type[config.Strict]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    keys = text[text.index("## Keys of a readout file") : text.index("## Throttle")]
    missing = [key for key in table.model_fields if key not in keys]
    assert missing == []
