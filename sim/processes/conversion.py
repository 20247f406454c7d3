"""Background sample: photons that convert to e⁺e⁻ in the material before the chamber's gas."""

from __future__ import annotations

import math

import numpy as np

from firmware_models.errors import InputError
from sim.detector.cdc.material import CYLINDERS
from sim.machine import Machine
from sim.processes.base import FloatArray, Process
from sim.processes.constants import ELECTRON_MASS, LIGHT_CM_PER_NS
from sim.processes.parameters import Parameter

ENERGY, THETA, PHI, RADIUS, SHARE, OPENING, PLANE = range(7)

OUTSIDE = 1.0 + 1e-9
"""Factor to a cylinder's radius: the pair starts behind the material that it was made in."""


class Conversion(Process):
    """One photon from the collision point, always converted; it stands for no collision.

    Places: the cylinders that the chamber's response knows, in proportion to their thickness.
    Polar angles are even in θ: even directions, times 1/sin θ of the way in a thin cylinder. The
    kinetic energy is shared as 1 - 4x(1 - x)/3 (complete screening). The momenta across the photon
    are opposite and equal, u m_e with dN/du² ∝ 1/(1 + u²)², and at most half the softer one's
    momentum. The nucleus takes up what is missing along the photon.
    """

    name = "conversion"
    title = "photons that convert in the material before the drift chamber (no cross-section)"
    laboratory = True
    flat = True
    final_state = (11, -11)
    dimensions = 7

    @classmethod
    def parameters(cls, machine: Machine) -> tuple[Parameter, ...]:
        """The photon and the range of radii."""
        return (
            Parameter("spectrum", "inverse", "of the photon's energy: flat, or dN/dE ∝ 1/E",
                      choices=("flat", "inverse")),
            Parameter("energy_min", 0.1, "lowest energy, laboratory", "GeV", 0.01, 100.0),
            Parameter("energy_max", 5.0, "highest energy, laboratory", "GeV", 0.01, 100.0),
            Parameter("theta_min", 17.0, "lower polar angle", "deg", 1.0, 179.0),
            Parameter("theta_max", 150.0, "upper polar angle", "deg", 1.0, 179.0),
            Parameter("radius_min", 0.0, "cylinders from this radius", "cm", 0.0, 100.0),
            Parameter("radius_max", 20.0, "to this", "cm", 0.0, 100.0),
        )  # fmt: skip

    def prepare(self) -> None:
        """Choose the cylinders and check the ranges."""
        for name in ("energy", "theta"):
            low, high = self._range(name)
            if low > high:
                raise InputError(
                    f"must be up to {name}_max ({high:g}), not {low:g}",
                    place=f"{self.name}.{name}_min",
                )
        low, high = self._range("radius")
        chosen = [(r, thickness) for r, thickness, _ in CYLINDERS if low <= r <= high]
        if not chosen:
            known = ", ".join(f"{row[0]:g}" for row in CYLINDERS)
            raise InputError(
                f"no cylinder from radius_min {low:g} to radius_max {high:g} cm; there are {known}",
                place=self.name,
            )
        self._radii, thickness = np.array(chosen).T
        self._below = np.cumsum(thickness) / np.sum(thickness)
        self.probability = 7.0 / 9.0 * float(np.sum(thickness))
        """Of a conversion across the cylinders at θ = 90°; 1/sin θ as large elsewhere."""

    def _range(self, name: str) -> tuple[float, float]:
        return self.number(f"{name}_min"), self.number(f"{name}_max")

    def propose(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return energy [GeV], θ, φ, radius [cm], share, u of the opening, its plane; weight 1."""
        photon = np.empty_like(u)
        low, high = self._range("energy")
        flat = low + (high - low) * u[:, ENERGY]
        inverse = low * (high / low) ** u[:, ENERGY]
        photon[:, ENERGY] = flat if self.word("spectrum") == "flat" else inverse
        low, high = (math.radians(angle) for angle in self._range("theta"))
        photon[:, THETA] = low + (high - low) * u[:, THETA]
        photon[:, [PHI, PLANE]] = 2.0 * math.pi * u[:, [PHI, PLANE]]
        cylinder = np.searchsorted(self._below, u[:, RADIUS], side="right")
        photon[:, RADIUS] = self._radii[np.minimum(cylinder, len(self._radii) - 1)]
        photon[:, SHARE] = _share(u[:, SHARE])
        photon[:, OPENING] = np.sqrt(u[:, OPENING] / np.maximum(1.0 - u[:, OPENING], 1e-12))
        return photon, np.ones(len(u))

    def momenta(self, variables: FloatArray) -> FloatArray:
        """Return electron and positron in the laboratory, shape ``(n, 2, 4)`` [GeV]."""
        photon = variables.T
        kinetic = photon[ENERGY] - 2.0 * ELECTRON_MASS
        share = np.stack((photon[SHARE], 1.0 - photon[SHARE]), axis=1)
        energy = ELECTRON_MASS + kinetic[:, None] * share
        p = np.sqrt(np.maximum(energy**2 - ELECTRON_MASS**2, 0.0))
        across = np.minimum(photon[OPENING] * ELECTRON_MASS, 0.5 * p.min(axis=1))
        along = np.sqrt(p**2 - across[:, None] ** 2)
        direction, sideways = _axes(photon[THETA], photon[PHI], photon[PLANE])
        side = across[:, None, None] * np.array([1.0, -1.0])[None, :, None] * sideways[:, None]
        p3 = along[:, :, None] * direction[:, None] + side
        return np.concatenate((p3, energy[:, :, None]), axis=2)

    def vertices(self, variables: FloatArray, p4_lab: FloatArray) -> FloatArray:
        """Return the place [cm] and time [ns] of the conversion, shape ``(n, 2, 4)``."""
        photon = variables.T
        direction, _ = _axes(photon[THETA], photon[PHI], photon[PLANE])
        way = OUTSIDE * photon[RADIUS] / np.sin(photon[THETA])
        result = np.empty_like(p4_lab)
        result[..., :3] = (way[:, None] * direction)[:, None]
        result[..., 3] = (way / LIGHT_CM_PER_NS)[:, None]
        return result


def _share(u: FloatArray) -> FloatArray:
    """Return x of density 1 - 4x(1-x)/3 = 2/3 + (1-2x)²/3: six parts of seven flat, one square."""
    square = 0.5 * (1.0 + np.cbrt(2.0 * np.clip(7.0 * u - 6.0, 0.0, 1.0) - 1.0))
    result: FloatArray = np.where(u < 6.0 / 7.0, np.minimum(u * 7.0 / 6.0, 1.0), square)
    return result


def _axes(theta: FloatArray, phi: FloatArray, plane: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the photon's direction and a unit vector across it at the angle `plane`."""
    st, ct, sp, cp = np.sin(theta), np.cos(theta), np.sin(phi), np.cos(phi)
    direction = np.stack((st * cp, st * sp, ct), axis=1)
    polar = np.stack((ct * cp, ct * sp, -st), axis=1)
    azimuthal = np.stack((-sp, cp, np.zeros_like(sp)), axis=1)
    return direction, np.cos(plane)[:, None] * polar + np.sin(plane)[:, None] * azimuthal
