"""d0 and z0 of helices against numerical minimisation along the path of each particle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

from sim.events import Events, from_dense
from sim.machine import Machine
from sim.perigee import perigee
from sim.streams import stream
from sim.truth import truth_variables

TESLA = 1.5
LIGHT = 0.299792458  # GeV/(T m)


def _draw(n: int, purpose: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Particles of 0.05 to 5 GeV of pT that start up to 60 cm from the axis in any direction."""
    rng = stream(3, f"test/perigee/{purpose}")
    pt, phi = np.exp(rng.uniform(np.log(0.05), np.log(5.0), n)), rng.uniform(-np.pi, np.pi, n)
    pz = pt / np.tan(rng.uniform(0.3, 2.7, n))
    p4 = np.stack((pt * np.cos(phi), pt * np.sin(phi), pz, np.hypot(pt, pz)), axis=1)
    rho, azimuth = 60.0 * rng.random(n), rng.uniform(-np.pi, np.pi, n)
    z, zero = rng.uniform(-80.0, 80.0, n), np.zeros(n)
    vertex = np.stack((rho * np.cos(azimuth), rho * np.sin(azimuth), z, zero), axis=1)
    return p4, vertex, rng.choice((-1, 1), n)


def _path(p4: np.ndarray, vertex: np.ndarray, charge: int) -> Callable[[float], np.ndarray]:
    """Return position [cm] and momentum [GeV] by the angle s turned since the start, -π to π.

    From the equation of motion alone: dx/ds = p / (0.3 B), dp/ds = q (p × ẑ).
    """
    per_gev = 100.0 / (LIGHT * TESLA)

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        return np.concatenate((per_gev * y[3:], charge * np.cross(y[3:], (0.0, 0.0, 1.0))))

    first = np.concatenate((vertex[:3], p4[:3]))
    back, on = (
        solve_ivp(slope, (0.0, end), first, rtol=1e-11, atol=1e-11, dense_output=True).sol
        for end in (-np.pi, np.pi)
    )
    return lambda s: np.asarray((on if s > 0 else back)(s))


def _nearest(at: Callable[[float], np.ndarray]) -> float:
    """Return the angle at which the distance from the axis is least: on a grid, then refined."""
    grid = np.linspace(-np.pi, np.pi, 401)
    best = grid[int(np.argmin([np.hypot(*at(s)[:2]) for s in grid]))]
    step = grid[1] - grid[0]
    found = minimize_scalar(
        lambda s: float(at(s)[0] ** 2 + at(s)[1] ** 2),
        bounds=(max(best - step, -np.pi), min(best + step, np.pi)), method="bounded",
        options={"xatol": 1e-11},
    )  # fmt: skip
    return float(found.x)


def _minimised(p4: np.ndarray, vertex: np.ndarray, charge: int) -> tuple[float, float]:
    """Return d0 and z0 of one particle."""
    at = _path(p4, vertex, charge)
    x, y, z, px, py, _ = at(_nearest(at))
    return float(np.copysign(np.hypot(x, y), x * py - y * px)), float(z)


def test_perigee_is_the_numerical_minimum_of_the_distance() -> None:
    p4, vertex, charge = _draw(60, "minimum")
    d0, z0 = perigee(p4, vertex, charge)
    for i in range(len(p4)):
        expected = _minimised(p4[i], vertex[i], int(charge[i]))
        # The distance is flat at its minimum: the minimum's place is known less well than d0.
        assert d0[i] == pytest.approx(expected[0], abs=1e-6), i
        assert z0[i] == pytest.approx(expected[1], abs=2e-3), i
    radius = np.hypot(p4[:, 0], p4[:, 1]) / (LIGHT * TESLA) * 100.0
    assert np.sum(radius < np.hypot(vertex[:, 0], vertex[:, 1])) > 5
    assert np.sum(d0 * charge < 0.0) > 5


def test_stiff_and_neutral_particles_go_straight() -> None:
    p4, vertex, charge = _draw(500, "straight")
    p4[:, :2] /= np.hypot(p4[:, 0], p4[:, 1])[:, None]
    slope = p4[:, 2].copy()
    along = vertex[:, 0] * p4[:, 0] + vertex[:, 1] * p4[:, 1]
    across = vertex[:, 0] * p4[:, 1] - vertex[:, 1] * p4[:, 0]
    for size, q in ((1e9, charge), (1.0, np.zeros(500, dtype=np.int8))):
        d0, z0 = perigee(size * p4, vertex, q)
        np.testing.assert_allclose(d0, across, atol=1e-5)
        np.testing.assert_allclose(z0, vertex[:, 2] - along * slope, atol=1e-4)


def test_sign_is_that_of_basf2_for_either_charge() -> None:
    """From (1, 0) upwards: the momentum is at +90° from the perigee vector."""
    p4 = np.array([[0.0, 1.0, 0.5, 2.0]] * 2 + [[0.0, -1.0, 0.5, 2.0]] * 2)
    vertex = np.array([[1.0, 0.0, 7.0, 0.0]] * 4)
    d0, z0 = perigee(p4, vertex, np.array([1, -1, 1, -1]))
    np.testing.assert_allclose(d0, [1.0, 1.0, -1.0, -1.0], rtol=1e-12)
    np.testing.assert_allclose(z0, 7.0, rtol=1e-12)


def test_any_point_of_a_helix_has_the_same_perigee() -> None:
    p4, vertex, charge = _draw(20, "along")
    d0, z0 = perigee(p4, vertex, charge)
    for i in range(20):
        at = _path(p4[i], vertex[i], int(charge[i]))
        near = _nearest(at)
        for turn in (0.2, -0.3):
            state = at(np.clip(near + turn, -np.pi, np.pi))
            moved, momentum = np.append(state[:3], 0.0), np.append(state[3:], p4[i, 3])
            again = perigee(momentum[None], moved[None], charge[i : i + 1])
            assert again[0][0] == pytest.approx(d0[i], abs=1e-6)
            assert again[1][0] == pytest.approx(z0[i], abs=1e-6)


def test_particle_along_the_axis_has_its_own_distance_and_z() -> None:
    p4, vertex = np.array([[0.0, 0.0, 1.0, 1.0]]), np.array([[3.0, 4.0, 9.0, 0.0]])
    d0, z0 = perigee(p4, vertex, np.array([1]))
    assert (d0[0], z0[0]) == (5.0, 9.0)


def test_double_charge_halves_the_radius() -> None:
    p4, vertex, charge = _draw(50, "double")
    np.testing.assert_array_equal(
        perigee(p4, vertex, 2 * charge), perigee(0.5 * p4, vertex, charge)
    )


def test_truth_variables_of_two_displaced_particles() -> None:
    p4, vertex, charge = _draw(80, "truth")
    pdg = np.where(charge > 0, 211, -211).astype(np.int32)
    flat = from_dense([211, 211], p4.reshape(40, 2, 4))
    events = Events(flat.offsets, pdg, flat.p4, vertex, flat.weight)
    got = truth_variables(events, Machine(), acceptance=None)
    size = np.linalg.norm(p4[:, :3], axis=1).reshape(40, 2)
    first = 2 * np.arange(40) + np.argmax(size, axis=1)
    second = 2 * np.arange(40) + np.argmin(size, axis=1)
    for prefix, rows in (("charged", first), ("charged2", second)):
        for k, i in enumerate(rows[:6]):
            d0, z0 = _minimised(p4[i], vertex[i], int(charge[i]))
            assert got[f"{prefix}D0"][k] == pytest.approx(d0, abs=1e-6)
            assert got[f"{prefix}Z0"][k] == pytest.approx(z0, abs=2e-3)
        rho = np.sqrt(vertex[rows, 0] ** 2 + vertex[rows, 1] ** 2)
        np.testing.assert_allclose(got[f"{prefix}Rho"], rho, rtol=1e-12)
        np.testing.assert_allclose(
            got[f"{prefix}Theta"], np.arccos(p4[rows, 2] / p4[rows, 3]), atol=1e-9
        )
    least = np.minimum(got["chargedPT"], got["charged2PT"])
    np.testing.assert_array_equal(got["chargedMinPT"], least)
    assert (got["chargedMinPT"] == got["chargedPT"]).any()
    assert (got["chargedMinPT"] == got["charged2PT"]).any()
