"""Calibration sample: up to three charged particles, from the collision point or displaced."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from firmware_models.errors import InputError
from sim.detector.geometry import GEV_PER_CM
from sim.detector.particles import particle_type
from sim.machine import Machine
from sim.processes.base import FloatArray, Process
from sim.processes.parameters import Parameter

CODES = {"mu": 13, "e": 11, "pi": 211, "K": 321, "p": 2212}
"""Particles and their codes; the sign of the code follows from the charge."""

RANGES = ("p", "theta", "z", "d0", "rho")
"""Quantities with a parameter ``_min`` and one ``_max``."""

N_NUMBER = 7
"""Random numbers of a track, and what becomes of them: see `TrackGun.propose`."""

MOMENTUM, THETA, PHI, X, Y, Z, CHARGE = range(N_NUMBER)


class TrackGun(Process):
    """Charged particles for efficiency tables, in the laboratory; they stand for no collision.

    Momentum, polar angle, z and either d0 or the radius of production are flat between limits, the
    azimuth is flat over the circle. With `d0` a particle starts at its point closest to the z axis,
    displaced across its direction: d0 is that of its straight line and of its helix alike, with the
    sign of `sim.perigee`. With `rho` it starts at that radius and flies within an angle of the
    radial direction, as from a decay. All start at the time of the collision. Every event has the
    weight 1; the cross-section is 1 nb by definition and must not enter a rate.
    """

    name = "track_gun"
    title = "up to three charged particles for efficiency tables (no cross-section)"
    laboratory = True
    flat = True

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """Particles, their momenta and where they start."""
        charges = ("both", "plus", "minus", "opposite")
        return (
            Parameter("particle", "mu", "what flies", choices=tuple(CODES)),
            Parameter("charge", "both", "charge; both: by equal chance; opposite: the second's to "
                      "the first's", choices=charges),
            Parameter("tracks", "1", "particles in an event", choices=("1", "2", "3")),
            Parameter("pairing", "independent", "azimuth of the second: its own, or opposite to "
                      "the first's", choices=("independent", "back_to_back")),
            Parameter("vertices", "separate", "start of the others: their own, or the first's",
                      choices=("separate", "common")),
            Parameter("spectrum", "pt", "what is flat: p, pT or 1/pT",
                      choices=("p", "pt", "inverse_pt")),
            Parameter("p_min", 0.2, "lowest p, or lowest pT", "GeV", 0.01, 100.0),
            Parameter("p_max", 5.0, "highest p, or highest pT", "GeV", 0.01, 100.0),
            Parameter("polar", "theta", "what is flat", choices=("theta", "cos_theta")),
            Parameter("theta_min", 17.0, "lower polar angle", "deg", 0.01, 179.99),
            Parameter("theta_max", 150.0, "upper polar angle", "deg", 0.01, 179.99),
            Parameter("z_min", 0.0, "lowest z of the start: z0 without rho", "cm", -200.0, 200.0),
            Parameter("z_max", 0.0, "highest z of the start", "cm", -200.0, 200.0),
            Parameter("z_width", 0.0, "instead of a range: standard deviation of z about 0", "cm",
                      0.0, 50.0),
            Parameter("d0_min", 0.0, "lowest d0, with sign", "cm", -100.0, 100.0),
            Parameter("d0_max", 0.0, "highest d0, with sign", "cm", -100.0, 100.0),
            Parameter("rho_min", 0.0, "without d0: lowest radius of the start", "cm", 0.0, 120.0),
            Parameter("rho_max", 0.0, "highest radius of the start", "cm", 0.0, 120.0),
            Parameter("deflection", 0.0, "with rho: largest angle in the transverse plane from the "
                      "radial direction, either way", "deg", 0.0, 180.0),
        )  # fmt: skip

    def prepare(self) -> None:
        """Check that the parameters go together."""
        for name in RANGES:
            low, high = self._range(name)
            if low > high:
                raise self._refused(f"{name}_min", f"up to {name}_max ({high:g})")
        count = int(self.word("tracks"))
        for name, value in (
            ("charge", "opposite"), ("pairing", "back_to_back"), ("vertices", "common"),
        ):  # fmt: skip
            if self.word(name) == value and count == 1:
                raise self._refused(name, "something else, or tracks 2 or 3")
        self._displaced = self.number("rho_max") > 0.0
        if self._displaced and self._range("d0") != (0.0, 0.0):
            raise self._refused("rho_max", "0 where a range of d0 is given")
        if self.number("deflection") > 0.0 and not self._displaced:
            raise self._refused("deflection", "0 without rho_max")
        if self.number("z_width") > 0.0 and self._range("z") != (0.0, 0.0):
            raise self._refused("z_width", "0 where a range of z is given")
        self._check_d0()
        self.dimensions = N_NUMBER * count
        particle = CODES[self.word("particle")]
        self._mass, own = particle_type(particle).mass, particle_type(particle).charge
        self._positive = particle * own
        second = -1 if self.word("charge") == "opposite" else 1
        first = self._positive if self.word("charge") == "plus" else -self._positive
        self.final_state = (first, second * first, first)[:count]

    def _check_d0(self) -> None:
        """Refuse a d0 for which the start is no longer the helix's point closest to the axis."""
        softest = self.number("p_min")
        if self.word("spectrum") == "p":
            softest *= min(math.sin(math.radians(angle)) for angle in self._range("theta"))
        radius = softest / GEV_PER_CM
        for name in ("d0_min", "d0_max"):
            if abs(self.number(name)) >= radius:
                allowed = math.floor(100.0 * radius) / 100.0
                raise self._refused(
                    name, f"within ±{allowed:g} cm, the radius of the softest particle's circle"
                )

    def _range(self, name: str) -> tuple[float, float]:
        return self.number(f"{name}_min"), self.number(f"{name}_max")

    def _refused(self, name: str, allowed: str) -> InputError:
        value = self.values[name]
        given = f"{value:g}" if isinstance(value, float) else value
        return InputError(f"must be {allowed}, not {given}", place=f"{self.name}.{name}")

    def _flat(self, name: str, u: FloatArray) -> FloatArray:
        low, high = self._range(name)
        return low + (high - low) * u

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return momentum [GeV], θ, φ [rad], x, y, z [cm] and charge of each track; weight 1.

        The random numbers of a track stand for momentum, θ, φ, z, d0 or radius, deflection and
        charge, in this order.
        """
        number = _tracks(u)
        track = np.empty_like(number)
        track[..., THETA] = self._theta(number[..., 1])
        track[..., MOMENTUM] = self._momentum(number[..., 0], track[..., THETA])
        track[..., PHI] = 2.0 * math.pi * number[..., 2]
        track[..., CHARGE] = np.where(number[..., 6] < 0.5, 1.0, -1.0)
        if self.word("charge") in ("plus", "minus"):
            track[..., CHARGE] = 1.0 if self.word("charge") == "plus" else -1.0
        if self.word("charge") == "opposite":
            track[:, 1, CHARGE] = -track[:, 0, CHARGE]
        if self.word("pairing") == "back_to_back":
            track[:, 1, PHI] = track[:, 0, PHI] + math.pi
        self._start(number, track)
        return track.reshape(u.shape), np.ones(len(u))

    def _theta(self, u: FloatArray) -> FloatArray:
        theta: FloatArray = np.radians(self._flat("theta", u))
        if self.word("polar") == "cos_theta":
            low, high = (math.cos(math.radians(angle)) for angle in self._range("theta"))
            theta = np.arccos(low + (high - low) * u)
        return theta

    def _momentum(self, u: FloatArray, theta: FloatArray) -> FloatArray:
        low, high = self._range("p")
        if self.word("spectrum") == "p":
            return self._flat("p", u)
        if self.word("spectrum") == "pt":
            return self._flat("p", u) / np.sin(theta)
        return 1.0 / (1.0 / high + (1.0 / low - 1.0 / high) * u) / np.sin(theta)

    def _start(self, number: FloatArray, track: FloatArray) -> None:
        """Fill in the production points, and azimuths that follow from a common one."""
        common = self.word("vertices") == "common"
        phi = track[..., PHI]
        if self._displaced:
            rho = self._flat("rho", number[..., 4])
            deflection = math.radians(self.number("deflection")) * (2.0 * number[..., 5] - 1.0)
            azimuth = phi - deflection
            track[..., X], track[..., Y] = rho * np.cos(azimuth), rho * np.sin(azimuth)
            own = 2 if self.word("pairing") == "back_to_back" else 1
            if common:
                track[:, own:, PHI] = azimuth[:, :1] + deflection[:, own:]
        else:
            d0 = self._flat("d0", number[..., 4])
            track[..., X], track[..., Y] = d0 * np.sin(phi), -d0 * np.cos(phi)
        width = self.number("z_width")
        track[..., Z] = self._flat("z", number[..., 3])
        if width > 0.0:
            # A normal distribution has no values at 0 and 1.
            track[..., Z] = width * ndtri(np.clip(number[..., 3], 2.0**-54, 1.0 - 2.0**-53))
        if common:
            track[:, 1:, X : Z + 1] = track[:, :1, X : Z + 1]

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return the particles' four-vectors in the laboratory, shape ``(n, tracks, 4)`` [GeV]."""
        track = _tracks(variables)
        p, theta, phi = track[..., MOMENTUM], track[..., THETA], track[..., PHI]
        pt = p * np.sin(theta)
        energy = np.sqrt(p * p + self._mass**2)
        return np.stack([pt * np.cos(phi), pt * np.sin(phi), p * np.cos(theta), energy], axis=-1)

    def codes(self, variables: FloatArray) -> NDArray[np.int32]:
        """Return the particle codes, shape ``(n, tracks)``."""
        codes: NDArray[np.int32] = (self._positive * _tracks(variables)[..., CHARGE]).astype(
            np.int32
        )
        return codes

    def vertices(self, variables: FloatArray, p4_lab: FloatArray) -> FloatArray:
        """Return the production points [cm] at time 0, shape ``(n, tracks, 4)``."""
        result = np.zeros_like(p4_lab)
        result[..., :3] = _tracks(variables)[..., X : Z + 1]
        return result


def _tracks(variables: FloatArray) -> FloatArray:
    n, columns = variables.shape
    return variables.reshape(n, columns // N_NUMBER, N_NUMBER)
