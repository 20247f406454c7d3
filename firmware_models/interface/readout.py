"""Words and blocks of the readout: front-end buffer and event frames.

Sources: readout_daq sections 2.1 and 2.2 of the reference notes (b2tt firmware: 32-bit event tag,
4-bit trigger type; front ends buffer events between the Level-1 accept and their link). The frame
format is this project's own; docs/reference/event_format.md tells it word by word.
"""

from __future__ import annotations

from firmware_models.interface.block import Block, Register
from firmware_models.interface.gdl import N_OUTPUT
from firmware_models.words import Field, Word

MAX_DEPTH = 64
"""Most events that a front end's buffer holds, the one in service included."""

N_SUBDETECTOR = 8
"""Sub-detectors; their ids are 1 to 8."""

N_LINE_WORD = N_OUTPUT // 32
"""32-bit words that hold one bit an output line."""

FORMAT_VERSION = 1
FRAME_MAGIC = int.from_bytes(b"L1F", "little") | FORMAT_VERSION << 24
"""First word of a frame: the bytes ``L1F`` and the version."""

FRAGMENT_MARK = 0xFD
"""Bits 8 to 15 of every fragment's first word."""

FRAME_END = int.from_bytes(b"L1E", "little") | FORMAT_VERSION << 24
"""Last word of a frame, after the checksum."""

HEADER_WORDS = 6 + N_LINE_WORD
"""Words before the first fragment."""

TRAILER_WORDS = 2
"""Checksum and end mark."""

MAX_PAYLOAD = (1 << 16) - 1
"""Most payload words of one sub-detector."""

DERANDOMIZER_INPUT = Word(
    "derandomizer_input",
    (
        Field("l1", 1, doc="Level-1 accept on this tick"),
        Field("service", 16, doc="ticks to read this event, at least 1; counts with l1"),
        Field("ready", 1, doc="downstream takes an event on this tick"),
    ),
    "Accept and link state of a front end, one word a tick.",
)  # fmt: skip

DERANDOMIZER_OUTPUT = Word(
    "derandomizer_output",
    (
        Field("occupancy", 8, doc="events inside after this tick, in service and waiting included"),
        Field("busy", 1, doc="occupancy is at least almost_full"),
        Field("sent", 1, doc="an event leaves on this tick"),
        Field("tag", 32, doc="number of the event that leaves, 0 where none does"),
        Field("overflow", 1, doc="an event was lost, on this tick or before"),
    ),
    "Fill and departures of a front end's buffer.",
)  # fmt: skip

FRAMER_INPUT = Word(
    "framer_input",
    (
        Field("start", 1, doc="a frame starts; the fields down to sizes count with it"),
        Field("tag", 32, doc="event tag"),
        Field("time", 32, 2, doc="ticks since the start of the run, low word first"),
        Field("trigger_type", 4, doc="trigger type"),
        Field("flags", 12, doc="bit 0 three-sample read-out, bit 1 injection veto up, others free"),
        Field("lines", 32, N_LINE_WORD, doc="output line i is bit i % 32 of element i // 32"),
        Field("present", N_SUBDETECTOR, doc="bit d: sub-detector d + 1 has a fragment"),
        Field("sizes", 16, N_SUBDETECTOR, doc="payload words of each sub-detector, 0 allowed"),
        Field("payload", 32, doc="payload word offered on this tick"),
    ),
    "Header fields and payload of event frames, one word a tick.",
)  # fmt: skip

FRAMER_OUTPUT = Word(
    "framer_output",
    (
        Field("valid", 1, doc="data is a word of a frame"),
        Field("first", 1, doc="first word of a frame"),
        Field("last", 1, doc="last word of a frame"),
        Field("data", 32, doc="four bytes of the stream, the first one lowest; 0 without valid"),
        Field("take", 1, doc="data is the payload word offered on this tick"),
        Field("busy", 1, doc="the frame goes on: a start on the next tick is ignored"),
        Field("ignored", 1, doc="a start was ignored, on this tick or before"),
    ),
    "Stream of event frames, one 32-bit word a tick.",
)  # fmt: skip

BLOCKS = (
    Block("derandomizer", "readout", DERANDOMIZER_INPUT, DERANDOMIZER_OUTPUT, latency=2,
          stateful=True,
          registers=(
              Register("depth", 0x000, 7, 16, 1, "event", "events that fit, 1 to 64"),
              Register("almost_full", 0x001, 7, 8, 1, "event",
                       "occupancy from which busy is up, 1 to 127; above depth: never"),
          ),
          doc="Buffer of a front end between Level-1 accept and link."),
    Block("event_framer", "readout", FRAMER_INPUT, FRAMER_OUTPUT, latency=2, stateful=True,
          doc="Event frames: header, fragments of the sub-detectors, checksum."),
)  # fmt: skip
