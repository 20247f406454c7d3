"""Windows with several candidates, and which events a background's windows can hold."""

from __future__ import annotations

from math import erf, sqrt

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.sensitivity.config import load_channel, parse_channel
from sim.sensitivity.observables import Observable, event_shares, window_boxes
from sim.sensitivity.regions import inside
from sim.streams import stream

MACHINE = Machine()


def _window(**more: object) -> Observable:
    given = {
        "variable": ["fourMuonPairMass1", "fourMuonPairMass2"], "centre": "mass",
        "resolution": 0.1, "half_width": 2.0,
    }  # fmt: skip
    return Observable.model_validate(given | more)


def _inside(value: float, mass: float) -> float:
    return 0.5 * (
        erf((mass + 0.2 - value) / 0.1 / sqrt(2)) - erf((mass - 0.2 - value) / 0.1 / sqrt(2))
    )


def test_any_candidate_in_the_window() -> None:
    truth = {
        "fourMuonPairMass1": np.array([1.0, 1.1, 3.0, np.nan]),
        "fourMuonPairMass2": np.array([2.0, 1.2, 1.05, np.nan]),
    }
    got = event_shares(_window(), truth, 1.0, MACHINE)[:, 0]
    both = 1 - (1 - _inside(1.1, 1.0)) * (1 - _inside(1.2, 1.0))
    assert got == pytest.approx([_inside(1.0, 1.0), both, _inside(1.05, 1.0), 0.0])


def test_one_bin_of_several_candidates() -> None:
    """An event counts once; in several bins it would count more than once, so these are refused."""
    pair = {"variable": ["fourMuonPairMass1", "fourMuonPairMass2"], "edges": [0.0, 1.0]}
    truth = {
        "fourMuonPairMass1": np.array([0.5, 0.5, np.nan]),
        "fourMuonPairMass2": np.array([0.7, 2.5, 1.5]),
    }
    got = event_shares(Observable.model_validate(pair), truth, 1.0, MACHINE)
    assert got.tolist() == [[1.0], [1.0], [0.0]]
    with pytest.raises(ValueError, match="give one variable for 2 bins"):
        Observable.model_validate(pair | {"edges": [0.0, 1.0, 2.0]})


def test_boxes_hold_every_event_that_counts() -> None:
    """Two windows, one with candidates: outside the boxes the shares are nothing."""
    second = _window(variable="dimuonRecoilMass2", centre="mass^2", resolution=0.3)
    rng = stream(3, "test/boxes")
    names = ("fourMuonPairMass1", "fourMuonPairMass2", "dimuonRecoilMass2")
    truth = {name: rng.uniform(0.0, 10.0, 4000) for name in names}
    masses = [1.0, 2.5]
    boxes = window_boxes([_window(), second], masses, MACHINE)
    assert len(boxes) == 4
    kept = inside(boxes, truth)
    weights = [
        event_shares(_window(), truth, mass, MACHINE) * event_shares(second, truth, mass, MACHINE)
        for mass in masses
    ]
    assert 100 < kept.sum() < 4000
    assert np.max([weight[~kept] for weight in weights]) < 1e-8
    assert np.max([weight[kept] for weight in weights]) > 0.5
    bins = Observable.model_validate(
        {"variable": "dimuonMass", "edges": [0.0, 1.0, 3.0], "resolution": [[1.0, 0.1], [2.0, 0.2]]}
    )
    found = [(box[0].low, box[0].high) for box in window_boxes([bins], [1.0, 2.0], MACHINE)]
    assert found == [pytest.approx((-0.6, 3.6)), pytest.approx((-1.2, 4.2))]
    assert window_boxes([], masses, MACHINE) == []


def test_candidates_are_checked() -> None:
    data = load_channel("zprime_mumu").model_dump()
    wrong = ["fourMuonPairMass1", "fourMuonPairMas2"]
    data["offline"]["observable"] = [_window(variable=wrong).model_dump()]
    with pytest.raises(InputError, match="'fourMuonPairMass2'"):
        parse_channel(data, "here")
