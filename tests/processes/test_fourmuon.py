"""Four muons: amplitude against Dirac matrices, sampling against flat phase space."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.interpolate import PchipInterpolator

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes import get_process
from sim.processes.base import Process
from sim.processes.constants import ALPHA, ELECTRON_MASS, MUON_MASS
from sim.processes.four_muon_amplitude import four_muon_square
from sim.processes.radiator import radiation_strength, radiator_in_power
from sim.streams import stream
from tests.processes import dirac_oracle as dirac
from tests.processes.flat_phase_space import flat

E8 = (4.0 * math.pi * ALPHA) ** 4
NB = 0.3893793721e6
MASSES = (MUON_MASS,) * 4


@cache
def fourmuon(mass_min: float = 2.0 * MUON_MASS) -> Process:
    return get_process("fourmuon", mass_min=mass_min)


def beams(sqrt_s: float, mass: float) -> np.ndarray:
    """E first, electron along +z."""
    p = math.sqrt(sqrt_s**2 / 4.0 - mass**2)
    return np.array([[sqrt_s / 2.0, 0.0, 0.0, p], [sqrt_s / 2.0, 0.0, 0.0, -p]])


def events(n: int) -> np.ndarray:
    """Half of them flat, half as the process proposes them: close to the poles."""
    process = fourmuon()
    even = flat(n // 2, process.machine.sqrt_s, MASSES, stream(1, "test/fourmuon"))[0]
    points = stream(2, "test/fourmuon").random((n - n // 2, process.dimensions))
    near = process.momenta(process.propose(points)[0])
    return np.concatenate((even, np.roll(near, 1, axis=-1)))


def square(p4: np.ndarray) -> np.ndarray:
    """Ours, for events with E first."""
    sqrt_s = fourmuon().machine.sqrt_s
    return four_muon_square(
        np.ascontiguousarray(np.roll(p4, -1, axis=-1)), np.full(len(p4), sqrt_s), MUON_MASS
    )


def test_amplitude_against_dirac_matrices() -> None:
    p4 = events(16)
    sqrt_s = fourmuon().machine.sqrt_s
    for event, ours in zip(p4, square(p4), strict=True):
        exact = E8 * dirac.two_pairs(beams(sqrt_s, 0.0), event, (0.0, MUON_MASS))
        assert ours == pytest.approx(exact, rel=1e-9)


def test_electron_mass_does_not_matter() -> None:
    p4 = events(12)
    sqrt_s = fourmuon().machine.sqrt_s
    masses = ELECTRON_MASS, MUON_MASS
    for event, ours in zip(p4, square(p4), strict=True):
        exact = E8 * dirac.two_pairs(beams(sqrt_s, ELECTRON_MASS), event, masses)
        assert ours == pytest.approx(exact, rel=1e-4)


def test_currents_of_the_oracle_are_conserved() -> None:
    """A pair's current replaced by its momentum: the diagrams that it joins cancel."""
    event = events(2)[0]
    sqrt_s = fourmuon().machine.sqrt_s
    p, pp = beams(sqrt_s, ELECTRON_MASS)
    q = event[2] + event[3]
    minus, plus = dirac.spinors(event[0], MUON_MASS), dirac.spinors(event[1], MUON_MASS, anti=True)
    pair = dirac.Line(dirac.bar(minus[0]), event[0], plus[1], -event[1], MUON_MASS)
    v, u = dirac.spinors(pp, ELECTRON_MASS, anti=True)[0], dirac.spinors(p, ELECTRON_MASS)[0]
    beam = dirac.Line(dirac.bar(v), -pp, u, p, ELECTRON_MASS)
    for line in (pair, beam):
        size = np.abs(line.radiating(q, np.array([1.0, 0.0, 0.0, 0.0]))).max()
        assert np.abs(line.radiating(q, q)).max() < 1e-10 * size


def test_symmetries() -> None:
    """Like muons exchanged; all turned about the beam; charges and directions exchanged."""
    p4 = events(40)
    found = square(p4)
    turned = p4.copy()
    c, s = math.cos(0.7), math.sin(0.7)
    turned[..., 1] = c * p4[..., 1] - s * p4[..., 2]
    turned[..., 2] = s * p4[..., 1] + c * p4[..., 2]
    mirrored = p4[:, [1, 0, 3, 2]] * np.array([1.0, -1.0, -1.0, -1.0])
    for other in (p4[:, [2, 1, 0, 3]], p4[:, [0, 3, 2, 1]], turned, mirrored):
        np.testing.assert_allclose(square(other), found, rtol=1e-9)


def test_antisymmetry_of_like_muons_matters() -> None:
    """Against two different pairs of fermions: the difference is the exchange, of either sign."""
    p4 = events(20)[:10]
    sqrt_s = fourmuon().machine.sqrt_s
    masses = 0.0, MUON_MASS
    one, other = (
        np.array([
            E8 * dirac.two_pairs(beams(sqrt_s, 0.0), event[order], masses, "distinct")
            for event in p4
        ])
        for order in ([0, 1, 2, 3], [0, 3, 2, 1])
    )  # fmt: skip
    exchange = square(p4) / (one + other) - 1.0
    assert exchange.min() < -0.02
    assert np.all(np.abs(exchange) <= 1.0)


def test_cross_section_against_flat_phase_space() -> None:
    """All pairs above 2 GeV, without peaks; RAMBO in plain numpy."""
    process = fourmuon(2.0)
    sqrt_s = process.machine.sqrt_s
    p4, weight = flat(150_000, sqrt_s, MASSES, stream(3, "test/fourmuon"))
    pairs = np.stack([p4[:, i] + p4[:, j] for i in (0, 2) for j in (1, 3)], axis=1)
    inside = np.all(pairs[..., 0] ** 2 - np.sum(pairs[..., 1:] ** 2, axis=2) > 4.0, axis=1)
    weight = np.where(inside, weight, 0.0)
    weight[inside] *= square(p4[inside]) * NB / (2.0 * process.machine.s) / 4.0
    error = float(np.std(weight)) / math.sqrt(len(weight))
    found = process.cross_section(60_000, seed=4)
    assert error < 0.01 * found.value_nb
    assert abs(found.value_nb - weight.mean()) < 4.0 * math.hypot(error, found.error_nb)


def test_total_is_that_of_a_flat_integral_at_low_energy() -> None:
    """At 1 GeV nothing is peaked: without any cut."""
    process = get_process("fourmuon", Machine(0.5, 0.5, 0.0))
    sqrt_s = process.machine.sqrt_s
    p4, weight = flat(40_000, sqrt_s, MASSES, stream(5, "test/fourmuon"))
    ours = four_muon_square(
        np.ascontiguousarray(np.roll(p4, -1, axis=-1)), np.full(len(p4), sqrt_s), MUON_MASS
    )
    weight *= ours * NB / (2.0 * process.machine.s) / 4.0
    error = float(np.std(weight)) / math.sqrt(len(weight))
    found = process.cross_section(40_000, seed=6)
    assert error < 0.01 * found.value_nb
    assert abs(found.value_nb - weight.mean()) < 4.0 * math.hypot(error, found.error_nb)


def test_events() -> None:
    process = fourmuon(2.0)
    sample = process.generate(400, seed=7)
    p4 = sample.p4.reshape(400, 4, 4)
    np.testing.assert_array_equal(sample.pdg.reshape(400, 4)[0], [13, -13, 13, -13])
    np.testing.assert_allclose(p4.sum(axis=1), np.tile(process.machine.total, (400, 1)), atol=1e-6)
    mass2 = p4[..., 3] ** 2 - np.sum(p4[..., :3] ** 2, axis=2)
    np.testing.assert_allclose(mass2, MUON_MASS**2, atol=1e-8)
    # The electron's mass is in the beams of the machine, not in the generated momenta.
    for i in (0, 2):
        for j in (1, 3):
            pair = p4[:, i] + p4[:, j]
            assert np.all(pair[:, 3] ** 2 - np.sum(pair[:, :3] ** 2, axis=1) > 3.999)


def test_cuts_of_the_region() -> None:
    """Asked for in generation or afterwards: the same cross-section, with fewer events lost."""
    angles = {"theta_min": 17.0, "theta_max": 150.0, "required": 4, "momentum_min": 0.5}
    process = get_process("fourmuon", mass_min=2.0, **angles)
    cut = process.cross_section(40_000, seed=8)
    sample = fourmuon(2.0).sample(80_000, stream(9, "test/fourmuon"))
    p4 = sample.p4.reshape(-1, 4, 4)
    momentum = np.linalg.norm(p4[..., :3], axis=2)
    angle = np.degrees(np.arccos(p4[..., 2] / momentum))
    seen = np.all((angle > 17.0) & (angle < 150.0) & (momentum > 0.5), axis=1)
    weight = np.zeros(len(sample))
    weight[sample.weight > 0.0] = np.where(seen, sample.weight[sample.weight > 0.0], 0.0)
    error = float(np.std(weight)) / math.sqrt(len(weight))
    assert abs(cut.value_nb - weight.mean()) < 4.0 * math.hypot(error, cut.error_nb)
    assert cut.error_nb / cut.value_nb < 0.01


def test_radiation_of_the_beams_is_the_radiator() -> None:
    """∫H(x) σ(s(1 - x)) dx with σ at lower energies from flat sums of the channels' weights."""
    process = get_process("fourmuon", radiation="initial")
    s = process.machine.s
    lowest = (4.0 * MUON_MASS) ** 2
    nodes = np.linspace(math.log(lowest), math.log(s), 9)
    points = stream(10, "test/fourmuon").random((10_000, process.dimensions))
    sizes = []
    for node in nodes[1:]:
        half = 0.5 * math.exp(0.5 * node)
        lower = get_process("fourmuon", Machine(half, half, 0.0))
        sizes.append(float(np.mean(lower.propose(points)[1])))
    # s σ rises from 0 at the threshold; smooth in ln s.
    shape = PchipInterpolator(nodes, [0.0, *(np.exp(nodes[1:]) * sizes)])

    def integrand(y: float) -> float:
        x, radiator = radiator_in_power(y, s)
        reduced = s * (1.0 - x)
        return radiator * float(shape(math.log(reduced))) / reduced if reduced > lowest else 0.0

    power = (1.0 - lowest / s) ** radiation_strength(s)
    exact = quad(integrand, 0.0, power, limit=200)[0]
    ours = process.cross_section(40_000, seed=11)
    assert ours.value_nb == pytest.approx(exact, rel=0.02)
    # Without radiation it is 6 % less: the test can tell.
    assert ours.value_nb > 1.03 * sizes[-1]


def test_photon_and_muons_share_the_energy() -> None:
    process = get_process("fourmuon", mass_min=1.0, radiation="initial")
    sample = process.generate(500, seed=12)
    p4 = sample.p4.reshape(500, 5, 4)
    assert sample.pdg[:5].tolist() == [13, -13, 13, -13, 22]
    np.testing.assert_allclose(p4.sum(axis=1), np.tile(process.machine.total, (500, 1)), atol=1e-6)
    np.testing.assert_allclose(np.sum(p4[:, 4, :3] ** 2, axis=1), p4[:, 4, 3] ** 2, atol=1e-9)
    muons = p4[:, :4]
    np.testing.assert_allclose(
        muons[..., 3] ** 2 - np.sum(muons[..., :3] ** 2, axis=2), MUON_MASS**2, atol=1e-6
    )
    four = muons.sum(axis=1)
    mass = np.sqrt(four[:, 3] ** 2 - np.sum(four[:, :3] ** 2, axis=1))
    # Share of soft radiation: y = x^b is even up to hard photons.
    assert 0.6 < np.mean(mass > 0.98 * process.machine.sqrt_s) < 0.9
    assert mass.min() > 2.0


def test_too_little_energy_is_refused() -> None:
    with pytest.raises(InputError, match="four muons need"):
        get_process("fourmuon", Machine(0.2, 0.2, 0.0))
