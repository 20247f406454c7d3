"""One track against three: plain four-vectors, the end of two-body τ decays, counts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.events import from_dense
from sim.machine import Machine, transform
from sim.processes import get_process
from sim.truth import truth_variables
from tests.truth.plain_four_tracks import plain_four_tracks

MACHINE = Machine()
TAU = 1.77686
PION = 0.13957


def test_equal_to_plain_arithmetic() -> None:
    process = get_process("tau_pair", MACHINE, tau_minus="one_prong", tau_plus="three_prong")
    events = process.generate(400, seed=3)
    found = truth_variables(events, MACHINE)
    wanted = [plain_four_tracks(events, i) for i in range(len(events))]
    assert 100 < sum("oneProngX" in values for values in wanted) < 390
    for name in ("fourTrackMass", "oneProngPDG", "oneProngX"):
        plain = [values.get(name, math.nan) for values in wanted]
        np.testing.assert_allclose(found[name], plain, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize(("mass", "lepton", "own"), [(0.0, "e", 0.000511), (1.2, "mu", 0.10566)])
def test_two_body_decay_at_the_true_axis(mass: float, lepton: str, own: float) -> None:
    """Three collinear pions show the τ's direction: x is the two-body energy, as in a textbook."""
    half, rest = MACHINE.sqrt_s / 2, (TAU**2 + own**2 - mass**2) / (2 * TAU)
    p = math.sqrt(rest**2 - own**2)
    gamma = half / TAU
    speed = math.sqrt(1 - 1 / gamma**2)
    events = np.zeros((5, 4, 4))
    for i, cosine in enumerate((-0.6, -0.2, 0.1, 0.5, 0.9)):
        events[i, 0] = [
            gamma * (p * cosine + speed * rest), p * math.sqrt(1 - cosine**2), 0.0,
            gamma * (rest + speed * p * cosine),
        ]  # fmt: skip
        for j, size in enumerate((0.5, 1.0, 1.5)):
            events[i, 1 + j] = [-size, 0.0, 0.0, math.sqrt(size**2 + PION**2)]
    code = {"e": 11, "mu": 13}[lepton]
    listed = from_dense([code, 211, -211, -211], transform(MACHINE.to_lab[None], events))
    found = truth_variables(listed, MACHINE)
    assert list(found["oneProngPDG"]) == [code] * 5
    np.testing.assert_allclose(found["oneProngX"], 2 * rest / TAU, rtol=1e-9)


def test_no_lone_track() -> None:
    """Three tracks, five, two against two, and a star of three arms have no x."""
    arms = [(1.0, 0.1), (-0.5, 0.87), (-0.4, -0.87), (-0.6, -0.9)]
    shapes = {
        "three": [(1.0, 0.0), (-1.0, 0.1), (-1.0, -0.1)],
        "five": [(1.0, 0.0), (-1.0, 0.1), (-1.0, 0.0), (-1.0, 0.2), (-1.0, -0.1)],
        "two and two": [(1.0, 0.1), (1.0, -0.1), (-1.0, 0.1), (-1.0, -0.1)],
        "star": [(x, y) for x, y in arms],
    }
    for name, listed in shapes.items():
        p4 = np.array([[x, y, 0.0, math.sqrt(x * x + y * y + PION**2)] for x, y in listed])
        cm = transform(MACHINE.to_lab[None], p4[None])
        found = truth_variables(from_dense([211] * len(p4), cm), MACHINE)
        assert np.isnan(found["oneProngX"]).all(), name
        assert np.isfinite(found["fourTrackMass"]).all() == (len(p4) == 4), name
