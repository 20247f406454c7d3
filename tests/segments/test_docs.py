"""The reference page states what views and tables hold."""

from __future__ import annotations

from pathlib import Path

from firmware_models import segment_lut
from firmware_models.cdc_layers import SUPERLAYER_CELLS
from firmware_models.interface.cdc_segment import ID_SHIFT
from firmware_models.segment_views import FIRST_LAYER, segment_views

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cdc_segment.md"


def test_page_states_the_views() -> None:
    text, views = PAGE.read_text(encoding="utf-8"), segment_views()
    for part, (near, home) in enumerate(zip(views.near, views.home, strict=True)):
        row = (part, SUPERLAYER_CELLS[part], ID_SHIFT[part], f"{near[0]}–{near[1]}",
               f"{home[0]}–{home[1]}", f"{FIRST_LAYER[part]}–{FIRST_LAYER[part] + 4}")  # fmt: skip
        assert f"| {' | '.join(map(str, row))} |" in text


def test_page_states_the_figures_of_the_tables() -> None:
    text, provenance = PAGE.read_text(encoding="utf-8"), segment_lut.load().provenance
    figures = provenance["figures"]
    command = str(provenance["command"])
    assert command == "lowmult train segments --seed 1 --tracks 400000 --level 1.0"
    # What the page leaves out are defaults.
    assert "`lowmult train segments --seed 1 --out FILE`" in text
    assert (provenance["tracks"], figures["tracks"]) == (400_000, 40_000)
    for name, values in (("entries called", provenance["called"]),
                         ("segments with a side", figures["known"]),
                         ("of these right", figures["correct"])):  # fmt: skip
        assert f"| {name} | {' | '.join(f'{v:.4f}' for v in values)} |" in text
    number = figures["segments"]
    right = sum(n * a * b for n, a, b in
                zip(number, figures["known"], figures["correct"], strict=True))  # fmt: skip
    assert f"Side known and right: {right / sum(number):.2f} of all" in text
