"""Magnetic charges: motion, energy loss, codes, and what the detectors are given of them.

Oracles: Runge-Kutta in plain Python, ranges by quadrature, Bethe's formula, published numbers.
"""

from __future__ import annotations

from math import hypot, inf, sqrt

import numpy as np
import pytest
from particle.pdgid import charge as code_charge
from particle.pdgid import is_Qball
from scipy.integrate import quad
from scipy.special import digamma

from firmware_models.errors import InputError
from sim.detector.cdc.cells import DISTANCE, FLIGHT, PATH, Z
from sim.detector.cdc.config import CdcConfig, MediumConfig, WireBackgroundConfig
from sim.detector.cdc.material import ETHANE, SILICON, stopping_power
from sim.detector.cdc.response import CdcResponse
from sim.detector.ecl import EclConfig, EclResponse
from sim.detector.exotic import DIRAC_CHARGE, electric_code, magnetic_charges, magnetic_code
from sim.detector.geometry import GAP, HIT, HOLE, strips
from sim.detector.klm.material import CAESIUM_IODIDE
from sim.detector.klm.response import KlmResponse
from sim.detector.magnetic import FORCE, moved, path_to_plane
from sim.detector.magnetic_loss import ahlen, bloch, magnetic_stopping_power, slowed
from sim.detector.magnetic_passage import (
    MOST_STEPS,
    STOPPED,
    make_matter,
    through_crystals,
    to_crystals,
)
from sim.detector.particles import Kind, check_events
from sim.detector.passage import N_LOSS, REAR
from sim.events import Events, concatenate, from_dense

LIGHT = 29.9792458


def push(
    x: np.ndarray, p: np.ndarray, mass: float, charge: float, ct: float, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Integrate dx/d(ct) = p/E, dp/d(ct) = g e B (0, 0, 1) with four-point Runge-Kutta.

    The force from SI: g e c · B = charge · 1.602e-19 C · 2.998e8 m/s · 1.5 T, in GeV/cm.
    """
    force = np.array([0.0, 0.0, charge * 299792458.0 * 1.5 * 1e-9 / 100.0])

    def slope(p: np.ndarray) -> np.ndarray:
        return p / sqrt(p @ p + mass * mass)

    h = ct / steps
    for _ in range(steps):
        k1, k2, k4 = slope(p), slope(p + 0.5 * h * force), slope(p + h * force)
        x = x + h / 6.0 * (k1 + 4.0 * k2 + k4)
        p = p + h * force
    return x, p


def shoot(
    charge: float, mass: float, p: float, theta: np.ndarray | float, phi: np.ndarray | float = 0.3
) -> Events:
    """Return events of one magnetic charge each from the origin."""
    theta, phi = np.broadcast_arrays(np.atleast_1d(theta), np.atleast_1d(phi))
    p4 = np.stack((
        p * np.sin(theta) * np.cos(phi), p * np.sin(theta) * np.sin(phi), p * np.cos(theta),
        np.full(len(theta), hypot(p, mass)),
    ), axis=1)  # fmt: skip
    return from_dense([magnetic_code(charge)], p4[:, None, :])


# Motion ---------------------------------------------------------------------------------------


def test_force_on_a_dirac_charge_is_the_published_one() -> None:
    """20.5 keV in 1 G over 1 cm (arXiv:1606.01220, hep-ex/0002032)."""
    in_one_gauss = DIRAC_CHARGE * FORCE / 1.5 * 1e-4
    assert in_one_gauss == pytest.approx(20.5e-6, rel=3e-3)


@pytest.mark.parametrize(
    ("charge", "mass", "p"),
    [(1.0, 4.5, (2.0, 1.0, -1.5)), (-3.0, 5.0, (0.3, -0.4, 0.9)), (68.5, 1.0, (1.0, 2.0, -3.0))],
)
def test_motion_is_that_of_an_integrated_force(
    charge: float, mass: float, p: tuple[float, float, float]
) -> None:
    ct = 150.0
    x, after = push(np.zeros(3), np.array(p), mass, charge, ct, 4000)
    pt = hypot(p[0], p[1])
    path = hypot(x[0], x[1])
    z, time, pz = moved(path, 0.0, 0.0, pt, p[2], mass, charge)
    assert z == pytest.approx(x[2], abs=1e-7 * path + 1e-7)
    assert time == pytest.approx(ct / LIGHT, rel=1e-8)
    assert pz == pytest.approx(after[2], rel=1e-7, abs=1e-9)
    # What the field did is in the energy.
    energy = sqrt(pt**2 + pz**2 + mass**2)
    start = sqrt(pt**2 + p[2] ** 2 + mass**2)
    assert energy - start == pytest.approx(charge * FORCE * z, rel=1e-9)


def test_slow_charges_fall_on_a_parabola_and_neutral_ones_fly_straight() -> None:
    mass, pt, path = 5.0, 0.02, 0.05
    z, time, _ = moved(path, 0.0, 0.0, pt, 0.0, mass, 1.0)
    seconds = path * mass / pt  # c t of a slow particle
    assert z == pytest.approx(0.5 * FORCE / mass * seconds**2, rel=1e-4)
    assert time == pytest.approx(seconds / LIGHT, rel=1e-4)
    z, time, pz = moved(10.0, 1.0, 2.0, 3.0, 4.0, 0.0, 0.0)
    assert (z, pz) == (pytest.approx(1.0 + 40.0 / 3.0), pytest.approx(4.0))
    assert time == pytest.approx(2.0 + 10.0 * 5.0 / 3.0 / LIGHT)


def test_planes_are_crossed_where_the_motion_says() -> None:
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(300):
        charge, mass = rng.uniform(-5.0, 5.0), rng.uniform(0.1, 5.0)
        pt, pz, target = rng.uniform(0.05, 4.0), rng.uniform(-3.0, 3.0), rng.uniform(-150.0, 200.0)
        path = path_to_plane(0.0, target, pt, pz, mass, charge)
        # The whole way in small steps: which of them is the first beyond the plane?
        ways = np.linspace(0.0, 300.0, 3001)[1:]
        z = np.array([moved(way, 0.0, 0.0, pt, pz, mass, charge)[0] for way in ways])
        crossed = np.flatnonzero((z - target) * target >= 0.0)
        if len(crossed):
            found += 1
            assert ways[crossed[0]] - 0.1 - 1e-6 <= path <= ways[crossed[0]] + 1e-6
            there = moved(path, 0.0, 0.0, pt, pz, mass, charge)[0]
            assert there == pytest.approx(target, abs=1e-6)
        else:
            assert path > 300.0 - 1e-6
    assert 100 < found < 290
    # Turned back before the plane.
    assert path_to_plane(0.0, -100.0, 1.0, -0.1, 4.5, 1.0) == inf


# Energy loss ------------------------------------------------------------------------------------


def test_bloch_correction_has_its_closed_form_and_the_published_values() -> None:
    """Values: Ahlen, Rev. Mod. Phys. 52 (1980) 121, for 1 to 3 Dirac charges."""
    for n, value in ((1, 0.248), (2, 0.672), (3, 1.022)):
        assert bloch(n * DIRAC_CHARGE) == pytest.approx(value, abs=1.2e-3)
    for charge in (0.1, 1.0, 10.0, 68.5, 99.99):
        exact = digamma(1.0 + 1j * charge / 137.035999).real + 0.5772156649015329
        assert bloch(charge) == pytest.approx(exact, rel=1e-5, abs=1e-12)


def test_small_charges_lose_what_an_electric_charge_g_beta_does_but_for_half_minus_beta2() -> None:
    for row in (np.array(ETHANE), np.array(SILICON), np.array(CAESIUM_IODIDE)):
        for beta_gamma in (0.2, 0.6, 1.0, 4.0):
            beta2 = beta_gamma**2 / (1.0 + beta_gamma**2)
            bethe = stopping_power(beta_gamma, 1e9, sqrt(beta2), row)
            more = 0.307075e-3 * row[0] * (beta2 - 0.5)
            found = ahlen(beta_gamma, 0.01, row) / 0.01**2
            assert found == pytest.approx(bethe + more, rel=1e-5)


def test_a_fast_dirac_charge_loses_4700_times_a_minimum_ionising_one() -> None:
    """Published: 4700 (reviews of magnetic monopoles; (68.5)² = 4692)."""
    row = np.array(SILICON)
    ratio = ahlen(10.0, DIRAC_CHARGE, row) / stopping_power(10.0, 1e9, 1.0, row)
    assert ratio == pytest.approx(4700.0, rel=0.06)


def test_no_rise_towards_low_velocity() -> None:
    row = np.array(ETHANE)
    beta = np.array([0.002, 0.005, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8])
    loss = [magnetic_stopping_power(b / sqrt(1.0 - b * b), 1.0, row) for b in beta]
    assert np.all(np.diff(loss) > 0.0)
    # 45 GeV cm²/g · β for a Dirac charge (Ahlen and Kinoshita).
    assert loss[0] == pytest.approx(45.0 * 0.002 / 68.518**2, rel=1e-3)
    # Continuous at both borders.
    for border in (0.01, 0.1):
        sides = [
            magnetic_stopping_power(b / sqrt(1.0 - b * b), 1.0, row)
            for b in (border * (1 - 1e-9), border * (1 + 1e-9))
        ]
        assert sides[0] == pytest.approx(sides[1], rel=1e-6)


def test_ranges_are_the_integrals_of_the_loss() -> None:
    row, mass, charge = np.array(CAESIUM_IODIDE), 4.5, 3.0

    def inverse(kinetic: float) -> float:
        beta_gamma = sqrt(kinetic * (kinetic + 2.0 * mass)) / mass
        return 1.0 / magnetic_stopping_power(beta_gamma, charge, row)

    def momentum(kinetic: float) -> float:
        return sqrt(kinetic * (kinetic + 2.0 * mass))

    way = quad(inverse, 0.2, 0.8, epsrel=1e-8)[0]
    assert slowed(momentum(0.8), mass, charge, way, row) == pytest.approx(momentum(0.2), rel=1e-4)
    full = quad(inverse, 0.0, 0.8, epsrel=1e-8, limit=200)[0]
    assert slowed(momentum(0.8), mass, charge, 0.99 * full, row) > 0.0
    assert slowed(momentum(0.8), mass, charge, 1.01 * full, row) == 0.0


# Codes ------------------------------------------------------------------------------------------


def test_codes_carry_charges() -> None:
    codes = np.array([magnetic_code(c) for c in (0.01, 1.0, -2.5, 99.99)] + [4110000, -4110000, 13])
    expected = [0.01, 1.0, -2.5, 99.99, DIRAC_CHARGE, -DIRAC_CHARGE, 0.0]
    assert magnetic_charges(codes).tolist() == expected
    for charge in (1, 2, 37, 127):
        assert is_Qball(electric_code(charge))
        assert code_charge(electric_code(charge)) == charge
        assert magnetic_charges(np.array([electric_code(charge)])).tolist() == [0.0]
    for wrong in (0.0, 0.005, 1.234, 100.0):
        with pytest.raises(InputError, match=r"0\.01 to 99\.99 e"):
            magnetic_code(wrong)
    for wrong in (0.0, 1.5, 128.0):
        with pytest.raises(InputError, match="whole, 1 to 127"):
            electric_code(wrong)


def test_the_mass_is_that_of_the_four_vector_beside_decaying_particles_too() -> None:
    heavy = shoot(1.0, 4.5, 2.0, 1.2)
    electric = from_dense([-electric_code(3)], np.array([[[0.0, 3.0, 0.0, 5.0]]]))
    pion = from_dense([111], np.array([[[0.5, 0.0, 0.0, sqrt(0.25 + 0.1349768**2)]]]))
    joined = concatenate([heavy, electric, pion])
    merged = Events(np.array([0, 3]), joined.pdg, joined.p4, joined.vertex, np.ones(1))
    classes = check_events(merged)
    assert classes.kind.tolist() == [Kind.MAGNETIC, Kind.MUON, Kind.DECAYS]
    assert classes.mass[:2] == pytest.approx([4.5, 4.0], rel=1e-9)
    assert classes.charge.tolist() == [0, -3, 0]
    truth = CdcResponse(CdcConfig(background=WireBackgroundConfig(level=0.0))).explain(merged, 1)
    assert set(truth.events.pdg.tolist()) == {*merged.pdg.tolist()[:2], 22}
    assert np.isin([0, 1], truth.particle).all()


# Detectors --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chamber() -> CdcResponse:
    """No material, no background."""
    return CdcResponse(CdcConfig(
        medium=MediumConfig(scattering=0.0, loss=0.0), background=WireBackgroundConfig(level=0.0),
    ))  # fmt: skip


def test_crossings_lie_on_the_integrated_way(chamber: CdcResponse) -> None:
    rng = np.random.default_rng(3)
    n, mass, p, charge = 12, 4.5, 2.0, 1.0
    events = shoot(charge, mass, p, rng.uniform(0.7, 2.3, n), rng.uniform(-3.0, 3.0, n))
    _, crossings = chamber.crossings(events, 1)
    line, checked = chamber.geometry.line, 0
    for i in range(n):
        rows = slice(crossings.offsets[i], crossings.offsets[i + 1])
        columns, wires = crossings.columns[rows], crossings.wire[rows]
        assert len(wires) > 40
        # Points of an integration of their own, 0.02 ns apart.
        x, momentum, points = np.zeros(3), events.p4[i, :3], []
        for _ in range(700):
            x, momentum = push(x, momentum, mass, charge, 0.02 * LIGHT, 1)
            points.append(x)
        way, times = np.array(points), 0.02 * np.arange(1, 701)
        for row, wire in zip(columns, wires, strict=True):
            foot = line[wire, :2] + way[:, 2:] * line[wire, 2:]
            away = np.hypot(*(way[:, :2] - foot).T)
            at = int(np.argmin(away))
            # Cells that are cut at a corner have their nearest point at the cell's border.
            if row[PATH] > 0.5:
                checked += 1
                assert away[at] == pytest.approx(abs(row[DISTANCE]), abs=0.25)
                assert times[at] == pytest.approx(row[FLIGHT], abs=0.1)
                assert way[at, 2] == pytest.approx(row[Z], abs=1.0)
    assert checked > 200


def test_every_layer_is_crossed_once_without_a_field_bending_it(chamber: CdcResponse) -> None:
    """Across the field a magnetic charge is as straight as a neutral particle."""
    events = shoot(1.0, 4.5, 2.5, np.full(20, 1.4), np.linspace(-3.0, 3.0, 20))
    _, crossings = chamber.crossings(events, 1)
    layer = chamber.geometry.layer[crossings.wire]
    for i in range(20):
        rows = slice(crossings.offsets[i], crossings.offsets[i + 1])
        assert np.unique(layer[rows]).tolist() == list(range(56))
        axial = np.isin(layer[rows], np.arange(8))
        foot = chamber.geometry.line[crossings.wire[rows][axial], :2]
        turn = np.arctan2(foot[:, 1], foot[:, 0]) - np.linspace(-3.0, 3.0, 20)[i]
        # Wires of superlayer 0 are 0.04 rad apart: the line meets the cell of its own azimuth.
        assert np.max(np.abs((turn + np.pi) % (2.0 * np.pi) - np.pi)) < 0.025


def test_a_weak_ioniser_fires_few_wires(chamber: CdcResponse) -> None:
    theta = np.full(100, 1.4)
    counts = [len(chamber.respond(shoot(g, 4.5, 2.0, theta), 1).wire) for g in (0.05, 0.2, 1.0)]
    # 20 ionisations a cm for a minimum-ionising particle times g² times 0.55.
    assert counts[0] < 0.06 * counts[2]
    assert counts[0] < counts[1] < counts[2]


def test_energy_is_conserved_on_the_way_to_the_crystals() -> None:
    matter, rng, ends = make_matter(), np.random.default_rng(5), set()
    for charge in (1.0, -1.0, 4.0, -12.0, 68.5):
        for _ in range(60):
            events = shoot(charge, 4.0, rng.uniform(0.2, 3.0), rng.uniform(0.2, 2.9))
            p4 = events.p4[0]
            way = to_crystals(events.vertex[0], p4, 4.0, charge, matter)
            start = p4[3] - 4.0
            square = way.px**2 + way.py**2 + way.pz**2
            there = sqrt(square + 16.0) - 4.0
            assert there + way.lost == pytest.approx(start + charge * FORCE * way.z, abs=1e-9)
            ends.add(way.end)
    assert ends == {HIT, GAP, HOLE, STOPPED}


@pytest.mark.parametrize("charge", [1.0, -2.0, 3.0])
def test_crystals_get_what_an_integration_says(charge: float) -> None:
    mass, p = 4.5, 2.2
    theta = np.array([1.0, 1.3, 1.7])
    events = shoot(charge, mass, p, theta)
    deposits = EclResponse().deposits(events, 2)
    matter, row, surface = make_matter(), np.array(CAESIUM_IODIDE), strips()
    for i in range(3):
        way = to_crystals(events.vertex[i], events.p4[i], mass, charge, matter)
        x, q = np.array([way.x, way.y, way.z]), np.array([way.px, way.py, way.pz])
        first, out, left = x.copy(), x / sqrt(x @ x), 0.0
        while (x - first) @ out < 30.0:
            before = sqrt(q @ q + mass**2)
            x2, q2 = push(x, q, mass, charge, 0.05, 1)
            length = sqrt((x2 - x) @ (x2 - x))
            energy = sqrt(q2 @ q2 + mass**2)
            loss = 4.51 * length * magnetic_stopping_power(sqrt(q2 @ q2) / mass, charge, row)
            assert before > mass
            if energy - loss <= mass:
                left += energy - mass
                q2 = np.zeros(3)
                break
            left += loss
            q2 *= sqrt((energy - loss) ** 2 - mass**2) / sqrt(q2 @ q2)
            x, q = x2, q2
        cells, energies = np.zeros(MOST_STEPS, dtype=np.int64), np.zeros(MOST_STEPS)
        steps, rest = through_crystals(
            way, mass, charge, 30.0, matter, surface.edge, surface.phi_count, surface.cell_id,
            cells, energies,
        )  # fmt: skip
        behind = sqrt(q2 @ q2 + mass**2) - mass
        assert energies[:steps].sum() == pytest.approx(left, rel=0.01)
        assert rest == pytest.approx(behind, rel=0.02, abs=2e-3)
        # Cells and losses have it all, whatever fluctuates.
        rows = slice(deposits.offsets[i], deposits.offsets[i + 1])
        real = (deposits.signal[rows] * deposits.energy[rows]).sum()
        assert real + deposits.loss[i].sum() - way.lost == pytest.approx(left + behind, rel=0.01)
    assert deposits.loss.shape == (3, N_LOSS)


def test_the_loss_fluctuates_about_its_mean() -> None:
    """Slow ones by Vavilov's variance ξ W (1 - β²/2), with ξ = K/2 Z/A g² x: many collisions."""
    mass, charge, n = 4.5, 1.0, 3000
    events = shoot(charge, mass, 2.2, np.full(n, 1.35), np.linspace(-3.0, 3.0, n))
    deposits = EclResponse(
        EclConfig.from_mapping({"background": {"level": 0.0}}, "detector")
    ).deposits(events, 3)
    total = deposits.loss[:, REAR]  # what is not lost in the crystals
    matter = make_matter()
    way = to_crystals(events.vertex[0], events.p4[0], mass, charge, matter)
    xi = 0.5 * 0.307075e-3 * 0.41569 * charge**2 * 4.51 * 30.0
    square = (way.px**2 + way.py**2 + way.pz**2) / mass**2
    largest = 2.0 * 0.51099895e-3 * square
    assert xi > 10.0 * largest
    width = sqrt(xi * largest * (1.0 - 0.5 * square / (1.0 + square)))
    assert total.std() == pytest.approx(width, rel=0.15)
    cells, energies = np.zeros(MOST_STEPS, dtype=np.int64), np.zeros(MOST_STEPS)
    surface = strips()
    _, rest = through_crystals(
        way, mass, charge, 30.0, matter, surface.edge, surface.phi_count, surface.cell_id,
        cells, energies,
    )  # fmt: skip
    assert abs(total.mean() - rest) < 5.0 * total.std() / sqrt(n) + 1e-4


def test_a_multiple_electric_charge_leaves_its_square() -> None:
    """Bethe: z² at one velocity, and 1/β² from βγ = 2 to 0.8."""
    response = EclResponse(EclConfig.from_mapping({"background": {"level": 0.0}}, "detector"))
    phi = np.linspace(-3.0, 3.0, 400)

    def left(charge: int, beta_gamma: float) -> float:
        p = 30.0 * beta_gamma
        p4 = np.stack((p * np.cos(phi), p * np.sin(phi), 0.2 * p + 0.0 * phi), axis=1)
        energy = np.sqrt((p4**2).sum(axis=1) + 900.0)
        events = from_dense([electric_code(charge)], np.c_[p4, energy][:, None, :])
        found = response.deposits(events, 4)
        return float(np.sum(found.energy) / len(phi))

    one, two, slow = left(1, 2.0), left(2, 2.0), left(1, 0.8)
    assert two / one == pytest.approx(4.0, rel=0.03)
    row = np.array(CAESIUM_IODIDE)
    bethe = [stopping_power(1.02 * bg, 30.0, 1.0, row) for bg in (2.0, 0.8)]
    assert slow / one == pytest.approx(bethe[1] / bethe[0], rel=0.05)


def test_muon_detector_has_nothing_of_magnetic_charges() -> None:
    fates = KlmResponse().explain(shoot(1.0, 1.0, 4.0, np.full(50, 1.4)), 1)
    assert not fates.crossed.any()


def test_a_dirac_charge_stops_before_the_chamber() -> None:
    """K. Dort et al., arXiv:1906.04942: it does not leave the inner detectors."""
    response = CdcResponse(CdcConfig(background=WireBackgroundConfig(level=0.0)))
    events = shoot(68.52, 4.5, 2.8, np.linspace(0.8, 2.2, 40))
    assert len(response.respond(events, 1).wire) == 0
