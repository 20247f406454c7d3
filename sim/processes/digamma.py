"""Annihilation to photons e⁺e⁻ → γγ at lowest order, scaled to the published rate."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.machine import Machine
from sim.processes.acceptance import REGION, REQUIRED, inside, region
from sim.processes.base import Process
from sim.processes.bhabha import back_to_back
from sim.processes.constants import ALPHA, GEV2_NB
from sim.processes.parameters import Parameter

FloatArray = NDArray[np.float64]

K_FACTOR = 1.103
"""Published σ(γγ(γ)), 10° to 170° in the centre-of-mass frame, over lowest order: 4.99/4.525
(physics section A.2 of the reference notes). The one number here that is taken from a published
cross-section; the cross-section inside the calorimeter then tests it."""


class Digamma(Process):
    """e⁺e⁻ → γγ, two photons back to back in the centre-of-mass frame.

    Formula: physics section A.3 of the reference notes. The generation region needs one or both
    photons inside a range of polar angles. `k_factor` stands for radiation, whose photons are not
    generated.
    """

    name = "digamma"
    title = "annihilation to two photons"
    final_state = (22, 22)
    dimensions = 2

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Region, number of photons required inside, K factor."""
        return (
            *REGION,
            REQUIRED,
            Parameter("k_factor", K_FACTOR, "factor on lowest order", "", 0.1, 10.0),
        )

    def prepare(self) -> None:
        """Find the range of cosθ* that the region can need."""
        self._region = region(self.machine, self.values, self.name)
        self._required = int(self.word("required"))
        self._range = self._region.back_to_back(self._required)

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cosθ* and azimuth of the first photon; see `Process.propose`."""
        region_ = self._region
        return _propose(
            u,
            self.number("k_factor") * math.pi * ALPHA**2 / self.machine.s * GEV2_NB,
            self._range,
            region_.limits,
            region_.matrix,
            self._required,
        )

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the two photons, shape ``(n, 2, 4)``."""
        return back_to_back(variables, self.machine.sqrt_s, 0.0)


@njit()
def _propose(
    u: FloatArray,
    scale: float,
    cosines: tuple[float, float],
    limits: tuple[float, float],
    matrix: FloatArray,
    required: int,
) -> tuple[FloatArray, FloatArray]:
    n = len(u)
    variables = np.empty((n, 2))
    weight = np.zeros(n)
    # Uniform in artanh c, which absorbs 1/(1-c²). Each pair is counted in both orders, so the
    # density over all c is half of the one over a hemisphere.
    low, high = math.atanh(cosines[0]), math.atanh(cosines[1])
    for i in range(n):
        c = math.tanh(low + (high - low) * u[i, 0])
        phi = 2.0 * math.pi * u[i, 1]
        variables[i, 0], variables[i, 1] = c, phi
        count = 0
        if inside(matrix, limits, 0.0, 1.0, c, phi):
            count += 1
        if inside(matrix, limits, 0.0, 1.0, -c, phi + math.pi):
            count += 1
        if count >= required:
            weight[i] = scale * (1.0 + c * c) * (high - low)
    return variables, weight
