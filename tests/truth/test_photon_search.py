"""Variables of photon searches against four-vectors one at a time, and against two-body decays."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from sim.events import Events, from_dense
from sim.machine import Machine
from sim.processes import get_process
from sim.truth import truth_variables
from sim.truth.photon_search import at_crystals

MACHINE = Machine()
PARTS = ((12.4, 31.4), (32.2, 128.7), (130.7, 155.1))


@pytest.fixture(scope="module")
def three_photons() -> Events:
    return get_process("gammagammagamma").generate(300, 3)


def _photon(energy: float, degrees: float, phi: float = 0.3) -> list[float]:
    theta = math.radians(degrees)
    return [energy * math.sin(theta) * math.cos(phi), energy * math.sin(theta) * math.sin(phi),
            energy * math.cos(theta), energy]  # fmt: skip


def _cm_energy(p: list[float]) -> float:
    return float((MACHINE.to_cm @ np.array(p))[3])


def test_crystals_lie_between_gaps_and_holes() -> None:
    degrees = np.array([12.3, 12.5, 31.3, 31.8, 32.3, 90.0, 128.6, 129.5, 130.8, 155.0, 155.2])
    there = [any(low <= angle <= high for low, high in PARTS) for angle in degrees]
    assert at_crystals(np.radians(degrees)).tolist() == there
    assert there == [False, True, True, False, True, True, True, False, True, True, False]


@pytest.mark.parametrize(("codes", "particles", "seen", "other"), [
    # Two photons, one in a gap, in a hole, in crystals.
    ([22, 22], [_photon(6.0, 31.8), _photon(4.0, 127.0)], 1, 0.0),
    ([22, 22], [_photon(6.0, 8.0), _photon(4.0, 127.0)], 1, 0.0),
    ([22, 22], [_photon(6.0, 40.0), _photon(4.0, 127.0)], 0, 4.0),
    # An electron in crystals counts as another cluster even when it has more energy; ν does not.
    ([11, 22], [_photon(6.0, 60.0), _photon(1.0, 90.0)], 1, 6.0),
    ([12, 22], [_photon(6.0, 60.0), _photon(1.0, 90.0)], 1, 0.0),
    ([11, 22], [_photon(6.0, 160.0), _photon(1.0, 90.0)], 1, 0.0),
    # No photon in crystals.
    ([11, 22], [_photon(2.0, 60.0), _photon(1.0, 130.0)], None, 2.0),
])  # fmt: skip
def test_single_photon(
    codes: list[int], particles: list[list[float]], seen: int | None, other: float
) -> None:
    got = truth_variables(from_dense(codes, np.array([particles])), MACHINE)
    assert got["otherClusterE"][0] == pytest.approx(other)
    if seen is None:
        assert np.isnan(got["crystalPhotonECM"][0])
        assert np.isnan(got["crystalPhotonTheta"][0])
    else:
        assert got["crystalPhotonECM"][0] == pytest.approx(_cm_energy(particles[seen]))
        theta = math.acos(particles[seen][2] / particles[seen][3])
        assert got["crystalPhotonTheta"][0] == pytest.approx(theta)


def test_pairs_of_three_photons(three_photons: Events) -> None:
    """Each pair by plain arithmetic, and by the energy of the photon it leaves out."""
    got = truth_variables(three_photons, MACHINE)
    for i in range(len(three_photons)):
        rows = range(three_photons.offsets[i], three_photons.offsets[i + 1])
        photons = [three_photons.p4[row].tolist() for row in rows]
        energies = [_cm_energy(p) for p in photons]
        order = sorted(range(3), key=lambda k: -energies[k])
        for a, b in itertools.combinations(range(3), 2):
            p, q = photons[order[a]], photons[order[b]]
            cosine = sum(x * y for x, y in zip(p[:3], q[:3], strict=True)) / (p[3] * q[3])
            mass = math.sqrt(2.0 * p[3] * q[3] * (1.0 - cosine))
            assert got[f"diphotonMass{a + 1}{b + 1}"][i] == pytest.approx(mass, rel=1e-6)
            recoil = MACHINE.s - 2.0 * MACHINE.sqrt_s * energies[order[3 - a - b]]
            assert mass**2 == pytest.approx(recoil, abs=1e-5)


@pytest.mark.parametrize("mass", [0.5, 3.0, 6.0, 8.0])
def test_pair_of_an_axion(mass: float) -> None:
    """The share of decays whose recoil photon is the leading one, from two-body kinematics."""
    process = get_process(
        "axion_like", mass=mass, coupling=1e-2, decay="photons", frame="cm", theta_min=20,
        theta_max=160,
    )  # fmt: skip
    n, s = 2000, MACHINE.s
    got = truth_variables(process.generate(n, 4), MACHINE, acceptance=None)
    right = {pair: np.abs(got[f"diphotonMass{pair}"] - mass) < 1e-4 for pair in ("12", "13", "23")}
    assert (right["12"] | right["13"] | right["23"]).all()
    share = max((s - 3.0 * mass**2) / (s - mass**2), 0.0)
    error = math.sqrt(share * (1.0 - share) / n)
    assert abs(np.mean(right["23"]) - share) < 5.0 * error + 1e-9
    if mass**2 > s / 2.0:
        assert right["12"].all()


def test_two_photons_have_one_pair() -> None:
    got = truth_variables(get_process("digamma", required=2).generate(50, 5), MACHINE)
    np.testing.assert_allclose(got["diphotonMass12"], MACHINE.sqrt_s, rtol=1e-9)
    assert np.isnan(got["diphotonMass13"]).all()
    assert np.isnan(got["diphotonMass23"]).all()
