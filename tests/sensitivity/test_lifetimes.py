"""Limits against lifetime: closed form, closure, files that agree, correctionlib, bad input."""

from __future__ import annotations

import csv
import json
import math
from itertools import product
from pathlib import Path
from typing import Any

import correctionlib
import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.cli import main
from sim.sensitivity.channel import Channel
from sim.sensitivity.config import parse_channel
from sim.sensitivity.grids import at_lifetime, efficiency_grid
from sim.sensitivity.lifetimes import LEAST_EFFECTIVE
from sim.sensitivity.reach import limit
from sim.sensitivity.run import ChannelResult, run_channels

CTAUS = [1e-5, 1e-3, 0.03, 0.1, 1.0, 10.0]
B_MASS, KAON_MASS, PAIRS_FB = 5.27941, 0.493677, 2 * 0.514 * 1.110e6

TOY = """
name = "toy"
title = "a toy"
luminosity_fb = 100.0
[signal]
process = "b_to_k_s"
parameters = { decay = "mumu", ctau = 0.03, branching = 1e-7 }
masses = [1.0, 3.5]
events = 3000
lifetimes = [1e-5, 1e-3, 0.03, 0.1, 1.0, 10.0]
[coupling]
name = "B"
reference = 1e-7
exponent = 1.0
[statistic]
method = "zero_background"
cl = 0.95
[[truth_trigger]]
label = "near"
regions = [[{ variable = "decayVertexDistance", high = 20.0 }]]
[[truth_trigger]]
label = "barrel"
regions = [[{ variable = "nDecayVertexInBarrel", low = 1.5 }]]
[offline]
regions = [[{ variable = "decayVertexDistance", low = 0.1, high = 60.0 }]]
[[published]]
mass = 1.0
value = 1e-7
ctau = 0.1
cl = 0.95
source = "nowhere"
"""


def parsed(**signal: Any) -> Channel:
    import tomllib

    data = tomllib.loads(TOY)
    data["signal"] |= signal
    return parse_channel(data, "toy")


@pytest.fixture(scope="module")
def result() -> ChannelResult:
    return run_channels([parsed()], [])[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("lifetimes")
    (folder / "toy.toml").write_text(TOY)
    out = folder / "out"
    command = ["sensitivity", str(folder / "toy.toml"), "--out", str(out), "--events", "1500"]
    assert main([*command, "--workers", "1"]) == 0
    return out, json.loads((out / "toy.json").read_text())


def in_flight(mass: float, ctau: float, low: float, high: float) -> float:
    """Share of S from B → K S that decays between two distances [cm].

    S has a fixed momentum in the rest frame of B; the flat spread of its energy that the motion of
    B adds (|p_B| = 0.33 GeV) and the beams' boost are averaged over.
    """
    root, boost = 10.5794, 0.28
    e = (B_MASS**2 + mass**2 - KAON_MASS**2) / (2 * B_MASS)
    p = math.sqrt(e * e - mass * mass)
    gamma_b = 0.5 * root / B_MASS
    beta_b = math.sqrt(1 - 1 / gamma_b**2)
    middle = (np.arange(400) + 0.5) / 400
    energy = gamma_b * (e + beta_b * p * (2 * middle - 1))  # flat: S is isotropic
    momentum = np.sqrt(energy**2 - mass**2)
    cosine = 2 * middle - 1
    gamma = 1 / math.sqrt(1 - boost**2)
    lab = gamma * (energy[:, None] + boost * momentum[:, None] * cosine[None, :])
    length = 100 * ctau * np.sqrt(lab**2 - mass**2) / mass
    return float((np.exp(-low / length) - np.exp(-high / length)).mean())


@pytest.mark.parametrize("row", [0, 1], ids=["1 GeV", "3.5 GeV"])
def test_acceptance_is_that_of_an_exponential_decay(result: ChannelResult, row: int) -> None:
    """From 10⁻⁵ to 10 m, offline between 0.1 and 60 cm; 1.5 % for the beams' boost.

    The direction of S about the beams is taken as isotropic: sin² of the B's adds little.
    """
    for point, ctau in zip(result.lifetimes[row], CTAUS, strict=True):
        expected = in_flight(point.passed.mass, ctau, 0.1, 60.0)
        found = point.passed.acceptance
        if point.enough(None):
            assert found.value == pytest.approx(expected, abs=4 * found.error + 0.015 * expected)
        near = point.passed.trigger["near"].efficiency
        if point.enough("near"):
            share = in_flight(point.passed.mass, ctau, 0.1, 20.0) / expected
            assert near.value == pytest.approx(share, abs=4 * near.error + 0.015)


def test_limit_equals_that_of_a_sample_of_one_lifetime(result: ChannelResult) -> None:
    """The channel's own curve at 3 cm is another sample with decay lengths of that lifetime."""
    for own, row in zip(result.points, result.lifetimes, strict=True):
        point = row[CTAUS.index(0.03)]
        for label in ("near", "barrel"):
            one = limit(result.channel, own, own.trigger[label]).coupling
            all_ = limit(result.channel, point.passed, point.passed.trigger[label]).coupling
            passing = own.acceptance.value * own.trigger[label].efficiency.value
            error = math.hypot(
                point.error[label], math.sqrt((1 - passing) / (passing * own.n_events))
            )
            assert abs(all_ / one - 1) < 4 * error
            assert error < 0.05


def test_too_few_events_make_no_limit(result: ChannelResult) -> None:
    """At 10⁻⁵ m next to nothing of 3.5 GeV flies 0.1 cm: a handful of events of large weight."""
    point = result.lifetimes[1][0]
    assert 0 < point.effective[None] < LEAST_EFFECTIVE
    assert point.passed.acceptance.value > 0
    assert not point.enough("near")
    assert [p.mass for p in at_lifetime(result, 1e-5, "near")] == []
    assert [p.mass for p in at_lifetime(result, 0.1, "near")] == [1.0, 3.5]


def test_the_grid_holds_what_the_points_hold(result: ChannelResult) -> None:
    """Efficiency and share of the grid files are those behind the limits."""
    grid = efficiency_grid(result)
    for i, j in product(range(2), range(len(CTAUS))):
        point = result.lifetimes[i][j].passed
        assert grid.share()[i, j] == pytest.approx(point.acceptance.value, rel=1e-12)
        for k, label in enumerate(("near", "barrel")):
            own = point.trigger[label].efficiency
            assert grid.efficiency()[k, i, j] == pytest.approx(own.value, rel=1e-12)


def test_files_agree(made: tuple[Path, dict[str, Any]]) -> None:
    """CSV, npz and JSON have one set of numbers, and the limit follows from them."""
    out, value = made
    grid = value["lifetimes"]
    rows = list(csv.DictReader((out / "toy_lifetimes.csv").open(encoding="utf-8")))
    assert len(rows) == 2 * 2 * len(CTAUS)
    with np.load(out / "toy_lifetimes.npz") as kept:
        arrays = {name: kept[name] for name in kept.files}
    assert arrays["trigger"].tolist() == ["ideal", "near", "barrel"]
    for row, (k, i, j) in zip(
        rows, product(range(2), range(2), range(len(CTAUS))), strict=True
    ):  # fmt: skip
        own = grid["triggers"][k]
        assert row["trigger"] == own["label"]
        assert (float(row["mass_gev"]), float(row["ctau_m"])) == ([1.0, 3.5][i], CTAUS[j])
        found = own["coupling_limit"][i][j]
        assert (row["enough_events"] == "yes") == own["enough"][i][j]
        if not own["enough"][i][j]:
            assert found is None
            assert row["coupling_limit"] == ""
            assert np.isnan(arrays["coupling_limit"][k + 1, i, j])
            continue
        assert float(row["coupling_limit"]) == pytest.approx(found, rel=1e-7)
        assert arrays["coupling_limit"][k + 1, i, j] == found
        passing = grid["acceptance"][i][j] * own["trigger_efficiency"][i][j]
        expected = -math.log(0.05) / (100 * passing * PAIRS_FB)
        assert found == pytest.approx(expected, rel=1e-9)
        assert found >= grid["ideal"]["coupling_limit"][i][j]


def test_published_at_a_lifetime_stands_beside_that_lifetime(
    made: tuple[Path, dict[str, Any]],
) -> None:
    _, value = made
    (row,) = value["published"]
    at = CTAUS.index(0.1)
    assert row["ctau_m"] == 0.1
    assert row["ours"] == value["lifetimes"]["triggers"][0]["coupling_limit"][0][at]
    assert row["ideal"] == value["lifetimes"]["ideal"]["coupling_limit"][0][at]


def test_correctionlib_evaluates_to_the_csv(made: tuple[Path, dict[str, Any]]) -> None:
    """Against mass, and against mass and lifetime; beyond the outer edges it refuses."""
    out, _ = made
    by_mass = correctionlib.CorrectionSet.from_file(str(out / "toy.corr.json"))
    with (out / "toy.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            found = by_mass[f"L1PSNM_{row['trigger']}"].evaluate(float(row["mass_gev"]), "nominal")
            assert found == pytest.approx(float(row["trigger_efficiency"]), rel=1e-7)
    both = correctionlib.CorrectionSet.from_file(str(out / "grids" / "toy.corr.json"))
    with (out / "grids" / "toy.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with (out / "toy_lifetimes.csv").open(encoding="utf-8") as stream:
        limits = list(csv.DictReader(stream))
    for row, other in zip(rows, limits, strict=True):
        at = float(row["mass_gev"]), float(row["ctau_m"])
        correction = both[f"L1PSNM_{row['line']}"]
        value = correction.evaluate(*at, "nominal")
        assert value == pytest.approx(float(row["efficiency"]), rel=1e-14)
        assert value == pytest.approx(float(other["trigger_efficiency"]), rel=1e-7)
        up, down = (correction.evaluate(*at, f"stat_{way}") for way in ("up", "down"))
        assert up - value == pytest.approx(float(row["err_hi"]), abs=1e-12)
        assert value - down == pytest.approx(float(row["err_lo"]), abs=1e-12)
    with pytest.raises(Exception, match=r"[Ii]ndex|[Oo]ut|[Rr]ange|below|above"):
        both["L1PSNM_near"].evaluate(50.0, 0.1, "nominal")


def test_two_columns_of_text_are_the_curve(made: tuple[Path, dict[str, Any]]) -> None:
    out, value = made
    found = np.loadtxt(out / "lmt" / "toy_0.lmt")
    assert found[:, 0].tolist() == [1.0, 3.5]
    limits = [point["coupling_limit"] for point in value["points"]]
    assert found[:, 1] == pytest.approx(limits, rel=1e-4)
    assert len(np.loadtxt(out / "lmt" / "toy_ideal.lmt")) == 2


def test_page_shows_curves_and_maps(made: tuple[Path, dict[str, Any]]) -> None:
    """Two pictures, then a curve a mass, a map for the ideal trigger and two for each other."""
    out, _ = made
    page = (out / "toy.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2 + 2 + 3 + 2
    assert "Mass and lifetime" in page


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        ({"process": "axion_like", "parameters": {"coupling": 1e-3}},
         "axion_like has no lifetime to choose; allowed: .*b_to_k_s"),
        ({"lifetimes": [0.1, 0.01]}, "lifetimes must rise strictly"),
        ({"lifetimes": [1e-7, 0.1]}, "signal.lifetimes"),
        ({"lifetimes": {"low": 0.1, "high": 0.01, "points": 3}}, "lifetimes must rise strictly"),
        ({"parameters": {"sampling": "broad"}}, "sampling is set by lifetimes"),
        ({"lifetimes": [0.01, 1.0]}, "0.1 m is none of signal.lifetimes"),
        ({"process": "dark_higgsstrahlung", "mass": "mediator_mass",
          "parameters": {"higgs_decay": "invisible"}}, "nothing that decays after a flight"),
    ],
    ids=["none", "order", "range", "falling", "sampling", "published", "invisible"],
)  # fmt: skip
def test_bad_lifetimes_are_refused(signal: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parsed(**signal)


def test_no_decay_beyond_the_cut_at_all() -> None:
    """60 cm at cτ of 10⁻⁵ m: weights of exp(-10⁴) are 0, and nothing divides by them."""
    import tomllib

    data = tomllib.loads(TOY)
    data["signal"] |= {"masses": [3.5], "events": 200, "lifetimes": [1e-5, 0.1]}
    data["offline"] = {"regions": [[{"variable": "decayVertexDistance", "low": 60.0}]]}
    found = run_channels([parse_channel(data, "toy")], [])[0]
    first, second = found.lifetimes[0]
    assert first.passed.acceptance.value == 0.0
    assert first.effective["near"] == 0.0
    assert math.isnan(first.passed.trigger["near"].efficiency.value)
    assert math.isinf(limit(found.channel, first.passed, first.passed.ideal).coupling)
    assert second.passed.acceptance.value > 0.0
    assert np.isnan(efficiency_grid(found).efficiency()[0, 0, 0])


def test_backgrounds_do_not_know_the_lifetime_and_windows_weigh_events() -> None:
    """The same μμγ stands at every lifetime; of the signal the photon's window holds 68 %."""
    window = {"variable": "photonECM", "centre": "photon_energy", "resolution": 0.1,
              "half_width": 1.0}  # fmt: skip
    data = {
        "name": "toy", "title": "toy", "luminosity_fb": 1.0,
        "signal": {
            "process": "photon_displaced", "masses": [4.0], "lifetimes": [0.05, 5.0],
            "parameters": {"ctau": 0.05}, "events": 1500,
        },
        "coupling": {"name": "ε", "reference": 1e-3},
        "statistic": {"method": "asimov", "cl": 0.90},
        "truth_trigger": [
            {"label": "central", "regions": [[{"variable": "photonTheta", "low": 0.6}]]}
        ],
        "offline": {
            "regions": [[{"variable": "productionRho", "high": 60.0}]], "observable": [window],
        },
        "background": {"process": [{"process": "mumugamma", "events": 3000}]},
    }  # fmt: skip
    result = run_channels([parse_channel(data, "toy")], [])[0]
    (own,), (row,) = result.points, result.lifetimes
    for point in row:
        for label in (None, "central"):
            mine, main_curve = (
                p.ideal if label is None else p.trigger[label] for p in (point.passed, own)
            )
            assert mine.backgrounds[0].events > 0
            assert mine.backgrounds[0].events == main_curve.backgrounds[0].events
        found = limit(result.channel, point.passed, point.passed.trigger["central"])
        passing = (
            point.passed.acceptance.value * point.passed.trigger["central"].efficiency.value
        )  # fmt: skip
        assert found.sigma_fb == pytest.approx(found.events / passing, rel=1e-9)
    # One resolution to both sides holds erf(1/√2) of the photons, all of which decay before 60 cm
    # but for exp(-60 m / p cτ).
    here = row[0].passed.acceptance
    assert here.value == pytest.approx(own.acceptance.value, abs=4 * (2**0.5) * here.error)
    assert here.value < math.erf(0.5**0.5) + 4 * here.error
    assert row[1].passed.acceptance.value < 0.7 * here.value
