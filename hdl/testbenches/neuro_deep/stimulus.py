"""Stimulus for `neuro_deep`: extremes, zeros, any pattern, sums at the edges of the table.

Half of the frames are aimed: one input is chosen such that the sum of one node of the first layer
lands near 0, 4, −4, a step of the table, or as far out as inputs take it. One such node is enough:
all layers share one module for what follows a sum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models import deep_weights
from firmware_models.interface.neuro import N_INPUT, N_PATTERN, NEURO_INPUT, ONE
from firmware_models.interface.neuro_deep import (
    ADDRESS_SHIFT,
    LIMIT,
    N_FEATURE,
    N_QUANTITY,
    PER_SUPERLAYER,
    SHAPE,
)
from firmware_models.neuro_deep import BLOCK, features
from hdl.streams import stream

QUANTITIES = np.flatnonzero(np.arange(N_FEATURE) % PER_SUPERLAYER < N_QUANTITY)
"""Places of the inputs that are no bits among those of the first layer."""

BENCH = {"icarus": 4}
"""Frames in each check of the testbench: an event-driven simulator needs about a second a frame."""


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` input words: every expert, which the block does not read."""
    rng = stream(seed, "neuro_deep/constrained")
    words = BLOCK.input.zeros(n)
    words["expert"] = rng.integers(0, 8, n)
    words["valid"] = rng.random(n) < 0.95
    words["pattern"] = _patterns(n, rng)
    words["input"] = _inputs(n, rng)
    _aim(words, rng)
    for name in ("omega", "phi0", "quadrant", "last"):
        field = NEURO_INPUT[name]
        words[name] = rng.integers(field.low, field.high + 1, n)
    return words


def _patterns(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw hit patterns: of any density, of one bit, without any, full."""
    some = (rng.random((n, N_PATTERN)) < rng.random((n, 1))).astype(np.int64)
    one = (np.arange(N_PATTERN) == rng.integers(0, N_PATTERN, (n, 1))).astype(np.int64)
    kind = rng.choice(4, size=(n, 1), p=(0.7, 0.15, 0.1, 0.05))
    drawn: NDArray[np.int64] = np.choose(kind, (some, one, 0 * one, 0 * one + 1))
    return drawn


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


def _aim(words: NDArray[np.void], rng: np.random.Generator) -> None:
    """Change inputs of half of the frames such that the sum of one node comes near a target."""
    weights = deep_weights.load()
    rows = np.flatnonzero(rng.random(len(words)) < 0.5)
    n = len(rows)
    node = rng.integers(0, SHAPE[1], n)
    own = weights.layers[0][node]
    step = 1 << ADDRESS_SHIFT
    window = rng.choice((0, 1, step, LIMIT - step, LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT), n)
    window = np.where(rng.random(n) < 0.3, rng.integers(0, LIMIT, n), window)
    target = (window * rng.choice((-1, 1), n)) << weights.fractions[0]
    inputs = words["input"][rows].astype(np.int64)
    of_inputs = own[:, QUANTITIES]
    rest = (own[:, :-1] * features(words[rows])).sum(axis=1) + own[:, -1] * ONE
    rest -= (of_inputs * inputs).sum(axis=1)
    # Far targets: all inputs pull the same way.
    field = NEURO_INPUT["input"]
    share = np.clip((target - rest) / np.maximum(np.abs(of_inputs).sum(axis=1), 1), field.low,
                    field.high)  # fmt: skip
    pulled = np.rint(share[:, None]).astype(np.int64) * np.sign(of_inputs)
    inputs = np.where((window > LIMIT // 4)[:, None], pulled, inputs)
    # From the heaviest input on, each takes what the ones before it left: as near as they can.
    order = np.argsort(-np.abs(of_inputs), axis=1)
    every = np.arange(n)
    for column in order.T:
        weight = of_inputs[every, column]
        left = target - rest - (of_inputs * inputs).sum(axis=1)
        change = np.rint(left / np.where(weight == 0, 1 << 40, weight)).astype(np.int64)
        inputs[every, column] = np.clip(inputs[every, column] + change, field.low, field.high)
    words["input"][rows] = np.clip(inputs, field.low, field.high)
