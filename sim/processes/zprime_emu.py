"""Signal e⁺e⁻ → e±μ∓Z′ with an invisible Z′ that changes the lepton's flavour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.machine import Machine
from sim.processes.base import FloatArray, Process
from sim.processes.constants import ELECTRON_MASS, MUON_MASS
from sim.processes.dark_photon import DARK_PHOTON_CODE
from sim.processes.lepton_boson import lepton_momenta, propose_leptons
from sim.processes.parameters import Parameter

CHARGE = 5


class ZprimeEmu(Process):
    """e±μ∓Z′ with the coupling g ē γ μ Z′, from a virtual photon; both charges alike.

    The search that this serves is independent of a model (Belle II, Phys. Rev. Lett. 124 (2020)
    141801): it needs kinematics, not a cross-section. They are those of `mumu_zprime` with the
    flavour of one lepton changed at the vertex of Z′ and the squared amplitude of massless leptons;
    diagrams in which the beams themselves couple to Z′ are left out (assumptions).
    """

    name = "zprime_emu"
    title = "electron, muon of opposite charge and an invisible flavour-changing Z′"
    final_state = (11, -13, DARK_PHOTON_CODE)
    dimensions = 6

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Mass and coupling of Z′: heavier than a muon, which would else decay to it."""
        return (
            Parameter("mass", 1.0, "mass of Z′", "GeV", 0.15, 0.98 * machine.sqrt_s),
            Parameter("coupling", 1e-3, "coupling g of Z′ to e and μ", "", 1e-12, 10.0),
        )

    def prepare(self) -> None:
        """Collect the masses."""
        self._masses = ELECTRON_MASS, MUON_MASS, self.number("mass")

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the variables of `propose_leptons` and the electron's charge."""
        variables, weight = propose_leptons(u, self.machine.s, self._masses, 0)
        charge = np.where(u[:, CHARGE, None] < 0.5, -1.0, 1.0)
        # e⁻μ⁺ and e⁺μ⁻ each have the cross-section of one pair.
        weight = weight * 2.0 * self.number("coupling") ** 2
        return np.concatenate((variables, charge), axis=1), weight

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return electron, muon and Z′, shape ``(n, 3, 4)`` [GeV]."""
        p4: FloatArray = lepton_momenta(variables, self.machine.s, self._masses)
        return p4

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return the codes: e⁻μ⁺ or e⁺μ⁻, and Z′."""
        codes = np.tile(np.asarray(self.final_state, dtype=np.int32), (len(variables), 1))
        codes[variables[:, CHARGE] > 0.0, :2] *= -1
        return codes
