"""Cosmic muons: intensity, angles, the two legs, the rate through a sphere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from firmware_models.errors import InputError
from sim.detector.klm.config import KlmConfig, PlaneNoiseConfig
from sim.detector.klm.response import KlmResponse
from sim.events import Events
from sim.processes import get_process
from sim.processes.cosmic import CHARGE_RATIO, Cosmic, vertical_intensity


@pytest.fixture(scope="module")
def muons() -> Events:
    return get_process("cosmic").generate(20_000, 1)


def _intensity(low: float, high: float) -> float:
    """Return the vertical intensity between two momenta at sea level [1/(m² s sr)]."""
    density = lambda t: math.exp(t) * float(vertical_intensity(np.array(math.exp(t))))  # noqa: E731
    return float(quad(density, math.log(low), math.log(high), limit=200)[0])


def test_intensity_is_the_published_one() -> None:
    """About 70 /(m² s sr) above 1 GeV at sea level (Particle Data Group, cosmic rays)."""
    assert _intensity(1.0, 2000.0) == pytest.approx(70.0, rel=0.1)


def test_rate_through_the_sphere() -> None:
    """Intensity · 2π/3 · π R²; with the radius squared."""
    process = get_process("cosmic", radius=100.0, p_min=0.5, p_max=400.0)
    assert isinstance(process, Cosmic)
    expected = _intensity(1.8, 401.3) * 2.0 * math.pi / 3.0 * math.pi
    assert process.rate_hz() == pytest.approx(expected, rel=1e-4)
    small = get_process("cosmic", radius=10.0, p_min=0.5, p_max=400.0)
    assert isinstance(small, Cosmic)
    assert small.rate_hz() == pytest.approx(0.01 * expected, rel=1e-4)


def test_legs_are_one_line_closest_to_the_collision_point(muons: Events) -> None:
    first, second = muons.p4[::2], muons.p4[1::2]
    np.testing.assert_array_equal(first[:, :3], -second[:, :3])
    np.testing.assert_array_equal(muons.pdg[::2], -muons.pdg[1::2])
    np.testing.assert_array_equal(muons.vertex[::2], muons.vertex[1::2])
    assert (first[:, 1] <= 0.0).all()
    along = np.einsum("ij,ij->i", first[:, :3], muons.vertex[::2, :3])
    scale = np.linalg.norm(first[:, :3], axis=1)
    np.testing.assert_allclose(along / scale, 0.0, atol=1e-9)
    mass = np.sqrt(np.maximum(first[:, 3] ** 2 - scale**2, 0.0))
    np.testing.assert_allclose(mass[scale < 20.0], 0.1056583755, atol=1e-6)


def test_distributions(muons: Events) -> None:
    """cos θ has the density 3 c², the disc is even, the charge ratio and momenta are right."""
    p3 = muons.p4[::2, :3]
    p = np.linalg.norm(p3, axis=1)
    n = len(p)
    cosine = -p3[:, 1] / p
    assert cosine.mean() == pytest.approx(0.75, abs=5.0 * math.sqrt(0.0375 / n))
    azimuth = np.arctan2(p3[:, 2], p3[:, 0])
    assert np.cos(azimuth).mean() == pytest.approx(0.0, abs=5.0 * math.sqrt(0.5 / n))
    distance = np.linalg.norm(muons.vertex[::2, :3], axis=1)
    assert distance.max() <= 30.0
    assert (distance < 15.0).mean() == pytest.approx(0.25, abs=5.0 * math.sqrt(0.1875 / n))
    positive = CHARGE_RATIO / (1.0 + CHARGE_RATIO)
    assert (muons.pdg[::2] == -13).mean() == pytest.approx(positive, abs=5.0 * 0.5 / math.sqrt(n))
    for least in (2.0, 5.0, 20.0):
        expected = _intensity(least + 1.3, 501.3) / _intensity(1.8, 501.3)
        error = math.sqrt(expected * (1.0 - expected) / n)
        assert (p > least).mean() == pytest.approx(expected, abs=5.0 * error)


def test_muon_detector_sees_both_legs(muons: Events) -> None:
    """Steep stiff muons near the collision point fire opposite barrel sectors, 2 and 6."""
    p = np.linalg.norm(muons.p4[::2, :3], axis=1)
    steep = (-muons.p4[::2, 1] > 0.97 * p) & (p > 8.0)
    quiet = KlmResponse(KlmConfig(background=PlaneNoiseConfig(noise=0.0, level=0.0)))
    masks = quiet.respond(muons.select(np.flatnonzero(steep)), 1).masks()
    fired = np.bitwise_count(masks[:, :16]) >= 8
    assert steep.sum() > 50
    assert (fired[:, 2] | fired[:, 10]).mean() > 0.9
    assert (fired[:, 6] | fired[:, 14]).mean() > 0.9
    assert not fired[:, [0, 4, 8, 12]].any()


def test_limits_that_cross_are_refused() -> None:
    with pytest.raises(InputError, match=r"cosmic\.p_min: must be below p_max \(2\), not 3"):
        get_process("cosmic", p_min=3, p_max=2)
