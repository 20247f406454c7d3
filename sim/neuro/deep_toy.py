"""Toy weights for the deeper network, to exercise its firmware before a training.

``python -m sim.neuro.deep_toy --seed 1 --out FILE`` draws both hidden layers at random and fits the
last one to toy tracks (`sim.neuro.toy_tracks`) by least squares. Hit patterns are random bits that
have nothing to do with the track. Sums have a realistic size; this is not a trigger.
"""

from __future__ import annotations

import argparse
import hashlib

import numpy as np
from numpy.typing import NDArray

from firmware_models import deep_weights, neuro_deep
from firmware_models.deep_weights import DeepWeights
from firmware_models.interface.neuro import N_PATTERN, ONE
from firmware_models.interface.neuro_deep import N_QUANTITY, PER_SUPERLAYER, SHAPE
from sim.neuro.toy_tracks import ToyTracks, generate
from sim.streams import stream

Array = NDArray[np.float64]

TRACKS = 20_000
SHARE = 0.4
"""Assumed share of hit wires in a pattern."""

QUANTITY_SIZE, PATTERN_SIZE, HIDDEN_SIZE = 0.8, 0.03, 0.25
"""Standard deviations of random weights: sums of the hidden layers are of order 1."""

RIDGE, MARGIN = 1e-3, 0.98
NEAR_CM, FAST_GEV = 15.0, 0.7


def patterns(n: int, seed: int, chunk: int = 0) -> NDArray[np.int64]:
    """Return random hit patterns, shape (n, 99)."""
    rng = stream(seed, "neuro/deep_toy/patterns", chunk)
    return (rng.random((n, N_PATTERN)) < SHARE).astype(np.int64)


def words(tracks: ToyTracks, seed: int, chunk: int = 0) -> NDArray[np.void]:
    """Return the input words of toy tracks with random patterns."""
    return neuro_deep.quantize(tracks.inputs, patterns(len(tracks.z), seed, chunk), tracks.omega,
                               expert=tracks.expert, phi0=tracks.phi0)  # fmt: skip


def targets(tracks: ToyTracks) -> Array:
    """Return z, θ and both classes on the network's scale ±1, shape (n, 4)."""
    near = np.abs(tracks.z) < NEAR_CM
    with np.errstate(divide="ignore"):
        momentum = 1 / np.abs(tracks.curvature) / np.sin(tracks.theta)
    fast = near & (momentum > FAST_GEV)
    theta = (np.degrees(tracks.theta) - 90.0) / 80.0
    return np.stack([tracks.z / 100.0, theta, 2.0 * near - 1.0, 2.0 * fast - 1.0], axis=1)


def make_weights(seed: int, tracks: int = TRACKS) -> DeepWeights:
    """Return the toy weights with provenance."""
    sample = generate(tracks, seed)
    inputs = neuro_deep.features(words(sample, seed)) / ONE
    rng = stream(seed, "neuro/deep_toy")
    size = np.where(np.arange(SHAPE[0]) % PER_SUPERLAYER < N_QUANTITY, QUANTITY_SIZE, PATTERN_SIZE)
    layers = [
        (rng.normal(0, 1, (SHAPE[1], SHAPE[0])) * size, rng.normal(0, HIDDEN_SIZE, SHAPE[1])),
        (rng.normal(0, HIDDEN_SIZE, SHAPE[2:0:-1]), rng.normal(0, HIDDEN_SIZE, SHAPE[2])),
    ]
    values = inputs
    for weights, biases in layers:
        values = np.tanh(values @ weights.T + biases)
    wanted = np.arctanh(np.clip(targets(sample), -MARGIN, MARGIN))
    columns = np.column_stack([values, np.ones(len(values))])
    square = columns.T @ columns + RIDGE * len(columns) * np.eye(columns.shape[1])
    last = np.linalg.solve(square, columns.T @ wanted).T
    layers.append((last[:, :-1], last[:, -1]))
    return deep_weights.quantized(layers, {
        "kind": "toy: random hidden layers, last layer fitted to analytic toy tracks, random "
                "hit patterns; not a trigger",
        "command": f"python -m sim.neuro.deep_toy --seed {seed} --tracks {tracks}",
        "seed": seed,
        "data_sha256": hashlib.sha256(np.ascontiguousarray(inputs).tobytes()).hexdigest(),
        "figures": {"largest_weight": [
            float(max(np.abs(weights).max(), np.abs(biases).max())) for weights, biases in layers
        ]},
    })  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Make and write a file."""
    parser = argparse.ArgumentParser(description="Toy weights of the deeper network.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tracks", type=int, default=TRACKS)
    parser.add_argument("--out", required=True, metavar="FILE")
    options = parser.parse_args(arguments)
    deep_weights.save(make_weights(options.seed, options.tracks), options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
