"""Bhabha scattering e⁺e⁻ → e⁺e⁻ at lowest order with the running coupling.

With or without collinear initial-state radiation.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.kernels import njit
from sim.machine import Machine
from sim.processes import bhabha_radiation
from sim.processes.acceptance import REGION, REQUIRED, inside, region
from sim.processes.base import Process
from sim.processes.bhabha_born import bhabha_density
from sim.processes.constants import ELECTRON_MASS
from sim.processes.kinematics import set_polar
from sim.processes.parameters import Parameter

FloatArray = NDArray[np.float64]


class Bhabha(Process):
    """e⁺e⁻ → e⁺e⁻(γγ).

    The generation region needs one or both leptons inside a range of polar angles; with one, the
    sample holds both "both in" and "one lost" events. Formula: physics section A.3 of the
    reference notes (t- and s-channel photon exchange, each with its running coupling).

    * `radiation` = none (default): two particles back to back in the centre-of-mass frame.
    * `radiation` = initial: both beams first radiate along themselves, by the structure functions
      of `structure_function` at Q² = -t̂ of the hard scattering (`scale` = s: at s). The two
      photons, most of them soft, follow the leptons and leave through the beam pipe. A lepton
      counts as inside with at least `energy_min` in the centre-of-mass frame. Left out are events
      with one lepton inside whose own beam has radiated more than 4/5 of its energy: there
      -t̂ < ŝ/4 with ŝ the squared mass of that lepton and its photon, which is the region of
      `radiative_bhabha`. Final-state photons stay with their lepton.

    Variables: cosθ and azimuth of the electron; with radiation those of
    `bhabha_radiation.propose`.
    """

    name = "bhabha"
    title = "Bhabha scattering, elastic or with initial-state radiation"

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Region, number of particles required inside, vacuum polarisation, radiation."""
        energy = "lowest energy of a lepton inside, centre-of-mass frame (radiation=initial)"
        return (
            *REGION,
            REQUIRED,
            Parameter("vacuum_polarisation", "on", "running of α", choices=("on", "off")),
            Parameter("radiation", "none", "photons of the beams", choices=("none", "initial")),
            Parameter("scale", "t", "scale Q² of the radiation, -t̂ or s", choices=("t", "s")),
            Parameter("energy_min", 0.1, energy, "GeV", 0.01, 0.45 * machine.sqrt_s),
        )

    def prepare(self) -> None:
        """Find the range of cosθ* that the region can need, and the scales of the radiation."""
        self._region = region(self.machine, self.values, self.name)
        self._required = int(self.word("required"))
        self._range = self._region.back_to_back(self._required)
        self._radiates = self.word("radiation") == "initial"
        self.final_state = (11, -11, 22, 22) if self._radiates else (11, -11)
        self.dimensions = 4 if self._radiates else 2
        if self._radiates:
            self._scales = self._find_scales()

    def _find_scales(self) -> tuple[float, float]:
        """Return the scale of the sampling map and the lowest possible -t̂ [GeV²]."""
        lowest = bhabha_radiation.lowest_scale(self._region.cosines, self.number("energy_min"))
        if lowest < 10.0 * ELECTRON_MASS**2:
            raise InputError(
                f"-t̂ down to {max(lowest, 0.0):.2g} GeV² is too close to m_e² for the logarithms "
                "of the radiation; allowed: angles further from the beams, higher energy_min",
                place=f"{self.name}.radiation",
            )
        if self.word("scale") == "s":
            return self.machine.s, lowest
        elastic = 0.5 * self.machine.s * (1.0 - self._range[1])
        return max(lowest, bhabha_radiation.COMPTON_PART**2 * elastic), lowest

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the variables; see `Process.propose`."""
        region_ = self._region
        running = self.word("vacuum_polarisation") == "on"
        if self._radiates:
            low, high = region_.cosines
            return bhabha_radiation.propose(
                u,
                self.machine.sqrt_s,
                (math.atanh(low), math.atanh(high)),
                region_.limits,
                region_.matrix,
                self._required,
                self.number("energy_min"),
                self._scales,
                (running, self.word("scale") == "s"),
            )
        return _propose(
            u,
            self.machine.s,
            self._range,
            region_.limits,
            region_.matrix,
            self._required,
            running,
        )

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return electron, positron and the two photons if any, shape ``(n, 2 or 4, 4)``."""
        if self._radiates:
            return bhabha_radiation.momenta(variables, self.machine.sqrt_s)
        return back_to_back(variables, self.machine.sqrt_s, ELECTRON_MASS)


@njit()
def _propose(
    u: FloatArray,
    s: float,
    cosines: tuple[float, float],
    limits: tuple[float, float],
    matrix: FloatArray,
    required: int,
    running: bool,
) -> tuple[FloatArray, FloatArray]:
    n = len(u)
    variables = np.empty((n, 2))
    weight = np.zeros(n)
    # 1/(1-c) uniform follows the t-channel pole.
    low, high = 1.0 / (1.0 - cosines[0]), 1.0 / (1.0 - cosines[1])
    for i in range(n):
        v = low + (high - low) * u[i, 0]
        c = 1.0 - 1.0 / v
        phi = 2.0 * math.pi * u[i, 1]
        variables[i, 0], variables[i, 1] = c, phi
        count = 0
        if inside(matrix, limits, 0.0, 1.0, c, phi):
            count += 1
        if inside(matrix, limits, 0.0, 1.0, -c, phi + math.pi):
            count += 1
        if count >= required:
            weight[i] = bhabha_density(c, s, running) * (high - low) / (v * v)
    return variables, weight


@njit()
def back_to_back(variables: FloatArray, sqrt_s: float, mass: float) -> FloatArray:
    """Return two particles of one mass from cosθ* and azimuth of the first, ``(n, 2, 4)``."""
    n = len(variables)
    p4 = np.empty((n, 2, 4))
    energy = 0.5 * sqrt_s
    p = math.sqrt(energy * energy - mass * mass)
    for i in range(n):
        set_polar(p4[i, 0], p, energy, variables[i, 0], variables[i, 1])
        for j in range(3):
            p4[i, 1, j] = -p4[i, 0, j]
        p4[i, 1, 3] = energy
    return p4
