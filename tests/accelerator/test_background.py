"""The heuristic's exponents, seen from outside."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_models.errors import InputError
from sim.accelerator.background import BackgroundScale, Shares, background_scale
from sim.accelerator.config import parse_machine


def _scale(**data: Any) -> BackgroundScale:
    return background_scale(parse_machine(data, "test"))


def test_the_reference_point_has_factors_of_one() -> None:
    assert _scale() == BackgroundScale((1.0, 1.0), (1.0, 1.0), 1.0)


def test_touschek_is_current_squared_over_bunches_and_size() -> None:
    doubled = _scale(her={"current_ma": 2300.0, "vertical_size": 2.0}, bunches=1173)
    assert doubled.touschek == pytest.approx((4.0 * 2 / 2, 2.0))


def test_beam_gas_is_linear_without_and_quadratic_with_dynamic_pressure_only() -> None:
    def beam_gas(k: float) -> float:
        her = {"dynamic_pressure_per_a": k}
        reference = {
            "her": {"current_ma": 500.0, **her},
            "ler": {"current_ma": 1460.0},
        }
        return _scale(her={"current_ma": 1500.0, **her}, reference=reference).beam_gas[0]

    assert beam_gas(0.0) == pytest.approx(3.0)
    assert beam_gas(1e9) == pytest.approx(9.0)
    assert beam_gas(1.0) == pytest.approx(1.5 * 2.5 / (0.5 * 1.5))


def test_luminosity_term() -> None:
    assert _scale(luminosity_cm2_s=4.7e35).luminosity == pytest.approx(10.0)


def test_wrong_keys_name_their_place() -> None:
    with pytest.raises(InputError, match=r"^x.toml: machine: her.injection_hz: .*25"):
        parse_machine({"her": {"injection_hz": 26.0}}, "x.toml: machine")
    with pytest.raises(InputError, match=r"ler: .*nearest: 'strip_us'|ler\.strip: .*'strip_us'"):
        parse_machine({"ler": {"strip": 0.1}}, "x.toml: machine")


def test_level_is_the_mean_of_the_terms_weighted_by_their_shares() -> None:
    assert Shares().level(_scale()) == pytest.approx(1.0)
    scale = BackgroundScale((2.0, 3.0), (5.0, 7.0), 11.0)
    assert Shares().level(scale) == pytest.approx((2 + 3 + 5 + 7) / 6 + 11 / 3)
    own = Shares(
        touschek_her=0.1, touschek_ler=0.2, beam_gas_her=0.3, beam_gas_ler=0.15, luminosity=0.25
    )
    assert own.level(scale) == pytest.approx(0.2 + 0.6 + 1.5 + 1.05 + 2.75)
