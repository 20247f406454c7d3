"""Stimulus for `gdl_inputs`: single ticks, bursts inside a width, and long levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.gdl_inputs import BLOCK, MAX_DELAY, MAX_WIDTH
from firmware_models.interface import Registers
from firmware_models.interface.gdl import N_INPUT
from hdl.streams import stream


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` ticks; each input flips with its own rate, from every other tick to rarely."""
    rng = stream(seed, "gdl_inputs/constrained")
    rate = 2.0 ** -rng.uniform(1, 8, N_INPUT)
    flips = (rng.random((n, N_INPUT), dtype=np.float32) < rate).astype(np.uint8)
    words = BLOCK.input.zeros(n)
    words["bits"] = np.bitwise_xor.accumulate(flips, axis=0)
    return words


def registers(seed: int) -> Registers:
    """Return random legal registers, both ends of each range present."""
    rng = stream(seed, "gdl_inputs/registers")
    delay = rng.integers(0, MAX_DELAY + 1, N_INPUT)
    width = rng.integers(1, MAX_WIDTH + 1, N_INPUT)
    delay[:4] = width[:4] = (0, MAX_DELAY, 0, MAX_DELAY)
    width[:4] = (1, 1, MAX_WIDTH, MAX_WIDTH)
    order = rng.permutation(N_INPUT)
    return {"delay": delay[order], "width": width[order]}
