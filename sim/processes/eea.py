"""Signal e⁺e⁻ → e⁺e⁻a: an axion-like particle beside the scattered electrons."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes import axion_and_pair, photon_fusion
from sim.processes.acceptance import REGION, region
from sim.processes.axion_like import AXION_CODE, axion_lifetime_cm
from sim.processes.base import Process
from sim.processes.constants import GEV2_NB, LIGHT_CM_PER_NS
from sim.processes.parameters import Parameter

FloatArray = NDArray[np.float64]

DIAGRAMS = {
    "full": axion_and_pair.FULL,
    "fusion": axion_and_pair.FUSION,
    "annihilation": axion_and_pair.ANNIHILATION,
}

UNTAGGED_MASS = 0.05
"""Lowest mass of samples with electrons anywhere [GeV]: below, the sampling is inefficient."""


class Eea(Process):
    """e⁺e⁻ → e⁺e⁻a with the coupling g to two photons, exact lowest order.

    ``diagrams=full`` has photon fusion (t-channel), annihilation e⁺e⁻ → γ* → γ*a with γ* → e⁺e⁻
    (s-channel) and their interference (`axion_and_pair`), the others one of the two alone. With
    ``required=2`` (default) both electrons are inside the region; with 0 they may go anywhere, down
    to the smallest t. Left out: radiation. With ``decay=invisible`` the a is listed and leaves no
    trace; with ``decay=photons`` it decays at its lifetime, isotropically.
    """

    name = "eea"
    title = "axion-like particle beside electrons, exact lowest order"

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Mass, coupling, decay, and the region of the electrons."""
        return (
            Parameter("mass", 1.0, "mass of the new particle", "GeV", 0.0, 0.95 * machine.sqrt_s),
            Parameter("coupling", 1e-4, "coupling g", "1/GeV", 1e-12, 1.0),
            Parameter(
                "decay", "invisible", "what the particle does", choices=("photons", "invisible")
            ),
            Parameter("diagrams", "full", "part of the amplitude", choices=tuple(DIAGRAMS)),
            *REGION,
            Parameter(
                "required", "2", "electrons that must be inside: both, or none",
                choices=("0", "2"),
            ),
            Parameter(
                "energy_min", 0.25, "lowest energy of both electrons, centre-of-mass frame "
                "(required=2)", "GeV", 0.001, 0.45 * machine.sqrt_s,
            ),
            Parameter(
                "pair_mass_min", 0.0, "lowest mass of both electrons together", "GeV", 0.0,
                0.9 * machine.sqrt_s,
            ),
        )  # fmt: skip

    def prepare(self) -> None:
        """Choose the final state and the range of the electrons' angles."""
        mass = self.number("mass")
        self._decays = self.word("decay") == "photons" and mass > 0.0
        self.final_state = (11, -11, 22, 22) if self._decays else (11, -11, AXION_CODE)
        self._diagrams = DIAGRAMS[self.word("diagrams")]
        self.channels = 2 if self._diagrams == axion_and_pair.FULL else 1
        # The first axis chooses between two channels.
        self._used = 4 + self.channels
        self.dimensions = self._used + (3 if self._decays else 0)
        inside = self.word("required") == "2"
        if not inside and mass < UNTAGGED_MASS:
            raise InputError(
                f"must be {UNTAGGED_MASS:g} GeV or more with required=0, not {mass:g}",
                place=f"{self.name}.mass",
            )
        found = region(self.machine, self.values, self.name)
        self._region = photon_fusion.Region(
            found.matrix, found.limits, found.cosines if inside else (-1.0, 1.0),
            self.number("energy_min") if inside else 0.0, inside, self.number("pair_mass_min"),
        )  # fmt: skip

    @property
    def lifetime_cm(self) -> float:
        """Mean decay length cτ [cm]; infinite for a massless particle."""
        return axion_lifetime_cm(self.number("mass"), self.number("coupling"))

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the four-vectors, flat, and with a decay its angles and proper time [cm]."""
        p4, weight = axion_and_pair.propose(
            u, self.machine.sqrt_s, self.number("mass"), self._region, self._diagrams
        )
        weight *= GEV2_NB * self.number("coupling") ** 2 / (2.0 * self.machine.s)
        variables = p4.reshape(len(u), 12)
        if not self._decays:
            return variables, weight
        decay = np.stack(
            [
                2.0 * u[:, self._used] - 1.0,
                2.0 * math.pi * u[:, self._used + 1],
                -self.lifetime_cm * np.log1p(-u[:, self._used + 2]),
            ],
            axis=1,
        )
        return np.concatenate([variables, decay], axis=1), weight

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return electron, positron and a or its two photons, shape ``(n, 3 or 4, 4)``."""
        p4 = np.ascontiguousarray(variables[:, :12]).reshape(-1, 3, 4)
        if not self._decays:
            return p4
        angles = np.ascontiguousarray(variables[:, 12:14])
        return photon_fusion.decay(p4, angles, self.number("mass"))

    def vertices(self, variables: FloatArray, p4_lab: FloatArray) -> FloatArray:
        """Return where the particles start: the decay photons at the end of the a's flight."""
        result = np.zeros_like(p4_lab)
        if self._decays:
            flight = (p4_lab[:, 2] + p4_lab[:, 3]) / self.number("mass") * variables[:, 14:15]
            flight[:, 3] /= LIGHT_CM_PER_NS
            result[:, 2:] = flight[:, None]
        return result
