"""Displaced pairs beside a photon, A′h′, and inelastic dark matter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_models.errors import InputError
from sim.processes import get_process
from sim.processes.constants import ALPHA, GEV2_NB, HBARC_CM
from sim.processes.dark_sector import excited_width, mediator_width, spin_correlation
from sim.processes.inelastic_dark_matter import InelasticDarkMatter
from sim.processes.long_lived import LongLived, effective_size

N = 8000
FB = 1e-6
COUPLINGS = {"epsilon": 1e-4, "alpha_d": 1.0}


def _centre_of_mass(process: LongLived, n: int = N) -> np.ndarray:
    p4 = process.generate(n, 1).p4 @ process.machine.to_cm.T
    return p4.reshape(n, len(process.final_state), 4)


def _get(name: str, **values: object) -> LongLived:
    process = get_process(name, **values)
    assert isinstance(process, LongLived)
    return process


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 3] * b[..., 3] - np.sum(a[..., :3] * b[..., :3], axis=-1)


def _distance(uniform: np.ndarray) -> float:
    rank = (np.arange(len(uniform)) + 0.5) / len(uniform)
    return float(np.abs(np.sort(uniform) - rank).max() * math.sqrt(len(uniform)))


LARGEST_DISTANCE = 2.1
"""Kolmogorov's √n·distance, exceeded once in 3000 cases."""


@pytest.mark.parametrize(
    ("mass", "cosine", "value_fb"), [(4.0, 0.6, 2.65), (4.0, 0.9, 6.37), (8.0, 0.6, 9.40)]
)
def test_photon_displaced_is_made_like_a_dark_photon(
    mass: float, cosine: float, value_fb: float
) -> None:
    """Independent integrals of the published density, rounded to three digits."""
    angle = math.degrees(math.acos(cosine))
    region = {"frame": "cm", "theta_min": angle, "theta_max": 180.0 - angle}
    process = _get("photon_displaced", mass=mass, **region)
    assert process.cross_section(50_000).value_nb == pytest.approx(value_fb * FB, rel=0.005)


def test_photon_displaced_momenta() -> None:
    process = _get("photon_displaced", mass=2.0, decay="pipi")
    p4 = _centre_of_mass(process)
    s = process.machine.s
    np.testing.assert_allclose(p4[:, 0, 3], (s - 4.0) / (2.0 * math.sqrt(s)), rtol=1e-9)
    pair = p4[:, 1] + p4[:, 2]
    np.testing.assert_allclose(_dot(pair, pair), 4.0, rtol=1e-9)
    # Isotropic decay: the energy of one product is flat.
    half = 0.5 * math.sqrt(pair[0, 3] ** 2 - 4.0) * math.sqrt(1.0 - 0.13957039**2)
    flat = (p4[:, 1, 3] - 0.5 * pair[:, 3]) / (2.0 * half) + 0.5
    assert _distance(flat) < LARGEST_DISTANCE


@pytest.mark.parametrize(
    ("masses", "value_fb"),
    [((4, 1), 0.74), ((6, 1), 1.64), ((8, 1), 4.0), ((9.5, 0.5), 11.8)],
)
def test_dark_higgsstrahlung_cross_section(masses: tuple[float, float], value_fb: float) -> None:
    """Independent figures for ε²α_D = 10⁻⁸; the correlation does not change the integral."""
    chosen = {"mediator_mass": masses[0], "higgs_mass": masses[1], **COUPLINGS}
    sigma = _get("dark_higgsstrahlung", **chosen).cross_section(50_000)
    assert sigma.value_nb == pytest.approx(value_fb * FB, rel=0.01)
    hidden = _get("dark_higgsstrahlung", mediator_decay="invisible", **chosen)
    assert abs(sigma.value_nb - hidden.cross_section(50_000).value_nb) < 5.0 * sigma.error_nb


def test_dark_higgsstrahlung_angle_and_masses() -> None:
    process = _get("dark_higgsstrahlung", mediator_mass=4.0, higgs_mass=1.0)
    p4, s = _centre_of_mass(process), process.machine.s
    mediator, higgs = p4[:, 0] + p4[:, 1], p4[:, 2] + p4[:, 3]
    np.testing.assert_allclose(_dot(mediator, mediator), 16.0, rtol=1e-9)
    np.testing.assert_allclose(_dot(higgs, higgs), 1.0, rtol=1e-9)
    cosine = mediator[:, 2] / np.linalg.norm(mediator[:, :3], axis=1)
    lam = (1.0 - 17.0 / s) ** 2 - 4.0 * 16.0 / s**2
    rest = 8.0 * 16.0 / s
    integral = lam * (cosine - cosine**3 / 3.0 + 2.0 / 3.0) + rest * (cosine + 1.0)
    assert _distance(integral / (4.0 / 3.0 * lam + 2.0 * rest)) < LARGEST_DISTANCE


def test_a_fast_dark_photon_is_longitudinal() -> None:
    """Then the leptons go as sin² of their helicity angle, with mean cos² of 1/5."""
    process = _get("dark_higgsstrahlung", mediator_mass=0.3, mediator_decay="ee")
    p4 = _centre_of_mass(process)
    mediator = p4[:, 0] + p4[:, 1]
    momentum = np.linalg.norm(mediator[:, :3], axis=1)
    cosine = (p4[:, 0, 3] - p4[:, 1, 3]) / momentum
    assert np.mean(cosine**2) == pytest.approx(0.2, abs=5.0 * np.std(cosine**2) / math.sqrt(N))


def test_spin_correlation_is_the_contraction_written_out() -> None:
    """2[(p₁q₁)(p₂q₂) + (p₁q₂)(p₂q₁) + m² p₁p₂] over its mean, for equal masses."""
    process = _get("dark_higgsstrahlung", mediator_mass=4.0, higgs_mass=1.0)
    p4 = _centre_of_mass(process, 200)
    root, m2 = process.machine.sqrt_s, 0.1056583755**2
    beams = np.array([[0.0, 0.0, root / 2, root / 2], [0.0, 0.0, -root / 2, root / 2]])
    (a, b), (c, d) = ([_dot(beam, p4[:, k]) for k in (0, 1)] for beam in beams)
    k = p4[:, 0] + p4[:, 1]
    mean = (16.0 + 2.0 * m2) / 3.0 * (root**2 / 2 + _dot(beams[0], k) * _dot(beams[1], k) / 8.0)
    expected = (2.0 * (a * d + b * c) + m2 * root**2) / mean
    found = spin_correlation(root, p4[:, 0], p4[:, 1], (math.sqrt(m2), math.sqrt(m2)))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_widths_have_their_limits() -> None:
    beta2 = 1.0 - 4.0 / 9.0
    expected = 0.1 * 3.0 / 3.0 * math.sqrt(beta2) * (1.0 + 2.0 / 9.0)
    assert mediator_width(3.0, (1.0, 1.0), 0.1) == pytest.approx(expected, rel=1e-12)
    assert mediator_width(3.0, (1.0, 2.1), 0.1) == 0.0
    # 4ε²αα_DΔ⁵/(15πM⁴) where Δ is small against all masses but the electron's.
    width = excited_width((100.0, 100.2), 300.0, 1e-3, 0.1)
    limit = 4e-6 * ALPHA * 0.1 * 0.2**5 / (15.0 * math.pi * 300.0**4)
    assert width == pytest.approx(limit, rel=0.005)


def test_lifetime_from_the_couplings() -> None:
    """The published limit gives 25.8 m; the recoil of χ₁ makes it longer by about 3Δ/2m."""
    process = get_process("inelastic_dark_matter", splitting=0.1)
    assert isinstance(process, InelasticDarkMatter)
    limit = HBARC_CM / 100.0 / (4e-6 * ALPHA * 0.1 * 1e-5 / (15.0 * math.pi * 81.0))
    assert limit == pytest.approx(25.8, abs=0.05)
    assert process.coupling_ctau_m == pytest.approx(limit * 1.15, rel=0.02)


def test_excited_state_decays_to_three_bodies() -> None:
    process = _get("inelastic_dark_matter", mass=4.0, splitting=0.1, mediator_mass=20.0)
    p4 = _centre_of_mass(process)
    excited = p4[:, 1:].sum(axis=1)
    np.testing.assert_allclose(_dot(excited, excited), 4.1**2, rtol=1e-9)
    # A heavy χ₂ is at rest in its decay: E²(Δ - E)², as in a superallowed beta decay.
    for column in (2, 3):
        x = np.clip(_dot(excited, p4[:, column]) / 4.1 / 0.0988, 0.0, 1.0)
        assert np.abs(x.mean() - 0.5) < 0.005
        assert _distance(10.0 * x**3 - 15.0 * x**4 + 6.0 * x**5) < LARGEST_DISTANCE


def test_pair_production_is_that_of_muons() -> None:
    """Light χ and A′: 4πα²/3s with ε²α_D for α, and 1 + cos²θ."""
    process = _get("inelastic_dark_matter", mass=0.001, splitting=0.002, mediator_mass=0.01)
    point = 4.0 * math.pi * ALPHA * 1e-6 * 0.1 / (3.0 * process.machine.s) * GEV2_NB
    sigma = process.cross_section(50_000)
    assert sigma.error_nb < 0.005 * point
    assert abs(sigma.value_nb - point) < 5.0 * sigma.error_nb
    p4 = _centre_of_mass(process)
    cosine = p4[:, 0, 2] / np.linalg.norm(p4[:, 0, :3], axis=1)
    assert _distance((cosine + cosine**3 / 3.0 + 4.0 / 3.0) / (8.0 / 3.0)) < LARGEST_DISTANCE


def test_a_mediator_beside_a_photon_or_a_dark_higgs_is_real() -> None:
    chosen = {"mediator_mass": 4.0, "photon_cosine": 0.9, **COUPLINGS, "higgs_mass": 1.0}
    photon = _get("inelastic_dark_matter", production="photon", **chosen)
    # 6.37 fb at ε = 10⁻³ within |cos θ*| < 0.9.
    assert photon.cross_section(50_000).value_nb == pytest.approx(6.37e-2 * FB, rel=0.005)
    p4 = _centre_of_mass(photon)
    mediator = p4[:, 1:].sum(axis=1)
    np.testing.assert_allclose(_dot(mediator, mediator), 16.0, rtol=1e-8)
    assert np.abs(p4[:, 0, 2] / p4[:, 0, 3]).max() < 0.9
    higgs = _get("inelastic_dark_matter", production="higgs", **chosen)
    assert higgs.cross_section(50_000).value_nb == pytest.approx(0.74 * FB, rel=0.01)
    p4 = _centre_of_mass(higgs)
    mediator, boson = p4[:, :4].sum(axis=1), p4[:, 4:].sum(axis=1)
    np.testing.assert_allclose(_dot(mediator, mediator), 16.0, rtol=1e-8)
    np.testing.assert_allclose(_dot(boson, boson), 1.0, rtol=1e-8)


def test_two_vertices_with_lifetimes_of_their_own() -> None:
    chosen = {"production": "higgs", "higgs_decay": "pipi"}
    direct = _get("inelastic_dark_matter", ctau=0.02, ctau_higgs=0.5, **chosen)
    events = direct.generate(N, 1)
    length = direct.proper_lengths(events)
    np.testing.assert_allclose(length.mean(axis=0), (2.0, 50.0), rtol=5.0 / math.sqrt(N))
    vertex = events.vertex.reshape(N, 6, 4)
    assert not vertex[:, 0].any()
    assert vertex[:, 1].tobytes() == vertex[:, 2].tobytes() == vertex[:, 3].tobytes()
    assert vertex[:, 4].tobytes() == vertex[:, 5].tobytes()
    broad = _get("inelastic_dark_matter", sampling="broad", **chosen)
    events = broad.generate(40_000, 2)
    weight = broad.weights_for_ctau(events, 0.02, 0.5)
    assert weight.mean() == pytest.approx(1.0, abs=5.0 * weight.std() / 200.0)
    means = broad.proper_lengths(events).T @ weight / weight.sum()
    np.testing.assert_allclose(means, (2.0, 50.0), rtol=0.1)
    # Independent lengths: the shares multiply, 0.24².
    assert effective_size(weight) / 40_000 == pytest.approx(0.24**2, rel=0.15)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("photon_displaced", {"mass": 0.2}, r"photon_displaced\.mass: must be above 0\.211317"),
        ("photon_displaced", {"kind": "pseudoscalar", "decay": "KK", "mass": 2}, "must be ee or"),
        ("dark_higgsstrahlung", {"higgs_mass": 7}, "together, not 11"),
        ("dark_higgsstrahlung", {"higgs_mass": 0.2}, r"higgs_mass: must be above 0\.211317"),
        ("inelastic_dark_matter", {"splitting": 3}, "must be virtual in the decay"),
        ("inelastic_dark_matter", {"mass": 6}, "together, not 12.4"),
        ("inelastic_dark_matter", {"production": "photon", "mass": 2}, "must be above the masses"),
        ("inelastic_dark_matter", {"production": "higgs", "higgs_mass": 0.2}, "higgs_decay=mumu"),
    ],
)
def test_bad_parameters_are_refused(name: str, values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        get_process(name, **values)
