"""Several sources of uncertainty, and the exported workspaces, against minimisers and pyhf."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats

from firmware_models.errors import InputError
from trigger.statistics import asymptotic
from trigger.statistics.profile import Region, expected_limit
from trigger.statistics.workspace import STRENGTH, validated, workspace

# pyhf 0.7.6 resolves its schemas with a class that jsonschema has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:jsonschema.RefResolver:DeprecationWarning")

CASES = {
    "B = 1": [Region("a", [1.0], [1.0])],
    "B = 10": [Region("a", [10.0], [1.0])],
    "B = 100": [Region("a", [100.0], [1.0])],
    "weak signal, beyond pyhf's default bound": [Region("a", [100.0], [1e-4])],
    "strong signal": [Region("a", [1000.0], [5e5])],
    "three bins": [Region("a", [50.0, 5.0, 0.5], [1.0, 2.0, 1.5])],
    "three bins with an uncertainty": [
        Region("a", [50.0, 5.0, 0.5], [1.0, 2.0, 1.5], {"efficiency_hie": 0.15})
    ],
    "two lines, own sources": [
        Region("one", [20.0, 3.0], [2.0, 1.0], {"efficiency_stt": 0.10}),
        Region("two", [8.0], [2.0], {"efficiency_hie": 0.30}),
    ],
    "two lines, one source": [
        Region("one", [20.0, 3.0], [2.0, 1.0], {"luminosity": 0.30, "efficiency_stt": 0.10}),
        Region("two", [8.0], [2.0], {"luminosity": 0.30}),
    ],
    "uncertain background": [
        Region("one", [100.0], [1.0], {"efficiency_hie": 0.1}, {"bhabha": 0.1}),
        Region("two", [400.0], [0.5], {"efficiency_hie": 0.1}, {"bhabha": 0.1, "cosmic": 0.02}),
    ],
}


def minimised(regions: list[Region], strength: float) -> float:
    """q of the regions at a strength, with scipy's minimiser and loops over bins."""
    names = sorted({n for r in regions for n in (*r.signal_uncertainty, *r.background_uncertainty)})

    def q(theta: np.ndarray) -> float:
        at = dict(zip(names, theta, strict=True))
        total = float(theta @ theta)
        for region in regions:
            up = math.prod((1 + u) ** at[n] for n, u in region.signal_uncertainty.items())
            bg = math.prod((1 + u) ** at[n] for n, u in region.background_uncertainty.items())
            for b, s in zip(region.background, region.signal, strict=True):  # type: ignore[call-overload]
                mean = strength * s * up + b * bg
                total += 2 * (mean - b - (b * math.log(mean / b) if b else 0.0))
        return total

    if not names:
        return q(np.zeros(0))
    start = np.zeros(len(names))
    return float(
        optimize.minimize(q, start, method="Nelder-Mead",
                          options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000}).fun
    )  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_limit_reaches_its_threshold(name: str) -> None:
    for cl, n_sigma in ((0.9, 0.0), (0.95, -2.0), (0.95, 2.0)):
        mu = expected_limit(CASES[name], cl=cl, n_sigma=n_sigma)
        root = math.sqrt(minimised(CASES[name], mu))
        cls = stats.norm.cdf(n_sigma - root) / stats.norm.cdf(n_sigma)
        assert cls == pytest.approx(1 - cl, rel=1e-4)


def test_one_shared_source_has_a_closed_form() -> None:
    for uncertainty in (0.0, 0.02, 0.3, 1.0):
        regions = [
            Region("one", [20.0, 0.0], [2.0, 0.01], {"efficiency": uncertainty}),
            Region("two", [300.0], [5.0], {"efficiency": uncertainty}),
        ]
        closed = asymptotic.expected_limit(
            [20.0, 0.0, 300.0], [2.0, 0.01, 5.0], cl=0.95, signal_uncertainty=uncertainty
        )
        assert expected_limit(regions, cl=0.95) == pytest.approx(closed, rel=1e-8)


def test_correlated_sources_cost_more_than_independent_ones() -> None:
    def limit(first: str, second: str) -> float:
        one = Region("one", [30.0], [3.0], {first: 0.3})
        return expected_limit([one, Region("two", [30.0], [3.0], {second: 0.3})], cl=0.9)

    certain = asymptotic.expected_limit([60.0], [6.0], cl=0.9)
    assert certain < limit("stt", "hie") < limit("stt", "stt")


@pytest.mark.parametrize("uncertainty", [0.03, 0.1])
def test_an_uncertain_background_adds_in_quadrature(uncertainty: float) -> None:
    # The background may hide the signal by falling z deviations, or by a Poisson fluctuation.
    z, b = 1.644854, 1e6
    found = expected_limit([Region("a", [b], [1.0], {}, {"bhabha": uncertainty})], cl=0.9)
    systematic = b * (1 - (1 + uncertainty) ** -z)
    assert found == pytest.approx(math.hypot(systematic, z * math.sqrt(b)), rel=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_pyhf_finds_the_same_limits(name: str) -> None:
    pyhf = pytest.importorskip("pyhf")
    for cl, n_sigma in ((0.90, 0), (0.95, 0), (0.95, 1)):
        found = workspace(CASES[name], cl=cl)
        assert found.signal_scale == expected_limit(CASES[name], cl=cl)
        read = pyhf.Workspace(json.loads(validated(found).text()))
        model = read.model()
        ours = expected_limit(CASES[name], cl=cl, n_sigma=n_sigma) / found.signal_scale
        cls = [
            float(pyhf.infer.hypotest(factor * ours, read.data(model), model,
                                      return_expected_set=True)[1][2 + n_sigma])
            for factor in (0.999, 1.001)
        ]  # fmt: skip
        assert cls[1] < 1 - cl < cls[0]  # the limit lies within 0.1 % of ours


def test_workspace_contents(tmp_path: Path) -> None:
    regions = CASES["two lines, one source"]
    found = workspace(regions, cl=0.9, observed={"two": [11]}, signal_scale=2.0)
    path = tmp_path / "limits.json"
    found.write(path)
    spec = json.loads(path.read_text(encoding="utf-8"))
    assert spec == found.spec
    one, two = spec["channels"]
    assert [one["name"], two["name"]] == ["one", "two"]
    assert one["samples"][0]["data"] == [4.0, 2.0]
    assert [m["name"] for m in one["samples"][0]["modifiers"]] == [
        STRENGTH, "efficiency_stt", "luminosity"
    ]  # fmt: skip
    assert two["samples"][0]["modifiers"][1] == {
        "name": "luminosity", "type": "normsys", "data": {"hi": 1.3, "lo": 1 / 1.3}
    }  # fmt: skip
    assert two["samples"][1] == {"name": "background", "data": [8.0], "modifiers": []}
    assert [o["data"] for o in spec["observations"]] == [[20.0, 3.0], [11.0]]
    (measurement,) = spec["measurements"]
    assert measurement["name"] == "signal_times_2"
    bound = measurement["config"]["parameters"][0]["bounds"][0]
    assert bound[0] == 0
    assert bound[1] * 2 > 5 * expected_limit(regions, cl=0.9, n_sigma=2)


def test_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    region = Region("barrel", [3.0], [1.0])
    with pytest.raises(InputError, match=r"'trigger' of region 'a' .* not -0\.1"):
        Region("a", [1.0], [1.0], {"trigger": -0.1})
    with pytest.raises(InputError, match=r"at least 0, not nan"):
        Region("a", [math.nan], [1.0])
    with pytest.raises(InputError, match="different names"):
        expected_limit([region, region], cl=0.9)
    with pytest.raises(InputError, match="no region has signal"):
        workspace([Region("a", [1.0], [0.0])], cl=0.9)
    with pytest.raises(InputError, match=r"unknown region 'barel' .nearest: 'barrel'."):
        workspace([region], cl=0.9, observed={"barel": [3.0]})
    with pytest.raises(InputError, match=r"must have shape \(1,\), not \(2,\)"):
        workspace([region], cl=0.9, observed={"barrel": [3.0, 4.0]})
    with pytest.raises(InputError, match="'mu' is the strength"):
        workspace([Region("a", [1.0], [1.0], {"mu": 0.1})], cl=0.9)
    with pytest.raises(InputError, match="scale of the signal"):
        workspace([region], cl=0.9, signal_scale=0.0)
    monkeypatch.setitem(sys.modules, "pyhf", None)
    with pytest.raises(InputError, match=r"lowmult\[limits\]"):
        validated(workspace([region], cl=0.9))


def test_no_region_has_signal_means_no_limit() -> None:
    assert expected_limit([Region("a", [1.0], [0.0], {"x": 0.1})], cl=0.9) == math.inf


def test_pyhf_refuses_a_broken_workspace() -> None:
    pytest.importorskip("pyhf")
    found = workspace([Region("a", [1.0], [1.0])], cl=0.9)
    found.spec["channels"][0]["samples"][0]["modifiers"][0]["type"] = "normfactr"
    with pytest.raises(InputError, match="pyhf refuses the workspace"):
        validated(found)
