"""Signal B → K S at the Υ(4S): a charged kaon and a long-lived scalar or pseudoscalar."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.detector.particles import particle_type
from sim.machine import Machine
from sim.processes.base import FloatArray
from sim.processes.decay_chain import PAIRS, pair_mass, sine_squared, two_body
from sim.processes.long_lived import N_LENGTH, SAMPLING, LongLived, lifetime
from sim.processes.parameters import Parameter
from sim.processes.phase_space import isotropic

B_MASS = 5.27941
"""Mass of the B⁺ (Particle Data Group 2024) [GeV]."""

DECAYS = {**PAIRS, "gammagamma": (22, 22)}
"""What S may leave."""

B_PAIRS_NB, CHARGED_SHARE = 1.110, 0.514
"""e⁺e⁻ → Υ(4S) → BB̄ [nb] (Belle II Physics Book, arXiv:1808.10567) and the share of B⁺B⁻."""

OTHER = (211, 211, -211, -211, -211, 111, 111, 111)
"""Model of the other B⁻: five charged and three neutral pions. Both B have 10.7 charged particles
(CLEO, Phys. Rev. D 61 (2000) 072002; recalled, not read again)."""

COS_B, PHI_B, CHARGE, COS_K, PHI_K, COS_PAIR, PHI_PAIR = range(7)
N_ANGLE = 7


class BToKS(LongLived):
    """Υ(4S) → B⁺B⁻ with one B → K S, S → a pair at the end of its flight.

    The B mesons have the density sin²θ* and the momentum √(s/4 - m_B²); decays are isotropic, which
    is exact for particles without spin, scalar or pseudoscalar alike. The other B is left out, or
    decays to eight pions by phase space.
    """

    name = "b_to_k_s"
    title = "B to K and a long-lived scalar or pseudoscalar that decays to a pair"
    flat = True
    balanced = False

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Mass, lifetime and decay of S, and the other B."""
        top = B_MASS - particle_type(321).mass
        return (
            Parameter("mass", 1.0, "mass of S", "GeV", 1e-3, 0.9999 * top),
            lifetime(of="S"),
            Parameter("decay", "mumu", "what S leaves", choices=tuple(DECAYS)),
            Parameter("parity", "even", "of S; odd: a pseudoscalar, no decay to two mesons",
                      choices=("even", "odd")),
            Parameter("branching", 1e-7, "of B → K S times that of the decay of S", "", 1e-15, 1.0),
            Parameter("other", "left_out", "the other B: left out, or eight pions",
                      choices=("left_out", "pions")),
            SAMPLING,
        )  # fmt: skip

    def prepare(self) -> None:
        """Check the masses and choose the final state."""
        if self.machine.sqrt_s <= 2.0 * B_MASS:
            raise InputError(
                f"√s must be above two B masses, {2.0 * B_MASS:g} GeV, not "
                f"{self.machine.sqrt_s:g}", place=self.name,
            )  # fmt: skip
        word = self.word("decay")
        self._each = pair_mass(word) if word in PAIRS else 0.0
        least = 2.0 * self._each
        if self.number("mass") <= least:
            raise InputError(
                f"must be above {least:g} GeV for decay={word}, not {self.number('mass'):g}",
                place=f"{self.name}.mass",
            )
        if self.word("parity") == "odd" and word in ("pipi", "KK"):
            raise InputError(
                f"must be ee, mumu or gammagamma with parity=odd, not {word}",
                place=f"{self.name}.decay",
            )
        self._other = OTHER if self.word("other") == "pions" else ()
        self.final_state = (321, *DECAYS[word], *self._other)
        self.products = ((1, 2),)
        self.dimensions = N_ANGLE + N_LENGTH + 4 * len(self._other)
        self.unit = 2.0 * CHARGED_SHARE * B_PAIRS_NB * self.number("branching")

    @property
    def b_momentum(self) -> float:
        """Momentum of a B in the centre-of-mass frame [GeV]."""
        return math.sqrt(0.25 * self.machine.s - B_MASS**2)

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return angles, charge, the other B's random numbers and the decay length of S [cm]."""
        angle = 2.0 * u[:, :N_ANGLE] - 1.0
        angle[:, [PHI_B, PHI_K, PHI_PAIR]] *= math.pi
        angle[:, COS_B] = sine_squared(u[:, COS_B])
        angle[:, CHARGE] = np.where(u[:, CHARGE] < 0.5, 1.0, -1.0)
        end = N_ANGLE + N_LENGTH
        length = self.lengths(u[:, N_ANGLE:end])
        return np.concatenate((angle, u[:, end:], length), axis=1), np.full(len(u), self.unit)

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return kaon, pair and, if any, the other B's pions, shape ``(n, 3 or 11, 4)`` [GeV]."""
        angle, mass = variables[:, :N_ANGLE].T, self.number("mass")
        n, energy = len(variables), 0.5 * self.machine.sqrt_s
        start = np.broadcast_to(np.array([0.0, 0.0, 0.0, 2.0 * energy]), (n, 4))
        signal, other = two_body(start, 2.0 * energy, (B_MASS, B_MASS), angle[COS_B], angle[PHI_B])
        kaon_mass = particle_type(321).mass
        kaon, scalar = two_body(signal, B_MASS, (kaon_mass, mass), angle[COS_K], angle[PHI_K])
        pair = two_body(scalar, mass, (self._each, self._each), angle[COS_PAIR], angle[PHI_PAIR])
        p4 = np.stack((kaon, *pair), axis=1)
        if not self._other:
            return p4
        masses = [particle_type(code).mass for code in self._other]
        numbers = variables[:, N_ANGLE:-1].reshape(n, len(masses), 4)
        return np.concatenate((p4, isotropic(numbers, other, B_MASS, masses)), axis=1)

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return the particle codes; the kaon's charge is that of its B, the other B has none."""
        codes = np.tile(np.asarray(self.final_state, dtype=np.int32), (len(variables), 1))
        negative = variables[:, CHARGE] < 0.0
        swapped = np.array([0, *range(3, len(self.final_state) - 3 * bool(self._other))])
        codes[np.ix_(negative, swapped)] *= -1
        return codes
