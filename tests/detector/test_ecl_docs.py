"""The reference page states every parameter as the code declares it."""

from __future__ import annotations

from pathlib import Path

from sim.detector.ecl_config import RING_WEIGHTS, EclConfig
from sim.detector.parameters import describe, parameter_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "ecl_response.md"


def test_page_holds_the_parameter_table() -> None:
    assert parameter_table(EclConfig) in PAGE.read_text(encoding="utf-8")


def test_every_number_of_the_configuration_is_declared() -> None:
    """A plain float without unit, range and source would go unchecked and undocumented."""
    config = EclConfig()
    sections = [name for name in vars(config) if name != "invisible"]
    numbers = {
        f"{section}.{name}"
        for section in sections
        for name, value in vars(getattr(config, section)).items()
        if isinstance(value, float)
    }
    assert {path for path, _, _ in describe(EclConfig)} == numbers


def test_page_states_the_ring_weights() -> None:
    text = "6, 3, 2, 1.2, then 1, with 1.2, 1.5, 3 in 15 to 17"
    assert text in PAGE.read_text(encoding="utf-8")
    assert (6, 3, 2, 1.2, *(1,) * 10, 1.2, 1.5, 3) == RING_WEIGHTS
