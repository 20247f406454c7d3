"""The reference pages state what the code declares."""

from __future__ import annotations

from pathlib import Path

from firmware_models.cdc_geometry import stereo_angle
from firmware_models.cdc_layers import SUPERLAYER_KIND, layer_table
from sim.detector.cdc.config import CdcConfig
from sim.detector.cdc.material import CYLINDERS
from sim.detector.parameters import describe, parameter_table

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"


def test_page_holds_the_parameter_table() -> None:
    assert parameter_table(CdcConfig) in (DOCS / "cdc_response.md").read_text(encoding="utf-8")


def test_every_number_of_the_configuration_is_declared() -> None:
    config = CdcConfig()
    numbers = {
        f"{section}.{name}"
        for section in ("medium", "drift", "timing", "background")
        for name, value in vars(getattr(config, section)).items()
        if isinstance(value, int | float)
    }
    assert {path for path, _, _ in describe(CdcConfig)} == numbers


def test_page_states_the_material() -> None:
    text = (DOCS / "cdc_response.md").read_text(encoding="utf-8")
    for radius, thickness, _ in CYLINDERS:
        assert f"| {radius:g} | {100 * thickness:.2f} |" in text


def test_page_states_the_superlayers() -> None:
    text = (DOCS / "cdc_geometry.md").read_text(encoding="utf-8")
    table = layer_table()
    for number, layer in enumerate((3, 10, 16, 22, 28, 34, 40, 46, 52)):
        radius, cells = 10.0 * table.radius[layer], table.cells[layer]
        angle = 1e3 * stereo_angle(table)[layer]
        row = f"| {number} | {SUPERLAYER_KIND[number]} | {cells} | {layer} | {radius:.1f} |"
        assert f"{row} {table.half_shift[layer]} | {angle:.1f} |" in text
