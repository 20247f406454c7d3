"""Candidates from colliding beams: collisions at filled crossings, and injection background."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from firmware_models.errors import InputError
from sim.accelerator import Accelerator
from sim.readout.arrivals import Source
from sim.readout.config import Delay, Fraction, Rate, ReadoutConfig
from sim.readout.plan import QUANTA
from sim.readout.sources.background import injections
from sim.readout.sources.candidates import (
    CHUNK,
    Candidates,
    FlagDraw,
    check_duration,
    first_candidates,
    plain,
    quanta_hz,
)
from sim.readout.sources.merge import PlayedSource, make_accelerator, merge, rechunk
from sim.streams import stream
from sim.toml_file import Strict, check_data

JITTER_SIGMAS = 6
"""Where the jitter is cut off: beyond lie two in 10⁹."""


class BeamArrivals(Strict):
    """The table ``[arrivals]`` of kind beam."""

    kind: Literal["beam"]
    rate_khz: Rate
    """Mean rate of the collisions that make candidates; injection background comes on top."""
    latency_us: Delay = 5.0
    """From the collision to the throttle; about 5 us (Belle II: BELLE2-TALK-CONF-2015-029)."""
    jitter_ns: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = 0.0
    """Standard deviation."""
    short_fraction: Fraction = 0.0
    activity_fraction: Fraction = 0.0
    """Of candidates outside injection strips."""
    activity_fraction_in_strip: Fraction = 1.0
    """Of candidates inside, collisions as well as background."""


def source(config: ReadoutConfig, place: str) -> Source:
    """Return candidates from beams.

    Raises
    ------
    InputError
        Also when there is no table ``[machine]``.
    """
    where = f"{place}: arrivals"
    own = check_data(BeamArrivals, config.arrivals, where)
    accelerator = make_accelerator(config, place)
    if accelerator is None:
        raise InputError("kind beam needs a table [machine]", place=place)
    check_duration(own.rate_khz, config.run.triggers, config.clock, where)
    beam = _Beam(config, own, accelerator)
    return PlayedSource(
        config, beam.candidates, place, accelerator=accelerator, latency_ticks=beam.latency_ticks
    )


class _Beam:
    def __init__(self, config: ReadoutConfig, own: BeamArrivals, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        self._seed, self._triggers = config.run.seed, config.run.triggers
        self._rate_hz = own.rate_khz * 1e3
        self._clock = config.clock
        self.latency_ticks = round(own.latency_us * config.clock.frequency_mhz)
        self._jitter = own.jitter_ns * 1e-9 * quanta_hz(config.clock)
        self._flags = FlagDraw(
            self._seed, "readout/flags", own.short_fraction, own.activity_fraction,
            own.activity_fraction_in_strip,
        )  # fmt: skip

    def candidates(self) -> Iterator[Candidates]:
        stream_ = self._collisions()
        if sum(ring.rate_hz for ring in self._accelerator.rings) > 0:
            background = injections(self._accelerator, self._seed, self._rate_hz, self._clock)
            stream_ = rechunk(merge(stream_, background))
        return first_candidates(rechunk(self._at_edges(stream_)), self._triggers)

    def _collisions(self) -> Iterator[Candidates]:
        collisions = self._accelerator.collisions(self._rate_hz)
        chunk = 0
        while True:
            time = collisions.take(stream(self._seed, "readout/collisions", chunk), CHUNK)
            yield plain(time, np.zeros(CHUNK, dtype=np.uint8))
            chunk += 1

    def _at_edges(self, true: Iterator[Candidates]) -> Iterator[Candidates]:
        """Give the candidates at the clock edges on which they reach the throttle, in order.

        Jitter may change the order; what a later piece may still overtake is held back.
        """
        reach = int(JITTER_SIGMAS * self._jitter) + 1 if self._jitter else 0
        held_time, held_flags = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint8)
        for chunk, piece in enumerate(true):
            strip = self._accelerator.in_strip(piece.time) if self._flags.looks_at_strip else None
            flags = self._flags.draw(chunk, len(piece.time), strip)
            time = piece.time
            if self._jitter:
                rng = stream(self._seed, "readout/jitter", chunk)
                moved = np.rint(rng.standard_normal(len(time)) * self._jitter)
                time = time + np.clip(moved, -reach, reach).astype(np.int64)
            time = np.maximum(self._edge(time), 0)
            if self._jitter:
                time, flags = np.concatenate([held_time, time]), np.concatenate([held_flags, flags])
                order = np.argsort(time, kind="stable")
                time, flags = time[order], flags[order]
            safe = self._edge(np.array([piece.end - reach], dtype=np.int64))
            n = int(np.searchsorted(time, safe[0], side="right"))
            held_time, held_flags = time[n:], flags[n:]
            if n:
                yield plain(time[:n], flags[:n])

    def _edge(self, time: NDArray[np.int64]) -> NDArray[np.int64]:
        return -(-time // QUANTA) * QUANTA + self.latency_ticks * QUANTA
