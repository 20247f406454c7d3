"""Elastic Bhabha scattering e⁺e⁻ → e⁺e⁻ at lowest order with the running coupling."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.machine import Machine
from sim.processes.acceptance import REGION, REQUIRED, inside, region
from sim.processes.base import Process
from sim.processes.constants import ALPHA, ELECTRON_MASS, GEV2_NB
from sim.processes.kinematics import set_polar
from sim.processes.parameters import Parameter
from sim.processes.vacuum_polarisation import running_alpha

FloatArray = NDArray[np.float64]


class Bhabha(Process):
    """e⁺e⁻ → e⁺e⁻, two particles back to back in the centre-of-mass frame.

    Formula: physics section A.3 of the reference notes (t- and s-channel photon exchange, each
    with its running coupling). The generation region needs one or both particles inside a range
    of polar angles; with one, the sample holds both "both in" and "one lost" events. There is no
    photon: radiative events with a lost electron are the process `radiative_bhabha`, which is
    another topology and may be added.
    """

    name = "bhabha"
    title = "Bhabha scattering, elastic"
    final_state = (11, -11)
    dimensions = 2

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Region, number of particles required inside, vacuum polarisation."""
        return (
            *REGION,
            REQUIRED,
            Parameter("vacuum_polarisation", "on", "running of α", choices=("on", "off")),
        )

    def prepare(self) -> None:
        """Find the range of cosθ* that the region can need."""
        self._region = region(self.machine, self.values, self.name)
        self._required = int(self.word("required"))
        self._range = self._region.back_to_back(self._required)

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cosθ* and azimuth of the electron; see `Process.propose`."""
        region_ = self._region
        return _propose(
            u,
            self.machine.s,
            self._range,
            region_.limits,
            region_.matrix,
            self._required,
            self.word("vacuum_polarisation") == "on",
        )

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return electron and positron, shape ``(n, 2, 4)``."""
        return back_to_back(variables, self.machine.sqrt_s, ELECTRON_MASS)


@njit()
def bhabha_density(c: float, s: float, running: bool) -> float:
    """Return dσ/dcosθ* [nb] of Bhabha scattering at lowest order, electron mass neglected.

    Parameters
    ----------
    c : float
        cosθ* of the electron.
    s : float
        Square of the centre-of-mass energy [GeV²].
    running : bool
        Whether α runs with t and s.
    """
    t, u = -0.5 * s * (1.0 - c), -0.5 * s * (1.0 + c)
    at = running_alpha(t) if running else ALPHA
    as_ = running_alpha(s) if running else ALPHA
    return (
        GEV2_NB
        * math.pi
        / s
        * (
            at * at * (s * s + u * u) / (t * t)
            + 2.0 * as_ * at * u * u / (s * t)
            + as_ * as_ * (t * t + u * u) / (s * s)
        )
    )


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
