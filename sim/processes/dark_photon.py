"""Signal e⁺e⁻ → γA′: a photon and a dark photon that leaves no trace."""

from __future__ import annotations

import math

from sim.machine import Machine
from sim.processes.constants import ALPHA, GEV2_NB
from sim.processes.parameters import Parameter
from sim.processes.photon_recoil import PhotonRecoil

DARK_PHOTON_CODE = 55
"""Particle code of a neutral vector mediator (Particle Data Group, Monte Carlo numbering)."""


class DarkPhoton(PhotonRecoil):
    """e⁺e⁻ → γA′ with kinetic mixing ε; the A′ is narrow and invisible.

    dσ/dc = (2πα²ε²/s)(1 - m²/s)[1 + c² + 4sm²/(s-m²)²]/(1 - c²), physics section A.4 of the
    reference notes. No initial-state radiation besides the photon itself.
    """

    name = "dark_photon"
    title = "photon and invisible dark photon"
    final_state = (22, DARK_PHOTON_CODE)

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Mass, kinetic mixing and the photon's region."""
        mass, *rest = super().parameters(machine)
        mixing = Parameter("epsilon", 1e-3, "kinetic mixing ε", "", 1e-12, 1.0)
        return (mass, mixing, *rest)

    def shape(self) -> tuple[float, float, bool]:
        """Return the two coefficients; see `PhotonRecoil.shape`."""
        return recoil_shape(self.machine.s, self.number("mass"), self.number("epsilon"))


def recoil_shape(s: float, mass: float, epsilon: float) -> tuple[float, float, bool]:
    """Return the coefficients of γA′ in dσ/dc [nb]; see `PhotonRecoil.shape`."""
    m2 = mass**2
    scale = 2.0 * math.pi * ALPHA**2 * epsilon**2 / s * GEV2_NB * (1.0 - m2 / s)
    return scale * (1.0 + 4.0 * s * m2 / (s - m2) ** 2), scale, True
