"""Frames of the track trigger's blocks.

Those of the networks come from simulated hits through all blocks before them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from firmware_models import cdc_hough, neuro_mlp
from firmware_models.interface.cdc_hough import N_TRACKER, TRACK_CLOCKS_PER_TURN, TRACK_TICK_NS
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.neuro import ideal_segments
from sim.neuro.single_tracks import TrackRanges, draw
from sim.streams import stream
from sim.study.frames.collisions import Frames, Maker
from sim.study.ideal_tracks import IdealTracks, fire
from trigger.track_trigger import TrackSteps, TrackTrigger

TRACKS_PER_EVENT = 2.5
"""Mean tracks of an event in the analytic frames."""

MEAN_TRACKS = 3.0
"""Mean tracks in one data clock of the track trigger: several in one quadrant now and then."""


def network_steps(seed: int) -> Callable[[int, int], TrackSteps]:
    """Return a function of (n, chunk) that gives the words of all blocks for n windows.

    Each has one or two simulated tracks, of the collision point or not, and beam background.
    """
    response, trigger, ranges = CdcResponse(CdcConfig()), TrackTrigger(), TrackRanges()

    def make(n: int, chunk: int) -> TrackSteps:
        events, _ = draw(n, ranges, seed, chunk)
        return trigger.steps(response.respond(events, seed, chunk))

    return make


def neural_segments(seed: int) -> Maker:
    """Give analytic tracks with their segments and wrong ones (`sim.neuro.ideal_segments`)."""

    def make(n: int, chunk: int) -> Frames:
        rng = stream(seed, "frames/neural_segments", chunk)
        words = ideal_segments.words(ideal_segments.AnalyticTracks.draw(n, rng), rng)
        words["last"] = rng.random(n) < 1 / TRACKS_PER_EVENT
        words["quadrant"] = rng.integers(0, 4, n)
        return words

    return make


def network_inputs(seed: int) -> Maker:
    """Give the inputs that the segments of simulated tracks make."""
    steps = network_steps(seed)
    # A window has at least one frame: one that says so when it has no track.
    return lambda n, chunk: steps(n, chunk).inputs[:n]


def neural_tracks(seed: int) -> Maker:
    """Give what the network says of simulated tracks."""
    inputs = network_inputs(seed)
    return lambda n, chunk: neuro_mlp.evaluate(inputs(n, chunk))


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
