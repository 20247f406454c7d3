"""Frames of the muon detector's trigger: collisions with its noise and background.

Half of the collisions are those of the other blocks, of which few have muons; half are pairs of
muons, slow ones that stop among the first layers and fast ones that leave the yoke.
"""

from __future__ import annotations

import numpy as np

from firmware_models import klm_sector
from firmware_models.interface.clock import DATA_CLOCKS_PER_TURN
from sim.detector.klm.response import KlmConfig, KlmResponse
from sim.events import concatenate
from sim.processes import get_process
from sim.streams import stream
from sim.study.frames.collisions import Frames, Maker, mixed_events

PAIRS: dict[str, float | str] = {
    "particle": "mu", "tracks": "2", "spectrum": "inverse_pt", "p_min": 0.5, "p_max": 5.0,
}  # fmt: skip
"""Parameters of the process `track_gun`."""


def hit_planes(seed: int) -> Maker:
    """Give the hit planes of all sectors, one collision a data clock."""
    mixed, pairs = mixed_events(seed), get_process("track_gun", None, **PAIRS)
    response = KlmResponse(KlmConfig())

    def make(n: int, chunk: int) -> Frames:
        half = n // 2
        parts = [mixed(n - half, chunk)]
        if half:
            parts.append(pairs.generate(half, seed, chunk))
        order = stream(seed, "frames/muons", chunk).permutation(n)
        hits = response.respond(concatenate(parts).select(order), seed, chunk)
        clock = (chunk * n + np.arange(n)) % DATA_CLOCKS_PER_TURN
        return klm_sector.quantize(
            hits.offsets, *hits.places(), hits.layer, hits.plane, clock=clock
        )

    return make
