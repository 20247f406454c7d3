"""Guns of K_S, Λ, conversions and tracks of beam background."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from firmware_models.errors import InputError
from sim.detector.particles import classify
from sim.events import Events
from sim.perigee import perigee
from sim.processes import get_process
from sim.processes.conversion import Conversion

N = 20_000
LARGEST_DISTANCE = 2.1
"""Kolmogorov's √n·distance, exceeded once in 3000 cases."""


def _distance(uniform: np.ndarray) -> float:
    rank = (np.arange(len(uniform)) + 0.5) / len(uniform)
    return float(np.abs(np.sort(uniform) - rank).max() * math.sqrt(len(uniform)))


def _mass(p4: np.ndarray) -> np.ndarray:
    return np.sqrt(p4[..., 3] ** 2 - np.sum(p4[..., :3] ** 2, axis=-1))


def _parents(events: Events) -> np.ndarray:
    total: np.ndarray = events.p4[::2] + events.p4[1::2]
    return total


@pytest.mark.parametrize(
    ("name", "mass", "ctau", "codes"),
    [
        ("kshort_gun", 0.497611, 2.6844, {(211, -211)}),
        ("lambda_gun", 1.115683, 7.89, {(2212, -211), (-2212, 211)}),
    ],
)
def test_strange_particles(
    name: str, mass: float, ctau: float, codes: set[tuple[int, int]]
) -> None:
    process = get_process(name, slope=0.5)
    events = process.generate(N, 1)
    parent = _parents(events)
    np.testing.assert_allclose(_mass(parent), mass, rtol=1e-9)
    assert set(map(tuple, events.pdg.reshape(-1, 2).tolist())) == codes
    assert (events.pdg[::2] > 0).mean() == pytest.approx(1.0 / len(codes), abs=0.02)
    momentum = np.linalg.norm(parent[:, :3], axis=1)
    length = np.linalg.norm(events.vertex[::2, :3], axis=1)
    # Mean decay length βγ cτ.
    assert np.mean(length / (momentum / mass)) == pytest.approx(ctau, rel=5.0 / math.sqrt(N))
    assert _distance(np.exp(-length * mass / momentum / ctau)) < LARGEST_DISTANCE
    np.testing.assert_allclose(
        length, events.vertex[::2, 3] * 29.9792458 * momentum / parent[:, 3], rtol=1e-9
    )
    cm = parent @ process.machine.to_cm.T
    p = np.linalg.norm(cm[:, :3], axis=1)
    assert _distance(0.5 * (cm[:, 2] / p + 1.0)) < LARGEST_DISTANCE
    density = lambda q: q * q / math.hypot(q, mass) * math.exp(-2.0 * math.hypot(q, mass))  # noqa: E731
    total = quad(density, 0.0, 5.3)[0]
    for edge in (0.3, 0.8, 1.5, 3.0):
        share = quad(density, 0.0, edge)[0] / total
        assert (p < edge).mean() == pytest.approx(
            share, abs=4.0 * math.sqrt(share * (1 - share) / N)
        )


def test_pions_of_a_kaon_have_its_momentum_of_decay() -> None:
    """0.206 GeV in the rest frame (Particle Data Group), isotropic."""
    events = get_process("kshort_gun", spectrum="flat", p_min=1.0, p_max=2.0).generate(N, 2)
    parent, first = _parents(events), events.p4[::2]
    energy = first[:, 3] * parent[:, 3] - np.sum(first[:, :3] * parent[:, :3], axis=1)
    rest = np.sqrt((energy / 0.497611) ** 2 - 0.13957039**2)
    np.testing.assert_allclose(rest, 0.206, atol=5e-4)
    half = rest * np.linalg.norm(parent[:, :3], axis=1) / 0.497611
    assert _distance((first[:, 3] - 0.5 * parent[:, 3]) / (2.0 * half) + 0.5) < LARGEST_DISTANCE
    cm = parent @ get_process("kshort_gun").machine.to_cm.T
    assert _distance(np.linalg.norm(cm[:, :3], axis=1) - 1.0) < LARGEST_DISTANCE


def test_conversions_conserve_energy_and_momentum_across() -> None:
    process = get_process("conversion", spectrum="flat", energy_min=0.5, energy_max=2.0)
    events = process.generate(N, 1)
    photon = _parents(events)
    np.testing.assert_allclose(_mass(events.p4), 0.51099895e-3, rtol=1e-3)
    assert _distance((photon[:, 3] - 0.5) / 1.5) < LARGEST_DISTANCE
    vertex = events.vertex[::2]
    direction = vertex[:, :3] / np.linalg.norm(vertex[:, :3], axis=1)[:, None]
    across = photon[:, :3] - np.sum(photon[:, :3] * direction, axis=1)[:, None] * direction
    assert np.abs(across).max() < 1e-9
    # What the nucleus takes is small and forward: the pair is slower than the photon.
    missing = photon[:, 3] - np.sum(photon[:, :3] * direction, axis=1)
    assert missing.min() > 0.0
    assert np.median(missing) < 1e-4
    theta = np.degrees(np.arccos(direction[:, 2]))
    assert _distance((theta - 17.0) / 133.0) < LARGEST_DISTANCE
    np.testing.assert_allclose(
        vertex[:, 3] * 29.9792458, np.linalg.norm(vertex[:, :3], axis=1), rtol=1e-12
    )


def test_energy_split_and_opening_of_conversions() -> None:
    process = get_process("conversion", energy_min=1.0, energy_max=1.0)
    events = process.generate(N, 1)
    x = (events.p4[::2, 3] - 0.51099895e-3) / (1.0 - 2 * 0.51099895e-3)
    assert _distance((x - 2.0 / 3.0 * x**2 + 4.0 / 9.0 * x**3) * 9.0 / 7.0) < LARGEST_DISTANCE
    first, second = events.p4[::2, :3], events.p4[1::2, :3]
    angle = np.linalg.norm(np.cross(first, second), axis=1)
    angle /= np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    # u = 1 is the median; the opening angle then is m_e/E₁ + m_e/E₂.
    scale = 0.51099895e-3 * (1.0 / events.p4[::2, 3] + 1.0 / events.p4[1::2, 3])
    assert np.median(angle / scale) == pytest.approx(1.0, abs=0.05)


def test_conversions_are_where_the_material_is() -> None:
    process = get_process("conversion")
    assert isinstance(process, Conversion)
    events = process.generate(N, 1)
    rho = np.hypot(events.vertex[::2, 0], events.vertex[::2, 1])
    # Beam pipe, two pixel layers, four strip layers, inner wall; % of a radiation length.
    material = {1.1: 0.75, 1.4: 0.2, 2.2: 0.2, 3.9: 0.6, 8.0: 0.6, 10.4: 0.6, 13.5: 0.6, 16.0: 0.2}
    for radius, percent in material.items():
        share = percent / 3.75
        found = np.mean(np.abs(rho - radius) < 1e-6)
        assert found == pytest.approx(share, abs=4.0 * math.sqrt(share * (1 - share) / N))
    assert (rho > 1.1).all()
    assert process.probability == pytest.approx(7.0 / 9.0 * 0.0375)
    outer = get_process("conversion", radius_min=15).generate(100, 1)
    np.testing.assert_allclose(np.hypot(outer.vertex[:, 0], outer.vertex[:, 1]), 16.0, rtol=1e-8)


def test_background_tracks_have_their_d0_z0_and_momenta() -> None:
    events = get_process("beam_background_tracks", far=0.5, time_range=100).generate(N, 1)
    charge = classify(events.pdg).charge
    d0, z0 = perigee(events.p4, events.vertex, charge)
    assert _distance((z0 + 100.0) / 200.0) < LARGEST_DISTANCE
    pt = np.hypot(events.p4[:, 0], events.p4[:, 1])
    assert _distance(np.exp(-(pt - 0.1) / 0.4)) < LARGEST_DISTANCE
    cosine = events.p4[:, 2] / np.linalg.norm(events.p4[:, :3], axis=1)
    low, high = math.cos(math.radians(150.0)), math.cos(math.radians(17.0))
    assert _distance((cosine - low) / (high - low)) < LARGEST_DISTANCE
    assert _distance((events.vertex[:, 3] + 100.0) / 200.0) < LARGEST_DISTANCE
    assert np.abs(d0).max() < 20.0
    kept = 1.0 - math.exp(-4.0)
    for edge in (0.5, 0.9, 2.0, 5.0, 10.0):
        pipe = min(1.0, 2.0 / math.pi * math.asin(min(edge, 1.0)))
        share = 0.5 * pipe + 0.5 * (1.0 - math.exp(-edge / 5.0)) / kept
        error = math.sqrt(share * (1.0 - share) / N)
        assert (np.abs(d0) < edge).mean() == pytest.approx(share, abs=4.0 * error)
    assert (d0 > 0.0).mean() == pytest.approx(0.5, abs=0.02)
    assert (charge > 0).mean() == pytest.approx(0.5, abs=0.02)
    pipe_only = get_process("beam_background_tracks", far=0.0, tracks=3).generate(50, 1)
    assert len(pipe_only.pdg) == 150
    assert np.hypot(pipe_only.vertex[:, 0], pipe_only.vertex[:, 1]).max() <= 1.0


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("kshort_gun", {"p_min": 3, "p_max": 2}, r"kshort_gun\.p_min: must be below p_max \(2\)"),
        ("conversion", {"energy_min": 3, "energy_max": 2}, r"energy_min: must be up to energy_max"),
        ("conversion", {"radius_min": 17}, r"no cylinder .*; there are 1\.1, 1\.4"),
        ("beam_background_tracks", {"pt_min": 0.05}, r"d0_max: must be below 11\.11 cm"),
        ("beam_background_tracks", {"theta_min": 151}, r"theta_min: must be up to theta_max"),
    ],
)
def test_bad_parameters_are_refused(name: str, values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        get_process(name, **values)
