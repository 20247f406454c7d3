"""Words and blocks before the track finder: segment finder and event time of the drift chamber.

Sources: cdc_track_trigger sections 2 and 4 of the reference notes (basf2 Segment.cc and
CDCTriggerSegmentHit.h for the rules, CDCTriggerTSFFirmwareModule.h for what mergers send,
CDCTriggerETFModule.cc for the event time, the payload of the two-dimensional finder for ten
segments a superlayer). How much of a superlayer a board sees, and that it tells all its live
segments on every clock, are this project's choice.
"""

from __future__ import annotations

from firmware_models.cdc_layers import N_SUPERLAYER as N_SUPERLAYER
from firmware_models.interface.block import Block, Register
from firmware_models.interface.cdc_hough import (
    N_SLOT,
    N_TRACKER,
    TRACK_CLOCK_TICKS,
    TRACK_TICK_NS,
    segment_fields,
)
from firmware_models.words import Field, Word

N_ROW = 5
"""Layers of a superlayer that segments are made of."""

PAD = 4
"""Columns of wires before the one of segment id 0: patterns and suppressed neighbours reach out."""

N_COLUMN = 240
"""Columns of wires that the segment finder of one superlayer and one tracker sees."""

ID_SHIFT = (0, 0, 0, 0, 0, 16, 0, 16, 16)
"""Segment ids of a tracker begin this many below the one at φ = 90° k. Superlayer 8: basf2
Unpacker.h; 5 and 7: their ids would reach below 0 otherwise."""

TICKS_PER_CLOCK = 16
"""Ticks in one data clock of the track trigger."""

PERSISTENCE = 16
"""Data clocks for which a hit counts: 503 ns."""

N_PATTERN_BIT = 11
"""Wires of a segment in the word. Superlayer 0 has 15: the last bit is the OR of its outer row."""

CDC_WIRES = Word(
    "cdc_wires",
    (
        Field("hit", 1, N_COLUMN * N_ROW,
              doc="new hit; column by column, in each the rows from the inside outwards"),
        Field("time", 4, N_COLUMN * N_ROW, lsb=TRACK_TICK_NS, unit="ns",
              doc="time within the data clock, for wires with a hit"),
        Field("clock", 9, doc="data clock in the turn, 0 to 319"),
    ),
    "New hits of one data clock, of the wires of one superlayer that one tracker sees. Column c "
    "holds the wires numbered like segment id c − 4.",
)  # fmt: skip

SEGMENT_LIST = Word(
    "segment_list",
    (
        Field("valid", 1, N_SLOT, doc="the slot holds a segment; filled from 0 without gaps"),
        *segment_fields(N_SLOT),
        Field("fastest", 9, N_SLOT, lsb=TRACK_TICK_NS, unit="ns",
              doc="earliest time of the segment's wires"),
        Field("pattern", N_PATTERN_BIT, N_SLOT, doc="hit wires of the segment"),
        Field("dropped", 8, doc="segments beyond ten; 255: or more"),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "Live segments of one superlayer and one tracker on one data clock, rising id.",
)  # fmt: skip

N_EVENT_SEGMENT = N_TRACKER * N_SUPERLAYER * N_SLOT

EVENT_SEGMENTS = Word(
    "event_segments",
    (
        Field("valid", 1, N_EVENT_SEGMENT, doc="the slot holds a segment of the tracker's own "
              "quadrant"),
        Field("time", 9, N_EVENT_SEGMENT, lsb=TRACK_TICK_NS, unit="ns",
              doc="earliest time of the segment's wires"),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "Times of the live segments of the whole chamber: tracker by tracker, in each superlayer by "
    "superlayer ten slots.",
)  # fmt: skip

EVENT_TIME = Word(
    "event_time",
    (
        Field("valid", 1, doc="a bin has enough entries"),
        Field("time", 9, lsb=TRACK_TICK_NS, unit="ns", doc="start of the first such bin"),
        Field("earliest_valid", 1, doc="there is a segment"),
        Field("earliest", 9, lsb=TRACK_TICK_NS, unit="ns", doc="earliest time of all"),
        Field("clock", 9, doc="data clock in the turn"),
    ),
    "Time of the event, by the times of the drift chamber's segments.",
)

BLOCKS = (
    Block("cdc_segment", "single track", CDC_WIRES, SEGMENT_LIST, latency=14,
          interval=TRACK_CLOCK_TICKS, beats=4, stateful=True,
          registers=(
              Register("superlayer", 0x000, 4, 0, 1, "", "0 to 8: shape, view and look-up table"),
              Register("min_layers", 0x001, 3, 4, 1, "", "hit layers of five that are needed"),
              Register("shape", 0x002, 1, 0, 1, "", "1: extended shape for displaced tracks"),
          ),
          doc="Track segments of one superlayer that one tracker sees."),
    Block("cdc_event_time", "single track", EVENT_SEGMENTS, EVENT_TIME, latency=12,
          interval=TRACK_CLOCK_TICKS, beats=N_TRACKER,
          registers=(
              Register("entries", 0x000, 3, 2, 1, "", "entries that a bin needs; 0 counts as 1"),
              Register("bin", 0x001, 2, 2, 1, "", "width of a bin: 1, 2, 4, 8 ticks for 0 to 3"),
          ),
          doc="Event time from a histogram of the segments' earliest times."),
)  # fmt: skip
