"""Frames of the track trigger's blocks.

The segment finder gets simulated hits of the drift chamber; the blocks of the neural track trigger
get analytic toy tracks (`sim.neuro.toy_tracks`).
"""

from __future__ import annotations

import numpy as np

from firmware_models import cdc_hough, cdc_segment, neuro_mlp
from firmware_models.interface import Registers
from firmware_models.interface.cdc_hough import N_TRACKER, TRACK_CLOCKS_PER_TURN, TRACK_TICK_NS
from firmware_models.interface.cdc_segment import N_SUPERLAYER
from firmware_models.wire_hits import WireHits
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.neuro import toy_tracks as toy
from sim.streams import stream
from sim.study.frames.collisions import Frames, Maker, mixed_events
from sim.study.ideal_tracks import IdealTracks, fire

TRACKS_PER_EVENT = 2.5
"""Mean tracks of an event in the toy frames of the neural track trigger."""

MEAN_TRACKS = 3.0
"""Mean tracks in one data clock of the track trigger: several in one quadrant now and then."""

MEAN_WINDOW_GAP = 12.0
"""Mean data clocks from one collision's window to the next: some overlap, some lie apart."""


def wires(seed: int) -> Maker:
    """Give the data clocks of one finder, with windows of simulated collisions at random gaps.

    The superlayer changes with every chunk (`wire_registers`), the tracker with every ninth; all 36
    finders see the same collisions.
    """
    events, response = mixed_events(seed), CdcResponse(CdcConfig())
    last: dict[tuple[int, int], WireHits] = {}

    def make(n: int, chunk: int) -> Frames:
        group, view = divmod(chunk, N_SUPERLAYER * N_TRACKER)
        tracker, superlayer = divmod(view, N_SUPERLAYER)
        rng = stream(seed, "frames/wires", chunk)
        key = group, int(n / MEAN_WINDOW_GAP) + 1
        if key not in last:
            last.clear()
            last[key] = response.respond(events(key[1], group), seed, group)
        starts = np.cumsum(rng.geometric(1.0 / MEAN_WINDOW_GAP, key[1])) - 1
        return cdc_segment.quantize(last[key], superlayer, tracker, starts=starts, clocks=n)

    return make


def wire_registers(chunk: int) -> Registers:
    """Return the registers that a chunk of `wires` is made for."""
    return {"superlayer": np.array([chunk % N_SUPERLAYER])}


def toy_tracks(seed: int) -> Maker:
    """Give toy tracks in events of one or more."""

    def make(n: int, chunk: int) -> Frames:
        words = toy.generate(n, seed, chunk).words()
        rng = stream(seed, "frames/toy_tracks", chunk)
        words["last"] = rng.random(n) < 1 / TRACKS_PER_EVENT
        words["quadrant"] = rng.integers(0, 4, n)
        return words

    return make


def neural_tracks(seed: int) -> Maker:
    tracks = toy_tracks(seed)
    return lambda n, chunk: neuro_mlp.evaluate(tracks(n, chunk))


def track_segments(seed: int) -> Maker:
    """Give all trackers' frames of data clocks with a few ideal circles each.

    Circles with a hit efficiency, without noise or scattering (`sim.study.ideal_tracks`): there are
    no segments of the simulated drift chamber yet.
    """

    def make(n: int, chunk: int) -> Frames:
        rng = stream(seed, "frames/track_segments", chunk)
        clocks = -(-n // N_TRACKER)
        number = rng.poisson(MEAN_TRACKS, clocks)
        segments = fire(IdealTracks.draw(int(number.sum()), rng), rng)
        clock = np.repeat(np.arange(clocks), number)[segments.track]
        count = len(clock)
        return cdc_hough.quantize(
            np.searchsorted(clock, np.arange(clocks + 1)), segments.superlayer, segments.segment,
            rng.uniform(0, 512 * TRACK_TICK_NS * (1 - 1e-12), count), rng.integers(1, 4, count),
            segments.position, clock=np.arange(clocks) % TRACK_CLOCKS_PER_TURN,
        )[:n]  # fmt: skip

    return make
