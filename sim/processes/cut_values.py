"""Values that acceptance cuts can ask of events: per-particle quantities, masses, selections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.events import Events
from sim.machine import Machine

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NEUTRINOS = (12, -12, 14, -14, 16, -16)
CHARGED = (11, -11, 13, -13, 211, -211, 321, -321, 2212, -2212)
PARTICLES: dict[str, tuple[int, ...]] = {
    "e-": (11,),
    "e+": (-11,),
    "e": (11, -11),
    "mu-": (13,),
    "mu+": (-13,),
    "mu": (13, -13),
    "pi-": (-211,),
    "pi+": (211,),
    "pi": (211, -211),
    "K-": (-321,),
    "K+": (321,),
    "K": (321, -321),
    "p-": (-2212,),
    "p+": (2212,),
    "p": (2212, -2212),
    "gamma": (22,),
    "nu": NEUTRINOS,
    "dark_photon": (55,),
    "dark_matter": (52,),
    "axion_like": (54,),
    "charged": CHARGED,
    "visible": (*CHARGED, 22),
    "any": (*CHARGED, 22, *NEUTRINOS, 52, 54, 55),
}
"""Names of particles in cuts and the codes they stand for."""


@dataclass
class CutEvents:
    """Events with what cuts need, worked out once.

    Parameters
    ----------
    events : Events
        The sample, in the laboratory.
    machine : Machine
        Gives the centre-of-mass frame.
    """

    events: Events
    machine: Machine
    _known: dict[str, FloatArray] = field(default_factory=dict, repr=False)

    def momenta(self, frame: str) -> FloatArray:
        """Return all particles' four-vectors in the frame ``lab`` or ``cm`` [GeV]."""
        if frame == "lab":
            return self.events.p4
        if "p4" not in self._known:
            self._known["p4"] = self.events.p4 @ self.machine.to_cm.T
        return self._known["p4"]

    def quantity(self, name: str) -> FloatArray:
        """Return one quantity of every particle, shape ``(n_particle,)``; see `QUANTITIES`."""
        if name not in self._known:
            kind, _, frame = name.partition("_")
            self._known[name] = KINDS[kind](self.momenta(frame))
        return self._known[name]

    def selected(self, names: tuple[str, ...]) -> BoolArray:
        """Return which particles any of the names stands for, shape ``(n_particle,)``."""
        codes = sorted({code for name in names for code in PARTICLES[name]})
        result: BoolArray = np.isin(self.events.pdg, codes)
        return result

    def count(self, chosen: BoolArray) -> FloatArray:
        """Return how many chosen particles each event has, shape ``(n_events,)``."""
        return self.total(chosen.astype(np.float64))

    def total(self, value: FloatArray) -> FloatArray:
        """Return the sum of a per-particle value in each event, shape ``(n_events,)``."""
        result: FloatArray = np.bincount(
            self.events.event_of, weights=value, minlength=len(self.events)
        ).astype(np.float64)
        return result

    def extreme(self, value: FloatArray, chosen: BoolArray, largest: bool) -> FloatArray:
        """Return the largest or smallest chosen value in each event; NaN where none is chosen."""
        result = np.full(len(self.events), -np.inf if largest else np.inf)
        meet = np.maximum if largest else np.minimum
        meet.at(result, self.events.event_of[chosen], value[chosen])
        result[np.isinf(result)] = np.nan
        return result

    def mass(self, chosen: BoolArray) -> FloatArray:
        """Return the invariant mass of all chosen particles of each event [GeV]."""
        p4 = np.where(chosen[:, None], self.events.p4, 0.0)
        return _mass(np.stack([self.total(p4[:, i]) for i in range(4)], axis=1))

    def pair_mass(self, chosen: BoolArray, largest: bool) -> FloatArray:
        """Return the extreme mass of opposite-sign pairs among the chosen; NaN without a pair."""
        counts = np.diff(self.events.offsets)
        result = np.full(len(self.events), -np.inf if largest else np.inf)
        meet = np.maximum if largest else np.minimum
        for first in range(int(counts.max(initial=0))):
            for second in range(first + 1, int(counts.max())):
                has = np.flatnonzero(counts > second)
                i, j = self.events.offsets[has] + first, self.events.offsets[has] + second
                opposite = self._charge[i] * self._charge[j] < 0.0
                good = chosen[i] & chosen[j] & opposite
                mass = _mass(self.events.p4[i[good]] + self.events.p4[j[good]])
                meet.at(result, has[good], mass)
        result[np.isinf(result)] = np.nan
        return result

    @property
    def _charge(self) -> FloatArray:
        """Charge of every particle; those of `CHARGED` and tau leptons carry one."""
        if "charge" not in self._known:
            code, sign = np.abs(self.events.pdg), np.sign(self.events.pdg.astype(float))
            hadron = np.isin(code, (211, 321, 2212))
            lepton = np.isin(code, (11, 13, 15))
            self._known["charge"] = np.where(hadron, sign, np.where(lepton, -sign, 0.0))
        return self._known["charge"]


def _mass(p4: FloatArray) -> FloatArray:
    square = p4[:, 3] ** 2 - np.sum(p4[:, :3] ** 2, axis=1)
    result: FloatArray = np.sqrt(np.maximum(square, 0.0))
    return result


def _polar(p4: FloatArray) -> FloatArray:
    result: FloatArray = np.degrees(np.arctan2(np.hypot(p4[:, 0], p4[:, 1]), p4[:, 2]))
    return result


def _azimuth(p4: FloatArray) -> FloatArray:
    result: FloatArray = np.degrees(np.arctan2(p4[:, 1], p4[:, 0]))
    return result


KINDS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "theta": _polar,
    "phi": _azimuth,
    "costheta": lambda p4: np.cos(np.radians(_polar(p4))),
    "E": lambda p4: p4[:, 3],
    "p": lambda p4: np.sqrt(np.sum(p4[:, :3] ** 2, axis=1)),
    "pT": lambda p4: np.hypot(p4[:, 0], p4[:, 1]),
}
"""Quantities without their frame: angles in degrees, energies and momenta in GeV."""

QUANTITIES = tuple(f"{kind}_{frame}" for kind in KINDS for frame in ("lab", "cm"))
"""Names of per-particle quantities in cuts."""
