"""Fronts by brute force, reach of a closed form, dead time that rises, candidates, files."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trigger.menu as menu_package
from firmware_models.errors import InputError
from sim.optimise.candidates import candidates
from sim.optimise.config import load_optimise, parse_optimise
from sim.optimise.dead_time import DeadCurve, DeadPoint, prepared_readout, rising, simulated
from sim.optimise.front import best_within, combined, pareto_front
from sim.optimise.reach import channel_reach, objective
from sim.optimise.run import prepare
from sim.optimise.signal import SignalPoint
from sim.readout.config import parse_readout
from sim.sensitivity.channel import Channel
from sim.sensitivity.config import parse_channel
from sim.sensitivity.decide import upstreams
from sim.sensitivity.passed import Passed, Through
from sim.sensitivity.passing import Efficiency

FILE: dict[str, Any] = {
    "channel": [{"channel": "dark_photon"}],
    "axes": {
        "registers": {"ecl_selection": {"lml13_energy": ["0.3 GeV", "0.5 GeV"]}},
        "prescales": {"lml7": [1, 2, 5]},
    },
}


def _beaten(rate: list[float], reach: list[float], i: int) -> bool:
    return any(
        r <= rate[i] and q >= reach[i] and (r < rate[i] or q > reach[i])
        for r, q in zip(rate, reach, strict=True)
    )


@pytest.mark.parametrize("seed", range(20))
def test_front_by_brute_force(seed: int) -> None:
    """Whole numbers in a small range: many are equal in one value or in both."""
    rng = np.random.default_rng(seed)
    rate, reach = rng.integers(0, 12, (2, 40)).astype(float)
    wanted = [not _beaten(rate.tolist(), reach.tolist(), i) for i in range(40)]
    assert pareto_front(rate, reach).tolist() == wanted
    allowed = rate <= 6
    inside = [i for i in range(40) if allowed[i]]
    best = min(inside, key=lambda i: (-reach[i], rate[i], i))
    assert best_within(rate, reach, allowed) == best
    assert best_within(rate, reach, rate < 0) is None


def test_front_of_equals_is_all_of_them() -> None:
    rate, reach = np.array([2.0, 1.0, 1.0, 1.0]), np.array([3.0, 3.0, 3.0, 2.0])
    assert pareto_front(rate, reach).tolist() == [False, True, True, False]
    assert best_within(rate, reach, np.array([True] * 4)) == 1


def test_mean_over_channels() -> None:
    reach = np.array([[0.25, 1.0], [0.0, 1.0], [0.5, 0.5]])
    assert combined(reach, [1, 1]) == pytest.approx([0.5, 0.0, 0.5])
    assert combined(reach, [3, 1]) == pytest.approx([0.25**0.75, 0.0, 0.5])


def _toy_channel() -> Channel:
    return parse_channel({
        "name": "toy", "title": "no background", "luminosity_fb": 10.0, "lines": ["lml6"],
        "signal": {"process": "dark_photon", "masses": [1.0, 2.0]},
        "coupling": {"name": "g", "reference": 1e-3, "exponent": 2.0},
        "statistic": {"method": "zero_background", "cl": 0.9},
    }, "toy")  # fmt: skip


def _toy_point(mass: float, value: list[float], error: float) -> SignalPoint:
    ideal, *seen = (Through.counted(Efficiency(one, 0.0, one, one)) for one in (1.0, *value))
    passed = Passed(mass, 5.0, 0.0, 100, Efficiency(0.5, 0.0, 0.5, 0.5), ideal, {})
    variance = np.full(len(value), error**2)
    return SignalPoint(passed, tuple(seen), np.array(value), variance, variance / 2)


def test_reach_of_a_closed_form() -> None:
    """Without background the limit on events is a constant: r = √(ε (1 - dead time))."""
    efficiency = [[1.0, 0.36, 0.0], [1.0, 0.64, 0.04]]
    dead = np.array([0.0, 0.19, 0.5])
    points = [_toy_point(m, e, 0.01) for m, e in zip([1.0, 2.0], efficiency, strict=True)]
    found = channel_reach(_toy_channel(), points, dead)
    wanted = np.sqrt(np.array(efficiency).T * (1 - dead)[:, np.newaxis])
    np.testing.assert_allclose(found.ratio, wanted, rtol=1e-9)
    np.testing.assert_allclose(found.reach, wanted.mean(axis=1), rtol=1e-9)
    # -ln(0.1) events, L A σ = 25 events at g = 1e-3.
    assert found.ideal[0] == pytest.approx(1e-3 * math.sqrt(-math.log(0.1) / 25), rel=1e-9)
    one = objective("toy", [found], [2.0])
    # dr/dε = r / 2ε, two masses, each with an error of 0.01.
    slope = wanted[1] / (2 * np.array([0.36, 0.64]))
    assert one.error[1] == pytest.approx(0.01 * math.hypot(*slope) / 2, rel=1e-9)
    # Half of the variance is common with the base, whose slope is 1/2 at both masses.
    change = [math.sqrt(s**2 + 0.25 - s * 0.5) for s in slope]
    assert one.difference_err[1] == pytest.approx(0.01 * math.hypot(*change) / 2, rel=1e-9)
    assert one.difference_err[0] == 0.0
    # The square root of the product of twice the same is the same; its parts are one sample.
    both = objective("both", [found, found], [1.0, 1.0])
    np.testing.assert_allclose(both.value, one.value, rtol=1e-12)


def test_values_that_fall_are_averaged() -> None:
    values = np.array([1.0, 3.0, 2.0, 2.5, 2.0, 5.0])
    found = rising(values, np.ones(6))
    np.testing.assert_allclose(found, [1.0, 2.375, 2.375, 2.375, 2.375, 5.0])
    # Twice the error: a quarter of the weight.
    np.testing.assert_allclose(rising(np.array([2.0, 1.0]), np.array([1.0, 2.0])), [1.8, 1.8])


def test_dead_time_between_rates() -> None:
    """One dead time after each trigger: λτ / (1 + λτ) for every rate, also between the points."""
    config = parse_readout({
        "run": {"triggers": 60_000},
        "arrivals": {"kind": "poisson", "rate_khz": 1.0},
        "throttle": [{"kind": "dead_time", "ticks": 1272}],
    }, "test")  # fmt: skip
    tau_ms = 1272 / config.clock.frequency_mhz * 1e-3
    curve = DeadCurve(tuple(simulated(config, [5.0, 20.0, 35.0, 50.0], 1)))
    for point in curve.points:
        load = point.rate_khz * tau_ms
        assert abs(point.value - load / (1 + load)) < 5 * point.error
        assert 0 < point.error < 0.004
    rates = np.array([7.0, 12.5, 27.0, 44.0])
    exact = rates * tau_ms / (1 + rates * tau_ms)
    np.testing.assert_allclose(curve.at(rates), exact, atol=0.012)
    direct = simulated(config, rates.tolist(), 2)
    for value, point in zip(curve.at(rates), direct, strict=True):
        assert abs(value - point.value) < 0.012
    fine = curve.at(np.linspace(0, 60, 500))
    assert (np.diff(fine) >= 0).all()
    assert curve.at(np.array([0.0]))[0] == curve.at(np.array([5.0]))[0]
    assert DeadCurve((DeadPoint(3.0, 0.1, 0.0),)).at(np.array([1.0, 9.0])).tolist() == [0.1, 0.1]


def test_candidates_are_all_combinations() -> None:
    """The packaged menu has lml13 at 0.5 GeV: with its own prescale of lml7 that is the base."""
    found = candidates(parse_optimise(FILE, "test"))
    own = found[0].setting.menu.line("lml7").prescale.value
    assert found[0].base
    assert sum(one.base for one in found) == 1
    assert len(found) == (6 if own in (1, 2, 5) else 7)
    assert len({one.label for one in found}) == len(found)
    assert {one.prescale("lml7") for one in found} >= {1.0, 2.0, 5.0}
    # Two thresholds, whatever the prescales, and one setting of the track trigger.
    groups = upstreams([one.setting for one in found])
    assert len(groups) == 1
    assert len(groups[0].groups) == 2
    assert sorted(n for _, numbers in groups[0].groups for n in numbers) == list(range(len(found)))


def test_track_registers_have_words_of_their_own() -> None:
    data = FILE | {"axes": {"registers": {
        "cdc_hough": {"hit_threshold": [3, 4]}, "ecl_selection": {"lml6_energy": [100, 150]},
    }}}  # fmt: skip
    chosen = candidates(parse_optimise(data, "test"))
    found = upstreams([one.setting for one in chosen])
    assert len(found) == 2
    assert [one.registers["cdc_hough"]["hit_threshold"].item() for one in found] == [4, 3]


def test_menus_and_working_points_are_axes(tmp_path: Path) -> None:
    packaged = Path(menu_package.__file__).parents[1] / "menus" / "low_multiplicity.toml"
    mine = tmp_path / "mine.toml"
    text, changed = re.subn(r'version = "\d+"', 'version = "mine"', packaged.read_text("utf-8"))
    assert changed == 1
    mine.write_text(text, encoding="utf-8")
    data = FILE | {"axes": {
        "menu": ["low_multiplicity", str(mine)],
        "working_point": ["single_photon_low", "high_background"],
    }}  # fmt: skip
    found = candidates(parse_optimise(data, "test"))
    assert [one.label for one in found][:2] == ["base", "low_multiplicity, single_photon_low"]
    assert len(found) == 5
    assert not found[0].values
    # high_background asks for more planes of the muon detector: sectors of its own.
    first, second = upstreams([one.setting for one in found])
    assert [numbers for _, numbers in first.groups] == [[0], [1], [3]]
    assert [numbers for _, numbers in second.groups] == [[2], [4]]
    # The menus share the words behind the same thresholds.
    assert first.groups[1][0].registers is first.groups[2][0].registers


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"axes": {}}, "axes: nothing to vary"),
        ({"chanel": []}, "chanel: unknown key (nearest: 'channel')"),
        ({"channel": []}, "channel: List should have at least 1 item"),
        ({"channel": [{"channel": "dark_foton"}]}, "unknown channel 'dark_foton' (nearest: 'dark_"),
        ({"channel": [{"channel": "dark_photon"}] * 2}, "channel 'dark_photon' is given twice"),
        ({"channel": [{"channel": "babar_dark_photon"}]}, "has a trigger by truth variables"),
        ({"channel": [{"channel": "dark_photon", "masses": [99.0]}]}, "mass: must be 0 to"),
        ({"axes": {"prescales": {"lml77": [1]}}}, "unknown line 'lml77' (nearest: 'lml7')"),
        ({"axes": {"prescales": {"lml7": [0.5]}}}, "must be 0 (masked) or at least 1"),
        ({"axes": {"prescales": {"lml7": [2, 2]}}}, "prescales.lml7: a value is given twice"),
        ({"axes": {"menu": ["low"]}}, "no packaged menu of this name"),
        ({"axes": {"working_point": ["deep"]}}, "unknown working point 'deep'"),
        ({"axes": {"registers": {"ecl_selection": {"lml6_energi": [1]}}}}, "'lml6_energy'"),
        ({"axes": {"registers": {"ecl_selection": {"lml6_energy": ["1 m"]}}}}, "not '1 m'"),
        ({"axes": {"prescales": {f"lml{i}": [1, 2, 4, 8] for i in range(6)}}},
         "4 x 4 x 4 x 4 x 4 x 4 = 4096 combinations are too many; allowed: up to 1000"),
        ({"axes": {"working_point": ["deep_network"]}}, "is for the network 'deep'"),
        ({"budget": {"dead_time": 5.0}}, "budget.dead_time: Input should be less than or equal"),
        ({"budget": {"rate_khs": 5.0}}, "budget.rate_khs: unknown key (nearest: 'rate_khz')"),
        ({"optimise": {"study": "none.toml"}}, "none.toml: cannot"),
        ({"readout": {"config": "none.toml"}}, "none.toml: cannot"),
    ],
)  # fmt: skip
def test_files_are_checked(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        prepare(parse_optimise(FILE | change, "test"), "test")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_readouts_without_a_rate_are_refused(tmp_path: Any) -> None:
    path = tmp_path / "readout.toml"
    path.write_text('[arrivals]\nkind = "menu"\n')
    config = parse_optimise(FILE | {"readout": {"config": str(path)}}, "test")
    with pytest.raises(InputError, match="have no rate to set; allowed: poisson, beam"):
        prepared_readout(config.readout, 1)


def test_the_packaged_example() -> None:
    folder = Path(__file__).parents[2] / "examples" / "optimise"
    given = prepare(load_optimise(folder / "single_photon.toml"))
    # Today's thresholds and prescales are one of the combinations.
    assert len(given.candidates) == 3 * 3 * 3 * 2
    assert given.candidates[0].values
