"""Dense networks in floating point: their shape, first weights, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.streams import stream

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DenseShape:
    """Layers and activation of a network.

    Parameters
    ----------
    nodes : tuple of int
        Inputs, hidden layers, outputs. The first two outputs are z and θ; two more are classes.
    gain : float
        The activation of every layer is tanh(gain · sum).
    limit : float
        Largest size of a weight.
    grid : float, optional
        Step between the weights that the integers can hold; a fit ends on these.
    """

    nodes: tuple[int, ...]
    gain: float
    limit: float
    grid: float | None = None

    def first_weights(self, seed: int, purpose: str, number: int = 0) -> list[Array]:
        """Return random weights, one matrix a layer: a row for each node, the bias last.

        Normal with the width 1/(gain √inputs), so that sums are of the order at which the
        activation bends; biases likewise.
        """
        rng = stream(seed, purpose, number)
        layers = []
        for before, after in pairwise(self.nodes):
            width = 1.0 / (self.gain * np.sqrt(before))
            layers.append(np.clip(rng.normal(0.0, width, (after, before + 1)), -self.limit,
                                  self.limit))  # fmt: skip
        return layers

    def evaluate(self, layers: list[Array], inputs: Array) -> Array:
        """Return the outputs within ±1, shape (n, outputs)."""
        values = inputs
        for layer in layers:
            values = np.tanh(self.gain * (values @ layer[:, :-1].T + layer[:, -1]))
        return values
