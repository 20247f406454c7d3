"""Rules of one track segment, shared by the stream of data clocks and by whole windows.

Sources: cdc_track_trigger section 2.2 of the reference notes (basf2 Segment.cc: at least four of
five layers and a priority wire; of two second-priority wires the earlier).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_segments import CENTRE, LEFT, PATTERN_WIRES, RIGHT, segment_map
from firmware_models.interface import cdc_hough as codes
from firmware_models.interface.cdc_segment import N_PATTERN_BIT, N_ROW, N_SUPERLAYER
from firmware_models.kernels import njit
from firmware_models.segment_lut import NEVER, UNKNOWN


@cache
def row_masks() -> NDArray[np.int64]:
    """Return the pattern's bits of each row, shape ``(9, 5)``: superlayer, row."""
    layer = segment_map().pattern_layer
    masks = np.zeros((N_SUPERLAYER, N_ROW), dtype=np.int64)
    for part in range(N_SUPERLAYER):
        for index in range(PATTERN_WIRES[part]):
            masks[part, layer[part, index]] |= 1 << index
    return masks


@njit()
def hit_layers(pattern, extra, masks):  # type: ignore[no-untyped-def]
    """Return the number of rows with a hit; `masks` of one superlayer, `extra` has a bit a row."""
    layers = np.int64(0)
    for row in range(N_ROW):
        layers += np.int64(pattern & masks[row] != 0 or extra >> row & 1)
    return layers


@njit()
def second_left(pattern, part, right_time, left_time):  # type: ignore[no-untyped-def]
    """Return 1 when of the second-priority wires the left one counts; low times are early."""
    right, left = pattern >> RIGHT[part] & 1, pattern >> LEFT[part] & 1
    return np.int64(left == 1 and (right == 0 or left_time <= right_time))


@njit()
def position_code(pattern, part, right_time, left_time):  # type: ignore[no-untyped-def]
    """Return which priority wire counts; 0: none is hit."""
    if pattern >> CENTRE[part] & 1:
        return codes.FIRST
    if second_left(pattern, part, right_time, left_time):
        return codes.LEFT
    return codes.RIGHT if pattern >> RIGHT[part] & 1 else codes.NO_POSITION


@njit()
def told_pattern(pattern, part):  # type: ignore[no-untyped-def]
    """Return the pattern as the word has it: superlayer 0's outermost row is one bit."""
    if part:
        return pattern
    kept = np.int64(N_PATTERN_BIT - 1)
    return pattern & ((1 << kept) - 1) | np.int64(pattern >> kept != 0) << kept


@njit()
def told_side(entry):  # type: ignore[no-untyped-def]
    """Return the side that the word tells for an entry of the look-up table."""
    return UNKNOWN if entry == NEVER else np.int64(entry)
