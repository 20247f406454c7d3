"""Vacuum polarisation, the radiator and the photon flux against integrals done otherwise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from sim.processes.constants import ALPHA, ELECTRON_MASS, MUON_MASS, TAU_MASS
from sim.processes.photon_flux import flux, flux_in_log, lowest_virtuality
from sim.processes.radiator import (
    angle_moments,
    angle_weight,
    hard_part,
    photon_angle,
    radiation_strength,
    radiator_in_power,
    soft_factor,
)
from sim.processes.vacuum_polarisation import hadrons, lepton_loop, running_alpha

S = 10.5796**2
MU2 = 4.0 * ELECTRON_MASS**2 / S


def _dispersion(q2: float, mass: float) -> float:
    """Δα = -(αq²/3π) P∫ R(s) ds / (s (s - q²)), R = β(3-β²)/2, principal value."""
    threshold = 4.0 * mass**2

    def spectral(s: float) -> float:
        beta2 = max(0.0, 1.0 - threshold / s)
        return math.sqrt(beta2) * (3.0 - beta2) / 2.0 / s

    scale = -ALPHA * q2 / (3.0 * math.pi)
    if q2 < threshold:
        # s = threshold / v turns the infinite range into 0 to 1.
        value = quad(
            lambda v: spectral(threshold / v) / (threshold / v - q2) * threshold / v**2, 0.0, 1.0,
            epsrel=1e-10, limit=400,
        )[0]  # fmt: skip
        return scale * value
    near = quad(spectral, threshold, 2.0 * q2 - threshold, weight="cauchy", wvar=q2)[0]
    top = 2.0 * q2 - threshold
    far = quad(lambda v: spectral(top / v) / (top / v - q2) * top / v**2, 0.0, 1.0)[0]
    return scale * (near + far)


@pytest.mark.parametrize("mass", [MUON_MASS, TAU_MASS])
@pytest.mark.parametrize("q2", [-100.0, -1.0, -0.01, 0.02, 20.0, 111.93])
def test_lepton_loop_is_its_dispersion_integral(q2: float, mass: float) -> None:
    assert lepton_loop(q2, mass) == pytest.approx(_dispersion(q2, mass), rel=2e-5, abs=1e-9)


def test_lepton_loop_joins_its_series_and_its_logarithm() -> None:
    edge = 1e-4 * MUON_MASS**2
    assert lepton_loop(-0.999 * edge, MUON_MASS) == pytest.approx(
        lepton_loop(-1.001 * edge, MUON_MASS) * 0.999 / 1.001, rel=1e-4
    )
    asymptotic = ALPHA / (3.0 * math.pi) * (math.log(S / ELECTRON_MASS**2) - 5.0 / 3.0)
    assert lepton_loop(-S, ELECTRON_MASS) == pytest.approx(asymptotic, rel=1e-6)


def test_hadronic_fit_has_no_large_steps_and_alpha_at_s_is_the_known_one() -> None:
    for edge in (0.49, 4.0, 16.0, 100.0):
        assert hadrons(edge * (1 - 1e-9)) == pytest.approx(hadrons(edge), rel=0.006)
    assert 1.0 / running_alpha(S) == pytest.approx(131.9, abs=0.2)
    assert 1.0 / running_alpha(-1e-12) == pytest.approx(1.0 / ALPHA, rel=1e-9)


def test_radiator_in_its_power_variable_is_the_radiator() -> None:
    b = radiation_strength(S)
    assert b == pytest.approx(0.08769, abs=2e-5)
    for y in (0.5, 0.7, 0.9, 0.99):
        x, density = radiator_in_power(y, S)
        assert x == pytest.approx(y ** (1.0 / b), rel=1e-12)
        direct = (b * x ** (b - 1.0) * soft_factor(S) + hard_part(x, b)) / (b * x ** (b - 1.0))
        assert density == pytest.approx(direct, rel=1e-12)
    # Far below any detector's reach only the soft factor is left.
    assert radiator_in_power(1e-3, S)[1] == pytest.approx(soft_factor(S), rel=1e-12)


@pytest.mark.parametrize("x", [1e-6, 0.1, 0.5, 0.95])
def test_photon_angle_weight_has_mean_one(x: float) -> None:
    moments = angle_moments(MU2)
    mean = quad(lambda u: angle_weight(photon_angle(u, MU2), x, MU2, moments), 0.0, 1.0, limit=200)[
        0
    ]
    assert mean == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("x", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("cm", [0.3, 0.8, 0.95])
def test_photon_angle_agrees_with_the_integrated_formula(x: float, cm: float) -> None:
    """(α/π)[(2-2x+x²)/x ln((1+c)/(1-c)) - x c], physics section A.3, over all angles."""
    moments = angle_moments(MU2)
    beta = math.sqrt(1.0 - MU2)
    span = math.log((1.0 + beta) / math.sqrt(MU2))
    low, high = ((1.0 + math.atanh(sign * cm * beta) / span) / 2.0 for sign in (-1.0, 1.0))
    inside = quad(lambda u: angle_weight(photon_angle(u, MU2), x, MU2, moments), low, high)[0]
    log = math.log(S / ELECTRON_MASS**2)
    q = 2.0 - 2.0 * x + x * x
    formula = q / x * math.log((1.0 + cm) / (1.0 - cm)) - x * cm
    assert inside == pytest.approx(formula / (q / x * (log - 1.0)), rel=1e-4)


@pytest.mark.parametrize("x", [1e-3, 0.1, 0.8])
def test_flux_is_the_integral_of_its_density_in_virtuality(x: float) -> None:
    low, high = lowest_virtuality(x), 1.0
    total = quad(lambda t: flux_in_log(x, math.exp(t)), math.log(low), math.log(high))[0]
    assert flux(x, low, high) == pytest.approx(total, rel=1e-9)
    # Positive down to the kinematic limit.
    assert flux_in_log(x, low) >= 0.0
    assert np.isfinite(flux_in_log(x, high))
