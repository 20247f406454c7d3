"""Radiative Bhabha scattering with one lepton lost in the beam pipe (virtual Compton)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.machine import Machine
from sim.processes.acceptance import ECL_ANGLES, cm_cosines, region
from sim.processes.base import Process
from sim.processes.parameters import Parameter
from sim.processes.virtual_compton import momenta, propose

FloatArray = NDArray[np.float64]


class RadiativeBhabha(Process):
    """e⁺e⁻ → e⁺e⁻γ where one lepton radiates a quasi-real photon and stays in the beam pipe.

    The other lepton scatters the photon (Compton), physics section A.3 of the reference notes:
    flux times dσ/dĉ = (πα²/ŝ)(-û/ŝ - ŝ/û). Generation region, angles in the laboratory:

    * the spectator is outside `theta_min` to `theta_max` (lost);
    * the other lepton or the photon, or both, is inside with at least `energy_min` in the
      centre-of-mass frame.

    The samples add to those of `bhabha`: there the lost particles are photons along the beams, here
    a lepton. docs/reference/processes.md has the border between the two. Events in which both
    leptons are inside and a photon is radiated at an angle are in neither.

    Virtualities reach from Q²_min to the edge of the beam hole, at most ŝ/4 (the choice that the
    two-photon processes make, W²/4; here an assumption).

    Variables: spectator (0 e⁻, 1 e⁺), y, kT and azimuth of the spectator, unit vector of the
    photon in the rest frame of photon and other lepton.
    """

    name = "radiative_bhabha"
    title = "radiative Bhabha scattering with a lost lepton"
    final_state = (11, -11, 22)
    dimensions = 6
    channels = 6
    # The weights have a thin tail; half a percent of copies makes unweighting four times faster.
    excess = 5e-3

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
        self._region = region(self.machine, {**self.values, "frame": "lab"}, self.name)
        forward = float(np.min(cm_cosines(self._region.matrix, self._region.high)))
        backward = float(np.max(cm_cosines(self._region.matrix, self._region.low)))
        margin = 2e-5
        self._holes = (
            math.sqrt(1.0 - max(forward - margin, 0.0) ** 2),
            math.sqrt(1.0 - min(backward + margin, 0.0) ** 2),
        )

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the variables; see `Process.propose`."""
        return propose(
            u,
            self.machine.sqrt_s,
            self._holes,
            (self._region.matrix, self.machine.to_cm),
            self._region.limits,
            self.number("energy_min"),
        )

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return e⁻, e⁺ and photon, shape ``(n, 3, 4)``."""
        return momenta(variables, self.machine.sqrt_s)
