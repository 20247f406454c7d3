"""Words and block of the two-dimensional track finder of the drift-chamber trigger (CDC).

Sources: cdc_track_trigger sections 2, 3 and 8 of the reference notes (basf2
trg/cdc/include/Unpacker.h for the 21-bit segment and the 121-bit track, the payload of the two-
dimensional finder for ten segments a superlayer and six tracks).
"""

from __future__ import annotations

from firmware_models.interface.block import Block, Register
from firmware_models.interface.clock import RF_MHZ
from firmware_models.words import Field, Word

TRACK_TICK_NS = 1e3 / RF_MHZ
"""One count of a segment's time [ns]: an RF bucket, 1.9651 ns."""

TRACK_CLOCKS_PER_TURN = 320
"""Data clocks of the track trigger (31.44 ns, 16 RF buckets) in one revolution."""

TRACK_CLOCK_TICKS = 4
"""Ticks of the system clock in one data clock of the track trigger."""

AXIAL = (0, 2, 4, 6, 8)
"""Axial superlayers, in the order of the words."""

N_SLOT = 10
"""Segments of one superlayer that reach one tracker in one data clock."""

N_TRACK = 6
"""Tracks that one tracker gives in one data clock."""

N_TRACKER = 4
"""Trackers: quadrants of φ0."""

NO_POSITION, RIGHT, LEFT, FIRST = 0, 1, 2, 3
"""Priority position: no wire, second-priority wire ½ cell below or above, first-priority wire."""


def segment_fields(count: int) -> tuple[Field, ...]:
    """Return the fields of the 21-bit track segment, `count` of each.

    Written as one number the segment is {id, time, lr, position}, `id` highest.
    """
    return (
        Field("id", 8, count, doc="number in the superlayer, from the tracker's first segment"),
        Field("time", 9, count, lsb=TRACK_TICK_NS, unit="ns", doc="time of the priority wire"),
        Field("lr", 2, count, doc="priority cell seen from the track: 1 right, 2 left, 3 unknown"),
        Field("position", 2, count,
              doc="priority wire: 3 first, 2 second left (+½ cell), 1 second right (−½), 0 none"),
    )  # fmt: skip


CDC_SEGMENTS = Word(
    "cdc_segments",
    (
        Field("valid", 1, len(AXIAL) * N_SLOT, doc="the slot holds a segment"),
        *segment_fields(len(AXIAL) * N_SLOT),
        Field("clock", 9, doc="data clock in the turn, 0 to 319"),
    ),
    "Track segments of the axial superlayers that one tracker sees: ten slots of superlayer 0, "
    "then of 2, 4, 6 and 8.",
)

CDC_TRACKS = Word(
    "cdc_tracks",
    (
        Field("valid", 1, N_TRACK, doc="the track exists; filled from 0 without gaps"),
        Field("charge", 2, N_TRACK, doc="1 positive, 2 negative, 0 not known: omega is 0"),
        Field("omega", 7, N_TRACK, signed=True, lsb=4.4087e-4, unit="1/cm",
              doc="curvature in half-cells, −33 to 33; positive: positive charge"),
        Field("phi0", 7, N_TRACK, lsb=1.125, unit="deg",
              doc="half-cells n in the quadrant: φ0 = 45° + 90° k + 1.125° (n + 1)"),
        *segment_fields(N_TRACK * len(AXIAL)),
        Field("overflow", 9, doc="tracks beyond six"),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "Up to six tracks of one tracker, each with one segment of every axial superlayer (position 0: "
    "none); the five segments of track 0 first.",
)  # fmt: skip

BLOCKS = (
    Block("cdc_hough", "single track", CDC_SEGMENTS, CDC_TRACKS, latency=15,
          interval=TRACK_CLOCK_TICKS,
          registers=(
              Register("hit_threshold", 0x000, 3, 4, 1, "",
                       "axial superlayers that must cross a cell, 1 to 5"),
          ),
          doc="Two-dimensional track finding in one quadrant of the Hough plane."),
)  # fmt: skip
