"""Random numbers for stimulus: keyed by (seed, purpose, chunk), like those of the simulation.

`hdl` may not import `sim`, and the testbenches run inside a simulator: this is the same recipe as
`sim.streams`, and a test holds the two equal.
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, purpose: str, chunk: int = 0) -> np.random.Generator:
    """Return the random stream for one purpose and one chunk."""
    text = f"{seed}/{purpose}/{chunk}".encode()
    key = np.frombuffer(hashlib.sha256(text).digest()[:16], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
