"""Final states by Pythia, used as a fragmenter and for decays alone; the package is optional.

Pythia 8.3: C. Bierlich et al., SciPost Phys. Codebases 8 (2022) 8. It is loaded when it is first
needed. The default settings are kept, but for what is in `SETTINGS`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.detector.particles import classify
from sim.hadrons.states import States

PACKAGE = "pythia8mc"

SETTINGS = (
    "Print:quiet = on",
    "ProcessLevel:all = off",
    "Random:setSeed = on",
    "ParticleDecays:limitTau0 = on",
    "ParticleDecays:tau0Max = 1.0",
    "111:mayDecay = off",
)
"""No hard process; what lives longer than cτ = 1 mm, and the π0, stays undecayed."""

LEAST = {1: 0.9, 2: 0.9, 3: 1.1, 4: 3.9}
"""Lowest mass [GeV] of a quark pair that is hadronised, by flavour; below, its states are scaled
down (assumption). Two hadrons with the flavour must fit."""

LARGEST_SEED = 900_000_000
TRIES = 2000


def installed() -> bool:
    """Tell whether Pythia can be used."""
    from importlib.util import find_spec

    return find_spec(PACKAGE) is not None


class Fragmenter:
    """Pythia, ready to hadronise pairs and to decay mesons.

    Parameters
    ----------
    shower : bool
        Whether the quarks radiate gluons and photons from the scale of their mass on.

    Raises
    ------
    InputError
        When the package is not installed.
    """

    def __init__(self, shower: bool = True) -> None:
        if not installed():
            raise InputError(
                f"needs the package {PACKAGE}, which is not installed (extra `hadrons`); "
                "allowed without it: packaged",
                place="source",
            )
        import pythia8mc

        self.shower = shower
        self._pythia: Any = pythia8mc.Pythia("", False)
        for setting in SETTINGS:
            self._pythia.readString(setting)
        self._pythia.readString("Random:seed = 1")
        self._pythia.init()

    def pairs(self, flavour: NDArray[np.integer], mass: NDArray[np.float64], seed: int) -> States:
        """Hadronise quark pairs, the quark along +z.

        Parameters
        ----------
        flavour : ndarray of integer, shape (n,)
            1 to 4: d, u, s, c.
        mass : ndarray, shape (n,)
            Masses of the pairs [GeV]. Below `LEAST` the state is made there, of particles that
            fit into the mass.
        seed : int
            1 to 900 000 000.
        """
        self._pythia.rndm.init(seed)
        found = [
            self._fitting(int(one), float(size)) for one, size in zip(flavour, mass, strict=True)
        ]
        return collect(found)

    def mesons(self, code: int, n: int, seed: int) -> States:
        """Decay `n` mesons at rest."""
        self._pythia.rndm.init(seed)
        mass = self._pythia.particleData.m0(code)
        return collect([self._made([(code, 1, 0, 0, 0.0, mass, mass)]) for _ in range(n)])

    def _fitting(self, flavour: int, mass: float) -> list[tuple[int, float, float, float]]:
        for _ in range(TRIES):
            state = self._pair(flavour, max(mass, LEAST[flavour]))
            codes = np.array([row[0] for row in state], dtype=np.int32)
            if mass >= LEAST[flavour] or classify(codes).mass.sum() < mass - MARGIN:
                return state
        raise InputError(f"no final state of a pair of flavour {flavour} fits into {mass:g} GeV")

    def _pair(self, flavour: int, mass: float) -> list[tuple[int, float, float, float]]:
        energy = 0.5 * mass
        own = self._pythia.particleData.m0(flavour)
        momentum = math.sqrt(max(energy * energy - own * own, 0.0))
        return self._made(
            [(flavour, 23, 101, 0, momentum, energy, own),
             (-flavour, 23, 0, 101, -momentum, energy, own)], mass,
        )  # fmt: skip

    def _made(
        self, start: list[tuple[int, int, int, int, float, float, float]], scale: float = 0.0
    ) -> list[tuple[int, float, float, float]]:
        event = self._pythia.event
        for _ in range(TRIES):
            event.reset()
            for code, status, colour, anticolour, pz, energy, mass in start:
                # Without the last argument the shower would begin at zero: there would be none.
                event.append(code, status, colour, anticolour, 0.0, 0.0, pz, energy, mass, scale)
            if self.shower and scale > 0.0:
                self._pythia.forceTimeShower(1, len(start), scale)
            if self._pythia.next():
                return [(p.id(), p.px(), p.py(), p.pz()) for p in event if p.isFinal()]
        raise InputError(f"Pythia gives no final state of {[row[0] for row in start]}")


MARGIN = 1e-6
"""Energy above the sum of masses that a state must have [GeV]."""


def collect(found: list[list[tuple[int, float, float, float]]]) -> States:
    """Return states from lists of code and momentum."""
    rows = np.array([row for state in found for row in state], dtype=np.float64).reshape(-1, 4)
    offsets = np.concatenate(([0], np.cumsum([len(state) for state in found]))).astype(np.int64)
    return States(offsets, rows[:, 0].astype(np.int32), np.ascontiguousarray(rows[:, 1:]))
