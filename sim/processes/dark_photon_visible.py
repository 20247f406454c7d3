"""Signal e⁺e⁻ → γA′ with a dark photon that decays at once to two charged leptons."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.events import Events
from sim.machine import Machine
from sim.processes.base import FloatArray
from sim.processes.dark_photon import recoil_shape
from sim.processes.decay_chain import two_body
from sim.processes.mumu_zprime import LEPTONS
from sim.processes.parameters import Parameter
from sim.processes.photon_recoil import PhotonRecoil
from sim.processes.tau_decay import TAU_CODE, decay_taus


class DarkPhotonVisible(PhotonRecoil):
    """`dark_photon` with A′ → e⁺e⁻, μ⁺μ⁻ or τ⁺τ⁻ at the collision point.

    The leptons follow the polarisation of A′. With displaced decays, or to mesons:
    `photon_displaced`. The branching fraction is not in the cross-section. A′ and its leptons do
    not interfere with γℓ⁺ℓ⁻ of the continuum. No further radiation.
    """

    name = "dark_photon_visible"
    title = "photon and a dark photon that decays at once to leptons"

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Mass, kinetic mixing and decay of A′, and the photon's region."""
        mass, *rest = super().parameters(machine)
        return (
            mass,
            Parameter("epsilon", 1e-3, "kinetic mixing ε", "", 1e-12, 1.0),
            Parameter("decay", "mumu", "what A′ leaves", choices=tuple(LEPTONS)),
            *rest,
        )

    def prepare(self) -> None:
        """Check the mass and choose the final state."""
        super().prepare()
        mass, word = self.number("mass"), self.word("decay")
        self._code, self._lepton = LEPTONS[word]
        if mass <= 2.0 * self._lepton:
            raise InputError(
                f"must be above {2.0 * self._lepton:g} GeV for decay={word}, not {mass:g}",
                place=f"{self.name}.mass",
            )
        self.final_state = () if self._code == TAU_CODE else (22, self._code, -self._code)
        self.dimensions = 4

    def shape(self) -> tuple[float, float, bool]:
        """Return the two coefficients; see `PhotonRecoil.shape`."""
        return recoil_shape(self.machine.s, self.number("mass"), self.number("epsilon"))

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cosines and azimuths of the photon and of ℓ⁻ in the rest frame of A′."""
        recoil, weight = super().propose(u)
        decay = np.stack((2.0 * u[:, 2] - 1.0, 2.0 * math.pi * u[:, 3]), axis=1)
        variables = np.concatenate((recoil, decay), axis=1)
        return variables, weight * self._polarisation(self.momenta(variables))

    def _polarisation(self, p4: FloatArray) -> FloatArray:
        """Return the density of the lepton's direction, mean 1 over the sphere.

        With electrons without mass Σ E±² (2 - β² + β² cos²θ±) over its mean, E± the energies of the
        beams in the rest frame of A′, θ± the lepton's angles to them and β its velocity there.
        """
        half, mass = 0.5 * self.machine.sqrt_s, self.number("mass")
        boson, difference = p4[:, 1] + p4[:, 2], p4[:, 1] - p4[:, 2]
        beta2 = 1.0 - (2.0 * self._lepton / mass) ** 2
        density, mean = np.zeros(len(p4)), np.zeros(len(p4))
        for sign in (1.0, -1.0):
            # E M and M E β cosθ: products of a beam's four-vector with A′ and with ℓ⁻ - ℓ⁺.
            energy = half * (boson[:, 3] - sign * boson[:, 2])
            along = half * (difference[:, 3] - sign * difference[:, 2])
            density += (2.0 - beta2) * energy**2 + along**2
            mean += (2.0 - 2.0 / 3.0 * beta2) * energy**2
        return density / mean

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return photon, ℓ⁻ and ℓ⁺ before τ leptons decay, shape ``(n, 3, 4)`` [GeV]."""
        recoil = super().momenta(variables)
        pair = two_body(
            recoil[:, 1], self.number("mass"), (self._lepton, self._lepton),
            variables[:, 2], variables[:, 3],
        )  # fmt: skip
        return np.stack((recoil[:, 0], *pair), axis=1)

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return photon, ℓ⁻ and ℓ⁺, shape ``(n, 3)``."""
        codes = np.array([22, self._code, -self._code], dtype=np.int32)
        return np.tile(codes, (len(variables), 1))

    def assemble(
        self, variables: FloatArray, weight: FloatArray, rng: np.random.Generator
    ) -> Events:
        """Let τ leptons decay; see `Process.assemble`."""
        return decay_taus(super().assemble(variables, weight, rng), rng)
