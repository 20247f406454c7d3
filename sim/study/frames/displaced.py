"""Frames of the displaced-vertex trigger: pairs from displaced vertices, and other collisions."""

from __future__ import annotations

import numpy as np

from firmware_models import displaced_hough
from firmware_models.interface.cdc_hough import TRACK_CLOCKS_PER_TURN
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.events import concatenate
from sim.processes import get_process
from sim.streams import stream
from sim.study.frames.collisions import Frames, Maker, mixed_events
from trigger.track_trigger import TrackTrigger

PAIRS: dict[str, float | str] = {
    "particle": "pi", "charge": "opposite", "tracks": "2", "vertices": "common", "rho_max": 60.0,
    "deflection": 60.0, "p_min": 0.25, "p_max": 2.0, "theta_min": 35.0, "theta_max": 125.0,
}  # fmt: skip
"""Parameters of the process `track_gun`."""


def axial_maps(seed: int) -> Maker:
    """Give the axial segments of the whole chamber; two thirds of the collisions are pairs."""
    mixed, pairs = mixed_events(seed), get_process("track_gun", None, **PAIRS)
    response, trigger = CdcResponse(CdcConfig()), TrackTrigger()

    def make(n: int, chunk: int) -> Frames:
        third = -(-n // 3)
        parts = [mixed(third, chunk)]
        if n > third:
            parts.append(pairs.generate(n - third, seed, chunk))
        order = stream(seed, "frames/displaced", chunk).permutation(n)
        steps = trigger.steps(response.respond(concatenate(parts).select(order), seed, chunk))
        clock = (chunk * n + np.arange(n)) % TRACK_CLOCKS_PER_TURN
        return displaced_hough.quantize(steps.segments, steps.counts["tracks"], clock=clock)

    return make


def hypotheses(seed: int) -> Maker:
    """Give what `displaced_hough` finds in the same windows."""
    maps = axial_maps(seed)

    def make(n: int, chunk: int) -> Frames:
        return displaced_hough.evaluate(maps(n, chunk))

    return make
