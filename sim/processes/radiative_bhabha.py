"""Radiative Bhabha scattering with one lepton lost in the beam pipe (virtual Compton scattering)."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from sim.machine import Machine
from sim.processes.acceptance import ECL_ANGLES, inside_p4, region
from sim.processes.base import Process
from sim.processes.constants import ALPHA, ELECTRON_MASS, GEV2_NB
from sim.processes.kinematics import boost_back, decay
from sim.processes.parameters import Parameter
from sim.processes.photon_flux import flux_in_log, lowest_virtuality

FloatArray = NDArray[np.float64]


class RadiativeBhabha(Process):
    """e⁺e⁻ → e⁺e⁻γ where one lepton radiates a quasi-real photon and stays in the beam pipe.

    The other lepton scatters the photon (Compton), physics section A.3 of the reference notes:
    flux times dσ/dĉ = (πα²/ŝ)(-û/ŝ - ŝ/û). Generation region, all angles in the laboratory:

    * the spectator is outside `theta_min` to `theta_max` (lost);
    * electron or photon, or both, is inside with at least `energy_min` in the centre-of-mass
      frame.

    Elastic Bhabha events with one lost lepton (process `bhabha`) have no photon and full-energy
    leptons; the two samples are different topologies and add. Events in which both leptons are
    inside and a photon is radiated are not here: they belong to `bhabha` at lowest order.

    Virtualities reach from Q²_min to the edge of the beam hole, at most ŝ (an assumption: above
    it the photon is not quasi-real).

    Variables: spectator (0 e⁻, 1 e⁺), y, kT and azimuth of the spectator, cosθ̂ and azimuth of
    the photon.
    """

    name = "radiative_bhabha"
    title = "radiative Bhabha scattering with a lost lepton"
    final_state = (11, -11, 22)
    dimensions = 6

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Edges of the detector and lowest visible energy."""
        return (
            Parameter("theta_min", ECL_ANGLES[0], "lower edge of the detector", "deg", 1.0, 89.0),
            Parameter("theta_max", ECL_ANGLES[1], "upper edge of the detector", "deg", 91.0, 179.0),
            Parameter(
                "energy_min",
                0.1,
                "lowest energy, in the centre-of-mass frame, of one visible particle",
                "GeV",
                0.01,
                0.45 * machine.sqrt_s,
            ),
        )

    def prepare(self) -> None:
        """Find how far from the beam, in the centre-of-mass frame, a lost lepton can be."""
        values = {**self.values, "frame": "lab"}
        self._region = region(self.machine, values, self.name)
        low, high = self._region.cosines
        # The hole around e⁻ begins where cosθ* is certainly too large to be inside, and so on.
        self._sines = (math.sqrt(1.0 - high * high), math.sqrt(1.0 - low * low))
        widest = _widest_hole(self._region.matrix, self._region.limits)
        self._holes = widest
        smallest = 0.25 * self.number("energy_min") * min(self._sines)
        self._y_min = smallest**2 / self.machine.s

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the variables; see `Process.propose`."""
        return _propose(
            u,
            self.machine.sqrt_s,
            self._y_min,
            self._holes,
            self._region.matrix,
            self._region.limits,
            self.number("energy_min"),
        )

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return e⁻, e⁺ and photon, shape ``(n, 3, 4)``."""
        return _momenta(variables, self.machine.sqrt_s)


def _widest_hole(matrix: FloatArray, limits: tuple[float, float]) -> tuple[float, float]:
    """Largest sinθ* of a direction in the forward and in the backward beam hole."""
    back = np.linalg.inv(matrix)
    phi = np.linspace(0.0, 2.0 * math.pi, 3601)
    widest = []
    for c, sign in ((limits[1], 1.0), (limits[0], -1.0)):
        sine = math.sqrt(1.0 - c * c)
        rays = np.stack(
            [sine * np.cos(phi), sine * np.sin(phi), np.full_like(phi, c), np.ones_like(phi)]
        )
        moved = back @ rays
        lowest = max(float(np.min(sign * moved[2] / moved[3])) - 2e-5, 0.0)
        widest.append(math.sqrt(1.0 - lowest * lowest))
    return widest[0], widest[1]


@numba.njit(cache=True)
def compton_log_density(v: float, s_hat: float) -> float:
    """Return v dσ/dv [nb] of Compton scattering, v = -û/ŝ; physics section A.3.

    Parameters
    ----------
    v : float
        (1 - ĉ)/2 + m_e²/ŝ with ĉ the cosine between outgoing photon and incoming electron.
    s_hat : float
        Squared mass of the electron–photon system [GeV²].
    """
    return GEV2_NB * 2.0 * math.pi * ALPHA**2 / s_hat * (v * v + 1.0)


@numba.njit(cache=True)
def _propose(
    u: FloatArray,
    sqrt_s: float,
    y_min: float,
    holes: tuple[float, float],
    matrix: FloatArray,
    limits: tuple[float, float],
    energy_min: float,
) -> tuple[FloatArray, FloatArray]:
    n = len(u)
    variables = np.zeros((n, 6))
    weight = np.zeros(n)
    s = sqrt_s * sqrt_s
    half = 0.5 * sqrt_s
    y_span = math.log((1.0 - 1e-6) / y_min)
    p4 = np.empty((3, 4))
    for i in range(n):
        spectator = 0 if u[i, 0] < 0.5 else 1
        y = y_min * math.exp(y_span * u[i, 1])
        s_hat = y * s
        energy = (1.0 - y) * half
        low = lowest_virtuality(y)
        high = min(low + half * half * (1.0 - y) * holes[spectator] ** 2, s_hat)
        if energy <= 2.0 * ELECTRON_MASS or high <= low:
            continue
        q_span = math.log(high / low)
        virtuality = low * math.exp(q_span * u[i, 2])
        kt = math.sqrt((virtuality - low) * (1.0 - y))
        if kt * kt >= (energy - ELECTRON_MASS) * (energy + ELECTRON_MASS):
            continue
        smallest = ELECTRON_MASS**2 / s_hat
        v_span = math.log((1.0 + smallest) / smallest)
        v = smallest * math.exp(v_span * u[i, 4])
        variables[i, 0], variables[i, 1], variables[i, 2] = spectator, y, kt
        variables[i, 3] = 2.0 * math.pi * u[i, 3]
        variables[i, 4] = 1.0 - 2.0 * (v - smallest)
        variables[i, 5] = 2.0 * math.pi * u[i, 5]
        _event(p4, variables[i], sqrt_s)
        lost, seen = p4[spectator], p4[1 - spectator]
        if inside_p4(matrix, limits, lost[0], lost[1], lost[2], lost[3]):
            continue
        photon = p4[2]
        if (
            seen[3] >= energy_min
            and inside_p4(matrix, limits, seen[0], seen[1], seen[2], seen[3])
        ) or (
            photon[3] >= energy_min
            and inside_p4(matrix, limits, photon[0], photon[1], photon[2], photon[3])
        ):
            # Two spectators share the points, hence the factor 2.
            weight[i] = (
                2.0 * y * y_span * q_span * flux_in_log(y, virtuality)
                * v_span * compton_log_density(v, s_hat)
            )  # fmt: skip
    return variables, weight


@numba.njit(cache=True)
def _event(p4: FloatArray, variables: FloatArray, sqrt_s: float) -> None:
    """Fill e⁻, e⁺ and photon of one event in the centre-of-mass frame."""
    spectator = int(variables[0])
    half = 0.5 * sqrt_s
    beam = math.sqrt(half * half - ELECTRON_MASS**2)
    energy = (1.0 - variables[1]) * half
    square = (energy - ELECTRON_MASS) * (energy + ELECTRON_MASS)
    sign = 1.0 if spectator == 0 else -1.0
    lost, seen = p4[spectator], p4[1 - spectator]
    lost[0] = variables[2] * math.cos(variables[3])
    lost[1] = variables[2] * math.sin(variables[3])
    lost[2] = sign * math.sqrt(square - variables[2] ** 2)
    lost[3] = energy
    system, axis = np.empty(4), np.empty(4)
    for j in range(3):
        system[j] = -lost[j]
    system[3] = sqrt_s - energy
    mass = math.sqrt(system[3] ** 2 - square)
    axis[0], axis[1], axis[2], axis[3] = 0.0, 0.0, -sign * beam, half
    boost_back(axis, system, mass)
    decay(
        p4[2], seen, system, mass, (0.0, ELECTRON_MASS), axis, variables[4], variables[5]
    )


@numba.njit(cache=True)
def _momenta(variables: FloatArray, sqrt_s: float) -> FloatArray:
    n = len(variables)
    p4 = np.empty((n, 3, 4))
    for i in range(n):
        _event(p4[i], variables[i], sqrt_s)
    return p4
