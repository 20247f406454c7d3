"""Guns and a brute-force tracker for the tests of the drift chamber."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.detector.cdc.config import CdcConfig, DriftConfig, MediumConfig, WireBackgroundConfig
from sim.detector.cdc.response import CdcResponse
from sim.events import Events, from_dense

MASS = {11: 0.00051099895, 13: 0.1056583755, 211: 0.13957039, 321: 0.493677, 2212: 0.93827209}


def shoot(
    pdg: int,
    pt: float | np.ndarray,
    theta_deg: float | np.ndarray,
    phi_deg: float | np.ndarray,
    vertex: tuple[float, float, float] | np.ndarray = (0.0, 0.0, 0.0),
) -> Events:
    """Return events of one particle each, with given transverse momentum [GeV]."""
    pt, theta, phi = np.broadcast_arrays(
        np.asarray(pt, dtype=float), np.radians(theta_deg), np.radians(phi_deg)
    )
    pt, theta, phi = np.atleast_1d(pt), np.atleast_1d(theta), np.atleast_1d(phi)
    p4 = np.stack((pt * np.cos(phi), pt * np.sin(phi), pt / np.tan(theta), 0.0 * pt), axis=-1)
    p4[:, 3] = np.sqrt((p4[:, :3] ** 2).sum(axis=1) + MASS[abs(pdg)] ** 2)
    events = from_dense([pdg], p4[:, None, :])
    events.vertex[:, :3] = vertex
    return events


def spread(pdg: int, n: int, low: float = 0.3, high: float = 3.0, seed: int = 1) -> Events:
    """Return single particles over the barrel."""
    rng = np.random.default_rng(seed)
    return shoot(
        pdg, rng.uniform(low, high, n), rng.uniform(35.0, 122.0, n), rng.uniform(0.0, 360.0, n)
    )


@pytest.fixture(scope="session")
def gun() -> Callable[..., Events]:
    """Single particles at given angles."""
    return shoot


@pytest.fixture(scope="session")
def spray() -> Callable[..., Events]:
    """Single particles over the barrel."""
    return spread


@pytest.fixture(scope="session")
def vacuum() -> CdcResponse:
    """No material, every wire fires, no background."""
    return CdcResponse(
        CdcConfig(
            medium=MediumConfig(scattering=0.0, loss=0.0),
            drift=DriftConfig(efficiency=1.0, clusters=1e4),
            background=WireBackgroundConfig(level=0.0),
        )
    )


@pytest.fixture(scope="session")
def quiet() -> CdcResponse:
    """The default without beam background."""
    return CdcResponse(CdcConfig(background=WireBackgroundConfig(level=0.0)))
