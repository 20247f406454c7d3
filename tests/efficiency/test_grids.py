"""Grids of mass and lifetime: closed forms, sums that add up, and what the files hold."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import correctionlib
import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.events import Events
from sim.processes import get_process
from sim.processes.long_lived import LongLived
from trigger import intervals
from trigger.export import correctionlib as corrections
from trigger.export import grids as export
from trigger.grids import EfficiencyGrid, ctau_edges, mass_edges

MASS = 1.0
CTAUS = tuple(np.geomspace(1e-5, 10.0, 13).tolist())
N = 40_000


def _process(name: str, **values: object) -> LongLived:
    process = get_process(name, None, mass=MASS, **values)
    assert isinstance(process, LongLived)
    return process


def _filled(
    process: LongLived, events: Events, passed: np.ndarray, chosen: np.ndarray | None = None
) -> EfficiencyGrid:
    weight = np.column_stack([process.weights_for_ctau(events, ctau) for ctau in CTAUS])
    return EfficiencyGrid(["fake"], [MASS], CTAUS).fill(0, weight, {"fake": passed}, chosen)


def _agree(grid: EfficiencyGrid, expected: np.ndarray) -> None:
    """Within four errors at every lifetime, and the errors are worth something."""
    found, (lo, hi) = grid.efficiency()[0, 0], (each[0, 0] for each in grid.interval())
    error = np.where(found < expected, hi - found, found - lo)
    assert np.all(np.abs(found - expected) < 4.0 * error + 1e-12)
    assert np.max(hi - lo) < 0.03


@pytest.fixture(scope="module")
def recoil() -> tuple[LongLived, Events]:
    process = _process("photon_displaced", sampling="broad")
    return process, process.generate(N, 3)


def test_trigger_that_sees_a_length_has_the_closed_form(recoil: tuple[LongLived, Events]) -> None:
    """Of fixed momentum p* = (s - m²)/2√s, decays within L: 1 - exp(-L m/(p* cτ))."""
    process, events = recoil
    momentum = (process.machine.s - MASS**2) / (2.0 * process.machine.sqrt_s)
    length = process.proper_lengths(events)[:, 0] * momentum / MASS  # [cm], centre-of-mass frame
    reach = 20.0
    expected = -np.expm1(-reach * MASS / momentum / (100.0 * np.array(CTAUS)))
    assert expected.min() < 0.01
    assert expected.max() > 0.999
    _agree(_filled(process, events, length < reach), expected)


def test_cuts_of_the_denominator_are_conditions(recoil: tuple[LongLived, Events]) -> None:
    """P(l < a | l < b) = (1 - exp(-a/cτ)) / (1 - exp(-b/cτ)), and the share is P(l < b)."""
    process, events = recoil
    length, a, b = process.proper_lengths(events)[:, 0], 3.0, 30.0
    grid = _filled(process, events, length < a, length < b)
    ctau = 100.0 * np.array(CTAUS)
    _agree(grid, np.expm1(-a / ctau) / np.expm1(-b / ctau))
    error = np.sqrt(grid.w2_total[0]) / N * 2.0 + 1e-3
    assert np.all(np.abs(grid.share()[0] + np.expm1(-b / ctau)) < 4.0 * error)
    assert grid.n_events[0] == np.sum(length < b) < grid.n_generated[0] == N


def test_trigger_in_the_laboratory_averages_over_boosts() -> None:
    process = _process("b_to_k_s", sampling="broad")
    events = process.generate(N, 4)
    parent = events.p4.reshape(-1, 3, 4)[:, 1:].sum(axis=1)
    slowness = MASS / np.linalg.norm(parent[:, :3], axis=1)
    distance = np.linalg.norm(events.vertex[1::3, :3], axis=1)
    reach = 50.0
    rate = reach * slowness / 100.0
    expected = np.array([-np.mean(np.expm1(-rate / ctau)) for ctau in CTAUS])
    _agree(_filled(process, events, distance < reach), expected)


@pytest.mark.parametrize("ctau", [3e-3, 0.2, 5.0])
def test_broad_sample_has_the_efficiency_of_a_sample_of_that_lifetime(ctau: float) -> None:
    def radius(events: Events) -> np.ndarray:
        return np.hypot(events.vertex[1::3, 0], events.vertex[1::3, 1])

    broad, own = _process("b_to_k_s", sampling="broad"), _process("b_to_k_s", ctau=ctau)
    events, direct = broad.generate(N, 5), radius(own.generate(N, 6))
    passed = (radius(events) > 2.0) & (radius(events) < 60.0)
    grid = EfficiencyGrid(["fake"], [MASS], [ctau])
    grid.fill(0, broad.weights_for_ctau(events, ctau)[:, None], {"fake": passed})
    expected = np.mean((direct > 2.0) & (direct < 60.0))
    lo, hi = grid.interval()
    spread = np.hypot(0.5 * (hi - lo), np.sqrt(expected * (1 - expected) / N))
    assert abs(grid.efficiency().item() - expected) < 4.0 * spread.item()
    assert 0.01 < expected < 0.9


def _random(seed: int, n: int) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    weight = 2.0 ** rng.integers(-20, 4, (n, 3))  # sums of these are exact in any order
    fired = {name: rng.random(n) < 0.3 for name in ("ff", "fyo", "stt")}
    return weight, fired, rng.random(n) < 0.7


def _grid() -> EfficiencyGrid:
    return EfficiencyGrid(["ff", "stt"], [0.5, 2.0], [1e-3, 0.1, 3.0], {"two": ["ff", "fyo"]})


def test_merged_chunks_equal_the_whole() -> None:
    weight, fired, chosen = _random(1, 1000)
    whole, parts = _grid().fill(1, weight, fired, chosen), _grid()
    for cut in (slice(0, 137), slice(137, 640), slice(640, None)):
        part = {name: bits[cut] for name, bits in fired.items()}
        parts.merge(_grid().fill(1, weight[cut], part, chosen[cut]))
    assert parts == whole
    assert parts != parts_of_less(weight, fired)


def parts_of_less(weight: np.ndarray, fired: dict[str, np.ndarray]) -> EfficiencyGrid:
    return _grid().fill(1, weight[1:], {name: bits[1:] for name, bits in fired.items()})


def test_groups_pass_where_any_line_does() -> None:
    weight, fired, chosen = _random(2, 400)
    grid = _grid().fill(0, weight, fired, chosen)
    assert grid.names == ("ff", "stt", "two")
    both = [i for i in range(400) if chosen[i] and (fired["ff"][i] or fired["fyo"][i])]
    for ctau in range(3):
        total = sum(weight[i, ctau] for i in range(400) if chosen[i])
        square = sum(weight[i, ctau] ** 2 for i in range(400) if chosen[i])
        assert grid.efficiency()[2, 0, ctau] == sum(weight[i, ctau] for i in both) / total
        assert grid.effective()[0, ctau] == total**2 / square
    assert np.isnan(grid.efficiency()[:, 1]).all()  # no events of that mass
    assert (grid.interval()[0][:, 1] == 0).all()
    assert (grid.interval()[1][:, 1] == 1).all()


def test_cautious_interval_covers_where_the_other_fails() -> None:
    """Weights over orders of magnitude, one failure in a hundred: toys at a known efficiency."""
    rng, p = np.random.default_rng(7), 0.99
    weight = np.minimum(np.exp(3.0 * rng.standard_normal((2000, 400))), 50.0)
    passed = weight * (rng.random(weight.shape) < p)
    sums = (passed.sum(axis=1), weight.sum(axis=1),
            (passed * weight).sum(axis=1), (weight**2).sum(axis=1))  # fmt: skip
    covered = []
    for interval in (intervals.generalised_wilson, intervals.cautious_wilson):
        lo, hi = interval(*sums, intervals.ONE_SIGMA)
        covered.append(np.mean((lo <= p) & (p <= hi)))
    assert covered[0] < 0.6
    assert 0.68 < covered[1] < 0.95


def test_cautious_interval_of_equal_weights_is_wilson() -> None:
    passed, total = np.array([0.0, 3.0, 20.0]), np.array([20.0, 20.0, 20.0])
    found = intervals.cautious_wilson(0.5 * passed, 0.5 * total, 0.25 * passed, 0.25 * total, 0.9)
    np.testing.assert_allclose(found, intervals.wilson(passed, total, 0.9), atol=1e-12)


def test_edges_lie_between_points() -> None:
    np.testing.assert_allclose(mass_edges([0.5, 1.0, 2.0]), [0.25, 0.75, 1.5, 2.5])
    np.testing.assert_allclose(mass_edges([0.1, 1.0]), [0.0, 0.55, 1.45])
    np.testing.assert_allclose(ctau_edges([1e-3, 1e-1, 1e0]), [1e-4, 1e-2, 10**-0.5, 10**0.5])
    np.testing.assert_allclose(ctau_edges([0.2]), [0.198, 0.202])


def test_files_give_the_numbers_back(tmp_path: Path) -> None:
    weight, fired, chosen = _random(3, 500)
    grid = _grid().fill(0, weight, fired, chosen).fill(1, weight[:, ::-1], fired)
    (lo, hi), value = grid.interval(), grid.efficiency()
    export.write_npz(tmp_path / "a.npz", grid)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert arrays["line"].tolist() == ["ff", "stt", "two"]
        expectations = {
            "mass": [0.5, 2.0], "ctau": [1e-3, 0.1, 3.0], "efficiency": value, "lo": lo, "hi": hi,
            "n_eff": grid.effective(), "n_events": grid.n_events,
        }  # fmt: skip
        for name, expected in expectations.items():
            assert np.array_equal(arrays[name], np.asarray(expected)), name
    rows = list(csv.DictReader(io.StringIO(export.to_csv(grid, "a"))))
    assert len(rows) == value.size
    loaded = correctionlib.CorrectionSet.from_string(corrections.render(grid.tables()))
    for where, row in zip(np.ndindex(value.shape), rows, strict=True):
        point = (grid.masses[where[1]], grid.ctaus[where[2]])
        assert (row["line"], float(row["mass_gev"]), float(row["ctau_m"])) == (
            grid.names[where[0]], *point)  # fmt: skip
        assert float(row["efficiency"]) == value[where]
        assert float(row["efficiency"]) + float(row["err_hi"]) == pytest.approx(hi[where])
        correction = loaded[f"L1FTDL_{row['line']}"]
        for key, expected in (("nominal", value), ("stat_up", hi), ("stat_down", lo)):
            assert correction.evaluate(*point, key) == pytest.approx(expected[where], rel=1e-14)
    correction = loaded["L1FTDL_two"]
    for mass, ctau, expected in ((1.24, 0.011, value[2, 0, 1]), (1.26, 0.009, value[2, 1, 0])):
        assert correction.evaluate(mass, ctau, "nominal") == pytest.approx(expected, rel=1e-14)
    for outside in ((0.5, 1e-5), (0.5, 100.0), (3.0, 0.1)):
        with pytest.raises((RuntimeError, IndexError)):
            correction.evaluate(*outside, "nominal")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["ff"], [1.0, 1.0], [0.1]), r"grid\.masses: must be positive and rise"),
        ((["ff"], [1.0], [0.1, 0.01]), r"grid\.ctaus: must be positive and rise"),
        ((["ff"], [1.0], [0.1], {"ff": ["stt"]}), r"'ff' is given twice"),
        (([], [1.0], [0.1]), r"0 points"),
    ],
)
def test_impossible_grid_is_refused(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        EfficiencyGrid(*arguments)  # type: ignore[arg-type]


def test_wrong_events_are_refused() -> None:
    weight, fired, _ = _random(4, 10)
    with pytest.raises(InputError, match=r"unknown line 'fyo'; allowed: ff, stt"):
        _grid().fill(0, weight, {name: fired[name] for name in ("ff", "stt")})
    with pytest.raises(InputError, match="must not be negative"):
        _grid().fill(0, -weight, fired)
    with pytest.raises(InputError, match=r"grids differ in ctaus"):
        _grid().merge(EfficiencyGrid(["ff", "stt"], [0.5, 2.0], [1.0], {"two": ["ff", "fyo"]}))
