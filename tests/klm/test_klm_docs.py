"""The reference page states every parameter as the code declares it."""

from __future__ import annotations

from pathlib import Path

from sim.detector.klm.config import KlmConfig
from sim.detector.parameters import describe, parameter_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "klm_response.md"


def test_page_holds_the_parameter_table() -> None:
    assert parameter_table(KlmConfig) in PAGE.read_text(encoding="utf-8")


def test_every_number_of_the_configuration_is_declared() -> None:
    config = KlmConfig()
    numbers = {
        f"{section}.{name}"
        for section in ("material", "hadrons", "planes", "background")
        for name, value in vars(getattr(config, section)).items()
        if isinstance(value, int | float)
    }
    assert {path for path, _, _ in describe(KlmConfig)} == numbers
