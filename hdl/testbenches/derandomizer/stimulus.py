"""Stimulus for `derandomizer`: idle, busy, critical and flooded stretches; links that stop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.derandomizer import BLOCK, MAX_SERVICE
from firmware_models.interface import Registers
from firmware_models.interface.readout import MAX_DEPTH
from hdl.streams import stream

LOADS = (0.3, 0.8, 1.0, 1.1)
"""Accepts times mean service in the stretches before the flood."""


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` ticks in stretches with a load, a mean service and a link behaviour each.

    The last fifth is a flood with a link that hardly moves: every buffer overflows there, so that
    the flag that stays up hides nothing before. In one stream of two the flood comes first.
    """
    rng = stream(seed, "derandomizer/constrained")
    words = BLOCK.input.zeros(n)
    # Any length where it does not count, and in a flood that ends the stream: a long service in its
    # middle would leave nothing else to see.
    service = np.minimum(np.floor(2.0 ** rng.uniform(0, 17, n)).astype(np.int64), MAX_SERVICE)
    words["service"] = np.maximum(service, 1)
    flood = n // 5
    first = bool(rng.integers(2))
    flooded = words[:flood] if first else words[n - flood :]
    flooded["l1"] = rng.random(flood) < 0.7
    flooded["ready"] = rng.random(flood) < 0.02
    if first:
        flooded["service"] = rng.integers(1, 9, flood)
    at = flood if first else 0
    stop = at + n - flood
    while at < stop:
        length = min(int(rng.integers(20, 400)), stop - at)
        _stretch(rng, words[at : at + length])
        at += length
    return words


def _stretch(rng: np.random.Generator, words: NDArray[np.void]) -> None:
    n = len(words)
    longest = int(rng.choice((1, 2, 3, 8, 40, 200)))
    service = rng.integers(1, longest + 1, n)
    mean = (longest + 1) / 2
    words["l1"] = rng.random(n) < rng.choice(LOADS) / mean
    words["service"] = np.where(words["l1"] == 1, service, words["service"])
    # Ready always, mostly, or in long spells.
    kind = int(rng.integers(4))
    if kind <= 1:
        words["ready"] = rng.random(n) < (1.0, 0.7)[kind]
    else:
        flips = rng.random(n) < (0.2, 0.03)[kind - 2]
        words["ready"] = np.bitwise_xor.accumulate(flips.astype(np.uint8)) ^ rng.integers(2)


def registers(seed: int) -> Registers:
    """Return random legal registers; the smallest and the largest depth now and then."""
    rng = stream(seed, "derandomizer/registers")
    depth = int(rng.integers(1, MAX_DEPTH + 1))
    depth = (depth, depth, 1, MAX_DEPTH, 2)[int(rng.integers(5))]
    almost_full = int(rng.integers(1, depth + 3))
    return {"depth": np.array([depth]), "almost_full": np.array([almost_full])}
