"""Stimulus for `cdc_segment`: streams of data clocks with tracks, bundles, noise, all wires, none.

A stream changes its character every few dozen clocks. Tracks are made backwards: a segment of
any shape, and in each row one of its wires or none. The same frames go to finders of any
superlayer, so that ids lie thickly round the borders of all nine views.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_segment import BLOCK
from firmware_models.cdc_segments import FAN, HOUR_GLASS
from firmware_models.interface import Registers
from firmware_models.interface.cdc_hough import TRACK_CLOCKS_PER_TURN
from firmware_models.interface.cdc_segment import (
    N_COLUMN,
    N_ROW,
    N_SUPERLAYER,
    PAD,
    PERSISTENCE,
    TICKS_PER_CLOCK,
)
from firmware_models.segment_shapes import WIDE_FAN, WIDE_HOUR_GLASS
from firmware_models.segment_views import segment_views
from hdl.streams import stream

BATCH = 2_500
"""Frames for one set of registers in a volume run: all superlayers have their turn."""

_STRETCH = 40
"""Mean data clocks of one character."""

_TRACKS = (0.0, 0.05, 0.15, 0.3, 1.0, 8.0)
"""Mean tracks on a data clock: hits live for sixteen, and there are ten slots."""

_NOISE = (0.0, 0.0, 0.0003, 0.002, 0.01, 0.1)
"""Chance of a hit on one wire and data clock."""

_JUMPS = (0, 2, PERSISTENCE - 1, PERSISTENCE, PERSISTENCE + 1, 2 * PERSISTENCE - 1,
          2 * PERSISTENCE, 2 * PERSISTENCE + 1, TRACK_CLOCKS_PER_TURN - 1)  # fmt: skip
"""Steps of the clock other than 1, where ages are about to wrap or hits to die."""


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` data clocks of one stream."""
    rng = stream(seed, "cdc_segment/constrained")
    words = BLOCK.input.zeros(n)
    if not n:
        return words
    stretch = np.cumsum(rng.random(n) < 1 / _STRETCH)
    most = int(stretch[-1]) + 1
    words["clock"] = _clocks(n, rng)
    hit = np.zeros((n, N_COLUMN, N_ROW), dtype=bool)
    _add_tracks(hit, rng.poisson(rng.choice(_TRACKS, most)[stretch]), rng)
    for number, chance in enumerate(rng.choice(_NOISE, most)):
        here = np.flatnonzero(stretch == number)
        if chance and len(here):
            hit[here] |= rng.random((len(here), N_COLUMN, N_ROW), dtype=np.float32) < chance
    _add_steep(hit, stream(seed, "cdc_segment/steep"))
    _add_blocks(hit, rng)
    _repeat(hit, rng)
    # Silence, in which hits die one after the other.
    hit[(rng.random(most) < 0.15)[stretch]] = False
    words["hit"] = hit.reshape(n, -1)
    # What wires without a hit hold must not matter. Few values: ties.
    times = rng.integers(0, TICKS_PER_CLOCK, words["time"].shape, dtype=np.uint8)
    mask = rng.choice((15, 15, 1, 8, 0), most).astype(np.uint8)
    words["time"] = times & mask[stretch][:, None]
    return words


def registers(seed: int) -> Registers:
    """Return every superlayer in turn, and a random legal threshold and shape."""
    rng = stream(seed, "cdc_segment/registers")
    return {
        "superlayer": np.array([seed % N_SUPERLAYER]),
        "min_layers": rng.choice((1, 2, 3, 4, 5), 1, p=(0.05, 0.1, 0.25, 0.4, 0.2)),
        "shape": rng.integers(0, 2, 1),
    }


def _clocks(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return data clocks in the turn: consecutive, now and then a jump."""
    steps = np.where(rng.random(n) < 0.02, rng.choice(_JUMPS, n), 1)
    steps[rng.random(n) < 0.003] = rng.integers(TRACK_CLOCKS_PER_TURN)
    result: NDArray[np.int64] = (
        rng.integers(TRACK_CLOCKS_PER_TURN) + np.cumsum(steps)
    ) % TRACK_CLOCKS_PER_TURN
    return result


def _columns(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw columns of segments: anywhere, at the borders of a view, beside the one before."""
    edges = (segment_views().near[:, :, None] + np.arange(-2, 3)).ravel()
    column = PAD + np.where(
        rng.random(n) < 0.4, rng.choice(edges, n), rng.integers(-PAD, N_COLUMN - PAD, n)
    )
    beside = np.flatnonzero(rng.random(n) < 0.35)
    beside = beside[beside > 0]
    column[beside] = column[beside - 1] + rng.integers(-2, 3, len(beside))
    return column


def _add_tracks(
    hit: NDArray[np.bool_], number: NDArray[np.int64], rng: np.random.Generator
) -> None:
    """Add tracks that begin on data clocks, their hits up to a window later."""
    begin = np.repeat(np.arange(len(hit)), number)
    count = len(begin)
    column = _columns(count, rng)
    fan = rng.random(count) < 0.5
    spread = rng.choice((1, 2, 6, PERSISTENCE + 2), count)
    efficiency = rng.choice((0.75, 0.93, 1.0), count)
    for row in range(N_ROW):
        # The second time round: another wire of the row, a second pulse of the same one.
        for share in (1.0, 0.3):
            wire = np.where(
                fan, rng.choice(FAN[row][1], count), rng.choice(HOUR_GLASS[row][1], count)
            )
            clock = begin + rng.integers(0, spread)
            there = (rng.random(count) < share * efficiency) & (clock < len(hit))
            there &= (column + wire >= 0) & (column + wire < N_COLUMN)
            hit[clock[there], (column + wire)[there], row] = True


def _add_steep(hit: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Add tracks of the extended shape, at the wires that only it has more often than elsewhere."""
    number = rng.choice((0.0, 0.1, 0.3), len(hit) // 100 + 1)[np.arange(len(hit)) // 100]
    begin = np.repeat(np.arange(len(hit)), rng.poisson(number))
    column = _columns(len(begin), rng)
    for clock, middle, wide in zip(begin, column, rng.random(len(begin)) < 0.5, strict=True):
        shape, lean = WIDE_FAN if wide else WIDE_HOUR_GLASS, rng.choice((-1, 1))
        for row, wires in enumerate(shape):
            # One end of an outer row is opposite to that of the inner ones where there are such.
            side = -lean if not wide and row < 2 else lean
            far = wires[-1] if side > 0 else wires[0]
            at = middle + (far if rng.random() < 0.6 else int(rng.choice(wires)))
            if rng.random() < 0.9 and 0 <= at < N_COLUMN:
                hit[clock, at, row] = True


def _add_blocks(hit: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Now and then hit all wires, or all of a few dozen columns, or all of one row."""
    n = len(hit)
    hit[rng.random(n) < 0.002] = True
    for clock in np.flatnonzero(rng.random(n) < 0.004):
        first = int(rng.integers(-20, N_COLUMN))
        hit[clock, max(first, 0) : max(first + int(rng.integers(2, 60)), 0)] = True
    for clock in np.flatnonzero(rng.random(n) < 0.004):
        hit[clock, :, rng.integers(N_ROW)] = True


def _repeat(hit: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Hit wires again just before they die, when they do, and just after."""
    for ago in (1, PERSISTENCE - 1, PERSISTENCE, PERSISTENCE + 1):
        later = ago + np.flatnonzero(rng.random(max(len(hit) - ago, 0)) < 0.02)
        hit[later] |= hit[later - ago]
