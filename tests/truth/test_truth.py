"""Truth variables against closed forms and against plain Python over the particles."""

from __future__ import annotations

import cmath
import math
from pathlib import Path

import numpy as np
import pytest
from particle import Particle

from sim.events import Events, concatenate, from_dense
from sim.machine import Machine, transform
from sim.processes import get_process
from sim.readers import open_events
from sim.streams import stream
from sim.truth import CDC_RANGE, ECL_RANGE, VARIABLES, leading_three, truth_variables
from sim.truth.lepton_pair import TABLE
from tests.truth.plain_four_tracks import plain_four_tracks

MACHINE = Machine()
PYTHIA = Path(__file__).resolve().parent.parent / "data" / "pythia" / "belle2.hepmc3.gz"
INVISIBLE = {12, 14, 16}
PAIRS = {name for name, _, _ in TABLE}


@pytest.fixture(scope="module")
def pythia() -> Events:
    return concatenate(list(open_events(PYTHIA)))


def _recoil(mass: float, cosine: np.ndarray, phi: np.ndarray) -> Events:
    """Photon against an invisible particle of the given mass [GeV]."""
    energy = (MACHINE.s - mass**2) / (2.0 * MACHINE.sqrt_s)
    sine = np.sqrt(1.0 - cosine**2)
    p4 = np.zeros((len(cosine), 2, 4))
    p4[:, 0, :3] = energy * np.stack((sine * np.cos(phi), sine * np.sin(phi), cosine), axis=1)
    p4[:, 1, :3] = -p4[:, 0, :3]
    p4[:, 0, 3], p4[:, 1, 3] = energy, MACHINE.sqrt_s - energy
    return from_dense([22, 55], transform(MACHINE.to_lab[None], p4))


def test_recoil_against_a_dark_photon() -> None:
    cosine, phi = np.linspace(-0.6, 0.8, 15), np.linspace(-3.0, 3.0, 15)
    mass = 3.0
    got = truth_variables(_recoil(mass, cosine, phi), MACHINE)
    energy = (MACHINE.s - mass**2) / (2.0 * MACHINE.sqrt_s)
    np.testing.assert_allclose(got["photonECM"], energy, rtol=1e-12)
    np.testing.assert_allclose(got["photonThetaCM"], np.arccos(cosine), atol=1e-9)
    np.testing.assert_allclose(got["missingMass2OfEvent"], mass**2, rtol=1e-9)
    np.testing.assert_allclose(got["missingEnergyOfEventCMS"], MACHINE.sqrt_s - energy, rtol=1e-12)
    assert (got["nPhotonsInECL"] == 1).all()
    assert (got["nChargedInECL"] == 0).all()
    for name in ("chargedP", "photon2ECM", "chargedDeltaPhi", "cluster2ECM"):
        assert np.isnan(got[name]).all()


def test_photon_in_the_beam_pipe_does_not_hide_the_measured_one() -> None:
    lab = np.array([[[0.0, 0.0, 5.0, 5.0], [1.0, 0.0, 0.0, 1.0]]])
    events = from_dense([22, 22], lab)
    assert truth_variables(events, MACHINE)["photonE"].tolist() == [1.0]
    assert truth_variables(events, MACHINE, acceptance=None)["photonE"].tolist() == [5.0]
    assert truth_variables(events, MACHINE)["nPhotonsInECL"].tolist() == [1]


def _helix(p: np.ndarray, vertex: np.ndarray, charge: int) -> tuple[float, float, float]:
    """Signed d0, z0 and radius of production, by the circle's centre in the complex plane."""
    start, direction = complex(*vertex[:2]), complex(*p[:2]) / math.hypot(*p[:2])
    radius = math.hypot(*p[:2]) / (0.299792458e-2 * 1.5)
    # A positive charge turns clockwise: its centre is to the right.
    centre = start - 1j * charge * radius * direction
    nearest = centre - radius * centre / abs(centre)
    turned = cmath.phase((start - centre) / (nearest - centre))
    z0 = vertex[2] + charge * turned * radius * p[2] / math.hypot(*p[:2])
    there = direction * cmath.exp(-1j * turned)
    sign = math.copysign(1.0, (nearest.conjugate() * there).imag)
    return sign * abs(nearest), z0, abs(start)


def _plain(events: Events, i: int) -> dict[str, float]:
    """One event, one particle after the other."""
    rows = range(events.offsets[i], events.offsets[i + 1])
    photons, charged, showers = [], [], []
    leptons: dict[int, list[np.ndarray]] = {11: [], -11: []}
    total, total_cm, photon_energy = np.zeros(4), np.zeros(4), 0.0
    counts = dict.fromkeys(("nPhotonsInECL", "nChargedInECL", "nChargedInCDC"), 0)
    places = []
    for row in rows:
        code, p = int(events.pdg[row]), events.p4[row]
        cm = MACHINE.to_cm @ p
        theta = math.acos(p[2] / math.sqrt(p[:3] @ p[:3]))
        in_ecl = ECL_RANGE[0] <= theta <= ECL_RANGE[1]
        is_charged = Particle.from_pdgid(code).charge != 0
        counts["nPhotonsInECL"] += code == 22 and in_ecl
        counts["nChargedInECL"] += is_charged and in_ecl
        counts["nChargedInCDC"] += is_charged and CDC_RANGE[0] <= theta <= CDC_RANGE[1]
        if is_charged or code == 22:
            places.append((math.hypot(*events.vertex[row, :2]), events.vertex[row, 2]))
        if not in_ecl or abs(code) in INVISIBLE:
            continue
        total, total_cm = total + p, total_cm + cm
        photon_energy += p[3] if code == 22 else 0.0
        entry = (cm, p, theta)
        if code == 22:
            photons.append(entry)
        if abs(code) in (11, 22):
            showers.append(entry)
        if code in leptons:
            leptons[code].append(cm)
        if is_charged:
            helix = _helix(p, events.vertex[row], round(Particle.from_pdgid(code).charge))
            charged.append((*entry, helix))
    photons.sort(key=lambda entry: -entry[0][3])
    showers.sort(key=lambda entry: -entry[0][3])
    charged.sort(key=lambda entry: -(entry[1][:3] @ entry[1][:3]))
    missing = MACHINE.total - total
    size = math.sqrt(missing[:3] @ missing[:3])
    missing_cm = MACHINE.to_cm @ missing
    size_cm = math.sqrt(missing_cm[:3] @ missing_cm[:3])
    rho, z = max(places) if places else (math.nan, math.nan)
    result: dict[str, float] = {
        **counts,
        "totalPhotonsEnergyOfEvent": photon_energy,
        "visibleEnergyOfEventCMS": total_cm[3],
        "missingEnergyOfEventCMS": MACHINE.sqrt_s - total_cm[3],
        "missingMomentumOfEvent": size,
        "missingMomentumOfEvent_theta": math.acos(missing[2] / size),
        "missingMass2OfEvent": missing[3] ** 2 - size**2,
        "missingMomentumOfEventCMS": size_cm,
        "productionRho": rho,
        "productionZ": z,
    }
    if (across := math.hypot(*missing_cm[:2])) > 1e-3:
        result |= {
            "missingMomentumOfEventCMS_theta": math.acos(missing_cm[2] / size_cm),
            "missingMomentumEtaCM": math.asinh(missing_cm[2] / across),
        }
    if leptons[11] and leptons[-11]:
        result |= _plain_pair(*(max(found, key=lambda cm: cm[3]) for found in leptons.values()))
    if photons:
        cm, p, theta = photons[0]
        result |= {
            "photonE": p[3],
            "photonECM": cm[3],
            "photonTheta": theta,
            "photonPhi": math.atan2(p[1], p[0]),
            "photonThetaCM": math.acos(cm[2] / math.sqrt(cm[:3] @ cm[:3])),
        }
    if len(photons) > 1:
        result |= {"photon2ECM": photons[1][0][3], "photon2Theta": photons[1][2]}
    if showers:
        result |= {"clusterECM": showers[0][0][3], "clusterTheta": showers[0][2]}
    if len(showers) > 1:
        result |= {"cluster2ECM": showers[1][0][3]}
    if charged:
        cm, p, theta, helix = charged[0]
        result |= {
            **dict(zip(("chargedD0", "chargedZ0", "chargedRho"), helix, strict=True)),
            "chargedP": math.sqrt(p[:3] @ p[:3]),
            "chargedPT": math.hypot(p[0], p[1]),
            "chargedTheta": theta,
            "chargedPhi": math.atan2(p[1], p[0]),
            "chargedPCM": math.sqrt(cm[:3] @ cm[:3]),
        }
    if len(charged) > 2:
        result |= {"charged3PT": math.hypot(*charged[2][1][:2])}
    if len(charged) > 1:
        a, b = charged[0][1], charged[1][1]
        cosine = (a[0] * b[0] + a[1] * b[1]) / (math.hypot(*a[:2]) * math.hypot(*b[:2]))
        result |= {
            **dict(zip(("charged2D0", "charged2Z0", "charged2Rho"), charged[1][3], strict=True)),
            "charged2Theta": charged[1][2],
            "chargedMinPT": min(math.hypot(*a[:2]), math.hypot(*b[:2])),
            "charged2P": math.sqrt(b[:3] @ b[:3]),
            "charged2PT": math.hypot(b[0], b[1]),
            "chargedDeltaPhi": math.acos(min(1.0, max(-1.0, cosine))),
        }
    return result


def _plain_pair(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Electron and positron in the CM; eq. 13 of the proceedings in complex numbers."""
    s, tau2 = MACHINE.s, 1.77686**2
    cos_phi = (a[0] * b[0] + a[1] * b[1]) / (math.hypot(*a[:2]) * math.hypot(*b[:2]))
    m = [cmath.sqrt(tau2 - 2 * p[3] * MACHINE.sqrt_s + 4 * p[3] ** 2) for p in (a, b)]
    square = tau2**2 - MACHINE.sqrt_s * tau2 * (a[3] + b[3]) + 2 * a[3] * b[3] * (s - 2 * tau2)
    square = 2 / (s - 4 * tau2) * (square + tau2 * cos_phi * m[0] * m[1])
    total = a + b
    return {
        "dielectronMass": math.sqrt(max(total[3] ** 2 - total[:3] @ total[:3], 0.0)),
        "dielectronTauMass": math.sqrt(abs(square)),
    }


def _plain_crystals(events: Events, i: int) -> dict[str, float]:
    """Photons and electrons of one event in the three parts of the calorimeter, and pairs."""
    photons, crystals, others = [], [], [0.0]
    for row in range(events.offsets[i], events.offsets[i + 1]):
        code, p = int(events.pdg[row]), events.p4[row]
        degrees = math.degrees(math.acos(p[2] / math.sqrt(p[:3] @ p[:3])))
        if code == 22 and 12.4 <= degrees <= 155.1:
            photons.append(((MACHINE.to_cm @ p)[3], p))
        if 12.4 <= degrees <= 31.4 or 32.2 <= degrees <= 128.7 or 130.7 <= degrees <= 155.1:
            if code == 22:
                crystals.append(((MACHINE.to_cm @ p)[3], p[3], math.radians(degrees)))
            elif abs(code) == 11:
                others.append(p[3])
    photons.sort(key=lambda entry: -entry[0])
    crystals.sort(key=lambda entry: -entry[0])
    result = {"otherClusterE": max(others + [energy for _, energy, _ in crystals[1:]])}
    if crystals:
        result |= {"crystalPhotonECM": crystals[0][0], "crystalPhotonTheta": crystals[0][2]}
    if len(photons) > 2:
        result["photon3ECM"] = photons[2][0]
    for a, b in ((1, 2), (1, 3), (2, 3)):
        if b <= len(photons):
            total = photons[a - 1][1] + photons[b - 1][1]
            square = total[3] ** 2 - total[:3] @ total[:3]
            result[f"diphotonMass{a}{b}"] = math.sqrt(max(square, 0.0))
    return result


def _plain_vertex(events: Events, i: int) -> dict[str, float]:
    """Decay vertices of one event: a dictionary of points."""
    points: dict[tuple[float, ...], dict[int, list[np.ndarray]]] = {}
    for row in range(events.offsets[i], events.offsets[i + 1]):
        charge = round(Particle.from_pdgid(int(events.pdg[row])).charge)
        place = tuple(events.vertex[row, :3].tolist())
        if charge and any(place):
            points.setdefault(place, {1: [], -1: []})[charge].append(events.p4[row])
    found = {place: signs for place, signs in points.items() if signs[1] and signs[-1]}
    if not found:
        return {"nDecayVertices": 0, "nDecayVertexInBarrel": 0}
    place = max(found, key=lambda p: math.hypot(*p[:2]))
    pairs = [(a, b) for a in found[place][1] for b in found[place][-1]]
    pts = [sorted((math.hypot(*a[:2]), math.hypot(*b[:2]))) for a, b in pairs]
    best = max(range(len(pairs)), key=lambda k: pts[k][0])
    a, b = pairs[best]
    cosine = a[:3] @ b[:3] / math.sqrt((a[:3] @ a[:3]) * (b[:3] @ b[:3]))
    total = a + b
    thetas = [math.degrees(math.acos(p[2] / math.sqrt(p[:3] @ p[:3]))) for p in (a, b)]
    return {
        "nDecayVertices": len(found),
        "decayVertexRho": math.hypot(*place[:2]),
        "decayVertexZ": place[2],
        "decayVertexDistance": math.hypot(*place),
        "decayVertexAngle": math.acos(max(-1.0, min(1.0, cosine))),
        "decayVertexMass": math.sqrt(max(total[3] ** 2 - total[:3] @ total[:3], 0.0)),
        "decayVertexMinPT": pts[best][0],
        "decayVertexMaxPT": pts[best][1],
        "nDecayVertexInBarrel": sum(32.2 <= theta <= 128.7 for theta in thetas),
    }


def test_hadronic_events_against_plain_python(pythia: Events) -> None:
    got = truth_variables(pythia, MACHINE)
    assert list(got) == list(VARIABLES)
    for i in range(len(pythia)):
        plain = _plain(pythia, i) | _plain_vertex(pythia, i) | _plain_crystals(pythia, i)
        plain |= plain_four_tracks(pythia, i)
        for name, values in got.items():
            # Pairs of leptons have a test of their own.
            if name in PAIRS:
                continue
            # Where nothing is missing across the beams, the direction is rounding.
            if name.endswith(("CMS_theta", "EtaCM")) and name not in plain:
                continue
            expected = plain.get(name, math.nan)
            assert values[i] == pytest.approx(expected, rel=1e-7, abs=1e-6, nan_ok=True), (i, name)


def test_chunks_give_the_same_bits(pythia: Events) -> None:
    whole = truth_variables(pythia, MACHINE)
    parts = [truth_variables(part, MACHINE) for part in open_events(PYTHIA, chunk=23)]
    for name, values in whole.items():
        joined = np.concatenate([part[name] for part in parts])
        assert joined.dtype == values.dtype
        assert np.array_equal(joined, values, equal_nan=values.dtype.kind == "f")


def test_the_first_of_equals_leads() -> None:
    rng = stream(1, "test/truth/leading")
    counts = rng.integers(0, 8, 2000)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    score = rng.integers(0, 4, offsets[-1]).astype(np.float64)
    chosen = rng.random(offsets[-1]) < 0.8
    got = leading_three(offsets, score, chosen)
    for i in range(2000):
        rows = [row for row in range(offsets[i], offsets[i + 1]) if chosen[row]]
        rows.sort(key=lambda row: -score[row])
        assert got[i].tolist() == [*rows, -1, -1, -1][:3]


def test_event_without_particles() -> None:
    empty = Events(
        np.zeros(2, np.int64), np.zeros(0, np.int32), np.zeros((0, 4)), np.zeros((0, 4)), np.ones(1)
    )
    got = truth_variables(empty, MACHINE)
    assert got["nPhotonsInECL"].tolist() == [0]
    assert got["missingMass2OfEvent"][0] == pytest.approx(MACHINE.s)
    assert math.isnan(got["photonE"][0])


def test_every_variable_has_unit_and_text() -> None:
    assert {v.unit for v in VARIABLES.values()} == {"GeV", "rad", "cm", "GeV^2", ""}
    assert all(v.text for v in VARIABLES.values())


def test_decay_vertices_of_a_long_lived_particle() -> None:
    """A known S → μμ: radius, z, flight, opening angle and mass; plain Python for the rest."""
    process = get_process("b_to_k_s", mass=1.0, ctau=0.1)
    events = process.generate(300, 1)
    got = truth_variables(events, MACHINE)
    assert got["nDecayVertices"].tolist() == [1] * 300
    np.testing.assert_allclose(got["decayVertexMass"], 1.0, rtol=1e-9)
    place = events.vertex[1::3]
    np.testing.assert_array_equal(got["decayVertexRho"], np.hypot(place[:, 0], place[:, 1]))
    np.testing.assert_array_equal(got["decayVertexZ"], place[:, 2])
    s = events.p4[1::3] + events.p4[2::3]
    gamma_beta = np.linalg.norm(s[:, :3], axis=1)
    proper = np.asarray(process.proper_lengths(events))[:, 0]  # type: ignore[attr-defined]
    np.testing.assert_allclose(got["decayVertexDistance"], gamma_beta * proper, rtol=1e-7)
    for i in range(300):
        for name, value in _plain_vertex(events, i).items():
            assert got[name][i] == pytest.approx(value, rel=1e-7, abs=1e-7), (i, name)
    assert 0 < np.sum(got["nDecayVertexInBarrel"] == 2) < 300


def test_two_decay_vertices_and_none() -> None:
    events = get_process(
        "inelastic_dark_matter", production="higgs", ctau=0.01, ctau_higgs=1.0
    ).generate(200, 1)
    got = truth_variables(events, MACHINE)
    assert got["nDecayVertices"].tolist() == [2] * 200
    first, second = (np.hypot(*events.vertex[k::6, :2].T) for k in (2, 4))
    np.testing.assert_array_equal(got["decayVertexRho"], np.maximum(first, second))
    outer = second > first
    np.testing.assert_allclose(got["decayVertexMass"][outer], 1.0, rtol=1e-8)
    assert got["decayVertexMass"][~outer].max() < 0.4
    prompt = get_process("dimuon").generate(20, 1)
    got = truth_variables(prompt, MACHINE)
    assert got["nDecayVertices"].tolist() == got["nDecayVertexInBarrel"].tolist() == [0] * 20
    assert np.isnan(got["decayVertexRho"]).all()
    nothing = prompt.select(np.zeros(0, dtype=np.intp))
    assert len(truth_variables(nothing, MACHINE)["decayVertexRho"]) == 0


def test_particles_of_one_sign_make_no_decay_vertex() -> None:
    p4 = np.tile(np.array([1.0, 0.2, 0.3, 2.0]), (1, 3, 1))
    events = from_dense([13, 13, 22], p4)
    events.vertex[:, 0] = 3.0
    assert truth_variables(events, MACHINE)["nDecayVertices"].tolist() == [0]
    events = from_dense([13, 13, -13], p4 * np.array([1.0, 3.0, 2.0])[None, :, None])
    events.vertex[:, 0] = 3.0
    got = truth_variables(events, MACHINE)
    assert got["nDecayVertices"].tolist() == [1]
    # Of both pairs that of the second: its smaller transverse momentum is larger.
    size = math.hypot(1.0, 0.2)
    assert got["decayVertexMinPT"][0] == pytest.approx(2.0 * size)
    assert got["decayVertexMaxPT"][0] == pytest.approx(3.0 * size)
