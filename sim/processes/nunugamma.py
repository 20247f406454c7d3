"""Neutrino pairs e⁺e⁻ → νν̄(γ): a photon and nothing else, the irreducible background."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.machine import Machine
from sim.processes.constants import FERMI_CONSTANT, GEV2_NB, SIN2_THETA_W
from sim.processes.isr_pair import PHOTON_MINIMUM, IsrPair
from sim.processes.parameters import Parameter

FloatArray = NDArray[np.float64]

FLAVOURS = (12, 14, 16)
RIGHT = SIN2_THETA_W
LEFT = np.array([0.5 + SIN2_THETA_W, -0.5 + SIN2_THETA_W, -0.5 + SIN2_THETA_W])
"""Couplings of the electron to the three neutrinos; ν_e has W exchange besides the Z."""


class Nunugamma(IsrPair):
    """e⁺e⁻ → νν̄γ by the four-fermion interaction under the Kuraev–Fadin radiator.

    σ = (G_F² s/6π) Σ (g_L² + g_R²), physics section A.3 of the reference notes. By default only
    events with a photon of at least 0.1 GeV in the centre-of-mass frame: without one, nothing is
    visible. With ``photon_energy_min=0`` the cross-section is the total one.
    """

    name = "nunugamma"
    title = "neutrino pairs with a photon"
    final_state = (12, -12, 22)
    dimensions = 6

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Lowest photon energy, 0.1 GeV by default."""
        (photon,) = super().parameters(machine)
        return (Parameter(PHOTON_MINIMUM, 0.1, photon.text, "GeV", 0.0, photon.high),)

    def born(self, s_reduced: FloatArray) -> FloatArray:
        """Return σ(s′) [nb], all flavours."""
        couplings = float(np.sum(LEFT**2)) + 3.0 * RIGHT**2
        result: FloatArray = GEV2_NB * FERMI_CONSTANT**2 / (6.0 * math.pi) * couplings * s_reduced
        return result

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the variables of `IsrPair` and the flavour's number, 0 to 2."""
        variables, weight = super().propose(u)
        return np.concatenate([variables, self._flavour(u)[:, None]], axis=1), weight

    def angular(self, c: FloatArray, s_reduced: FloatArray, u: FloatArray) -> FloatArray:
        """Return [g_L²(1+c)² + g_R²(1-c)²] over its mean, for the flavour of each event."""
        left2 = LEFT[self._flavour(u).astype(int)] ** 2
        result: FloatArray = (
            0.75 * (left2 * (1.0 + c) ** 2 + RIGHT**2 * (1.0 - c) ** 2) / (left2 + RIGHT**2)
        )
        return result

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return neutrino, antineutrino and photon, shape ``(n, 3)``."""
        flavour = np.asarray(FLAVOURS, dtype=np.int32)[variables[:, 5].astype(int)]
        return np.stack([flavour, -flavour, np.full_like(flavour, 22)], axis=1)

    def _flavour(self, u: FloatArray) -> FloatArray:
        share = np.cumsum(LEFT**2 + RIGHT**2)
        result: FloatArray = np.searchsorted(share / share[-1], u[:, 5], side="right").astype(
            np.float64
        )
        return np.minimum(result, 2.0)
