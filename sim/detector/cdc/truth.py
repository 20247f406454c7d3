"""Which track segments a particle should fire, from the cells that it was in.

A segment counts when the particle was in cells of at least so many of its five layers, a
first-priority or a second-priority wire's among them: the firing rule with an ideal chamber,
without efficiency, time window, other particles or the suppression of neighbours. Passes of a
curling particle through the same segment count as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_layers import N_SEGMENT
from firmware_models.cdc_segments import CENTRE, LEFT, RIGHT, SegmentMap, segment_map
from firmware_models.kernels import njit
from sim.detector.cdc.cells import DISTANCE, PATH
from sim.detector.cdc.digitise import Crossings

LEAST_LAYERS = 4
"""Of a segment's five (basf2 Segment: at least four layers)."""

FIRST, SECOND_LEFT, SECOND_RIGHT = 3, 2, 1
"""Codes of the priority position (basf2 CDCTriggerSegmentHit)."""


@dataclass(frozen=True)
class SegmentTruth:
    """Segments that particles should fire, ragged over events.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Rows of event i are ``offsets[i]`` to ``offsets[i + 1]``, particle after particle.
    particle : ndarray of int64, shape (n_row,)
        Row of the particle in the events.
    segment : ndarray of int64, shape (n_row,)
        0 to 2335.
    layers : ndarray of int64, shape (n_row,)
        Layers of the pattern that the particle was in, 4 or 5.
    position : ndarray of int64, shape (n_row,)
        3: it was in the first-priority cell; 2 or 1: only in the left or right second-priority cell
        (the one whose wire it came nearer to, when in both).
    distance : ndarray of float64, shape (n_row,)
        From that wire [cm]; positive when the particle passes at larger azimuth than the wire, seen
        from the collision point at its left: then the wire is right of the track.
    """

    offsets: NDArray[np.int64]
    particle: NDArray[np.int64]
    segment: NDArray[np.int64]
    layers: NDArray[np.int64]
    position: NDArray[np.int64]
    distance: NDArray[np.float64]


def segment_truth(
    crossings: Crossings,
    segments: SegmentMap | None = None,
    least_layers: int = LEAST_LAYERS,
    least_path: float = 0.1,
) -> SegmentTruth:
    """Return the segments that particles should fire.

    Parameters
    ----------
    crossings : Crossings
        From `CdcResponse.crossings` or `CdcTruth`.
    segments : SegmentMap, optional
        Default: that of the standard chamber.
    least_layers : int, optional
        Layers of the pattern that are needed.
    least_path : float, optional
        Shorter ways in a cell [cm] do not count: they often fire nothing.
    """
    chosen = segment_map() if segments is None else segments
    begin, rows, distance = _collect(
        crossings.offsets, crossings.particle, crossings.wire, crossings.columns,
        chosen.member, chosen.member_index, chosen.pattern_layer, chosen.superlayer,
        np.array((RIGHT, CENTRE, LEFT)), least_layers, least_path,
    )  # fmt: skip
    return SegmentTruth(begin, rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], distance)


@njit()
def _collect(  # type: ignore[no-untyped-def]
    offsets, particle, wire, columns, member, member_index, pattern_layer, superlayer, priority,
    least_layers, least_path,
):  # fmt: skip
    n = len(offsets) - 1
    begin = np.zeros(n + 1, dtype=np.int64)
    # A crossing belongs to at most as many segments as a wire does.
    rows = np.empty((len(wire) * member.shape[1], 4), dtype=np.int64)
    distance = np.empty(len(rows))
    mask = np.zeros(N_SEGMENT, dtype=np.int64)
    nearest = np.full((3, N_SEGMENT), np.inf)
    touched = np.empty(N_SEGMENT, dtype=np.int64)
    at = 0
    for event in range(n):
        i = offsets[event]
        while i < offsets[event + 1]:
            own, count = particle[i], 0
            while i < offsets[event + 1] and particle[i] == own:
                if columns[i, PATH] >= least_path:
                    for k in range(member.shape[1]):
                        segment = member[wire[i], k]
                        if segment < 0:
                            break
                        if mask[segment] == 0:
                            touched[count] = segment
                            count += 1
                        index, part = member_index[wire[i], k], superlayer[segment]
                        mask[segment] |= 1 << pattern_layer[part, index]
                        for which in range(3):
                            if index == priority[which, part] and abs(columns[i, DISTANCE]) < abs(
                                nearest[which, segment]
                            ):
                                nearest[which, segment] = columns[i, DISTANCE]
                i += 1
            for k in range(count):
                segment = touched[k]
                layers = 0
                for bit in range(5):
                    layers += (mask[segment] >> bit) & 1
                right, centre, left = nearest[0, segment], nearest[1, segment], nearest[2, segment]
                code, found = FIRST, centre
                if centre == np.inf:
                    nearer_left = abs(left) < abs(right)
                    code = SECOND_LEFT if nearer_left else SECOND_RIGHT
                    found = left if nearer_left else right
                if layers >= least_layers and found != np.inf:
                    rows[at, 0], rows[at, 1], rows[at, 2], rows[at, 3] = own, segment, layers, code
                    distance[at] = found
                    at += 1
                mask[segment] = 0
                nearest[:, segment] = np.inf
        begin[event + 1] = at
    return begin, rows[:at].copy(), distance[:at].copy()
