"""Collisions drawn from a library, in time, with pile-up: what the pipeline takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.pipeline.draw import Alias, Times
from sim.pipeline.groups import CDC, ECL
from sim.pipeline.library import Library, input_bits
from sim.pipeline.pile_up import merged_hits, windows
from sim.pipeline.plan import SOURCE_SUB, Ints, PipelinePlan, Words, pack_bits
from sim.pipeline.primitives import NO_TIME, Collisions
from sim.pipeline.wire_pile_up import merge_wires, neighbours
from sim.readout.plan import QUANTA
from sim.streams import stream
from sim.study.fired import time_quality
from sim.study.tracks import chamber_quality
from trigger.menu.inputs import TRACK_INPUTS, ecl_input_rows, track_input_rows

CHUNK = 1 << 18
"""Collisions and background windows in one part of the stream, about."""


@dataclass
class Merged:
    """What pile-up did.

    Parameters
    ----------
    collisions : int
        Collisions that were followed: with a fired cell or a track segment, or without pile-up with
        an input bit.
    windows : int
        Calorimeter windows with several of them.
    absorbed : int
        Collisions in those windows, without the first of each.
    gained, lost : int
        Windows that fire an input bit that none of their collisions fires alone; and windows in
        which a bit is missing that one of them fires alone.
    chamber : int
        Collisions in whose chamber window lie hits of another one.
    chamber_gained, chamber_lost : int
        Those that fire an input bit of tracks that they do not fire alone; and those without one
        that they fire alone.
    background, covered : int
        Background windows that fire an input bit; those of them left out, because a collision
        lies within half a window and brings its own background.
    """

    collisions: int = 0
    windows: int = 0
    absorbed: int = 0
    gained: int = 0
    lost: int = 0
    chamber: int = 0
    chamber_gained: int = 0
    chamber_lost: int = 0
    background: int = 0
    covered: int = 0


class CollisionStream:
    """Draws collisions and background windows from a library.

    Parameters
    ----------
    library : Library
    plan : PipelinePlan
        Its inputs must be those of the library.
    times : callable
        Starts a stream of collision times of a rate [Hz].
    seed : int
    pile_up : bool
        Merge primitives.

    Raises
    ------
    InputError
        When no collision fires anything.
    """

    def __init__(
        self, library: Library, plan: PipelinePlan, times: Callable[[float], Times], seed: int,
        pile_up: bool,
    ) -> None:  # fmt: skip
        self._library, self._plan = library, plan
        self._seed, self._pile_up = seed, pile_up
        self.merged = Merged()
        self._collision, self._background = split(library, pile_up)
        rate = library.rate_hz
        followed_hz = float(rate[self._collision].sum())
        if followed_hz <= 0:
            raise InputError("no collision of the library fires anything", place="pipeline")
        self._times = times(followed_hz)
        self._alias = Alias(rate[self._collision])
        wanted = rate[self._background]
        self._background_hz = float(wanted.sum())
        self._background_alias = Alias(wanted) if self._background_hz > 0 else None
        share = followed_hz / (followed_hz + self._background_hz)
        self._size = max(2, round(CHUNK * share))
        self._carried = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        self._last = 0
        self._merges_wires = pile_up and library.wires is not None and plan.cdc_window > 0
        of_tracks = np.array([[name in TRACK_INPUTS for name in library.inputs]])
        self._track_mask = pack_bits(of_tracks)[0]

    def chunks(self, quanta_hz: float) -> Iterator[Collisions]:
        """Give collisions and background windows that fire an input, without end.

        Parameters
        ----------
        quanta_hz : float
            Quanta in a second, for the background's rate.
        """
        chunk = 0
        while True:
            rng = stream(self._seed, "pipeline/collisions", chunk)
            time, event, known = self._draw(rng)
            self.merged.collisions += len(time)
            made = self._collisions(time, event)
            yield self._with_background(made, time, known, quanta_hz, rng)
            chunk += 1

    def _draw(self, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
        """Return times and events whose windows are whole, and all times known so far."""
        new = self._collision[self._alias.take(rng, self._size)]
        time = np.concatenate([self._carried[0], self._times.take(rng, self._size)])
        event = np.concatenate([self._carried[1], new])
        cut = len(time) - 1
        if self._pile_up:
            # Where a window opens in every sub-trigger, all windows before are whole.
            tick = time // QUANTA
            opens = windows(tick, self._plan.ecl_window) == np.arange(len(time))
            if self._merges_wires:
                opens[1:] &= np.diff(tick) >= self._plan.cdc_window
            cut = int(np.flatnonzero(opens)[-1])
        self._carried = time[cut:], event[cut:]
        return time[:cut], event[:cut], time

    def _collisions(self, time: Ints, event: Ints) -> Collisions:
        library, plan = self._library, self._plan
        tick = time // QUANTA
        made = _collisions(library, time, event)
        if self._pile_up:
            first = windows(tick, plan.ecl_window)
            ecl = SOURCE_SUB.index(ECL)
            self._merge_cells(
                tick, event, first, made.bits, made.quality[:, ecl], made.timed[:, ecl]
            )
            if self._merges_wires:
                self._merge_wires(tick, event, made.bits, made.quality[:, SOURCE_SUB.index(CDC)])
        return made

    def _merge_cells(
        self, tick: Ints, event: Ints, first: Ints, bits: Words, quality: Ints, timed: Ints
    ) -> None:
        """Put the decision on merged cells in the place of the first collision's own."""
        library, mask = self._library, self._plan.sub_mask[ECL]
        hits, opened = merged_hits(library.hits, event, tick, first)
        later = np.flatnonzero(first != np.arange(len(first)))
        alone = bits[opened] & mask
        np.bitwise_or.at(alone, np.searchsorted(opened, first[later]), bits[later] & mask)
        words = library.context.chain.calorimeter_words(hits)
        merged = input_bits(ecl_input_rows(words), library.inputs) & mask
        bits[opened] = (bits[opened] & ~mask) | merged
        bits[later] &= ~mask
        quality[opened] = time_quality(words)
        quality[later] = NO_TIME
        # The collision with the most energetic cell gives the event time.
        best = np.full(len(tick), -1, dtype=np.int64)
        np.maximum.at(best, first, library.largest[event])
        leads = np.flatnonzero(library.largest[event] == best[first])[::-1]
        timed[first[leads]] = tick[leads]
        self.merged.windows += len(opened)
        self.merged.absorbed += len(later)
        self.merged.gained += int((merged & ~alone).any(axis=1).sum())
        self.merged.lost += int((alone & ~merged).any(axis=1).sum())

    def _merge_wires(self, tick: Ints, event: Ints, bits: Words, quality: Ints) -> None:
        """Put the decision on merged hits in the place of each collision's own."""
        library, mask, length = self._library, self._track_mask, self._plan.cdc_window
        tracks = library.context.tracks
        assert tracks is not None
        assert library.wires is not None
        seen = np.flatnonzero(quality > NO_TIME)
        near = neighbours(tick[seen], length)
        if not len(near):
            return
        rows = seen[near]
        words = tracks.evaluate(merge_wires(library.wires, event[seen], tick[seen], near, length))
        merged = input_bits(track_input_rows(words), library.inputs) & mask
        alone = bits[rows] & mask
        bits[rows] = (bits[rows] & ~mask) | merged
        quality[rows] = chamber_quality(words)
        self.merged.chamber += len(rows)
        self.merged.chamber_gained += int((merged & ~alone).any(axis=1).sum())
        self.merged.chamber_lost += int((alone & ~merged).any(axis=1).sum())

    def _with_background(
        self, made: Collisions, time: Ints, known: Ints, quanta_hz: float,
        rng: np.random.Generator,
    ) -> Collisions:  # fmt: skip
        """Add background windows; leave out collisions that fire no input."""
        fires = made.bits.any(axis=1)
        made = _rows(made, np.flatnonzero(fires))
        start, end = self._last, int(self._carried[0][0])
        self._last = end
        if self._background_alias is None:
            return made
        n = int(rng.poisson(self._background_hz * (end - start) / quanta_hz))
        at = np.sort(rng.integers(start, end, n)) // QUANTA * QUANTA
        event = self._background[self._background_alias.take(rng, n)]
        self.merged.background += n
        half = self._plan.ecl_window * QUANTA // 2
        if self._pile_up and half:
            around = np.searchsorted(known, [at - half, at + half])
            free = around[0] == around[1]
            self.merged.covered += int(n - free.sum())
            at, event = at[free], event[free]
        extra = _collisions(self._library, at, event)
        order = np.argsort(np.concatenate([made.time, extra.time]), kind="stable")
        return _rows(_joined(made, extra), order)


def split(library: Library, pile_up: bool) -> tuple[Ints, Ints]:
    """Return the events to follow: collisions, and background windows.

    Background windows, and without pile-up collisions too, are followed when they fire an input.
    """
    background = np.zeros(len(library), dtype=bool)
    for process in library.processes:
        background[process.first : process.last] = process.background
    fires = library.bits.any(axis=1)
    return np.flatnonzero(~background & (pile_up | fires)), np.flatnonzero(background & fires)


def _collisions(library: Library, time: Ints, event: Ints) -> Collisions:
    """Return collisions, or background windows, each for itself."""
    quality = np.full((len(time), len(SOURCE_SUB)), NO_TIME, dtype=np.int64)
    quality[:, SOURCE_SUB.index(ECL)] = library.quality[event]
    quality[:, SOURCE_SUB.index(CDC)] = library.chamber_quality[event]
    timed = np.repeat((time // QUANTA)[:, None], len(SOURCE_SUB), axis=1)
    return Collisions(time, library.bits[event], quality, timed)


def _rows(collisions: Collisions, rows: NDArray[np.int64]) -> Collisions:
    return Collisions(
        collisions.time[rows], collisions.bits[rows], collisions.quality[rows],
        collisions.timed[rows],
    )  # fmt: skip


def _joined(a: Collisions, b: Collisions) -> Collisions:
    return Collisions(
        np.concatenate([a.time, b.time]), np.concatenate([a.bits, b.bits]),
        np.concatenate([a.quality, b.quality]), np.concatenate([a.timed, b.timed]),
    )  # fmt: skip
