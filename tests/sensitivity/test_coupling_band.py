"""Excluded couplings where these set the lifetime: solved by hand, and on a channel's files."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.cli import main
from sim.processes import get_process
from sim.processes.long_lived import LongLived
from sim.sensitivity.config import parse_channel
from sim.sensitivity.coupling_band import excluded_band

TOY: dict[str, Any] = {
    "name": "toy", "title": "toy", "luminosity_fb": 365.0,
    "signal": {
        "process": "inelastic_dark_matter", "masses": [1.0], "events": 1000,
        "parameters": {"production": "photon", "epsilon": 1e-3, "ctau": 0.05},
        "lifetimes": [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0],
    },
    "coupling": {"name": "ε", "reference": 1e-3, "sets_lifetime": True},
    "statistic": {"method": "zero_background", "cl": 0.90},
    "truth_trigger": [
        {"label": "near", "regions": [[{"variable": "decayVertexRho", "high": 5.0}]]}
    ],
    "offline": {"regions": [[{"variable": "decayVertexRho", "low": 0.2, "high": 60.0}]]},
}  # fmt: skip


def test_band_of_a_window_in_radius() -> None:
    """σ_lim = σ₀ / (exp(-a/cτ) - exp(-b/cτ)): the edges solve σ_ref cτ_ref / cτ = σ_lim."""
    near, far, sigma_0 = 0.01, 0.5, 1e-3
    ctaus = np.geomspace(1e-4, 1e3, 2000)

    def limit_at(ctau: Any) -> Any:
        return sigma_0 / (np.exp(-near / ctau) - np.exp(-far / ctau))

    band = excluded_band(
        ctaus.tolist(), limit_at(ctaus).tolist(), sigma_reference=0.5, ctau_reference=0.03,
        reference=1e-3, exponent=2.0,
    )  # fmt: skip
    assert not band.lower_open
    assert not band.upper_open
    for edge in (band.lower, band.upper):
        sigma = 0.5 * (edge / 1e-3) ** 2
        ctau = 0.03 * (1e-3 / edge) ** 2
        assert sigma == pytest.approx(limit_at(ctau), rel=1e-3)
    middle = math.sqrt(band.lower * band.upper)
    assert 0.5 * (middle / 1e-3) ** 2 > limit_at(0.03 * (1e-3 / middle) ** 2)


def test_open_edges_and_gaps() -> None:
    """Where the limits end inside the exclusion the edge says so; a gap ends it too."""
    given = {"sigma_reference": 1.0, "ctau_reference": 1.0, "reference": 1.0, "exponent": 2.0}
    ctaus = [0.25, 1.0, 4.0]
    band = excluded_band(ctaus, [1e-3, 1e-3, 1e-3], **given)
    assert (band.lower_open, band.upper_open) == (True, True)
    assert (band.lower, band.upper) == pytest.approx((0.5, 2.0))
    band = excluded_band(ctaus, [math.inf, 1e-3, 1.0], **given)
    assert (band.lower_open, band.upper_open) == (False, True)
    assert band.upper == pytest.approx(1.0)
    # ln σ_lim + ln cτ is -6.91 at 1 and 1.39 at 4: 0 at ln cτ = 1.386 · 6.91 / 8.29.
    x = math.log(4) * math.log(1e3) / (math.log(1e3) + math.log(4))
    assert band.lower == pytest.approx(math.exp(-x / 2))
    assert math.isnan(excluded_band(ctaus, [2e3, 2e3, 2e3], **given).lower)


def test_a_channel_has_its_band(tmp_path: Path) -> None:
    """At both edges the limit at the coupling's lifetime is the coupling, between points too."""
    lines = _toml(TOY)
    (tmp_path / "toy.toml").write_text(lines)
    out = tmp_path / "out"
    assert (
        main(["sensitivity", str(tmp_path / "toy.toml"), "--out", str(out), "--workers", "1"]) == 0
    )
    value = json.loads((out / "toy.json").read_text())
    grid = value["lifetimes"]
    process = get_process("inelastic_dark_matter", mass=1.0, production="photon", epsilon=1e-3)
    assert isinstance(process, LongLived)
    for trigger in (grid["ideal"], *grid["triggers"]):
        band, limits = trigger["bands"][0], trigger["coupling_limit"][0]
        assert band["ctau_reference_m"] == process.coupling_ctau_m
        for edge in ("lower", "upper"):
            if band[f"{edge}_open"]:
                continue
            ctau = process.coupling_ctau_m * (1e-3 / band[edge]) ** 2  # type: ignore[operator]
            there = [i for i, found in enumerate(limits) if found is not None]
            x = np.log([grid["ctau_m"][i] for i in there])
            y = np.log([limits[i] for i in there])
            assert band[edge] == pytest.approx(math.exp(np.interp(math.log(ctau), x, y)), rel=1e-9)
    ideal, near = (one["bands"][0] for one in (grid["ideal"], grid["triggers"][0]))
    assert not ideal["lower_open"]
    # A trigger that ends at 5 cm loses the long lifetimes of small couplings.
    assert near["lower"] > 1.3 * ideal["lower"]
    with (out / "toy_bands.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["trigger"] for row in rows] == ["ideal", "near"]
    assert float(rows[0]["coupling_lower"]) == pytest.approx(ideal["lower"], rel=1e-7)
    found = np.loadtxt(out / "lmt" / "toy_ideal_band.lmt")
    assert found == pytest.approx([1.0, ideal["lower"], ideal["upper"]], rel=1e-4)


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        ({"lifetimes": []}, "needs signal.lifetimes"),
        ({"process": "b_to_k_s", "parameters": {"decay": "ee"}}, "b_to_k_s does not know the lifetime"),
        ({"parameters": {"production": "higgs"}}, "one long-lived particle, not 2"),
    ],
    ids=["lifetimes", "process", "two"],
)
def test_no_band_without_a_lifetime_of_the_coupling(signal: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_channel(TOY | {"signal": TOY["signal"] | signal}, "toy")


def _toml(data: dict[str, Any]) -> str:
    """Return a channel as TOML: JSON's inline values, one table a key."""
    tables = {k: v for k, v in data.items() if isinstance(v, dict)}
    text = "".join(
        f"{k} = {json.dumps(v)}\n" for k, v in data.items() if isinstance(v, str | float)
    )
    text += f"truth_trigger = [{_inline(data['truth_trigger'][0])}]\n"
    for name, table in tables.items():
        text += f"[{name}]\n" + "".join(f"{k} = {_inline(v)}\n" for k, v in table.items())
    return text


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)
