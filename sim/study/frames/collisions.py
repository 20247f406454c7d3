"""Mixed collisions in the calorimeter: what many blocks' frames are made from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from firmware_models.trigger_cells import CellHits
from sim.detector.ecl import EclConfig, EclResponse
from sim.events import Events, concatenate
from sim.processes import get_process
from sim.streams import stream

MIXTURE = ("bhabha", "radiative_bhabha", "digamma", "dimuon", "eeee", "photon_gun")
"""Processes of which the frames are made, in equal parts: many topologies, not the real rates."""

CHUNK = 8_192
"""Frames at a time: dense calorimeter frames are large."""

MEAN_GAP = 12.0
"""Mean idle ticks between collisions in a stream of ticks: pulses overlap now and then."""

Frames = NDArray[np.void]
Maker = Callable[[int, int], Frames]
"""Function of (n, chunk) that gives n input words of a block."""


def mixed_events(seed: int) -> Callable[[int, int], Events]:
    """Return a function of (n, chunk) that gives n collisions, mixed."""
    processes = [get_process(name) for name in MIXTURE]

    def make(n: int, chunk: int) -> Events:
        each = -(-n // len(processes))
        events = concatenate([process.generate(each, seed, chunk) for process in processes])
        order = stream(seed, "frames/order", chunk).permutation(len(events))[:n]
        return events.select(order)

    return make


def collisions(seed: int) -> Callable[[int, int], CellHits]:
    """Return a function of (n, chunk) that gives the fired cells of n collisions, mixed."""
    events, response = mixed_events(seed), EclResponse(EclConfig())
    return lambda n, chunk: response.respond(events(n, chunk), seed, chunk)
