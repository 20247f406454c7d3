"""Bhabha scattering with collinear initial-state radiation, against integrals done otherwise."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.special import gamma

from firmware_models.errors import InputError
from sim.events import Events
from sim.machine import Machine
from sim.processes import get_process
from sim.processes.bhabha_born import bhabha_density
from sim.processes.constants import ALPHA, ELECTRON_MASS, GEV2_NB, MUON_MASS
from sim.processes.dimuon import muon_pair_born
from sim.processes.radiator import radiation_strength, radiator_in_power
from sim.processes.structure_function import (
    in_power,
    radiated_part,
    soft_constant,
    structure_function,
)
from sim.streams import stream

S = Machine().s
ROOT = Machine().sqrt_s
EDGES = (12.4, 155.1)
CM: dict[str, object] = {
    "frame": "cm", "theta_min": EDGES[0], "theta_max": EDGES[1], "radiation": "initial",
}  # fmt: skip


def _normalisation(b: float) -> float:
    return float(quad(lambda y: in_power(y, radiated_part(y, b), b, b), 0, 1, epsabs=1e-13)[0])


def test_structure_function_normalises_to_third_order() -> None:
    """∫D = 1 + O(b³): halving b divides what is left by eight."""
    assert _normalisation(radiation_strength(S)) == pytest.approx(1.0, abs=5e-5)
    left = [_normalisation(b) - 1.0 for b in (0.2, 0.1, 0.05)]
    assert left[0] / left[1] == pytest.approx(8.0, rel=0.15)
    assert left[1] / left[2] == pytest.approx(8.0, rel=0.15)


def test_structure_function_first_order_is_the_splitting_function() -> None:
    """dD/db at b → 0 is P(x)/4 = (1 + x²) / (4 (1 - x)), the density of one hard photon."""
    for r in (0.01, 0.3, 0.9):
        x = 1.0 - r
        slope = structure_function(r, 1e-7) / 1e-7
        assert slope == pytest.approx(0.25 * (1.0 + x * x) / r, rel=1e-5)


def test_soft_limit_is_the_exponentiated_form() -> None:
    b = radiation_strength(10.0)
    ratio = structure_function(1e-9, b) / (soft_constant(b) * 0.5 * b * 1e-9 ** (0.5 * b - 1.0))
    assert ratio == pytest.approx(1.0, abs=1e-7)
    # Second-order expansion of exp(b/2 (3/4 - γ)) / Γ(1 + b/2), Kuraev and Fadin.
    small = 1e-2
    series = 1.0 + 0.375 * small + small**2 * (9.0 / 128.0 - math.pi**2 / 48.0)
    assert soft_constant(small) == pytest.approx(series, abs=3e-7)


@pytest.mark.parametrize("b_map", [0.04, 0.05])
def test_power_map_keeps_the_density(b_map: float) -> None:
    b = 0.05
    for y in (0.5, 0.9, 0.99):
        r = radiated_part(y, b_map)
        slope = 2.0 / b_map * r / y
        assert in_power(y, r, b_map, b) == pytest.approx(structure_function(r, b) * slope, rel=1e-9)
    assert math.isfinite(in_power(0.0, radiated_part(0.0, b_map), b_map, b))


def test_two_structure_functions_are_the_radiator_for_muon_pairs() -> None:
    """∫∫ D D σ₀(x₁x₂s) and ∫ H σ₀(s(1-x)), the latter without its constant factor.

    H has the non-logarithmic factor 1 + (α/π)(π²/3 - 1/2) of the annihilation vertex and virtual
    pairs, which a structure function of the beams cannot have. The factor is put back here.
    """
    b = radiation_strength(S)
    threshold = 4.0 * MUON_MASS**2 / S

    def born(part: float) -> float:
        return float(muon_pair_born(np.array([S * part]), True)[0])

    def beams(y1: float, y2: float) -> float:
        r1, r2 = radiated_part(y1, b), radiated_part(y2, b)
        part = (1.0 - r1) * (1.0 - r2)
        if part <= threshold:
            return 0.0
        return in_power(y1, r1, b, b) * in_power(y2, r2, b, b) * born(part)

    two = dblquad(beams, 0, 1, 0, 1, epsabs=1e-4, epsrel=1e-4)[0]

    def both(y: float) -> float:
        x, radiator = radiator_in_power(y, S)
        return radiator * born(1.0 - x)

    combined = quad(both, 0, (1.0 - threshold) ** b, epsrel=1e-6, limit=200)[0]
    vertex = 1.0 + ALPHA / math.pi * (math.pi**2 / 3.0 - 0.5)
    assert two * vertex == pytest.approx(combined, rel=5e-3)


@pytest.mark.parametrize("values", [{}, {"required": 2}, {**CM, "required": 1}])
def test_conservation_masses_and_photons_along_the_beams(values: dict[str, object]) -> None:
    process = get_process("bhabha", **{"radiation": "initial", **values})
    events = process.generate(5000, 3)
    assert events.pdg.reshape(-1, 4).tolist() == [[11, -11, 22, 22]] * 5000
    p4 = events.p4.reshape(-1, 4, 4)
    assert np.max(np.abs(p4.sum(axis=1) - process.machine.total)) < 1e-9
    square = p4[..., 3] ** 2 - np.sum(p4[..., :3] ** 2, axis=2)
    masses = np.array([ELECTRON_MASS, ELECTRON_MASS, 0.0, 0.0])
    assert np.max(np.abs(square - masses**2)) < 1e-9
    for photon, beam in ((2, process.machine.electron), (3, process.machine.positron)):
        hard = p4[p4[:, photon, 3] > 1e-3, photon]
        direction = hard[:, :3] / hard[:, 3:]
        assert np.max(np.abs(direction - beam[:3] / np.linalg.norm(beam[:3]))) < 1e-9


def test_leptons_of_the_sample_are_in_the_region_in_the_laboratory() -> None:
    def inside(events: Events) -> np.ndarray:
        p4 = events.p4.reshape(-1, 4, 4)[:, :2]
        theta = np.degrees(np.arccos(p4[..., 2] / np.linalg.norm(p4[..., :3], axis=2)))
        energy = (p4 @ Machine().to_cm.T)[..., 3]
        found: np.ndarray = (theta > EDGES[0]) & (theta < EDGES[1]) & (energy > 0.1)
        return found.sum(axis=1)

    assert (
        inside(get_process("bhabha", radiation="initial", required=2).generate(4000, 1)).min() == 2
    )
    one = inside(get_process("bhabha", radiation="initial").generate(4000, 1))
    assert one.min() == 1
    assert one.max() == 2


def test_same_seed_gives_identical_bytes() -> None:
    def drawn(chunk: int) -> bytes:
        return get_process("bhabha", radiation="initial").generate(500, 7, chunk).p4.tobytes()

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)


def test_borders_of_the_hypercube_are_finite() -> None:
    process = get_process("bhabha", radiation="initial")
    u = stream(6, "test/borders").random((4000, 4))
    where = u < 0.3
    border = np.array([0.0, 1e-300, 1e-12, 1.0 - 1e-12, np.nextafter(1.0, 0.0)])
    u[where] = stream(7, "test/borders").choice(border, where.sum())
    variables, weight = process.propose(u)
    assert np.all(np.isfinite(weight))
    assert np.all(weight >= 0.0)
    assert np.all(np.isfinite(process.momenta(variables[weight > 0.0])))


def test_without_hard_photons_lowest_order_times_the_soft_factors_is_left() -> None:
    """Both photons below εE: dσ = dσ_LO [Γ-factor ε^(b/2)]² at b(-t), by an integral in cosθ*."""
    cut = 1e-5
    low, high = (math.cos(math.radians(angle)) for angle in reversed((24.9, 155.1)))

    def softly(c: float) -> float:
        b = radiation_strength(0.5 * S * (1.0 - c))
        return bhabha_density(c, S, True) * (soft_constant(b) * cut ** (0.5 * b)) ** 2

    exact = quad(softly, low, high)[0]
    process = get_process("bhabha", **{**CM, "theta_min": 24.9, "required": 2})
    points = 400_000
    variables, weight = process._propose(stream(1, "test/soft").random((points, 4)))
    weight = np.where(np.max(variables[:, :2], axis=1) < cut, weight, 0.0)
    error = float(np.std(weight)) / math.sqrt(points)
    assert error < 0.01 * exact
    assert abs(float(np.mean(weight)) - exact) < 5.0 * error + 1e-4 * exact


def _gauss(low: np.ndarray, high: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss–Legendre points and weights of ranges, with a new last axis of n points."""
    node, part = np.polynomial.legendre.leggauss(n)
    half = 0.5 * (np.asarray(high) - np.asarray(low))[..., None]
    return np.asarray(low)[..., None] + half * (node + 1.0), half * part


def _density(r: np.ndarray, b: np.ndarray) -> np.ndarray:
    """D(1 - r), written again from the paper."""
    x = 1.0 - r
    result: np.ndarray = (
        np.exp(0.5 * b * (0.75 - np.euler_gamma)) / gamma(1.0 + 0.5 * b)
        * 0.5 * b * r ** (0.5 * b - 1.0) - 0.25 * b * (1.0 + x)
        + b * b / 32.0 * ((1.0 + x) * (3.0 * np.log(x) - 4.0 * np.log(r))
                          - 4.0 * np.log(x) / r - 5.0 - x)
    )  # fmt: skip
    return result


def _tail(energy_sum: float, energy_min: float = 0.1) -> float:
    """∫∫∫ D D dσ_LO [nb], both leptons in 12.4°–155.1° (CM), energy sum below a limit.

    Gauss–Legendre quadrature over both radiated parts and cosθ̂, no running of α: nothing of the
    generator is used.
    """
    top, bottom = (math.atanh(math.cos(math.radians(angle))) for angle in EDGES)
    half, power = 0.5 * ROOT, 0.02

    def inner(r1: np.ndarray, r2: np.ndarray) -> np.ndarray:
        x1, x2 = 1.0 - r1, 1.0 - r2
        shift = 0.5 * np.log(x1 / x2)
        low = np.tanh(np.maximum(bottom - shift, shift - top))
        high = np.tanh(np.minimum(top - shift, shift - bottom))
        # Energies (x₁ + x₂ ± (x₁ - x₂) ĉ) E/2 of both above the lowest one.
        reach = (x1 + x2 - 2.0 * energy_min / half) / np.maximum(np.abs(x1 - x2), 1e-30)
        low, high = np.maximum(low, -reach), np.minimum(high, reach)
        low = np.minimum(low, 0.999)
        high = np.maximum(low, high)
        # ln(1 - ĉ) follows the pole.
        log, width = _gauss(np.log(1.0 - high), np.log(1.0 - low), 24)
        c = 1.0 - np.exp(log)
        s = (x1 * x2 * S)[..., None]
        t, u = -0.5 * s * (1.0 - c), -0.5 * s * (1.0 + c)
        born = (s * s + u * u) / (t * t) + 2.0 * u * u / (s * t) + (t * t + u * u) / (s * s)
        b = 2.0 * ALPHA / math.pi * (np.log(-t / ELECTRON_MASS**2) - 1.0)
        value = math.pi * ALPHA**2 / s * GEV2_NB * born * (1.0 - c) * width
        result: np.ndarray = np.sum(
            value * _density(r1[..., None], b) * _density(r2[..., None], b), axis=-1
        )
        return result

    limit = 2.0 - energy_sum / half
    ends = (1e-3, 1.0 - 1e-12)
    total = 0.0
    bottom_q = max(ends[0], max(0.0, limit - 1.0) ** power)
    inner_cuts = [q for q in (0.9, limit**power, 0.998) if bottom_q < q < ends[1]]
    cuts = sorted((bottom_q, *inner_cuts, ends[1]))
    for low, high in pairwise(cuts):
        q1, w1 = _gauss(np.array(low), np.array(high), 60)
        r1 = q1 ** (1.0 / power)
        start = np.clip(np.maximum(limit - r1, 0.0) ** power, *ends)
        steps = [start, np.maximum(start, 0.9), np.maximum(start, 0.998), np.full(60, ends[1])]
        for a, b in pairwise(steps):
            q2, w2 = _gauss(a, b, 60)
            r2 = q2 ** (1.0 / power)
            slope = r1[:, None] / q1[:, None] * r2 / q2 / power**2
            total += float(np.sum(w1[:, None] * w2 * slope * inner(r1[:, None] + 0.0 * r2, r2)))
    return total


@pytest.mark.parametrize("energy_sum", [9.0, 7.0])
def test_acollinear_tail_is_the_integral_of_the_formula(energy_sum: float) -> None:
    process = get_process("bhabha", **{**CM, "required": 2, "vacuum_polarisation": "off"})
    points = 600_000
    events = process.sample(points, stream(2, "test/tail"))
    chosen = events.weight > 0.0
    p4 = (events.p4 @ process.machine.to_cm.T).reshape(-1, 4, 4)
    visible = p4[:, 0, 3] + p4[:, 1, 3]
    tail = np.zeros(points)
    tail[chosen] = np.where(visible < energy_sum, events.weight[chosen], 0.0)
    error = float(np.std(tail)) / math.sqrt(points)
    exact = _tail(energy_sum)
    assert error < 0.02 * exact
    assert abs(float(np.mean(tail)) - exact) < 5.0 * error + 2e-3 * exact


def test_no_event_with_a_lost_lepton_is_in_the_region_of_radiative_bhabha() -> None:
    """One lepton inside: Q² = -(x p - p')² of the other is at least a quarter of (k + p)²."""
    p4 = get_process("bhabha", radiation="initial").generate(20_000, 4).p4.reshape(-1, 4, 4)
    theta = np.degrees(np.arccos(p4[..., 2] / np.linalg.norm(p4[..., :3], axis=2)))[:, :2]
    inside = (theta > EDGES[0]) & (theta < EDGES[1])
    beams = (Machine().electron, Machine().positron)

    def square(vector: np.ndarray) -> np.ndarray:
        result: np.ndarray = vector[:, 3] ** 2 - np.sum(vector[:, :3] ** 2, axis=1)
        return result

    near = 0
    for seen, lost in ((0, 1), (1, 0)):
        events = p4[inside[:, seen] & ~inside[:, lost]]
        assert len(events) > 1000
        virtuality = -square(beams[lost] - events[:, 2 + lost] - events[:, lost])
        mass2 = square(events[:, seen] + events[:, 2 + seen])
        assert np.all(virtuality > 0.25 * mass2 - 1e-6)
        near += int(np.sum(virtuality < 0.5 * mass2))
    # The border is reached: without the condition there would be events beyond it.
    assert near > 20


def test_scale_s_radiates_more_than_scale_t() -> None:
    rates = [
        get_process("bhabha", radiation="initial", required=2, scale=scale).cross_section(100_000)
        for scale in ("t", "s")
    ]
    assert 1.005 < rates[1].value_nb / rates[0].value_nb < 1.03


def test_regions_too_close_to_the_beam_are_refused() -> None:
    with pytest.raises(InputError, match="too close to m_e"):
        get_process("bhabha", radiation="initial", theta_min=0.02)
    with pytest.raises(InputError, match="unknown choice 'final'"):
        get_process("bhabha", radiation="final")
