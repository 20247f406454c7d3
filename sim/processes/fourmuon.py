"""Four muons, e⁺e⁻ → μ⁺μ⁻μ⁺μ⁻, exact lowest order."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.kernels import njit
from sim.machine import Machine
from sim.processes import four_muon_sampling
from sim.processes.acceptance import REGION, region
from sim.processes.base import Process
from sim.processes.constants import ELECTRON_MASS, GEV2_NB, MUON_MASS
from sim.processes.four_muon_amplitude import four_muon_square
from sim.processes.kinematics import set_polar
from sim.processes.parameters import Parameter
from sim.processes.radiator import (
    angle_moments,
    angle_weight,
    photon_angle,
    radiation_strength,
    radiator_in_power,
)

FloatArray = NDArray[np.float64]


class Fourmuon(Process):
    """e⁺e⁻ → μ⁻μ⁺μ⁻μ⁺, the background of a resonance of two muons beside two others.

    All twelve diagrams of lowest order with the muon's mass and the antisymmetry of like muons
    (`four_muon_amplitude`), α(0). Like muons stand by falling energy in their centre-of-mass frame.
    Without cuts all events are there; `required` muons may be asked to be inside. With
    ``radiation=initial`` the Kuraev–Fadin radiator gives the energy of one photon at the
    Bonneau–Martin angle, as in `dimuon`, and lowest order is taken at the energy that is left. Left
    out: the electron's mass, the Z, resonances in the photons, and radiation of the muons.
    """

    name = "fourmuon"
    title = "four muons, exact lowest order"
    final_state: tuple[int, ...] = (13, -13, 13, -13)
    dimensions = four_muon_sampling.DIMENSIONS
    channels = four_muon_sampling.CHANNELS

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Region of the muons and lowest mass of a pair."""
        # Below their thresholds `prepare` says what is wrong.
        half = max(0.45 * machine.sqrt_s, 2.0 * MUON_MASS)
        return (
            Parameter(
                "radiation", "none", "photons of the beams", choices=("none", "initial")
            ),
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
            found.matrix, found.limits, self.number("momentum_min"), int(self.word("required"))
        )
        self._radiates = self.word("radiation") == "initial"
        if self._radiates:
            self.final_state = (13, -13, 13, -13, 22)
            self.dimensions = four_muon_sampling.DIMENSIONS + 3
            lowest = max(4.0 * MUON_MASS, 2.0 * self.number("mass_min"))
            self._power = (1.0 - lowest**2 / self.machine.s) ** radiation_strength(self.machine.s)
            self._mu2 = 4.0 * ELECTRON_MASS**2 / self.machine.s
            self._moments = angle_moments(self._mu2)

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the four-vectors, flat; see `Process.propose`."""
        sqrt_s = self.machine.sqrt_s
        energy, factor = np.full(len(u), sqrt_s), np.ones(len(u))
        if self._radiates:
            photon, factor = radiate(
                u[:, four_muon_sampling.DIMENSIONS :], self.machine.s, self._power, self._mu2,
                self._moments,
            )  # fmt: skip
            energy = np.sqrt(sqrt_s * (sqrt_s - 2.0 * photon[:, 3]))
        at_rest, weight = four_muon_sampling.propose(u, energy, MUON_MASS, self.number("mass_min"))
        p4 = at_rest
        if self._radiates:
            p4 = at_rest.copy()
            four_muon_sampling.recoil(p4, photon, sqrt_s, 0.5 * sqrt_s)
        weight[~four_muon_sampling.inside(p4, self._region)] = 0.0
        chosen = weight > 0.0
        # 1/(2! 2!) for like muons.
        flux = GEV2_NB / (2.0 * energy[chosen] ** 2) / 4.0 * factor[chosen]
        weight[chosen] *= flux * four_muon_square(at_rest[chosen], energy[chosen], MUON_MASS)
        if self._radiates:
            p4 = np.concatenate((p4, photon[:, None]), axis=1)
        return p4.reshape(len(u), 4 * len(self.final_state)), weight

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return μ⁻, μ⁺, μ⁻, μ⁺ and with radiation a photon, shape ``(n, 4 or 5, 4)``."""
        return variables.reshape(len(variables), len(self.final_state), 4)


@njit()
def radiate(
    u: FloatArray, s: float, power: float, mu2: float, moments: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Draw the photon that stands for all radiation of the beams.

    Parameters
    ----------
    u : ndarray, shape (n, 3)
        Uniform numbers for energy, angle and azimuth.
    s : float
        Square of the centre-of-mass energy [GeV²].
    power : float
        x^b of the highest energy; see `radiator.radiator_in_power`.
    mu2, moments
        As in `radiator.angle_weight`.

    Returns
    -------
    photon : ndarray, shape (n, 4)
        Centre-of-mass frame [GeV].
    weight : ndarray, shape (n,)
        Radiator over the density of the numbers.
    """
    photon, weight = np.empty((len(u), 4)), np.empty(len(u))
    half = 0.5 * math.sqrt(s)
    for i in range(len(u)):
        x, radiator = radiator_in_power(power * u[i, 0], s)
        c = photon_angle(u[i, 1], mu2)
        set_polar(photon[i], x * half, x * half, c, 2.0 * math.pi * u[i, 2])
        weight[i] = radiator * power * angle_weight(c, x, mu2, moments)
    return photon, weight
