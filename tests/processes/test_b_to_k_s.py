"""B → K S: momenta of the chain, angles, flight, the other B."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.events import Events
from sim.machine import superkekb_with_spread
from sim.processes import get_process

N = 20_000


@pytest.fixture(scope="module")
def events() -> Events:
    return get_process("b_to_k_s", mass=1.0, ctau=0.1).generate(N, 1)


def _mass(p4: np.ndarray) -> np.ndarray:
    return np.sqrt(p4[:, 3] ** 2 - np.sum(p4[:, :3] ** 2, axis=1))


def _uniform(values: np.ndarray, low: float, high: float) -> bool:
    """Kolmogorov's distance exceeds 2.1/√n once in 3000 cases."""
    rank = (np.arange(len(values)) + 0.5) / len(values)
    distance = np.abs((np.sort(values) - low) / (high - low) - rank).max()
    return bool(distance < 2.1 / math.sqrt(len(values)))


def test_masses_and_momentum_of_the_b(events: Events) -> None:
    kaon, first, second = events.p4[::3], events.p4[1::3], events.p4[2::3]
    np.testing.assert_allclose(_mass(first + second), 1.0, atol=1e-9)
    b = kaon + first + second
    np.testing.assert_allclose(_mass(b), 5.27941, atol=1e-9)
    process = get_process("b_to_k_s")
    cm = b @ process.machine.to_cm.T
    momentum = np.linalg.norm(cm[:, :3], axis=1)
    # 0.33 GeV: PDG masses at √s = 10.5796 GeV.
    np.testing.assert_allclose(momentum, 0.33, atol=0.005)
    np.testing.assert_allclose(cm[:, 3], process.machine.sqrt_s / 2.0, rtol=1e-12)
    cosine = cm[:, 2] / momentum
    # sin²θ: the integral (2 + 3c - c³)/4 is uniform.
    assert _uniform((2.0 + 3.0 * cosine - cosine**3) / 4.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("mass", "expected"), [(0.5, 2.59), (1.0, 2.52), (2.0, 2.23), (3.0, 1.74), (4.0, 1.04)]
)
def test_momentum_of_s_in_the_b_frame(mass: float, expected: float) -> None:
    """Independent figures, rounded to 0.01 GeV; momentum from invariants, no boost."""
    events = get_process("b_to_k_s", mass=mass).generate(50, 1)
    s = events.p4[1::3] + events.p4[2::3]
    b = s + events.p4[::3]
    energy = (s[:, 3] * b[:, 3] - np.sum(s[:, :3] * b[:, :3], axis=1)) / 5.27941
    np.testing.assert_allclose(np.sqrt(energy**2 - mass**2), expected, atol=0.0055)


def test_decays_are_isotropic(events: Events) -> None:
    """The energy of a product in the parent's parent's frame is flat when its angle is."""
    kaon, first, second = events.p4[::3], events.p4[1::3], events.p4[2::3]
    s = first + second
    b = s + kaon
    energy = (first[:, 3] * b[:, 3] - np.sum(first[:, :3] * b[:, :3], axis=1)) / 5.27941
    p_s = 2.5174
    e_s = math.hypot(p_s, 1.0)
    half = 0.5 * p_s * math.sqrt(1.0 - 4.0 * 0.1056583755**2)
    assert _uniform(energy, 0.5 * e_s - half * 1.0002, 0.5 * e_s + half * 1.0002)
    cm = b @ get_process("b_to_k_s").machine.to_cm.T
    e_k = (s @ get_process("b_to_k_s").machine.to_cm.T)[:, 3]
    energy_b, momentum_b = cm[0, 3], np.linalg.norm(cm[0, :3])
    span = p_s * momentum_b / 5.27941
    middle = e_s * energy_b / 5.27941
    assert _uniform(e_k, middle - span * 1.0002, middle + span * 1.0002)


def test_flight_has_the_mean_of_boost_and_lifetime(events: Events) -> None:
    s = events.p4[1::3] + events.p4[2::3]
    momentum = np.linalg.norm(s[:, :3], axis=1)
    vertex = events.vertex[1::3]
    length = np.linalg.norm(vertex[:, :3], axis=1)
    # βγ = p/m with m = 1 GeV; cτ = 10 cm.
    assert length.mean() == pytest.approx(10.0 * momentum.mean(), abs=5.0 * length.std() / 141.0)
    scaled = np.sort(length / momentum / 10.0)
    assert np.median(scaled) == pytest.approx(math.log(2.0), abs=5.0 / math.sqrt(N))
    np.testing.assert_allclose(length, vertex[:, 3] * 29.9792458 * momentum / s[:, 3], rtol=1e-9)
    np.testing.assert_allclose(vertex[:, :3] * momentum[:, None], length[:, None] * s[:, :3],
                               rtol=1e-7, atol=1e-9)  # fmt: skip
    assert vertex.tobytes() == events.vertex[2::3].tobytes()
    assert not events.vertex[::3].any()


def test_charges(events: Events) -> None:
    assert abs((events.pdg[::3] == 321).mean() - 0.5) < 5.0 * 0.5 / math.sqrt(N)
    assert set(events.pdg[::3].tolist()) == {321, -321}
    whole = get_process("b_to_k_s", other="pions").generate(200, 1)
    other = whole.pdg.reshape(200, 11)[:, 3:]
    assert (np.sum(np.sign(other) * (other != 111), axis=1) == -np.sign(whole.pdg[::11])).all()


def test_a_decay_to_photons() -> None:
    """Two photons of the mass of a; evenly, so the share of the energy in its flight is flat."""
    events = get_process("b_to_k_s", mass=0.5, decay="gammagamma", parity="odd").generate(4000, 1)
    assert (events.pdg.reshape(-1, 3)[:, 1:] == 22).all()
    kaon, first, second = events.p4[::3], events.p4[1::3], events.p4[2::3]
    for photon in (first, second):
        np.testing.assert_allclose(np.linalg.norm(photon[:, :3], axis=1), photon[:, 3], rtol=1e-9)
    a = first + second
    np.testing.assert_allclose(_mass(a), 0.5, atol=1e-8)
    b = a + kaon
    energy = (first[:, 3] * b[:, 3] - np.sum(first[:, :3] * b[:, :3], axis=1)) / 5.27941
    # In the B's frame E_a = 2.639 GeV from the masses, and photons from (E_a - p)/2 to (E_a + p)/2.
    e_a = (5.27941**2 + 0.25 - 0.493677**2) / (2.0 * 5.27941)
    p_a = math.sqrt(e_a**2 - 0.25)
    assert _uniform(energy, (e_a - p_a) / 2.0, (e_a + p_a) / 2.0)
    assert events.vertex[1::3].tobytes() == events.vertex[2::3].tobytes()


def test_the_other_b_is_opposite_with_its_mass() -> None:
    process = get_process("b_to_k_s", other="pions")
    p4 = (process.generate(2000, 1).p4 @ process.machine.to_cm.T).reshape(2000, 11, 4)
    signal, other = p4[:, :3].sum(axis=1), p4[:, 3:].sum(axis=1)
    np.testing.assert_allclose(signal[:, :3], -other[:, :3], atol=1e-10)
    np.testing.assert_allclose(_mass(other), 5.27941, rtol=1e-9)
    # Phase space has no direction: the mean momentum is a share of the B's.
    first = p4[:, 3, :3]
    along = np.einsum("ij,ij->i", first, other[:, :3]) / np.linalg.norm(other[:, :3], axis=1)
    assert along.mean() == pytest.approx(0.33 / 8.0, abs=5.0 * along.std() / math.sqrt(2000))


def test_cross_section_is_that_of_the_branching_fraction() -> None:
    value = get_process("b_to_k_s", branching=1e-6).cross_section(10)
    assert value.value_nb == pytest.approx(2.0 * 0.514 * 1.110 * 1e-6, rel=1e-12)
    assert value.error_nb < 1e-20


def test_energy_spread_keeps_the_masses() -> None:
    events = get_process("b_to_k_s", superkekb_with_spread()).generate(500, 1)
    b = events.p4.reshape(-1, 3, 4).sum(axis=1)
    np.testing.assert_allclose(_mass(b), 5.27941, rtol=1e-9)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"decay": "KK", "mass": 0.9}, r"b_to_k_s\.mass: must be above 0\.987354 GeV for decay=KK"),
        ({"decay": "pipi", "parity": "odd"}, r"b_to_k_s\.decay: must be ee, mumu or gammagamma"),
        ({"ctau": 20}, r"b_to_k_s\.ctau: must be 1e-05 to 10 m, not 20"),
        ({"mass": 4.8}, r"b_to_k_s\.mass: must be 0\.001 to 4\.785"),
    ],
)
def test_bad_parameters_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        get_process("b_to_k_s", **values)
