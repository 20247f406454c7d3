"""Classes of particles against the package `particle`; decays against conservation laws."""

from __future__ import annotations

import numpy as np
import pytest
from particle import Particle

from firmware_models.errors import InputError
from sim.detector.decays import DECAYS, SPEED_OF_LIGHT, decay_all
from sim.detector.particles import (
    NEUTRINO_LIKE,
    Kind,
    _builtin,
    check_events,
    classify,
    particle_type,
)
from sim.events import Events, concatenate, from_dense


def test_masses_and_charges_are_the_particle_datas() -> None:
    for code, row in _builtin().items():
        if abs(code) in NEUTRINO_LIKE:
            continue
        known = Particle.from_pdgid(code)
        assert row.mass == pytest.approx(known.mass / 1e3, abs=2e-5), code
        assert row.charge == known.charge, code


def test_lifetimes_are_the_particle_datas() -> None:
    for code, decay in DECAYS.items():
        known = Particle.from_pdgid(code).ctau
        assert known is not None
        assert decay.ctau == pytest.approx(known / 10.0, rel=0.05), code


def test_modes_conserve_charge_and_leave_mass() -> None:
    for code, decay in DECAYS.items():
        mother = particle_type(code)
        for mode in decay.modes:
            first, second = particle_type(mode.first), particle_type(mode.second)
            assert first.charge + second.charge == mother.charge, (code, mode)
            assert first.mass + second.mass < mother.mass, (code, mode)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (22, Kind.PHOTON), (11, Kind.ELECTRON), (-11, Kind.ELECTRON), (-13, Kind.MUON),
        (211, Kind.CHARGED_HADRON), (-321, Kind.CHARGED_HADRON), (-2212, Kind.CHARGED_HADRON),
        (130, Kind.NEUTRAL_HADRON), (2112, Kind.NEUTRAL_HADRON), (-14, Kind.INVISIBLE),
        (1000022, Kind.INVISIBLE), (52, Kind.INVISIBLE), (111, Kind.DECAYS), (-3122, Kind.DECAYS),
        (1000010020, Kind.CHARGED_HADRON),
    ],
)  # fmt: skip
def test_kinds(code: int, kind: Kind) -> None:
    assert classify(np.array([code])).kind.tolist() == [kind]


def test_what_an_interaction_releases() -> None:
    """Antibaryons twice their mass, antikaons m_K - (m_Λ - m_p), K_L half of that."""
    released = classify(np.array([2212, -2212, 2112, -2112, -211, 211, 321, -321, 130])).released
    strange = 1.115683 - 0.93827209
    expected = [0.0, 2 * 0.93827209, 0.0, 2 * 0.93956542, 0.0, 0.0, 0.0, 0.493677 - strange]
    assert released == pytest.approx([*expected, 0.5 * (0.497611 - strange)])


@pytest.mark.parametrize("code", [0, 7777777, -22, -130, 4900022, 99999])
def test_unknown_codes_are_refused(code: int) -> None:
    with pytest.raises(InputError, match=rf"unknown particle code {code}"):
        classify(np.array([22, code]))


@pytest.mark.parametrize("code", [15, 521, 443, 21, 1, 221, 331])
def test_what_decays_too_early_is_refused(code: int) -> None:
    with pytest.raises(InputError, match=rf"code {code}\) decays before it reaches the detector"):
        classify(np.array([code]))


def test_declared_codes_are_invisible_either_sign() -> None:
    kinds = classify(np.array([4900022, -4900022, 22]), invisible=(4900022,)).kind
    assert kinds.tolist() == [Kind.INVISIBLE, Kind.INVISIBLE, Kind.PHOTON]


def _two_events() -> Events:
    p4 = np.array([[[0.0, 0.0, 1.0, 1.0]], [[1.0, 0.0, 0.0, 1.0]]])
    return concatenate([from_dense([22], p4), from_dense([22, 22], p4.reshape(1, 2, 4))])


@pytest.mark.parametrize(("column", "value"), [(0, np.nan), (3, np.inf), (3, -0.5), (2, -np.inf)])
def test_bad_momentum_names_event_and_particle(column: int, value: float) -> None:
    events = _two_events()
    events.p4[3, column] = value
    with pytest.raises(InputError, match=r"file: event 2, particle 1 \(code 22\).*not negative"):
        check_events(events, place="file")


def test_bad_vertex_names_event_and_particle() -> None:
    events = _two_events()
    events.vertex[1, 0] = np.nan
    with pytest.raises(InputError, match="event 1, particle 0"):
        check_events(events)


def test_bad_code_names_event_and_particle() -> None:
    events = _two_events()
    events.pdg[3] = 12345678
    with pytest.raises(InputError, match="file: event 2, particle 1: unknown particle code 123456"):
        check_events(events, place="file")


def _moving(code: int, n: int, seed: int = 0) -> Events:
    rng = np.random.default_rng(seed)
    p3 = rng.normal(size=(n, 3))
    energy = np.sqrt((p3**2).sum(axis=1) + particle_type(code).mass ** 2)
    return from_dense([code], np.concatenate((p3, energy[:, None]), axis=1)[:, None, :])


@pytest.mark.parametrize("code", [111, 310, 3122, -3122, 3222, 3212, 3312, -3334])
def test_decays_conserve_energy_momentum_and_charge(code: int) -> None:
    events = _moving(code, 300)
    after, classes = decay_all(events, classify(events.pdg), np.random.default_rng(1))
    assert len(after) == len(events)
    assert (classes.kind != Kind.DECAYS).all()
    assert np.add.reduceat(after.p4, after.offsets[:-1]) == pytest.approx(events.p4, abs=1e-9)
    assert np.array_equal(classes.kind, classify(after.pdg).kind)
    charge = np.add.reduceat(classes.charge.astype(int), after.offsets[:-1])
    assert (charge == particle_type(code).charge).all()
    mass2 = after.p4[:, 3] ** 2 - (after.p4[:, :3] ** 2).sum(axis=1)
    assert mass2 == pytest.approx(classes.mass**2, abs=1e-8)


def test_flight_is_exponential_in_proper_time() -> None:
    events = _moving(3112, 20_000)  # Σ- has one mode: both products stand at its decay
    after, _ = decay_all(events, classify(events.pdg), np.random.default_rng(2))
    flight = after.vertex[::2]
    assert np.array_equal(flight, after.vertex[1::2])
    length = np.sqrt((flight[:, :3] ** 2).sum(axis=1))
    momentum = np.sqrt((events.p4[:, :3] ** 2).sum(axis=1))
    proper = length * 1.197449 / momentum
    assert proper.mean() == pytest.approx(4.434, abs=4 * 4.434 / 20_000**0.5)
    assert proper.std() == pytest.approx(4.434, rel=0.03)
    beta = momentum / events.p4[:, 3]
    assert flight[:, 3] * beta * SPEED_OF_LIGHT == pytest.approx(length)


def test_branching_of_the_short_kaon() -> None:
    events = _moving(310, 20_000)
    after, _ = decay_all(events, classify(events.pdg), np.random.default_rng(3))
    charged = (after.pdg == 211).sum() / len(events)
    expected = 0.6920 / (0.6920 + 0.3069)
    assert charged == pytest.approx(expected, abs=4 * (0.21 / 20_000) ** 0.5)


def test_events_keep_their_particles_and_order() -> None:
    photon = np.array([[[0.0, 1.0, 0.0, 1.0]]])
    events = concatenate([from_dense([22], photon), _moving(111, 1), from_dense([-13], photon)])
    after, _ = decay_all(events, classify(events.pdg), np.random.default_rng(4))
    assert after.offsets.tolist() == [0, 1, 3, 4]
    assert after.pdg.tolist() == [22, 22, 22, -13]


def test_declared_invisible_stays_invisible_beside_a_decay() -> None:
    p4 = np.array([[[0.0, 0.0, 1.0, 1.5], [0.1, 0.0, 0.0, 0.2]]])
    events = from_dense([4900022, 111], p4)
    known = classify(events.pdg, (4900022,))
    _, classes = decay_all(events, known, np.random.default_rng(5))
    assert classes.kind.tolist() == [Kind.INVISIBLE, Kind.PHOTON, Kind.PHOTON]
