"""The 2336 track segments: which wires each is made of.

Source: basf2 CDCTriggerTSFModule (commit 0071b46f) and Segment (c0175a04). A segment belongs to a
first-priority wire: layer 3 of superlayer 0, layer 2 of the others; it is numbered like this wire,
superlayer by superlayer, 0 to 2335. Wires of its pattern are numbered layer by layer outwards, the
low wire first. The second-priority wires are the two of the next layer: right, half a cell lower in
azimuth, and left, half a cell higher.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_geometry import CdcGeometry, cdc_geometry
from firmware_models.cdc_layers import (
    FIRST_PRIORITY_LAYER,
    N_SEGMENT,
    N_SUPERLAYER,
    N_WIRE,
    SUPERLAYER_LAYERS,
)

N_PATTERN = 15
"""Wires of the longest pattern."""

N_MEMBER = 5
"""Segments of the wire that is in most."""

FAN = ((0, (0,)), (1, (-1, 0)), (2, (-1, 0, 1)), (3, (-2, -1, 0, 1)), (4, (-2, -1, 0, 1, 2)))
"""Superlayer 0: layer relative to the first-priority one, wires relative to the centre's."""

HOUR_GLASS = ((-2, (-1, 0, 1)), (-1, (-1, 0)), (0, (0,)), (1, (-1, 0)), (2, (-1, 0, 1)))
"""Superlayers 1 to 8."""

CENTRE, RIGHT, LEFT = (0, *(5,) * 8), (1, *(6,) * 8), (2, *(7,) * 8)
"""Index in the pattern of the first-priority and of the second-priority wires, by superlayer."""

PATTERN_WIRES = (15, *(11,) * 8)
"""Wires of a pattern, by superlayer."""


@dataclass(frozen=True)
class SegmentMap:
    """Wires of the segments and segments of the wires.

    Parameters
    ----------
    first : ndarray of int64, shape (10,)
        Segments of superlayer s are ``first[s]`` to ``first[s + 1]``.
    superlayer, local : ndarray of int64, shape (2336,)
        Superlayer and number in it.
    wires : ndarray of int64, shape (2336, 15)
        Global wire ids in the order of the pattern; -1 behind the last.
    priority : ndarray of int64, shape (2336,)
        First-priority wire.
    second : ndarray of int64, shape (2336, 2)
        Second-priority wires: right, left.
    member : ndarray of int64, shape (14336, 5)
        Segments of each wire, rising pattern index; -1 behind the last.
    member_index : ndarray of int64, shape (14336, 5)
        Index of the wire in the pattern of that segment; -1 behind the last.
    pattern_layer : ndarray of int64, shape (9, 15)
        Row 0 to 4 of the pattern that a pattern index lies in; -1 behind the last.
    """

    first: NDArray[np.int64]
    superlayer: NDArray[np.int64]
    local: NDArray[np.int64]
    wires: NDArray[np.int64]
    priority: NDArray[np.int64]
    second: NDArray[np.int64]
    member: NDArray[np.int64]
    member_index: NDArray[np.int64]
    pattern_layer: NDArray[np.int64]


@cache
def segment_map() -> SegmentMap:
    """Return the segments of the standard chamber."""
    return build_segments(cdc_geometry())


def build_segments(geometry: CdcGeometry) -> SegmentMap:
    """Return the segments of a chamber."""
    cells = geometry.table.cells[np.cumsum((0, *SUPERLAYER_LAYERS))[:-1]]
    first = np.concatenate(([0], np.cumsum(cells))).astype(np.int64)
    superlayer = np.repeat(np.arange(N_SUPERLAYER, dtype=np.int64), cells)
    local = np.arange(N_SEGMENT) - first[superlayer]
    wires = np.full((N_SEGMENT, N_PATTERN), -1, dtype=np.int64)
    rows = np.full((N_SUPERLAYER, N_PATTERN), -1, dtype=np.int64)
    for number in range(N_SUPERLAYER):
        here = slice(first[number], first[number + 1])
        _fill(number, local[here], geometry, wires[here], rows[number])
    member, index = _members(wires)
    each = np.arange(N_SEGMENT)
    second = np.stack(
        (wires[each, np.array(RIGHT)[superlayer]], wires[each, np.array(LEFT)[superlayer]]), axis=1
    )
    priority = wires[each, np.array(CENTRE)[superlayer]]
    result = SegmentMap(
        first, superlayer, local, wires, priority, second, member, index, rows
    )  # fmt: skip
    for array in vars(result).values():
        array.flags.writeable = False
    return result


def _fill(
    superlayer: int,
    local: NDArray[np.int64],
    geometry: CdcGeometry,
    wires: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> None:
    """Write the pattern of one superlayer's segments."""
    centre = FIRST_PRIORITY_LAYER[superlayer]
    index = 0
    for row, (step, relative) in enumerate(HOUR_GLASS if superlayer else FAN):
        layer = centre + step
        for shift in relative:
            number = (local + shift) % geometry.table.cells[layer]
            wires[:, index] = geometry.first_wire[layer] + number
            rows[index] = row
            index += 1


def _members(wires: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Invert the table of wires."""
    member = np.full((N_WIRE, N_MEMBER), -1, dtype=np.int64)
    member_index = np.full((N_WIRE, N_MEMBER), -1, dtype=np.int64)
    filled = np.zeros(N_WIRE, dtype=np.int64)
    for index in range(N_PATTERN):
        segment = np.flatnonzero(wires[:, index] >= 0)
        wire = wires[segment, index]  # all different: one wire of a layer for each segment
        member[wire, filled[wire]] = segment
        member_index[wire, filled[wire]] = index
        filled[wire] += 1
    return member, member_index
