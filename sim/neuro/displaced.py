"""Training of `displaced_classifier`: samples, fit, weights in integers, figures.

``lowmult train displaced --seed 1 --tracks 40000 --out FILE`` calls `run`. The network learns
windows, not hypotheses: the score of a window is the largest of its rings, as the decision has it.
Signal are pairs from displaced vertices, background windows without a collision and prompt
collisions with fewer than two standard tracks; hypotheses are those of `displaced_hough` with
its registers after reset.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import displaced_classifier, displaced_weights
from firmware_models.displaced_weights import DisplacedWeights
from firmware_models.interface.displaced import N_FEATURE, N_HIDDEN
from firmware_models.interface.neuro import ONE, WEIGHT_FRACTION
from firmware_models.neuro_weights import rounded
from firmware_models.vertex_features import features
from sim.neuro import fitting
from sim.neuro.dense import DenseShape
from sim.neuro.fitting import Schedule, import_torch
from sim.neuro.vertex_set import VertexSet, background, collisions
from sim.processes import get_process
from sim.streams import stream

LOG = logging.getLogger(__name__)

Array = NDArray[np.float64]

SHAPE = DenseShape((N_FEATURE, N_HIDDEN, 1), gain=0.5, limit=3.99, grid=2.0**-WEIGHT_FRACTION)
"""tanh(x/2) in both layers: the score is 2 p - 1 of a probability p."""

SCHEDULE = Schedule(steps=12_000, batch=1024, rate=1e-2)

LUMINOSITY_NB = 600.0
"""6·10³⁵ cm⁻² s⁻¹ [nb⁻¹ s⁻¹]."""

LEVELS = {1.0: (20.0, 1.0), 2.0: (10.0, 1 / 3), 5.0: (5.0, 1 / 12)}
"""Level of background to its windows for one pair, and the weight of their rate."""

BACKGROUND_WEIGHT, PROMPT_WEIGHT = 30.0, 10.0
"""Of the mean loss of background against that of signal; of the rate of collisions in it."""

LEAST_RHO_CM = 3.0
"""Vertices nearer to the beam line are no signal."""

PAIR: dict[str, Any] = {
    "tracks": "2", "vertices": "common", "charge": "opposite", "rho_max": 60.0, "p_min": 0.3,
    "p_max": 2.0, "theta_min": 35.0, "theta_max": 125.0,
}  # fmt: skip
SIGNALS: tuple[tuple[str, dict[str, Any]], ...] = tuple(
    (process, given | {"ctau": ctau})
    for ctau in (0.05, 0.2, 1.0)
    for process, given in (
        ("b_to_k_s", {"mass": 1.0, "decay": "mumu"}),
        ("inelastic_dark_matter", {"mass": 1.0, "splitting": 0.4, "mediator_mass": 3.0}),
    )
)
PROMPT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("bhabha", {"theta_min": 17.0, "theta_max": 150.0}), ("dimuon", {}), ("eemumu", {}),
    ("eeee", {}),
)  # fmt: skip


@dataclass(frozen=True)
class Windows:
    """Windows with hypotheses.

    Parameters
    ----------
    words : ndarray, shape (m,), dtype of the word `displaced_vertices`
    signal : ndarray of bool, shape (m,)
    weight : ndarray, shape (m,)
        Of a background window: its rate [Hz] times the factors above.
    checksum : str
        Of the samples.
    """

    words: NDArray[np.void]
    signal: NDArray[np.bool_]
    weight: NDArray[np.float64]
    checksum: str

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.words)


def sample(n: int, seed: int, progress: Callable[[str], None] | None = None) -> Windows:
    """Return windows to train on or to judge on.

    Parameters
    ----------
    n : int
        Pairs at each level of background and of either deflection; the other samples are in
        proportion.
    seed : int
    progress : callable, optional
        Told the name of each part that is made.
    """
    words, signal, weight, digest = [], [], [], hashlib.sha256()

    def add(name: str, made: VertexSet, of: float | None) -> None:
        vertices = made.vertices()
        used = vertices["valid"].any(axis=1)
        used &= (made.rho >= LEAST_RHO_CM if of is None else made.own & ~made.two)[made.rows]
        words.append(vertices[used])
        signal.append(np.full(int(used.sum()), of is None))
        weight.append(np.full(int(used.sum()), 1.0 if of is None else of))
        digest.update(made.checksum().encode())
        if progress is not None:
            progress(f"{name}: {used.sum()} of {len(made)} windows")

    for level, (windows, factor) in LEVELS.items():
        made = background(int(windows * n), seed, level)
        add(f"background, level {level:g}", made, factor / made.seconds)
        for deflection in (30.0, 60.0):
            made = collisions("track_gun", n, seed, level, **PAIR, deflection=deflection)
            add(f"pairs {deflection:g}°, level {level:g}", made, None)
    for process, given in SIGNALS:
        add(f"{process}, cτ {given['ctau']:g} m",
            collisions(process, -(-n // 4), seed, 1.0, **given), None)  # fmt: skip
    for process, given in PROMPT:
        sigma = get_process(process, None, **given).cross_section(50_000, seed=seed).value_nb
        made = collisions(process, 2 * n, seed, 1.0, **given)
        add(process, made, PROMPT_WEIGHT * sigma * LUMINOSITY_NB / len(made))
    return Windows(np.concatenate(words), np.concatenate(signal), np.concatenate(weight),
                   digest.hexdigest())  # fmt: skip


def train(
    windows: Windows,
    schedule: Schedule,
    seed: int,
    progress: Callable[[int, float], None] | None = None,
) -> list[Array]:
    """Return the layers in floating point, on the grid of the integers.

    Every batch is half signal, half background; background windows are drawn by their weight.

    Parameters
    ----------
    windows : Windows
    schedule : Schedule
    seed : int
    progress : callable, optional
        Told step and loss now and then.

    Raises
    ------
    InputError
        torch is not installed.
    """
    torch = import_torch()
    torch.manual_seed(seed)
    inputs = torch.from_numpy(features(windows.words).astype(np.float32) / np.float32(ONE))
    valid = torch.from_numpy(windows.words["valid"] == 1)
    first = SHAPE.first_weights(seed, "neuro/displaced/weights")
    layers = [torch.tensor(layer, dtype=torch.float32, requires_grad=True) for layer in first]
    optimiser = torch.optim.Adam(layers, lr=schedule.rate)
    rng = stream(seed, "neuro/displaced/order")
    good, bad = np.flatnonzero(windows.signal), np.flatnonzero(~windows.signal)
    share = np.cumsum(windows.weight[bad])
    for step in range(schedule.steps):
        optimiser.param_groups[0]["lr"] = schedule.rate * fitting.falling(step, schedule.steps)
        grid = SHAPE.grid if step >= (1 - fitting.ROUNDED_PART) * schedule.steps else None
        shown = [fitting.on_grid(torch, layer, grid) for layer in layers]
        half = schedule.batch // 2
        drawn = np.searchsorted(share, rng.random(half) * share[-1])
        rows = torch.from_numpy(np.concatenate((rng.choice(good, half), bad[drawn])))
        score = _logits(torch, shown, inputs[rows], valid[rows])
        soft = torch.nn.functional.softplus
        loss = soft(-score[:half]).mean() + BACKGROUND_WEIGHT * soft(score[half:]).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            for layer in layers:
                layer.clamp_(-SHAPE.limit, SHAPE.limit)
        if progress is not None and (step + 1) % 1000 == 0:
            progress(step + 1, float(loss.detach()))
    last = [fitting.on_grid(torch, layer, SHAPE.grid) for layer in layers]
    return [layer.detach().numpy().astype(np.float64) for layer in last]


def _logits(torch: Any, layers: list[Any], inputs: Any, valid: Any) -> Any:
    """Return the largest sum of the output over the valid rings of each window."""
    values = inputs
    for place, layer in enumerate(layers):
        values = torch.nn.functional.linear(values, layer[:, :-1], layer[:, -1])
        if place < len(layers) - 1:
            values = torch.tanh(SHAPE.gain * values)
    return torch.where(valid, values[..., 0], torch.tensor(-1e9)).max(dim=1).values


def integers(layers: list[Array], provenance: dict[str, Any] | None = None) -> DisplacedWeights:
    """Return the weights in integers."""
    hidden, output = (rounded(layer) for layer in layers)
    return DisplacedWeights(hidden, output, provenance or {})


def figures(weights: DisplacedWeights, windows: Windows) -> dict[str, Any]:
    """Return how well the integer weights do on windows that they were not trained on.

    Returns
    -------
    dict
        For the share of signal windows with a hypothesis that is kept: the least score + 8192 that
        keeps it, and the weighted share of background that passes.
    """
    words = displaced_classifier.evaluate(windows.words, weights=weights)
    score = np.where(windows.words["valid"] == 1, words["score"], -ONE - 1).max(axis=1)
    points, total = {}, windows.weight[~windows.signal].sum()
    for kept in (0.98, 0.95, 0.9, 0.8):
        cut = int(np.quantile(score[windows.signal], 1 - kept, method="lower"))
        passed = ~windows.signal & (score >= cut)
        points[str(kept)] = {
            "min_score": cut + 2 * ONE,
            "background": float(f"{windows.weight[passed].sum() / total:.4g}"),
        }
    return {"windows": len(windows), "signal": int(windows.signal.sum()), "points": points}


def run(seed: int, pairs: int, steps: int, out: str) -> dict[str, Any]:
    """Make samples, train, judge on the next seed, write the file, and return its provenance.

    Parameters
    ----------
    seed : int
    pairs : int
        Displaced pairs at each level of background; judged are a quarter as many.
    steps : int
        Batches.
    out : str
        File of weights.

    Raises
    ------
    InputError
        torch is not installed, or the file cannot be written.
    """
    version = import_torch().__version__
    shown = sample(pairs, seed, LOG.info)
    layers = train(shown, replace(SCHEDULE, steps=steps), seed,
                   lambda step, loss: LOG.info("step %d: loss %.4f", step, loss))  # fmt: skip
    judged = figures(integers(layers), sample(max(pairs // 4, 8), seed + 1, LOG.info))
    provenance = {
        "kind": "trained on hypotheses of displaced_hough in simulated windows",
        "command": f"lowmult train displaced --seed {seed} --tracks {pairs} --steps {steps}",
        "seed": seed,
        "data_sha256": shown.checksum,
        "torch": str(version),
        "figures": {"windows_shown": len(shown), **judged},
    }
    displaced_weights.save(integers(layers, provenance), out)
    return provenance
