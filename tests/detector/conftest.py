"""Particle guns for the tests of the detector."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from firmware_models.trigger_cells import cell_map
from sim.events import Events, from_dense

MASS = {
    22: 0.0, 11: 0.000511, 13: 0.1056583755, 211: 0.13957039, 321: 0.493677, 2212: 0.93827209,
    2112: 0.93956542, 130: 0.497611, 12: 0.0, 111: 0.1349768,
}  # fmt: skip

Gun = Callable[..., Events]


def shoot(
    pdg: int,
    momentum: float | np.ndarray,
    theta_deg: float | np.ndarray,
    phi_deg: float | np.ndarray,
    n: int | None = None,
) -> Events:
    """Return events with one particle each."""
    p, theta, phi = np.broadcast_arrays(
        np.asarray(momentum, dtype=float), np.radians(theta_deg), np.radians(phi_deg)
    )
    p, theta, phi = np.atleast_1d(p), np.atleast_1d(theta), np.atleast_1d(phi)
    if n is not None:
        p, theta, phi = (np.resize(a, n) for a in (p, theta, phi))
    p4 = np.stack(
        [
            p * np.sin(theta) * np.cos(phi),
            p * np.sin(theta) * np.sin(phi),
            p * np.cos(theta),
            np.sqrt(p**2 + MASS[abs(pdg)] ** 2),
        ],
        axis=-1,
    )
    return from_dense([pdg], p4[:, None, :])


def isotropic(pdg: int, momentum: float, n: int, seed: int = 1) -> Events:
    """Return single particles over the calorimeter's range, flat in cos θ and φ."""
    rng = np.random.default_rng(seed)
    cosine = rng.uniform(np.cos(np.radians(155.0)), np.cos(np.radians(12.5)), n)
    return shoot(pdg, momentum, np.degrees(np.arccos(cosine)), rng.uniform(0.0, 360.0, n))


@pytest.fixture(scope="session")
def gun() -> Gun:
    """Single particles at given angles."""
    return shoot


@pytest.fixture(scope="session")
def spray() -> Gun:
    """Single particles everywhere."""
    return isotropic


@pytest.fixture(scope="session")
def centres() -> tuple[np.ndarray, np.ndarray]:
    """Polar and azimuthal angle [degree] of the 576 cells' centres, TC 1 first."""
    cells = cell_map()
    return cells.theta_deg[1:], cells.phi_deg[1:]
