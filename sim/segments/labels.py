"""What the simulation knows of found segments: the side of the priority wire, and the particle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_layers import N_WIRE
from firmware_models.cdc_segments import PATTERN_WIRES, segment_map
from firmware_models.interface import cdc_hough as codes
from firmware_models.segment_finding import Segments
from firmware_models.segment_lut import SIDE_LEFT, SIDE_RIGHT
from firmware_models.wire_hits import WINDOW_TICKS, WireHits
from sim.detector.cdc.cells import DISTANCE
from sim.detector.cdc.response import CdcTruth

NO_SIDE = 0
"""Side of a priority wire that background hit."""


@dataclass(frozen=True)
class Labels:
    """Truth of segments, one row each.

    Parameters
    ----------
    side : ndarray of int64, shape (n_segment,)
        Where the priority wire lies seen from the particle that hit it: 1 right, 2 left, 0
        background.
    particle : ndarray of int64, shape (n_segment,)
        Row of that particle in the truth's events; −1: background.
    distance : ndarray of float64, shape (n_segment,)
        Of the particle from the wire [cm], positive at its left; 0 for background.
    """

    side: NDArray[np.int64]
    particle: NDArray[np.int64]
    distance: NDArray[np.float64]


def label(truth: CdcTruth, segments: Segments) -> Labels:
    """Return the truth of segments found in the truth's hits."""
    table, number = segment_map(), segment_numbers(segments)
    chosen = np.where(
        segments.position == codes.FIRST, table.priority[number],
        table.second[number, (segments.position == codes.LEFT).astype(np.int64)],
    )  # fmt: skip
    row = _Lookup(truth.hits).row(segments.window_of, chosen)
    crossing = truth.crossing[row]
    known = crossing >= 0
    distance = np.zeros(len(number))
    distance[known] = truth.crossings.columns[crossing[known], DISTANCE]
    side = np.where(distance > 0.0, SIDE_RIGHT, SIDE_LEFT)
    return Labels(np.where(known, side, NO_SIDE), truth.particle[row].astype(np.int64), distance)


def segment_numbers(segments: Segments) -> NDArray[np.int64]:
    """Return the segments' numbers in the chamber, 0 to 2335."""
    result: NDArray[np.int64] = segment_map().first[segments.superlayer] + segments.local
    return result


@dataclass(frozen=True)
class Addresses:
    """Addresses of segments in their superlayer's look-up table, one row each.

    Parameters
    ----------
    pattern : ndarray of int64, shape (n_segment,)
        All hit bits, 15 in superlayer 0 and 11 in the others.
    right, left : ndarray of int64, shape (n_segment,)
        Ticks of the second-priority wires; 256: not hit.
    """

    pattern: NDArray[np.int64]
    right: NDArray[np.int64]
    left: NDArray[np.int64]

    @property
    def address(self) -> NDArray[np.int64]:
        """Address in the superlayer's table."""
        second = (self.left < WINDOW_TICKS) & (self.left <= self.right)
        return np.asarray(self.pattern << 1 | second)

    @property
    def tied(self) -> NDArray[np.bool_]:
        """Both second-priority wires are hit on the same tick."""
        return np.asarray((self.left == self.right) & (self.left < WINDOW_TICKS))


def addresses(hits: WireHits, segments: Segments) -> Addresses:
    """Return the addresses of segments found in hits."""
    table, number = segment_map(), segment_numbers(segments)
    lookup, window = _Lookup(hits), segments.window_of
    pattern = np.zeros(len(number), dtype=np.int64)
    for index in range(max(PATTERN_WIRES)):
        wire = table.wires[number, index]
        pattern |= (lookup.tick(window, wire) < WINDOW_TICKS).astype(np.int64) << index
    right, left = (lookup.tick(window, table.second[number, side]) for side in (0, 1))
    return Addresses(pattern, right, left)


def mirrored(pattern: NDArray[np.int64], superlayer: int) -> NDArray[np.int64]:
    """Return patterns seen in a mirror that turns azimuth round, in one superlayer."""
    result = np.zeros_like(pattern)
    for index, other in enumerate(mirror_order(superlayer)):
        result |= (pattern >> index & 1) << other
    return result


def mirror_order(superlayer: int) -> list[int]:
    """Return where the mirror puts each wire of the pattern: rows are turned round."""
    rows = segment_map().pattern_layer[superlayer, : PATTERN_WIRES[superlayer]]
    order = []
    for index, row in enumerate(rows.tolist()):
        here = np.flatnonzero(rows == row)
        order.append(int(here[0] + here[-1] - index))
    return order


class _Lookup:
    """Hits by window and wire."""

    def __init__(self, hits: WireHits) -> None:
        self._key = hits.window_of * N_WIRE + hits.wire
        self._tick = np.append(hits.time.astype(np.int64), WINDOW_TICKS)

    def row(self, window: NDArray[np.int64], wire: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of hits, one behind the last where there is none."""
        key = window * N_WIRE + wire
        row = np.searchsorted(self._key, key)
        found = (row < len(self._key)) & (wire >= 0)
        found[found] = self._key[row[found]] == key[found]
        return np.where(found, row, len(self._key))

    def tick(self, window: NDArray[np.int64], wire: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return ticks; 256: no hit in the window."""
        return np.asarray(np.minimum(self._tick[self.row(window, wire)], WINDOW_TICKS))
