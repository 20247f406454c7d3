"""Training of the deeper network `neuro_deep` and its weights in integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import deep_weights, neuro_deep, neuro_mlp
from firmware_models.deep_weights import DeepWeights
from firmware_models.interface.neuro import ONE, THETA_LSB_DEG, Z_LSB_CM
from firmware_models.interface.neuro_deep import SHAPE as NODES
from sim.neuro.dense import DenseShape
from sim.neuro.fitting import FitData, Schedule, fit
from sim.neuro.judging import resolutions, working_points
from sim.neuro.track_set import TrackSet

Array = NDArray[np.float64]

SHAPE = DenseShape(tuple(NODES), gain=1.0, limit=3.99)
"""tanh(x) in all layers. The limit leaves 15 fractional bits or more to the weights."""

SCHEDULE = Schedule(rate=4e-3, class_weight=3.0)


def served(tracks: TrackSet) -> NDArray[np.bool_]:
    """Return which tracks the network is there for, shape (n,): all valid ones."""
    return np.asarray(tracks.words["valid"] == 1)


def train(
    tracks: TrackSet,
    schedule: Schedule,
    seed: int,
    progress: Callable[[int, int, float], None] | None = None,
) -> list[Array]:
    """Return the layers in floating point.

    The network learns from all found tracks, whichever superlayers are missing: z and θ from those
    with truth, the classes from all.

    Parameters
    ----------
    tracks : TrackSet
    schedule : Schedule
    seed : int
    progress : callable, optional
        Told 0, step and loss.
    """
    own = tracks.rows(served(tracks))
    data = FitData(inputs(own), own.targets(), own.matched, own.classes())
    told = None if progress is None else lambda step, loss: progress(0, step, loss)
    return fit(SHAPE, data, schedule, seed, "neuro/deep", 0, told)


def inputs(tracks: TrackSet) -> NDArray[np.float32]:
    """Return the 126 inputs in the block's order, shape (n, 126)."""
    # Exact: counts have at most 14 bits.
    return neuro_deep.features(tracks.words).astype(np.float32) / np.float32(ONE)


def rounded(layers: list[Array], provenance: dict[str, Any] | None = None) -> DeepWeights:
    """Return the weights in integers."""
    return deep_weights.quantized(
        [(layer[:, :-1], layer[:, -1]) for layer in layers], provenance
    )  # fmt: skip


def figures(
    weights: DeepWeights, tracks: TrackSet, layers: list[Array] | None = None
) -> dict[str, Any]:
    """Return how well the integer weights do on tracks that they were not trained on.

    Parameters
    ----------
    weights : DeepWeights
    tracks : TrackSet
    layers : list, optional
        The weights before rounding: adds ``fixed_minus_float``.

    Returns
    -------
    dict
        ``ip_class`` has the working points of a cut on that class, ``z`` those of a cut on |z|.
    """
    words = neuro_deep.evaluate(tracks.words, weights=weights)
    z, theta = neuro_mlp.physical(words)
    rows = served(tracks)
    found: dict[str, Any] = {
        "fraction_bits": list(weights.fractions),
        **resolutions(tracks, z, theta, rows),
        "working_points": {
            "ip_class": working_points(tracks, words["ip_class"].astype(np.float64), rows),
            "z": working_points(tracks, -np.abs(z), rows),
        },
    }
    if layers is not None:
        exact = SHAPE.evaluate(layers, inputs(tracks.rows(rows)).astype(np.float64)) * ONE
        off_z = (words["z"][rows] - exact[:, 0]) * Z_LSB_CM
        off_theta = (words["theta"][rows] - exact[:, 1]) * THETA_LSB_DEG
        off_class = (words["ip_class"][rows] - exact[:, 2]) / ONE
        found["fixed_minus_float"] = {
            "z_rms_cm": round(float(np.sqrt(np.mean(off_z**2))), 4),
            "z_largest_cm": round(float(np.abs(off_z).max()), 3),
            "theta_rms_deg": round(float(np.sqrt(np.mean(off_theta**2))), 4),
            "ip_class_rms": round(float(np.sqrt(np.mean(off_class**2))), 5),
        }
    return found
