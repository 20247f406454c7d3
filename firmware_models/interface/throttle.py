"""Words and block of the trigger throttle, the last decision before the readout.

Sources: readout_daq sections 1.1, 2.1 and 2.2 of the reference notes (B2TT firmware for the
injection packet, the minimum spacing and the tag; APV25 documents for cells and frames). Which
further rules there are, how many of each, and the widths are this project's choice.
"""

from __future__ import annotations

from firmware_models.interface.block import Block, Register
from firmware_models.interface.clock import TICK_NS
from firmware_models.words import Field, Word

N_WINDOW, N_BUCKET, N_FIFO, N_BUSY = 3, 4, 2, 8
"""Sliding windows, leaky buckets, fixed-service FIFOs and BUSY inputs."""

RINGS = ("her", "ler")
"""Storage rings, in the order of the kick bits and of the veto registers."""

RULES = (
    "veto",
    "busy",
    "min_spacing",
    *(f"window{i}" for i in range(N_WINDOW)),
    *(f"bucket{i}" for i in range(N_BUCKET)),
    *(f"fifo{i}" for i in range(N_FIFO)),
    "apv",
)
"""Rules in the order in which the first cause is looked for."""

_CODES = ", ".join(f"{code} {name}" for code, name in enumerate(("none", *RULES)))

THROTTLE_INPUT = Word(
    "throttle_input",
    (
        Field("l1", 1, doc="request: the decision logic accepts on this tick"),
        Field("short", 1, doc="the event time is good enough to read three SVD samples"),
        Field("activity", 1, doc="activity in CDC or ECL is high"),
        Field("kick", 1, len(RINGS), doc="an injection is announced: HER, LER"),
        Field("position", 11, lsb=TICK_NS, unit="ns",
              doc="position in the turn of the injected bunch; valid with kick"),
        Field("busy", 1, N_BUSY, doc="BUSY of the front ends"),
        Field("tick", 11, lsb=TICK_NS, unit="ns", doc="tick in the turn, 0 to 1279"),
    ),
    "Request and everything that may refuse it, one word a tick.",
)  # fmt: skip

THROTTLE_OUTPUT = Word(
    "throttle_output",
    (
        Field("l1", 1, doc="accept: the trigger that the front ends get"),
        Field("cause", 4, doc=f"first cause of a refusal: {_CODES}"),
        Field("refused", 1, len(RULES), doc="rules that refuse this request, in their order"),
        Field("short", 1, doc="the accepted event is read with three samples, not six"),
        Field("veto", 1, len(RINGS), doc="the injection window of a ring is up: HER, LER"),
        Field("cells", 6, doc="APV25 cells occupied after this tick"),
        Field("tag", 32, doc="accepts before this one; 0 without an accept"),
    ),
    "Accept or first cause of the refusal, one word a tick.",
)  # fmt: skip

BLOCKS = (
    Block("l1_throttle", "readout", THROTTLE_INPUT, THROTTLE_OUTPUT, latency=2, stateful=True,
          registers=(
              Register("spacing", 0x000, 16, 24, 1, "tick",
                       "fewest ticks from accept to accept; 0 and 1: off"),
              Register("busy_mask", 0x001, N_BUSY, 0, 1, "", "bit i: BUSY input i refuses"),
              Register("window_accepts", 0x008, 5, 0, N_WINDOW, "",
                       "most accepts in the window, 1 to 16; 0: off"),
              Register("window_ticks", 0x00c, 20, 0, N_WINDOW, "tick", "length of the window"),
              Register("bucket_size", 0x010, 8, 0, N_BUCKET, "", "tokens; 0: off"),
              Register("bucket_drain", 0x014, 20, 1, N_BUCKET, "tick",
                       "ticks in which one token is regained, at least 1"),
              Register("bucket_free", 0x018, 1, 0, N_BUCKET, "",
                       "0: timer from the first token taken, 1: timer from reset"),
              Register("fifo_depth", 0x020, 8, 0, N_FIFO, "",
                       "events, the one in service included; 0: off"),
              Register("fifo_service", 0x022, 20, 1, N_FIFO, "tick",
                       "service of one event, at least 1"),
              Register("apv_cells", 0x028, 6, 32, 1, "", "cells of the APV25, to 32; 0: off"),
              Register("apv_samples", 0x029, 2, 0, 1, "",
                       "0 six samples, 1 three, 2 by the input bit short"),
              Register("apv_frame", 0x02a, 12, 560, 1, "tick",
                       "read-out of one cell, at least 1"),
              Register("apv_processing", 0x02b, 12, 0, 1, "tick",
                       "from accept to read-out in an idle chip"),
              Register("apv_grid", 0x02c, 12, 1, 1, "tick",
                       "read-out starts on its multiples, at least 1"),
              Register("apv_eventwise", 0x02d, 1, 0, 1, "",
                       "0: a cell is free after its frame, 1: all after the event's last frame"),
              Register("veto_enable", 0x030, 1, 0, len(RINGS), "", "1: kicks start the sequence"),
              Register("veto_active", 0x032, 1, 0, 1, "",
                       "0: the window refuses all, 1: only with high activity; both rings"),
              Register("veto_pre", 0x034, 11, 0, len(RINGS), "tick",
                       "from window start to injected bunch, 0 to 1279"),
              Register("veto_length", 0x036, 11, 0, len(RINGS), "tick",
                       "from injected bunch to end of a gated window, 0 to 1279"),
              Register("veto_full_turns", 0x038, 10, 0, len(RINGS), "turn",
                       "turns that are vetoed whole"),
              Register("veto_gated_turns", 0x03a, 10, 0, len(RINGS), "turn",
                       "turns after them with a window each"),
              Register("veto_wait_turns", 0x03c, 4, 4, len(RINGS), "turn",
                       "least turns from announcement to window"),
          ),
          doc="Refuses requests that the readout could not take; tags the accepts."),
)  # fmt: skip
