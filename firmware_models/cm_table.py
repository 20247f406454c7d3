"""Look-up table of the trigger cells in the centre-of-mass (CM) frame.

For every cell: polar and azimuthal angle in the CM frame in whole degrees, and the laboratory
energy of a photon of 1 GeV in the CM frame in tenths. Layout and use: ecl_klm_gdl section 2 of the
reference notes (basf2 TrgEclDataBase: θ · 2¹³ + φ · 2⁴ + e). The entries are computed here from
the beams; no table is copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.ecl import N_CELL
from firmware_models.trigger_cells import cell_map

ELECTRON_GEV, POSITRON_GEV = 7.007, 4.002
"""Beam energies [GeV] (ecl_klm_gdl section 1 of the reference notes)."""

CROSSING_RAD = 0.083
"""Full crossing angle [rad]; the z axis halves it and the beams lie in the xz plane."""

PHI_LOW, THETA_LOW, WORD_WIDTH = 4, 13, 21
"""Lowest bits of φ and θ in an entry, and its width; e lies at bit 0."""


@dataclass(frozen=True)
class CmTable:
    """Entries by TC id; index 0, "no cell", holds zeros.

    Parameters
    ----------
    theta : ndarray of int64, shape (577,)
        Polar angle in the CM frame [degree], from the electron's direction.
    phi : ndarray of int64, shape (577,)
        Azimuth in the CM frame [degree], 0 to 359.
    scale : ndarray of int64, shape (577,)
        Laboratory energy for 1 GeV in the CM frame, in tenths.
    """

    theta: NDArray[np.int64]
    phi: NDArray[np.int64]
    scale: NDArray[np.int64]

    def words(self) -> NDArray[np.int64]:
        """Return the packed entries, shape (577,)."""
        return (self.theta << THETA_LOW) | (self.phi << PHI_LOW) | self.scale


@cache
def cm_table() -> CmTable:
    """Return the table.

    Notes
    -----
    A cell stands for a massless particle from the interaction point through the cell's centre.
    Its energy scale is 1 / (γ (1 − β·n)). Its CM angles are taken in axes turned about y such that
    the electron beam, boosted, points along +z. All entries round half up.
    """
    cells = cell_map()
    theta, phi = np.radians(cells.theta_deg[1:]), np.radians(cells.phi_deg[1:])
    lab = np.stack(
        (np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)), axis=1
    )
    beta = _boost()
    energy, direction = _to_cm(lab, beta)
    half = CROSSING_RAD / 2
    _, electron = _to_cm(np.array([[np.sin(half), 0.0, np.cos(half)]]), beta)
    tilt = np.arctan2(electron[0, 0], electron[0, 2])
    x = direction[:, 0] * np.cos(tilt) - direction[:, 2] * np.sin(tilt)
    z = direction[:, 0] * np.sin(tilt) + direction[:, 2] * np.cos(tilt)
    out = np.zeros((3, N_CELL + 1), dtype=np.int64)
    out[0, 1:] = np.floor(np.degrees(np.arccos(z)) + 0.5)
    out[1, 1:] = np.floor(np.degrees(np.arctan2(direction[:, 1], x)) + 0.5) % 360
    out[2, 1:] = np.floor(10.0 / energy + 0.5)
    out.flags.writeable = False
    return CmTable(out[0], out[1], out[2])


def _boost() -> NDArray[np.float64]:
    """Return the velocity of the CM frame in the laboratory (beam masses neglected)."""
    half = CROSSING_RAD / 2
    momentum = np.array(
        [(ELECTRON_GEV + POSITRON_GEV) * np.sin(half), 0.0,
         (ELECTRON_GEV - POSITRON_GEV) * np.cos(half)]
    )  # fmt: skip
    velocity: NDArray[np.float64] = momentum / (ELECTRON_GEV + POSITRON_GEV)
    return velocity


def _to_cm(
    unit: NDArray[np.float64], beta: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boost light-like vectors of unit energy; return CM energies and CM unit vectors."""
    gamma = 1.0 / np.sqrt(1.0 - beta @ beta)
    along = unit @ beta
    energy = gamma * (1.0 - along)
    vector = unit + ((gamma - 1.0) * along / (beta @ beta) - gamma)[:, None] * beta
    return energy, vector / np.linalg.norm(vector, axis=1)[:, None]
