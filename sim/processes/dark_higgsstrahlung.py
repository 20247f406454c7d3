"""Signal e⁺e⁻ → A′h′: a dark photon that decays at once and a long-lived dark Higgs boson."""

from __future__ import annotations

import math

import numpy as np

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes.base import FloatArray
from sim.processes.dark_photon import DARK_PHOTON_CODE
from sim.processes.dark_sector import higgsstrahlung_shape, spin_correlation
from sim.processes.decay_chain import PAIRS, pair_mass, two_body
from sim.processes.long_lived import N_LENGTH, SAMPLING, LongLived, lifetime
from sim.processes.parameters import Parameter

DARK_HIGGS_CODE = 54
"""Particle code of a neutral scalar mediator (Particle Data Group, Monte Carlo numbering)."""

INVISIBLE = "invisible"
N_MEDIATOR = 4
N_HIGGS = 2


class DarkHiggsstrahlung(LongLived):
    """A dark photon A′ and a dark Higgs boson h′ from a virtual A′.

    The directions of the pair from A′ follow its polarisation; h′ has none. Branching fractions of
    the chosen decays are not in the cross-section. No initial-state radiation.
    """

    name = "dark_higgsstrahlung"
    title = "dark photon, decays at once, and long-lived dark Higgs boson"

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Masses, couplings, decays and the lifetime of h′."""
        top = machine.sqrt_s
        return (
            Parameter("mediator_mass", 4.0, "mass of A′", "GeV", 1e-2, 0.99 * top),
            Parameter("higgs_mass", 1.0, "mass of h′", "GeV", 1e-2, 0.99 * top),
            lifetime(of="h′"),
            Parameter("mediator_decay", "mumu", "what A′ leaves, at once",
                      choices=("mumu", "ee", INVISIBLE)),
            Parameter("higgs_decay", "mumu", "what h′ leaves", choices=(*PAIRS, INVISIBLE)),
            Parameter("epsilon", 1e-3, "kinetic mixing ε", "", 1e-12, 1.0),
            Parameter("alpha_d", 0.1, "coupling α_D in the dark sector", "", 1e-12, 1.0),
            SAMPLING,
        )  # fmt: skip

    def prepare(self) -> None:
        """Check the masses and choose the final state."""
        masses = self.number("mediator_mass"), self.number("higgs_mass")
        if sum(masses) >= self.machine.sqrt_s:
            raise InputError(
                f"mediator_mass and higgs_mass must be below √s = {self.machine.sqrt_s:.5g} GeV "
                f"together, not {sum(masses):g}", place=self.name,
            )  # fmt: skip
        words = self.word("mediator_decay"), self.word("higgs_decay")
        for name, mass, word in zip(("mediator", "higgs"), masses, words, strict=True):
            if word != INVISIBLE and mass <= 2.0 * pair_mass(word):
                raise InputError(
                    f"must be above {2.0 * pair_mass(word):g} GeV for {name}_decay={word}, not "
                    f"{mass:g}", place=f"{self.name}.{name}_mass",
                )  # fmt: skip
        self._masses = masses
        first = PAIRS.get(words[0], (DARK_PHOTON_CODE,))
        second = PAIRS.get(words[1], (DARK_HIGGS_CODE,))
        self.final_state = (*first, *second)
        self.products = ((len(first), len(first) + 1),) if words[1] != INVISIBLE else ()
        self.dimensions = N_MEDIATOR + (N_HIGGS + N_LENGTH) * len(self.products)
        self._shape = higgsstrahlung_shape(
            self.machine.s, *masses, self.number("epsilon"), self.number("alpha_d")
        )

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cosines and azimuths of A′, its decay and that of h′, and the length [cm]."""
        end = self.dimensions - N_LENGTH * len(self.products)
        angle = 2.0 * u[:, :end] - 1.0
        angle[:, 1::2] *= math.pi
        variables = np.concatenate((angle, self.lengths(u[:, end:])), axis=1)
        a, b = self._shape
        weight = 2.0 * (a * (1.0 - angle[:, 0] ** 2) + b)
        if self.word("mediator_decay") != INVISIBLE:
            p4 = self.momenta(variables)
            each = pair_mass(self.word("mediator_decay"))
            weight = weight * spin_correlation(
                self.machine.sqrt_s, p4[:, 0], p4[:, 1], (each, each)
            )
        return variables, weight

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the products of A′, then those of h′, shape ``(n, 2 to 4, 4)`` [GeV]."""
        root = self.machine.sqrt_s
        start = np.broadcast_to(np.array([0.0, 0.0, 0.0, root]), (len(variables), 4))
        parents = two_body(start, root, self._masses, variables[:, 0], variables[:, 1])
        listed: list[FloatArray] = []
        words = self.word("mediator_decay"), self.word("higgs_decay")
        for number, (parent, word) in enumerate(zip(parents, words, strict=True)):
            if word == INVISIBLE:
                listed.append(parent)
                continue
            each, at = pair_mass(word), 2 + 2 * number
            listed += two_body(
                parent, self._masses[number], (each, each), variables[:, at], variables[:, at + 1]
            )
        return np.stack(listed, axis=1)
