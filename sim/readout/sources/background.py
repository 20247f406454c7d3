"""Injection background as candidates, for sources whose collisions come from beams."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.accelerator import Accelerator
from sim.readout.config import Clock
from sim.readout.plan import QUANTA
from sim.readout.sources.candidates import CHUNK, NO_PATTERN, Candidates, FlagDraw, quanta_hz
from sim.readout.sources.merge import merge, rechunk

SHORTEST_WINDOW_S, LONGEST_WINDOW_S = 0.1, 1000.0
"""Injection background is made for so much time at once."""


def injections(
    accelerator: Accelerator, seed: int, rate_hz: float, clock: Clock
) -> Iterator[Candidates]:
    """Give the background candidates of all injections without end, at their true times.

    Parameters
    ----------
    accelerator : Accelerator
    seed : int
    rate_hz : float
        Rate of the other candidates: sets how much time is made at once.
    clock : Clock
    """
    rate = rate_hz + sum(ring.rate_hz for ring in accelerator.rings)
    seconds = min(max(CHUNK / rate, SHORTEST_WINDOW_S), LONGEST_WINDOW_S)
    window = round(seconds * quanta_hz(clock))
    start = 0
    while True:
        time, _ = accelerator.injection_times(start, start + window, seed)
        start += window
        empty = np.zeros(len(time), dtype=np.uint8)
        yield Candidates(time, empty, np.full(len(time), NO_PATTERN, dtype=np.int32), start)


def with_injections(
    decided: Iterator[Candidates], accelerator: Accelerator, seed: int, rate_hz: float,
    clock: Clock, latency_ticks: int, flags: FlagDraw,
) -> Iterator[Candidates]:  # fmt: skip
    """Give candidates on clock edges with the injection background among them.

    Parameters
    ----------
    decided : iterator of Candidates
        Without end, at the throttle.
    accelerator, seed, rate_hz, clock
        See `injections`.
    latency_ticks : int
        From a collision to the throttle.
    flags : FlagDraw
        Draws the flag activity, by whether the candidate comes from a strip.
    """
    late = latency_ticks * QUANTA

    def background() -> Iterator[Candidates]:
        for piece in injections(accelerator, seed, rate_hz, clock):
            edge = -(-piece.time // QUANTA) * QUANTA + late
            yield piece._replace(time=edge, end=-(-piece.end // QUANTA) * QUANTA + late)

    for chunk, piece in enumerate(rechunk(merge(decided, background()))):
        strip = accelerator.in_strip(piece.time - late)
        drawn = flags.draw(chunk, len(piece.time), strip)
        yield piece._replace(flags=piece.flags | drawn)
