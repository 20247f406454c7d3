"""Fit the weights of the neural track trigger to toy tracks, and write the file of integers.

``python -m sim.neuro.fit --seed 1 --out firmware_models/data/neuro_weights_toy.json`` made the
weights of the package. The toy (`sim.neuro.toy_tracks`) has no hit finding and no background:
these weights exercise the firmware with sums of a realistic size, they are not a trigger.

Gradient descent (Adam) on the mean squared error in floating point, weights held within ±3.4 (the
size that cdc_track_trigger section 5.3 of the reference notes reports), then rounded. The same
seed gives the same weights with the same numerical libraries; others may differ in last digits.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import neuro_mlp, neuro_weights
from firmware_models.interface.neuro import N_EXPERT, N_HIDDEN, N_INPUT, N_OUTPUT
from firmware_models.neuro_weights import NeuroWeights
from sim.neuro.toy_tracks import STEREO, ToyTracks, generate
from sim.streams import stream

Array = NDArray[np.float64]

LIMIT = 3.4
STEPS, BATCH, RATE = 4000, 512, 4e-3
TRACKS = 80_000
DECAY, SQUARE_DECAY = 0.9, 0.999
"""Adam's usual constants."""


def targets(tracks: ToyTracks) -> Array:
    """Return z and θ on the network's scale ±1, shape (n, 2)."""
    return np.stack([tracks.z / 100.0, (np.degrees(tracks.theta) - 90.0) / 80.0], axis=1)


def forward(inputs: Array, hidden: Array, output: Array) -> tuple[Array, Array]:
    """Return the values of the hidden and of the output nodes in floating point.

    Parameters
    ----------
    inputs : ndarray, shape (n, 27)
    hidden : ndarray, shape (81, 28)
    output : ndarray, shape (2, 82)
        The bias last, as in the file.
    """
    middle = np.tanh((inputs @ hidden[:, :-1].T + hidden[:, -1]) / 2)
    return middle, np.tanh((middle @ output[:, :-1].T + output[:, -1]) / 2)


def fit(inputs: Array, wanted: Array, seed: int, expert: int, steps: int) -> tuple[Array, Array]:
    """Return the weights of both layers of one expert.

    Parameters
    ----------
    inputs, wanted : ndarray, shapes (n, 27) and (n, 2)
    seed, expert : int
        For the first weights and the order of the tracks.
    steps : int
    """
    rng = stream(seed, "neuro/fit", expert)
    layers = [rng.normal(0, 0.4, (N_HIDDEN, N_INPUT + 1)),
              rng.normal(0, 0.2, (N_OUTPUT, N_HIDDEN + 1))]  # fmt: skip
    mean, square = ([np.zeros_like(layer) for layer in layers] for _ in range(2))
    for step in range(1, steps + 1):
        pick = rng.integers(0, len(inputs), BATCH)
        rate = RATE * (0.02 + 0.98 * (1 - step / steps))
        for i, slope in enumerate(gradients(inputs[pick], wanted[pick], layers)):
            mean[i] += (1 - DECAY) * (slope - mean[i])
            square[i] += (1 - SQUARE_DECAY) * (slope**2 - square[i])
            change = mean[i] / (1 - DECAY**step)
            change /= np.sqrt(square[i] / (1 - SQUARE_DECAY**step)) + 1e-8
            np.clip(layers[i] - rate * change, -LIMIT, LIMIT, out=layers[i])
    return layers[0], layers[1]


def gradients(inputs: Array, wanted: Array, layers: list[Array]) -> Iterator[Array]:
    """Yield the derivatives of half the mean squared error by the weights of each layer."""
    middle, found = forward(inputs, *layers)
    # The derivative of tanh(x/2) is (1 − y²)/2.
    delta = (found - wanted) * (1 - found**2) / (2 * len(inputs))
    back = (delta @ layers[1][:, :-1]) * (1 - middle**2) / 2
    ones = np.ones((len(inputs), 1))
    yield back.T @ np.hstack([inputs, ones])
    yield delta.T @ np.hstack([middle, ones])


def _sample(seed: int, n: int, expert: int) -> ToyTracks:
    """Return tracks for one expert: those without its superlayer, which is taken out if need be."""
    tracks = generate(n, seed, expert)
    whole = tracks.expert == 0
    inputs = tracks.inputs[whole].copy()
    if expert:
        first = 3 * STEREO[expert - 1]
        inputs[:, first : first + 3] = 0.0
    chosen = {name: getattr(tracks, name)[whole] for name in ("z", "theta", "curvature", "omega",
                                                              "phi0")}  # fmt: skip
    return ToyTracks(inputs=inputs, expert=np.full(len(inputs), expert), **chosen)


def make_weights(seed: int, tracks: int = TRACKS, steps: int = STEPS) -> NeuroWeights:
    """Fit all experts and return their integer weights with provenance."""
    digest = hashlib.sha256()
    layers: list[tuple[Array, Array]] = []
    for expert in range(N_EXPERT):
        sample = _sample(seed, tracks, expert)
        digest.update(np.ascontiguousarray(sample.inputs).tobytes())
        layers.append(fit(sample.inputs, targets(sample), seed, expert, steps))
    hidden = neuro_weights.rounded(np.stack([layer[0] for layer in layers]))
    output = neuro_weights.rounded(np.stack([layer[1] for layer in layers]))
    found = figures(NeuroWeights(hidden, output), seed + 1, tracks // 4)
    return NeuroWeights(hidden, output, {
        "kind": "fitted to analytic toy tracks, not to a simulated detector",
        "command": f"python -m sim.neuro.fit --seed {seed} --tracks {tracks} --steps {steps}",
        "seed": seed,
        "data_sha256": digest.hexdigest(),
        "figures": found,
    })  # fmt: skip


def figures(weights: NeuroWeights, seed: int, n: int) -> dict[str, Any]:
    """Return the largest weight, and how well other tracks are found in fixed point.

    Parameters
    ----------
    weights : NeuroWeights
    seed : int
        Of the tracks.
    n : int
        Tracks for each expert.

    Returns
    -------
    dict
        ``largest_weight``; ``z_68_cm`` and ``theta_68_deg``, by expert: 68 % of the tracks with
        |z| below 15 cm are not further off.
    """
    found: dict[str, Any] = {
        "largest_weight": float(max(np.abs(weights.hidden).max(), np.abs(weights.output).max()))
        / 1024,
    }
    widths = np.zeros((N_EXPERT, 2))
    for expert in range(N_EXPERT):
        sample = _sample(seed, n, expert)
        z, theta = neuro_mlp.physical(neuro_mlp.evaluate(sample.words(), weights=weights))
        near = np.abs(sample.z) < 15.0
        widths[expert, 0] = np.quantile(np.abs(z - sample.z)[near], 0.68)
        widths[expert, 1] = np.degrees(np.quantile(np.abs(theta - sample.theta)[near], 0.68))
    found["z_68_cm"] = widths[:, 0].round(3).tolist()
    found["theta_68_deg"] = widths[:, 1].round(3).tolist()
    return found


def main(arguments: list[str] | None = None) -> int:
    """Fit and write a file."""
    parser = argparse.ArgumentParser(description="Weights of the neural track trigger, from a toy.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tracks", type=int, default=TRACKS, help="tracks for each expert")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", required=True, metavar="FILE")
    options = parser.parse_args(arguments)
    weights = make_weights(options.seed, options.tracks, options.steps)
    neuro_weights.save(weights, options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
