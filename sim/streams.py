"""Random numbers that depend on what they are for, never on who draws them.

Each stream is a Philox generator keyed by (seed, purpose, chunk): any number of workers, in any
order, draws identical numbers.
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, purpose: str, chunk: int = 0) -> np.random.Generator:
    """Return the random stream for one purpose and one chunk.

    Parameters
    ----------
    seed : int
        The study's seed, 0 to 2**63 - 1.
    purpose : str
        What the numbers are for, such as ``"bhabha/events"``.
    chunk : int
        Number of the chunk.
    """
    text = f"{seed}/{purpose}/{chunk}".encode()
    key = np.frombuffer(hashlib.sha256(text).digest()[:16], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
