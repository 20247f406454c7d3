"""Pairs of leptons and their recoil, against arithmetic with plain numbers and exact kinematics."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from sim.events import Events, concatenate, from_dense
from sim.machine import Machine
from sim.processes import get_process
from sim.readers import open_events
from sim.truth import CDC_RANGE, truth_variables

MACHINE = Machine()
PYTHIA = Path(__file__).resolve().parent.parent / "data" / "pythia" / "belle2.hepmc3.gz"


def _mass2(p: np.ndarray) -> float:
    return float(p[3] * p[3] - p[0] * p[0] - p[1] * p[1] - p[2] * p[2])


def _seen(events: Events, i: int) -> dict[int, list[np.ndarray]]:
    """Leptons of one event in the drift chamber, by code, the largest CM energy first."""
    found: dict[int, list[np.ndarray]] = {code: [] for code in (11, -11, 13, -13)}
    for row in range(events.offsets[i], events.offsets[i + 1]):
        p = events.p4[row]
        theta = math.acos(p[2] / math.sqrt(p[0] ** 2 + p[1] ** 2 + p[2] ** 2))
        if int(events.pdg[row]) in found and CDC_RANGE[0] <= theta <= CDC_RANGE[1]:
            found[int(events.pdg[row])].append(p)
    for rows in found.values():
        rows.sort(key=lambda p: -(MACHINE.to_cm @ p)[3])
    return found


def _pair(prefix: str, a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    recoil = MACHINE.total - a - b
    cm = [MACHINE.to_cm @ p for p in (a, b)]
    lost = -(cm[0] + cm[1])[:3]
    fast, slow = sorted(cm, key=lambda p: -(p[:3] @ p[:3]))
    result = {
        "Mass": math.sqrt(_mass2(a + b)),
        "PTCM": math.hypot(cm[0][0] + cm[1][0], cm[0][1] + cm[1][1]),
        "RecoilMass2": _mass2(recoil),
        "RecoilTheta": math.acos(recoil[2] / math.sqrt(recoil[:3] @ recoil[:3])),
    }
    for name, p in (("RecoilPTFaster", fast), ("RecoilPTSlower", slow)):
        along = lost @ p[:3] / math.sqrt(p[:3] @ p[:3])
        result[name] = math.sqrt(max(lost @ lost - along * along, 0.0))
    return {prefix + name: value for name, value in result.items()}


def _plain(events: Events, i: int) -> dict[str, float]:
    seen = _seen(events, i)
    result: dict[str, float] = {}
    if seen[13] and seen[-13]:
        result |= _pair("dimuon", seen[13][0], seen[-13][0])
    ways = [(seen[s * 11][0], seen[-s * 13][0]) for s in (1, -1) if seen[s * 11] and seen[-s * 13]]
    if ways:
        result |= _pair("emu", *max(ways, key=lambda w: (MACHINE.to_cm @ (w[0] + w[1]))[3]))
    if len(seen[13]) > 1 and len(seen[-13]) > 1:
        four = [*seen[13][:2], *seen[-13][:2]]
        masses = sorted(
            math.sqrt(max(_mass2(a + b), 0.0)) for a, b in itertools.product(four[:2], four[2:])
        )
        result |= {f"fourMuonPairMass{k + 1}": mass for k, mass in enumerate(masses)}
        result["fourMuonMass"] = math.sqrt(_mass2(sum(four[1:], four[0])))
    return result


@pytest.fixture(scope="module")
def events() -> Events:
    wanted = [
        ("mumugamma", {}), ("tau_pair", {"tau_minus": "lepton", "tau_plus": "lepton"}),
        ("eemumu", {}), ("mumu_zprime", {"mass": 2.0, "decay": "mumu"}),
        ("zprime_emu", {"mass": 2.0}),
    ]  # fmt: skip
    made = [get_process(n, **p).generate(150, 3) for n, p in wanted]
    return concatenate([*made, *open_events(PYTHIA)])


def test_pairs_against_plain_arithmetic(events: Events) -> None:
    got = truth_variables(events, MACHINE)
    names = [n for n in got if n.startswith(("dimuon", "emu", "fourMuon"))]
    seen = dict.fromkeys(names, 0)
    for i in range(len(events)):
        plain = _plain(events, i)
        for name in names:
            value = plain.get(name, math.nan)
            seen[name] += not math.isnan(value)
            assert got[name][i] == pytest.approx(value, rel=1e-6, abs=2e-5, nan_ok=True), (i, name)
    assert min(seen.values()) > 50


def test_recoil_of_the_signals_is_their_mass() -> None:
    """Z′ against a muon pair, and against eμ: the squared mass for every event."""
    for name, prefix in (("mumu_zprime", "dimuon"), ("zprime_emu", "emu")):
        made = get_process(name, mass=3.0).generate(300, 1)
        found = truth_variables(made, MACHINE, acceptance=None)
        np.testing.assert_allclose(found[f"{prefix}RecoilMass2"], 9.0, atol=1e-5)
    # A photon that is not seen: no mass, and the recoil is the photon.
    made = get_process("mumugamma", theta_min=40, theta_max=120).generate(300, 1)
    found = truth_variables(made, MACHINE, acceptance=None)
    np.testing.assert_allclose(found["dimuonRecoilMass2"], 0.0, atol=1e-5)
    np.testing.assert_allclose(found["dimuonRecoilTheta"], found["photonTheta"], atol=1e-5)


def test_recoil_across_the_leptons_of_a_known_event() -> None:
    """In the CM: 4 GeV along x, 3 GeV along y, so the recoil is (-4, -3, 0)."""
    mass = 0.1056583755
    cm = np.array([[
        [4.0, 0.0, 0.0, math.hypot(4.0, mass)], [0.0, 3.0, 0.0, math.hypot(3.0, mass)],
    ]])  # fmt: skip
    got = truth_variables(from_dense([-13, 13], cm @ MACHINE.to_lab.T), MACHINE)
    assert got["dimuonRecoilPTFaster"][0] == pytest.approx(3.0)
    assert got["dimuonRecoilPTSlower"][0] == pytest.approx(4.0)
    assert got["dimuonPTCM"][0] == pytest.approx(5.0)
    energy = MACHINE.sqrt_s - cm[0, 0, 3] - cm[0, 1, 3]
    assert got["dimuonRecoilMass2"][0] == pytest.approx(energy**2 - 25.0)


@pytest.mark.parametrize(
    ("theta", "seen"),
    [(12.3, 0), (12.5, 1), (31.3, 1), (31.8, 0), (32.3, 1), (129.5, 0), (131.0, 1), (155.2, 0)],
)
def test_photons_of_the_veto(theta: float, seen: int) -> None:
    angle = math.radians(theta)
    photon = [0.7 * math.sin(angle), 0.0, 0.7 * math.cos(angle), 0.7]
    got = truth_variables(from_dense([22], np.array([[photon]])), MACHINE)
    assert got["photonVetoE"][0] == pytest.approx(0.7 * seen)


def test_muons_outside_the_chamber_make_no_pair() -> None:
    p4 = np.array([[[0.2, 0.0, 3.0, 3.1], [-1.0, 0.0, 0.5, 1.2]]])
    events = from_dense([13, -13], p4)
    assert math.isnan(truth_variables(events, MACHINE)["dimuonMass"][0])
    assert truth_variables(events, MACHINE, acceptance=None)["dimuonMass"][0] > 0.0
