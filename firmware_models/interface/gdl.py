"""Words and blocks of the global decision logic (GDL).

Sources: ecl_klm_gdl section 7 of the reference notes; 320 bits = 10 words of 32 in the data model
of the GDL raw data.
"""

from __future__ import annotations

from firmware_models.interface.block import Block, Register
from firmware_models.interface.clock import TICK_NS, TIME_LSB_NS
from firmware_models.words import Field, Word

N_INPUT = 320
"""Input bits of the GDL."""

N_OUTPUT = 320
"""Output bits (FTDL and PSNM)."""

GDL_RAW = Word(
    "gdl_raw", (Field("bits", 1, N_INPUT, doc="bits as the sub-triggers send them, each tick"),),
    "Sub-trigger bits before alignment, one word a tick.",
)  # fmt: skip

GDL_INPUT = Word(
    "gdl_input", (Field("bits", 1, N_INPUT, doc="aligned and stretched bits"),),
    "Aligned input bits, one word a tick.",
)  # fmt: skip

FTDL = Word(
    "ftdl", (Field("bits", 1, N_OUTPUT, doc="output lines before prescale, by menu index"),),
    "Final-decision logic: one bit an output line.",
)  # fmt: skip

PSNM = Word(
    "psnm",
    (
        Field("bits", 1, N_OUTPUT, doc="output lines after prescale, by menu index"),
        Field("l1", 1, doc="OR of the bits: the Level-1 accept"),
    ),
    "Prescaled lines and the Level-1 accept.",
)  # fmt: skip

SOURCE_ECL, SOURCE_TOP, SOURCE_CDC, SOURCE_SELF = range(4)
"""Codes of the event-time sources, in the order of the newer data-model enumeration."""

_SOURCES = ("top", "ecl", "cdc")

GDL_TIMING_INPUT = Word(
    "gdl_timing_input",
    (
        Field("l1", 1, doc="Level-1 accept on this tick"),
        Field("tick", 11, lsb=TICK_NS, unit="ns", doc="tick in the turn, 0 to 1279"),
        *(
            field
            for source in _SOURCES
            for field in (
                Field(f"{source}_valid", 1, doc=f"{source.upper()} gives a time"),
                Field(f"{source}_time", 14, lsb=TIME_LSB_NS, unit="ns",
                      doc="time in the turn: data clock (7 bits) and time within it (7 bits)"),
                Field(f"{source}_quality", 2, doc="0 none, 1 coarse, 2 fine, 3 superfine"),
            )
        ),
    ),
    "Level-1 accept and what each sub-trigger says about the event time.",
)  # fmt: skip

GDL_DECISION = Word(
    "gdl_decision",
    (
        Field("l1", 1, doc="Level-1 accept"),
        Field("source", 2, doc="event-time source: 0 ECL, 1 TOP, 2 CDC, 3 SELF"),
        Field("time", 14, lsb=TIME_LSB_NS, unit="ns", doc="event time in the turn"),
        Field("quality", 2, doc="0 none, 1 coarse, 2 fine, 3 superfine"),
    ),
    "Level-1 decision with event time, its source and its quality.",
)  # fmt: skip

BLOCKS = (
    Block("gdl_inputs", "global decision", GDL_RAW, GDL_INPUT, latency=2, stateful=True,
          registers=(
              Register("delay", 0x000, 5, 0, N_INPUT, "tick", "delay of each input, 0 to 31"),
              Register("width", 0x200, 6, 1, N_INPUT, "tick", "width of each input, 1 to 32"),
          ),
          doc="Delay and width for every input bit."),
    Block("gdl_logic", "global decision", GDL_INPUT, FTDL, latency=1,
          doc="Sum of products for every output line; generated from the menu."),
    Block("gdl_prescale", "global decision", FTDL, PSNM, latency=2, stateful=True,
          registers=(
              Register("interval", 0x000, 24, 1, N_OUTPUT, "",
                       "0 masks the line; in counter mode one in `interval` passes"),
              Register("mode", 0x200, 2, 0, N_OUTPUT, "", "0 counter, 1 fractional, 2 random"),
              Register("fraction", 0x400, 32, 0, N_OUTPUT, "2^-32",
                       "fractional and random mode: part of the line's fires that pass"),
              Register("phase", 0x600, 32, 0, N_OUTPUT, "",
                       "a write loads the line's state: counter, accumulator or random seed"),
          ),
          doc="Prescale of every line and the Level-1 accept."),
    Block("gdl_timing", "global decision", GDL_TIMING_INPUT, GDL_DECISION, latency=2,
          registers=(
              Register("priority", 0x000, 2, (SOURCE_TOP, SOURCE_ECL, SOURCE_CDC), 3, "",
                       "source code at each rank, best first; SELF follows the last rank"),
              Register("min_quality", 0x010, 2, 1, 3, "",
                       "lowest quality at which a source is taken: ECL, TOP, CDC"),
          ),
          doc="Event-time source by priority."),
)  # fmt: skip
