"""Where the calorimeter's trigger cells lie, in the integers of extrapolated tracks.

A cluster counts as the middle of its cell with the highest energy: azimuth in 1/2560 of a turn, z
on the cylinder of 126 cm in counts of the network's z, cot θ with the fractional bits of
`firmware_models.cot_table`. θ of the rings: `firmware_models.trigger_cells`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.cot_table import COT_FRACTION
from firmware_models.interface.ecl import N_RING
from firmware_models.interface.neuro import Z_LSB_CM
from firmware_models.track_extrapolation import ECL_RADIUS_CM, TURN
from firmware_models.trigger_cells import RING_PHI_COUNT, RING_THETA_CENTRE_DEG, cell_map


@cache
def cell_azimuth() -> NDArray[np.int64]:
    """Return the azimuth of the cells' middles by TC id, rounded half up, shape (577,).

    Index 0 stands for "no cell" and holds 0.
    """
    cells, count = cell_map(), np.array((1, *RING_PHI_COUNT))
    around = count[cells.theta_id]
    azimuth: NDArray[np.int64] = ((2 * cells.phi_id - 1) * TURN + around) // (2 * around)
    azimuth[0] = 0
    azimuth.flags.writeable = False
    return azimuth


@cache
def ring_z() -> NDArray[np.int64]:
    """Return z of the rings' middles on the cylinder of 126 cm, by θ-ID, shape (18,).

    Rounded half up. Index 0 stands for "no ring" and holds 0.
    """
    return _by_ring(ECL_RADIUS_CM / Z_LSB_CM)


@cache
def ring_cot() -> NDArray[np.int64]:
    """Return cot θ of the rings' middles with 12 fractional bits, by θ-ID, shape (18,).

    Rounded half up. Index 0 stands for "no ring" and holds 0.
    """
    return _by_ring(float(1 << COT_FRACTION))


def _by_ring(scale: float) -> NDArray[np.int64]:
    theta = np.radians(np.array(RING_THETA_CENTRE_DEG))
    table = np.zeros(N_RING + 1, dtype=np.int64)
    table[1:] = np.floor(scale / np.tan(theta) + 0.5).astype(np.int64)
    table.flags.writeable = False
    return table
