"""Four muons, e⁺e⁻ → μ⁺μ⁻μ⁺μ⁻, exact lowest order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes import four_muon_sampling
from sim.processes.acceptance import REGION, region
from sim.processes.base import Process
from sim.processes.constants import GEV2_NB, MUON_MASS
from sim.processes.four_muon_amplitude import four_muon_square
from sim.processes.parameters import Parameter

FloatArray = NDArray[np.float64]


class Fourmuon(Process):
    """e⁺e⁻ → μ⁻μ⁺μ⁻μ⁺, the background of a resonance of two muons beside two others.

    All twelve diagrams of lowest order with the muon's mass and the antisymmetry of like muons
    (`four_muon_amplitude`), α(0). Like muons stand by falling energy in the centre-of-mass frame.
    Without cuts all events are there; `required` muons may be asked to be inside. Left out: the
    electron's mass, the Z, resonances in the photons, and radiation.
    """

    name = "fourmuon"
    title = "four muons, exact lowest order"
    final_state = (13, -13, 13, -13)
    dimensions = four_muon_sampling.DIMENSIONS
    channels = four_muon_sampling.CHANNELS

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Region of the muons and lowest mass of a pair."""
        # Below their thresholds `prepare` says what is wrong.
        half = max(0.45 * machine.sqrt_s, 2.0 * MUON_MASS)
        return (
            *REGION,
            Parameter(
                "required", "0", "muons that must be inside", choices=("0", "1", "2", "3", "4")
            ),
            Parameter(
                "momentum_min", 0.0, "lowest momentum of a muon inside, in the frame of the angles",
                "GeV", 0.0, half,
            ),
            Parameter(
                "mass_min", 2.0 * MUON_MASS, "lowest mass of every pair of opposite charges",
                "GeV", 2.0 * MUON_MASS, half,
            ),
        )  # fmt: skip

    def prepare(self) -> None:
        """Turn the parameters into the kernel's region."""
        if self.machine.sqrt_s <= 4.0 * MUON_MASS:
            raise InputError(
                f"four muons need √s above {4.0 * MUON_MASS:.4f} GeV, "
                f"not {self.machine.sqrt_s:.4f} GeV",
                place=self.name,
            )
        found = region(self.machine, self.values, self.name)
        self._region = four_muon_sampling.Region(
            found.matrix, found.limits, self.number("momentum_min"), int(self.word("required")),
            self.number("mass_min"),
        )  # fmt: skip

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the four-vectors, flat; see `Process.propose`."""
        sqrt_s = self.machine.sqrt_s
        p4, weight = four_muon_sampling.propose(u, sqrt_s, MUON_MASS, self._region)
        chosen = weight > 0.0
        # 1/(2! 2!) for like muons.
        flux = GEV2_NB / (2.0 * self.machine.s) / 4.0
        weight[chosen] *= flux * four_muon_square(p4[chosen], sqrt_s, MUON_MASS)
        return p4.reshape(len(u), 16), weight

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return μ⁻, μ⁺, μ⁻, μ⁺, shape ``(n, 4, 4)``."""
        return variables.reshape(len(variables), 4, 4)
