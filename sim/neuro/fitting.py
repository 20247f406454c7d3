"""Fit of dense networks by gradient descent, in torch: the only file that needs it.

Adam with a rate that falls along a cosine to 2 % of the first. The loss is Huber's for z and θ, of
tracks with truth, so that a wrong stereo segment pulls with a bounded force, plus the
cross-entropy of the classes. One thread and deterministic algorithms: on one machine with one
build of torch the same data and seed give the same weights to the last bit. Another machine may
add in another order: its weights differ after some steps, its figures within their spread from
seed to seed.

Where the weights will be integers of few bits, the last part of the descent feels it: the sums are
those of the rounded weights, and the gradient moves the weights behind them. So rounding at the end
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.neuro.dense import DenseShape
from sim.streams import stream

Array = NDArray[np.float64]

ROUNDED_PART = 0.4
"""Share of the steps, the last ones, in which the weights count rounded."""

LAST_RATE = 0.02
"""Share of the first rate that is left at the end."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to descend.

    Parameters
    ----------
    steps : int
        Batches.
    batch : int
        Tracks in each.
    rate : float
        Of Adam, at the beginning.
    huber : float
        Difference on the scale ±1 from which on the loss of z and θ grows linearly.
    class_weight : float
        Of the cross-entropy against the mean of the losses of z and θ divided by `huber`².
    """

    steps: int = 12_000
    batch: int = 1024
    rate: float = 4e-3
    huber: float = 0.05
    class_weight: float = 1.0


@dataclass(frozen=True)
class FitData:
    """What a network is shown.

    Parameters
    ----------
    inputs : ndarray, shape (n, inputs)
        Within ±1.
    targets : ndarray, shape (n, 2)
        z and θ on the scale ±1.
    matched : ndarray of bool, shape (n,)
        Tracks with truth; the others count for the classes alone.
    classes : ndarray of bool, shape (n, 2), optional
        Without: the network has no classes.
    """

    inputs: NDArray[np.floating]
    targets: Array
    matched: NDArray[np.bool_]
    classes: NDArray[np.bool_] | None = None


def import_torch() -> Any:
    """Return torch, set to one thread and to deterministic algorithms.

    Raises
    ------
    InputError
        It is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise InputError(
            "training needs the package torch: pip install 'lowmult[training]'"
        ) from error
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    return torch


def fit(
    shape: DenseShape,
    data: FitData,
    schedule: Schedule,
    seed: int,
    purpose: str,
    number: int = 0,
    progress: Callable[[int, float], None] | None = None,
    start: list[Array] | None = None,
) -> list[Array]:
    """Return the fitted weights, one matrix a layer: a row for each node, the bias last.

    Parameters
    ----------
    shape : DenseShape
    data : FitData
    schedule : Schedule
    seed : int
    purpose : str
        Of the random numbers: first weights, order of the tracks.
    number : int
        Number of the network.
    progress : callable, optional
        Told step and loss now and then.
    start : list of ndarray, optional
        First weights; default: random.

    Raises
    ------
    InputError
        torch is not installed, or there are no tracks.
    """
    torch = import_torch()
    if not len(data.inputs):
        raise InputError("there are no tracks to train on")
    torch.manual_seed(seed)
    columns = _Columns.make(torch, data)
    first = shape.first_weights(seed, f"{purpose}/weights", number) if start is None else start
    layers = [torch.tensor(layer, dtype=torch.float32, requires_grad=True) for layer in first]
    optimiser = torch.optim.Adam(layers, lr=schedule.rate)
    rng = stream(seed, f"{purpose}/order", number)
    for step in range(schedule.steps):
        optimiser.param_groups[0]["lr"] = schedule.rate * falling(step, schedule.steps)
        grid = shape.grid if step >= (1.0 - ROUNDED_PART) * schedule.steps else None
        rows = torch.from_numpy(rng.integers(0, len(data.inputs), schedule.batch))
        optimiser.zero_grad(set_to_none=True)
        shown = [on_grid(torch, layer, grid) for layer in layers]
        loss = columns.loss(torch, shape, shown, rows, schedule)
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            for layer in layers:
                layer.clamp_(-shape.limit, shape.limit)
        if progress is not None and (step + 1) % 1000 == 0:
            progress(step + 1, float(loss.detach()))
    last = [on_grid(torch, layer, shape.grid) for layer in layers]
    return [layer.detach().numpy().astype(np.float64) for layer in last]


def falling(step: int, steps: int) -> float:
    """Return the rate on a step against the first one."""
    cosine = 0.5 * (1.0 + np.cos(np.pi * step / steps))
    return LAST_RATE + (1.0 - LAST_RATE) * float(cosine)


def on_grid(torch: Any, layer: Any, grid: float | None) -> Any:
    """Return weights rounded half up to the grid, with the gradient of those before."""
    if grid is None:
        return layer
    return layer + (torch.floor(layer / grid + 0.5) * grid - layer).detach()


@dataclass(frozen=True)
class _Columns:
    """The data as tensors."""

    inputs: Any
    targets: Any
    matched: Any
    classes: Any

    @classmethod
    def make(cls, torch: Any, data: FitData) -> _Columns:
        given = (data.inputs, data.targets, data.matched, data.classes)
        return cls(*(None if column is None else
                     torch.from_numpy(np.ascontiguousarray(column, dtype=np.float32))
                     for column in given))  # fmt: skip

    def loss(self, torch: Any, shape: DenseShape, layers: list[Any], rows: Any, s: Schedule) -> Any:
        """Return the loss of some rows."""
        values = self.inputs[rows]
        for place, layer in enumerate(layers):
            sums = shape.gain * torch.nn.functional.linear(values, layer[:, :-1], layer[:, -1])
            if place < len(layers) - 1:
                values = torch.tanh(sums)
        off = (torch.tanh(sums[:, :2]) - self.targets[rows]).abs() / s.huber
        huber = torch.where(off < 1.0, 0.5 * off * off, off - 0.5).sum(dim=1)
        matched = self.matched[rows]
        loss = (huber * matched).sum() / matched.sum().clamp(min=1.0)
        if self.classes is None:
            return loss
        # (1 + tanh x)/2 is the logistic function of 2x: the output is a probability on ±1.
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(
            2.0 * sums[:, 2:], self.classes[rows]
        )
        return loss + s.class_weight * entropy
