"""Tau pairs to two electrons in a region: against `tau_pair`, which has no region."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes import get_process

MACHINE = Machine()
REGION = {
    "theta_min": 30.0, "theta_max": 150.0, "frame": "cm", "energy_min": 0.5,
    "missing_energy_min": 3.0, "missing_mass_min": 1.0, "missing_mass_max": 6.0,
}  # fmt: skip


def _pairs(name: str, n: int, **values: object) -> np.ndarray:
    """Electron and positron in the centre-of-mass frame, shape (n, 2, 4)."""
    events = get_process(name, MACHINE, **values).generate(n, seed=4)
    rows = [np.flatnonzero(events.pdg == code) for code in (11, -11)]
    return np.stack([events.p4[each] @ MACHINE.to_cm.T for each in rows], axis=1)


def _missing(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = np.array([0.0, 0.0, 0.0, MACHINE.sqrt_s]) - pairs.sum(axis=1)
    return total[:, 3], np.sqrt(total[:, 3] ** 2 - np.sum(total[:, :3] ** 2, axis=1))


def test_the_region_of_all_tau_pairs() -> None:
    """Cross-section and means are those of tau_pair events that fulfil the same cuts."""
    every = _pairs("tau_pair", 60_000, tau_minus="e", tau_plus="e")
    energy, mass = _missing(every)
    cosine = np.abs(every[:, :, 2]) / np.sqrt(np.sum(every[:, :, :3] ** 2, axis=2))
    kept = (
        (cosine <= np.cos(np.radians(30.0))).all(axis=1) & (every[:, :, 3] >= 0.5).all(axis=1)
        & (energy >= 3.0) & (mass >= 1.0) & (mass <= 6.0)
    )  # fmt: skip
    own = get_process("tau_pair_dielectron", MACHINE, **REGION)
    sigma = own.cross_section(100_000, seed=2)
    whole = get_process("tau_pair", MACHINE, tau_minus="e", tau_plus="e").cross_section(50_000, 2)
    share = kept.mean()
    error = whole.value_nb * np.sqrt(share * (1 - share) / len(kept)) + sigma.error_nb
    assert 500 < kept.sum() < 30_000
    assert abs(sigma.value_nb - whole.value_nb * share) < 4 * error
    made = _pairs("tau_pair_dielectron", 10_000, **REGION)
    found, wanted = _missing(made), _missing(every[kept])
    for ours, theirs in (
        *zip(found, wanted, strict=True),
        (made[:, 0, 3], every[kept][:, 0, 3]),
        (made[:, 1, 2], every[kept][:, 1, 2]),
        (made[:, 0, 3] * made[:, 1, 3], (every[:, 0, 3] * every[:, 1, 3])[kept]),
    ):
        spread = np.hypot(ours.std() / len(ours) ** 0.5, theirs.std() / len(theirs) ** 0.5)
        assert abs(ours.mean() - theirs.mean()) < 4 * spread


def test_events_are_inside_and_balanced() -> None:
    process = get_process("tau_pair_dielectron", MACHINE, missing_mass_max=2.0, theta_min=20.0)
    events = process.generate(500, seed=1)
    total = np.add.reduceat(events.p4, events.offsets[:-1])
    np.testing.assert_allclose(total, np.tile(MACHINE.total, (500, 1)), atol=1e-6)
    assert list(events.pdg[:7]) == [11, -12, 16, -11, 12, -16, 22]
    first, second = (events.p4.reshape(500, 7, 4)[:, k : k + 3].sum(axis=1) for k in (0, 3))
    for tau in (first, second):
        mass = np.sqrt(tau[:, 3] ** 2 - np.sum(tau[:, :3] ** 2, axis=1))
        np.testing.assert_allclose(mass, 1.77686, atol=1e-5)
    pairs = events.p4.reshape(500, 7, 4)[:, (0, 3)] @ MACHINE.to_cm.T
    assert _missing(pairs)[1].max() <= 2.0 + 1e-9


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(InputError, match="below missing_mass_max"):
        get_process("tau_pair_dielectron", MACHINE, missing_mass_min=3.0, missing_mass_max=2.0)
