"""Base of e⁺e⁻ → γ* → f f̄ with initial-state radiation: a photon and a pair at reduced s′."""

from __future__ import annotations

import abc
import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.machine import ELECTRON_MASS, Machine
from sim.processes.base import Process
from sim.processes.kinematics import boost_back, decay, set_polar
from sim.processes.parameters import Parameter
from sim.processes.radiator import (
    angle_moments,
    angle_weight,
    photon_angle,
    radiation_strength,
    radiator_in_power,
)

FloatArray = NDArray[np.float64]

PHOTON_MINIMUM = "photon_energy_min"


class IsrPair(Process):
    """One photon from the initial state, and a pair of one mass.

    The radiator (Kuraev–Fadin) gives the radiated energy, the Bonneau–Martin density its angle:
    all radiation is put into one photon, which recoils against the pair. The pair's polar angle
    counts from the axis that bisects the two beams in the pair's rest frame (J. C. Collins and
    D. E. Soper, Phys. Rev. D 16 (1977) 2219). Photons below a detector's reach are kept: every
    event has a photon, most of them far too soft to be seen.

    Variables: x, cosθ and azimuth of the photon, cosθ and azimuth of the pair.
    """

    pair_mass: float = 0.0
    dimensions = 5

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Lowest photon energy in the centre-of-mass frame."""
        highest = 0.499 * machine.sqrt_s
        text = "lowest photon energy in the centre-of-mass frame"
        return (Parameter(PHOTON_MINIMUM, 0.0, text, "GeV", 0.0, highest),)

    @abc.abstractmethod
    def born(self, s_reduced: FloatArray) -> FloatArray:
        """Return the cross-section without radiation [nb] at s′ [GeV²]."""

    @abc.abstractmethod
    def angular(self, c: FloatArray, s_reduced: FloatArray, u: FloatArray) -> FloatArray:
        """Return the density of the pair's cosθ over the uniform one (mean 1 over c)."""

    def prepare(self) -> None:
        """Work out the range of x and the constants of the photon's angle."""
        s = self.machine.s
        power = radiation_strength(s)
        lowest = 2.0 * self.number(PHOTON_MINIMUM) / self.machine.sqrt_s
        highest = 1.0 - 4.0 * self.pair_mass**2 / s
        self._powers = (lowest**power if lowest > 0.0 else 0.0, highest**power)
        self._mu2 = 4.0 * ELECTRON_MASS**2 / s
        self._moments = angle_moments(self._mu2)

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return photon and pair variables; see `Process.propose`."""
        variables, weight = _radiate(u, self.machine.s, self._powers, self._mu2, self._moments)
        reduced = self.machine.s * (1.0 - variables[:, 0])
        weight = weight * self.born(reduced) * self.angular(variables[:, 3], reduced, u)
        return variables, weight

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the pair and the photon, shape ``(n, 3, 4)``."""
        return _momenta(variables, self.machine.sqrt_s, self.pair_mass)


@njit()
def _radiate(
    u: FloatArray, s: float, powers: tuple[float, float], mu2: float, moments: FloatArray
) -> tuple[FloatArray, FloatArray]:
    n = len(u)
    variables = np.empty((n, 5))
    weight = np.empty(n)
    span = powers[1] - powers[0]
    for i in range(n):
        x, radiator = radiator_in_power(powers[0] + span * u[i, 0], s)
        c = photon_angle(u[i, 1], mu2)
        variables[i, 0], variables[i, 1] = x, c
        variables[i, 2] = 2.0 * math.pi * u[i, 2]
        variables[i, 3] = 2.0 * u[i, 3] - 1.0
        variables[i, 4] = 2.0 * math.pi * u[i, 4]
        weight[i] = radiator * span * angle_weight(c, x, mu2, moments)
    return variables, weight


@njit()
def _momenta(variables: FloatArray, sqrt_s: float, mass: float) -> FloatArray:
    n = len(variables)
    p4 = np.empty((n, 3, 4))
    pair, first, second, axis = np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    half = 0.5 * sqrt_s
    for i in range(n):
        x = variables[i, 0]
        set_polar(p4[i, 2], x * half, x * half, variables[i, 1], variables[i, 2])
        for j in range(3):
            pair[j] = -p4[i, 2, j]
        pair[3] = sqrt_s - x * half
        reduced = sqrt_s * math.sqrt(max(1.0 - x, 4.0 * mass * mass / (sqrt_s * sqrt_s)))
        for beam, sign in ((first, 1.0), (second, -1.0)):
            beam[0], beam[1], beam[2], beam[3] = 0.0, 0.0, sign * half, half
            boost_back(beam, pair, reduced)
        for j in range(3):
            axis[j] = first[j] / first[3] - second[j] / second[3]
        axis[3] = 0.0
        decay(
            p4[i, 0], p4[i, 1], pair, reduced, (mass, mass), axis,
            variables[i, 3], variables[i, 4],
        )  # fmt: skip
    return p4
