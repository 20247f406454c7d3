"""Background sample: charged particles from beams that hit the pipe, away from the collision."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.detector.geometry import GEV_PER_CM
from sim.detector.particles import particle_type
from sim.machine import Machine
from sim.processes.base import FloatArray, Process
from sim.processes.parameters import Parameter
from sim.processes.track_gun import CODES

N_NUMBER = 8
PT, COSINE, PHI, Z, D0, CHARGE, TIME = range(7)
FAR = 7


class BeamBackgroundTracks(Process):
    """One to three unrelated tracks from off the collision point; they stand for no collision.

    All distributions are assumptions. z0 is even over ±`z_range`, pT the least one plus an
    exponential, cos θ and φ even. Most tracks come from the beam pipe, within 90° of its radius:
    |d0| = r sin δ with δ even. The share `far` has an exponential |d0| up to `d0_max`. Each starts
    at its point closest to the z axis.
    """

    name = "beam_background_tracks"
    title = "tracks of beam background from off the collision point (no cross-section)"
    laboratory = True
    flat = True

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Spectra; those that the chamber's background has too have the same defaults."""
        return (
            Parameter("particle", "pi", "what flies, either charge", choices=tuple(CODES)),
            Parameter("tracks", "1", "in an event", choices=("1", "2", "3")),
            Parameter("pt_min", 0.1, "least transverse momentum", "GeV", 0.01, 5.0),
            Parameter("pt_mean", 0.4, "mean excess over it, exponential", "GeV", 0.0, 10.0),
            Parameter("theta_min", 17.0, "lower polar angle", "deg", 1.0, 179.0),
            Parameter("theta_max", 150.0, "upper polar angle", "deg", 1.0, 179.0),
            Parameter("z_range", 100.0, "z0 even between plus and minus this", "cm", 0.0, 400.0),
            Parameter("beam_pipe", 1.0, "radius of the beam pipe", "cm", 0.0, 10.0),
            Parameter("far", 0.2, "share of tracks with an exponential |d0|", "", 0.0, 1.0),
            Parameter("d0_mean", 5.0, "mean of that exponential before it is cut", "cm", 0.01, 1e3),
            Parameter("d0_max", 20.0, "largest |d0| of these", "cm", 0.0, 100.0),
            Parameter("time_range", 0.0, "start even between plus and minus this", "ns", 0.0, 1e3),
        )  # fmt: skip

    def prepare(self) -> None:
        """Check the ranges."""
        if self.number("theta_min") > self.number("theta_max"):
            raise InputError(
                f"must be up to theta_max ({self.number('theta_max'):g}), not "
                f"{self.number('theta_min'):g}", place=f"{self.name}.theta_min",
            )  # fmt: skip
        radius = self.number("pt_min") / GEV_PER_CM
        for name in ("d0_max", "beam_pipe"):
            if self.number(name) >= radius:
                raise InputError(
                    f"must be below {math.floor(100.0 * radius) / 100.0:g} cm, the radius of the "
                    f"softest particle's circle, not {self.number(name):g}",
                    place=f"{self.name}.{name}",
                )
        count = int(self.word("tracks"))
        self._type = particle_type(CODES[self.word("particle")])
        self.final_state = (CODES[self.word("particle")],) * count
        self.dimensions = N_NUMBER * count

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return pT [GeV], cos θ, φ, z0, d0 [cm], charge and time [ns] of each track; weight 1."""
        number = u.reshape(len(u), len(self.final_state), N_NUMBER)
        track = np.empty((*number.shape[:2], N_NUMBER - 1))
        even = 2.0 * number - 1.0
        excess = -self.number("pt_mean") * np.log1p(-number[..., PT])
        track[..., PT] = self.number("pt_min") + excess
        high, low = (
            math.cos(math.radians(self.number(name))) for name in ("theta_min", "theta_max")
        )
        track[..., COSINE] = low + (high - low) * number[..., COSINE]
        track[..., PHI] = math.pi * even[..., PHI]
        track[..., Z] = self.number("z_range") * even[..., Z]
        mean = self.number("d0_mean")
        kept = -math.expm1(-self.number("d0_max") / mean)
        size = -mean * np.log1p(-np.abs(even[..., D0]) * kept)
        pipe = self.number("beam_pipe") * np.sin(0.5 * math.pi * even[..., D0])
        far = number[..., FAR] < self.number("far")
        track[..., D0] = np.where(far, np.copysign(size, even[..., D0]), pipe)
        track[..., CHARGE] = np.where(number[..., CHARGE] < 0.5, 1.0, -1.0)
        track[..., TIME] = self.number("time_range") * even[..., TIME]
        return track.reshape(len(u), len(self.final_state) * (N_NUMBER - 1)), np.ones(len(u))

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the four-vectors in the laboratory, shape ``(n, tracks, 4)`` [GeV]."""
        track = _tracks(variables)
        pt, cosine, phi = track[..., PT], track[..., COSINE], track[..., PHI]
        pz = pt * cosine / np.sqrt(1.0 - cosine**2)
        energy = np.sqrt(pt**2 + pz**2 + self._type.mass**2)
        return np.stack((pt * np.cos(phi), pt * np.sin(phi), pz, energy), axis=-1)

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return the particle codes, shape ``(n, tracks)``."""
        positive = CODES[self.word("particle")] * self._type.charge
        codes: NDArray[np.int32] = (positive * _tracks(variables)[..., CHARGE]).astype(np.int32)
        return codes

    def vertices(self, variables: FloatArray, p4_lab: FloatArray) -> FloatArray:
        """Return the points closest to the z axis [cm] and the time [ns]."""
        track = _tracks(variables)
        phi, d0 = track[..., PHI], track[..., D0]
        start = (d0 * np.sin(phi), -d0 * np.cos(phi), track[..., Z], track[..., TIME])
        return np.stack(start, axis=-1)


def _tracks(variables: FloatArray) -> FloatArray:
    n, columns = variables.shape
    return variables.reshape(n, columns // (N_NUMBER - 1), N_NUMBER - 1)
