"""Tau pairs with τ⁻ → e⁻νν̄ and τ⁺ → e⁺νν̄, generated where the search for e⁺e⁻ + invisible looks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.kernels import njit
from sim.events import Events
from sim.machine import Machine
from sim.processes import acceptance
from sim.processes.base import FloatArray, Process
from sim.processes.constants import ELECTRON_MASS, TAU_MASS
from sim.processes.dimuon import Dimuon
from sim.processes.isr_pair import IsrPair
from sim.processes.kinematics import boost, turn_to
from sim.processes.parameters import Parameter
from sim.processes.tau_decay import branching, lepton_and_neutrinos
from sim.processes.tau_pair import TauPair, check_threshold

DECAY = 5
"""Uniform numbers of one decay."""

HARD = 3
"""Power with which points crowd at the largest energy: the grid could not find it by itself."""


@njit()
def _in_flight(products: FloatArray, parent: FloatArray) -> FloatArray:
    """Return products given at rest, with angles about the parent's flight, in its frame.

    Parameters
    ----------
    products : ndarray, shape (n, k, 4)
    parent : ndarray, shape (n, 4)
    """
    result = products.copy()
    along = np.zeros(4)
    for i in range(len(parent)):
        size = math.sqrt(parent[i, 0] ** 2 + parent[i, 1] ** 2 + parent[i, 2] ** 2)
        along[2], along[3] = size, parent[i, 3]
        for j in range(products.shape[1]):
            boost(result[i, j], along, TAU_MASS)
            turn_to(result[i, j], parent[i])
    return result


class TauPairDielectron(TauPair):
    """e⁺e⁻ → τ⁻τ⁺γ → e⁻e⁺ 4ν γ like `TauPair` with both `e`, inside a region of the pair.

    The missing system is all but the electrons, the radiated photon included. The energies of the
    electrons are chosen with the weight of the event, so that a region of small missing mass, which
    one in 10⁴ τ pairs reaches, costs little more than another. The products start at the collision
    point.

    Variables: those of `IsrPair`, and the uniform numbers of both decays.
    """

    name = "tau_pair_dielectron"
    title = "tau pairs that leave an electron pair, in a region of the missing system"
    dimensions = 1 + IsrPair.dimensions + 2 * DECAY
    channels = 2
    # As in `radiative_bhabha`: half a percent of copies makes unweighting several times faster.
    excess = 5e-3

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Region of the electrons and of the missing system, and those of `Dimuon`."""
        sqrt_s = machine.sqrt_s
        frame = "centre-of-mass frame"
        return (
            *acceptance.REGION,
            Parameter("energy_min", 0.0, f"lowest energy of both electrons, {frame}",
                      "GeV", 0.0, 0.45 * sqrt_s),
            Parameter("missing_energy_min", 0.0, f"lowest missing energy, {frame}",
                      "GeV", 0.0, 0.9 * sqrt_s),
            Parameter("missing_mass_min", 0.0, "lowest missing mass", "GeV", 0.0, sqrt_s),
            Parameter("missing_mass_max", sqrt_s, "highest missing mass", "GeV", 0.01, sqrt_s),
            *super(TauPair, cls).parameters(machine),
        )  # fmt: skip

    def prepare(self) -> None:
        """Check energy and region, and work out the branching fractions."""
        check_threshold(self.machine, 2.0 * TAU_MASS, self.name)
        Dimuon.prepare(self)
        self._fraction = branching("e") ** 2
        self._region = acceptance.region(self.machine, self.values, self.name)
        low, high = self.number("missing_mass_min"), self.number("missing_mass_max")
        if low >= high:
            raise InputError(
                f"must be below missing_mass_max ({high:g} GeV), not {low:g}",
                place=f"{self.name}.missing_mass_min",
            )
        self._squares = low * low, high * high
        self.final_state = (11, -12, 16, -11, 12, -16, 22)

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the variables; see `Process.propose`.

        Half of the points stand for events whose electron has more energy than the positron: small
        missing masses need one of them close to the beam's energy, and the grid has one peak in
        each half.
        """
        first = 1 + IsrPair.dimensions
        variables, weight = super().propose(u[:, 1:first])
        harder = u[:, 0] < 0.5
        decays, jacobian = u[:, first:].copy(), np.ones(len(u))
        for column in (0, 1):  # energy and cosine of the harder lepton
            for start, chosen in ((0, harder), (DECAY, ~harder)):
                rest = 1.0 - decays[chosen, start + column]
                decays[chosen, start + column] = 1.0 - rest**HARD
                jacobian[chosen] *= HARD * rest ** (HARD - 1)
        variables = np.concatenate((variables, decays), axis=1)
        weight *= jacobian
        rows = np.flatnonzero(weight > 0.0)
        p4 = self.momenta(variables[rows])
        inside = self._inside(p4) & ((p4[:, 0, 3] > p4[:, 3, 3]) == harder[rows])
        kept = np.zeros(len(u))
        kept[rows[inside]] = 2.0 * weight[rows[inside]]
        return variables, kept

    def _inside(self, p4: FloatArray) -> NDArray[np.bool_]:
        electrons = p4[:, (0, 3)]
        total = electrons.sum(axis=1)
        energy = self.machine.sqrt_s - total[:, 3]
        square = energy**2 - np.sum(total[:, :3] ** 2, axis=1)
        inside: NDArray[np.bool_] = (
            (electrons[:, :, 3] >= self.number("energy_min")).all(axis=1)
            & (energy >= self.number("missing_energy_min"))
            & (square >= self._squares[0]) & (square <= self._squares[1])
        )  # fmt: skip
        rows = np.flatnonzero(inside)
        moved = electrons[rows] @ self._region.matrix.T
        size = np.sqrt(np.sum(moved[:, :, :3] ** 2, axis=2))
        low, high = self._region.limits
        polar = (moved[:, :, 2] >= low * size) & (moved[:, :, 2] <= high * size)
        inside[rows] = polar.all(axis=1)
        return inside

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the products of τ⁻, those of τ⁺ and the photon, shape ``(n, 7, 4)``."""
        first = IsrPair.dimensions
        taus = super().momenta(variables[:, :first])
        products = [
            _in_flight(
                lepton_and_neutrinos(ELECTRON_MASS, variables[:, start : start + DECAY]),
                taus[:, side],
            )
            for side, start in ((0, first), (1, first + DECAY))
        ]
        return np.concatenate((*products, taus[:, 2:]), axis=1)

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return the particle codes, shape ``(n, 7)``."""
        return Process.codes(self, variables)

    def assemble(
        self, variables: FloatArray, weight: FloatArray, rng: np.random.Generator
    ) -> Events:
        """See `Process.assemble`: the decays are in the variables."""
        return Process.assemble(self, variables, weight, rng)
