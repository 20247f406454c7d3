"""Stimulus for `gdl_timing`: every combination of sources and qualities, times over the turn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.gdl_timing import BLOCK, COUNTS_PER_TURN
from firmware_models.interface import Registers
from firmware_models.interface.clock import TICKS_PER_TURN
from firmware_models.interface.gdl import SOURCE_SELF
from hdl.streams import stream


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` input words, half of them with an accept and each source valid half the time."""
    rng = stream(seed, "gdl_timing/constrained")
    words = BLOCK.input.zeros(n)
    words["l1"] = rng.random(n) < 0.8
    words["tick"] = rng.integers(0, TICKS_PER_TURN, n)
    for source in ("top", "ecl", "cdc"):
        words[f"{source}_valid"] = rng.integers(0, 2, n)
        words[f"{source}_time"] = rng.integers(0, COUNTS_PER_TURN, n)
        words[f"{source}_quality"] = rng.integers(0, 4, n)
    return words


def registers(seed: int) -> Registers:
    """Return random legal registers: any order, repeats, SELF in the middle now and then."""
    rng = stream(seed, "gdl_timing/registers")
    priority = rng.integers(0, 4, 3)
    if seed % 4 == 0:
        priority = np.array((rng.integers(0, 3), SOURCE_SELF, rng.integers(0, 3)))
    return {"priority": priority, "min_quality": rng.integers(0, 4, 3)}
