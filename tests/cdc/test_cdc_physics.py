"""Helix, energy loss and scattering against closed forms and published values."""

from __future__ import annotations

from collections.abc import Callable
from math import asin, cos, hypot, log, pi, sin, sqrt

import numpy as np
import pytest

from sim.detector import material as csi
from sim.detector.cdc.cells import FLIGHT, Z
from sim.detector.cdc.config import CdcConfig, DriftConfig, MediumConfig, WireBackgroundConfig
from sim.detector.cdc.helix import circle, half_sine, place_at, radius_of, turned
from sim.detector.cdc.layers import turn_between
from sim.detector.cdc.material import (
    BERYLLIUM,
    CARBON,
    CYLINDERS,
    ETHANE,
    SILICON,
    Substance,
    highland,
    stopping_power,
)
from sim.detector.cdc.medium import deflected
from sim.detector.cdc.response import CdcResponse
from sim.events import Events

Gun = Callable[..., Events]
MUON = 0.1056583755


def _response(scattering: float, loss: float, turns: float = 2.0) -> CdcResponse:
    return CdcResponse(
        CdcConfig(
            medium=MediumConfig(scattering=scattering, loss=loss, turns=turns),
            drift=DriftConfig(efficiency=1.0, clusters=1e4),
            background=WireBackgroundConfig(level=0.0),
        )
    )


def test_radius() -> None:
    """pT = 0.3 B R: 1 GeV in 1.5 T turns on 2.224 m; a double charge on half of that."""
    assert radius_of(1.0, 1.0) == pytest.approx(100.0 / (0.299792458 * 1.5))
    assert radius_of(1.0, -2.0) == pytest.approx(50.0 / (0.299792458 * 1.5))


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("radius", [12.0, 60.0, 500.0, 1e7])
def test_circle_against_its_parametrisation(sign: float, radius: float) -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        x, y = rng.uniform(-40.0, 40.0, 2)
        phi = rng.uniform(0.0, 2 * pi)
        ux, uy = cos(phi), sin(phi)
        distance, perigee, nx, ny = circle(x, y, ux, uy, radius, sign)
        centre = np.array((x + sign * radius * uy, y - sign * radius * ux))
        assert distance == pytest.approx(hypot(*centre))
        assert perigee == pytest.approx(hypot(*centre) - radius, abs=1e-6)
        arm = 0 if x * ux + y * uy >= 0 else 1
        eta = turned(half_sine(x * x + y * y, distance, perigee, radius), arm)
        assert place_at(eta, perigee, radius, nx, ny, sign) == pytest.approx(
            (x, y, ux, uy), abs=2e-6
        )
        step = rng.uniform(0.0, min(2.0, 100.0 / radius))
        there = place_at(eta + step, perigee, radius, nx, ny, sign)
        turn = phi - sign * step
        chord = 2.0 * radius * sin(0.5 * step)
        middle = phi - 0.5 * sign * step
        expected = (x + chord * cos(middle), y + chord * sin(middle), cos(turn), sin(turn))
        assert there == pytest.approx(expected, abs=5e-6)


def test_series_are_the_functions() -> None:
    for half in np.linspace(0.0, 1.0, 2001):
        assert turned(half, 0) == pytest.approx(2.0 * asin(half), abs=1e-11)
        assert turned(half, 1) == pytest.approx(2.0 * pi - 2.0 * asin(half), abs=1e-11)
    for angle in np.linspace(-3.1, 3.1, 801):
        found = turn_between(
            3.0 * cos(0.7), 3.0 * sin(0.7), 5 * cos(0.7 + angle), 5 * sin(0.7 + angle)
        )
        assert found == pytest.approx(angle, abs=1e-10)


def test_arc_and_dip_of_a_track(vacuum: CdcResponse, gun: Gun) -> None:
    """z = s cot θ and t = s / (β c sin θ), s = 2 R asin(r / 2R), at every axial wire's radius."""
    pt, theta = 0.45, np.radians(65.0)
    crossings = vacuum.crossings(gun(-13, pt, 65.0, 12.0), 1)[1]
    geometry = vacuum.geometry
    radius = pt / 0.00449688687
    p = pt / sin(theta)
    beta = p / sqrt(p * p + MUON * MUON)
    layer = geometry.layer[crossings.wire]
    checked = 0
    for row in np.flatnonzero(geometry.table.half_shift[layer] == 0):
        if abs(crossings.columns[row, 0]) > 0.5:
            continue
        # The point nearest to the wire lies within 5 mm of the wire's radius.
        s = 2.0 * radius * asin(geometry.table.radius[layer[row]] / (2.0 * radius))
        assert crossings.columns[row, Z] == pytest.approx(s / np.tan(theta), abs=0.25)
        assert crossings.columns[row, FLIGHT] == pytest.approx(
            s / (sin(theta) * beta * 29.9792458), abs=0.025
        )
        checked += 1
    assert checked > 15


@pytest.mark.parametrize(
    ("substance", "least"), [(BERYLLIUM, 1.595), (CARBON, 1.742), (SILICON, 1.664), (ETHANE, 2.304)]
)
def test_least_energy_loss_is_the_particle_datas(substance: Substance, least: float) -> None:
    """Least mean loss [MeV cm²/g] of muons, Particle Data Group, atomic and nuclear properties."""
    values = [
        1e3 * stopping_power(bg, MUON, 1.0, np.array(substance)) for bg in np.geomspace(1, 20, 400)
    ]
    assert min(values) == pytest.approx(least, rel=3e-3)


def test_bethe_is_the_calorimeters_formula() -> None:
    """With the constants of CsI, the loss of the calorimeter's own code."""
    row = np.array((0.41569, 553.1e-9, 0.25381, 2.6657, 0.0395, 3.3353, 6.2807, 8.39))
    for bg in (0.4, 1.0, 3.5, 20.0, 300.0):
        expected = csi.mean_loss(bg, MUON, 1.0, 1.0) / csi.DENSITY
        assert stopping_power(bg, MUON, 1.0, row) == pytest.approx(expected, rel=1e-9)


def test_highland() -> None:
    """1 GeV pions in 1 % of a radiation length: 13.6 MeV / (β p) √x (1 + 0.038 ln(x / β²))."""
    beta = 1.0 / sqrt(1.0 + 0.13957**2)
    expected = 13.6e-3 / beta * 0.1 * (1.0 + 0.038 * log(0.01 / beta**2))
    assert highland(1.0, beta, 1.0, 0.01) == pytest.approx(expected)
    assert highland(1.0, beta, 1.0, 0.0) == 0.0


def test_deflection_turns_by_the_angle() -> None:
    """The angle between the directions is that of the two kicks, whatever the slope."""
    for slope in (-2.0, 0.0, 0.7, 5.0):
        ux, uy = cos(0.3), sin(0.3)
        before = np.array((ux, uy, slope)) / sqrt(1.0 + slope * slope)
        for first, second in ((1.0, 0.0), (0.0, 1.0), (-0.6, 0.8)):
            vx, vy, new = deflected(ux, uy, slope, 1e-3, first, second)
            after = np.array((vx, vy, new)) / sqrt(1.0 + new * new)
            assert np.linalg.norm(after - before) == pytest.approx(1e-3, rel=1e-3)


def test_scattering_of_tracks_is_highlands(vacuum: CdcResponse, gun: Gun) -> None:
    """σ of z in layers 16 and 52 for 0.5 GeV at 90°: every cylinder's angle times its lever arm."""
    n = 1500
    events = gun(-13, 0.8, 90.0, np.linspace(0.0, 360.0, n, endpoint=False))
    scattered = _response(1.0, 0.0).crossings(events, 7)[1]
    beta = 0.8 / hypot(0.8, MUON)
    geometry = vacuum.geometry
    layer = geometry.layer[scattered.wire]
    rise = [scattered.columns[layer == 16, Z].std()]
    # Inside the gas only cylinders before layer 16 matter, and little gas.
    radius = geometry.table.radius[16]
    turn = 2.0 * 0.8 / 0.00449688687
    variance = 0.0
    for at, thickness, _ in CYLINDERS:
        arm = turn * (asin(radius / turn) - asin(at / turn))
        oblique = thickness / cos(asin(at / turn))
        variance += (highland(0.8, beta, 1.0, oblique) * arm) ** 2
    assert rise[0] == pytest.approx(sqrt(variance), rel=0.06)
    assert np.ptp(vacuum.crossings(events, 7)[1].columns[:, Z]) < 1e-12


def test_energy_loss_bends_a_track_more(gun: Gun) -> None:
    """Without scattering a track that loses energy ends at the azimuth of its mean momentum."""
    events = gun(-13, 0.3, 90.0, 0.0)
    lossy = _response(0.0, 1.0).crossings(events, 1)[1]
    flight = lossy.columns[-1, FLIGHT]
    plain = _response(0.0, 0.0).crossings(events, 1)[1]
    # Mean loss before the gas, by hand: Σ x X0 dE/dx with dE/dx at 0.3 GeV.
    loss = sum(
        thickness * of.radiation_length * stopping_power(0.3 / MUON, MUON, 1.0, np.array(of))
        for _, thickness, of in CYLINDERS
    )
    assert 1e3 * loss == pytest.approx(1.8, abs=0.5)
    energy = hypot(0.3, MUON) - loss
    slower = gun(-13, sqrt(energy**2 - MUON**2), 90.0, 0.0)
    bent = _response(0.0, 0.0).crossings(slower, 1)[1]
    geometry = _response(0.0, 0.0).geometry

    def azimuth(crossings: object) -> float:
        rows = geometry.layer[crossings.wire] == 34  # type: ignore[attr-defined]
        return float(geometry.phi(crossings.wire[rows], 0.0).mean())  # type: ignore[attr-defined]

    assert flight > plain.columns[-1, FLIGHT]
    assert azimuth(bent) <= azimuth(lossy) <= azimuth(plain)


@pytest.mark.parametrize("turns", [0.4, 1.0, 3.0])
def test_curling_tracks_end_after_their_turns(turns: float, gun: Gun) -> None:
    events = gun(-13, 0.15, 89.5, 0.0)
    flight = _response(0.0, 0.0, turns).crossings(events, 1)[1].columns[:, FLIGHT]
    period = 2.0 * pi * 0.15 / 0.00449688687 * hypot(0.15, MUON) / 0.15 / 29.9792458
    assert flight.max() <= turns * period * 1.0001
    # The chamber is left for the beam pipe for a part of each turn only.
    assert flight.max() > (turns - 0.3) * period


def test_slow_and_neutral_particles_leave_nothing(vacuum: CdcResponse, gun: Gun) -> None:
    for events in (gun(13, 0.03, 90.0, 0.0), gun(13, 0.5, 5.0, 0.0)):
        assert len(vacuum.crossings(events, 1)[1].wire) == 0
    photon = gun(13, 1.0, 90.0, 0.0)
    photon.pdg[:] = 22
    assert len(vacuum.crossings(photon, 1)[1].wire) == 0


def test_a_track_along_the_diagonal_has_its_angle(vacuum: CdcResponse, gun: Gun) -> None:
    crossings = vacuum.crossings(gun(13, 1000.0, 45.0, 0.3), 1)[1]
    geometry = vacuum.geometry
    radius = geometry.table.radius[geometry.layer[crossings.wire]]
    axial = geometry.table.half_shift[geometry.layer[crossings.wire]] == 0
    close = axial & (np.abs(crossings.columns[:, 0]) < 0.3)
    assert crossings.columns[close, Z] == pytest.approx(radius[close], abs=0.05)
