"""Guns for the tests of the muon detector."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.detector.klm.config import (
    HadronConfig,
    KlmConfig,
    MaterialConfig,
    PlaneConfig,
    PlaneNoiseConfig,
)
from sim.detector.klm.response import KlmResponse
from sim.events import Events, from_dense

MASS = {11: 0.00051099895, 13: 0.1056583755, 22: 0.0, 12: 0.0, 130: 0.497611, 211: 0.13957039,
        321: 0.493677}  # fmt: skip


def shoot(
    pdg: int, p: float | np.ndarray, theta_deg: float | np.ndarray, phi_deg: float | np.ndarray
) -> Events:
    """Return events of one particle each from the collision point."""
    p, theta, phi = (
        np.atleast_1d(a)
        for a in np.broadcast_arrays(
            np.asarray(p, dtype=float), np.radians(theta_deg), np.radians(phi_deg)
        )
    )
    pt = p * np.sin(theta)
    energy = np.sqrt(p**2 + MASS[abs(pdg)] ** 2)
    p4 = np.stack((pt * np.cos(phi), pt * np.sin(phi), p * np.cos(theta), energy), axis=-1)
    return from_dense([pdg], p4[:, None, :])


@pytest.fixture(scope="session")
def gun() -> Callable[..., Events]:
    """Single particles at given angles."""
    return shoot


@pytest.fixture(scope="session")
def ideal() -> KlmResponse:
    """Every plane fires, no scattering, no interactions, no decays, no noise."""
    return KlmResponse(
        KlmConfig(
            material=MaterialConfig(scattering=0.0),
            hadrons=HadronConfig(interaction=0.0, decays=0.0),
            planes=PlaneConfig(efficiency=1.0),
            background=PlaneNoiseConfig(noise=0.0, level=0.0),
        )
    )


@pytest.fixture(scope="session")
def quiet() -> KlmResponse:
    """The default without noise and background."""
    return KlmResponse(KlmConfig(background=PlaneNoiseConfig(noise=0.0, level=0.0)))
