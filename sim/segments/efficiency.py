"""How many of the segments that particles should fire are found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_layers import N_SEGMENT
from firmware_models.cdc_segments import segment_map
from firmware_models.interface.cdc_segment import N_SUPERLAYER
from firmware_models.segment_finding import Segments
from sim.detector.cdc.response import CdcTruth
from sim.detector.cdc.truth import segment_truth
from sim.segments.labels import label, segment_numbers

NEIGHBOURS = (-1, 0, 1)
"""A found segment this far from a true one counts: the finder may suppress one for the other."""


@dataclass(frozen=True)
class Passages:
    """Particles in superlayers where they should fire a segment, one row each.

    Parameters
    ----------
    particle : ndarray of int64, shape (n,)
        Row in the truth's events.
    superlayer : ndarray of int64, shape (n,)
        0 to 8.
    found : ndarray of bool, shape (n,)
        A segment whose priority wire the particle hit was found there, or next to it.
    """

    particle: NDArray[np.int64]
    superlayer: NDArray[np.int64]
    found: NDArray[np.bool_]


def passages(truth: CdcTruth, segments: Segments) -> Passages:
    """Return which particles have their segments.

    Parameters
    ----------
    truth : CdcTruth
    segments : Segments
        Found in its hits.
    """
    true, table = segment_truth(truth.crossings), segment_map()
    part = table.superlayer[true.segment]
    first, size = table.first[part], np.diff(table.first)[part]
    found = np.unique(label(truth, segments).particle * N_SEGMENT + segment_numbers(segments))
    near = np.zeros(len(part), dtype=np.bool_)
    for step in NEIGHBOURS:
        other = first + (true.segment - first + step) % size
        near |= np.isin(true.particle * N_SEGMENT + other, found)
    place, inverse = np.unique(true.particle * N_SUPERLAYER + part, return_inverse=True)
    some = np.bincount(inverse, weights=near, minlength=len(place)) > 0
    return Passages(place // N_SUPERLAYER, place % N_SUPERLAYER, some)
