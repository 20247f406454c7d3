"""Variables of e⁺e⁻ + invisible: τ pairs with massless neutrino systems, and the fusion signal."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.events import from_dense
from sim.machine import Machine, transform
from sim.processes import get_process
from sim.streams import stream
from sim.truth import truth_variables
from sim.truth.electron_pair import tau_pair_mass

MACHINE = Machine()
TAU = 1.77686


def _tau_leptons(n: int, tilt: float) -> tuple[np.ndarray, np.ndarray]:
    """Leptons of τ → e + massless, τ⁻ along an axis `tilt` [rad] from z: both, and cos φ."""
    rng = stream(8, "test/taus")
    half = MACHINE.sqrt_s / 2
    gamma, beta = half / TAU, math.sqrt(1 - (TAU / half) ** 2)
    cosine, phi = rng.uniform(-1, 1, (2, n)), rng.uniform(0, 2 * math.pi, (2, n))
    p4 = np.zeros((n, 2, 4))
    for i, side in enumerate((1.0, -1.0)):
        sine = np.sqrt(1 - cosine[i] ** 2)
        p4[:, i, 0], p4[:, i, 1] = TAU / 2 * sine * np.cos(phi[i]), TAU / 2 * sine * np.sin(phi[i])
        p4[:, i, 2] = side * gamma * TAU / 2 * (cosine[i] + beta)
        p4[:, i, 3] = gamma * TAU / 2 * (1 + beta * cosine[i])
    c, s = math.cos(tilt), math.sin(tilt)
    turn = np.array([[c, 0, s, 0], [0, 1, 0, 0], [-s, 0, c, 0], [0, 0, 0, 1]])
    return p4 @ turn.T, np.cos(phi[0] - phi[1])


def _mass(p4: np.ndarray) -> np.ndarray:
    total = p4.sum(axis=1)
    return np.sqrt(total[:, 3] ** 2 - np.sum(total[:, :3] ** 2, axis=1))


@pytest.mark.parametrize("tilt", [0.0, 1.1])
def test_tau_pairs_lie_on_the_line(tilt: float) -> None:
    """With the true φ the formula is m_ee; with that about the beam it is close to it."""
    p4, cos_phi = _tau_leptons(500, tilt)
    exact = tau_pair_mass(p4[:, 0], p4[:, 1], MACHINE.sqrt_s, cos_phi)
    np.testing.assert_allclose(exact, _mass(p4), rtol=1e-7)
    assumed = tau_pair_mass(p4[:, 0], p4[:, 1], MACHINE.sqrt_s)
    if tilt == 0.0:
        np.testing.assert_allclose(assumed, exact, rtol=1e-7)
    assert np.max(np.abs(assumed**2 - exact**2)) < TAU**2 + 1e-9


def test_truth_variables_of_tau_leptons() -> None:
    p4, _ = _tau_leptons(300, 0.0)
    # Away from the beams, so that the leptons are seen.
    c = math.sqrt(0.5)
    p4 = p4 @ np.array([[c, 0, c, 0], [0, 1, 0, 0], [-c, 0, c, 0], [0, 0, 0, 1]]).T
    # Massive electrons of the same momenta do not change anything visible.
    found = truth_variables(
        from_dense([11, -11], transform(MACHINE.to_lab[None], p4)), MACHINE, acceptance=None
    )
    np.testing.assert_allclose(found["dielectronMass"], _mass(p4), rtol=1e-7)
    expected = tau_pair_mass(p4[:, 0], p4[:, 1], MACHINE.sqrt_s)
    np.testing.assert_allclose(found["dielectronTauMass"], expected, rtol=1e-7)


def test_fusion_signal_has_the_mass_and_a_central_missing_momentum() -> None:
    mass = 3.0
    process = get_process("eea", mass=mass, frame="cm", theta_min=30, theta_max=140)
    events = process.generate(500, 2)
    found = truth_variables(events, MACHINE)
    cm = (events.p4 @ MACHINE.to_cm.T).reshape(-1, 3, 4)
    axion = cm[:, 2]
    np.testing.assert_allclose(found["missingMass2OfEvent"], mass**2, atol=1e-7)
    size = np.linalg.norm(axion[:, :3], axis=1)
    np.testing.assert_allclose(found["missingMomentumOfEventCMS"], size, rtol=1e-7)
    theta = np.arccos(axion[:, 2] / size)
    np.testing.assert_allclose(found["missingMomentumOfEventCMS_theta"], theta, atol=1e-6)
    eta = 0.5 * np.log((size + axion[:, 2]) / (size - axion[:, 2]))
    np.testing.assert_allclose(found["missingMomentumEtaCM"], eta, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found["dielectronMass"], _mass(cm[:, :2]), rtol=1e-7)
    # The proceedings: E*_miss ends at (s + m²)/2√s.
    top = (MACHINE.s + mass**2) / (2 * MACHINE.sqrt_s)
    assert np.max(found["missingEnergyOfEventCMS"]) < top
    # The signal lies above the line of the τ pairs more often than not.
    assert np.isfinite(found["dielectronTauMass"]).all()


def test_no_pair_no_mass() -> None:
    events = from_dense([11, 11], np.array([[[1.0, 0, 1, 1.5], [-1.0, 0, 1, 1.5]]]))
    found = truth_variables(events, MACHINE)
    assert np.isnan(found["dielectronMass"]).all()
    assert np.isnan(found["dielectronTauMass"]).all()
