"""Collisions drawn from a library, in time, with pile-up: what the pipeline takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import ecl_cluster
from firmware_models.errors import InputError
from sim.pipeline.draw import Alias, Times
from sim.pipeline.groups import CDC, ECL
from sim.pipeline.library import Library, input_bits
from sim.pipeline.pile_up import merged_cells, merged_planes, shared, windows
from sim.pipeline.plan import SOURCE_SUB, Ints, PipelinePlan, Words, pack_bits
from sim.pipeline.primitives import NO_TIME, Collisions
from sim.pipeline.wire_pile_up import merge_wires, neighbours
from sim.readout.plan import QUANTA
from sim.streams import stream
from sim.study.fired import time_quality
from sim.study.tracks import chamber_quality
from trigger.event_words import EventWords
from trigger.menu.inputs import (
    ECL_WORDS,
    GRL_WORDS,
    KLM_WORDS,
    NEURAL_MATCH_WORDS,
    TRACK_WORDS,
    Inputs,
)
from trigger.tracks import TrackWords

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
    muons : int
        Windows of the muon detector with several collisions.
    match_gained, match_lost : int
        Collisions that share a window in any of the three and fire an input bit of matches that
        they do not fire alone; and those without one that they fire alone.
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
    muons: int = 0
    match_gained: int = 0
    match_lost: int = 0
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
        self._masks = {
            name: _mask(library.inputs, *words)
            for name, words in {
                "cells": (ECL_WORDS,),
                "tracks": (TRACK_WORDS,),
                "muons": (KLM_WORDS,),
                "matches": (GRL_WORDS, NEURAL_MATCH_WORDS),
            }.items()
        }

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
            number = np.arange(len(time))
            opens = windows(tick, self._plan.ecl_window) == number
            if self._library.detected.muons is not None:
                opens &= windows(tick, self._plan.klm_window) == number
            if self._library.detected.wires is not None:
                opens[1:] &= np.diff(tick) >= self._plan.cdc_window
            cut = int(np.flatnonzero(opens)[-1])
        self._carried = time[cut:], event[cut:]
        return time[:cut], event[:cut], time

    def _collisions(self, time: Ints, event: Ints) -> Collisions:
        made = _collisions(self._library, time, event)
        if self._pile_up:
            self._merge(time // QUANTA, event, made)
        return made

    def _merge(self, tick: Ints, event: Ints, made: Collisions) -> None:
        """Decide anew on collisions that share a window with others, in any sub-trigger."""
        detected, plan, bits = self._library.detected, self._plan, made.bits
        ecl, cdc = SOURCE_SUB.index(ECL), SOURCE_SUB.index(CDC)
        number = np.arange(len(tick))
        cells = windows(tick, plan.ecl_window)
        muons = number if detected.muons is None else windows(tick, plan.klm_window)
        with_segments = made.quality[:, cdc] > NO_TIME
        near = np.zeros(len(tick), dtype=bool)
        if detected.wires is not None:
            seen = np.flatnonzero(with_segments)
            near[seen[neighbours(tick[seen], plan.cdc_window)]] = True
        rows = np.flatnonzero(shared(cells) | shared(muons) | near)
        if not len(rows):
            return
        alone = bits[rows]
        words = self._words(tick, event, cells, muons, np.flatnonzero(with_segments), rows)
        now = input_bits(words.input_rows(), self._library.inputs)
        # A window's bits come once, with the collision that opened it; those of matches also with
        # every other one that has a track.
        first, first_muon = cells[rows] == rows, muons[rows] == rows
        now[~first] &= ~self._masks["cells"]
        now[~first_muon] &= ~self._masks["muons"]
        now[~(first | with_segments[rows])] &= ~self._masks["matches"]
        bits[rows] = now
        made.quality[rows, ecl] = np.where(first, time_quality(words.calorimeter), NO_TIME)
        if words.tracks is not None:
            made.quality[rows, cdc] = chamber_quality(words.tracks)
        # The collision with the most energetic cell gives the event time.
        largest = self._library.largest[event]
        best = np.full(len(tick), -1, dtype=np.int64)
        np.maximum.at(best, cells, largest)
        leads = np.flatnonzero(largest == best[cells])[::-1]
        made.timed[cells[leads], ecl] = tick[leads]
        self._count(alone, now, rows, cells, muons, near)

    def _words(
        self, tick: Ints, event: Ints, cells: Ints, muons: Ints, seen: Ints, rows: Ints
    ) -> EventWords:
        """Return the words for some collisions, each in the windows in which it lies."""
        detected, context = self._library.detected, self._library.context
        opened = np.unique(cells[rows])
        frames = merged_cells(detected.cells, event, tick, cells, opened)
        clusters = ecl_cluster.evaluate_hits(frames)[np.searchsorted(opened, cells[rows])]
        sectors = None
        if detected.muons is not None:
            opened = np.unique(muons[rows])
            planes = merged_planes(detected.muons, event, muons, opened)
            sectors = context.chain.muon_words(planes)[np.searchsorted(opened, muons[rows])]
        tracks = self._tracks(tick, event, seen, rows)
        return context.chain.event_words(clusters, tracks, sectors)

    def _tracks(self, tick: Ints, event: Ints, seen: Ints, rows: Ints) -> TrackWords | None:
        """Return the tracks of some collisions with the wires of those near them."""
        trigger, wires = self._library.context.tracks, self._library.detected.wires
        if trigger is None or wires is None:
            return None
        chosen = np.flatnonzero(np.isin(seen, rows))
        found = trigger.evaluate(
            merge_wires(wires, event[seen], tick[seen], chosen, self._plan.cdc_window)
        )
        place = np.full(len(rows), len(chosen))  # the one behind them, for those without a segment
        place[np.searchsorted(rows, seen[chosen])] = np.arange(len(chosen))
        return TrackWords.joined([found, TrackWords.empty(1)]).select(place)

    def _count(
        self, alone: Words, now: Words, rows: Ints, cells: Ints, muons: Ints,
        near: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        """Add up what merging changed."""
        merged, masks = self.merged, self._masks
        several = np.flatnonzero(shared(cells)[rows])
        opened, window = np.unique(cells[rows[several]], return_inverse=True)
        together = np.zeros((len(opened), now.shape[1]), dtype=np.uint64)
        np.bitwise_or.at(together, window, alone[several] & masks["cells"])
        decided = now[np.searchsorted(rows, opened)] & masks["cells"]
        merged.windows += len(opened)
        merged.absorbed += len(several) - len(opened)
        merged.gained += int((decided & ~together).any(axis=1).sum())
        merged.lost += int((together & ~decided).any(axis=1).sum())
        moved, before = now[near[rows]] & masks["tracks"], alone[near[rows]] & masks["tracks"]
        merged.chamber += int(near.sum())
        merged.chamber_gained += int((moved & ~before).any(axis=1).sum())
        merged.chamber_lost += int((before & ~moved).any(axis=1).sum())
        merged.muons += len(np.unique(muons[shared(muons)]))
        moved, before = now & masks["matches"], alone & masks["matches"]
        merged.match_gained += int((moved & ~before).any(axis=1).sum())
        merged.match_lost += int((before & ~moved).any(axis=1).sum())

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


def _mask(inputs: tuple[str, ...], *words: Inputs) -> Words:
    """Return the mask of the inputs that some words produce, shape ``(n_words,)``."""
    names = {name for given in words for named in given.values() for name in named}
    mask: Words = pack_bits(np.array([[name in names for name in inputs]]))[0]
    return mask


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
