"""The collider: beam four-vectors, centre-of-mass energy and the frames of an event."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.kernels import njit

FloatArray = NDArray[np.float64]

ELECTRON_MASS = 0.51099895e-3
"""Electron mass [GeV], Particle Data Group."""

MINKOWSKI = np.diag([-1.0, -1.0, -1.0, 1.0])
"""Metric of four-vectors (px, py, pz, E): E² - p² is the invariant square."""


@dataclass(frozen=True)
class Machine:
    """Two beams that cross in the horizontal plane, symmetric about the detector axis.

    Defaults: SuperKEKB at the Υ(4S), energies, angle and spreads from the basf2 generator
    scripts (physics section A.1 of the reference notes).

    Parameters
    ----------
    electron_energy, positron_energy : float
        Beam energies [GeV]; the electrons move towards +z, the positrons towards -z.
    half_crossing : float
        Angle of either beam to the z axis [rad]; both beams have positive px.
    electron_spread, positron_spread : float
        Gaussian spreads of the beam energies [GeV]. 0 (default): none. SuperKEKB: 5.13e-3 and
        2.375e-3, see `superkekb_with_spread`.

    Raises
    ------
    InputError
        For energies not above the electron mass, an angle outside 0 to 0.5 rad, or a spread
        outside 0 to 2 % of the beam energy.
    """

    electron_energy: float = 7.004
    positron_energy: float = 4.002
    half_crossing: float = 0.0415
    electron_spread: float = 0.0
    positron_spread: float = 0.0

    def __post_init__(self) -> None:
        for beam in ("electron", "positron"):
            energy = getattr(self, f"{beam}_energy")
            if not (math.isfinite(energy) and 0.1 <= energy <= 1000.0):
                raise InputError(
                    f"must be 0.1 to 1000 GeV, not {energy!r}", place=f"machine.{beam}_energy"
                )
            spread = getattr(self, f"{beam}_spread")
            if not 0.0 <= spread <= 0.02 * energy:
                raise InputError(
                    f"must be 0 to {0.02 * energy:g} GeV (2 % of the beam), not {spread!r}",
                    place=f"machine.{beam}_spread",
                )
        if not 0.0 <= self.half_crossing <= 0.5:
            raise InputError(
                f"must be 0 to 0.5 rad, not {self.half_crossing!r}", place="machine.half_crossing"
            )

    @cached_property
    def electron(self) -> FloatArray:
        """Four-vector of the electron beam, px, py, pz, E [GeV]."""
        one = beam_momenta(np.array([self.electron_energy]), self.half_crossing, 1.0)
        return one.reshape(4)

    @cached_property
    def positron(self) -> FloatArray:
        """Four-vector of the positron beam, px, py, pz, E [GeV]."""
        one = beam_momenta(np.array([self.positron_energy]), self.half_crossing, -1.0)
        return one.reshape(4)

    @cached_property
    def total(self) -> FloatArray:
        """Sum of the two beam four-vectors [GeV]."""
        total: FloatArray = self.electron + self.positron
        return total

    @cached_property
    def s(self) -> float:
        """Square of the centre-of-mass energy [GeV²]."""
        return float(self.total @ MINKOWSKI @ self.total)

    @property
    def sqrt_s(self) -> float:
        """Centre-of-mass energy [GeV]."""
        return math.sqrt(self.s)

    @cached_property
    def boost(self) -> FloatArray:
        """Velocity of the centre of mass in the laboratory, shape ``(3,)`` [c]."""
        velocity: FloatArray = self.total[:3] / self.total[3]
        return velocity

    @cached_property
    def to_lab(self) -> FloatArray:
        """Lorentz matrix from the centre-of-mass frame to the laboratory, shape ``(4, 4)``."""
        return frames(self.electron[None], self.positron[None]).reshape(4, 4)

    @cached_property
    def to_cm(self) -> FloatArray:
        """Lorentz matrix from the laboratory to the centre-of-mass frame, shape ``(4, 4)``."""
        return invert(self.to_lab)

    @property
    def has_spread(self) -> bool:
        """Whether the beam energies differ from event to event."""
        return self.electron_spread > 0.0 or self.positron_spread > 0.0

    def collide(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw the beam energies of `n` events.

        Parameters
        ----------
        n : int
            Number of events.
        rng : Generator
            Source of the energies; not used when there is no spread.

        Returns
        -------
        sqrt_s : ndarray, shape (n,)
            Centre-of-mass energies [GeV].
        to_lab : ndarray, shape (n, 4, 4) or (1, 4, 4)
            Lorentz matrices to the laboratory; one for all events when there is no spread.
        """
        if not self.has_spread:
            return np.full(n, self.sqrt_s), self.to_lab[None]
        draw = rng.standard_normal((n, 2))
        electron = beam_momenta(
            self.electron_energy + self.electron_spread * draw[:, 0], self.half_crossing, 1.0
        )
        positron = beam_momenta(
            self.positron_energy + self.positron_spread * draw[:, 1], self.half_crossing, -1.0
        )
        total = electron + positron
        return np.sqrt(_square(total)), frames(electron, positron)


def superkekb_with_spread() -> Machine:
    """Return SuperKEKB with its beam-energy spreads (physics section A.1)."""
    return Machine(electron_spread=5.13e-3, positron_spread=2.375e-3)


def beam_momenta(energy: FloatArray, half_crossing: float, direction: float) -> FloatArray:
    """Return four-vectors of beam particles, shape ``(n, 4)`` [GeV].

    Parameters
    ----------
    energy : ndarray, shape (n,)
        Energies [GeV].
    half_crossing : float
        Angle to the z axis [rad].
    direction : float
        +1 towards +z, -1 towards -z.
    """
    momentum = np.sqrt(energy**2 - ELECTRON_MASS**2)
    result = np.zeros((len(energy), 4))
    result[:, 0] = momentum * math.sin(half_crossing)
    result[:, 2] = direction * momentum * math.cos(half_crossing)
    result[:, 3] = energy
    return result


def frames(electron: FloatArray, positron: FloatArray) -> FloatArray:
    """Return the matrices from the centre-of-mass frame to the laboratory, shape ``(n, 4, 4)``.

    The centre-of-mass frame is reached by a pure boost and then turned so that its z axis lies
    along the boosted electron; its y axis lies in the plane of z and the laboratory's vertical
    (physics section A.1; the choice of the y axis is a convention of this project).

    Parameters
    ----------
    electron, positron : ndarray, shape (n, 4)
        Beam four-vectors px, py, pz, E [GeV].
    """
    total = electron + positron
    mass = np.sqrt(_square(total))[:, None]
    velocity = total[:, :3] / mass
    gamma = total[:, 3:] / mass
    pure = np.zeros((len(total), 4, 4))
    pure[:, :3, :3] = np.eye(3) + velocity[:, :, None] * velocity[:, None, :] / (
        1.0 + gamma[:, :, None]
    )
    pure[:, :3, 3] = velocity
    pure[:, 3, :3] = velocity
    pure[:, 3, 3] = gamma[:, 0]
    z = np.einsum("nij,nj->ni", invert(pure), electron)[:, :3]
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    y = np.array([0.0, 1.0, 0.0]) - z * z[:, 1:2]
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    turn = np.zeros_like(pure)
    turn[:, :3, 0] = np.cross(y, z)
    turn[:, :3, 1] = y
    turn[:, :3, 2] = z
    turn[:, 3, 3] = 1.0
    result: FloatArray = pure @ turn
    return result


def invert(matrix: FloatArray) -> FloatArray:
    """Return the inverse of Lorentz matrices, shape ``(…, 4, 4)``, by the metric."""
    result: FloatArray = MINKOWSKI @ np.swapaxes(matrix, -1, -2) @ MINKOWSKI
    return result


@njit()
def transform(matrix: FloatArray, p4: FloatArray) -> FloatArray:
    """Apply Lorentz matrices to four-vectors.

    Parameters
    ----------
    matrix : ndarray, shape (n, 4, 4) or (1, 4, 4)
        One matrix an event, or one for all.
    p4 : ndarray, shape (n, k, 4)
        px, py, pz, E of k particles [GeV].

    Returns
    -------
    ndarray, shape (n, k, 4)
    """
    n, k, _ = p4.shape
    result = np.empty_like(p4)
    step = 1 if matrix.shape[0] > 1 else 0
    for i in range(n):
        m = matrix[i * step]
        for j in range(k):
            x, y, z, e = p4[i, j, 0], p4[i, j, 1], p4[i, j, 2], p4[i, j, 3]
            for row in range(4):
                result[i, j, row] = m[row, 0] * x + m[row, 1] * y + m[row, 2] * z + m[row, 3] * e
    return result


def _square(p4: FloatArray) -> FloatArray:
    result: FloatArray = p4[:, 3] ** 2 - np.sum(p4[:, :3] ** 2, axis=1)
    return result
