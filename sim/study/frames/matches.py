"""Frames of the matches in azimuth: the same collisions in three detectors.

Half of the collisions are those of the other blocks; half are pairs of muons back to back, from
ones that stop in the calorimeter to ones that leave the yoke, in barrel and endcaps.
"""

from __future__ import annotations

import numpy as np

from firmware_models import ecl_cluster, grl_match, klm_sector
from firmware_models.interface.cdc_hough import TRACK_CLOCKS_PER_TURN
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.detector.ecl import EclConfig, EclResponse
from sim.detector.klm.response import KlmConfig, KlmResponse
from sim.events import concatenate
from sim.processes import get_process
from sim.streams import stream
from sim.study.frames.collisions import Frames, Maker, mixed_events
from trigger.track_trigger import TrackTrigger

PAIRS: dict[str, float | str] = {
    "particle": "mu", "tracks": "2", "pairing": "back_to_back", "charge": "opposite",
    "spectrum": "inverse_pt", "p_min": 0.3, "p_max": 5.0,
}  # fmt: skip
"""Parameters of the process `track_gun`."""


def objects(seed: int) -> Maker:
    """Give what the sub-triggers say of each collision, one a data clock."""
    mixed, pairs = mixed_events(seed), get_process("track_gun", None, **PAIRS)
    chamber, calorimeter = CdcResponse(CdcConfig()), EclResponse(EclConfig())
    muons, trigger = KlmResponse(KlmConfig()), TrackTrigger()

    def make(n: int, chunk: int) -> Frames:
        half = n // 2
        parts = [mixed(n - half, chunk)]
        if half:
            parts.append(pairs.generate(half, seed, chunk))
        order = stream(seed, "frames/matches", chunk).permutation(n)
        events = concatenate(parts).select(order)
        clock = (chunk * n + np.arange(n)) % TRACK_CLOCKS_PER_TURN
        steps = trigger.steps(chamber.respond(events, seed, chunk), clock)
        clusters = ecl_cluster.evaluate_hits(calorimeter.respond(events, seed, chunk))
        hits = muons.respond(events, seed, chunk)
        planes = klm_sector.quantize(hits.offsets, *hits.places(), hits.layer, hits.plane)
        sectors = klm_sector.evaluate(planes)
        return grl_match.quantize(steps.full, steps.short, clusters, sectors, clock)

    return make
