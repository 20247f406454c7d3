"""Signal e⁺e⁻ → μ⁺μ⁻X or τ⁺τ⁻X: a Z′, a scalar or a pseudoscalar radiated by a lepton."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.events import Events
from sim.machine import Machine
from sim.processes.axion_like import AXION_CODE
from sim.processes.base import FloatArray, Process
from sim.processes.constants import ELECTRON_MASS, MUON_MASS, TAU_MASS
from sim.processes.dark_photon import DARK_PHOTON_CODE
from sim.processes.decay_chain import two_body
from sim.processes.lepton_boson import MODELS, lepton_momenta, propose_leptons
from sim.processes.parameters import Parameter
from sim.processes.tau_decay import TAU_CODE, decay_taus
from sim.processes.tau_pair import check_threshold

LEPTONS = {
    "ee": (11, ELECTRON_MASS),
    "mumu": (13, MUON_MASS),
    "tautau": (TAU_CODE, TAU_MASS),
}
"""Code of the negative lepton and mass [GeV] of a pair."""

INVISIBLE = "invisible"


class MumuZprime(Process):
    """ℓ⁻ℓ⁺X at lowest order with all lepton masses, α at zero and X narrow; see `lepton_boson`.

    X decays evenly, which is exact without spin and leaves out the polarisation of a vector
    (assumption). Its branching fractions are not in the cross-section
    (`boson_widths.invisible_fraction`). τ leptons decay by `tau_decay`. No initial-state radiation.
    Pairs from X and the leptons beside it do not interfere.
    """

    name = "mumu_zprime"
    title = "muon or tau pair and a Z′, scalar or pseudoscalar radiated by it"

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Mass, coupling, model and decay of X, and the pair that radiates it."""
        return (
            Parameter("mass", 1.0, "mass of X", "GeV", 1e-2, 0.999 * machine.sqrt_s),
            Parameter("coupling", 1e-3, "coupling g of X to the radiating lepton", "", 1e-12, 10.0),
            Parameter("model", "vector", "coupling g ℓ̄γℓ, g ℓ̄ℓ or g ℓ̄iγ₅ℓ", choices=MODELS),
            Parameter("pair", "mumu", "leptons that radiate", choices=("mumu", "tautau")),
            Parameter("decay", INVISIBLE, "what X leaves", choices=(INVISIBLE, *LEPTONS)),
        )

    def prepare(self) -> None:
        """Check the masses and choose the final state."""
        mass, word = self.number("mass"), self.word("decay")
        code, each = LEPTONS[self.word("pair")]
        check_threshold(self.machine, 2.0 * each, self.name)
        top = self.machine.sqrt_s - 2.0 * each
        if mass >= top:
            raise InputError(
                f"must be below {top:g} GeV for pair={self.word('pair')}, not {mass:g}",
                place=f"{self.name}.mass",
            )
        self._masses = each, each, mass
        self._kind = MODELS.index(self.word("model"))
        boson = DARK_PHOTON_CODE if self._kind == 0 else AXION_CODE
        self._codes: tuple[int, ...] = (code, -code, boson)
        self._product = 0.0
        if word != INVISIBLE:
            own, self._product = LEPTONS[word]
            if mass <= 2.0 * self._product:
                raise InputError(
                    f"must be above {2.0 * self._product:g} GeV for decay={word}, not {mass:g}",
                    place=f"{self.name}.mass",
                )
            self._codes = (code, -code, own, -own)
        self.dimensions = 5 if word == INVISIBLE else 7
        self.final_state = () if TAU_CODE in self._codes else self._codes

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the variables of `propose_leptons`, then cosine and azimuth of the decay of X."""
        variables, weight = propose_leptons(u, self.machine.s, self._masses, self._kind)
        weight = weight * self.number("coupling") ** 2
        if self.dimensions == 5:
            return variables, weight
        angles = np.stack((2.0 * u[:, 5] - 1.0, 2.0 * math.pi * u[:, 6]), axis=1)
        return np.concatenate((variables, angles), axis=1), weight

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return ℓ⁻, ℓ⁺, and X or its products before τ leptons decay, ``(n, 3 or 4, 4)``."""
        p4: FloatArray = lepton_momenta(variables, self.machine.s, self._masses)
        if self.dimensions == 5:
            return p4
        products = two_body(
            p4[:, 2], self._masses[2], (self._product, self._product),
            variables[:, 5], variables[:, 6],
        )  # fmt: skip
        return np.concatenate((p4[:, :2], np.stack(products, axis=1)), axis=1)

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return the codes before τ leptons decay, shape ``(n, 3 or 4)``."""
        return np.tile(np.array(self._codes, dtype=np.int32), (len(variables), 1))

    def assemble(
        self, variables: FloatArray, weight: FloatArray, rng: np.random.Generator
    ) -> Events:
        """Let τ leptons decay; see `Process.assemble`."""
        return decay_taus(super().assemble(variables, weight, rng), rng)
