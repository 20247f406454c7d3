"""Base of guns of neutral strange particles that fly and decay to two charged ones."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid

from firmware_models.errors import InputError
from sim.detector.decays import DECAYS
from sim.detector.particles import particle_type
from sim.machine import Machine
from sim.processes.base import FloatArray
from sim.processes.decay_chain import two_body
from sim.processes.long_lived import LongLived
from sim.processes.parameters import Parameter

MOMENTUM, COSINE, PHI, COS_DECAY, PHI_DECAY, SIGN, LENGTH = range(7)


class NeutralGun(LongLived):
    """One particle from the collision point; it stands for no collision.

    Momentum in the centre-of-mass frame with dN/dp ∝ (p²/E) exp(-E/slope), or flat, directions even
    over the sphere, decay isotropic (no polarisation). Only the charged two-body mode is made.
    """

    flat = True
    balanced = False
    dimensions = 7
    products = ((0, 1),)
    parent: ClassVar[int]
    own_antiparticle: ClassVar[bool]
    slope: ClassVar[float]

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Spectrum."""
        mass = particle_type(cls.parent).mass
        top = math.sqrt(0.25 * machine.s - mass**2) if machine.sqrt_s > 2.0 * mass else 1.0
        return (
            Parameter("spectrum", "exponential", "of the momentum p* in the centre-of-mass frame",
                      choices=("exponential", "flat")),
            Parameter("slope", cls.slope, "of the exponential in energy", "GeV", 0.01, 10.0),
            Parameter("p_min", 0.0, "lowest p*", "GeV", 0.0, top),
            Parameter("p_max", top, "highest p*", "GeV", 0.0, top),
        )  # fmt: skip

    def prepare(self) -> None:
        """Tabulate the spectrum and find the charged mode."""
        low, high = self.number("p_min"), self.number("p_max")
        if low >= high:
            raise InputError(
                f"must be below p_max ({high:g}), not {low:g}", place=f"{self.name}.p_min"
            )
        decay = DECAYS[self.parent]
        mode = next(mode for mode in decay.modes if particle_type(mode.first).charge)
        self.final_state = (mode.first, mode.second)
        self._mass, self._ctau = particle_type(self.parent).mass, decay.ctau
        self._products = (particle_type(mode.first).mass, particle_type(mode.second).mass)
        self._p = np.linspace(low, high, 4001)
        energy = np.hypot(self._p, self._mass)
        density = np.ones_like(self._p)
        if self.word("spectrum") == "exponential":
            density = self._p**2 / energy * np.exp((energy[0] - energy) / self.number("slope"))
        below = cumulative_trapezoid(density, self._p, initial=0.0)
        self._below = below / below[-1]

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return p* [GeV], angles of flight and decay, sign and decay length [cm]; weight 1."""
        variables = 2.0 * u - 1.0
        variables[:, [PHI, PHI_DECAY]] *= math.pi
        variables[:, MOMENTUM] = np.interp(u[:, MOMENTUM], self._below, self._p)
        variables[:, SIGN] = np.where(u[:, SIGN] < 0.5, 1.0, -1.0)
        variables[:, LENGTH] = -self._ctau * np.log1p(-u[:, LENGTH])
        return variables, np.ones(len(u))

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the two products, shape ``(n, 2, 4)`` [GeV]."""
        v = variables.T
        sine = np.sqrt(1.0 - v[COSINE] ** 2)
        unit = np.stack((sine * np.cos(v[PHI]), sine * np.sin(v[PHI]), v[COSINE]), axis=1)
        parent = np.empty((len(variables), 4))
        parent[:, :3] = v[MOMENTUM][:, None] * unit
        parent[:, 3] = np.hypot(v[MOMENTUM], self._mass)
        pair = two_body(parent, self._mass, self._products, v[COS_DECAY], v[PHI_DECAY])
        return np.stack(pair, axis=1)

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return the codes of the products; those of the antiparticle in half of the events."""
        codes = np.tile(np.asarray(self.final_state, dtype=np.int32), (len(variables), 1))
        if not self.own_antiparticle:
            codes[variables[:, SIGN] < 0.0] *= -1
        return codes
