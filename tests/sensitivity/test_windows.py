"""Windows by mass: every combination by plain loops, smearing by the error function."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes import base
from sim.sensitivity import edges as chosen_edges
from sim.sensitivity import sample
from sim.sensitivity.config import load_channel, parse_channel
from sim.sensitivity.edges import with_chosen_edges
from sim.sensitivity.observables import BinnedEvents, Observable, window_boxes
from sim.sensitivity.passed import binned
from sim.sensitivity.passing import extended
from sim.sensitivity.sample import background_sample
from sim.sensitivity.windows import Weighted, Window, best_edges, kept_shares, yields
from sim.streams import stream

MACHINE = Machine()
WINDOWS = [
    Window(variable="m2", kind="about", centre="mass^2", edges=[1.0, 2.0, 3.0],
           resolution=[[0.0, 1.0], [4.0, 0.5]]),
    Window(variable="e", kind="above", edges=[1.0, 2.0, 3.0, 4.0], below_recoil=True),
    Window(variable="eta", kind="within", edges=[0.5, 1.0, 1.5]),
]  # fmt: skip


def _events(name: str, n: int, mean: float, spread: float) -> dict[str, np.ndarray]:
    rng = stream(3, f"test/{name}")
    return {
        "m2": rng.normal(mean, spread, n), "e": rng.uniform(0.5, 6.5, n),
        "eta": rng.normal(0.0, 0.5 * spread, n),
    }  # fmt: skip


def _by_hand(truth: dict[str, np.ndarray], cut: tuple[float, float, float], mass: float) -> float:
    """Number of events that three edges keep: one event after the other."""
    sigma = 1.0 - 0.125 * mass
    top = (MACHINE.s + mass**2) / (2 * MACHINE.sqrt_s)
    total = 0.0
    for m2, e, eta in zip(*truth.values(), strict=True):
        if cut[1] <= e <= top and abs(eta) <= cut[2]:
            low, high = (
                0.5 * math.erf((mass**2 + side * cut[0] * sigma - m2) / (sigma * math.sqrt(2)))
                for side in (-1, 1)
            )
            total += high - low
    return total


@pytest.mark.parametrize("mass", [0.0, 2.0])
def test_every_combination_by_hand(mass: float) -> None:
    signal = _events("signal", 60, mass**2, 0.8)
    backgrounds = [_events("one", 50, 3.0, 2.0), _events("two", 40, 6.0, 3.0)]
    found = yields(WINDOWS, Weighted(signal, 2.5), mass, MACHINE)
    best, merit = None, -1.0
    for i, kappa in enumerate((1.0, 2.0, 3.0)):
        for j, low in enumerate((1.0, 2.0, 3.0, 4.0)):
            for k, eta in enumerate((0.5, 1.0, 1.5)):
                cut = (kappa, low, eta)
                s = _by_hand(signal, cut, mass)
                assert found[i, j, k] == pytest.approx(2.5 * s, rel=1e-9)
                b = 7 * _by_hand(backgrounds[0], cut, mass) + _by_hand(backgrounds[1], cut, mass)
                if s >= 0.5 * 60 and s / math.sqrt(max(b, 1.0)) > merit:
                    best, merit = cut, s / math.sqrt(max(b, 1.0))
    assert best is not None
    weighted = [Weighted(backgrounds[0], 7.0), Weighted(backgrounds[1], 1.0)]
    assert best_edges(WINDOWS, Weighted(signal, 1.0), weighted, mass, MACHINE, 0.5) == best


def test_the_share_of_the_signal_decides() -> None:
    """With more to keep the edges open; what nothing keeps gives the widest."""
    signal, background = _events("signal", 400, 1.0, 0.5), [Weighted(_events("b", 400, 4, 2), 9.0)]
    kept = []
    for keep in (0.2, 0.4, 0.6):
        best = best_edges(WINDOWS, Weighted(signal, 1.0), background, 1.0, MACHINE, keep)
        kept.append(_by_hand(signal, best, 1.0))
        assert kept[-1] >= keep * 400
    assert kept[0] < kept[2]
    # No event lies beyond the second edge of the third window: of equal ones the first.
    assert np.abs(signal["eta"]).max() < 1.0
    assert best_edges(WINDOWS, Weighted(signal, 1.0), background, 1.0, MACHINE, 1.0) == (3, 1, 1)


def test_edges_by_mass_and_no_particle() -> None:
    window = Window(variable="x", kind="within", edge_by_mass=[[0.0, 1.0], [2.0, 3.0]])
    truth = {"x": np.array([0.5, 1.9, -1.9, 2.1, np.nan])}
    assert list(kept_shares([window], truth, 1.0, MACHINE)) == [1, 1, 1, 0, 0]
    with pytest.raises(ValueError, match="unpack"):
        kept_shares([WINDOWS[2]], {"eta": np.zeros(1)}, 1.0, MACHINE)


def test_relative_resolution_in_even_ratios() -> None:
    """Bins of one ratio; an event's share of each from the error function."""
    axis = Observable(variable="x", low=1.0, high=8.0, bins=3, spacing="log",
                      resolution=0.1, relative=True)  # fmt: skip
    assert list(axis.edges_at(0.0, MACHINE)) == pytest.approx([1, 2, 4, 8])
    sums = BinnedEvents([axis], {"x": np.array([2.2])}, 0.0, MACHINE).sums(np.ones(1))
    phi = [0.5 * math.erf((edge - 2.2) / (0.22 * math.sqrt(2))) for edge in (1, 2, 4, 8)]
    assert list(sums) == pytest.approx(np.diff(phi).tolist(), abs=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edges": []}, "either edges"),
        ({"edges": [2.0, 1.0]}, "rise"),
        ({"kind": "within", "below_recoil": True}, "below_recoil"),
        ({"variable": "noSuch"}, "noSuch"),
    ],
)
def test_impossible_windows_are_refused(change: dict[str, object], message: str) -> None:
    data = load_channel("alp_eea_invisible").model_dump()
    data["offline"]["window"][0] |= change
    with pytest.raises(InputError, match=message):
        parse_channel(data, "own.toml")


def test_edges_of_the_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """One edge a mass in every window; the limit's events are not those of the choice."""
    channel = load_channel("alp_eea_invisible")
    monkeypatch.setattr(sample, "CROSS_SECTION_EVENTS", 1000)
    monkeypatch.setattr(base, "GRID_POINTS", 4000)
    monkeypatch.setattr(base, "PILOT_POINTS", 8000)
    few = [one.model_copy(update={"events": 400}) for one in channel.background.process[1:2]]
    small = channel.model_copy(update={
        "signal": channel.signal.model_copy(update={"masses": [1.0], "events": 300}),
        "background": channel.background.model_copy(update={"process": few}),
    })  # fmt: skip
    seeds = []
    plain = chosen_edges.background_sample
    monkeypatch.setattr(
        chosen_edges, "background_sample",
        lambda *given, seed, **keys: seeds.append(seed) or plain(*given, seed=seed, **keys),
    )  # fmt: skip
    found = with_chosen_edges(small, seed=1)
    assert seeds == [2]
    for before, after in zip(small.offline.window, found.offline.window, strict=True):
        assert not after.edges
        assert after.edge_by_mass[0][0] == 1.0
        assert after.edge_by_mass[0][1] in before.edges
    assert with_chosen_edges(found, seed=1) is found
    # The first events alone pass the detector; all are counted.
    one = few[0].model_copy(update={"detector_events": 5})
    made = background_sample(found, one, seed=1)
    assert made.n_detected == 5 < len(made)
    assert made.select(np.arange(len(made)) % 2 == 0).n_detected == 3
    whole = background_sample(found, few[0], seed=1, detector=False)
    for name, values in made.truth.items():
        np.testing.assert_array_equal(values, whole.truth[name])
    assert binned(found, made, 1.0).weight.sum() > 0


def test_probabilities_of_the_others() -> None:
    assert list(extended(np.array([1.0, 0.0, 0.5]), 5)) == [1.0, 0.0, 0.5, 0.5, 0.5]
    assert list(extended(np.zeros(0), 2)) == [0.0, 0.0]


def test_smoothing_is_a_wider_gaussian() -> None:
    """A window of a smoothed background: the error function of both widths in quadrature."""
    axis = Observable(variable="x", centre="mass", resolution=0.3, half_width=2.0)
    truth = {"x": np.array([1.5, 3.0])}
    sums = BinnedEvents([axis], truth, 2.0, MACHINE, 0.4).sums(np.ones(2))
    phi = [[math.erf((edge - x) / (0.5 * math.sqrt(2))) for edge in (1.4, 2.6)] for x in (1.5, 3.0)]
    assert sums[0] == pytest.approx(sum(0.5 * (high - low) for low, high in phi), rel=1e-12)
    (plain,), (wide,) = (window_boxes([axis], [2.0], MACHINE, each) for each in (0.0, 0.4))
    assert (plain[0].low, plain[0].high) == pytest.approx((1.4 - 1.8, 2.6 + 1.8))
    assert (wide[0].low, wide[0].high) == pytest.approx((1.4 - 3.0, 2.6 + 3.0))
