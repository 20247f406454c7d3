"""Signal e⁺e⁻ → γa: a photon and an axion-like particle that couples to photons."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.machine import Machine
from sim.processes.constants import ALPHA, GEV2_NB, HBARC_CM, LIGHT_CM_PER_NS
from sim.processes.kinematics import boost, set_polar
from sim.processes.parameters import Parameter
from sim.processes.photon_recoil import PhotonRecoil

FloatArray = NDArray[np.float64]

AXION_CODE = 54
"""Particle code of a neutral scalar mediator (Particle Data Group, Monte Carlo numbering)."""


class AxionLike(PhotonRecoil):
    """e⁺e⁻ → γa with the coupling g to two photons.

    dσ/dc = (αg²/64)(1 + c²)(1 - m²/s)³ and Γ(a→γγ) = g²m³/64π, physics section A.4 of the
    reference notes. With ``decay=photons`` the final state is three photons, two of which start
    where the a decayed; with ``decay=invisible`` the a itself is listed and leaves no trace.
    """

    name = "axion_like"
    title = "photon and axion-like particle"

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Mass, coupling, decay and the region of the recoil photon."""
        mass, *rest = super().parameters(machine)
        coupling = Parameter("coupling", 1e-4, "coupling g", "1/GeV", 1e-12, 1.0)
        decay = Parameter(
            "decay", "photons", "what the particle does", choices=("photons", "invisible")
        )
        return (mass, coupling, decay, *rest)

    def prepare(self) -> None:
        """Choose the final state."""
        super().prepare()
        self._decays = self.word("decay") == "photons" and self.number("mass") > 0.0
        self.final_state = (22, 22, 22) if self._decays else (22, AXION_CODE)
        self.dimensions = 5 if self._decays else 2

    @property
    def lifetime_cm(self) -> float:
        """Mean decay length cτ = 64πħc/(g²m³) [cm]; infinite for a massless particle."""
        return axion_lifetime_cm(self.number("mass"), self.number("coupling"))

    def shape(self) -> tuple[float, float, bool]:
        """Return the two coefficients; see `PhotonRecoil.shape`."""
        return recoil_shape(self.machine.s, self.number("mass"), self.number("coupling"))

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the photon's angles and, with a decay, its two angles and proper time [cm]."""
        variables, weight = super().propose(u)
        if not self._decays:
            return variables, weight
        decay = np.stack(
            [
                2.0 * u[:, 2] - 1.0,
                2.0 * math.pi * u[:, 3],
                -self.lifetime_cm * np.log1p(-u[:, 4]),
            ],
            axis=1,
        )
        return np.concatenate([variables, decay], axis=1), weight

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return photon and a, or three photons, shape ``(n, 2 or 3, 4)``."""
        pair = super().momenta(variables)
        if not self._decays:
            return pair
        return _decay(pair, variables, self.number("mass"))

    def vertices(self, variables: FloatArray, p4_lab: FloatArray) -> FloatArray:
        """Return where the photons start: the decay photons at the end of the a's flight."""
        result = np.zeros_like(p4_lab)
        if self._decays:
            flight = (p4_lab[:, 1] + p4_lab[:, 2]) / self.number("mass") * variables[:, 4:5]
            flight[:, 3] /= LIGHT_CM_PER_NS
            result[:, 1:] = flight[:, None]
        return result


def axion_lifetime_cm(mass: float, coupling: float) -> float:
    """Return cτ = 64πħc/(g²m³) [cm] for a mass [GeV] and g [1/GeV]; infinite without mass."""
    if mass == 0.0:
        return math.inf
    return 64.0 * math.pi * HBARC_CM / (coupling**2 * mass**3)


def recoil_shape(s: float, mass: float, coupling: float) -> tuple[float, float, bool]:
    """Return the coefficients of γa in dσ/dc [nb]; see `PhotonRecoil.shape`."""
    scale = ALPHA * coupling**2 / 64.0 * GEV2_NB * (1.0 - mass**2 / s) ** 3
    return scale, scale, False


@njit()
def _decay(pair: FloatArray, variables: FloatArray, mass: float) -> FloatArray:
    n = len(pair)
    p4 = np.empty((n, 3, 4))
    energy = 0.5 * mass
    for i in range(n):
        p4[i, 0] = pair[i, 0]
        set_polar(p4[i, 1], energy, energy, variables[i, 2], variables[i, 3])
        for j in range(3):
            p4[i, 2, j] = -p4[i, 1, j]
        p4[i, 2, 3] = energy
        boost(p4[i, 1], pair[i, 1], mass)
        boost(p4[i, 2], pair[i, 1], mass)
    return p4
