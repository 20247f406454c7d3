"""Stimulus for `gdl_logic`: products just met, products missed by one input, and random words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.gdl_logic import BLOCK, default_program
from hdl.streams import stream


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` input words.

    Each is background with a density of ones of its own, from none to all. Three of four have one
    product of the packaged menu laid over it; on a third of these one of the product's inputs is
    then inverted, so that a product with a wrong or missing literal shows.
    """
    rng = stream(seed, "gdl_logic/constrained")
    program = default_program()
    words = BLOCK.input.zeros(n)
    density = rng.choice([0.0, 0.02, 0.2, 0.5, 0.9, 1.0], size=n)
    bits = rng.random((n, words["bits"].shape[1])) < density[:, None]
    chosen = rng.integers(0, len(program.output), n)
    kind = rng.integers(0, 4, n)
    for i in range(n):
        if kind[i] == 0:
            continue
        literals = program.literal[program.start[chosen[i]] : program.start[chosen[i] + 1]]
        wanted = literals >= 0
        index = np.where(wanted, literals, ~literals)
        if kind[i] == 3:
            wanted[rng.integers(len(wanted))] ^= True
        bits[i, index] = wanted
    words["bits"] = bits
    return words
