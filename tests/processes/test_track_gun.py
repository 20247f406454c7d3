"""The track gun: closed-form distributions, and d0 from vertex and momentum by another way."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from particle import Particle

from firmware_models.errors import InputError
from sim.cli import main
from sim.events import Events
from sim.machine import superkekb_with_spread
from sim.processes import get_process
from sim.processes.track_gun import CODES
from sim.streams import stream
from sim.truth import truth_variables

N = 20_000
GEV_PER_CM = 0.299792458e-2 * 1.5


def shoot(n: int = N, seed: int = 1, **values: object) -> Events:
    return get_process("track_gun", **values).generate(n, seed)


def pt_of(events: Events) -> np.ndarray:
    return np.sqrt(events.p4[:, 0] ** 2 + events.p4[:, 1] ** 2)


def size_of(events: Events) -> np.ndarray:
    return np.linalg.norm(events.p4[:, :3], axis=1)


def line_d0(events: Events) -> np.ndarray:
    """Signed distance of each straight line from the z axis."""
    return np.cross(events.vertex[:, :3], events.p4[:, :3])[:, 2] / pt_of(events)


def helix_d0(events: Events) -> np.ndarray:
    """Signed distance of each circle from the z axis, by its centre."""
    charge = np.where(np.isin(events.pdg, (-13, -11, 211, 321, 2212)), 1.0, -1.0)
    pt = pt_of(events)
    radius = pt / GEV_PER_CM
    x = events.vertex[:, 0] + charge * radius * events.p4[:, 1] / pt
    y = events.vertex[:, 1] - charge * radius * events.p4[:, 0] / pt
    return charge * (np.sqrt(x * x + y * y) - radius)


def assert_distributed(values: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray]) -> None:
    """Check against a cumulative distribution function, by Kolmogorov's distance.

    It exceeds the limit once in 2000 cases.
    """
    ordered = cdf(np.sort(values))
    assert ordered[0] >= -1e-9
    assert ordered[-1] <= 1.0 + 1e-9
    rank = np.arange(len(values) + 1) / len(values)
    distance = max(np.max(rank[1:] - ordered), np.max(ordered - rank[:-1]))
    assert distance < 2.03 / math.sqrt(len(values))


def flat(low: float, high: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: (x - low) / (high - low)


SPECTRA = {
    "p": (size_of, flat(0.5, 4.0)),
    "pt": (pt_of, flat(0.5, 4.0)),
    "inverse_pt": (lambda events: 1.0 / pt_of(events), flat(0.25, 2.0)),
}


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_momentum_is_flat_in_what_was_asked(spectrum: str) -> None:
    value, cdf = SPECTRA[spectrum]
    assert_distributed(value(shoot(spectrum=spectrum, p_min=0.5, p_max=4.0)), cdf)


def test_angles_are_flat() -> None:
    for polar, cdf in (
        ("theta", flat(math.radians(20), math.radians(140))),
        ("cos_theta", lambda t: (math.cos(math.radians(20)) - np.cos(t))
         / (math.cos(math.radians(20)) - math.cos(math.radians(140)))),
    ):  # fmt: skip
        events = shoot(polar=polar, theta_min=20, theta_max=140, spectrum="inverse_pt")
        assert_distributed(np.arccos(events.p4[:, 2] / size_of(events)), cdf)
        phi = np.arctan2(events.p4[:, 1], events.p4[:, 0])
        assert_distributed(phi, flat(-math.pi, math.pi))


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize(("charge", "sign"), [("plus", 1), ("minus", -1), ("both", 0)])
def test_particle_has_its_mass_and_charge(name: str, charge: str, sign: int) -> None:
    events = shoot(2000, particle=name, charge=charge)
    found = [Particle.from_pdgid(code) for code in np.unique(events.pdg).tolist()]
    assert sorted(each.charge for each in found) == ([sign] if sign else [-1, 1])
    assert {each.name.rstrip("+-~") for each in found} == {name}
    mass = np.sqrt(events.p4[:, 3] ** 2 - size_of(events) ** 2)
    np.testing.assert_allclose(mass, found[0].mass / 1e3, rtol=2e-5, atol=2e-6)
    if not sign:
        assert abs(np.sum(np.sign(events.pdg))) < 4.0 * math.sqrt(2000)


def test_z_is_flat_or_normal() -> None:
    assert_distributed(shoot(z_min=-40, z_max=90).vertex[:, 2], flat(-40.0, 90.0))
    normal = shoot(z_width=2.5).vertex[:, 2]
    erf = np.vectorize(math.erf)
    assert_distributed(normal, lambda z: 0.5 + 0.5 * erf(z / (2.5 * math.sqrt(2.0))))


@pytest.mark.parametrize("charge", ["plus", "minus"])
def test_d0_is_that_of_line_and_helix_and_truth_variable(charge: str) -> None:
    """Up to nine tenths of the softest circle's radius."""
    events = shoot(charge=charge, d0_min=-30, d0_max=40, z_min=-20, z_max=20)
    assert_distributed(line_d0(events), flat(-30.0, 40.0))
    np.testing.assert_allclose(helix_d0(events), line_d0(events), atol=1e-8)
    truth = truth_variables(events, get_process("track_gun").machine, acceptance=None)
    np.testing.assert_allclose(truth["chargedD0"], line_d0(events), atol=1e-9)
    np.testing.assert_allclose(truth["chargedZ0"], events.vertex[:, 2], atol=1e-9)
    np.testing.assert_allclose(truth["chargedRho"], np.abs(line_d0(events)), atol=1e-9)
    across = np.sum(events.vertex[:, :2] * events.p4[:, :2], axis=1)
    np.testing.assert_allclose(across / pt_of(events), 0.0, atol=1e-12)


def test_displaced_start_and_its_d0() -> None:
    opening = 50.0
    events = shoot(rho_min=5, rho_max=60, deflection=opening, p_min=1, z_min=-30, z_max=30)
    rho = np.sqrt(events.vertex[:, 0] ** 2 + events.vertex[:, 1] ** 2)
    assert_distributed(rho, flat(5.0, 60.0))
    azimuth = np.arctan2(events.vertex[:, 1], events.vertex[:, 0])
    assert_distributed(azimuth, flat(-math.pi, math.pi))
    # sin δ = d0 / ρ with δ flat.
    deflected = np.arcsin(line_d0(events) / rho)
    edge = math.radians(opening)
    assert_distributed(deflected, flat(-edge, edge))
    assert np.all(np.sum(events.vertex[:, :2] * events.p4[:, :2], axis=1) > 0.0)
    truth = truth_variables(events, get_process("track_gun").machine, acceptance=None)
    np.testing.assert_allclose(truth["chargedD0"], helix_d0(events), atol=1e-8)
    assert np.max(np.abs(truth["chargedD0"] - line_d0(events))) > 1.0


def test_without_deflection_particles_fly_radially() -> None:
    events = shoot(1000, rho_min=20, rho_max=20)
    np.testing.assert_allclose(line_d0(events), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.hypot(*events.vertex[:, :2].T), 20.0, rtol=1e-12)


def test_two_independent_tracks_share_nothing() -> None:
    events = shoot(tracks=2, z_width=1.0, d0_min=-1, d0_max=1)
    assert np.all(np.diff(events.offsets) == 2)
    columns = np.stack(
        [np.arctan2(events.p4[:, 1], events.p4[:, 0]), size_of(events), events.p4[:, 2],
         line_d0(events), events.vertex[:, 2], np.sign(events.pdg)]
    )  # fmt: skip
    table = np.corrcoef(columns[:, ::2], columns[:, 1::2])[:6, 6:]
    assert np.max(np.abs(table)) < 4.5 / math.sqrt(N)


@pytest.mark.parametrize("start", [{"d0_min": -5, "d0_max": 5}, {"rho_max": 40, "deflection": 60}])
@pytest.mark.parametrize("vertices", ["separate", "common"])
def test_back_to_back_in_azimuth(start: dict[str, object], vertices: str) -> None:
    events = shoot(2000, tracks=2, pairing="back_to_back", charge="opposite", vertices=vertices,
                   z_width=1.0, **start)  # fmt: skip
    first, second = events.p4[::2], events.p4[1::2]
    product = np.sum(first[:, :2] * second[:, :2], axis=1)
    sizes = pt_of(events)
    np.testing.assert_allclose(product, -sizes[::2] * sizes[1::2], rtol=1e-12)
    assert np.array_equal(events.pdg[::2], -events.pdg[1::2])
    assert {-13, 13} == set(events.pdg[::2].tolist())
    same = np.all(events.vertex[::2] == events.vertex[1::2], axis=1)
    d0 = line_d0(events)
    if vertices == "common":
        assert same.all()
        np.testing.assert_allclose(d0[1::2], -d0[::2], atol=1e-12)
    else:
        assert not same.any()
        assert abs(np.corrcoef(d0[::2], d0[1::2])[0, 1]) < 4.5 / math.sqrt(2000)


def test_common_start_of_a_decay() -> None:
    events = shoot(5000, tracks=3, vertices="common", rho_min=10, rho_max=50, deflection=30)
    rho = np.hypot(events.vertex[:, 0], events.vertex[:, 1])
    assert np.array_equal(rho[0::3], rho[1::3])
    deflected = np.arcsin(line_d0(events) / rho).reshape(-1, 3)
    for k in range(3):
        assert_distributed(deflected[:, k], flat(-math.pi / 6.0, math.pi / 6.0))
    off = np.corrcoef(deflected.T) - np.eye(3)
    assert np.max(np.abs(off)) < 4.5 / math.sqrt(5000)
    # All fly outwards: the sine alone would hide the opposite.
    assert np.all(np.sum(events.vertex[:, :2] * events.p4[:, :2], axis=1) > 0.0)


def test_third_track_is_independent_of_a_pair() -> None:
    events = shoot(5000, tracks=3, pairing="back_to_back", charge="opposite", d0_min=-2, d0_max=2)
    assert np.all(np.diff(events.offsets) == 3)
    phi = np.arctan2(events.p4[:, 1], events.p4[:, 0])
    np.testing.assert_allclose(np.cos(phi[0::3] - phi[1::3]), -1.0, atol=1e-12)
    assert_distributed((phi[2::3] - phi[0::3]) % (2.0 * math.pi), flat(0.0, 2.0 * math.pi))
    assert np.array_equal(events.pdg[0::3], -events.pdg[1::3])
    assert abs(np.sum(np.sign(events.pdg[0::3] * events.pdg[2::3]))) < 4.0 * math.sqrt(5000)
    decay = shoot(200, tracks=3, vertices="common", rho_min=10, rho_max=50, z_width=3)
    points = decay.vertex.reshape(200, 3, 4)
    assert np.array_equal(points, np.repeat(points[:, :1], 3, axis=1))


def test_beams_do_not_matter() -> None:
    nominal = get_process("track_gun").generate(500, 3)
    spread = get_process("track_gun", superkekb_with_spread()).generate(500, 3)
    assert nominal.p4.tobytes() == spread.p4.tobytes()


def test_weights_are_one_and_proposals_are_events() -> None:
    gun = get_process("track_gun", tracks=2)
    assert gun.sample(100, stream(1, "test")).weight.tolist() == [1.0] * 100
    assert gun.cross_section(1000).value_nb == 1.0
    assert gun.cross_section(1000).error_nb == 0.0
    assert gun.generate(0, 1).pdg.shape == (0,)


def test_borders_of_the_hypercube_are_finite() -> None:
    gun = get_process("track_gun", tracks=2, z_width=50, rho_max=120, deflection=180,
                      theta_min=0.01, theta_max=179.99)  # fmt: skip
    rng = stream(6, "test/borders")
    border = np.array([0.0, 1e-300, 1e-12, 0.5, 1.0 - 1e-12, np.nextafter(1.0, 0.0)])
    variables, weight = gun.propose(rng.choice(border, (4000, gun.dimensions)))
    assert np.all(weight == 1.0)
    momenta = gun.momenta(variables)
    assert np.all(np.isfinite(momenta))
    assert np.all(np.isfinite(gun.vertices(variables, momenta)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"particle": "tau"}, r"unknown choice 'tau'"),
        ({"tracks": 4}, r"track_gun\.tracks"),
        ({"p_min": 6}, r"track_gun\.p_min: must be up to p_max \(5\), not 6"),
        ({"theta_min": 170}, r"track_gun\.theta_min: must be up to theta_max \(150\), not 170"),
        ({"d0_min": 1}, r"track_gun\.d0_min: must be up to d0_max \(0\), not 1"),
        ({"charge": "opposite"}, r"track_gun\.charge: .* tracks 2 or 3, not opposite"),
        ({"pairing": "back_to_back"}, r"track_gun\.pairing: .* tracks 2 or 3, not back_to_back"),
        ({"vertices": "common"}, r"track_gun\.vertices: .* tracks 2 or 3, not common"),
        ({"rho_max": 3, "d0_max": 1}, r"track_gun\.rho_max: must be 0 where a range of d0"),
        ({"deflection": 9}, r"track_gun\.deflection: must be 0 without rho_max, not 9"),
        ({"z_width": 1, "z_max": 1}, r"track_gun\.z_width: must be 0 where a range of z"),
        # 0.2 GeV / (0.3 · 1.5 T) is 44.47 cm; with p instead of pT times sin 17°.
        ({"d0_min": -44.5}, r"track_gun\.d0_min: must be within ±44\.47 cm"),
        ({"d0_max": 13.1, "spectrum": "p"}, r"track_gun\.d0_max: must be within ±13 cm"),
    ],
)
def test_parameters_that_do_not_go_together(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        get_process("track_gun", **values)
    get_process("track_gun", d0_min=-44.4, d0_max=44.4)
    get_process("track_gun", d0_max=12.9, spectrum="p")


def test_cuts_know_the_hadrons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["process", "track_gun", "--events", "20000", "--param", "particle=K"]
    arguments += ["--param", "charge=minus", "--cut", "pT_lab(K-) > 1.4"]
    path = tmp_path / "out.json"
    assert main([*arguments, "--json", str(path)]) == 0
    # Flat from 0.2 to 5 GeV: three quarters pass.
    assert json.loads(path.read_text())["fraction"] == pytest.approx(0.75, abs=0.013)
    assert main([*arguments[:-2], "--cut", "pT_lab(K+) > 1.4"]) == 2
    capsys.readouterr()
    assert main([*arguments[:-2], "--cut", "theta_lab(charged) > 90"]) == 0
