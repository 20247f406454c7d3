"""Maps of azimuth: 36 bins of 10° as the bits of an integer, and what is put into them.

The global reconstruction (basf2 TRGGRLMatch, TRGGRLProjects; ecl_klm_gdl section 5 of the reference
notes) compares tracks, clusters and sectors by bins. The distance of two bins is the shorter way
round, 0 to 18. "Less than k + 1 bins apart" is a map widened by k bins on both sides; "at least
18 − k apart" is the same of the map turned by half a circle.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.ecl import N_CELL
from firmware_models.interface.grl import N_PHI_BIN, N_SHORT_BIN
from firmware_models.interface.klm import N_ENDCAP_RING
from firmware_models.kernels import njit
from firmware_models.track_extrapolation import TURN
from firmware_models.trigger_cells import FIRST_BACKWARD, FIRST_BARREL, RING_PHI_COUNT, cell_map

HALF = N_PHI_BIN // 2
ALL = (1 << N_PHI_BIN) - 1
QUADRANT = N_PHI_BIN // N_ENDCAP_RING
"""Bins in a quadrant of the endcaps' muon detector; quadrant q begins at φ = 90° q."""

BARREL, FORWARD, BACKWARD, NO_PART = 0, 1, 2, 3
"""Parts of the calorimeter: θ-ID 4 to 15, below, above; and what is no cell."""

BIN_NUMERATOR, BIN_DENOMINATOR = 9, 640
"""Bins over counts of azimuth: 36 / 2560."""

assert N_PHI_BIN * BIN_DENOMINATOR == TURN * BIN_NUMERATOR


def short_bins() -> NDArray[np.int64]:
    """Return the bin of 10° in which the middle of each of the 64 bins lies, shape (64,)."""
    middle = 2 * np.arange(N_SHORT_BIN, dtype=np.int64) + 1
    bins: NDArray[np.int64] = middle * N_PHI_BIN // (2 * N_SHORT_BIN)
    return bins


def cell_bins() -> NDArray[np.int64]:
    """Return the bin of each trigger cell, shape (577,); entry 0 is none.

    A barrel cell is as wide as a bin. Of an endcap cell it is the bin of its middle, which never
    lies on an edge.
    """
    cells = cell_map()
    around = np.array((N_PHI_BIN, *RING_PHI_COUNT))[cells.theta_id]
    bins: NDArray[np.int64] = (2 * cells.phi_id - 1) * N_PHI_BIN // (2 * around)
    bins[0] = 0
    return bins


def cell_parts() -> NDArray[np.int64]:
    """Return the part of the calorimeter of each trigger cell, shape (577,)."""
    tc = np.arange(N_CELL + 1)
    parts: NDArray[np.int64] = np.where(
        tc < FIRST_BARREL, FORWARD, np.where(tc < FIRST_BACKWARD, BARREL, BACKWARD)
    )
    parts[0] = NO_PART
    return parts


@njit()
def turned(bins, by):  # type: ignore[no-untyped-def]
    """Return a map turned by so many bins, 1 to 35."""
    return (bins << by | bins >> (N_PHI_BIN - by)) & ALL


@njit()
def widened(bins, by):  # type: ignore[no-untyped-def]
    """Return the bins at most so many bins from one of a map; none for a negative number."""
    if by < 0:
        return bins & 0
    for _ in range(by):
        bins |= turned(bins, 1) | turned(bins, N_PHI_BIN - 1)
    return bins


@njit()
def opposite(one, other, within):  # type: ignore[no-untyped-def]
    """Return whether a bin of one map and one of the other are at least 18 − `within` apart."""
    return one & widened(turned(other, HALF), within) != 0


@njit()
def apart(one, other, circle):  # type: ignore[no-untyped-def]
    """Return the distance of two places on a circle, the shorter way round."""
    distance = abs(one - other)
    return min(distance, circle - distance)
