"""Υ(4S) → BB̄ with all decays of both mesons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.events import Events
from sim.hadrons.final_states import SOURCE, complete, hadronise
from sim.machine import Machine
from sim.processes.b_to_k_s import B_MASS, B_PAIRS_NB, CHARGED_SHARE
from sim.processes.base import FloatArray, Process
from sim.processes.decay_chain import sine_squared, two_body
from sim.processes.parameters import Parameter

NEUTRAL_MASS = 5.27972
"""Mass of the B⁰ (Particle Data Group 2024) [GeV]."""

KINDS = {"both": (0.0, 1.0), "charged": (0.0, CHARGED_SHARE), "neutral": (CHARGED_SHARE, 1.0)}
"""Part of the unit interval: below `CHARGED_SHARE` B⁺B⁻, above B⁰B̄⁰."""


class Bbbar(Process):
    """e⁺e⁻ → Υ(4S) → B⁺B⁻ or B⁰B̄⁰, a constant cross-section.

    1.110 nb (Belle II Physics Book, arXiv:1808.10567), of which 51.4 % charged. The mesons have the
    density sin²θ*. They decay independently of each other by Pythia's tables, at the collision
    point: flights of B, D and τ, at most some 0.3 mm, are left out (assumption).
    """

    name = "bbbar"
    title = "B meson pairs at the Υ(4S), all decays"
    final_state = ()
    dimensions = 3
    flat = True
    balanced = False

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Charge of the mesons, source of final states."""
        kinds = Parameter("mesons", "both", "B⁺B⁻, B⁰B̄⁰, or both", choices=tuple(KINDS))
        return kinds, SOURCE

    def prepare(self) -> None:
        """Check √s and work out the cross-section."""
        if self.machine.sqrt_s <= 2.0 * NEUTRAL_MASS:
            raise InputError(
                f"√s must be above two B masses, {2.0 * NEUTRAL_MASS:g} GeV, not "
                f"{self.machine.sqrt_s:g}", place=self.name,
            )  # fmt: skip
        low, high = KINDS[self.word("mesons")]
        self.unit = B_PAIRS_NB * (high - low)

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cosine and azimuth of the first meson, and the pair's kind: 521 or 511."""
        low, high = KINDS[self.word("mesons")]
        code = np.where(low + (high - low) * u[:, 2] < CHARGED_SHARE, 521.0, 511.0)
        variables = np.stack((sine_squared(u[:, 0]), 2.0 * np.pi * u[:, 1], code), axis=1)
        return variables, np.full(len(u), self.unit)

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the two mesons, shape ``(n, 2, 4)`` [GeV]."""
        n, root = len(variables), self.machine.sqrt_s
        start = np.broadcast_to(np.array([0.0, 0.0, 0.0, root]), (n, 4))
        mass = np.where(variables[:, 2] == 521.0, B_MASS, NEUTRAL_MASS)
        return np.stack(
            two_body(start, root, (mass, mass), variables[:, 0], variables[:, 1]), axis=1
        )

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return the codes of meson and antimeson."""
        code = variables[:, 2].astype(np.int32)
        return np.stack((code, -code), axis=1)

    def assemble(
        self, variables: FloatArray, weight: FloatArray, rng: np.random.Generator
    ) -> Events:
        """Return all products of both mesons in the laboratory."""
        bare = super().assemble(variables, weight, rng)
        p4, code = bare.p4.reshape(-1, 2, 4), bare.pdg.reshape(-1, 2)
        source = self.word("source")
        systems = [hadronise(source, code[:, i], p4[:, i], p4[:, i], rng) for i in range(2)]
        return complete(bare, [], systems, rng)
