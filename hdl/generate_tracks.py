"""Constants of the blocks around the track finder: event time, counts of tracks."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_models.cdc_event_time import WINDOW
from firmware_models.grl_tracks import (
    BIN_DENOMINATOR,
    BIN_NUMERATOR,
    FIRST_HALF_CELL,
)
from firmware_models.interface.cdc_hough import N_TRACKER
from firmware_models.interface.cdc_segment import N_SUPERLAYER, PERSISTENCE, TICKS_PER_CLOCK
from firmware_models.interface.grl import ALL_TRACKS, BACK_TO_BACK, N_PHI_BIN, OPEN30, OPEN90

LOWEST_BIN = FIRST_HALF_CELL * BIN_NUMERATOR // BIN_DENOMINATOR
HIGHEST_BIN = (FIRST_HALF_CELL + ALL_TRACKS["phi0"].high) * BIN_NUMERATOR // BIN_DENOMINATOR


def bin_starts() -> list[int]:
    """Return the lowest half-cell of tracker 0 in each bin above the lowest one."""
    return [
        -(-BIN_DENOMINATOR * number // BIN_NUMERATOR) - FIRST_HALF_CELL
        for number in range(LOWEST_BIN + 1, HIGHEST_BIN + 1)
    ]


def track_parameters() -> Iterator[str]:
    """Yield the package's constants of the event time and of the counts of tracks."""
    starts, width = bin_starts(), ALL_TRACKS["phi0"].width
    total = sum(start << (width * i) for i, start in enumerate(starts))
    classes = sum((N_PHI_BIN // 2 - most) << (5 * i) for i, most in enumerate(BACK_TO_BACK))
    yield "  // Event time: ticks and data clocks of the window, ticks of a clock, superlayers."
    for name, value in {
        "EVENT_WINDOW": WINDOW,
        "EVENT_WINDOW_CLOCKS": PERSISTENCE,
        "TRACK_CLOCK_TICKS": TICKS_PER_CLOCK,
        "CDC_SUPERLAYERS": N_SUPERLAYER,
    }.items():
        yield f"  localparam {name} = {value};"
    yield "  // Azimuth: bins of 10 degrees that tracker 0 reaches, first half-cell of each."
    for name, value in {
        "GRL_BINS": N_PHI_BIN,
        "GRL_QUADRANT_BINS": N_PHI_BIN // N_TRACKER,
        "GRL_LOWEST_BIN": LOWEST_BIN,
        "GRL_LOCAL_BINS": len(starts) + 1,
    }.items():
        yield f"  localparam {name} = {value};"
    yield f"  localparam [{width * len(starts) - 1}:0] GRL_BIN_STARTS = " \
          f"{width * len(starts)}'h{total:x};"  # fmt: skip
    yield "  // Least distances in bins: openings, back-to-back classes."
    yield f"  localparam GRL_OPEN90 = {OPEN90};"
    yield f"  localparam GRL_OPEN30 = {OPEN30};"
    bits = 5 * len(BACK_TO_BACK)
    yield f"  localparam [{bits - 1}:0] GRL_BACK_TO_BACK = {bits}'h{classes:x};"
