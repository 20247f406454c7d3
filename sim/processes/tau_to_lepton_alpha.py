"""Signal τ → ℓα with an invisible boson α, in tau pairs with initial-state radiation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.events import Events
from sim.machine import Machine
from sim.processes.axion_like import AXION_CODE
from sim.processes.base import FloatArray
from sim.processes.constants import ELECTRON_MASS, MUON_MASS, TAU_MASS
from sim.processes.decay_chain import two_body
from sim.processes.dimuon import Dimuon
from sim.processes.parameters import Parameter
from sim.processes.tau_decay import FILTERS, TAU_CODE, branching, decay_taus, flight
from sim.processes.tau_pair import check_threshold

LEPTON = {"e": (11, ELECTRON_MASS), "mu": (13, MUON_MASS)}


class TauToLeptonAlpha(Dimuon):
    """Tau pairs in which one τ, of either charge, decays to a lepton and α; the other normally.

    The two-body decay is even: no spin of τ, no chirality of the coupling (assumption). The
    cross-section is 2σ(ττ) B(τ → ℓα) times the branching fraction of the other τ.
    """

    name = "tau_to_lepton_alpha"
    title = "tau pairs with τ → ℓα, α invisible"
    pair_mass = TAU_MASS

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Mass, lepton, branching fraction, the other τ, and those of `Dimuon`."""
        return (
            Parameter("mass", 1.0, "mass of α", "GeV", 0.0, 0.999 * TAU_MASS),
            Parameter("lepton", "e", "lepton beside α", choices=tuple(LEPTON)),
            Parameter("branching", 1e-3, "branching fraction of τ → ℓα", "", 1e-15, 1.0),
            Parameter("other", "any", "decays of the other τ", choices=tuple(FILTERS)),
            *super().parameters(machine),
        )

    def prepare(self) -> None:
        """Check energy and masses, and work out the branching fractions."""
        check_threshold(self.machine, 2.0 * TAU_MASS, self.name)
        super().prepare()
        self._code, lepton = LEPTON[self.word("lepton")]
        if self.number("mass") + lepton >= TAU_MASS:
            raise InputError(
                f"must be below {TAU_MASS - lepton:g} GeV for lepton={self.word('lepton')}, not "
                f"{self.number('mass'):g}", place=f"{self.name}.mass",
            )  # fmt: skip
        self._masses = lepton, self.number("mass")
        word = self.word("other")
        self._fraction = 2.0 * self.number("branching") * branching(word)
        self.final_state = ()

    def born(self, s_reduced: FloatArray) -> FloatArray:
        """Return σ₀(s′) times the branching fractions [nb]."""
        return super().born(s_reduced) * self._fraction

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return τ⁻, τ⁺ and photon, shape ``(n, 3)``."""
        return np.tile(np.array([TAU_CODE, -TAU_CODE, 22], dtype=np.int32), (len(variables), 1))

    def assemble(
        self, variables: FloatArray, weight: FloatArray, rng: np.random.Generator
    ) -> Events:
        """Return ℓ, α, the products of the other τ and the photon; see `Process.assemble`."""
        pairs = super().assemble(variables, weight, rng)
        n, word = len(pairs), self.word("other")
        p4, codes = pairs.p4.reshape(n, 3, 4), np.zeros((n, 4), dtype=np.int32)
        # The pair's axis has no sense of charge at lowest order, so exchanging the codes is exact.
        sign = np.where(rng.random(n) < 0.5, 1, -1)
        cosine, phi = 2.0 * rng.random(n) - 1.0, 2.0 * np.pi * rng.random(n)
        products = two_body(p4[:, 0], TAU_MASS, self._masses, cosine, phi)
        codes[:, 0], codes[:, 1], codes[:, 2], codes[:, 3] = (
            sign * self._code,
            AXION_CODE,
            -TAU_CODE * sign,
            22,
        )
        vertex = np.zeros((n, 4, 4))
        vertex[:, :2] = flight(p4[:, 0], rng)[:, None]
        listed = Events(
            4 * np.arange(n + 1, dtype=np.int64),
            codes.reshape(-1),
            np.concatenate((np.stack(products, axis=1), p4[:, 1:]), axis=1).reshape(-1, 4),
            vertex.reshape(-1, 4),
            weight,
        )
        return decay_taus(listed, rng, word, word)
