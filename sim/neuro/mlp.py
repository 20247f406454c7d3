"""Training of the five networks of `neuro_mlp` and their weights in integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import neuro_mlp, neuro_weights
from firmware_models.interface.neuro import (
    N_EXPERT,
    N_HIDDEN,
    N_INPUT,
    N_OUTPUT,
    ONE,
    THETA_LSB_DEG,
    WEIGHT_FRACTION,
    Z_LSB_CM,
)
from firmware_models.neuro_weights import NeuroWeights
from sim.neuro.dense import DenseShape
from sim.neuro.fitting import FitData, Schedule, fit
from sim.neuro.judging import resolutions, working_points
from sim.neuro.track_set import TrackSet, masked

Array = NDArray[np.float64]
Layers = list[list[Array]]

SHAPE = DenseShape((N_INPUT, N_HIDDEN, N_OUTPUT), gain=0.5, limit=3.99, grid=2.0**-WEIGHT_FRACTION)
"""tanh(x/2) in both layers; weights within what 13 bits with 10 fractional ones hold."""


SCHEDULE = Schedule(rate=6e-3)

LATER = 3
"""The experts after the first have one step for so many of its."""


def served(tracks: TrackSet) -> NDArray[np.bool_]:
    """Return which tracks the network is there for, shape (n,): valid, of an expert."""
    return np.asarray((tracks.words["valid"] == 1) & (tracks.words["expert"] < N_EXPERT))


def train(
    tracks: TrackSet,
    schedule: Schedule,
    seed: int,
    progress: Callable[[int, int, float], None] | None = None,
) -> Layers:
    """Return the layers of the five experts in floating point.

    Each learns from tracks without its superlayer: those found so, and complete ones from which
    it is taken out. Tracks without truth are left out. The first expert's weights are where the
    others begin, which then need a third of the steps.

    Parameters
    ----------
    tracks : TrackSet
    schedule : Schedule
        Of the first expert.
    seed : int
    progress : callable, optional
        Told expert, step and loss.
    """
    layers: Layers = []
    for expert in range(N_EXPERT):
        start = layers[0] if expert else None
        own_schedule = replace(schedule, steps=-(-schedule.steps // LATER)) if expert else schedule
        own = masked(tracks.rows(tracks.matched), expert)
        data = FitData(own.inputs(), own.targets(), own.matched)

        def told(step: int, loss: float, expert: int = expert) -> None:
            if progress is not None:
                progress(expert, step, loss)

        layers.append(fit(SHAPE, data, own_schedule, seed, "neuro/mlp", expert, told, start))
    return layers


def rounded(layers: Layers, provenance: dict[str, Any] | None = None) -> NeuroWeights:
    """Return the weights in integers."""
    return NeuroWeights(
        neuro_weights.rounded(np.stack([hidden for hidden, _ in layers])),
        neuro_weights.rounded(np.stack([output for _, output in layers])),
        provenance or {},
    )


def evaluate_float(layers: Layers, tracks: TrackSet) -> Array:
    """Return what the experts say in floating point, shape (n, 2); 0 without a network."""
    out = np.zeros((len(tracks), N_OUTPUT))
    inputs = tracks.inputs()
    for expert in range(N_EXPERT):
        rows = served(tracks) & (tracks.words["expert"] == expert)
        out[rows] = SHAPE.evaluate(layers[expert], inputs[rows])
    return out


def figures(
    weights: NeuroWeights, tracks: TrackSet, layers: Layers | None = None
) -> dict[str, Any]:
    """Return how well the integer weights do on tracks that they were not trained on.

    Parameters
    ----------
    weights : NeuroWeights
    tracks : TrackSet
    layers : list, optional
        The weights before rounding: adds ``fixed_minus_float``.
    """
    words = neuro_mlp.evaluate(tracks.words, weights=weights)
    z, theta = neuro_mlp.physical(words)
    rows = served(tracks)
    largest = max(np.abs(weights.hidden).max(), np.abs(weights.output).max())
    found: dict[str, Any] = {
        "largest_weight": float(largest) / 1024,
        **resolutions(tracks, z, theta, rows),
        "working_points": working_points(tracks, score(words), rows),
    }
    if layers is not None:
        exact = evaluate_float(layers, tracks)[rows] * ONE
        off_z = (words["z"][rows] - exact[:, 0]) * Z_LSB_CM
        off_theta = (words["theta"][rows] - exact[:, 1]) * THETA_LSB_DEG
        found["fixed_minus_float"] = {
            "z_rms_cm": round(float(np.sqrt(np.mean(off_z**2))), 4),
            "z_largest_cm": round(float(np.abs(off_z).max()), 3),
            "theta_rms_deg": round(float(np.sqrt(np.mean(off_theta**2))), 4),
        }
    return found


def score(words: NDArray[np.void]) -> Array:
    """Return −|z| [cm]: what a cut on z cuts on."""
    return -np.abs(neuro_mlp.physical(words)[0])
