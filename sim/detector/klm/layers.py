"""Where the layers of the muon detector are.

Radii, z and thicknesses are those of basf2's public geometry (BKLM.xml, EKLM.xml). The barrel is
an octagon whose sides stand at 45° i; its first layer precedes the first plate, so layer k lies
behind k plates. An endcap begins with a plate: its layer k lies behind k + 1. Left out: the
chimney, cables and supports, and the shift of the two planes of a layer against each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.klm import N_LAYER
from sim.detector.klm.config import KlmConfig

PLATE = 4.7
"""Thickness of an iron plate [cm]."""

PITCH = 9.1
"""Plate and gap of 4.4 cm [cm]."""

CENTRE_Z = 47.0
"""Centre of barrel and coil along z [cm], where forward and backward sectors meet."""

HALF_LENGTH = 230.0
"""Half length of the barrel; the endcaps begin there [cm]."""

CHAMBER_LENGTH = 222.0
"""Length of a barrel chamber [cm]."""

INNER_RADIUS = 201.9
"""Distance of the barrel's first gap from the axis, in the middle of a side [cm]."""

FIRST_GAP = 4.1
"""Height of the barrel's first gap [cm]; the others have 4.4."""

IRON_AT_ENDS = (7.94, *(3.0,) * (N_LAYER - 1))
"""Iron at the two ends of a barrel gap, in azimuth [cm]."""

N_FORWARD, N_BACKWARD = 14, 12
"""Layers of the endcaps."""

ENDCAP_IN, ENDCAP_OUT = 132.5, 329.0
"""Radii between which an endcap's strips lie [cm]."""

IRON_IN, IRON_OUT = 128.0, 353.5
"""Radii between which its iron lies [cm]."""

COIL_RADIUS = 176.0
"""Where the coil's material is put and the field ends [cm]: the notes' radius of the coil."""

TAN_SIDE = float(np.tan(np.pi / 8.0))
"""Half of a side over its distance from the axis."""


class Layers(NamedTuple):
    """The layers as arrays.

    Parameters
    ----------
    apothem : ndarray of float64, shape (15,)
        Distance of a barrel layer's middle from the axis, in the middle of a side [cm].
    half_width : ndarray of float64, shape (15,)
        Half of the live width of a barrel layer [cm].
    depth : ndarray of float64, shape (14,)
        Distance of an endcap layer from the barrel's centre along z [cm].
    z_least, z_most : float
        Live barrel, as distance from the centre along z [cm].
    edge : float
        Dead edge of an endcap's quadrant [cm].
    """

    apothem: NDArray[np.float64]
    half_width: NDArray[np.float64]
    depth: NDArray[np.float64]
    z_least: float
    z_most: float
    edge: float


def apothems() -> NDArray[np.float64]:
    """Return the distances [cm] of the barrel's layers from the axis, shape ``(15,)``."""
    first = INNER_RADIUS + 0.5 * FIRST_GAP
    second = INNER_RADIUS + FIRST_GAP + PLATE + 0.5 * (PITCH - PLATE)
    return np.concatenate(([first], second + PITCH * np.arange(N_LAYER - 1)))


def endcap_depths() -> NDArray[np.float64]:
    """Return the endcap layers' distances [cm] from the barrel's centre, shape ``(14,)``."""
    first = HALF_LENGTH + PLATE + 0.5 * (PITCH - PLATE)
    return np.asarray(first + PITCH * np.arange(N_FORWARD), dtype=np.float64)


def make_layers(config: KlmConfig) -> Layers:
    """Return the layers with the dead edges of a configuration."""
    planes, apothem = config.planes, apothems()
    half = TAN_SIDE * apothem - np.array(IRON_AT_ENDS) - planes.frame
    return Layers(
        apothem, half, endcap_depths(), planes.gap_z, planes.gap_z + CHAMBER_LENGTH,
        planes.endcap_edge,
    )  # fmt: skip
