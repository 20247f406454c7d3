"""Integrated samples against closed forms and independent quadrature."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from sim.machine import Machine
from sim.processes import get_process
from sim.processes.base import Estimate
from sim.processes.bhabha_born import bhabha_density
from sim.processes.constants import (
    ALPHA,
    ELECTRON_MASS,
    FERMI_CONSTANT,
    GEV2_NB,
    MUON_MASS,
)
from sim.processes.dimuon import muon_pair_born
from sim.processes.photon_flux import flux, lowest_virtuality
from sim.processes.radiator import radiator_in_power
from sim.processes.two_photon import pair_density, pair_total

S = Machine().s
N = 100_000


def _agree(found: Estimate, exact: float) -> None:
    """Within five standard errors, which must be below 1 %."""
    assert found.error_nb < 0.01 * exact
    assert abs(found.value_nb - exact) < 5.0 * found.error_nb + 1e-9 * exact


def _cone(degrees: float) -> dict[str, object]:
    return {"frame": "cm", "theta_min": degrees, "theta_max": 180.0 - degrees}


@pytest.mark.parametrize("degrees", [10.0, 30.0, 60.0])
def test_digamma_total(degrees: float) -> None:
    c = math.cos(math.radians(degrees))
    exact = 2 * math.pi * ALPHA**2 / S * (math.log((1 + c) / (1 - c)) - c) * GEV2_NB
    process = get_process("digamma", required=2, k_factor=1.0, **_cone(degrees))
    _agree(process.cross_section(N, 1), exact)


@pytest.mark.parametrize(("low", "high"), [(10.0, 170.0), (40.0, 120.0)])
def test_bhabha_total(low: float, high: float) -> None:
    exact = quad(
        bhabha_density, math.cos(math.radians(min(180 - low, high))),
        math.cos(math.radians(max(low, 180 - high))), args=(S, True),
    )[0]  # fmt: skip
    process = get_process("bhabha", frame="cm", theta_min=low, theta_max=high, required=2)
    _agree(process.cross_section(N, 1), exact)


def test_bhabha_one_inside_is_two_single_minus_both() -> None:
    """P(e⁻ or e⁺) = P(e⁻) + P(e⁺) - P(both), with an asymmetric region in one frame."""
    low, high = math.cos(math.radians(120.0)), math.cos(math.radians(40.0))

    def integral(a: float, b: float) -> float:
        return float(quad(bhabha_density, a, b, args=(S, False))[0])

    exact = integral(low, high) + integral(-high, -low) - integral(max(low, -high),
                                                                   min(high, -low))  # fmt: skip
    process = get_process("bhabha", frame="cm", theta_min=40, theta_max=120,
                          vacuum_polarisation="off")  # fmt: skip
    _agree(process.cross_section(N, 1), exact)


def test_muon_born_is_the_point_cross_section() -> None:
    assert muon_pair_born(np.array([S]), False)[0] == pytest.approx(0.7759, abs=2e-4)
    assert muon_pair_born(np.array([S]), True)[0] == pytest.approx(0.837, rel=0.003)
    assert muon_pair_born(np.array([4.0 * MUON_MASS**2]), True)[0] == 0.0


@pytest.mark.parametrize("energy", [0.0, 0.5])
def test_dimuon_is_born_under_the_radiator(energy: float) -> None:
    power = math.log(radiator_in_power(0.5, S)[0]) / math.log(0.5)
    edges = [(2 * energy / math.sqrt(S)) ** (1 / power), (1 - 4 * MUON_MASS**2 / S) ** (1 / power)]

    def integrand(y: float) -> float:
        x, radiator = radiator_in_power(y, S)
        return float(radiator * muon_pair_born(np.array([S * (1 - x)]), True)[0])

    # The peak at small s' lies close to the upper edge.
    exact = quad(integrand, *edges, points=[0.95, 0.99, 0.999], limit=500)[0]
    process = get_process("dimuon", photon_energy_min=energy)
    _agree(process.cross_section(N, 1), exact)


def test_neutrino_born_and_total() -> None:
    process = get_process("nunugamma", photon_energy_min=0.0)
    born = process.born(np.array([S]))[0]  # type: ignore[attr-defined]
    sin2 = 0.2312
    couplings = (0.5 + sin2) ** 2 + 2 * (sin2 - 0.5) ** 2 + 3 * sin2**2
    assert born == pytest.approx(FERMI_CONSTANT**2 * S / (6 * math.pi) * couplings * GEV2_NB)
    assert born == pytest.approx(0.264e-3, rel=0.01)
    exact = quad(lambda y: radiator_in_power(y, S)[1] * (1 - radiator_in_power(y, S)[0]), 0, 1)[0]
    _agree(process.cross_section(N, 1), born * exact)


@pytest.mark.parametrize("mass", [ELECTRON_MASS, MUON_MASS])
@pytest.mark.parametrize("w", [0.25, 1.0, 5.0])
def test_two_photon_pair_total_is_the_integral_of_its_density(w: float, mass: float) -> None:
    # Integrated in artanh(βc), where the peaks at c = ±1 of light leptons are flat.
    beta = math.sqrt(1 - 4 * mass**2 / w**2)
    top = math.atanh(beta)
    total = quad(
        lambda t: pair_density(math.tanh(t) / beta, w, mass) / math.cosh(t) ** 2 / beta, -top, top,
        limit=200,
    )[0]  # fmt: skip
    assert pair_total(w, mass) == pytest.approx(total, rel=1e-6)


def test_eemumu_is_flux_times_flux_times_pair() -> None:
    """Double quadrature over W and rapidity with the flux integrated in closed form.

    The sample also needs the energy that the transverse momenta take; that costs 0.3 % here.
    """

    def integrand(rapidity: float, log_w: float) -> float:
        w = math.exp(log_w)
        x = w / math.sqrt(S) * math.exp(rapidity)
        y = w / math.sqrt(S) * math.exp(-rapidity)
        low_x, low_y, high = lowest_virtuality(x), lowest_virtuality(y), w * w / 4
        if max(low_x, low_y) >= high:
            return 0.0
        return float(
            2 * w * w / S * flux(x, low_x, high) * flux(y, low_y, high) * pair_total(w, MUON_MASS)
        )

    exact = dblquad(
        integrand, math.log(0.5), 0.5 * math.log(S),
        lambda t: t - 0.5 * math.log(S) + 1e-9, lambda t: 0.5 * math.log(S) - t - 1e-9,
        epsrel=1e-4,
    )[0]  # fmt: skip
    found = get_process("eemumu").cross_section(N, 1)
    assert found.value_nb == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize("mass", [0.0, 4.0, 8.0, 10.0])
@pytest.mark.parametrize("c", [0.6, 0.9])
def test_dark_photon_total(mass: float, c: float) -> None:
    a = 4 * S * mass**2 / (S - mass**2) ** 2
    log = math.log((1 + c) / (1 - c))
    exact = 2 * math.pi * ALPHA**2 * 1e-6 / S * (1 - mass**2 / S) * ((2 + a) * log - 2 * c)
    process = get_process("dark_photon", mass=mass, **_cone(math.degrees(math.acos(c))))
    _agree(process.cross_section(N, 1), exact * GEV2_NB)
    energy = (S - mass**2) / (2 * math.sqrt(S))
    assert process.photon_energy == pytest.approx(energy)  # type: ignore[attr-defined]


@pytest.mark.parametrize("mass", [0.1, 5.0])
def test_axion_total(mass: float) -> None:
    exact = ALPHA * 1e-8 / 24 * (1 - mass**2 / S) ** 3 * GEV2_NB
    process = get_process("axion_like", mass=mass, **_cone(0.02))
    _agree(process.cross_section(N, 1), exact)


def test_lab_region_is_seen_from_the_laboratory() -> None:
    """Every unweighted event has its required number inside, and some sit at either edge."""
    events = get_process("digamma", required=1).generate(30_000, 3)
    theta = np.degrees(np.arccos(events.p4[:, 2] / events.p4[:, 3])).reshape(-1, 2)
    inside = (theta > 12.4) & (theta < 155.1)
    assert np.all(inside.sum(axis=1) >= 1)
    assert np.min(theta[inside]) < 12.45
    assert np.max(theta[inside]) > 155.0
