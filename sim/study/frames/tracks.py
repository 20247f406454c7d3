"""Frames of the track trigger's blocks: collisions in the drift chamber, with its background.

Half of the collisions are those of the other blocks; half are pairs of particles from anywhere on
the beam line, so that there are tracks of all momenta, and enough of them. Every window ends on
another data clock.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from firmware_models import cdc_segment, grl_short, grl_tracks
from firmware_models.interface import Registers
from firmware_models.interface.cdc_hough import N_TRACKER, TRACK_CLOCKS_PER_TURN
from firmware_models.interface.cdc_segment import N_SUPERLAYER
from firmware_models.wire_hits import WireHits
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.events import concatenate
from sim.processes import get_process
from sim.streams import stream
from sim.study.frames.collisions import Frames, Maker, mixed_events
from trigger.track_trigger import TrackSteps, TrackTrigger

PAIRS: dict[str, float | str] = {
    "particle": "pi", "tracks": "2", "spectrum": "inverse_pt", "p_min": 0.25, "p_max": 5.0,
    "z_min": -60.0, "z_max": 60.0,
}  # fmt: skip
"""Parameters of the process `track_gun`."""

MEAN_WINDOW_GAP = 12.0
"""Mean data clocks from one collision's window to the next: some overlap, some lie apart."""


def chamber(seed: int) -> Callable[[int, int], WireHits]:
    """Return a function of (n, chunk) that gives the hit wires of n collisions."""
    mixed, pairs = mixed_events(seed), get_process("track_gun", None, **PAIRS)
    response = CdcResponse(CdcConfig())

    def make(n: int, chunk: int) -> WireHits:
        half = n // 2
        parts = [mixed(n - half, chunk)]
        if half:
            parts.append(pairs.generate(half, seed, chunk))
        order = stream(seed, "frames/chamber", chunk).permutation(n)
        return response.respond(concatenate(parts).select(order), seed, chunk)

    return make


def steps(seed: int) -> Callable[[int, int], TrackSteps]:
    """Return a function of (n, chunk) that gives the words of all blocks for n collisions."""
    hits, trigger = chamber(seed), TrackTrigger()

    def make(n: int, chunk: int) -> TrackSteps:
        clock = (chunk * n + np.arange(n)) % TRACK_CLOCKS_PER_TURN
        return trigger.steps(hits(n, chunk), clock)

    return make


def wires(seed: int) -> Maker:
    """Give the data clocks of one finder, with windows of simulated collisions at random gaps.

    The superlayer changes with every chunk (`wire_registers`), the tracker with every ninth; all 36
    finders see the same collisions.
    """
    hits = chamber(seed)
    last: dict[tuple[int, int], WireHits] = {}

    def make(n: int, chunk: int) -> Frames:
        group, view = divmod(chunk, N_SUPERLAYER * N_TRACKER)
        tracker, superlayer = divmod(view, N_SUPERLAYER)
        rng = stream(seed, "frames/wires", chunk)
        key = group, int(n / MEAN_WINDOW_GAP) + 1
        if key not in last:
            last.clear()
            last[key] = hits(key[1], group)
        starts = np.cumsum(rng.geometric(1.0 / MEAN_WINDOW_GAP, key[1])) - 1
        return cdc_segment.quantize(last[key], superlayer, tracker, starts=starts, clocks=n)

    return make


def wire_registers(chunk: int) -> Registers:
    """Return the registers that a chunk of `wires` is made for."""
    turn, superlayer = divmod(chunk, N_SUPERLAYER)
    return {"superlayer": np.array([superlayer]), "shape": np.array([turn % 2])}


def event_segments(seed: int) -> Maker:
    """Give the times of all segments."""
    make = steps(seed)
    return lambda n, chunk: make(n, chunk).event


def axial_segments(seed: int) -> Maker:
    """Give the segments of the four trackers."""
    make = steps(seed)
    return lambda n, chunk: make(-(-n // N_TRACKER), chunk).axial[:n]


def all_tracks(seed: int) -> Maker:
    """Give the tracks of all trackers."""
    make = steps(seed)
    return lambda n, chunk: grl_tracks.quantize(make(n, chunk).tracks)


def inner_segments(seed: int) -> Maker:
    """Give the bins of the inner superlayers' segments, and the tracks of all trackers."""
    make = steps(seed)

    def frames(n: int, chunk: int) -> Frames:
        words = make(n, chunk)
        return grl_short.quantize(words.segments, words.tracks)

    return frames


def track_segments(seed: int) -> Maker:
    """Give tracks with their segments."""
    make = steps(seed)
    return lambda n, chunk: make(n, chunk).given[:n]


def network_inputs(seed: int) -> Maker:
    """Give the inputs of the network."""
    make = steps(seed)
    return lambda n, chunk: make(n, chunk).inputs[:n]


def neural_tracks(seed: int) -> Maker:
    """Give the network's tracks."""
    inputs, trigger = network_inputs(seed), TrackTrigger()
    return lambda n, chunk: trigger.neural_tracks(inputs(n, chunk))
