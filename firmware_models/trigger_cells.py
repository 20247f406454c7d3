"""The 576 trigger cells of the calorimeter: numbers, rings, neighbours, directions.

Source: ecl_klm_gdl section 1 of the reference notes (basf2 TrgEclMapping and the table of cell
positions). A trigger cell (TC) is numbered from 1: forward 1 to 80, barrel 81 to 512, backward
513 to 576. Its θ-ID counts rings from the innermost forward (1) to the innermost backward (17);
its φ-ID counts from 1 within the ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models import ragged
from firmware_models.interface.ecl import ECL_FRAME, N_CELL, N_RING

FIRST_BARREL, FIRST_BACKWARD = 81, 513

RING_PHI_COUNT = (16, 32, 32, *(36,) * 12, 32, 32)
"""Cells in each ring, θ-ID 1 first."""

RING_THETA_CENTRE_DEG = (
    15.76, 22.52, 28.94, 34.79, 40.71, 47.46, 55.08, 63.52, 72.70, 82.45, 92.53, 102.47, 111.95,
    120.77, 126.79, 134.87, 146.75,
)  # fmt: skip
"""Laboratory polar angle of each ring's centre [degree] (mean over φ of the cell positions)."""

RING_THETA_LOW_DEG = (
    12.4, 19.1, 25.9, 32.2, 37.5, 44.1, 51.3, 59.3, 68.1, 77.6, 87.5, 97.5, 107.2, 116.4, 124.8,
    130.7, 140.8,
)  # fmt: skip
"""Lower edge of each ring [degree]: midpoints and the acceptance of the three parts, ±0.5°."""

RING_THETA_HIGH_DEG = (
    19.1, 25.9, 31.4, 37.5, 44.1, 51.3, 59.3, 68.1, 77.6, 87.5, 97.5, 107.2, 116.4, 124.8, 128.7,
    140.8, 155.1,
)  # fmt: skip
"""Upper edge of each ring [degree]. The gaps 31.4–32.2 and 128.7–130.7 lie between the parts."""

_FORWARD_GROUP = ((1, 0), (2, 0), (3, 0), (3, 1), (2, 1))
_BACKWARD_GROUP = ((17, 1), (16, 1), (16, 0), (17, 0))


@dataclass(frozen=True)
class CellMap:
    """Arrays over the cells; index 0 stands for "no cell", so index = TC id.

    Parameters
    ----------
    theta_id : ndarray of int64, shape (577,)
        1 to 17; 0 for no cell.
    phi_id : ndarray of int64, shape (577,)
        From 1 within the ring; 0 for no cell.
    theta_deg, phi_deg : ndarray of float64, shape (577,)
        Laboratory direction of the centre [degree], φ in [0, 360).
    id_of : ndarray of int64, shape (18, 37)
        TC id by (θ-ID, φ-ID); 0 where there is none.
    """

    theta_id: NDArray[np.int64]
    phi_id: NDArray[np.int64]
    theta_deg: NDArray[np.float64]
    phi_deg: NDArray[np.float64]
    id_of: NDArray[np.int64]


@cache
def cell_map() -> CellMap:
    """Return the map of the cells.

    Notes
    -----
    Forward cells come in 16 groups of five, 22.5° each: ring 1, 2, 3, 3, 2; the second cell of a
    ring lies at the higher φ. Backward cells come in 16 groups of four: ring 17, 16, 16, 17; there
    the second cell lies at the lower φ (basf2 TrgEclMapping, φ-ID of a cell). Barrel cells:
    TC = 81 + 12 (φ-ID − 1) + (θ-ID − 4).
    """
    theta_id = np.zeros(N_CELL + 1, dtype=np.int64)
    phi_id = np.zeros(N_CELL + 1, dtype=np.int64)
    tc = 1
    for group in range(16):
        for ring, half in _FORWARD_GROUP:
            theta_id[tc], phi_id[tc] = ring, group + 1 if ring == 1 else 2 * group + half + 1
            tc += 1
    for phi in range(1, 37):
        for ring in range(4, 16):
            theta_id[tc], phi_id[tc] = ring, phi
            tc += 1
    for group in range(16):
        for ring, half in _BACKWARD_GROUP:
            theta_id[tc], phi_id[tc] = ring, 2 * group + half + 1
            tc += 1
    id_of = np.zeros((N_RING + 1, 37), dtype=np.int64)
    id_of[theta_id[1:], phi_id[1:]] = np.arange(1, N_CELL + 1)
    theta_deg, phi_deg = np.zeros(N_CELL + 1), np.zeros(N_CELL + 1)
    count = np.array((1, *RING_PHI_COUNT))
    theta_deg[1:] = np.array(RING_THETA_CENTRE_DEG)[theta_id[1:] - 1]
    phi_deg[1:] = (phi_id[1:] - 0.5) * 360.0 / count[theta_id[1:]]
    for array in (theta_id, phi_id, theta_deg, phi_deg, id_of):
        array.flags.writeable = False
    return CellMap(theta_id, phi_id, theta_deg, phi_deg, id_of)


@dataclass(frozen=True)
class CellHits:
    """Fired trigger cells of many windows, ragged.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Hits of window i are ``offsets[i]`` to ``offsets[i + 1]``.
    cell : ndarray of uint16, shape (n_hit,)
        TC id, 1 to 576; at most one hit a cell and window, in rising order within a window.
    energy : ndarray of uint16, shape (n_hit,)
        Counts (5.231 MeV), 1 to 4095.
    time : ndarray of uint8, shape (n_hit,)
        Time in the window, in counts of 0.98254 ns.
    frame : ndarray of uint8, shape (n,)
        Data clock in the turn in which the window starts, 0 to 79.
    """

    offsets: NDArray[np.int64]
    cell: NDArray[np.uint16]
    energy: NDArray[np.uint16]
    time: NDArray[np.uint8]
    frame: NDArray[np.uint8]

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.offsets) - 1

    def select(self, chosen: NDArray[np.intp]) -> CellHits:
        """Return the windows of the given numbers, in the given order."""
        offsets, rows = ragged.selected(self.offsets, chosen)
        return CellHits(
            offsets, self.cell[rows], self.energy[rows], self.time[rows], self.frame[chosen]
        )

    @classmethod
    def joined(cls, parts: Sequence[CellHits]) -> CellHits:
        """Return the windows of several one after the other."""
        columns = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("cell", "energy", "time", "frame")
        )
        return cls(ragged.joined([part.offsets for part in parts]), *columns)

    def dense(self) -> NDArray[np.void]:
        """Return the windows as frames, shape ``(n,)``, dtype of the word `ecl_frame`."""
        frames = ECL_FRAME.zeros(len(self))
        row = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        frames["energy"][row, self.cell.astype(np.int64) - 1] = self.energy
        frames["time"][row, self.cell.astype(np.int64) - 1] = self.time
        frames["frame"] = self.frame
        return frames

    @classmethod
    def from_dense(cls, frames: NDArray[np.void]) -> CellHits:
        """Build from frames of the word `ecl_frame`; the inverse of `dense`."""
        row, column = np.nonzero(frames["energy"])
        counts = np.bincount(row, minlength=len(frames))
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return cls(
            offsets,
            (column + 1).astype(np.uint16),
            frames["energy"][row, column],
            frames["time"][row, column],
            frames["frame"].copy(),
        )
