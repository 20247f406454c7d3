"""Stimulus for `gdl_prescale`: lines that fire always, often and rarely; every mode."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.gdl_prescale import COUNTER, MAX_INTERVAL, ONE, RANDOM, quantize
from firmware_models.interface import Registers
from firmware_models.interface.gdl import N_OUTPUT
from hdl.streams import stream


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` ticks; each line fires with its own probability, from 1 down to 1/256."""
    rng = stream(seed, "gdl_prescale/constrained")
    rate = 2.0 ** -rng.uniform(0, 8, N_OUTPUT)
    rate[rng.integers(0, N_OUTPUT, 8)] = 1.0
    return quantize(rng.random((n, N_OUTPUT), dtype=np.float32) < rate)


def registers(seed: int) -> Registers:
    """Return random legal registers: all modes, masks, and intervals and phases at both ends."""
    rng = stream(seed, "gdl_prescale/registers")
    # Logarithmic: small intervals pass often, the largest exercise every bit of the comparison.
    interval = np.floor(2.0 ** rng.uniform(0, 24, N_OUTPUT)).astype(np.int64)
    interval[rng.integers(0, N_OUTPUT, 10)] = 0
    interval[rng.integers(0, N_OUTPUT, 4)] = MAX_INTERVAL
    mode = rng.integers(0, 3, N_OUTPUT)
    fraction = np.floor(ONE * 2.0 ** -rng.uniform(0, 16, N_OUTPUT)).astype(np.int64)
    fraction = np.minimum(fraction, ONE - 1)
    fraction[rng.integers(0, N_OUTPUT, 4)] = 0
    phase = rng.integers(0, ONE, N_OUTPUT)
    counting = (mode == COUNTER) & (interval > 0)
    # Near the end of the count, so that even long intervals pass within a short test.
    near = np.maximum(interval - 1 - rng.integers(0, 40, N_OUTPUT), 0)
    phase[counting] = near[counting]
    phase[mode == RANDOM] %= ONE - 1
    return {"interval": interval, "mode": mode, "fraction": fraction, "phase": phase}
