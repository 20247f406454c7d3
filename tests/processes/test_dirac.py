"""Squared amplitudes of the exact processes against explicit Dirac matrices, and both against the
closed forms of two-body processes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.processes import get_process
from sim.processes.constants import ALPHA, ELECTRON_MASS, MUON_MASS
from sim.processes.matrix_elements import bhabha_photon, muon_pair_photon, three_photons
from sim.processes.photon_fusion import fusion_square
from sim.streams import stream
from tests.processes import dirac_oracle as dirac

E6 = (4.0 * math.pi * ALPHA) ** 3
HALF = 5.29
BEAMS = np.array([[0.0, 0.0, HALF, HALF], [0.0, 0.0, -HALF, HALF]])


def oracle_order(p4: np.ndarray) -> np.ndarray:
    """E first, as the oracle has it."""
    return np.roll(p4, 1, axis=-1)


def three_body(n: int, name: str, masses: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    """Random events: two directions and the first energy, the rest by bisection on energy."""
    rng = stream(21, f"test/{name}")
    events = np.zeros((n, 3, 4))
    for event in events:
        while True:
            first, second = rng.normal(size=(2, 3))
            first /= np.linalg.norm(first)
            second /= np.linalg.norm(second)
            a = rng.uniform(0.05, 0.95) * HALF

            def energies(b: float, a=a, first=first, second=second) -> np.ndarray:  # type: ignore[no-untyped-def]
                sizes = np.array([a, b, np.linalg.norm(a * first + b * second)])
                return np.sqrt(sizes**2 + np.square(masses))

            low, high = 0.0, 2.0 * HALF
            if energies(0.0).sum() >= 2 * HALF or energies(high).sum() <= 2 * HALF:
                continue
            for _ in range(200):
                middle = 0.5 * (low + high)
                low, high = (middle, high) if energies(middle).sum() < 2 * HALF else (low, middle)
            event[0, :3], event[1, :3] = a * first, low * second
            event[2, :3] = -event[0, :3] - event[1, :3]
            event[:, 3] = energies(low)
            break
    return events


def test_oracle_spin_sums() -> None:
    """Σ u ū = p̸ + m, Σ v v̄ = p̸ - m, and {γ, γ} = 2g."""
    p, mass = np.array([5.0, 1.0, -2.0, 3.0]), math.sqrt(11.0)
    u = sum(np.outer(x, dirac.bar(x)) for x in dirac.spinors(p, mass))
    v = sum(np.outer(x, dirac.bar(x)) for x in dirac.spinors(p, mass, anti=True))
    np.testing.assert_allclose(u, dirac.slash(p) + mass * np.eye(4), atol=1e-13)
    np.testing.assert_allclose(v, dirac.slash(p) - mass * np.eye(4), atol=1e-13)
    g = dirac.GAMMA
    for m in range(4):
        for n in range(4):
            both = g[m] @ g[n] + g[n] @ g[m]
            np.testing.assert_array_equal(both, 2 * dirac.METRIC[m, n] * np.eye(4))


@pytest.mark.parametrize("bhabha", [True, False])
def test_pair_and_photon(bhabha: bool) -> None:
    p4 = three_body(30, "pair")
    found = bhabha_photon(BEAMS[0], BEAMS[1], p4, bhabha=bhabha)
    beams = oracle_order(BEAMS)
    for event, ours in zip(oracle_order(p4), found, strict=True):
        exact = E6 * dirac.pair_and_vector(beams, event[:2], event[2], bhabha=bhabha)
        assert ours == pytest.approx(exact, rel=1e-10)


def test_three_photons() -> None:
    p4 = three_body(25, "photons")
    found = three_photons(BEAMS[0], BEAMS[1], p4)
    beams = oracle_order(BEAMS)
    for event, ours in zip(oracle_order(p4), found, strict=True):
        exact = E6 * dirac.annihilation(beams, event, vector_masses=(0, 0, 0))
        assert ours == pytest.approx(exact, rel=1e-10)


def test_muon_mass_is_right_to_first_order() -> None:
    """With the mass in the oracle: what is left is some m²/s′."""
    p4 = three_body(60, "muons", (MUON_MASS, MUON_MASS, 0.0))
    beams, masses = oracle_order(BEAMS), (0.0, MUON_MASS)
    found = muon_pair_photon(BEAMS[0], BEAMS[1], p4, MUON_MASS)
    exact = E6 * np.array([
        dirac.pair_and_vector(beams, event[:2], event[2], masses=masses)
        for event in oracle_order(p4)
    ])  # fmt: skip
    s_pair = 4 * HALF * (HALF - p4[:, 2, 3])
    assert np.max(np.abs(found / exact - 1.0) * s_pair / MUON_MASS**2) < 40.0
    assert np.median(np.abs(found / exact - 1.0)) < 5e-4


def test_muon_mass_without_interference() -> None:
    """The mean over the pair's charges: what is left is m²/s′ of the pair's own radiation alone."""
    p4 = three_body(20, "beams", (MUON_MASS, MUON_MASS, 0.0))
    both = muon_pair_photon(BEAMS[0], BEAMS[1], p4, MUON_MASS)
    both = both + muon_pair_photon(BEAMS[0], BEAMS[1], p4[:, [1, 0, 2]], MUON_MASS)
    beams, masses = oracle_order(BEAMS), (0.0, MUON_MASS)
    exact = {
        who: E6 * np.array([
            dirac.pair_and_vector(beams, event[:2], event[2], masses=masses, emitters=who)
            for event in oracle_order(p4)
        ])
        for who in ("first", "second")
    }  # fmt: skip
    s_pair = 4 * HALF * (HALF - p4[:, 2, 3])
    left = np.abs(0.5 * both - exact["first"] - exact["second"])
    assert np.max(left / exact["second"] * s_pair / MUON_MASS**2) < 2.0


def collinear(mass: float, share: float, angle: float) -> np.ndarray:
    """One event: f⁻ with `share` of its parent's energy, the photon at `angle` [rad] to it."""
    cosine, sine = math.cos(1.0), math.sin(1.0)
    along = np.array([sine, 0.0, cosine])
    across = np.array([cosine, 0.0, -sine])
    size = HALF * (1 - share)
    photon = size * (math.cos(angle) * along + math.sin(angle) * across)
    low, high = 0.0, HALF
    for _ in range(200):
        p = 0.5 * (low + high)
        other = -photon - p * along
        total = size + math.hypot(p, mass) + math.hypot(float(np.linalg.norm(other)), mass)
        low, high = (p, high) if total < 2 * HALF else (low, p)
    event = np.zeros((1, 3, 4))
    event[0, 0, :3], event[0, 1, :3], event[0, 2, :3] = low * along, -photon - low * along, photon
    event[0, :, 3] = np.hypot(np.linalg.norm(event[0, :, :3], axis=1), [mass, mass, 0.0])
    return event


@pytest.mark.parametrize("share", [0.9, 0.6, 0.3])
@pytest.mark.parametrize("angle", [0.0, 0.01, 0.03, 0.1])
def test_photons_along_a_muon(share: float, angle: float) -> None:
    """Within the cone m/E the mass term is as large as the rest; it must be right there."""
    event = collinear(MUON_MASS, share, angle)
    ours = muon_pair_photon(BEAMS[0], BEAMS[1], event, MUON_MASS)[0]
    exact = E6 * dirac.pair_and_vector(
        oracle_order(BEAMS), oracle_order(event)[0, :2], oracle_order(event)[0, 2],
        masses=(0.0, MUON_MASS),
    )  # fmt: skip
    # The worst is a soft photon exactly along the muon, where the leading terms cancel.
    assert ours == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("mass", [0.0, 2.0, 8.0])
def test_oracle_gives_the_two_body_closed_forms(mass: float) -> None:
    """γA′ and γa: |M|² of the oracle and dσ/dc of physics section A.4 for the same angle."""
    s, c = 4 * HALF**2, 0.3
    k = (s - mass**2) / (2 * math.sqrt(s))
    photon = k * np.array([1.0, math.sqrt(1 - c * c), 0.0, c])
    other = np.r_[2 * HALF - k, -photon[1:]]
    beams = oracle_order(BEAMS)
    # dσ/dc = |M|² k/√s / (16π s).
    to_density = k / math.sqrt(s) / (16 * math.pi * s)
    square = dirac.annihilation(beams, [photon, other], vector_masses=(0.0, mass))
    # A′ with ε = 1; m = 0 gives γγ counted over the whole sphere.
    expected = 2 * math.pi * ALPHA**2 / s * (1 - mass**2 / s)
    expected *= (1 + c * c + 4 * s * mass**2 / (s - mass**2) ** 2) / (1 - c * c)
    assert (4 * math.pi * ALPHA) ** 2 * square * to_density == pytest.approx(expected, rel=1e-10)
    square = dirac.photon_axion(beams, photon)
    expected = ALPHA / 64 * (1 + c * c) * (1 - mass**2 / s) ** 3
    assert 4 * math.pi * ALPHA * square * to_density == pytest.approx(expected, rel=1e-10)


def axion_events(mass: float, process: str, **values: object) -> np.ndarray:
    """Weighted proposals of the process in the centre-of-mass frame."""
    found = get_process(process, mass=mass, **values)
    variables, weight = found._propose(stream(3, "test/axion").random((3000, found.dimensions)))
    return found.momenta(variables[weight > 0.0])[:15]


@pytest.mark.parametrize("mass", [0.0, 1.0, 6.0])
def test_fusion_of_tagged_electrons(mass: float) -> None:
    events = axion_events(mass, "eea")
    sqrt_s = float(events[0, :, 3].sum())
    beam = math.sqrt(sqrt_s**2 / 4 - ELECTRON_MASS**2)
    beams = np.array([[sqrt_s / 2, 0, 0, beam], [sqrt_s / 2, 0, 0, -beam]])
    for event in events:
        ours = fusion_square(event[0], event[1], sqrt_s, mass)
        exact = dirac.pair_and_axion(beams, oracle_order(event)[:2], ELECTRON_MASS)
        assert ours == pytest.approx((4 * math.pi * ALPHA) ** 2 * exact, rel=1e-9)


def test_electron_mass_does_not_matter_in_the_default_region() -> None:
    """Massive and massless oracle for an event at the edge of `eegamma`: 2 degrees, 0.1 GeV."""
    event = oracle_order(collinear(ELECTRON_MASS, 0.1, math.radians(2.0)))[0]
    beams = oracle_order(BEAMS).copy()
    ours = bhabha_photon(
        BEAMS[0], BEAMS[1], collinear(ELECTRON_MASS, 0.1, math.radians(2.0)), bhabha=True
    )[0]
    beams[0, 3] = math.sqrt(HALF**2 - ELECTRON_MASS**2)
    beams[1, 3] = -beams[0, 3]
    masses = (ELECTRON_MASS, ELECTRON_MASS)
    exact = E6 * dirac.pair_and_vector(beams, event[:2], event[2], masses=masses, bhabha=True)
    assert ours == pytest.approx(exact, rel=2e-3)
