"""Words and blocks of the neural track trigger.

Sources: cdc_track_trigger sections 3, 5.2, 5.3 and 5.4 of the reference notes (basf2 NeuroTrigger
for the arithmetic and the ranges, the 2D finder's track word for ω and φ0). Which fields travel
with a track, and how many inputs a layer takes on a clock, are this project's choice.
"""

from __future__ import annotations

import math
from dataclasses import replace

from firmware_models.interface.block import Block, Register
from firmware_models.interface.cdc_hough import (
    AXIAL,
    N_SLOT,
    TRACK_TICK_NS,
    segment_fields,
)
from firmware_models.interface.cdc_segment import N_PATTERN_BIT, N_SUPERLAYER
from firmware_models.words import Field, Word

N_INPUT, N_HIDDEN, N_OUTPUT = 27, 81, 2
"""Nodes of the network: relative ID, drift time and crossing angle of nine superlayers; z and θ."""

N_EXPERT = 5
"""Networks: all four stereo superlayers present, or one missing (7, 5, 3, 1)."""

NODE_FRACTION, WEIGHT_FRACTION, TABLE_FRACTION = 12, 10, 10
"""Fractional bits of node values, of weights, and of the address of the activation table."""

ONE = 1 << NODE_FRACTION
"""Node value that stands for 1: the bias input, and the largest output of a node."""

NODE_WIDTH = NODE_FRACTION + 2
"""Bits of a node value: ±1 are both values, so 12 fractional bits need 14."""

WEIGHT_WIDTH = 13
"""Bits of a weight: −4 to 4 − 2⁻¹⁰."""

ADDRESS_SHIFT = NODE_FRACTION + WEIGHT_FRACTION - TABLE_FRACTION
ADDRESS_WIDTH = 14
SATURATION = 9937
"""First address of the activation table whose entry is `ONE`."""

ACCUMULATOR_WIDTH = 32
"""Bits of every sum. 81 nodes of at most 4096, and the bias, times 4096 stay below 2³¹; so do 27
inputs of at most 8192: no sum can overflow, whatever the weights."""

HIDDEN_LANES, OUTPUT_LANES = 2, 10
"""Inputs that each node of a layer takes on a clock: 14 clocks for 28, 9 clocks for 82."""

Z_LSB_CM = 100.0 / ONE
THETA_LSB_DEG, THETA_CENTRE_DEG = 80.0 / ONE, 90.0
"""z is linear over ±100 cm, θ over 10° to 170°."""

OMEGA_LSB_PER_GEV = 1.0 / 10.2
"""q/pT of one count of ω: half a cell of the Hough plane, 34 cells over ±1/(0.3 GeV)."""

PHI0_LSB_DEG = 1.125


def _track(*, last: str) -> tuple[Field, ...]:
    """Return the fields of the 2D track, which pass through the network unchanged."""
    return (
        Field("omega", 7, signed=True, lsb=OMEGA_LSB_PER_GEV, unit="1/GeV",
              doc="q/pT of the 2D track; its sign is the charge"),
        Field("phi0", 7, lsb=PHI0_LSB_DEG, unit="degree",
              doc="azimuth of the 2D track in its quadrant"),
        Field("quadrant", 2, doc="board of the 2D finder"),
        Field("valid", 1, doc="there is a 2D track"),
        Field("last", 1, doc=last),
    )  # fmt: skip


STEREO = (1, 3, 5, 7)
"""Stereo superlayers, in the order of the words."""

N_PATTERN = N_SUPERLAYER * N_PATTERN_BIT
"""Bits of the hit patterns of nine segments."""


def _segments(prefix: str, count: int, valid: bool) -> tuple[Field, ...]:
    """Return the fields of `count` segments with their hit patterns."""
    fields = (*segment_fields(count), Field("pattern", N_PATTERN_BIT, count, doc="hit wires"))
    if valid:
        fields = (Field("valid", 1, count, doc="the slot holds a segment"), *fields)
    return tuple(replace(field, name=f"{prefix}_{field.name}") for field in fields)


TRACK_SEGMENTS = Word(
    "track_segments",
    (
        *_segments("axial", len(AXIAL), valid=False),
        *_segments("stereo", len(STEREO) * N_SLOT, valid=True),
        Field("event_valid", 1, doc="there is an event time"),
        Field("event_time", 9, lsb=TRACK_TICK_NS, unit="ns", doc="event time"),
        Field("clock", 9, doc="data clock in the turn, 0 to 319"),
        *_track(last="last track of the event; a frame without valid may say so too"),
    ),
    "2D track with its axial segments (position 0: none), the stereo segments that its tracker "
    "sees (ten slots of superlayer 1, then of 3, 5, 7), and the event time.",
)

NEURO_INPUT = Word(
    "neuro_input",
    (
        Field("input", NODE_WIDTH, N_INPUT, signed=True, lsb=1 / ONE, unit="1",
              doc="superlayer 0 first: relative ID, drift time, crossing angle; within ±4096"),
        Field("pattern", 1, N_PATTERN, doc="superlayer 0 first: hit wires of the segment, 11 each"),
        Field("expert", 3, doc="0 all stereo superlayers, 1 to 4: SL 7, 5, 3, 1 is missing; "
              "5 to 7: more than one is, no track of neuro_mlp; neuro_deep does not read it"),
        *_track(last="last track of the event; a frame without valid may say so too"),
    ),
    "Inputs of the network and the 2D track that they belong to.",
)  # fmt: skip

NEURO_TRACK = Word(
    "neuro_track",
    (
        Field("z", NODE_WIDTH, signed=True, lsb=Z_LSB_CM, unit="cm",
              doc="z of the track at the beam line; 0 without neural"),
        Field("theta", NODE_WIDTH, signed=True, lsb=THETA_LSB_DEG, unit="degree",
              doc="polar angle − 90°; 0 without neural"),
        Field("ip_class", NODE_WIDTH, signed=True, lsb=1 / ONE, unit="1",
              doc="towards 1: from the collision point; 0 where the network has no classes"),
        Field("stt_class", NODE_WIDTH, signed=True, lsb=1 / ONE, unit="1",
              doc="towards 1: from there, with p above 0.7 GeV; 0 where there are no classes"),
        Field("neural", 1, doc="z and theta are valid"),
        *_track(last="last track of the event"),
    ),
    "2D track with the network's estimate of z and θ.",
)  # fmt: skip

N_TY = 4
"""Bits of the one-hot count of neural tracks: 1, 2, 3, 4 or more."""

SINGLE_TRACK = Word(
    "single_track",
    (
        Field("near", 1, doc="this track: neural and |z| below ty_z"),
        Field("single", 1, doc="this track: neural, |z| below stt_z, p above momentum"),
        Field("last", 1, doc="the event is complete; the fields below are 0 without it"),
        Field("stt", 1, doc="single-track trigger: at least one track is single"),
        Field("nnt", 1, doc="a neural track with |z| below nnt_z, and enough 2D tracks"),
        Field("ty", 1, N_TY, doc="neural tracks with |z| below ty_z: 1, 2, 3, 4 or more; one-hot"),
        Field("tracks", 4, doc="2D tracks of the event, at most 15"),
    ),
    "Decision on each track, and on the event with its last track.",
)  # fmt: skip

SINE_WIDTH, SINE_SHIFT = 8, 4
SINE_FRACTION = 12
"""Table of sin θ: address |θ| >> 4, at most 255; entries with 12 fractional bits."""

MOMENTUM_WIDTH = 12
MOMENTUM_LIMIT = round(1e3 / OMEGA_LSB_PER_GEV) << SINE_FRACTION
"""|ω| · sin θ · momentum below this: p above momentum. 10 200 MeV are the p_T of one count of ω."""


def below_z(cm: float) -> int:
    """Return the register value for ``|z| < cm``: the smallest count that fails."""
    return math.ceil(cm / Z_LSB_CM)


CLASS_OFFSET = 1 << (NODE_WIDTH - 1)
"""A class passes when class + `CLASS_OFFSET` is at least the register."""


def _z(name: str, address: int, cm: float, doc: str) -> Register:
    text = f"{doc}: |z| below this ({cm:g} cm); 8192: no cut"
    return Register(name, address, NODE_WIDTH, below_z(cm), 1, f"{Z_LSB_CM} cm", text)


BLOCKS = (
    Block("neuro_preprocess", "neural track", TRACK_SEGMENTS, NEURO_INPUT, latency=7,
          registers=(
              Register("t0_source", 0x000, 1, 1, 1, "",
                       "0: earliest priority time of the track's axial segments; 1: event time, "
                       "and that where there is none"),
              Register("clamp", 0x001, 1, 1, 1, "",
                       "drift times outside 0 to 256 ticks: 1 limited, 0 the segment is left out"),
          ),
          doc="Network inputs of a 2D track from its segments."),
    Block("neuro_mlp", "neural track", NEURO_INPUT, NEURO_TRACK, latency=31, interval=16,
          doc="27-81-2 network with five sets of weights: z and θ of a 2D track."),
    Block("neuro_deep", "neural track", NEURO_INPUT, NEURO_TRACK, latency=31, interval=16,
          doc="Deeper network on 126 inputs, with hit patterns: z, θ and two classes of a track."),
    Block("single_track", "neural track", NEURO_TRACK, SINGLE_TRACK, latency=4, stateful=True,
          registers=(
              _z("stt_z", 0x000, 15.0, "single-track trigger"),
              _z("nnt_z", 0x001, 15.0, "neural-track trigger"),
              _z("ty_z", 0x002, 20.0, "count of neural tracks"),
              Register("momentum", 0x003, MOMENTUM_WIDTH, 700, 1, "MeV",
                       "single-track trigger: p above this; 0: no cut"),
              Register("nnt_tracks", 0x004, 4, 2, 1, "",
                       "neural-track trigger: at least so many 2D tracks"),
              Register("ip_class", 0x005, NODE_WIDTH, 0, 1, "1/4096",
                       "counts and neural-track trigger: class of the collision point + 8192 at "
                       "least this; 0: no cut"),
              Register("stt_class", 0x006, NODE_WIDTH, 0, 1, "1/4096",
                       "single-track trigger: its class + 8192 at least this; 0: no cut"),
          ),
          doc="Single-track and neural-track decisions, one track a frame."),
)  # fmt: skip
