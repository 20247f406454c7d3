"""Tau pairs e⁺e⁻ → τ⁺τ⁻(γ) with initial-state radiation, and their decays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.events import Events
from sim.machine import Machine
from sim.processes.base import FloatArray
from sim.processes.constants import TAU_MASS
from sim.processes.dimuon import Dimuon
from sim.processes.parameters import Parameter
from sim.processes.tau_decay import FILTERS, branching, decay_taus


def check_threshold(machine: Machine, mass: float, name: str) -> None:
    """Refuse a machine below the energy that a final state of this mass needs.

    Raises
    ------
    InputError
    """
    if machine.sqrt_s <= mass:
        raise InputError(f"√s must be above {mass:g} GeV, not {machine.sqrt_s:g}", place=name)


class TauPair(Dimuon):
    """e⁺e⁻ → τ⁻τ⁺γ like `Dimuon`, with the decays of `tau_decay`.

    The products of τ⁻ come first, then those of τ⁺, then the photon; events differ in number.
    With a choice of decays the cross-section has its branching fractions.
    """

    name = "tau_pair"
    title = "tau pairs with initial-state radiation and their decays"
    pair_mass = TAU_MASS

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Lowest photon energy, vacuum polarisation, decays."""
        words = tuple(FILTERS)
        return (
            *super().parameters(machine),
            Parameter("tau_minus", "any", "decays of τ⁻", choices=words),
            Parameter("tau_plus", "any", "decays of τ⁺", choices=words),
        )

    def prepare(self) -> None:
        """Check the energy and work out the branching fractions."""
        check_threshold(self.machine, 2.0 * TAU_MASS, self.name)
        super().prepare()
        self.final_state = ()
        self._words = self.word("tau_minus"), self.word("tau_plus")
        self._fraction = branching(self._words[0]) * branching(self._words[1])

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return τ⁻, τ⁺ and photon, shape ``(n, 3)``."""
        return np.tile(np.array([15, -15, 22], dtype=np.int32), (len(variables), 1))

    def born(self, s_reduced: FloatArray) -> FloatArray:
        """Return σ₀(s′) times the branching fractions [nb]."""
        return super().born(s_reduced) * self._fraction

    def assemble(
        self, variables: FloatArray, weight: FloatArray, rng: np.random.Generator
    ) -> Events:
        """Let both τ decay; see `Process.assemble`."""
        return decay_taus(super().assemble(variables, weight, rng), rng, *self._words)
