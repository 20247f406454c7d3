"""Frames of the track trigger's blocks.

The blocks of the neural track trigger get analytic toy tracks (`sim.neuro.toy_tracks`), not
simulated hits.
"""

from __future__ import annotations

import numpy as np

from firmware_models import cdc_hough, grl_tracks, neuro_mlp
from firmware_models.interface.cdc_hough import N_TRACKER, TRACK_CLOCKS_PER_TURN, TRACK_TICK_NS
from sim.neuro import toy_tracks as toy
from sim.streams import stream
from sim.study.frames.collisions import Frames, Maker
from sim.study.ideal_tracks import IdealTracks, fire

TRACKS_PER_EVENT = 2.5
"""Mean tracks of an event in the toy frames of the neural track trigger."""

MEAN_TRACKS = 3.0
"""Mean tracks in one data clock of the track trigger: several in one quadrant now and then."""


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


def track_angles(seed: int) -> Maker:
    """Give the tracks that the four trackers find in `track_segments`."""
    segments = track_segments(seed)

    def make(n: int, chunk: int) -> Frames:
        return grl_tracks.quantize(cdc_hough.evaluate(segments(N_TRACKER * n, chunk)))

    return make
