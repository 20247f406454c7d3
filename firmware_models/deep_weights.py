"""Integer weights of the deeper network of the track trigger, in a file with checksum.

The file is JSON: ``format``, ``version``, ``shape`` and ``weight_bits`` as in
`firmware_models.interface.neuro_deep`, ``fraction_bits`` (one number a layer), ``provenance`` as in
`firmware_models.weight_files`, ``sha256``, and ``weights``: the layers, each a list with one row a
node, the bias last. The checksum is over the fractional bits, then all weights in the file's
order, as little-endian 32-bit integers.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models import weight_files
from firmware_models.errors import InputError
from firmware_models.interface.neuro_deep import (
    LARGEST_FRACTION,
    SHAPE,
    SMALLEST_FRACTION,
    WEIGHT_WIDTH,
)

DEFAULT = Path(__file__).resolve().parent / "data" / "deep_weights.json"
"""Weights that the RTL is generated with."""

FORMAT, VERSION = "lowmult-deep-weights", 1
LAYERS = tuple((nodes, inputs + 1) for inputs, nodes in pairwise(SHAPE))
"""Rows (nodes) and columns (nodes of the layer before, then the bias) of each layer."""

LOW, HIGH = -(1 << (WEIGHT_WIDTH - 1)), (1 << (WEIGHT_WIDTH - 1)) - 1

_HEAD: Mapping[str, Any] = {
    "format": FORMAT,
    "version": VERSION,
    "shape": list(SHAPE),
    "weight_bits": WEIGHT_WIDTH,
}


@dataclass(frozen=True)
class DeepWeights:
    """Weights of the network.

    Parameters
    ----------
    layers : tuple of ndarray of int64
        Shapes (60, 127), (60, 61), (4, 61): node, input; the bias last. The inputs of the first
        layer lie as `neuro_deep.features` gives them.
    fractions : tuple of int
        Fractional bits of each layer.
    provenance : mapping
        ``kind``, ``command``, ``seed``, ``data_sha256``, ``figures``.
    """

    layers: tuple[NDArray[np.int64], ...]
    fractions: tuple[int, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def checksum(self) -> str:
        """Return the checksum over fractional bits and weights."""
        digest = hashlib.sha256(np.array(self.fractions, dtype="<i4").tobytes())
        for layer in self.layers:
            digest.update(np.ascontiguousarray(layer, dtype="<i4").tobytes())
        return digest.hexdigest()

    def floats(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Return the weights and biases of each layer as real numbers, as `quantized` takes."""
        real = [layer / (1 << bits)
                for layer, bits in zip(self.layers, self.fractions, strict=True)]  # fmt: skip
        return [(layer[:, :-1], layer[:, -1]) for layer in real]


def fraction_bits(largest: float) -> int:
    """Return the fractional bits of a layer whose largest weight has this magnitude.

    17 − ceil(log2(largest)), at most `LARGEST_FRACTION`.
    """
    if largest == 0.0:
        return LARGEST_FRACTION
    mantissa, exponent = math.frexp(largest)
    # frexp has largest = mantissa · 2^exponent with mantissa in [1/2, 1): exact, where log2 rounds.
    above = exponent - 1 if mantissa == 0.5 else exponent
    return min(WEIGHT_WIDTH - 1 - above, LARGEST_FRACTION)


def quantized(
    layers: Sequence[tuple[ArrayLike, ArrayLike]], provenance: Mapping[str, Any] | None = None
) -> DeepWeights:
    """Turn a network in floating point into integers.

    Parameters
    ----------
    layers : sequence of (weights, biases)
        Weights of shape (nodes, inputs), biases of shape (nodes,), for 126-60-60-4 with tanh(x) in
        every layer, also the last.
    provenance : mapping, optional
        Needed to save them.

    Returns
    -------
    DeepWeights
        Rounded to nearest, halves away from zero; what rounds to 2¹⁷ becomes 2¹⁷ − 1.

    Raises
    ------
    InputError
        For another shape, weights that are not finite, or weights beyond 512.
    """
    if len(layers) != len(LAYERS):
        raise InputError(f"must be {len(LAYERS)} layers, not {len(layers)}", place="weights")
    whole, fractions = [], []
    for number, ((weights, biases), shape) in enumerate(zip(layers, LAYERS, strict=True)):
        place = f"weights of layer {number}"
        parts = np.asarray(weights, dtype=np.float64), np.asarray(biases, dtype=np.float64)
        wanted = (shape[0], shape[1] - 1), (shape[0],)
        if tuple(part.shape for part in parts) != wanted:
            raise InputError(f"must have the shapes {wanted[0]} and {wanted[1]}, not "
                             f"{parts[0].shape} and {parts[1].shape}", place=place)  # fmt: skip
        layer = np.column_stack(parts)
        if not np.isfinite(layer).all():
            raise InputError("must be finite", place=place)
        bits = fraction_bits(float(np.abs(layer).max()))
        if bits < SMALLEST_FRACTION:
            raise InputError(f"must be at most {1 << (WEIGHT_WIDTH - 1 - SMALLEST_FRACTION)}, not "
                             f"{np.abs(layer).max():g}", place=place)  # fmt: skip
        counts = np.floor(np.abs(layer) * (1 << bits) + 0.5) * np.sign(layer)
        whole.append(np.clip(counts, LOW, HIGH).astype(np.int64))
        fractions.append(bits)
    return DeepWeights(tuple(whole), tuple(fractions), dict(provenance or {}))


def save(weights: DeepWeights, path: str | Path) -> None:
    """Write a file of weights, whole or not at all.

    Raises
    ------
    InputError
        When provenance is missing, or the file cannot be written.
    """
    head = {**_HEAD, "fraction_bits": list(weights.fractions),
            "provenance": dict(weights.provenance), "sha256": weights.checksum()}  # fmt: skip
    layers = [
        "  [\n   " + ",\n   ".join(json.dumps(row.tolist()) for row in layer) + "]"
        for layer in weights.layers
    ]
    weight_files.write(path, head, "[\n" + ",\n".join(layers) + "\n ]")


def load(path: str | Path | None = None) -> DeepWeights:
    """Read a file of weights.

    Parameters
    ----------
    path : str or Path, optional
        Default: the weights that come with the package, which the RTL is generated with.

    Raises
    ------
    InputError
        When the file cannot be read, its head or shape are not those of the network, a weight or
        a number of fractional bits does not fit, provenance is missing, or the checksum is another.
    """
    return _packaged() if path is None else _load(Path(path))


@cache
def _packaged() -> DeepWeights:
    return _load(DEFAULT)


def _load(path: Path) -> DeepWeights:
    document = weight_files.read(path, _HEAD, ("fraction_bits",))
    place = str(path)
    fractions = document["fraction_bits"]
    if not isinstance(fractions, list) or len(fractions) != len(LAYERS) or not all(
        type(bits) is int and SMALLEST_FRACTION <= bits <= LARGEST_FRACTION for bits in fractions
    ):  # fmt: skip
        raise InputError(f"must be {len(LAYERS)} whole numbers of {SMALLEST_FRACTION} to "
                         f"{LARGEST_FRACTION}, not {fractions!r}",
                         place=f"{place}: fraction_bits")  # fmt: skip
    given = document["weights"]
    if not isinstance(given, list) or len(given) != len(LAYERS):
        raise InputError(f"must be a list of {len(LAYERS)} layers", place=f"{place}: weights")
    layers = []
    for number, (rows, shape) in enumerate(zip(given, LAYERS, strict=True)):
        where = f"{place}: weights[{number}]"
        layer = np.array(weight_files.check_layer(rows, shape, WEIGHT_WIDTH, where), dtype=np.int64)
        layer.flags.writeable = False
        layers.append(layer)
    weights = DeepWeights(tuple(layers), tuple(fractions), document["provenance"])
    weight_files.check_sum(document, weights.checksum(), place)
    return weights
