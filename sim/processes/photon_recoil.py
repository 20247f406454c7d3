"""Base of e⁺e⁻ → γ X with a narrow X: the photon recoils against a particle of fixed mass."""

from __future__ import annotations

import math
from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.machine import Machine
from sim.processes.acceptance import REGION, inside, region
from sim.processes.base import Process
from sim.processes.kinematics import breakup, set_polar
from sim.processes.parameters import Parameter

FloatArray = NDArray[np.float64]


class PhotonRecoil(Process):
    """A photon inside a range of polar angles, and X opposite to it.

    dσ/dc = (a + b c²) / (1 - c²)^k with c = cosθ* of the photon; `shape` gives a, b [nb] and k.
    """

    dimensions = 2

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Mass of X and the photon's region."""
        return (
            Parameter("mass", 1.0, "mass of the new particle", "GeV", 0.0, 0.999 * machine.sqrt_s),
            *REGION,
        )

    @abstractmethod
    def shape(self) -> tuple[float, float, bool]:
        """Return a and b [nb] and whether the density has the 1/(1-c²) of the t-channel."""

    def prepare(self) -> None:
        """Find the range of cosθ* of the photon."""
        self._region = region(self.machine, self.values, self.name)

    @property
    def photon_energy(self) -> float:
        """Energy of the photon in the centre-of-mass frame [GeV]: (s - m²)/(2√s)."""
        return breakup(self.machine.sqrt_s, 0.0, self.number("mass"))

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cosθ* and azimuth of the photon; see `Process.propose`."""
        region_ = self._region
        return _propose(u, self.shape(), region_.cosines, region_.limits, region_.matrix)

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the photon and X, shape ``(n, 2, 4)``."""
        return _momenta(variables, self.photon_energy, self.number("mass"))


@njit()
def _propose(
    u: FloatArray,
    shape: tuple[float, float, bool],
    cosines: tuple[float, float],
    limits: tuple[float, float],
    matrix: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    n = len(u)
    variables = np.empty((n, 2))
    weight = np.zeros(n)
    a, b, pole = shape
    low, high = cosines
    if pole:
        low, high = math.atanh(low), math.atanh(high)
    for i in range(n):
        c = low + (high - low) * u[i, 0]
        if pole:
            c = math.tanh(c)
        phi = 2.0 * math.pi * u[i, 1]
        variables[i, 0], variables[i, 1] = c, phi
        if inside(matrix, limits, 0.0, 1.0, c, phi):
            weight[i] = (a + b * c * c) * (high - low)
    return variables, weight


@njit()
def _momenta(variables: FloatArray, energy: float, mass: float) -> FloatArray:
    n = len(variables)
    p4 = np.empty((n, 2, 4))
    for i in range(n):
        set_polar(p4[i, 0], energy, energy, variables[i, 0], variables[i, 1])
        for j in range(3):
            p4[i, 1, j] = -p4[i, 0, j]
        p4[i, 1, 3] = math.sqrt(energy * energy + mass * mass)
    return p4
