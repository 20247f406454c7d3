"""Pairs of magnetic charges: closed forms of cross-section, angles and kinematics."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.detector.exotic import magnetic_charges
from sim.machine import Machine, transform
from sim.processes import get_process

ALPHA, GEV2_NB = 1.0 / 137.035999, 0.3893793721e6


@pytest.mark.parametrize(("spin", "velocity", "nature"), [
    ("half", "on", "magnetic"), ("half", "off", "magnetic"), ("zero", "on", "magnetic"),
    ("half", "on", "electric"), ("zero", "on", "electric"),
])  # fmt: skip
@pytest.mark.parametrize("mass", [1.0, 4.5, 5.2])
def test_cross_section_is_the_closed_form(
    spin: str, velocity: str, nature: str, mass: float
) -> None:
    process = get_process(
        "monopole_pair", mass=mass, charge=2.0, spin=spin, velocity=velocity, nature=nature
    )
    s = process.machine.s
    beta = math.sqrt(1.0 - 4.0 * mass**2 / s)
    point = 4.0 * math.pi * ALPHA**2 / (3.0 * s) * GEV2_NB
    shape = beta * (3.0 - beta**2) / 2.0 if spin == "half" else beta**3 / 4.0
    factor = 4.0 * (beta**2 if nature == "magnetic" and velocity == "on" else 1.0)
    found = process.cross_section(100_000, 1)
    assert abs(found.value_nb - point * shape * factor) < 5.0 * found.error_nb + 1e-12
    assert found.error_nb < 0.01 * found.value_nb


@pytest.mark.parametrize("spin", ["half", "zero"])
def test_angles_and_masses(spin: str) -> None:
    process = get_process("monopole_pair", mass=4.0, charge=1.5, spin=spin)
    events = process.generate(20_000, 3)
    assert magnetic_charges(events.pdg[:2]).tolist() == [1.5, -1.5]
    square = events.p4[:, 3] ** 2 - (events.p4[:, :3] ** 2).sum(axis=1)
    assert np.allclose(square, 16.0, atol=1e-9)
    cm = transform(process.machine.to_cm[None], events.p4[None])[0][::2]
    c2 = (cm[:, 2] / np.linalg.norm(cm[:, :3], axis=1)) ** 2
    # <c²> of a + b c²: (a/3 + b/5) / (a + b/3).
    rest = 64.0 / process.machine.s
    a, b = (1.0 + rest, 1.0 - rest) if spin == "half" else (1.0, -1.0)
    mean = (a / 3.0 + b / 5.0) / (a + b / 3.0)
    assert abs(c2.mean() - mean) < 5.0 * c2.std() / math.sqrt(len(c2))


def test_radiation_takes_energy_and_cross_section_near_threshold() -> None:
    bare = get_process("monopole_pair", mass=5.0).cross_section(20_000, 1).value_nb
    process = get_process("monopole_pair", mass=5.0, radiation="on")
    assert 0.3 < process.cross_section(20_000, 1).value_nb / bare < 0.8
    p4 = process.generate(500, 2)
    assert (p4.pdg.reshape(-1, 3)[:, 2] == 22).all()
    four = p4.p4.reshape(-1, 3, 4)
    assert np.allclose(four.sum(axis=1), Machine().total, atol=1e-9)
    # No photon takes more than what the pair's masses leave.
    photon = transform(Machine().to_cm[None], four[:, 2][None])[0][:, 3]
    s = Machine().s
    assert photon.max() <= 0.5 * math.sqrt(s) * (1.0 - 100.0 / s) + 1e-9


@pytest.mark.parametrize(("values", "text"), [
    ({"charge": 0.123}, r"monopole_pair\.charge: .*steps of 0\.01"),
    ({"charge": 1.5, "nature": "electric"}, r"monopole_pair\.charge: .*whole"),
    ({"mass": 5.3}, r"monopole_pair\.mass: must be 0\.05 to"),
    ({"photon_energy_min": 0.1}, "needs radiation=on"),
    ({"photon_energy_min": 2.0, "radiation": "on"}, "must be below"),
])  # fmt: skip
def test_refused(values: dict[str, object], text: str) -> None:
    with pytest.raises(InputError, match=text):
        get_process("monopole_pair", **values)
