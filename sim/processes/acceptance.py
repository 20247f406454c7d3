"""Generation region of two-body processes: polar angles of one or both particles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.kernels import njit
from sim.machine import Machine, invert
from sim.processes.parameters import Parameter, Value

FloatArray = NDArray[np.float64]

ECL_ANGLES = (12.4, 155.1)
"""Polar angles that the calorimeter covers [deg] (physics section A.1)."""

REGION = (
    Parameter("theta_min", ECL_ANGLES[0], "lower polar angle of the region", "deg", 0.01, 179.99),
    Parameter("theta_max", ECL_ANGLES[1], "upper polar angle of the region", "deg", 0.01, 179.99),
    Parameter("frame", "lab", "frame of the angles", choices=("lab", "cm")),
)
REQUIRED = Parameter("required", "1", "particles inside: at least 1, or 2", choices=("1", "2"))


@dataclass(frozen=True)
class Region:
    """A range of polar angles in the laboratory or the centre-of-mass frame.

    Parameters
    ----------
    matrix : ndarray, shape (4, 4)
        From the centre-of-mass frame to the frame of the angles.
    low, high : float
        cosθ of the upper and of the lower angle.
    cosines : tuple of float
        cosθ* range that directions inside the region can have.
    """

    matrix: FloatArray
    low: float
    high: float
    cosines: tuple[float, float]

    @property
    def limits(self) -> tuple[float, float]:
        """`low` and `high` for the kernels."""
        return self.low, self.high

    def back_to_back(self, required: int) -> tuple[float, float]:
        """Return the cosθ* range of a particle when it or its opposite (1), or both, are inside.

        Raises
        ------
        InputError
            When two particles back to back can never both be inside.
        """
        low, high = self.cosines
        if required == 1:
            return min(low, -high), max(high, -low)
        low, high = max(low, -high), min(high, -low)
        if low >= high:
            raise InputError(
                "two particles back to back cannot both be inside the angles given; allowed: a "
                "wider range, or required=1"
            )
        return low, high


def region(machine: Machine, values: dict[str, Value], place: str) -> Region:
    """Build the region from a process's parameters (`REGION`).

    Raises
    ------
    InputError
        When the lower angle is not below the upper one.
    """
    low_angle, high_angle = float(values["theta_min"]), float(values["theta_max"])
    if low_angle >= high_angle:
        raise InputError(
            f"must be below theta_max ({high_angle:g} deg), not {low_angle:g}",
            place=f"{place}.theta_min",
        )
    matrix = machine.to_lab if values["frame"] == "lab" else np.eye(4)
    low, high = math.cos(math.radians(high_angle)), math.cos(math.radians(low_angle))
    return Region(matrix, low, high, _cosine_range(matrix, low, high))


def cm_cosines(matrix: FloatArray, cosine: float) -> FloatArray:
    """Return cosθ* of light-like directions at one cosθ and 3601 azimuths.

    Parameters
    ----------
    matrix : ndarray, shape (4, 4)
        From the centre-of-mass frame to the frame of cosθ.
    cosine : float
        cosθ of the directions.
    """
    phi = np.linspace(0.0, 2.0 * math.pi, 3601)
    sine = math.sqrt(1.0 - cosine * cosine)
    rays = np.stack(
        [sine * np.cos(phi), sine * np.sin(phi), np.full_like(phi, cosine), np.ones_like(phi)]
    )
    moved = invert(matrix) @ rays
    result: FloatArray = moved[2] / moved[3]
    return result


def _cosine_range(matrix: FloatArray, low: float, high: float) -> tuple[float, float]:
    """Extremes of cosθ* of light-like directions whose cosθ is `low` to `high`.

    The extremes lie on the border, unless a pole of the centre-of-mass frame is inside.
    """
    found = np.concatenate([cm_cosines(matrix, low), cm_cosines(matrix, high)])
    smallest, largest = float(np.min(found)), float(np.max(found))
    for pole in (-1.0, 1.0):
        moved_pole = matrix @ np.array([0.0, 0.0, pole, 1.0])
        if low <= moved_pole[2] / moved_pole[3] <= high:
            smallest, largest = (-1.0, largest) if pole < 0.0 else (smallest, 1.0)
    # Room for the steps in azimuth.
    margin = 2e-5
    return max(-1.0, smallest - margin), min(1.0, largest + margin)


@njit()
def inside(
    matrix: FloatArray, limits: tuple[float, float], mass: float, p: float, c: float, phi: float
) -> bool:
    """Say whether a particle given in the centre-of-mass frame is inside the region.

    Parameters
    ----------
    matrix, limits
        As in `Region`.
    mass, p : float
        Mass and momentum [GeV].
    c, phi : float
        cosθ* and azimuth [rad].
    """
    sine = math.sqrt(max(0.0, (1.0 - c) * (1.0 + c)))
    x, y, z = p * sine * math.cos(phi), p * sine * math.sin(phi), p * c
    return inside_p4(matrix, limits, x, y, z, math.sqrt(p * p + mass * mass))


@njit()
def inside_p4(
    matrix: FloatArray, limits: tuple[float, float], x: float, y: float, z: float, energy: float
) -> bool:
    """Say whether a four-vector of the centre-of-mass frame is inside the region."""
    px = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] * z + matrix[0, 3] * energy
    py = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] * z + matrix[1, 3] * energy
    pz = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2] * z + matrix[2, 3] * energy
    size = math.sqrt(px * px + py * py + pz * pz)
    return bool(limits[0] * size <= pz <= limits[1] * size)
