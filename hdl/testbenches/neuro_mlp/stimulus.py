"""Stimulus for `neuro_mlp`: extremes, zeros, sums at the edges of the activation table, any expert.

Half of the frames are aimed: inputs are chosen such that the sum of one hidden node lands within a
step of the table next to 0, to the start of saturation, or to any address.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models import neuro_weights
from firmware_models.interface.neuro import (
    ADDRESS_SHIFT,
    ADDRESS_WIDTH,
    N_EXPERT,
    N_HIDDEN,
    N_INPUT,
    NEURO_INPUT,
    ONE,
    SATURATION,
)
from firmware_models.neuro_mlp import BLOCK
from hdl.streams import stream

BENCH = {"icarus": 80}
"""Frames in each check of the testbench: Icarus takes 0.15 s for one."""


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` input words: every expert, also those that do not exist."""
    rng = stream(seed, "neuro_mlp/constrained")
    words = BLOCK.input.zeros(n)
    expert = rng.integers(0, N_EXPERT, n)
    # One frame in ten has no network; of those, most have a code that says so.
    words["expert"] = np.where(rng.random(n) < 0.1, rng.integers(0, 8, n), expert)
    words["valid"] = rng.random(n) < 0.95
    inputs = _inputs(n, rng)
    aimed = np.flatnonzero(rng.random(n) < 0.5)
    inputs[aimed] = _aimed(inputs[aimed], expert[aimed], rng)
    words["input"] = inputs
    words["pattern"] = rng.integers(0, 2, words["pattern"].shape)
    for name in ("omega", "phi0", "quadrant", "last"):
        field = NEURO_INPUT[name]
        words[name] = rng.integers(field.low, field.high + 1, n)
    return words


def _inputs(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw inputs: anywhere, small, 0 and ±1 alone, superlayers missing, beyond ±1."""
    shape = (n, N_INPUT)
    field = NEURO_INPUT["input"]
    anywhere = rng.integers(-ONE, ONE + 1, shape)
    small = rng.integers(-ONE // 16, ONE // 16 + 1, shape)
    corners = rng.choice((-ONE, 0, ONE), shape)
    missing = np.repeat(rng.random((n, N_INPUT // 3)) < 0.3, 3, axis=1)
    part = np.where(missing, 0, anywhere)
    # Not what the block is for, but its sums hold them.
    beyond = rng.integers(field.low, field.high + 1, shape)
    edges = rng.choice((field.low, field.high), shape)
    zeros = np.zeros(shape, dtype=np.int64)
    kind = rng.choice(7, size=(n, 1), p=(0.3, 0.25, 0.15, 0.2, 0.04, 0.02, 0.04))
    drawn: NDArray[np.int64] = np.choose(
        kind, (anywhere, small, corners, part, beyond, edges, zeros)
    )
    return drawn


def _aimed(
    inputs: NDArray[np.int64], expert: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Change inputs of each frame such that the sum of one hidden node comes near a target."""
    n = len(inputs)
    node = rng.integers(0, N_HIDDEN, n)
    whole = neuro_weights.load().hidden[expert, node]
    weights, bias = whole[:, :N_INPUT], whole[:, N_INPUT] * ONE
    # The last one lies beyond the table: an address that wraps would show.
    address = rng.choice((0, 1, SATURATION - 1, SATURATION, SATURATION + 1, 5 << 12), n)
    address = np.where(rng.random(n) < 0.3, rng.integers(0, 1 << ADDRESS_WIDTH, n), address)
    target = (address << ADDRESS_SHIFT) * rng.choice((-1, 1), n)
    # All inputs pull the same way where the target is large.
    field = NEURO_INPUT["input"]
    most = np.where(address < 1 << ADDRESS_WIDTH, ONE, field.high)
    share = np.clip((target - bias) / np.maximum(np.abs(weights).sum(axis=1), 1), -most, most)
    pulled = np.rint(share[:, None]).astype(np.int64) * np.sign(weights)
    out = np.where((address > SATURATION // 2)[:, None], pulled, inputs)
    # The heaviest input does the rest; rows that it does not bring there are near misses.
    rows, heaviest = np.arange(n), np.argmax(np.abs(weights), axis=1)
    weight = weights[rows, heaviest]
    sums = (weights * out).sum(axis=1) + bias
    step = np.rint((target - sums) / np.where(weight == 0, 1, weight)).astype(np.int64)
    out[rows, heaviest] = np.clip(out[rows, heaviest] + step, field.low, field.high)
    return out
