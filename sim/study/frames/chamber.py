"""Mixed collisions in the drift chamber: frames of the blocks behind the segment finder.

Times and positions decide in these blocks, sides do not: tables without sides are enough.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from firmware_models import cdc_event_time, cdc_hough, grl_tracks
from firmware_models.interface.cdc_hough import (
    AXIAL,
    CDC_SEGMENTS,
    N_SLOT,
    TRACK_CLOCKS_PER_TURN,
)
from firmware_models.interface.cdc_segment import PERSISTENCE, TICKS_PER_CLOCK
from firmware_models.segment_dealing import deal, list_words
from firmware_models.segment_finding import Segments, find_segments
from firmware_models.segment_lut import undetermined
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.study.frames.collisions import Frames, Maker, mixed_events

_PART = ("time", "lr", "position")


def segments(seed: int) -> Callable[[int, int], Segments]:
    """Return a function of (n, chunk) that gives the segments of n collisions, mixed."""
    events, response, sides = mixed_events(seed), CdcResponse(CdcConfig()), undetermined()
    return lambda n, chunk: find_segments(
        response.respond(events(n, chunk), seed, chunk), lut=sides
    )


def tracker_words(
    found: Segments, slots: NDArray[np.int32], dropped: NDArray[np.int64]
) -> NDArray[np.void]:
    """Return what the segment finders send to the track finders.

    Parameters
    ----------
    found : Segments
        Of n windows.
    slots, dropped
        From `deal`.

    Returns
    -------
    ndarray, shape (4 n,), dtype of the word `cdc_segments`
        At the last data clock of each window.
    """
    words = CDC_SEGMENTS.zeros(len(slots))
    words["clock"] = PERSISTENCE - 1
    for part, superlayer in enumerate(AXIAL):
        told = list_words(found, slots, dropped, superlayer)
        here = slice(part * N_SLOT, (part + 1) * N_SLOT)
        for name in ("valid", "id", *_PART):
            words[name][:, here] = told[name]
    return words


def event_segments(seed: int) -> Maker:
    """Give the segments' earliest times, each collision at another data clock of the turn."""
    make_segments = segments(seed)

    def make(n: int, chunk: int) -> Frames:
        found = make_segments(n, chunk)
        slots, _ = deal(found)
        clock = np.arange(n) % TRACK_CLOCKS_PER_TURN
        later = TICKS_PER_CLOCK * (clock - (PERSISTENCE - 1))
        stamps = (found.fastest + later[found.window_of]) % cdc_event_time.STAMPS
        return cdc_event_time.from_slots(slots, found.superlayer, found.local, stamps, clock=clock)

    return make


def all_tracks(seed: int) -> Maker:
    """Give the tracks that the four trackers find."""
    make_segments = segments(seed)

    def make(n: int, chunk: int) -> Frames:
        found = make_segments(n, chunk)
        return grl_tracks.quantize(cdc_hough.evaluate(tracker_words(found, *deal(found))))

    return make
