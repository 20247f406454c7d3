"""Resolutions of masses by propagation, against tracks whose momenta are smeared one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.machine import Machine
from sim.processes import get_process
from sim.sensitivity.config import load_channel
from sim.sensitivity.tracking_resolution import (
    momentum_resolution,
    pair_mass_resolution,
    recoil_mass2_resolution,
)
from sim.streams import stream
from sim.truth import CDC_RANGE

MACHINE = Machine()
MUON = 0.1056583755


def _smeared(p4: np.ndarray, n: int, name: str) -> np.ndarray:
    """One track n times, its momentum smeared with the formula in plain numbers."""
    px, py, pz, energy = p4
    size = math.sqrt(px * px + py * py + pz * pz)
    spread = math.hypot(0.0019 * math.hypot(px, py), 0.003 * energy / size)
    scale = 1.0 + spread * stream(5, f"test/{name}").standard_normal(n)
    momenta = np.outer(scale, p4[:3])
    mass2 = energy * energy - size * size
    return np.column_stack([momenta, np.sqrt(np.sum(momenta**2, axis=1) + mass2)])


def _mass2(p4: np.ndarray) -> np.ndarray:
    return p4[:, 3] ** 2 - np.sum(p4[:, :3] ** 2, axis=1)


def test_slow_and_fast_tracks() -> None:
    p4 = np.array([[0.3, 0.4, 0.0, math.hypot(0.5, MUON)], [0.0, 5.0, 0.0, 5.0]])
    beta = 0.5 / math.hypot(0.5, MUON)
    expected = [math.hypot(0.0019 * 0.5, 0.003 / beta), math.hypot(0.0095, 0.003)]
    assert momentum_resolution(p4) == pytest.approx(expected)


@pytest.mark.parametrize("mass", [1.0, 4.0, 7.0])
def test_propagation_against_smeared_tracks(mass: float) -> None:
    events = get_process("mumu_zprime", mass=mass).generate(20, 7).p4.reshape(-1, 3, 4)
    beams = MACHINE.total
    pair = pair_mass_resolution(events[:, 0], events[:, 1])
    recoil = recoil_mass2_resolution(events[:, 0], events[:, 1], beams)
    for i, (first, second, _) in enumerate(events):
        a, b = _smeared(first, 20_000, "a"), _smeared(second, 20_000, "b")
        assert np.std(np.sqrt(_mass2(a + b))) == pytest.approx(pair[i], rel=0.03)
        assert np.std(_mass2(beams - a - b)) == pytest.approx(recoil[i], rel=0.03)


CHANNELS = {
    "zprime_invisible_2018": (0, 1), "zprime_invisible": (0, 1), "zprime_emu": (0, 1),
    "dark_higgsstrahlung_invisible": (0, 1), "dark_higgsstrahlung_visible": (0, 1),
    "dark_photon_mumu": (0, 1), "dark_photon_ee": (0, 1), "zprime_mumu": (2, 3),
    "scalar_mumu": (2, 3),
}  # fmt: skip
"""Places of the pair among the charged particles of the signal."""


@pytest.mark.parametrize("name", list(CHANNELS))
def test_channels_have_the_resolution_of_their_signal(name: str) -> None:
    """Medians of the signal's pairs in the drift chamber."""
    channel = load_channel(name)
    observable = channel.offline.observable[0]
    for mass in channel.signal.masses[1::4]:
        parameters = {**channel.signal.parameters, channel.signal.mass: mass}
        made = get_process(channel.signal.process, **parameters).generate(400, 3)
        charged = np.isin(np.abs(made.pdg), (11, 13))
        p4 = made.p4[charged].reshape(400, -1, 4)
        tracks = [p4[:, i] for i in CHANNELS[name]]
        theta = [np.arctan2(np.hypot(t[:, 0], t[:, 1]), t[:, 2]) for t in tracks]
        seen = np.all([(t > CDC_RANGE[0]) & (t < CDC_RANGE[1]) for t in theta], axis=0)
        if "RecoilMass2" in observable.variables[0]:
            found = recoil_mass2_resolution(*tracks, MACHINE.total)[seen]
        else:
            found = pair_mass_resolution(*tracks)[seen]
        assert observable.sigma(mass) == pytest.approx(np.median(found), rel=0.15), mass
