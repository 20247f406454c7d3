"""Bosons radiated by a pair of leptons, and visible dark photons, against Dirac matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import dblquad

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes import get_process
from sim.processes.boson_widths import invisible_fraction, lepton_fraction
from sim.processes.constants import ALPHA, GEV2_NB, MUON_MASS, TAU_MASS
from sim.processes.lepton_boson import MODELS, current_square, lepton_momenta, propose_leptons
from sim.streams import stream

FB = 1e-6
S = Machine().s

# Dirac matrices in the chiral representation; vectors are px, py, pz, E.
_PAULI = [
    np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]]),
]  # fmt: skip
GAMMA = [np.kron([[0, 1], [-1, 0]], matrix) for matrix in _PAULI]
GAMMA.append(np.kron([[0, 1], [1, 0]], np.eye(2)).astype(complex))
GAMMA5 = 1j * GAMMA[3] @ GAMMA[0] @ GAMMA[1] @ GAMMA[2]
SIGN = np.array([-1.0, -1.0, -1.0, 1.0])
ONE = np.eye(4)


def _slash(p: np.ndarray) -> np.ndarray:
    return sum(sign * value * matrix for sign, value, matrix in zip(SIGN, p, GAMMA, strict=True))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(SIGN * a * b, axis=-1)


def _bar(matrix: np.ndarray) -> np.ndarray:
    return GAMMA[3] @ matrix.conj().T @ GAMMA[3]


def _lepton_tensor(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Tr[p̸₁ γ^μ p̸₂ γ^ν] of the beams."""
    return np.array([
        [np.trace(_slash(first) @ a @ _slash(second) @ b).real for b in GAMMA] for a in GAMMA
    ])  # fmt: skip


def _square(model: str, q: np.ndarray, mass: float, half: float) -> float:
    """Σ|M|²/(e⁴g²) over all spins, both diagrams written out."""
    first, second, k = q
    a = _dot(first + k, first + k) - mass**2
    b = _dot(second + k, second + k) - mass**2
    vertices = {
        "vector": [(matrix, -sign) for matrix, sign in zip(GAMMA, SIGN, strict=True)],
        "scalar": [(ONE, 1.0)],
        "pseudoscalar": [(1j * GAMMA5, 1.0)],
    }[model]
    one, two = _slash(first) + mass * ONE, _slash(second) - mass * ONE
    inner = (_slash(first + k) + mass * ONE) / a, (mass * ONE - _slash(second + k)) / b
    tensor = np.zeros((4, 4))
    for vertex, weight in vertices:
        line = [vertex @ inner[0] @ each + each @ inner[1] @ vertex for each in GAMMA]
        for m in range(4):
            for n in range(4):
                tensor[m, n] += weight * np.trace(one @ line[m] @ two @ _bar(line[n])).real
    beams = np.array([[0.0, 0.0, half, half], [0.0, 0.0, -half, half]])
    low = SIGN[:, None] * tensor * SIGN
    return float(np.sum(_lepton_tensor(*beams) * low)) / (4.0 * half**2) ** 2


@pytest.mark.parametrize("kind", range(3), ids=MODELS)
@pytest.mark.parametrize("lepton", [MUON_MASS, TAU_MASS])
def test_squared_amplitude_is_that_of_dirac_matrices(kind: int, lepton: float) -> None:
    masses = (lepton, lepton, 1.3)
    points = stream(7, "test/boson").random((40, 5))
    variables, weight = propose_leptons(points, S, masses, kind)
    p4 = lepton_momenta(variables, S, masses)
    for row, q in zip(variables, p4, strict=True):
        ours = current_square(kind, S, (lepton**2, 1.69), row[0], row[1], q[:2, :2])
        # Σ|M|² = e⁴g²/s² · 2s T.
        assert 2.0 * ours / S == pytest.approx(_square(MODELS[kind], q, lepton, 0.5 * S**0.5), 1e-9)
    assert np.all(weight > 0.0)


def test_phase_space_is_that_of_three_bodies() -> None:
    """Momenta have the denominators that they are made from, and weights the right measure."""
    masses = (TAU_MASS, TAU_MASS, 2.0)
    variables, weight = propose_leptons(stream(8, "test/boson").random((40_000, 5)), S, masses, 1)
    first, second, k = lepton_momenta(variables, S, masses).transpose(1, 0, 2)
    np.testing.assert_allclose(_dot(first + k, first + k) - TAU_MASS**2, variables[:, 0], rtol=1e-9)
    np.testing.assert_allclose(
        _dot(second + k, second + k) - TAU_MASS**2, variables[:, 1], rtol=1e-9
    )
    # Phase space by another way: σ = ∫ |M|²/(2s) dΦ₃ with dΦ₃ = ds₁₂/2π dΦ₂(X) dΦ₂(pair).
    u = stream(9, "test/boson").random((40_000, 5)).T
    root = math.sqrt(S)
    low, high = 2.0 * TAU_MASS, root - 2.0
    pair = low + (high - low) * u[0]
    p = np.sqrt((S - (pair + 2.0) ** 2) * (S - (pair - 2.0) ** 2)) / (2.0 * root)
    q = np.sqrt(0.25 * pair**2 - TAU_MASS**2)
    c, phi, d, psi = 2 * u[1] - 1, 2 * np.pi * u[2], 2 * u[3] - 1, 2 * np.pi * u[4]
    unit = [
        np.stack((np.sqrt(1 - x**2) * np.cos(y), np.sqrt(1 - x**2) * np.sin(y), x), axis=1)
        for x, y in ((c, phi), (d, psi))
    ]
    boost = -unit[0] * (p / pair)[:, None]
    along = np.sum(boost * unit[1], axis=1) * q
    gamma = np.sqrt(1.0 + (p / pair) ** 2)
    square = np.zeros(len(p))
    for i in range(len(p)):
        moved = [
            np.array(sign * q[i] * unit[1][i]
                     + (sign * along[i] / (1 + gamma[i]) + 0.5 * pair[i]) * boost[i])
            for sign in (1.0, -1.0)
        ]  # fmt: skip
        energy = [gamma[i] * 0.5 * pair[i] + sign * along[i] for sign in (1.0, -1.0)]
        a, b = S - 2.0 * root * energy[1], S - 2.0 * root * energy[0]
        across = np.array([moved[0][:2], moved[1][:2]])
        square[i] = current_square(1, S, (TAU_MASS**2, 4.0), a, b, across)
    phase = 2.0 * pair / (2 * np.pi) * (p / (4 * np.pi * root)) * (q / (4 * np.pi * pair))
    value = (4 * np.pi * ALPHA) ** 2 / (2 * S) * square / (2 * S) * phase * (high - low) * GEV2_NB
    error = math.hypot(value.std(), weight.std()) / math.sqrt(40_000)
    assert error < 0.01 * value.mean()
    assert abs(weight.mean() - value.mean()) < 5.0 * error


@pytest.mark.parametrize("mass", [0.5, 2.0, 8.0])
def test_massless_leptons_give_the_published_spectrum(mass: float) -> None:
    """σ₀ g²/8π² ∫∫ [((x₁+r)² + (x₂+r)²)/((1-x₁)(1-x₂)) - r (1/(1-x₁)² + 1/(1-x₂)²)]."""
    r = mass**2 / S

    def inner(log_y: float, log_x: float) -> float:
        x, y = math.exp(log_x), math.exp(log_y)  # 1 - x₁ and 1 - x₂
        main = ((1 - x + r) ** 2 + (1 - y + r) ** 2) / (x * y) - r * (1 / x**2 + 1 / y**2)
        return main * x * y

    # x₂ from 1 - x₁ - r to 1 - r/(1 - x₁).
    integral = dblquad(
        inner, math.log(r), 0.0,
        lambda x: math.log(r) - x, lambda x: math.log1p(r - math.exp(x)), epsrel=1e-5,
    )[0]  # fmt: skip
    point = 4.0 * math.pi * ALPHA**2 / (3.0 * S) * GEV2_NB
    expected = point / (8.0 * math.pi**2) * integral
    u = stream(10, "test/boson").random((100_000, 5))
    _, weight = propose_leptons(u, S, (1e-4, 1e-4, mass), 0)
    error = weight.std() / math.sqrt(100_000)
    assert error < 0.005 * expected
    assert abs(weight.mean() - expected) < 5.0 * error


@pytest.mark.parametrize(
    ("mass", "value_fb"),
    [(0.5, 2.05e5), (1, 1.00e5), (2, 3.48e4), (3, 1.38e4), (4, 5.47e3), (5, 2.04e3), (6, 669)],
)
def test_muons_are_close_to_massless_ones(mass: float, value_fb: float) -> None:
    """Independent integrals for massless leptons; the muon's mass costs less than 2 % here."""
    sigma = get_process("mumu_zprime", mass=mass, coupling=1.0).cross_section(30_000)
    assert sigma.error_nb < 0.005 * sigma.value_nb
    assert 0.98 < sigma.value_nb / (value_fb * FB) < 1.01


def test_another_machine_is_another_scale() -> None:
    """σ s depends on ratios of masses to √s alone; a symmetric machine below 1.1 GeV."""
    phi = Machine(0.51, 0.51, 0.0125)
    process = get_process("mumu_zprime", phi, mass=0.4, coupling=1.0)
    scale = math.sqrt(S / phi.s)
    u = stream(11, "test/boson").random((50_000, 5))
    _, weight = propose_leptons(u, S, (MUON_MASS * scale, MUON_MASS * scale, 0.4 * scale), 0)
    sigma = process.cross_section(50_000)
    error = math.hypot(sigma.error_nb, weight.std() / math.sqrt(50_000) * scale**2)
    assert abs(sigma.value_nb - weight.mean() * scale**2) < 5.0 * error < 0.05 * sigma.value_nb
    events = process.generate(1000, 1)
    np.testing.assert_allclose(
        events.p4.reshape(1000, 3, 4).sum(axis=1), np.tile(phi.total, (1000, 1)), atol=1e-9
    )
    visible = get_process("dark_photon_visible", phi, mass=0.4)
    assert visible.generate(100, 1).pdg.tolist() == [22, 13, -13] * 100
    emu = get_process("zprime_emu", phi, mass=0.4)
    assert len(emu.generate(100, 1)) == 100


def test_invisible_fraction_has_three_steps() -> None:
    assert invisible_fraction(0.15) == 1.0
    assert invisible_fraction(1.0) == pytest.approx(0.5, rel=0.10)
    assert invisible_fraction(10.0) == pytest.approx(1.0 / 3.0, rel=0.10)
    # Far above all thresholds exactly 1/3; between them ν̄ν : μμ is as 1 : (1 + 2x)√(1 - 4x).
    assert invisible_fraction(1e4) == pytest.approx(1.0 / 3.0, rel=1e-6)
    x = (MUON_MASS / 0.3) ** 2
    muons = (1.0 + 2.0 * x) * math.sqrt(1.0 - 4.0 * x)
    assert invisible_fraction(0.3) == pytest.approx(1.0 / (1.0 + muons), rel=1e-12)
    for mass in (0.2, 1.0, 3.6, 9.0):
        charged = lepton_fraction(mass, MUON_MASS) + lepton_fraction(mass, TAU_MASS)
        assert invisible_fraction(mass) + charged == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    "values",
    [
        {"pair": "mumu", "decay": "tautau", "mass": 5.0},
        {"pair": "tautau", "decay": "mumu", "model": "scalar"},
        {"pair": "tautau", "decay": "ee", "model": "pseudoscalar", "mass": 0.1},
        {"pair": "mumu", "decay": "mumu", "mass": 0.25},
    ],
)
def test_decays_of_the_boson(values: dict[str, object]) -> None:
    process = get_process("mumu_zprime", **values)
    events = process.generate(1000, 3)
    totals = np.add.reduceat(events.p4, events.offsets[:-1], axis=0)
    np.testing.assert_allclose(totals, np.tile(process.machine.total, (1000, 1)), atol=1e-8)
    square = events.p4[:, 3] ** 2 - np.sum(events.p4[:, :3] ** 2, axis=1)
    assert np.min(square) > -1e-8
    assert not np.any(np.abs(events.pdg) == 15)
    if values["pair"] == "mumu":
        first = events.offsets[:-1]
        assert np.all(events.pdg[first] == 13)
        boson = process.machine.total - events.p4[first] - events.p4[first + 1]
        mass = np.sqrt(_dot(boson, boson))
        np.testing.assert_allclose(mass, float(str(values["mass"])), rtol=1e-7)


def test_flavour_changing_boson() -> None:
    process = get_process("zprime_emu", mass=3.0, coupling=1.0)
    sigma = process.cross_section(30_000)
    # Both charges of massless leptons: twice an independent integral.
    assert sigma.value_nb == pytest.approx(2.0 * 1.38e4 * FB, rel=0.02)
    pdg = process.generate(4000, 1).pdg.reshape(4000, 3)
    assert set(map(tuple, pdg.tolist())) == {(11, -13, 55), (-11, 13, 55)}
    assert abs(np.mean(pdg[:, 0]) / 11.0) < 5.0 / math.sqrt(4000)


@pytest.mark.parametrize(("decay", "mass"), [("ee", 3.0), ("mumu", 0.25), ("tautau", 4.0)])
def test_leptons_of_a_dark_photon_follow_its_polarisation(decay: str, mass: float) -> None:
    process = get_process("dark_photon_visible", mass=mass, decay=decay)
    lepton = {"ee": 0.51099895e-3, "mumu": MUON_MASS, "tautau": TAU_MASS}[decay]
    variables, weight = process.propose(stream(12, "test/boson").random((40, 4)))
    keep = weight > 0.0
    variables, weight = variables[keep], weight[keep]
    # The photon's cosine was proposed evenly in its hyperbolic angle.
    density = weight / (1.0 - variables[:, 0] ** 2)
    half = 0.5 * process.machine.sqrt_s
    beams = np.array([[0.0, 0.0, half, half], [0.0, 0.0, -half, half]])
    ratio = []
    for (k, first, second), ours in zip(process.momenta(variables), density, strict=True):
        one, two = _slash(beams[0] - k), _slash(k - beams[1])
        one, two = one / _dot(beams[0] - k, beams[0] - k), two / _dot(beams[1] - k, beams[1] - k)
        line = [[b @ one @ a + a @ two @ b for a in GAMMA] for b in GAMMA]
        total = 0.0
        decays = np.array([
            [np.trace((_slash(first) + lepton * ONE) @ GAMMA[m] @ (_slash(second) - lepton * ONE)
                      @ GAMMA[n]).real for n in range(4)] for m in range(4)
        ])  # fmt: skip
        for m in range(4):
            for n in range(4):
                production = sum(
                    -SIGN[a] * np.trace(
                        _slash(beams[1]) @ line[m][a] @ _slash(beams[0]) @ _bar(line[n][a])
                    ).real for a in range(4)
                )  # fmt: skip
                total += production * SIGN[m] * SIGN[n] * decays[m, n]
        ratio.append(total / ours)
    assert len(ratio) > 20
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-7)


def test_visible_dark_photon_has_the_cross_section_of_an_invisible_one() -> None:
    sigma = get_process("dark_photon_visible", mass=4.0).cross_section(50_000)
    other = get_process("dark_photon", mass=4.0).cross_section(50_000)
    assert sigma.error_nb < 0.01 * other.value_nb
    assert abs(sigma.value_nb - other.value_nb) < 5.0 * math.hypot(sigma.error_nb, other.error_nb)
    events = get_process("dark_photon_visible", mass=4.0, decay="tautau").generate(500, 1)
    assert np.all(events.pdg[events.offsets[:-1]] == 22)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("mumu_zprime", {"mass": 10.4}, r"mumu_zprime\.mass: must be below 10\.36"),
        ("mumu_zprime", {"mass": 0.2, "decay": "mumu"}, r"mumu_zprime\.mass: must be above 0\.21"),
        ("mumu_zprime", {"model": "axial"}, "unknown choice 'axial'"),
        ("zprime_emu", {"mass": 0.1}, r"zprime_emu\.mass: must be 0\.15 to"),
        ("dark_photon_visible", {"mass": 3.5, "decay": "tautau"}, "must be above 3.55372 GeV"),
    ],
)
def test_bad_parameters_are_refused(name: str, values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        get_process(name, **values)
