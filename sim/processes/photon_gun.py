"""Calibration sample: one photon, flat in energy and direction of the centre-of-mass frame."""

from __future__ import annotations

import math

import numpy as np

from sim.machine import Machine
from sim.processes.base import FloatArray, Process
from sim.processes.parameters import Parameter


class PhotonGun(Process):
    """A single photon for efficiency tables; it stands for no collision.

    Energy flat between two limits, cos θ* and φ* flat over the sphere. Its cross-section is 1 nb by
    definition and must not enter a rate.
    """

    name = "photon_gun"
    title = "single photons for efficiency tables (no cross-section)"
    final_state = (22,)
    dimensions = 3
    balanced = False

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Limits of the photon's energy in the centre-of-mass frame."""
        top = machine.sqrt_s / 2
        return (
            Parameter("energy_low", 0.0, "lowest centre-of-mass energy", "GeV", 0.0, top),
            Parameter("energy_high", top, "highest centre-of-mass energy", "GeV", 0.0, top),
        )

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return energy [GeV], cos θ*, φ* [rad] and the weight 1."""
        low, high = self.number("energy_low"), self.number("energy_high")
        energy = low + (high - low) * u[:, 0]
        variables = np.stack([energy, 2.0 * u[:, 1] - 1.0, 2.0 * math.pi * u[:, 2]], axis=1)
        return variables, np.ones(len(u))

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the photon's four-vector, shape ``(n, 1, 4)`` [GeV]."""
        energy, cosine, phi = variables.T
        sine = np.sqrt(1.0 - cosine**2)
        p4 = np.stack(
            [energy * sine * np.cos(phi), energy * sine * np.sin(phi), energy * cosine, energy],
            axis=1,
        )
        return p4[:, None, :]
