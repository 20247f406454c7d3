"""Signal of inelastic dark matter: χ₁ and a long-lived χ₂ → χ₁ e⁺e⁻, with photon or dark Higgs."""

from __future__ import annotations

import math

import numpy as np

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes.base import FloatArray
from sim.processes.constants import ELECTRON_MASS, HBARC_CM
from sim.processes.dark_photon import recoil_shape
from sim.processes.dark_sector import (
    DARK_MATTER_CODE,
    excited_width,
    higgsstrahlung_shape,
    pair_shape,
    spin_correlation,
    three_body_density,
    three_body_integral,
)
from sim.processes.decay_chain import PAIRS, pair_mass, two_body
from sim.processes.long_lived import CM_PER_M, N_LENGTH, SAMPLING, LongLived, lifetime
from sim.processes.parameters import Parameter

N_EXCITED = 5
"""Random numbers of χ₂ → χ₁e⁺e⁻: q², two angles of the pair, two of the electron."""


class InelasticDarkMatter(LongLived):
    """χ₁χ₂ from a virtual A′, from a real one beside a photon, or from one beside a dark Higgs h′.

    χ₂ → χ₁e⁺e⁻ goes by a virtual A′ with the lowest order's density, χ₂ unpolarised (assumption).
    The directions of χ₁ and χ₂ are exact for ``pair`` and ``higgs``, and isotropic in the rest
    frame of A′ for ``photon`` (assumption). All χ₂ decay to χ₁e⁺e⁻ and all h′ to the pair: their
    branching fractions are not in the cross-section. No further initial-state radiation.
    """

    name = "inelastic_dark_matter"
    title = "inelastic dark matter: long-lived excited state, photon or long-lived dark Higgs"
    lifetimes = ("ctau", "ctau_higgs")

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Masses, couplings, production and lifetimes."""
        top = 0.99 * machine.sqrt_s
        return (
            Parameter("mass", 1.0, "mass of χ₁", "GeV", 1e-3, top),
            Parameter("splitting", 0.4, "mass difference of χ₂ and χ₁", "GeV", 2e-3, top),
            Parameter("mediator_mass", 3.0, "mass of A′", "GeV", 1e-2, 100.0),
            lifetime(of="χ₂"),
            Parameter("production", "pair", "χ₁χ₂ alone, with a photon, or with a dark Higgs",
                      choices=("pair", "photon", "higgs")),
            Parameter("epsilon", 1e-3, "kinetic mixing ε", "", 1e-12, 1.0),
            Parameter("alpha_d", 0.1, "coupling α_D in the dark sector", "", 1e-12, 1.0),
            Parameter("photon_cosine", 0.95, "largest |cos θ*| of the photon", "", 0.01, 0.9999),
            Parameter("higgs_mass", 1.0, "mass of h′", "GeV", 1e-2, top),
            Parameter("higgs_decay", "mumu", "what h′ leaves", choices=tuple(PAIRS)),
            lifetime("ctau_higgs", of="h′"),
            SAMPLING,
        )  # fmt: skip

    def prepare(self) -> None:
        """Check the masses and choose the final state."""
        self._masses = self.number("mass"), self.number("mass") + self.number("splitting")
        self._mediator, self._made = self.number("mediator_mass"), self.word("production")
        self._check_masses()
        chain = (DARK_MATTER_CODE, DARK_MATTER_CODE, 11, -11)
        self._first = 1 if self._made == "photon" else 0
        self.final_state = (22,) * self._first + chain
        self.products = (tuple(range(self._first + 1, self._first + 4)),)
        self._n_angle = 2 if self._made == "pair" else 4
        if self._made == "higgs":
            self.final_state += PAIRS[self.word("higgs_decay")]
            self.products += ((4, 5),)
            self._n_angle = 6
        self.dimensions = self._n_angle + N_EXCITED + N_LENGTH * len(self.products)
        self._norm = three_body_integral(self._masses, self._mediator)
        self._range = (4.0 * ELECTRON_MASS**2, self.number("splitting") ** 2)

    def _check_masses(self) -> None:
        root, both = self.machine.sqrt_s, sum(self._masses)
        if self.number("splitting") >= self._mediator:
            raise InputError(
                f"must be below mediator_mass ({self._mediator:g}), not "
                f"{self.number('splitting'):g}: A′ must be virtual in the decay of χ₂",
                place=f"{self.name}.splitting",
            )
        if both >= root:
            raise InputError(
                f"χ₁ and χ₂ must be below √s = {root:.5g} GeV together, not {both:g}",
                place=f"{self.name}.mass",
            )
        if self._made == "pair":
            return
        higgs = self.number("higgs_mass") if self._made == "higgs" else 0.0
        if not both < self._mediator < 0.999 * (root - higgs):
            raise InputError(
                f"must be above the masses of χ₁ and χ₂ ({both:g} GeV) and below "
                f"{0.999 * (root - higgs):.5g} with production={self._made}, not "
                f"{self._mediator:g}", place=f"{self.name}.mediator_mass",
            )  # fmt: skip
        word = self.word("higgs_decay")
        if self._made == "higgs" and higgs <= 2.0 * pair_mass(word):
            raise InputError(
                f"must be above {2.0 * pair_mass(word):g} GeV for higgs_decay={word}, not "
                f"{higgs:g}", place=f"{self.name}.higgs_mass",
            )  # fmt: skip

    @property
    def coupling_ctau_m(self) -> float:
        """cτ of χ₂ [m] that follows from masses and couplings when χ₁e⁺e⁻ is its only decay."""
        width = excited_width(
            self._masses, self._mediator, self.number("epsilon"), self.number("alpha_d")
        )
        return HBARC_CM / width / CM_PER_M

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return angles, q² [GeV²] with the angles of χ₂'s decay, and decay lengths [cm].

        The angles, cosine and azimuth in turn: of the first step, of the decays of A′ and h′.
        """
        end = self._n_angle + N_EXCITED
        angle = 2.0 * u[:, :end] - 1.0
        excited = self._n_angle
        angle[:, 1:excited:2] *= math.pi
        angle[:, [excited + 2, excited + 4]] *= math.pi
        low, high = self._range
        angle[:, excited] = low + (high - low) * u[:, excited]
        density = three_body_density(
            angle[:, excited], angle[:, excited + 3], self._masses, self._mediator
        )
        weight = density * (high - low) / self._norm
        if self._made == "photon":
            largest = math.atanh(self.number("photon_cosine"))
            angle[:, 0] = np.tanh(largest * (2.0 * u[:, 0] - 1.0))
        variables = np.concatenate((angle, self.lengths(u[:, end:])), axis=1)
        return variables, weight * self._production(variables)

    def _production(self, variables: FloatArray) -> FloatArray:
        """Return the cross-section of production [nb] over the density of the proposed angles."""
        s, cosine = self.machine.s, variables[:, 0]
        epsilon, alpha_d = self.number("epsilon"), self.number("alpha_d")
        if self._made == "pair":
            a, b = pair_shape(s, self._mediator, self._masses, epsilon, alpha_d)
            return 2.0 * (a + b * cosine**2)
        if self._made == "photon":
            a, b, _ = recoil_shape(s, self._mediator, epsilon)
            return 2.0 * math.atanh(self.number("photon_cosine")) * (a + b * cosine**2)
        a, b = higgsstrahlung_shape(s, self._mediator, self.number("higgs_mass"), epsilon, alpha_d)
        first, second = self._dark_pair(variables)[-1]
        correlation = spin_correlation(self.machine.sqrt_s, first, second, self._masses)
        return 2.0 * (a * (1.0 - cosine**2) + b) * correlation

    def _dark_pair(
        self, variables: FloatArray
    ) -> tuple[FloatArray | None, tuple[FloatArray, FloatArray]]:
        """Return what recoils against A′, if anything, and χ₁ and χ₂."""
        root = self.machine.sqrt_s
        start = np.broadcast_to(np.array([0.0, 0.0, 0.0, root]), (len(variables), 4))
        if self._made == "pair":
            return None, two_body(start, root, self._masses, variables[:, 0], variables[:, 1])
        other = self.number("higgs_mass") if self._made == "higgs" else 0.0
        mediator, recoil = two_body(
            start, root, (self._mediator, other), variables[:, 0], variables[:, 1]
        )
        pair = two_body(mediator, self._mediator, self._masses, variables[:, 2], variables[:, 3])
        return recoil, pair

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the particles in the order of `final_state`, shape ``(n, 4 to 6, 4)`` [GeV]."""
        recoil, (stable, excited) = self._dark_pair(variables)
        q2, cos_pair, phi_pair, cosine, phi = variables[:, self._n_angle :].T[:N_EXCITED]
        q = np.sqrt(q2)
        m1, m2 = self._masses
        # The electron's angle counts from the pair's direction, so the pair is made at rest first.
        at_rest = np.zeros_like(excited)
        at_rest[:, 3] = m2
        _, axis = two_body(at_rest, m2, (m1, q), cos_pair, phi_pair)
        last, _ = two_body(excited, m2, (m1, q), cos_pair, phi_pair)
        rest = two_body(axis, q, (ELECTRON_MASS, ELECTRON_MASS), cosine, phi, axis)
        electrons = [_moved(one, excited, m2) for one in rest]
        listed = [stable, last, *electrons]
        if recoil is not None and self._made == "photon":
            listed.insert(0, recoil)
        if recoil is not None and self._made == "higgs":
            each = pair_mass(self.word("higgs_decay"))
            listed += two_body(
                recoil, self.number("higgs_mass"), (each, each), variables[:, 4], variables[:, 5]
            )
        return np.stack(listed, axis=1)


def _moved(p4: FloatArray, frame: FloatArray, mass: float) -> FloatArray:
    """Return four-vectors given in the rest frame of `frame`, shape ``(n, 4)``, in its frame."""
    along = np.sum(frame[:, :3] * p4[:, :3], axis=1)
    energy = (frame[:, 3] * p4[:, 3] + along) / mass
    factor = (p4[:, 3] + energy) / (frame[:, 3] + mass)
    moved = p4[:, :3] + factor[:, None] * frame[:, :3]
    return np.concatenate((moved, energy[:, None]), axis=1)
