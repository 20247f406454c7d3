"""Tau pairs and their decays: spectra, topologies, branching fractions, flight."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes import get_process
from sim.processes.constants import ELECTRON_MASS, LIGHT_CM_PER_NS, MUON_MASS, TAU_MASS
from sim.processes.tau_decay import FILTERS, MODES, branching, decay_tau
from sim.streams import stream

N = 20_000
PION, PION0 = 0.13957039, 0.1349768
LARGEST_DISTANCE = 2.1
"""Kolmogorov's √n·distance, exceeded once in 3000 cases."""


def _distance(uniform: np.ndarray) -> float:
    rank = (np.arange(len(uniform)) + 0.5) / len(uniform)
    return float(np.abs(np.sort(uniform) - rank).max() * math.sqrt(len(uniform)))


@cache
def _at_rest(word: str) -> tuple[np.ndarray, np.ndarray]:
    p4 = np.zeros((N, 4))
    p4[:, 3] = TAU_MASS
    return decay_tau(np.full(N, 15), p4, stream(3, "test/tau"), word)


def _mass(p4: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(p4[:, 3] ** 2 - np.sum(p4[:, :3] ** 2, axis=1), 0.0))


def _uniform(
    value: np.ndarray, density: Callable[[float], float], low: float, high: float
) -> np.ndarray:
    """Return the density's integral below each value, by adaptive quadrature between nodes."""
    nodes = np.linspace(low, high, 161)
    steps = [quad(density, a, b, limit=200)[0] for a, b in pairwise(nodes)]
    total = np.concatenate(([0.0], np.cumsum(steps)))
    return np.interp(value, nodes, total / total[-1])


@pytest.mark.parametrize("word", FILTERS)
def test_products_conserve_momentum_charge_and_lepton_number(word: str) -> None:
    codes, p4 = _at_rest(word)
    total = p4.sum(axis=1) - [0.0, 0.0, 0.0, TAU_MASS]
    assert np.abs(total).max() < 1e-9
    assert np.all(np.sum(codes == 16, axis=1) == 1)
    for lepton in (11, 13):
        assert np.all(np.sum(codes == lepton, axis=1) == np.sum(codes == -lepton - 1, axis=1))
    charge = np.isin(codes, (211,)) - np.isin(codes, (11, 13, -211)).astype(int)
    assert np.all(charge.sum(axis=1) == -1)
    assert not np.any(p4[codes == 0])


def test_positive_tau_leaves_antiparticles() -> None:
    rng = stream(3, "test/tau")
    p4 = np.tile([0.0, 0.0, 3.0, math.hypot(3.0, TAU_MASS)], (N, 1))
    codes, momenta = decay_tau(np.full(N, -15), p4, rng)
    assert set(np.unique(codes)) == {-16, -13, -11, 12, 14, -211, 211, 22, 0}
    np.testing.assert_allclose(momenta.sum(axis=1), p4, atol=1e-9)


def test_branching_fractions_and_topologies() -> None:
    assert sum(mode.fraction for mode in MODES.values()) == pytest.approx(0.947)
    assert branching("any") == 1.0
    assert branching("lepton") == pytest.approx(0.352)
    three = branching("three_prong") / 0.947
    expected = ((1.0 - three) ** 2, 2.0 * three * (1.0 - three), three**2)
    assert expected == pytest.approx((0.728, 0.250, 0.0215), abs=0.001)
    events = get_process("tau_pair").generate(N, 1)
    charged = np.isin(np.abs(events.pdg), (11, 13, 211))
    prongs = np.bincount(events.event_of, weights=charged, minlength=N)
    for number, share in zip((2, 4, 6), expected, strict=True):
        error = math.sqrt(share * (1.0 - share) / N)
        assert abs(np.mean(prongs == number) - share) < 5.0 * error
    codes, _ = _at_rest("any")
    for name, mode in MODES.items():
        same = np.all(
            np.sort(codes) == np.sort((*mode.codes, *[0] * (6 - len(mode.codes)))), axis=1
        )
        share = mode.fraction / 0.947
        assert abs(same.mean() - share) < 5.0 * math.sqrt(share / N), name


@pytest.mark.parametrize(("word", "mass"), [("e", ELECTRON_MASS), ("mu", MUON_MASS)])
def test_lepton_has_the_michel_spectrum(word: str, mass: float) -> None:
    """√(x² - x₀²) [x(1 - x) + ρ(2/9)(4x² - 3x - x₀²)] with ρ = 3/4 (Particle Data Group)."""
    largest = (TAU_MASS**2 + mass**2) / (2.0 * TAU_MASS)
    start = mass / largest

    def density(x: float) -> float:
        bracket = x * (1.0 - x) + (4.0 * x * x - 3.0 * x - start**2) / 6.0
        return math.sqrt(max(x * x - start**2, 0.0)) * bracket

    x = _at_rest(word)[1][:, 0, 3] / largest
    assert _distance(_uniform(x, density, start, 1.0)) < LARGEST_DISTANCE
    if word == "e":
        assert x.mean() == pytest.approx(0.7, abs=5.0 * x.std() / math.sqrt(N))


def test_neutrinos_have_their_spectra() -> None:
    """Without the lepton's mass: 12x²(1 - x) for the lepton's, 2x²(3 - 2x) for that of τ."""
    _, p4 = _at_rest("e")
    own, tau = np.clip(2.0 * p4[:, 1:3, 3].T / TAU_MASS, 0.0, 1.0)
    assert _distance(4.0 * own**3 - 3.0 * own**4) < LARGEST_DISTANCE
    assert _distance(2.0 * tau**3 - tau**4) < LARGEST_DISTANCE


def test_pion_has_one_energy() -> None:
    _, p4 = _at_rest("pi")
    expected = (TAU_MASS**2 + PION**2) / (2.0 * TAU_MASS)
    np.testing.assert_allclose(p4[:, 0, 3], expected, rtol=1e-12)


def _rho(s: float, second: float) -> float:
    """β³/|D|², from the definition of a P-wave resonance."""
    pole, width = 0.77526, 0.1491

    def p(square: float) -> float:
        a, b = (PION + second) ** 2, (PION - second) ** 2
        return math.sqrt(max((square - a) * (square - b), 0.0) / (4.0 * square))

    imaginary = pole * width * pole / math.sqrt(s) * (p(s) / p(pole**2)) ** 3
    return (p(s) / math.sqrt(s)) ** 3 / ((pole**2 - s) ** 2 + imaginary**2)


def test_rho_mass_and_polarisation() -> None:
    _, p4 = _at_rest("rho")
    rho = p4[:, :3].sum(axis=1)
    mass, t = _mass(rho), TAU_MASS**2

    def density(m: float) -> float:
        return 2.0 * m * (t - m * m) ** 2 * (t + 2.0 * m * m) * _rho(m * m, PION0)

    assert _distance(_uniform(mass, density, PION + PION0, TAU_MASS)) < LARGEST_DISTANCE
    np.testing.assert_allclose(_mass(p4[:, 1] + p4[:, 2]), PION0, rtol=1e-7)
    # Helicity angle from the energies: E = γ(e + β p c).
    p = np.sqrt((mass**2 - (PION + PION0) ** 2) * (mass**2 - (PION - PION0) ** 2)) / (2.0 * mass)
    energy = (mass**2 + PION**2 - PION0**2) / (2.0 * mass)
    size = np.linalg.norm(rho[:, :3], axis=1)
    cosine = (p4[:, 0, 3] * mass - rho[:, 3] * energy) / (size * p)
    expected = (t / 5.0 + 2.0 * mass**2 / 15.0) / (t / 3.0 + 2.0 * mass**2 / 3.0)
    assert abs(np.mean(cosine**2 - expected)) < 5.0 * np.std(cosine**2) / math.sqrt(N)


@pytest.mark.parametrize("word", ["a1_one_prong", "a1_three_prong"])
def test_three_pion_masses(word: str) -> None:
    """Means against sums over both masses that share no code."""
    neutral = word == "a1_one_prong"
    other, low = (PION0, PION + PION0) if neutral else (PION, 2.0 * PION)
    pole, width, t = 1.230, 0.42, TAU_MASS**2

    def phi(q: float) -> tuple[float, float]:
        """Phase space of ρπ at Q and the sum of the pair's mass over it."""
        sums = [0.0, 0.0]
        step = (q - other - low) / 300.0
        for k in range(300):
            m = low + (k + 0.5) * step
            p = math.sqrt((q * q - (m + other) ** 2) * (q * q - (m - other) ** 2)) / (2.0 * q)
            value = _rho(m * m, PION0 if neutral else PION) * m**3 * p / q
            sums[0] += value * step
            sums[1] += value * step * m
        return sums[0], sums[1]

    at_pole, sums = phi(pole)[0], np.zeros(4)
    step = (TAU_MASS - low - other) / 200.0
    for k in range(200):
        q = low + other + (k + 0.5) * step
        space, pair = phi(q)
        width2 = (pole * width * space / at_pole) ** 2
        value = (t - q * q) ** 2 * (t + 2.0 * q * q) / ((pole**2 - q * q) ** 2 + width2) / q
        sums += np.array([1.0, q, q * q, pair / space]) * value * space
    mean, square, pair_mean = sums[1:] / sums[0]
    _, p4 = _at_rest(word)
    pions = p4[:, :5].sum(axis=1) if neutral else p4[:, :3].sum(axis=1)
    mass = _mass(pions)
    assert mass.mean() == pytest.approx(mean, abs=5.0 * mass.std() / math.sqrt(N))
    assert mass.std() == pytest.approx(math.sqrt(square - mean**2), rel=0.03)
    # The ρ is made of the first and, in this order, the next pion.
    rho = _mass(p4[:, :3].sum(axis=1) if neutral else p4[:, 0] + p4[:, 2])
    assert rho.mean() == pytest.approx(pair_mean, abs=5.0 * rho.std() / math.sqrt(N))


def test_four_pions_have_the_mass_of_their_system() -> None:
    _, p4 = _at_rest("four_pions")
    mass, low, t = _mass(p4[:, :5].sum(axis=1)), 3.0 * PION + PION0, TAU_MASS**2

    def density(q: float) -> float:
        weak = (t - q * q) ** 2 * (t + 2.0 * q * q)
        return q * weak * q**0.5 * (q - low) ** 3.5 / ((1.465**2 - q * q) ** 2 + 1.465**2 * 0.16)

    assert _distance(_uniform(mass, density, low, TAU_MASS)) < LARGEST_DISTANCE
    for column in range(3):
        np.testing.assert_allclose(_mass(p4[:, column]), PION, rtol=1e-6)


def test_cross_section_follows_the_decays() -> None:
    everything = get_process("tau_pair").cross_section(20_000)
    chosen = get_process("tau_pair", tau_minus="e", tau_plus="three_prong")
    ratio = chosen.cross_section(20_000).value_nb / everything.value_nb
    assert ratio == pytest.approx(0.178 * 0.139, rel=1e-9)
    events = chosen.generate(2000, 1)
    listed = events.pdg[np.isin(np.abs(events.pdg), (11, 13, 211))].reshape(2000, 4)
    assert np.all(listed[:, 0] == 11)
    assert np.all(np.abs(listed[:, 1:]) == 211)
    assert np.all(listed[:, 1:].sum(axis=1) == 211)


def test_products_start_at_the_end_of_a_flight() -> None:
    process = get_process("tau_pair", tau_minus="pi", tau_plus="pi")
    events = process.generate(N, 4)
    p4, vertex = events.p4.reshape(N, 5, 4), events.vertex.reshape(N, 5, 4)
    assert not vertex[:, 4].any()
    for first in (0, 2):
        tau = p4[:, first] + p4[:, first + 1]
        np.testing.assert_array_equal(vertex[:, first], vertex[:, first + 1])
        length = vertex[:, first, 3] * LIGHT_CM_PER_NS * TAU_MASS / tau[:, 3]
        assert length.mean() == pytest.approx(8.703e-3, rel=5.0 / math.sqrt(N))
        np.testing.assert_allclose(
            vertex[:, first, :3], tau[:, :3] * (length / TAU_MASS)[:, None], rtol=1e-6
        )


def test_tau_to_lepton_and_invisible_boson() -> None:
    process = get_process("tau_to_lepton_alpha", lepton="mu", mass=1.2, other="three_prong")
    sigma = process.cross_section(20_000).value_nb
    pairs = get_process("tau_pair").cross_section(20_000)
    assert sigma == pytest.approx(2.0 * 1e-3 * 0.139 * pairs.value_nb, rel=0.01)
    events = process.generate(4000, 2)
    first = events.offsets[:-1]
    assert np.all(events.pdg[first + 1] == 54)
    tau = events.p4[first] + events.p4[first + 1]
    np.testing.assert_allclose(_mass(tau), TAU_MASS, rtol=1e-9)
    sign = events.pdg[first] // 13
    assert abs(sign.mean()) < 5.0 / math.sqrt(4000)
    charge = np.sign(events.pdg) * (np.abs(events.pdg) == 211)
    np.testing.assert_array_equal(np.bincount(events.event_of, weights=charge), sign)


def test_other_machines() -> None:
    """Near threshold, as in a symmetric charm factory, and below it."""
    charm = Machine(2.125, 2.125, 0.011)
    process = get_process("tau_pair", charm)
    events = process.generate(2000, 1)
    totals = np.add.reduceat(events.p4, events.offsets[:-1], axis=0)
    np.testing.assert_allclose(totals, np.tile(charm.total, (2000, 1)), atol=1e-9)
    # Born 86.8 nb GeV²/s β(3 - β²)/2 times α(s)²/α² = 1.04 to 1.06, less what ISR loses: some 15 %.
    beta2 = 1.0 - 4.0 * TAU_MASS**2 / charm.s
    born = 86.85 / charm.s * math.sqrt(beta2) * (3.0 - beta2) / 2.0
    assert 0.8 * born < process.cross_section(20_000).value_nb < 1.05 * born
    with pytest.raises(InputError, match=r"tau_pair: √s must be above 3\.55372 GeV, not 3\.1"):
        get_process("tau_pair", Machine(1.55, 1.55, 0.0))
    with pytest.raises(InputError, match=r"tau_to_lepton_alpha\.mass: must be below 1\.6712"):
        get_process("tau_to_lepton_alpha", lepton="mu", mass=1.7)
