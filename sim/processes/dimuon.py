"""Muon pairs e⁺e⁻ → μ⁺μ⁻(γ) with initial-state radiation and vacuum polarisation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.machine import Machine
from sim.processes.constants import ALPHA, GEV2_NB, MUON_MASS
from sim.processes.isr_pair import IsrPair
from sim.processes.parameters import Parameter
from sim.processes.vacuum_polarisation import running_alpha

FloatArray = NDArray[np.float64]


class Dimuon(IsrPair):
    """e⁺e⁻ → μ⁻μ⁺γ: lowest order with α(s′) under the Kuraev–Fadin radiator, s′ above 4m_μ².

    Formulas: physics section A.3 of the reference notes. Final-state radiation is not generated.
    """

    name = "dimuon"
    title = "muon pairs with initial-state radiation"
    final_state: tuple[int, ...] = (13, -13, 22)
    pair_mass = MUON_MASS

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Lowest photon energy, vacuum polarisation."""
        return (
            *super().parameters(machine),
            Parameter("vacuum_polarisation", "on", "running of α", choices=("on", "off")),
        )

    def born(self, s_reduced: FloatArray) -> FloatArray:
        """Return σ₀(s′) [nb]."""
        running = self.word("vacuum_polarisation") == "on"
        return lepton_pair_born(np.atleast_1d(s_reduced), running, self.pair_mass)

    def angular(self, c: FloatArray, s_reduced: FloatArray, u: FloatArray) -> FloatArray:
        """Return 1 + c² + (1-β²)(1-c²) over its mean."""
        mass = 4.0 * self.pair_mass**2 / s_reduced
        result: FloatArray = (1.0 + c**2 + mass * (1.0 - c**2)) / (4.0 + 2.0 * mass) * 3.0
        return result


def muon_pair_born(s: FloatArray, running: bool) -> FloatArray:
    """Return `lepton_pair_born` for muons [nb]."""
    result: FloatArray = lepton_pair_born(s, running, MUON_MASS)
    return result


@njit()
def lepton_pair_born(s: FloatArray, running: bool, mass: float) -> FloatArray:
    """Return 4πα²/(3s) β(3-β²)/2 [nb], 0 below threshold.

    Parameters
    ----------
    s : ndarray, shape (n,)
        Squared mass of the pair [GeV²].
    running : bool
        Whether α is taken at s.
    mass : float
        Of one lepton [GeV].
    """
    result = np.zeros(len(s))
    for i in range(len(s)):
        beta2 = 1.0 - 4.0 * mass**2 / s[i]
        if beta2 > 0.0:
            alpha = running_alpha(s[i]) if running else ALPHA
            beta = math.sqrt(beta2)
            result[i] = (
                GEV2_NB * 4.0 * math.pi * alpha * alpha / (3.0 * s[i]) * beta * (3.0 - beta2) / 2.0
            )
    return result
