"""Resolutions of photon searches at the masses of their channels, from the calorimeter's formula.

    python benchmarks/photon_resolutions.py

σ_E/E = 0.81 %/E^¼ ⊕ 1.34 % (Belle, NIM A 479 (2002) 117, in `sim.detector.ecl_config`; E in the
laboratory). Position 0.5 cm/√E (the same paper, table of the detectors' performance) at 125 cm
from the collision point, in θ and φ each. For e⁺e⁻ → γ + invisible the table is of σ(E*); for three
photons of σ(m): from the pair's energies and opening angle, or from the recoil photon,
m² = s - 2√s E*, whichever is smaller (medians). Over events of the signal whose photons fly to
crystals. Gaussian: the tails of a calorimeter, energy lost behind it and photons in one cluster are
left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.detector.ecl_config import EclConfig
from sim.machine import Machine, transform
from sim.processes import get_process
from sim.sensitivity.channel import Channel
from sim.sensitivity.config import load_channel, parameters
from sim.truth.photon_search import at_crystals

FloatArray = NDArray[np.float64]

POSITION_CM = 0.5
DISTANCE_CM = 125.0


def relative(energy: FloatArray) -> FloatArray:
    """Return σ_E/E of photons [GeV, laboratory]."""
    shower = EclConfig().shower
    result: FloatArray = np.hypot(shower.stochastic / energy**0.25, shower.constant)
    return result


def photons(channel: Channel, mass: float, n: int = 4000) -> tuple[FloatArray, FloatArray]:
    """Return photons of signal events, laboratory and CM frame, shape ``(n, k, 4)``."""
    machine = channel.collider()
    process = get_process(channel.signal.process, machine, **parameters(channel, mass))
    events = process.generate(n, 1)
    p4 = events.p4[events.pdg == 22].reshape(n, -1, 4)
    theta = np.arctan2(np.hypot(p4[..., 0], p4[..., 1]), p4[..., 2])
    p4 = p4[at_crystals(theta.ravel()).reshape(theta.shape).all(axis=1)]
    return p4, transform(machine.to_cm[None], p4.reshape(1, -1, 4))[0].reshape(p4.shape)


def single(channel: Channel, mass: float) -> float:
    """Return σ(E*) [GeV] of the photon."""
    lab, cm = photons(channel, mass)
    return float(np.mean(cm[:, 0, 3] * relative(lab[:, 0, 3])))


def pair(channel: Channel, mass: float) -> tuple[float, float]:
    """Return σ(m) [GeV] of the pair from the pair itself and from the recoil photon."""
    lab, cm = photons(channel, mass)
    machine: Machine = channel.collider()
    energy = lab[..., 3]
    masses = machine.s - 2.0 * machine.sqrt_s * cm[..., 3]
    recoil = np.argmin(np.abs(masses - mass**2), axis=1)
    rows = np.arange(len(lab))
    from_recoil = machine.sqrt_s / mass * cm[rows, recoil, 3] * relative(energy[rows, recoil])
    own = own_mass(lab[rows, (recoil + 1) % 3], lab[rows, (recoil + 2) % 3], mass)
    return float(np.median(own)), float(np.median(from_recoil))


def own_mass(first: FloatArray, second: FloatArray, mass: float) -> FloatArray:
    """Return σ(m) [GeV] of pairs from energies and opening angle, shape ``(n,)``."""
    cosine = np.sum(first[:, :3] * second[:, :3], axis=1) / (first[:, 3] * second[:, 3])
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    position = POSITION_CM / DISTANCE_CM * np.hypot(first[:, 3] ** -0.5, second[:, 3] ** -0.5)
    # m² = 2 E₁E₂ (1 - cos α): dm/m = ½ (dE₁/E₁ + dE₂/E₂ + dα cot(α/2)).
    parts = [relative(first[:, 3]), relative(second[:, 3]), position / np.tan(0.5 * angle)]
    result: FloatArray = 0.5 * mass * np.sqrt(sum(part**2 for part in parts))
    return result


def main() -> None:
    """Print the tables as the channels' files have them."""
    for name in ("dark_photon", "alp_invisible"):
        channel = load_channel(name)
        rows = [[mass, round(single(channel, mass), 4)] for mass in channel.signal.masses]
        print(f"{name}: resolution of E* [GeV]\n{rows}")
    for name in ("alp_3photon", "besiii_jpsi_alp"):
        channel = load_channel(name)
        found = {mass: pair(channel, mass) for mass in channel.signal.masses}
        print(f"{name}: resolution of m [GeV], of the pair, of the recoil")
        print([[mass, round(own, 4), round(recoil, 4)] for mass, (own, recoil) in found.items()])
        print([[mass, round(min(both), 4)] for mass, both in found.items()])
    channel = load_channel("b_to_k_alp")
    rows = []
    for mass in channel.signal.masses:
        lab, _ = photons(channel, mass)
        rows.append([mass, round(float(np.median(own_mass(lab[:, 0], lab[:, 1], mass))), 4)])
    print(f"b_to_k_alp: resolution of m [GeV]\n{rows}")


if __name__ == "__main__":
    main()
