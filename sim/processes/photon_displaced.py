"""Signal e⁺e⁻ → γ X with a long-lived X that decays to two charged particles."""

from __future__ import annotations

import math

import numpy as np

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes import axion_like, dark_photon
from sim.processes.base import FloatArray
from sim.processes.decay_chain import PAIRS, pair_mass, two_body
from sim.processes.long_lived import N_LENGTH, SAMPLING, LongLived, lifetime
from sim.processes.parameters import Parameter
from sim.processes.photon_recoil import PhotonRecoil

N_RECOIL, N_DECAY = 2, 2


class PhotonDisplaced(LongLived, PhotonRecoil):
    """A photon and X, produced like a dark photon or like an axion-like particle.

    The lifetime is a parameter of its own and does not follow from the coupling: X may decay by
    another one. All X decay to the pair; isotropically, which is exact for a pseudoscalar and
    leaves out the polarisation of a vector (assumption).
    """

    name = "photon_displaced"
    title = "photon and a long-lived particle that decays to two charged particles"

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Mass, lifetime, production and decay of X, and the region of the photon."""
        mass, *rest = super().parameters(machine)
        return (
            mass,
            lifetime(of="X"),
            Parameter("decay", "mumu", "what X leaves", choices=tuple(PAIRS)),
            Parameter("kind", "vector", "vector: produced like a dark photon; pseudoscalar: like "
                      "an axion-like particle", choices=("vector", "pseudoscalar")),
            Parameter("epsilon", 1e-3, "kinetic mixing ε of a vector", "", 1e-12, 1.0),
            Parameter("coupling", 1e-4, "coupling g of a pseudoscalar to photons", "1/GeV",
                      1e-12, 1.0),
            SAMPLING,
            *rest,
        )  # fmt: skip

    def prepare(self) -> None:
        """Check the mass and choose the final state."""
        super().prepare()
        word, mass = self.word("decay"), self.number("mass")
        if mass <= 2.0 * pair_mass(word):
            raise InputError(
                f"must be above {2.0 * pair_mass(word):g} GeV for decay={word}, not {mass:g}",
                place=f"{self.name}.mass",
            )
        if self.word("kind") == "pseudoscalar" and word in ("pipi", "KK"):
            raise InputError(
                f"must be ee or mumu with kind=pseudoscalar, not {word}",
                place=f"{self.name}.decay",
            )
        self.final_state = (22, *PAIRS[word])
        self.products = ((1, 2),)
        self.dimensions = N_RECOIL + N_DECAY + N_LENGTH

    def shape(self) -> tuple[float, float, bool]:
        """Return the two coefficients; see `PhotonRecoil.shape`."""
        s, mass = self.machine.s, self.number("mass")
        if self.word("kind") == "vector":
            return dark_photon.recoil_shape(s, mass, self.number("epsilon"))
        return axion_like.recoil_shape(s, mass, self.number("coupling"))

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the angles of the photon and of the decay, and the decay length [cm]."""
        variables, weight = super().propose(u)
        end = N_RECOIL + N_DECAY
        decay = np.stack((2.0 * u[:, 2] - 1.0, 2.0 * math.pi * u[:, 3]), axis=1)
        return np.concatenate((variables, decay, self.lengths(u[:, end:])), axis=1), weight

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the photon and the pair, shape ``(n, 3, 4)`` [GeV]."""
        recoil = super().momenta(variables)
        each = pair_mass(self.word("decay"))
        first, second = two_body(
            recoil[:, 1], self.number("mass"), (each, each), variables[:, 2], variables[:, 3]
        )
        return np.stack((recoil[:, 0], first, second), axis=1)
