"""Frames of neural tracks with clusters and sectors: the same collisions in three detectors.

Half of the collisions are those of the other blocks; half are pairs of muons, as for the muon
detector, so that there are tracks with clusters and sectors of their own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from firmware_models import ecl_cluster, grl_neural, klm_sector, single_track
from firmware_models.interface.cdc_hough import TRACK_CLOCKS_PER_TURN
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.detector.ecl import EclConfig, EclResponse
from sim.detector.klm.response import KlmConfig, KlmResponse
from sim.events import Events, concatenate
from sim.processes import get_process
from sim.streams import stream
from sim.study.frames.collisions import Frames, Maker, mixed_events
from sim.study.frames.muons import PAIRS
from trigger.track_trigger import TrackTrigger


def matched_tracks(seed: int) -> Maker:
    """Give the network's tracks of collisions, each with its event's clusters and sectors."""
    mixed, pairs = mixed_events(seed), get_process("track_gun", None, **PAIRS)
    words = track_words(seed)

    def make(n: int, chunk: int) -> Frames:
        half = n // 2
        parts = [mixed(n - half, chunk)]
        if half:
            parts.append(pairs.generate(half, seed, chunk))
        order = stream(seed, "frames/neural", chunk).permutation(n)
        # At least one frame a collision.
        return words(concatenate(parts).select(order), chunk)[:n]

    return make


def track_words(seed: int) -> Callable[[Events, int], Frames]:
    """Return a function of (events, chunk) that gives the words of all their frames, in order."""
    cdc, ecl, klm = CdcResponse(CdcConfig()), EclResponse(EclConfig()), KlmResponse(KlmConfig())
    trigger = TrackTrigger()

    def make(events: Events, chunk: int) -> Frames:
        clock = (chunk * len(events) + np.arange(len(events))) % TRACK_CLOCKS_PER_TURN
        steps = trigger.steps(cdc.respond(events, seed, chunk), clock)
        neural = trigger.neural_tracks(steps.inputs)
        clusters = ecl_cluster.evaluate_hits(ecl.respond(events, seed, chunk))
        hits = klm.respond(events, seed, chunk)
        planes = klm_sector.quantize(hits.offsets, *hits.places(), hits.layer, hits.plane)
        return grl_neural.quantize(neural, single_track.evaluate(neural), steps.window, clusters,
                                   klm_sector.evaluate(planes))  # fmt: skip

    return make
