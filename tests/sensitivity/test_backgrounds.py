"""Observables, simulated backgrounds and uncertainties of lines against hand computation."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.sensitivity.channel import BackgroundProcess, Channel
from sim.sensitivity.config import parse_channel
from sim.sensitivity.observables import BinnedEvents, Observable, event_shares, shares
from sim.sensitivity.outputs import channel_json
from sim.sensitivity.passed import Counts, Passed, Through, background_counts, binned
from sim.sensitivity.passing import Efficiency, line_shifts, mean
from sim.sensitivity.reach import limit, uncertainties
from sim.sensitivity.run import run_channels
from sim.sensitivity.sample import Sample, background_sample
from sim.sensitivity.settings import settings
from sim.sensitivity.workspaces import workspace
from trigger.bits import BitTable
from trigger.statistics.limits import signal_limit_shape

BARREL = {"variable": "photonThetaCM", "low": math.pi / 4, "high": 3 * math.pi / 4}

TRUTH = {"photonECM": np.array([1.0, 2.0, 2.4, np.nan]), "photonE": np.array([1.0, 5.0, 0.0, 1.0])}


def channel(**changes: Any) -> Channel:
    """A search for the photon of e⁺e⁻ → γa with a trigger on its angle."""
    data = {
        "name": "toy", "title": "toy", "luminosity_fb": 100.0,
        "signal": {"process": "axion_like", "masses": [4.0, 6.0],
                   "parameters": {"coupling": 1e-4, "decay": "invisible"}},
        "coupling": {"name": "g", "reference": 1e-4},
        "statistic": {"method": "asimov", "cl": 0.95},
        "truth_trigger": [{"label": "forward", "regions": [[
            {"variable": "photonThetaCM", "high": math.pi / 2}]]}],
        "offline": {"regions": [[BARREL]], "efficiency": 0.5},
    } | changes  # fmt: skip
    return parse_channel(data, "toy")


def phi(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def test_shares_of_a_gaussian() -> None:
    edges = np.array([0.0, 1.0, 3.0])
    found = shares(TRUTH["photonECM"], edges, 0.5)
    for row, value in zip(found[:3], (1.0, 2.0, 2.4), strict=True):
        wanted = [phi((b - value) / 0.5) - phi((a - value) / 0.5) for a, b in ((0, 1), (1, 3))]
        np.testing.assert_allclose(row, wanted, rtol=1e-12)
    assert found[3].tolist() == [0.0, 0.0]
    # Without resolution bins are [low, high), as everywhere.
    assert shares(TRUTH["photonECM"], edges, 0.0).tolist() == [[0, 1], [0, 1], [0, 1], [0, 0]]


def test_a_missing_value_leaves_the_resolution_of_the_others() -> None:
    """A resolution relative to the value is NaN where the value is."""
    truth = {"photonECM": np.array([2.0, np.nan])}
    own = Observable(variable="photonECM", edges=[2.1, 9.0], resolution=0.1, relative=True)
    found = event_shares(own, truth, 1.0, Machine())
    np.testing.assert_allclose(found, [[phi(6.9 / 0.2 + 0.5) - phi(0.5)], [0.0]], rtol=1e-9)


def test_given_counts_belong_to_one_bin() -> None:
    one = {"observable": [{"variable": "photonECM", "edges": [0.0, 1.0]}]}
    assert channel(offline=one, background={"events": [2.0]}).background.events == [2.0]


@pytest.mark.parametrize(
    ("centre", "value"),
    [("mass", 4.0), ("mass^2", 16.0), ("photon_energy", (Machine().s - 16) / 2 / Machine().sqrt_s)],
)
def test_window_follows_the_mass(centre: str, value: float) -> None:
    own = Observable.model_validate({
        "variable": "photonECM", "centre": centre, "resolution": [[2.0, 0.2], [6.0, 0.4]],
        "half_width": 1.5,
    })  # fmt: skip
    np.testing.assert_allclose(own.edges_at(4.0, Machine()), [value - 0.45, value + 0.45])
    assert (own.sigma(0.0), own.sigma(9.0)) == (0.2, 0.4)
    wide = own.model_copy(update={"half_width": None, "half_widths": [[4.0, 0.1], [6.0, 0.3]]})
    np.testing.assert_allclose(np.diff(wide.edges_at(5.0, Machine())), [0.4])


def test_two_observables_are_the_product() -> None:
    first = Observable(variable="photonECM", low=0.0, high=4.0, bins=4, resolution=0.3)
    second = Observable(variable="photonE", edges=[0.0, 2.0, 8.0], resolution=1.0)
    chance = np.array([0.5, 1.0, 0.25, 1.0])
    binned = BinnedEvents([first, second], TRUTH, 1.0, Machine())
    sums = binned.sums(chance)
    wanted = np.zeros((4, 2))
    for e, x, y in zip(chance, TRUTH["photonECM"], TRUTH["photonE"], strict=True):
        for i in range(4):
            for j, (a, b) in enumerate(((0, 2), (2, 8))):
                share = (
                    e * (phi((i + 1 - x) / 0.3) - phi((i - x) / 0.3)) * (phi(b - y) - phi(a - y))
                )
                if not math.isnan(x):
                    wanted[i, j] += share
    np.testing.assert_allclose(sums, wanted.ravel(), rtol=1e-12)
    np.testing.assert_allclose(binned.weight @ chance, sums.sum(), rtol=1e-12)


def test_window_takes_its_part_of_the_signal() -> None:
    """The photon of γa has one energy: a window of ± 2 σ holds erf(√2) of it."""
    window = {"variable": "photonECM", "centre": "photon_energy", "resolution": 0.1,
              "half_width": 2.0}  # fmt: skip
    whole = run_channels([channel()], [], events=2000)[0].points[0]
    own = channel(offline={"regions": [[BARREL]], "observable": [window]})
    point = run_channels([own], [], events=2000)[0].points[0]
    assert point.acceptance.value == pytest.approx(
        math.erf(math.sqrt(2)) * whole.acceptance.value, rel=1e-9
    )
    assert point.trigger["forward"].efficiency.value == pytest.approx(
        whole.trigger["forward"].efficiency.value, rel=1e-9
    )


@pytest.fixture(scope="module")
def own_background() -> Channel:
    """The signal itself at 4 GeV as a background of the search for it."""
    process = {"process": "axion_like", "events": 4000, "share": 0.25,
               "parameters": {"coupling": 1e-2, "decay": "invisible", "mass": 4.0}}  # fmt: skip
    window = {"variable": "photonECM", "centre": "photon_energy", "resolution": 0.2,
              "half_width": 1.0}  # fmt: skip
    return channel(
        offline={"regions": [[BARREL]], "efficiency": 0.5, "observable": [window]},
        background={"process": [process], "events": [3.0], "follows_trigger": False},
    )


def test_background_is_luminosity_times_cross_section(own_background: Channel) -> None:
    result = run_channels([own_background], [], events=4000)[0]
    at4, at6 = result.points
    for through, share in ((at4.ideal, 1.0), (at4.trigger["forward"], None)):
        ((one,), own) = through.backgrounds, through.efficiency.value
        # σ of the signal at 1e-4 is 1e-4 of that at 1e-2; both samples have their own events.
        wanted = 100 * 1e4 * at4.sigma_fb * 0.25 * at4.acceptance.value * 0.5 * (share or own)
        assert one.events[0] == pytest.approx(wanted, rel=0.06)
        assert one.variance**0.5 < 0.04 * one.events[0]
        found = limit(own_background, at4, through)
        assert found.background == pytest.approx(float(one.events[0]) + 3.0, rel=1e-12)
    # At 6 GeV the window is 0.95 GeV away, 4.7 resolutions: what is left is the Gaussian's tail.
    energy = [(Machine().s - m * m) / 2 / Machine().sqrt_s for m in (4.0, 6.0)]
    away = (energy[0] - energy[1]) / 0.2
    ratio = (phi(1 - away) - phi(-1 - away)) / math.erf(1 / math.sqrt(2))
    (here,), (there,) = at4.ideal.backgrounds, at6.ideal.backgrounds
    assert there.events[0] / here.events[0] == pytest.approx(ratio, rel=1e-9)
    value = channel_json(result, 1)["triggers"][0]
    assert list(value["points"][0]["backgrounds"]) == ["axion_like"]
    assert value["thin_backgrounds"] == {}
    workers = run_channels([own_background], [], events=4000, workers=2)[0]
    assert channel_json(workers, 1) == channel_json(result, 1)


def test_background_sample_keeps_what_is_inside(own_background: Channel, tmp_path: Path) -> None:
    (process,) = own_background.background.process
    asked: dict[str, Any] = {"seed": 3, "detector": False}
    made = background_sample(own_background, process, folder=tmp_path, **asked)
    theta = made.truth["photonThetaCM"]
    assert made.n_generated == 4000
    assert 2000 < len(made) < 3500
    assert ((theta >= BARREL["low"]) & (theta < BARREL["high"])).all()
    again = background_sample(own_background, process, folder=tmp_path, **asked)
    assert again.n_generated == 4000
    np.testing.assert_array_equal(again.truth["photonECM"], made.truth["photonECM"])
    assert len(list(tmp_path.iterdir())) == 1


def bins_of(background: list[float], signal: list[float]) -> Passed:
    counts = Counts("b", np.array(background), sum(background))
    seen = Through(Efficiency(sum(signal), 0.0, 0.0, 1.0), np.array(signal), (counts,))
    one = Efficiency(0.5, 0.0, 0.5, 0.5)
    return Passed(1.0, 8.0, 0.0, 100, one, seen, {"t": seen})


def test_limit_of_bins() -> None:
    """100 /fb, acceptance 0.5, efficiency 0.5: 25 events per fb, shared out over the bins."""
    own = channel(offline={"efficiency": 0.5, "observable": [
        {"variable": "photonECM", "edges": [0.0, 1.0, 2.0]}]})  # fmt: skip
    point = bins_of([10.0, 90.0], [0.3, 0.2])
    found = limit(own, point, point.ideal)
    sigma = signal_limit_shape([10.0, 90.0], [7.5, 5.0], cl=0.95, method="asimov")
    assert found.sigma_fb == pytest.approx(sigma, rel=1e-12)
    assert found.events == pytest.approx(12.5 * sigma, rel=1e-12)
    assert (found.background, found.background_err) == (100.0, 10.0)
    # Two bins are worth more than the same events in one.
    together = bins_of([100.0], [0.5])
    assert found.sigma_fb < 0.95 * limit(channel(), together, together.ideal).sigma_fb
    nothing = bins_of([10.0, 90.0], [0.0, 0.0])
    assert math.isinf(limit(own, nothing, nothing.ideal).sigma_fb)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_pyhf_agrees_on_bins_and_lines() -> None:
    """Our limit stands at μ = 1 of a workspace of two bins with two sources of uncertainty."""
    pyhf = pytest.importorskip("pyhf")
    own = channel(
        offline={"observable": [{"variable": "photonECM", "edges": [0.0, 1.0, 2.0]}]},
        statistic={"method": "asimov", "cl": 0.95, "signal_uncertainty": 0.1},
    )
    point = bins_of([20.0, 60.0], [0.3, 0.2])
    seen = replace(point.ideal, line_shifts={"hie": 0.15, "ff": 0.0})
    assert uncertainties(own, seen) == {"signal_efficiency": 0.1, "trigger_hie": 0.15}
    made = workspace(own, point, seen)
    assert made is not None
    names = {m["name"] for m in made.spec["channels"][0]["samples"][0]["modifiers"]}
    assert {"signal_efficiency", "trigger_hie"} <= names
    model = pyhf.Workspace(made.spec).model()
    data = [*made.spec["observations"][0]["data"], *model.config.auxdata]
    scan = np.linspace(0.7, 1.3, 13)
    levels = [float(pyhf.infer.hypotest(mu, data, model, return_expected=True)[1]) for mu in scan]
    assert np.interp(-0.05, -np.array(levels), scan) == pytest.approx(1.0, abs=0.01)
    without = limit(own, point, point.ideal)
    assert limit(own, point, seen).sigma_fb > without.sigma_fb


def test_uncertainty_of_a_line() -> None:
    """Only what no other line takes feels a line's uncertainty."""
    own = parse_channel({
        **channel().model_dump(exclude={"truth_trigger"}), "lines": ["ff", "hie4"],
        "statistic": {"cl": 0.95, "line_uncertainty": {"ff": 0.25, "hie4": 0.25}},
    }, "toy")  # fmt: skip
    (setting,) = settings()
    assert setting.fraction("ff") == setting.fraction("hie4") == 1.0
    dense = np.array([[1, 0], [1, 0], [1, 1], [0, 1]], dtype=bool)
    fired = BitTable.from_dense(("ff", "hie4"), dense.T)
    found = line_shifts(own, setting, fired, np.array([1.0, 2.0, 1.0, 1.0]))
    # ff at 0.8: 0.8 (1 + 2) + 1 + 1 of 5; hie4 at 0.8: 1 + 2 + 1 + 0.8 of 5.
    assert found["ff"] == pytest.approx(5 / 4.4 - 1, rel=1e-12)
    assert found["hie4"] == pytest.approx(5 / 4.8 - 1, rel=1e-12)


def test_mean_of_weighted_events() -> None:
    found = mean(np.array([1.0, 0.0, 0.5]), np.array([2.0, 1.0, 1.0]))
    assert found.value == 0.625
    assert found.error == pytest.approx(math.sqrt(0.75**2 + 0.625**2 + 0.125**2) / 4, rel=1e-12)
    assert math.isnan(mean(np.array([1.0]), np.array([0.0])).value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offline": {"observable": [{"variable": "photonEMC", "edges": [0, 1]}]}},
         "toy: offline.observable.0: unknown variable 'photonEMC' (nearest: 'photonECM'"),
        ({"offline": {"observable": [{"variable": "photonECM"}]}}, "needs one of: centre"),
        ({"offline": {"observable": [{"variable": "photonECM", "centre": "mass"}]}},
         "either half_width or half_widths"),
        ({"offline": {"observable": [{"variable": "photonECM", "centre": "mass", "half_width": 2.0,
                                      "resolution": [[1.0, 0.1], [8.0, 0.0]]}]}},
         "give a resolution above 0"),
        ({"background": {"process": [{"process": "bhabha"}]},
          "statistic": {"method": "zero_background", "cl": 0.9}},
         "'zero_background' is for a channel without background (nearest: 'asimov')"),
        ({"offline": {"observable": [
            {"variable": "photonECM", "centre": "mass", "half_width": 2.0}]}},
         "half_width counts resolutions"),
        ({"offline": {"observable": [{"variable": "photonECM", "edges": [1.0, 0.5]}]}},
         "edges must rise"),
        ({"offline": {"observable": [{"variable": "photonECM", "low": 0.0, "bins": 3}]}},
         "low, high and bins belong together"),
        ({"offline": {"observable": [{"variable": "photonECM", "edges": [0.0, 1.0, 2.0]}]},
          "background": {"events": [2.0]}}, "not of bins"),
        ({"background": {"process": [{"process": "bhaba"}]}}, "unknown process 'bhaba'"),
        ({"background": {"process": [{"process": "bhabha", "parameters": {"theta_mim": 1.0}}]}},
         "background.process.0"),
        ({"background": {"process": [{"process": "bhabha"}, {"process": "bhabha"}]}},
         "two processes are called 'bhabha'"),
        ({"truth_trigger": [], "lines": ["ff"],
          "statistic": {"cl": 0.9, "line_uncertainty": {"fff": 0.1}}},
         "'fff' is none of the lines (nearest: 'ff')"),
    ],
)  # fmt: skip
def test_bad_input(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        channel(**changes)
    assert message in str(error.value)


def test_simulated_events_behind_a_number() -> None:
    """An event that is smeared over many bins is one event: 16 of equal weight are 16."""
    bins = {"variable": "photonECM", "low": 0.0, "high": 10.0, "bins": 50, "resolution": 0.5}
    own = channel(offline={"observable": [bins]})
    truth = {"photonECM": np.full(16, 5.0)}
    made = Sample(1.0, 0.0, 64, truth, None)
    process = BackgroundProcess(process="bhabha")
    counts = background_counts(own, process, made, binned(own, made, 1.0), np.full(16, 0.5))
    assert counts.events.sum() == pytest.approx(100 * 16 * 0.5 / 64, rel=1e-9)
    assert counts.events.sum() ** 2 / counts.variance == pytest.approx(16.0, rel=1e-9)
