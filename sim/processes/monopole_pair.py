"""Pairs of magnetic (or multiple electric) charges e⁺e⁻ → M M̄ from a virtual photon."""

from __future__ import annotations

import math

import numpy as np

from firmware_models.errors import InputError
from sim.detector.exotic import electric_code, magnetic_code
from sim.machine import Machine
from sim.processes.base import FloatArray
from sim.processes.constants import ALPHA, GEV2_NB
from sim.processes.dimuon import lepton_pair_born
from sim.processes.isr_pair import IsrPair
from sim.processes.parameters import Parameter


class MonopolePair(IsrPair):
    """e⁺e⁻ → γ* → M M̄ of any mass, with or without initial-state radiation.

    The cross-section is a **convention**, not a prediction: the lowest order of a muon pair with
    the charge e replaced by gβ (``velocity=on``: what a moving magnetic charge g exerts on a
    resting electric one) or by g, β the velocity in the pair's frame. Limits are on the
    cross-section; the coupling is strong at one Dirac charge, where no expansion holds. Spin 1/2:
    1 + c² + (1-β²)(1-c²), spin 0: 1 - c². The codes carry the charge (`sim.detector.exotic`).
    """

    name = "monopole_pair"
    title = "pair of magnetic charges, or of multiple electric ones"

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Mass, charge, its nature, spin, convention of the cross-section, radiation."""
        return (
            *super().parameters(machine),
            Parameter("mass", 4.5, "mass of M", "GeV", 0.05, 0.499 * machine.sqrt_s),
            Parameter("charge", 1.0, "charge: magnetic in steps of 0.01, electric whole", "e",
                      0.01, 99.99),
            Parameter("nature", "magnetic", "what is charged", choices=("magnetic", "electric")),
            Parameter("spin", "half", "spin of M", choices=("half", "zero")),
            Parameter("velocity", "on", "factor β² in a magnetic charge's cross-section",
                      choices=("on", "off")),
            Parameter("radiation", "off", "initial-state radiation", choices=("off", "on")),
        )  # fmt: skip

    def prepare(self) -> None:
        """Find the codes; without radiation there are two variables and two particles."""
        self.pair_mass = self.number("mass")
        self._radiates = self.word("radiation") == "on"
        self._magnetic = self.word("nature") == "magnetic"
        if not self._radiates and self.number("photon_energy_min") > 0.0:
            raise InputError("needs radiation=on", place=f"{self.name}.photon_energy_min")
        highest = 0.5 * self.machine.sqrt_s * (1.0 - 4.0 * self.pair_mass**2 / self.machine.s)
        if self.number("photon_energy_min") >= highest:
            raise InputError(
                f"must be below {highest:.5g} GeV, which is left beside the pair",
                place=f"{self.name}.photon_energy_min",
            )
        try:
            make = magnetic_code if self._magnetic else electric_code
            code = make(self.number("charge"))
        except InputError as error:
            raise InputError(str(error), place=f"{self.name}.charge") from error
        self.final_state = (code, -code, 22) if self._radiates else (code, -code)
        self.dimensions = 5 if self._radiates else 2
        super().prepare()

    def born(self, s_reduced: FloatArray) -> FloatArray:
        """Return the convention's cross-section [nb]."""
        s = np.atleast_1d(s_reduced)
        beta2 = np.maximum(1.0 - 4.0 * self.pair_mass**2 / s, 0.0)
        charge2 = np.full(len(s), self.number("charge") ** 2)
        if self._magnetic and self.word("velocity") == "on":
            charge2 *= beta2
        if self.word("spin") == "half":
            return np.asarray(charge2 * lepton_pair_born(s, False, self.pair_mass))
        scalar = GEV2_NB * math.pi * ALPHA**2 / (3.0 * s) * beta2 * np.sqrt(beta2)
        return np.asarray(charge2 * scalar)

    def angular(self, c: FloatArray, s_reduced: FloatArray, u: FloatArray) -> FloatArray:
        """Return the density of cosθ over the uniform one."""
        if self.word("spin") == "zero":
            return np.asarray(1.5 * (1.0 - c**2))
        rest = 4.0 * self.pair_mass**2 / s_reduced
        return np.asarray((1.0 + c**2 + rest * (1.0 - c**2)) * 3.0 / (4.0 + 2.0 * rest))

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cosθ and azimuth; with radiation the variables of `IsrPair`."""
        if self._radiates:
            return super().propose(u)
        c, s = 2.0 * u[:, 0] - 1.0, np.full(len(u), self.machine.s)
        variables = np.stack((c, 2.0 * math.pi * u[:, 1]), axis=1)
        return variables, self.born(s) * self.angular(c, s, u)

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the pair, and the photon if there is one, shape ``(n, 2 or 3, 4)`` [GeV]."""
        if self._radiates:
            return super().momenta(variables)
        energy = 0.5 * self.machine.sqrt_s
        p = math.sqrt(energy**2 - self.pair_mass**2)
        c, phi = variables[:, 0], variables[:, 1]
        across = p * np.sqrt(1.0 - c * c)
        one = np.stack((across * np.cos(phi), across * np.sin(phi), p * c, 0.0 * c + energy), 1)
        return np.stack((one, one * np.array([-1.0, -1.0, -1.0, 1.0])), axis=1)
