"""e⁺e⁻ → e⁺e⁻a with all diagrams: Dirac matrices, closed forms, two samplings."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from sim.processes import get_process
from sim.processes.axion_and_pair import amplitude_square, annihilation_terms, pair_square
from sim.processes.base import Process
from sim.processes.constants import ALPHA, ELECTRON_MASS
from sim.streams import stream
from tests.processes import dirac_oracle as dirac
from tests.processes.flat_phase_space import flat

E4 = (4.0 * math.pi * ALPHA) ** 2
NB = 0.3893793721e6
SQRT_S = 10.58
ALL, FUSION = 3, 1
TAGGED = {"frame": "cm", "theta_min": 22.0, "theta_max": 158.0, "energy_min": 0.25}


def weighted(process: Process, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Proposals inside the region, centre-of-mass frame, and their weights over n."""
    variables, weight = process._propose(stream(1, "test/pair").random((n, process.dimensions)))
    return process.momenta(variables[weight > 0.0]), weight[weight > 0.0] / n


def oracle(event: np.ndarray, sqrt_s: float, channels: str) -> float:
    """Spin-averaged |M|²/g² of an event px, py, pz, E."""
    p = math.sqrt(sqrt_s**2 / 4.0 - ELECTRON_MASS**2)
    beams = np.array([[sqrt_s / 2.0, 0.0, 0.0, p], [sqrt_s / 2.0, 0.0, 0.0, -p]])
    pair = np.roll(event, 1, axis=-1)[:2]
    return E4 * dirac.pair_and_axion(beams, pair, ELECTRON_MASS, channels)


@pytest.mark.parametrize("mass", [0.0, 1.0, 6.0])
def test_amplitude_against_dirac_matrices(mass: float) -> None:
    even = flat(8, SQRT_S, (ELECTRON_MASS, ELECTRON_MASS, mass), stream(2, "test/pair"))[0]
    for event in np.ascontiguousarray(np.roll(even, -1, axis=-1)):
        parts = [oracle(event, SQRT_S, channels) for channels in ("st", "s", "t")]
        ours = amplitude_square(event[0], event[1], SQRT_S, mass, ALL)
        alone, both = annihilation_terms(event[0], event[1], SQRT_S)
        assert ours == pytest.approx(parts[0], rel=1e-9)
        assert alone == pytest.approx(parts[1], rel=1e-9)
        assert both == pytest.approx(parts[0] - parts[1] - parts[2], rel=1e-9)


def test_amplitude_where_the_process_puts_events() -> None:
    """Close pairs too, where the oracle itself takes m_ee² from a difference."""
    process = get_process("eea", **TAGGED)
    events = weighted(process, 400)[0][:40]
    masses = np.sqrt([pair_square(event[0], event[1]) for event in events])
    assert masses.min() < 0.1 < 2.0 < masses.max()
    sqrt_s = process.machine.sqrt_s
    for event, m in zip(events, masses, strict=True):
        ours = amplitude_square(event[0], event[1], sqrt_s, 1.0, ALL)
        rounding = max(1e-9, 1e-12 * (sqrt_s / m) ** 2)
        assert ours == pytest.approx(oracle(event, sqrt_s, "st"), rel=rounding)


def test_mass_of_a_close_pair() -> None:
    """Two electrons of 1 and 3 GeV at 10⁻⁹ rad: 2m² + 2(E₁E₂ - p₁p₂) in exact terms."""
    m = ELECTRON_MASS
    first, second = (
        np.array([p * angle, 0.0, p, math.hypot(p, m)]) for p, angle in ((1.0, 1e-9), (3.0, 0.0))
    )
    assert pair_square(first, second) == pytest.approx(m * m * (2.0 + 3.0 + 1.0 / 3.0), rel=1e-6)
    assert pair_square(first, -second * [1, 1, 1, -1]) == pytest.approx(4.0 * 3.0, rel=1e-5)


@pytest.mark.parametrize("mass", [0.5, 4.0])
def test_annihilation_is_a_virtual_photon_beside_a(mass: float) -> None:
    """σ(γ*a) = αg²λ^{3/2}/24s³, folded with (α/3π) dm²/m² (1 + 2m_e²/m²) β of γ* → e⁺e⁻."""
    process = get_process("eea", mass=mass, diagrams="annihilation", required=0)
    s, light = process.machine.s, ELECTRON_MASS**2

    def spectrum(log_m2: float) -> float:
        m2 = math.exp(log_m2)
        size = (s - mass**2 - m2) ** 2 - 4.0 * mass**2 * m2
        pair = ALPHA / (3.0 * math.pi) * (1.0 + 2.0 * light / m2)
        pair *= math.sqrt(max(0.0, 1.0 - 4.0 * light / m2))
        return ALPHA * 1e-8 / 24.0 * max(0.0, size) ** 1.5 / s**3 * NB * pair

    high = 2.0 * math.log(math.sqrt(s) - mass)
    exact = quad(spectrum, math.log(4.0 * light), high, limit=300)[0]
    ours = process.cross_section(100_000, 3)
    assert ours.error_nb < 0.002 * exact
    assert abs(ours.value_nb - exact) < 4.0 * ours.error_nb


def test_two_samplings_give_the_same_cross_section() -> None:
    """That of all diagrams, and fusion's events weighted by the ratio of the amplitudes."""
    fusion, full = (
        get_process("eea", mass=3.0, diagrams=diagrams, pair_mass_min=1.0, **TAGGED)
        for diagrams in ("fusion", "full")
    )
    n = 60_000
    p4, weight = weighted(fusion, n)
    sqrt_s = full.machine.sqrt_s
    ratio = np.array([
        amplitude_square(event[0], event[1], sqrt_s, 3.0, ALL)
        / amplitude_square(event[0], event[1], sqrt_s, 3.0, FUSION)
        for event in p4
    ])  # fmt: skip
    expected = float(np.sum(weight * ratio))
    error = math.sqrt(float(np.sum((weight * ratio) ** 2)) - expected**2 / n)
    ours = full.cross_section(n, 4)
    assert abs(ours.value_nb - expected) < 4.0 * math.hypot(error, ours.error_nb)
    # What annihilation changes, of which the sampling's error cancels.
    assert float(np.sum(weight * (ratio - 1.0))) / np.sum(weight) == pytest.approx(
        -0.007, abs=0.002
    )


def test_close_pairs_are_photons_that_convert() -> None:
    """Below 0.1 GeV fusion does not matter: γa times the conversion's logarithm, by angle."""
    process = get_process("eea", mass=0.0, frame="cm", theta_min=22, theta_max=158, energy_min=0.25)
    p4, weight = weighted(process, 40_000)
    close = np.array([pair_square(event[0], event[1]) for event in p4]) < 0.01
    found = float(np.sum(weight[close]))
    s, light, c = process.machine.s, ELECTRON_MASS**2, math.cos(math.radians(22.0))

    def spectrum(log_m2: float) -> float:
        """Both energies above 0.25 GeV: β cosθ′ of the pair within 1 - 0.25/half of its energy."""
        m2 = math.exp(log_m2)
        beta2 = 1.0 - 4.0 * light / m2
        edge = min(1.0, (1.0 - 0.5 / (math.sqrt(s) / 2.0)) / math.sqrt(max(beta2, 1e-12)))
        # (1 + cos²θ′ + (1 - β²) sin²θ′), transverse photons.
        inside = (2.0 - beta2) * edge + beta2 * edge**3 / 3.0
        return ALPHA / (4.0 * math.pi) * math.sqrt(max(beta2, 0.0)) * inside

    conversion = quad(spectrum, math.log(4.0 * light), math.log(0.01), limit=200)[0]
    photon = ALPHA * 1e-8 / 24.0 * (3.0 * c + c**3) / 4.0 * NB
    assert found == pytest.approx(photon * conversion, rel=0.02)


@pytest.mark.parametrize(("angle", "energy", "notes"), [(22.0, 0.25, 19.0), (17.0, 0.1, 12.0)])
def test_ratio_of_photon_and_fusion(angle: float, energy: float, notes: float) -> None:
    """σ(γa)/σ(e⁺e⁻a), the paper's strahlung over fusion: 18 to 20 and 12 in the notes."""
    fusion = get_process(
        "eea", mass=1.0, diagrams="fusion", frame="cm", theta_min=angle, theta_max=180.0 - angle,
        energy_min=energy,
    )  # fmt: skip
    c, s = math.cos(math.radians(angle)), fusion.machine.s
    photon = ALPHA * 1e-8 / 24.0 * (1.0 - 1.0 / s) ** 3 * (3.0 * c + c**3) / 4.0 * NB
    assert photon / fusion.cross_section(40_000, 5).value_nb == pytest.approx(notes, rel=0.06)


def test_pairs_below_the_limit_are_left_out() -> None:
    process = get_process("eea", pair_mass_min=3.0, **TAGGED)
    p4 = weighted(process, 5_000)[0]
    assert min(pair_square(event[0], event[1]) for event in p4) >= 9.0
