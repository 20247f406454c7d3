"""The radiative Bhabha model against the exact amplitude, and the amplitude against its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.processes import get_process
from sim.processes.constants import ALPHA, ELECTRON_MASS
from sim.processes.matrix_elements import bhabha_photon, dot
from sim.processes.photon_flux import flux_in_log
from sim.processes.virtual_compton import compton_density
from sim.streams import stream

E4 = (4.0 * math.pi * ALPHA) ** 2


def _soft_events(half: float, energy: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Massless beams, and pairs with a photon so soft that its recoil does not matter."""
    rng = stream(4, "test/soft")
    beams = np.array([[0, 0, half, half], [0, 0, -half, half]])
    c, phi = rng.uniform(-0.9, 0.9, (2, 500)), rng.uniform(0, 2 * math.pi, (2, 500))
    sine = np.sqrt(1 - c**2)
    unit = np.stack([sine * np.cos(phi), sine * np.sin(phi), c], axis=2)
    p4 = np.zeros((500, 3, 4))
    p4[:, 2, :3], p4[:, 2, 3] = energy * unit[1], energy
    pair = -p4[:, 2]
    # Two massless leptons that share total momentum -k: solve the size of the first.
    total = 2 * half - energy
    cosine = np.sum(unit[0] * unit[1], axis=1)
    first = (total**2 - energy**2) / (2 * (total + energy * cosine))
    p4[:, 0, :3], p4[:, 0, 3] = first[:, None] * unit[0], first
    p4[:, 1, :3] = pair[:, :3] - p4[:, 0, :3]
    p4[:, 1, 3] = np.linalg.norm(p4[:, 1, :3], axis=1)
    return beams[0], beams[1], p4


@pytest.mark.parametrize("bhabha", [True, False])
def test_soft_photon_limit_is_born_times_eikonal(bhabha: bool) -> None:
    electron, positron, p4 = _soft_events(5.0, 1e-6)
    momenta = [electron, positron, p4[:, 0], p4[:, 1]]
    # Charge flow: incoming e⁻ and outgoing e⁺ alike, incoming e⁺ and outgoing e⁻ alike.
    sign = [1.0, -1.0, -1.0, 1.0]
    k = p4[:, 2]
    current = sum(
        sign[i] * sign[j] * dot(momenta[i], momenta[j]) / dot(momenta[i], k) / dot(momenta[j], k)
        for i in range(4) for j in range(4) if i != j
    )  # fmt: skip
    s = 2 * dot(electron, positron)
    t, u = -2 * dot(electron, p4[:, 0]), -2 * dot(electron, p4[:, 1])
    born = (t * t + u * u) / s**2
    if bhabha:
        born = born + (s * s + u * u) / t**2 + 2 * u * u / (s * t)
    expected = -4.0 * math.pi * ALPHA * current * 2.0 * E4 * born
    found = bhabha_photon(electron, positron, p4, bhabha=bhabha)
    assert found == pytest.approx(expected, rel=1e-5)


def _ratio() -> dict[str, np.ndarray]:
    """Exact over model, event by event, for events of the process itself."""
    process = get_process("radiative_bhabha", energy_min=1.0)
    s, half = process.machine.s, process.machine.sqrt_s / 2
    points = stream(5, "test/exact").random((200_000, process.dimensions))
    variables, weight = process._propose(points)
    variables, weight = variables[weight > 0], weight[weight > 0]
    p4 = process.momenta(variables)
    spectator, y, kt = variables[:, 0].astype(int), variables[:, 1], variables[:, 2]
    rows = np.arange(len(p4))
    lost, lepton, photon = p4[rows, spectator], p4[rows, 1 - spectator], p4[:, 2]
    size = math.sqrt(half**2 - ELECTRON_MASS**2)
    beams = np.array([[0, 0, size, half], [0, 0, -size, half]])
    virtuality = ELECTRON_MASS**2 * y * y / (1 - y) + kt**2 / (1 - y)
    # dσ/(dy d ln Q² dΩ̂): flux factor, spectator's and pair's phase space, azimuth integrated.
    phase = 0.25 * (1 - y) * virtuality * 2 * math.pi * half / np.abs(lost[:, 2])
    phase /= (2 * math.pi) ** 3 * 32 * math.pi**2
    amplitude = bhabha_photon(beams[0], beams[1], p4)
    exact = 0.3893793721e6 / (2 * s) * amplitude * phase
    v = 2 * dot(beams[1 - spectator], photon) / (y * s)
    model = np.array([
        flux_in_log(a, b) * compton_density(c, a * s) / (2 * math.pi)
        for a, b, c in zip(y, virtuality, v, strict=True)
    ])  # fmt: skip
    return {
        "ratio": exact / model, "weight": weight, "virtuality": virtuality,
        "angle": np.degrees(kt / lost[:, 3]), "lepton": lepton[:, 3], "photon": photon[:, 3],
        "lepton_sine": np.hypot(lepton[:, 0], lepton[:, 1]) / lepton[:, 3],
        "photon_sine": np.hypot(photon[:, 0], photon[:, 1]) / photon[:, 3],
    }  # fmt: skip


def test_model_agrees_with_the_exact_amplitude_for_quasi_real_photons() -> None:
    found = _ratio()
    # Above the electron's mass (the exact formula is massless) and far below ŝ.
    quasi_real = (found["angle"] > 0.1) & (found["angle"] < 1.0)
    assert quasi_real.sum() > 2000
    ratio, weight = found["ratio"][quasi_real], found["weight"][quasi_real]
    assert np.average(ratio, weights=weight) == pytest.approx(1.0, abs=0.01)
    assert np.quantile(np.abs(ratio - 1.0), 0.9) < 0.03


def test_model_agrees_when_the_lepton_recoils_against_the_spectator() -> None:
    found = _ratio()
    recoil = (found["angle"] > 3.0) & (found["lepton"] > 1.0) & (found["lepton_sine"] > 0.5)
    recoil &= found["photon_sine"] < 0.2
    assert recoil.sum() > 2000
    ratio, weight = found["ratio"][recoil], found["weight"][recoil]
    assert np.average(ratio, weights=weight) == pytest.approx(1.0, abs=0.1)
