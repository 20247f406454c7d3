"""Limits against hand computation, kinematic reach, backgrounds, published numbers, tables."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.sensitivity.channel import Channel
from sim.sensitivity.config import load_channel, parse_channel
from sim.sensitivity.passed import Passed, Through
from sim.sensitivity.passing import Efficiency, by_table, mean, pass_probability
from sim.sensitivity.reach import background_events, compare, interpolated, limit
from sim.sensitivity.run import ChannelResult, Table, run_channels
from sim.sensitivity.sample import signal_sample
from sim.sensitivity.workspaces import workspace
from trigger.axes import Axis
from trigger.bits import BitTable
from trigger.efficiency import EfficiencyTable

GEV2_FB = 0.3893793721e12
"""(ħc)² [GeV² fb]."""

ALPHA = 1 / 137.035999

IDEAL = Through.counted(Efficiency(1.0, 0.0, 1.0, 1.0))


def channel(**changes: Any) -> Channel:
    """A background-free search for e⁺e⁻ → γa with a trigger on the photon's angle."""
    narrow = {"variable": "photonThetaCM", "low": math.pi / 3, "high": 2 * math.pi / 3}
    wide = {"variable": "photonThetaCM", "low": math.pi / 4, "high": 3 * math.pi / 4}
    everywhere = {"theta_min": 0.01, "theta_max": 179.99, "frame": "cm"}
    data = {
        "name": "toy", "title": "toy", "luminosity_fb": 100.0,
        "signal": {
            "process": "axion_like", "masses": [1.0],
            "parameters": {"coupling": 1e-4, "decay": "invisible", **everywhere},
        },
        "coupling": {"name": "g", "reference": 1e-4},
        "statistic": {"method": "zero_background", "cl": 0.95},
        "truth_trigger": [{"label": "barrel", "regions": [[narrow]]}],
        "offline": {"regions": [[wide]], "efficiency": 0.5},
    } | changes  # fmt: skip
    return parse_channel(data, "toy")


def test_limit_equals_the_hand_computation() -> None:
    """σ(γa) = αg²/24 (1-m²/s)³ and ∫(1+c²)dc over both ranges of cosθ*; 3 events at 95 %."""
    result = run_channels([channel()], [], events=40_000)[0]
    point = result.points[0]
    s = Machine().s
    sigma = ALPHA * 1e-8 / 24 * (1 - 1 / s) ** 3 * GEV2_FB

    def share(cosine: float) -> float:
        return (cosine + cosine**3 / 3) / (4 / 3)

    wide, narrow = share(math.cos(math.pi / 4)), share(0.5)
    found = limit(result.channel, point, point.trigger["barrel"])
    assert found.events == pytest.approx(-math.log(0.05), rel=1e-12)
    # The photon of a sample in the laboratory is missing in the beam pipe for the truth variables,
    # but never inside the range.
    assert point.acceptance.value == pytest.approx(wide, abs=4 * point.acceptance.error)
    assert point.trigger["barrel"].efficiency.value == pytest.approx(
        narrow / wide, abs=4 * point.trigger["barrel"].efficiency.error
    )
    expected = found.events / (100 * 0.5 * narrow)
    assert found.sigma_fb == pytest.approx(expected, rel=0.02)
    assert found.coupling == pytest.approx(1e-4 * math.sqrt(expected / sigma), rel=0.01)
    ideal = limit(result.channel, point, IDEAL)
    assert found.coupling / ideal.coupling == pytest.approx(
        point.trigger["barrel"].efficiency.value ** -0.5, rel=1e-12
    )


def passed(**changes: Any) -> Passed:
    half = Efficiency(0.5, 0.01, 0.49, 0.51)
    given = {
        "mass": 1.0, "sigma_fb": 8.0, "sigma_err_fb": 0.0, "n_events": 100, "acceptance": half,
        "trigger": {"one": Efficiency(0.25, 0.01, 0.24, 0.26)},
    } | changes  # fmt: skip
    given["trigger"] = {name: Through.counted(one) for name, one in given["trigger"].items()}
    return Passed(**given, ideal=IDEAL)


def test_limit_of_a_counting_channel() -> None:
    """N = 3.0 over L A ε_off ε = 100 · 0.5 · 0.5 · 0.25, σ_ref B = 8 · 0.5, σ ∝ g⁴."""
    own = channel(
        coupling={"name": "g", "reference": 1e-4, "exponent": 4.0},
        signal={"process": "axion_like", "masses": [1.0], "branching": 0.5},
    )
    found = limit(own, passed(), passed().trigger["one"])
    sigma = -math.log(0.05) / 6.25
    assert found.sigma_fb == pytest.approx(sigma, rel=1e-12)
    assert found.coupling == pytest.approx(1e-4 * (sigma / 4.0) ** 0.25, rel=1e-12)
    lower = limit(own, passed(), passed().trigger["one"], cl=0.90)
    assert lower.sigma_fb == pytest.approx(-math.log(0.10) / 6.25, rel=1e-12)


@pytest.mark.parametrize(
    ("mass", "expected"), [(0.2, 1.0), (1.0, 0.5), (10.0, 1 / 3)], ids=["1", "1/2", "1/3"]
)
def test_branching_by_mass(mass: float, expected: float) -> None:
    """Z′ → νν̄ in steps of 1, 1/2 and 1/3 (physics notes, F 17: within 10 %); g ∝ B^-½."""
    signal = {"process": "axion_like", "masses": [mass]}
    own, whole = (
        channel(signal=signal | {"branching": b}) for b in ("zprime_invisible", 1.0)
    )  # fmt: skip
    here = passed(mass=mass)
    found, other = (limit(c, here, IDEAL) for c in (own, whole))
    assert found.sigma_fb == other.sigma_fb
    assert (other.coupling / found.coupling) ** 2 == pytest.approx(expected, rel=0.01)


def test_a_given_cross_section_replaces_that_of_the_process() -> None:
    """With 1 fb at the coupling 1, linear: the limit on the coupling is that on σ in fb."""
    signal = {"process": "axion_like", "masses": [1.0, 5.0], "sigma_fb": 1.0}
    own = channel(signal=signal, coupling={"name": "σ", "reference": 1.0, "exponent": 1.0})
    for point in run_channels([own], [], events=300)[0].points:
        assert (point.sigma_fb, point.sigma_err_fb) == (1.0, 0.0)
        found = limit(own, point, IDEAL)
        assert found.coupling == pytest.approx(found.sigma_fb, rel=1e-12)


def test_jpsi_limit_is_events_over_decays() -> None:
    """B = N/(N_Jψ A): 3 events out of 10¹⁰ decays."""
    own = at_masses("besiii_jpsi_alp", [1.0])
    point = run_channels([own], [], events=500)[0].points[0]
    expected = -math.log(0.05) / (1e10 * point.acceptance.value)
    assert limit(own, point, IDEAL).coupling == pytest.approx(expected, rel=1e-9)


def test_nothing_passes() -> None:
    nothing = Through.counted(Efficiency(0.0, 0.0, 0.0, 0.1))
    assert math.isinf(limit(channel(), passed(), nothing).coupling)
    nan = mean(np.zeros(0))
    assert math.isinf(limit(channel(), passed(), Through.counted(nan)).sigma_fb)


@pytest.mark.parametrize(("follows", "expected"), [(True, 25.0), (False, 100.0)])
def test_background_passes_the_trigger(follows: bool, expected: float) -> None:
    """Λ-like Asimov limit of B events; 50 events for 50 /fb are 100 for 100 /fb."""
    own = channel(
        statistic={"method": "asimov", "cl": 0.95},
        background={"luminosity_fb": 50.0, "events": [50.0], "follows_trigger": follows},
    )
    found = limit(own, passed(), passed().trigger["one"])
    assert found.background == pytest.approx(expected, rel=1e-12)
    # 2[S - B ln(1+S/B)] = 1.95996²: the median CLs limit.
    events = found.events
    ratio = 2 * (events - expected * math.log1p(events / expected))
    assert ratio == pytest.approx(1.959964**2, rel=1e-4)


def test_background_between_masses() -> None:
    step = channel(
        statistic={"method": "asimov", "cl": 0.9},
        background={"masses": [1.0, 3.0], "events": [10.0, 1000.0]},
    ).background
    assert [background_events(step, m, 100, 100) for m in (0.5, 2.9, 3.0, 9)] == [
        10, 10, 1000, 1000,
    ]  # fmt: skip
    straight = step.model_copy(update={"between": "log"})
    assert background_events(straight, 2.0, 200, 100) == pytest.approx(200.0)


def test_prescales_are_an_expectation() -> None:
    """Against the sum over all outcomes of the prescalers."""
    lines = [("a", 1 / 2), ("b", 1 / 5), ("c", 0.0), ("d", 1.0)]
    fired = np.array(list(product([False, True], repeat=4))).T
    bits = BitTable.from_dense(tuple(name for name, _ in lines), fired)
    found = pass_probability(bits, lines)
    for event in range(fired.shape[1]):
        total = 0.0
        for outcome in product([False, True], repeat=4):
            chance = math.prod(
                f if kept else 1 - f for kept, (_, f) in zip(outcome, lines, strict=True)
            )
            total += chance * any(
                kept and fire for kept, fire in zip(outcome, fired[:, event], strict=True)
            )
        assert found[event] == pytest.approx(total, abs=1e-12)


def at_masses(name: str, masses: list[float], **changes: Any) -> Channel:
    """A packaged channel at other masses."""
    own = load_channel(name)
    signal = own.signal.model_dump() | {"masses": masses}
    return parse_channel(own.model_dump() | {"signal": signal} | changes, name)


@pytest.mark.parametrize(
    ("changes", "label", "below", "above"),
    [
        ({"machine": None}, "E* > 0.5 GeV", 10.06, 10.08),
        ({}, "E* > 1.5 GeV", 8.72, 8.74),
    ],
    ids=["SuperKEKB at 0.5 GeV ends at 10.07", "BaBar at 1.5 GeV ends at 8.73"],
)
def test_kinematic_reach(changes: dict[str, Any], label: str, below: float, above: float) -> None:
    """Physics notes, F 14: a threshold E* ends the reach at (s - 2√s E*)^½."""
    own = at_masses("babar_dark_photon", [below, above], **changes)
    machine = own.collider()
    end = math.sqrt(machine.s - 2 * machine.sqrt_s * float(label.split()[2]))
    assert below < end < above
    points = run_channels([own], [], events=100)[0].points
    limits = [limit(own, point, point.trigger[label]).coupling for point in points]
    assert math.isfinite(limits[0])
    assert math.isinf(limits[1])


def test_babar_produces_what_the_formula_says() -> None:
    """σ(γA′) of the notes, A.4: 104 produced events in |cosθ*| < 0.6 at ε = 1e-3, m = 1 GeV."""
    babar = at_masses("babar_dark_photon", [1.0])
    point = run_channels([babar], [], events=20_000)[0].points[0]
    events = babar.luminosity_fb * point.sigma_fb * point.acceptance.value
    s, m2 = babar.collider().s, 1.0
    scale = 2 * math.pi * ALPHA**2 * 1e-6 / s * (1 - m2 / s) * GEV2_FB
    at, extra = math.atanh(0.6), 4 * s * m2 / (s - m2) ** 2
    # ∫(1+c²+k)/(1-c²) dc over |c| < 0.6 is 2[(2+k) artanh 0.6 - 0.6].
    expected = 53 * scale * 2 * ((2 + extra) * at - 0.6)
    assert events == pytest.approx(expected, rel=0.02)
    assert events == pytest.approx(104, rel=0.05)


def result_of(values: dict[float, float]) -> ChannelResult:
    """Points whose limit on the coupling is given: g = g_ref (σ_lim / σ_ref)^½."""
    own = channel()
    at = limit(own, passed(sigma_fb=1.0), IDEAL).sigma_fb
    points = [
        passed(mass=m, sigma_fb=at * (own.coupling.reference / g) ** 2) for m, g in values.items()
    ]
    return ChannelResult(own, (), ("one",), points)


def test_published_numbers() -> None:
    result = result_of({1.0: 1e-3, 3.0: 4e-3})
    row = {"mass": 2.0, "value": 1e-3, "cl": 0.95, "source": "x"}
    own = channel(published=[row, row | {"mass": [1.0, 3.0], "value": [1e-3, 2e-3]},
                             row | {"mass": 5.0}])  # fmt: skip
    first, second, third = (compare(own, p, result.points, None) for p in own.published)
    # Straight in log(limit): the geometric mean.
    assert first["ours"] == pytest.approx(2e-3)
    assert first["ratio"] == pytest.approx(2.0)
    assert second["ours"] == pytest.approx([1e-3, 4e-3])
    assert second["ratio"] == pytest.approx([1.0, 2.0])
    assert third["ours"] is None
    assert third["ratio"] is None


def test_no_limit_between_a_mass_with_and_one_without() -> None:
    assert math.isinf(interpolated([1.0, 2.0], [1.0, math.inf], 1.5))
    assert math.isinf(interpolated([1.0, 2.0], [1.0, 2.0], 2.5))


def test_efficiency_from_a_table() -> None:
    """Two bins in cosθ*-like angle: each event gets the value of its bin."""
    axis = Axis("photonThetaCM", "rad", [0.0, math.pi / 2, 3.2])
    sums = {"n_pass": [30, 80], "n_total": [100, 100]}
    table = EfficiencyTable.from_sums("lml6", [axis], sums, outside=[0, 0])
    own = channel()
    sample = signal_sample(own, 1.0, events=500, seed=3, detector=False)
    sample = replace(sample, truth={
        name: values[np.isfinite(sample.truth["photonThetaCM"])]
        for name, values in sample.truth.items()
    })  # fmt: skip
    value, error = by_table(table, sample, "table")
    low = sample.truth["photonThetaCM"] < math.pi / 2
    assert np.array_equal(value, np.where(low, 0.3, 0.8))
    share = low.mean()
    # Wilson intervals of 30 and 80 of 100 are close to ±(p(1-p)/n)^½.
    expected = math.hypot(share * 0.0458, (1 - share) * 0.04)
    assert error == pytest.approx(expected, rel=0.02)
    result = run_channels([own], [], table=Table("t", table), events=500)[0]
    assert 0.3 < result.points[0].trigger["t"].efficiency.value < 0.8


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        (Axis("photonTeta", "rad", [0, 4]), "no truth variable \\(nearest: 'photonTheta'\\)"),
        (Axis("photonThetaCM", "rad", [0, 1.0]), "is outside the table"),
        (Axis("photonThetaCM", "rad", [0, 1.5, 4]), "has no entries"),
    ],
)
def test_tables_that_do_not_fit(axis: Axis, message: str) -> None:
    empty = [0] * len(axis)
    table = EfficiencyTable.from_sums(
        "lml6", [axis], {"n_pass": empty, "n_total": empty}, outside=[0, 0]
    )
    with pytest.raises(InputError, match=message):
        run_channels([channel()], [], table=Table("t", table), events=50)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_pyhf_agrees() -> None:
    """A workspace's expected limit is at μ = 1 within 1 %."""
    pyhf = pytest.importorskip("pyhf")
    own = channel(
        statistic={"method": "asimov", "cl": 0.90},
        background={"events": [40.0], "follows_trigger": False},
    )
    made = workspace(own, passed(), passed().trigger["one"])
    assert made is not None
    model = pyhf.Workspace(made.spec).model()
    data = [*made.spec["observations"][0]["data"], *model.config.auxdata]
    scan = np.linspace(0.5, 1.5, 41)
    levels = [float(pyhf.infer.hypotest(mu, data, model, return_expected=True)[1]) for mu in scan]
    assert np.interp(-0.10, -np.array(levels), scan) == pytest.approx(1.0, abs=0.01)
    assert workspace(own, passed(), Through.counted(Efficiency(0.0, 0.0, 0.0, 0.1))) is None


def test_a_kept_sample_gives_the_same(tmp_path: Path) -> None:
    own = channel()
    fresh = run_channels([own], [], events=300)[0].points
    kept = [run_channels([own], [], events=300, folder=tmp_path)[0].points for _ in range(2)]
    assert fresh == kept[0] == kept[1]
    (file,) = tmp_path.iterdir()
    before = file.stat().st_mtime_ns
    assert run_channels([own], [], events=300, folder=tmp_path)[0].points == fresh
    assert file.stat().st_mtime_ns == before
    file.write_bytes(b"damaged")
    assert run_channels([own], [], events=300, folder=tmp_path)[0].points == fresh
    run_channels([own], [], events=300, seed=2, folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
