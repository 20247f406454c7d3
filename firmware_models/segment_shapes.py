"""Extended shape of a track segment: wires beside the pattern that count for its layers alone.

A straight track that crosses the layers at an angle α to the radial direction moves by tan α times
the distance of the layers; fan and hour-glass hold it to about 30°. The extended shape has wires
beside these, so that it holds tracks to about 60° (docs/validation/displaced_segments.md). They add
to the layers that are hit, and to nothing else: priority wires, times, pattern and look-up table
stay those of the standard shape.

Source: cdc_track_trigger section 2.2 of the reference notes (TWEPP 2022: segment finder with
patterns for displaced tracks proposed); the wires are this project's choice.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_geometry import cdc_geometry
from firmware_models.cdc_layers import FIRST_PRIORITY_LAYER, N_SEGMENT, N_WIRE
from firmware_models.cdc_segments import FAN, HOUR_GLASS, segment_map
from firmware_models.interface.cdc_segment import N_ROW, PAD

STANDARD, EXTENDED = 0, 1
"""Values of the register `shape`."""

WIDE_FAN = (
    (0,), (-2, -1, 0, 1), (-2, -1, 0, 1, 2), (-4, -3, -2, -1, 0, 1, 2, 3),
    (-4, -3, -2, -1, 0, 1, 2, 3, 4),
)  # fmt: skip
"""Superlayer 0: wires relative to the centre's, row by row; their edges are seen from the centre at
48° to 60° to the radial direction."""

WIDE_HOUR_GLASS = (
    (-3, -2, -1, 0, 1, 2, 3), (-2, -1, 0, 1), (0,), (-2, -1, 0, 1), (-3, -2, -1, 0, 1, 2, 3),
)  # fmt: skip
"""Superlayers 1 to 8; the edges of the outermost rows are seen from the centre at 42° (superlayer
1) to 61° (8)."""


def extra_wires(superlayer: int) -> tuple[tuple[int, int], ...]:
    """Return row and relative number of the wires that only the extended shape has."""
    wide, narrow = (WIDE_HOUR_GLASS, HOUR_GLASS) if superlayer else (WIDE_FAN, FAN)
    return tuple(
        (row, relative)
        for row, wires in enumerate(wide)
        for relative in wires
        if relative not in narrow[row][1]
    )


def extra_elements(superlayer: int, shape: int) -> NDArray[np.int64]:
    """Return the extra wires of segment id 0 in the word `cdc_wires`.

    Parameters
    ----------
    superlayer : int
        0 to 8.
    shape : int
        0 (there are none) or 1.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        Element and row.
    """
    wires = extra_wires(superlayer) if shape == EXTENDED else ()
    rows = [(N_ROW * (PAD + relative) + row, row) for row, relative in wires]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


@cache
def extra_members(shape: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the segments that each wire is an extra wire of.

    Parameters
    ----------
    shape : int
        0 (there are none) or 1.

    Returns
    -------
    member, row : ndarray of int64, shape (14336, k)
        Segment, and the row of its shape that the wire lies in; both −1 behind the last.
    """
    lists: list[list[tuple[int, int]]] = [[] for _ in range(N_WIRE)]
    table, geometry = segment_map(), cdc_geometry()
    for segment in range(N_SEGMENT if shape == EXTENDED else 0):
        part, local = int(table.superlayer[segment]), int(table.local[segment])
        inner = FIRST_PRIORITY_LAYER[part] - (2 if part else 0)
        for row, relative in extra_wires(part):
            first, cells = geometry.first_wire[inner + row], geometry.table.cells[inner + row]
            lists[int(first + (local + relative) % cells)].append((segment, row))
    most = max(map(len, lists))
    result = np.full((2, N_WIRE, most), -1, dtype=np.int64)
    for wire, found in enumerate(lists):
        for k, pair in enumerate(found):
            result[:, wire, k] = pair
    result.flags.writeable = False
    return result[0], result[1]
