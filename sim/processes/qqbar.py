"""Continuum e⁺e⁻ → qq̄(γ) of u, d, s and c quarks, hadronised at the pair's mass."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.events import Events
from sim.hadrons.final_states import SOURCE, complete, hadronise, quark_axis
from sim.machine import Machine
from sim.processes.base import FloatArray
from sim.processes.constants import GEV2_NB
from sim.processes.isr_pair import IsrPair
from sim.processes.parameters import Parameter
from sim.processes.vacuum_polarisation import running_alpha

FLAVOURS = {"d": 1, "u": 2, "s": 3, "c": 4}
CHARGE2 = (1.0 / 9.0, 4.0 / 9.0, 1.0 / 9.0, 4.0 / 9.0)
"""Squared charges of d, u, s, c."""

LEAST_MASS = (0.28, 0.28, 1.0, 3.3)
"""Lowest mass of the pair [GeV]: two pions, two kaons, 2 m_c with m_c = 1.65 GeV (physics section
A.2)."""

CHARM_MASS = 1.65
SECOND_ORDER = 1.4
"""Coefficient of (α_s/π)² (physics section A.2)."""

FLAVOUR = 5
"""Column of the variables with the quark's code."""


class Qqbar(IsrPair):
    """e⁺e⁻ → γ* → qq̄ with α(s′) and the QCD correction under the Kuraev–Fadin radiator.

    σ₀ = 3 Q² (4πα²/3s′) β(3-β²)/2 (1 + α_s/π + 1.4 (α_s/π)²); β is 1 but for charm. The quark's
    density is 1 + c² + (1-β²)(1-c²). The pair is hadronised at √s′. Quarks stand for all hadrons
    down to threshold: there are no resonances (ρ, ω, φ, ψ) at low √s′ (assumption).

    Particles: the photon first, then the hadrons, products of decays in flight last.
    """

    name = "qqbar"
    title = "hadrons from quark pairs with initial-state radiation"
    final_state = ()
    dimensions = 6

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Lowest photon energy, flavour, strong coupling, source of final states."""
        return (
            *super().parameters(machine),
            Parameter("flavour", "udsc", "quarks", choices=("udsc", "uds", "u", "d", "s", "c")),
            Parameter("alpha_s", 0.18, "strong coupling, constant", "", 0.0, 0.5),
            SOURCE,
        )

    def prepare(self) -> None:
        """Choose the flavours and the range of x."""
        self._codes = np.array(sorted(FLAVOURS[letter] for letter in self.word("flavour")))
        self.pair_mass = 0.5 * min(LEAST_MASS[code - 1] for code in self._codes)
        ratio = self.number("alpha_s") / math.pi
        self._correction = 1.0 + ratio + SECOND_ORDER * ratio * ratio
        super().prepare()

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return photon and pair variables and the quark's code; see `Process.propose`."""
        variables, weight = super().propose(u)
        code = self._flavour(self.machine.s * (1.0 - variables[:, 0]), u)
        return np.concatenate((variables, code[:, None]), axis=1), weight

    def born(self, s_reduced: FloatArray) -> FloatArray:
        """Return the sum over the flavours [nb]."""
        result: FloatArray = self._by_flavour(s_reduced).sum(axis=1)
        return result

    def angular(self, c: FloatArray, s_reduced: FloatArray, u: FloatArray) -> FloatArray:
        """Return the density of the chosen flavour's cosθ over the uniform one."""
        charm = self._flavour(s_reduced, u) == FLAVOURS["c"]
        mass = np.where(charm, 4.0 * CHARM_MASS**2 / s_reduced, 0.0)
        result: FloatArray = (1.0 + c**2 + mass * (1.0 - c**2)) / (4.0 + 2.0 * mass) * 3.0
        return result

    def _by_flavour(self, s_reduced: FloatArray) -> FloatArray:
        return quark_pair_born(np.atleast_1d(s_reduced), self._codes) * self._correction

    def _flavour(self, s_reduced: FloatArray, u: FloatArray) -> NDArray[np.int64]:
        """Return the quark's code: by the last random number, in proportion to σ₀(s′)."""
        each = np.cumsum(self._by_flavour(s_reduced), axis=1)
        above = u[:, FLAVOUR, None] * each[:, -1:] < each
        # Below every threshold the weight is 0 and any code does.
        result: NDArray[np.int64] = self._codes[np.argmax(above, axis=1)]
        return result

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return quark, antiquark and photon."""
        quark = variables[:, FLAVOUR].astype(np.int32)
        return np.stack((quark, -quark, np.full_like(quark, 22)), axis=1)

    def assemble(
        self, variables: FloatArray, weight: FloatArray, rng: np.random.Generator
    ) -> Events:
        """Return the photon and the hadrons in the laboratory."""
        bare = super().assemble(variables, weight, rng)
        p4 = bare.p4.reshape(-1, 3, 4)
        parent = p4[:, 0] + p4[:, 1]
        axis = quark_axis(p4[:, 0], parent)
        code = variables[:, FLAVOUR].astype(np.int32)
        hadrons = hadronise(self.word("source"), code, parent, axis, rng)
        return complete(bare, [2], [hadrons], rng)


@njit()
def quark_pair_born(s: FloatArray, codes: NDArray[np.int64]) -> FloatArray:
    """Return 3Q² (4πα(s)²/3s) β(3-β²)/2 [nb] without QCD correction, shape ``(n, n_code)``.

    Parameters
    ----------
    s : ndarray, shape (n,)
        Squared masses of the pairs [GeV²].
    codes : ndarray of int64, shape (n_code,)
        1 to 4: d, u, s, c; 0 below `LEAST_MASS`.
    """
    result = np.zeros((len(s), len(codes)))
    for i in range(len(s)):
        for k in range(len(codes)):
            number = codes[k] - 1
            if s[i] < LEAST_MASS[number] ** 2:
                continue
            beta2 = 1.0 - 4.0 * CHARM_MASS**2 / s[i] if codes[k] == 4 else 1.0
            # Exactly at the threshold rounding must not make it negative.
            beta = math.sqrt(max(0.0, beta2))
            alpha = running_alpha(s[i])
            point = GEV2_NB * 4.0 * math.pi * alpha * alpha / (3.0 * s[i])
            result[i, k] = 3.0 * CHARGE2[number] * point * 0.5 * beta * (3.0 - beta2)
    return result
