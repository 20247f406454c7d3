"""Truth variables of events: the axes of efficiency tables, from the generated particles.

Names follow the variables of basf2 where those exist (``missingMass2OfEvent`` and the like); the
others join the object (photon, charged) and the quantity in the same manner. Angles are momentum
directions at production, in rad. `VARIABLES` lists them with units.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.particles import Classes, Kind, classify
from sim.events import Events, FloatArray
from sim.machine import Machine, transform
from sim.perigee import perigee
from sim.truth.decay_vertices import decay_vertices
from sim.truth.electron_pair import pair_mass, pseudorapidity, tau_pair_mass
from sim.truth.four_tracks import four_track_variables
from sim.truth.lepton_pair import TABLE as LEPTON_PAIRS
from sim.truth.lepton_pair import four_muon_variables, in_gaps, recoil_variables
from sim.truth.photon_search import at_crystals, pair_masses

ECL_RANGE = (12.4 * pi / 180.0, 155.1 * pi / 180.0)
"""Polar angles that the calorimeter covers [rad] (physics section A.1)."""

CDC_RANGE = (17.0 * pi / 180.0, 150.0 * pi / 180.0)
"""Polar angles that the drift chamber covers [rad] (physics section A.1)."""


@dataclass(frozen=True)
class Variable:
    """One variable of an event.

    Parameters
    ----------
    name : str
        Key in the result of `truth_variables`.
    unit : str
        ``GeV``, ``rad``, ``cm``, ``GeV^2``, or empty.
    text : str
        What it is.
    """

    name: str
    unit: str
    text: str


_TABLE = (
    Variable("photonE", "GeV", "energy of the leading photon (largest energy in the CM)"),
    Variable("photonECM", "GeV", "its energy in the CM"),
    Variable("photonTheta", "rad", "its polar angle"),
    Variable("photonPhi", "rad", "its azimuth, -pi to pi"),
    Variable("photonThetaCM", "rad", "its polar angle in the CM"),
    Variable("photon2ECM", "GeV", "energy in the CM of the second photon"),
    Variable("photon2Theta", "rad", "its polar angle"),
    Variable("clusterECM", "GeV", "largest energy in the CM among photons and electrons"),
    Variable("clusterTheta", "rad", "polar angle of that photon or electron"),
    Variable("cluster2ECM", "GeV", "second largest energy in the CM among photons and electrons"),
    Variable("photon3ECM", "GeV", "energy in the CM of the third photon"),
    Variable("crystalPhotonECM", "GeV", "energy in the CM of the leading photon that flies to a "
             "crystal, neither to a gap of the calorimeter nor to a beam hole"),
    Variable("crystalPhotonTheta", "rad", "its polar angle"),
    Variable("otherClusterE", "GeV", "largest energy of another photon or electron that flies to a "
             "crystal; 0 where there is none"),
    Variable("diphotonMass12", "GeV", "invariant mass of the two leading photons"),
    Variable("diphotonMass13", "GeV", "invariant mass of the first and the third photon"),
    Variable("diphotonMass23", "GeV", "invariant mass of the second and the third photon"),
    Variable("chargedP", "GeV", "momentum of the leading charged particle (largest momentum)"),
    Variable("chargedPT", "GeV", "its transverse momentum"),
    Variable("chargedTheta", "rad", "its polar angle"),
    Variable("chargedPhi", "rad", "its azimuth, -pi to pi"),
    Variable("chargedPCM", "GeV", "its momentum in the CM"),
    Variable("chargedD0", "cm", "d0 of its helix, with basf2's sign"),
    Variable("chargedZ0", "cm", "z of its helix at the point closest to the z axis"),
    Variable("chargedRho", "cm", "distance from the z axis at which it starts"),
    Variable("charged2P", "GeV", "momentum of the second charged particle"),
    Variable("charged2PT", "GeV", "its transverse momentum"),
    Variable("charged2Theta", "rad", "its polar angle"),
    Variable("charged2D0", "cm", "d0 of its helix, with basf2's sign"),
    Variable("charged2Z0", "cm", "z of its helix at the point closest to the z axis"),
    Variable("charged2Rho", "cm", "distance from the z axis at which it starts"),
    Variable("charged3PT", "GeV", "transverse momentum of the third charged particle"),
    Variable("chargedMinPT", "GeV", "smaller transverse momentum of the two leading charged ones"),
    Variable("chargedDeltaPhi", "rad", "azimuth between the two leading charged ones, 0 to pi"),
    Variable("nPhotonsInECL", "", "photons within the acceptance of the calorimeter"),
    Variable("nChargedInECL", "", "charged particles within the acceptance of the calorimeter"),
    Variable("nChargedInCDC", "", "charged particles within the acceptance of the drift chamber"),
    Variable("productionRho", "cm", "largest distance from the z axis at which one of the "
             "charged particles or photons starts"),
    Variable("productionZ", "cm", "z of that point"),
    Variable("nDecayVertices", "", "points other than that of the collision where charged "
             "particles of both signs start"),
    Variable("decayVertexRho", "cm", "distance from the z axis of the outermost of these points"),
    Variable("decayVertexZ", "cm", "its z"),
    Variable("decayVertexDistance", "cm", "its distance from the collision point: length of flight "
             "of a particle from there"),
    Variable("decayVertexAngle", "rad", "opening angle of its two daughters, the pair of both "
             "signs with the largest smaller transverse momentum"),
    Variable("decayVertexMass", "GeV", "invariant mass of the two"),
    Variable("decayVertexMaxPT", "GeV", "larger transverse momentum of the two"),
    Variable("decayVertexMinPT", "GeV", "smaller transverse momentum of the two"),
    Variable("nDecayVertexInBarrel", "", "how many of the two fly into the barrel of the "
             "calorimeter, 32.2 to 128.7 degrees; 0 without a decay vertex"),
    Variable("visibleEnergyOfEventCMS", "GeV", "energy in the CM of all visible particles within "
             "the acceptance of the calorimeter"),
    Variable("totalPhotonsEnergyOfEvent", "GeV", "energy of all photons within that acceptance"),
    Variable("missingEnergyOfEventCMS", "GeV", "energy in the CM of the beams minus the visible"),
    Variable("missingMomentumOfEvent", "GeV", "size of the momentum of the beams minus the "
             "visible"),
    Variable("missingMomentumOfEvent_theta", "rad", "polar angle of that momentum"),
    Variable("missingMass2OfEvent", "GeV^2", "invariant square of beams minus visible"),
    Variable("missingMomentumOfEventCMS", "GeV", "size of that momentum in the CM"),
    Variable("missingMomentumOfEventCMS_theta", "rad", "its polar angle in the CM"),
    Variable("missingMomentumEtaCM", "", "its pseudorapidity in the CM, -ln tan(theta/2)"),
    Variable("dielectronMass", "GeV", "invariant mass of the leading electron and the leading "
             "positron (largest energies in the CM)"),
    Variable("dielectronTauMass", "GeV", "the mass that two leptons of these energies would have "
             "if they came from tau decays, |m_ee^tau|"),
    *(Variable(*row) for row in LEPTON_PAIRS),
    Variable("fourTrackMass", "GeV", "invariant mass of the charged particles within the "
             "acceptance of the drift chamber, where they are four"),
    Variable("oneProngPDG", "", "code without sign of the one of these four that is more than 90 "
             "degrees from the three others in the CM"),
    Variable("oneProngX", "", "its energy in the pseudo-rest frame of a tau, opposite to the "
             "three, over half the mass of the tau"),
)  # fmt: skip

VARIABLES = {variable.name: variable for variable in _TABLE}


def truth_variables(
    events: Events,
    machine: Machine,
    *,
    acceptance: tuple[float, float] | None = ECL_RANGE,
    invisible: Collection[int] = (),
) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    """Compute all variables of `VARIABLES`.

    Particles are the final state as generated: a π0 or K_S that the generator did not decay counts
    neither as photons nor as charged particles, but as visible energy.

    Parameters
    ----------
    events : Events
        The sample, laboratory frame.
    machine : Machine
        The collider, for the CM frame and the missing energy.
    acceptance : tuple of float, optional
        Range of lab polar angles [rad] for the leading and second photon, cluster and charged
        particle. Default: the calorimeter's, so that a photon lost in the beam pipe does not hide
        the one that is measured. None: everywhere.
    invisible : collection of int
        Further particle codes that leave no trace.

    Returns
    -------
    dict
        Arrays of shape ``(n,)``; float64 with NaN where the event has no such particle (no missing
        momentum direction), int64 for the counts.

    Raises
    ------
    InputError
        For particle codes that cannot be final-state particles.
    """
    particles = _Particles(events, machine, classify(events.pdg, invisible))
    result: dict[str, NDArray[np.float64] | NDArray[np.int64]] = {}
    result |= particles.photons(acceptance)
    result |= particles.crystals()
    result |= particles.charged(acceptance)
    result |= particles.counts()
    result |= particles.production()
    result |= decay_vertices(events, np.where(particles.is_charged, particles.charge, 0))
    result |= particles.sums(machine)
    result |= particles.electron_pair(machine, acceptance)
    result |= particles.lepton_pairs(machine, None if acceptance is None else CDC_RANGE)
    result |= particles.four_tracks(machine)
    return {name: result[name] for name in VARIABLES}


class _Particles:
    """Per-particle quantities that several variables need."""

    def __init__(self, events: Events, machine: Machine, classes: Classes) -> None:
        self.events = events
        self.charge = classes.charge
        self.p4 = events.p4
        self.cm = transform(machine.to_cm[None], events.p4[None])[0]
        self.photon = classes.kind == Kind.PHOTON
        self.shower = self.photon | (classes.kind == Kind.ELECTRON)
        self.muon = classes.kind == Kind.MUON
        self.is_charged = (classes.charge != 0) & (classes.kind != Kind.INVISIBLE)
        self.is_charged |= classes.kind == Kind.MAGNETIC
        self.visible = classes.kind != Kind.INVISIBLE
        self.theta = _theta(self.p4)
        self.in_ecl = _within(self.theta, ECL_RANGE)

    def _leading(
        self,
        chosen: NDArray[np.bool_],
        score: FloatArray,
        acceptance: tuple[float, float] | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        if acceptance is not None:
            chosen = chosen & _within(self.theta, acceptance)
        rows = leading_three(self.events.offsets, score, chosen)
        return rows[:, 0], rows[:, 1], rows[:, 2]

    def photons(self, acceptance: tuple[float, float] | None) -> dict[str, FloatArray]:
        energy = self.cm[:, 3]
        first, second, third = self._leading(self.photon, energy, acceptance)
        shower, shower2, _ = self._leading(self.shower, energy, acceptance)
        return {
            "photonE": _take(self.p4[:, 3], first),
            "photonECM": _take(energy, first),
            "photonTheta": _take(self.theta, first),
            "photonPhi": _take(_phi(self.p4), first),
            "photonThetaCM": _take(_theta(self.cm), first),
            "photon2ECM": _take(energy, second),
            "photon2Theta": _take(self.theta, second),
            "photon3ECM": _take(energy, third),
            "clusterECM": _take(energy, shower),
            "clusterTheta": _take(self.theta, shower),
            "cluster2ECM": _take(energy, shower2),
            **pair_masses(self.cm, np.stack((first, second, third), axis=1)),
        }

    def crystals(self) -> dict[str, FloatArray]:
        there = at_crystals(self.theta)
        first, _, _ = self._leading(self.photon & there, self.cm[:, 3], None)
        others = self.shower & there
        others[first[first >= 0]] = False
        other, _, _ = self._leading(others, self.p4[:, 3], None)
        return {
            "crystalPhotonECM": _take(self.cm[:, 3], first),
            "crystalPhotonTheta": _take(self.theta, first),
            "otherClusterE": np.nan_to_num(_take(self.p4[:, 3], other), nan=0.0),
        }

    def charged(self, acceptance: tuple[float, float] | None) -> dict[str, FloatArray]:
        momentum, transverse, phi = _size(self.p4), _transverse(self.p4), _phi(self.p4)
        first, second, third = self._leading(self.is_charged, momentum, acceptance)
        delta = np.abs(_take(phi, first) - _take(phi, second))
        rho = _transverse(self.events.vertex)
        d0, z0 = perigee(self.p4, self.events.vertex, self.charge)
        return {
            "chargedP": _take(momentum, first),
            "chargedPT": _take(transverse, first),
            "chargedTheta": _take(self.theta, first),
            "chargedPhi": _take(phi, first),
            "chargedPCM": _take(_size(self.cm), first),
            "chargedD0": _take(d0, first),
            "chargedZ0": _take(z0, first),
            "chargedRho": _take(rho, first),
            "charged2P": _take(momentum, second),
            "charged2PT": _take(transverse, second),
            "charged2Theta": _take(self.theta, second),
            "charged2D0": _take(d0, second),
            "charged2Z0": _take(z0, second),
            "charged2Rho": _take(rho, second),
            "charged3PT": _take(transverse, third),
            "chargedMinPT": np.minimum(_take(transverse, first), _take(transverse, second)),
            "chargedDeltaPhi": np.minimum(delta, 2.0 * pi - delta),
        }

    def counts(self) -> dict[str, NDArray[np.int64]]:
        in_cdc = _within(self.theta, CDC_RANGE)
        return {
            "nPhotonsInECL": self._count(self.photon & self.in_ecl),
            "nChargedInECL": self._count(self.is_charged & self.in_ecl),
            "nChargedInCDC": self._count(self.is_charged & in_cdc),
        }

    def _count(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(self.events.event_of[chosen], minlength=len(self.events))

    def production(self) -> dict[str, FloatArray]:
        vertex = self.events.vertex
        rho = np.hypot(vertex[:, 0], vertex[:, 1])
        first, _, _ = self._leading(self.is_charged | self.photon, rho, None)
        return {"productionRho": _take(rho, first), "productionZ": _take(vertex[:, 2], first)}

    def sums(self, machine: Machine) -> dict[str, FloatArray]:
        seen = self.visible & self.in_ecl
        visible, visible_cm = self._sum(self.p4, seen), self._sum(self.cm, seen)
        missing = machine.total - visible
        missing_cm = np.array([0.0, 0.0, 0.0, machine.sqrt_s]) - visible_cm
        size, size_cm = _size(missing), _size(missing_cm)
        theta_cm = np.where(size_cm > 0.0, _theta(missing_cm), np.nan)
        return {
            "visibleEnergyOfEventCMS": visible_cm[:, 3],
            "totalPhotonsEnergyOfEvent": self._sum(self.p4, self.photon & self.in_ecl)[:, 3],
            "missingEnergyOfEventCMS": machine.sqrt_s - visible_cm[:, 3],
            "missingMomentumOfEvent": size,
            "missingMomentumOfEvent_theta": np.where(size > 0.0, _theta(missing), np.nan),
            "missingMass2OfEvent": missing[:, 3] ** 2 - size**2,
            "missingMomentumOfEventCMS": size_cm,
            "missingMomentumOfEventCMS_theta": theta_cm,
            "missingMomentumEtaCM": pseudorapidity(theta_cm),
        }

    def electron_pair(
        self, machine: Machine, acceptance: tuple[float, float] | None
    ) -> dict[str, FloatArray]:
        electrons = self.shower & ~self.photon
        rows = [
            self._leading(electrons & (self.charge * sign > 0), self.cm[:, 3], acceptance)[0]
            for sign in (-1, 1)
        ]
        there = (rows[0] >= 0) & (rows[1] >= 0)
        minus, plus = self.cm[rows[0][there]], self.cm[rows[1][there]]
        mass = np.full(len(self.events), np.nan)
        from_taus = mass.copy()
        mass[there] = pair_mass(minus, plus)
        from_taus[there] = tau_pair_mass(minus, plus, machine.sqrt_s)
        return {"dielectronMass": mass, "dielectronTauMass": from_taus}

    def lepton_pairs(
        self, machine: Machine, acceptance: tuple[float, float] | None
    ) -> dict[str, FloatArray]:
        energy = self.cm[:, 3]
        rows = {
            (kind, sign): self._leading(chosen & (self.charge * sign > 0), energy, acceptance)
            for kind, chosen in (("mu", self.muon), ("e", self.shower & ~self.photon))
            for sign in (-1, 1)
        }
        muons = [rows["mu", sign] for sign in (-1, 1)]
        result = self._recoil("dimuon", muons[0][0], muons[1][0], machine)
        four = (muons[0][1] >= 0) & (muons[1][1] >= 0)
        pairs = [(self.p4[one[0][four]], self.p4[one[1][four]]) for one in muons]
        result |= four_muon_variables(pairs[0], pairs[1], four)
        # Of e-mu+ and e+mu- that with the larger energy; -1 where a lepton is missing.
        ways = [(rows["e", sign][0], rows["mu", -sign][0]) for sign in (-1, 1)]
        sums = [_take(energy, a) + _take(energy, b) for a, b in ways]
        first = np.nan_to_num(sums[0], nan=-1.0) >= np.nan_to_num(sums[1], nan=-1.0)
        electron, muon = (np.where(first, ways[0][k], ways[1][k]) for k in (0, 1))
        result |= self._recoil("emu", electron, muon, machine)
        seen = self.photon & self.in_ecl & ~in_gaps(self.theta)
        veto = _take(self.p4[:, 3], self._leading(seen, self.p4[:, 3], None)[0])
        return result | {"photonVetoE": np.nan_to_num(veto, nan=0.0)}

    def _recoil(
        self, prefix: str, first: NDArray[np.int64], second: NDArray[np.int64], machine: Machine
    ) -> dict[str, FloatArray]:
        there = (first >= 0) & (second >= 0)
        first, second = first[there], second[there]
        lab, cm = (self.p4[first], self.p4[second]), (self.cm[first], self.cm[second])
        return recoil_variables(prefix, lab, cm, there, machine)

    def four_tracks(self, machine: Machine) -> dict[str, FloatArray]:
        chosen = self.is_charged & _within(self.theta, CDC_RANGE)
        return four_track_variables(
            self.cm, self.events.pdg, self.events.event_of, len(self.events), chosen,
            machine.sqrt_s,
        )  # fmt: skip

    def _sum(self, p4: FloatArray, chosen: NDArray[np.bool_]) -> FloatArray:
        event, n = self.events.event_of[chosen], len(self.events)
        return np.stack(
            [np.bincount(event, weights=p4[chosen, k], minlength=n) for k in range(4)], axis=1
        )


@njit()
def leading_three(
    offsets: NDArray[np.int64], score: FloatArray, chosen: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the rows of the three highest scores in every event.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        As in `sim.events.Events`.
    score : ndarray, shape (n_particle,)
        What to compare; the first of equals wins.
    chosen : ndarray of bool, shape (n_particle,)
        Which particles take part.

    Returns
    -------
    ndarray of int64, shape (n, 3)
        Rows; -1 where there is none.
    """
    n = len(offsets) - 1
    result = np.full((n, 3), -1, dtype=np.int64)
    for i in range(n):
        for row in range(offsets[i], offsets[i + 1]):
            if not chosen[row]:
                continue
            at = 3
            while at > 0 and (result[i, at - 1] < 0 or score[row] > score[result[i, at - 1]]):
                at -= 1
            for k in range(2, at, -1):
                result[i, k] = result[i, k - 1]
            if at < 3:
                result[i, at] = row
    return result


def _take(values: FloatArray, rows: NDArray[np.int64]) -> FloatArray:
    result = np.full(len(rows), np.nan)
    there = rows >= 0
    result[there] = values[rows[there]]
    return result


def _within(theta: FloatArray, limits: tuple[float, float]) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = (theta >= limits[0]) & (theta <= limits[1])
    return result


def _transverse(p4: FloatArray) -> FloatArray:
    result: FloatArray = np.hypot(p4[:, 0], p4[:, 1])
    return result


def _size(p4: FloatArray) -> FloatArray:
    result: FloatArray = np.hypot(_transverse(p4), p4[:, 2])
    return result


def _theta(p4: FloatArray) -> FloatArray:
    result: FloatArray = np.arctan2(_transverse(p4), p4[:, 2])
    return result


def _phi(p4: FloatArray) -> FloatArray:
    result: FloatArray = np.arctan2(p4[:, 1], p4[:, 0])
    return result
