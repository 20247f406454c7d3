"""Stimulus for `l1_throttle`: dense and quiet traffic, and registers at which every rule fires.

The block's own time scales run from ticks to a million of them. Registers are drawn so that streams
of some hundred ticks already see windows, buckets, frames and veto sequences begin and end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.apv25 import MAX_CELLS
from firmware_models.interface import Registers
from firmware_models.interface.clock import TICKS_PER_TURN
from firmware_models.interface.throttle import N_BUCKET, N_BUSY, N_FIFO, N_WINDOW, RINGS
from firmware_models.l1_throttle import BLOCK, MAX_WINDOW_ACCEPTS
from hdl.streams import stream

BATCH = 2_500
"""Frames for one set of registers in a volume run: two turns."""

_PRE = (0, 1, 30, 200, TICKS_PER_TURN - 1)
"""Values of the veto's `pre` in both functions: a kick then opens a window a few ticks later."""

_STRETCH = 200
"""Mean ticks with one density of requests and of BUSY."""


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` ticks: stretches with requests on every tick to one in a thousand."""
    rng = stream(seed, "l1_throttle/constrained")
    words = BLOCK.input.zeros(n)
    stretch = np.cumsum(rng.random(n) < 1 / _STRETCH)
    most = int(stretch[-1]) + 1 if n else 1
    words["l1"] = rng.random(n) < (2.0 ** -rng.uniform(0, 9, most))[stretch]
    words["short"] = rng.random(n) < 0.5
    words["activity"] = rng.random(n) < 0.3
    words["busy"] = rng.random((n, N_BUSY)) < (2.0 ** -rng.uniform(2, 10, most))[stretch, None]
    tick = rng.integers(TICKS_PER_TURN) + np.arange(n)
    # Now and then the turn is resynchronised: the tick is an input, the block must look at it.
    tick += np.cumsum((rng.random(n) < 1 / 3000) * rng.integers(0, TICKS_PER_TURN, n))
    words["tick"] = tick % TICKS_PER_TURN
    words["kick"] = rng.random((n, len(RINGS))) < 0.03
    ahead = rng.choice((0, 1, 2, 10, 60), n) + rng.choice(_PRE, n)
    words["position"] = np.where(
        rng.random(n) < 0.8,
        (words["tick"] + ahead) % TICKS_PER_TURN,
        rng.integers(0, 1 << 11, n),
    )
    return words


def registers(seed: int) -> Registers:
    """Return random legal registers, with few rules on or many."""
    rng = stream(seed, "l1_throttle/registers")
    # With all rules on the tightest one hides the others.
    share_off = rng.uniform(0.3, 0.95)

    def off(values: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(rng.random(values.shape) < share_off, 0, values)

    def spread(high: int, count: int = 1) -> NDArray[np.int64]:
        """Return whole numbers from 1 to `high`, evenly in the logarithm."""
        return np.floor((high + 1) ** rng.random(count)).astype(np.int64)

    rings = len(RINGS)
    return {
        "spacing": off(spread(60)),
        "busy_mask": off(rng.integers(0, 1 << N_BUSY, 1)),
        "window_accepts": off(spread(MAX_WINDOW_ACCEPTS, N_WINDOW)),
        "window_ticks": spread(300, N_WINDOW) - 1,
        "bucket_size": off(spread(20, N_BUCKET)),
        "bucket_drain": spread(100, N_BUCKET),
        "bucket_free": rng.integers(0, 2, N_BUCKET),
        "fifo_depth": off(spread(10, N_FIFO)),
        "fifo_service": spread(100, N_FIFO),
        # With room for one event the next one comes on the very tick on which the chip is empty.
        "apv_cells": rng.choice((0, 0, 0, MAX_CELLS, MAX_CELLS, 31, 12, 6, 6, 6, 3, 2), 1),
        "apv_samples": rng.integers(0, 3, 1),
        "apv_frame": spread(40),
        "apv_processing": spread(100) - 1,
        "apv_grid": rng.choice((1, 1, 2, 35, 140), 1),
        "apv_eventwise": rng.integers(0, 2, 1),
        "veto_enable": (rng.random(rings) < 0.5).astype(np.int64),
        "veto_active": rng.integers(0, 2, 1),
        "veto_pre": rng.choice(_PRE, rings),
        "veto_length": rng.choice((0, 1, 50, 300, TICKS_PER_TURN - 1), rings),
        "veto_full_turns": rng.choice((0, 0, 1, 2), rings),
        "veto_gated_turns": rng.choice((0, 1, 2, 3), rings),
        "veto_wait_turns": rng.choice((0, 0, 0, 1, 3), rings),
    }
