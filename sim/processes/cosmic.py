"""Cosmic muons from above: one muon as two legs that start where it passes the collision point."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid

from firmware_models.errors import InputError
from sim.machine import Machine
from sim.processes.base import FloatArray, Process
from sim.processes.constants import MUON_MASS
from sim.processes.parameters import Parameter

CHARGE_RATIO = 1.277
"""μ+ over μ- (CMS, Phys. Lett. B 692 (2010) 83, below 100 GeV)."""

N_NUMBER = 6
MOMENTUM, COSINE, AZIMUTH, RADIUS, ANGLE, CHARGE = range(N_NUMBER)


def vertical_intensity(p: FloatArray) -> FloatArray:
    """Return the vertical intensity of muons at sea level [1/(m² s sr GeV)].

    Parameters
    ----------
    p : ndarray of float64
        Momentum, 1 to 2000 GeV.

    Notes
    -----
    D. Reyna, arXiv:hep-ph/0604145, for the vertical; coefficients recalled, not read again. The
    integral above 1 GeV is 70.2, the Particle Data Group's about 70 /(m² s sr).
    """
    y = np.log10(p)
    power = 0.2455 + y * (1.288 + y * (-0.2555 + y * 0.0209))
    return np.asarray(1e4 * 0.00253 * p**-power)


@cache
def _table(low: float, high: float) -> tuple[FloatArray, FloatArray]:
    """Return momenta [GeV] and the intensity between the least and them [1/(m² s sr)]."""
    logarithm = np.linspace(math.log(low), math.log(high), 4001)
    p = np.exp(logarithm)
    return p, cumulative_trapezoid(p * vertical_intensity(p), logarithm, initial=0.0)


class Cosmic(Process):
    """Muons from above through a sphere about the collision point.

    A muon is two particles that start at the point where its straight line is closest to the
    collision point: one goes on downwards, the other has the opposite charge and the opposite
    momentum, and so the way by which the muon came. y points upwards. Intensity: I(p, θ) =
    I(p, 0) cos²θ from the zenith. Every event has the weight 1; the cross-section is 1 nb by
    definition and must not enter a rate: `rate_hz` is the rate.
    """

    name = "cosmic"
    title = "cosmic muons through a sphere about the collision point (no cross-section)"
    laboratory = True
    flat = True
    final_state = (13, -13)
    dimensions = N_NUMBER

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Sphere and momenta."""
        return (
            Parameter("radius", 30.0, "of the sphere", "cm", 0.0, 100.0),
            Parameter("loss", 1.3, "momentum lost from sea level to the sphere", "GeV", 1.0, 100.0),
            Parameter("p_min", 0.5, "lowest momentum in the sphere", "GeV", 0.01, 1000.0),
            Parameter("p_max", 500.0, "highest momentum in the sphere", "GeV", 0.01, 1000.0),
        )

    def prepare(self) -> None:
        """Tabulate the spectrum."""
        low, high = self.number("p_min"), self.number("p_max")
        if low >= high:
            raise InputError(
                f"must be below p_max ({high:g}), not {low:g}", place=f"{self.name}.p_min"
            )
        lost = self.number("loss")
        self._momentum, self._below = _table(low + lost, high + lost)

    def rate_hz(self) -> float:
        """Return the muons a second: ∫ I(p, 0) dp · ∫ cos²θ dΩ · π radius²."""
        area = math.pi * (1e-2 * self.number("radius")) ** 2
        return float(self._below[-1]) * 2.0 * math.pi / 3.0 * area

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return p [GeV], cos θ, azimuth, place on the disc [cm, rad] and charge; weight 1."""
        muon = np.empty_like(u)
        at_sea = np.interp(u[:, 0] * self._below[-1], self._below, self._momentum)
        muon[:, MOMENTUM] = at_sea - self.number("loss")
        muon[:, COSINE] = np.cbrt(u[:, 1])
        muon[:, AZIMUTH] = 2.0 * math.pi * u[:, 2]
        muon[:, RADIUS] = self.number("radius") * np.sqrt(u[:, 3])
        muon[:, ANGLE] = 2.0 * math.pi * u[:, 4]
        muon[:, CHARGE] = np.where(u[:, 5] * (1.0 + CHARGE_RATIO) < CHARGE_RATIO, 1.0, -1.0)
        return muon, np.ones(len(u))

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return both legs' four-vectors in the laboratory, shape ``(n, 2, 4)`` [GeV]."""
        p = variables[:, MOMENTUM]
        down = np.empty((len(variables), 4))
        down[:, :3] = p[:, None] * _direction(variables)
        down[:, 3] = np.hypot(p, MUON_MASS)
        return np.stack((down, down * (-1.0, -1.0, -1.0, 1.0)), axis=1)

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return the codes of the leg downwards and of the other, shape ``(n, 2)``."""
        down = -13.0 * variables[:, CHARGE]
        codes: NDArray[np.int32] = np.stack((down, -down), axis=1).astype(np.int32)
        return codes

    def vertices(self, variables: FloatArray, p4_lab: FloatArray) -> FloatArray:
        """Return the point closest to the collision point [cm] at time 0, for both legs."""
        azimuth = variables[:, AZIMUTH]
        nothing = np.zeros_like(azimuth)
        level = np.stack((-np.sin(azimuth), nothing, np.cos(azimuth)), axis=1)
        steep = np.cross(_direction(variables), level)
        angle = variables[:, ANGLE, None]
        point = variables[:, RADIUS, None] * (np.cos(angle) * level + np.sin(angle) * steep)
        result = np.zeros_like(p4_lab)
        result[..., :3] = point[:, None, :]
        return result


def _direction(variables: FloatArray) -> FloatArray:
    """Return the unit vectors downwards, shape ``(n, 3)``."""
    cosine, azimuth = variables[:, COSINE], variables[:, AZIMUTH]
    sine = np.sqrt(1.0 - cosine**2)
    return np.stack((sine * np.cos(azimuth), -cosine, sine * np.sin(azimuth)), axis=1)
