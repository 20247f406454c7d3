"""Integer weights of the neural track trigger, in a file with checksum and provenance.

The file is JSON: ``format``, ``version``, ``shape`` (27, 81, 2), ``experts``, ``weight_bits`` and
``fraction_bits`` as in `firmware_models.interface.neuro`, ``provenance``, ``sha256``, and
``weights``: for each expert the layers ``hidden`` and ``output``, each a list with one row a node,
the bias last. ``provenance`` tells where the numbers come from: ``kind``, ``command``, ``seed``,
``data_sha256``, ``figures``. The checksum is over all weights in the file's order as little-endian
16-bit integers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models import weight_files
from firmware_models.errors import InputError
from firmware_models.interface.neuro import (
    N_EXPERT,
    N_HIDDEN,
    N_INPUT,
    N_OUTPUT,
    WEIGHT_FRACTION,
    WEIGHT_WIDTH,
)

DEFAULT = Path(__file__).resolve().parent / "data" / "neuro_weights.json"
"""Weights that the RTL is generated with (`lowmult train mlp`)."""

FORMAT, VERSION = "lowmult-neuro-weights", 1
LAYERS = {"hidden": (N_HIDDEN, N_INPUT + 1), "output": (N_OUTPUT, N_HIDDEN + 1)}
"""Layer to rows (nodes) and columns (nodes of the layer before, then the bias)."""

LOW, HIGH = -(1 << (WEIGHT_WIDTH - 1)), (1 << (WEIGHT_WIDTH - 1)) - 1

_HEAD: Mapping[str, Any] = {
    "format": FORMAT,
    "version": VERSION,
    "shape": [N_INPUT, N_HIDDEN, N_OUTPUT],
    "experts": N_EXPERT,
    "weight_bits": WEIGHT_WIDTH,
    "fraction_bits": WEIGHT_FRACTION,
}


@dataclass(frozen=True)
class NeuroWeights:
    """Weights of all experts, in counts of 2⁻¹⁰.

    Parameters
    ----------
    hidden : ndarray of int64, shape (5, 81, 28)
        Expert, node, input; the bias last.
    output : ndarray of int64, shape (5, 2, 82)
        Expert, output (z, θ), hidden node; the bias last.
    provenance : mapping
        ``kind``, ``command``, ``seed``, ``data_sha256``, ``figures``.
    """

    hidden: NDArray[np.int64]
    output: NDArray[np.int64]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def checksum(self) -> str:
        """Return the checksum over all weights: expert by expert, hidden layer first."""
        digest = hashlib.sha256()
        for hidden, output in zip(self.hidden, self.output, strict=True):
            for layer in (hidden, output):
                digest.update(np.ascontiguousarray(layer, dtype="<i2").tobytes())
        return digest.hexdigest()


def rounded(values: ArrayLike) -> NDArray[np.int64]:
    """Return real weights as counts, rounded half up.

    Raises
    ------
    InputError
        For weights that are not finite, or do not fit 13 bits: below −4, or not below 4 − 2⁻¹¹.
    """
    given = np.asarray(values, dtype=np.float64)
    if not np.isfinite(given).all():
        raise InputError("weights must be finite")
    counts = np.floor(given * (1 << WEIGHT_FRACTION) + 0.5).astype(np.int64)
    if counts.size and not (counts.min() >= LOW and counts.max() <= HIGH):
        raise InputError(f"weights must lie in {LOW / 1024} to {HIGH / 1024:.4f}, not "
                         f"{given.min():g} to {given.max():g}")  # fmt: skip
    return counts


def save(weights: NeuroWeights, path: str | Path) -> None:
    """Write a file of weights, whole or not at all.

    Raises
    ------
    InputError
        When provenance is missing, or the file cannot be written.
    """
    head = {**_HEAD, "provenance": dict(weights.provenance), "sha256": weights.checksum()}
    experts = [
        "  {" + ",\n   ".join(
            f'"{name}": [\n    ' + ",\n    ".join(json.dumps(row.tolist()) for row in layer) + "]"
            for name, layer in zip(LAYERS, layers, strict=True)
        ) + "}"
        for layers in zip(weights.hidden, weights.output, strict=True)
    ]  # fmt: skip
    weight_files.write(path, head, "[\n" + ",\n".join(experts) + "\n ]")


def load(path: str | Path | None = None) -> NeuroWeights:
    """Read a file of weights.

    Parameters
    ----------
    path : str or Path, optional
        Default: the weights that come with the package, which the RTL is generated with.

    Raises
    ------
    InputError
        When the file cannot be read, its head, shape or widths are not those of the network, a
        weight does not fit, provenance is missing, or the checksum is another.
    """
    return _packaged() if path is None else _load(Path(path))


@cache
def _packaged() -> NeuroWeights:
    return _load(DEFAULT)


def _load(path: Path) -> NeuroWeights:
    document = weight_files.read(path, _HEAD, ())
    layers = _layers(document["weights"], str(path))
    weights = NeuroWeights(layers["hidden"], layers["output"], document["provenance"])
    weight_files.check_sum(document, weights.checksum(), str(path))
    return weights


def _layers(experts: object, place: str) -> dict[str, NDArray[np.int64]]:
    """Return the layers of all experts, checked."""
    if not isinstance(experts, list) or len(experts) != N_EXPERT:
        raise InputError(f"must be a list of {N_EXPERT} experts", place=f"{place}: weights")
    out = {name: np.zeros((N_EXPERT, *shape), dtype=np.int64) for name, shape in LAYERS.items()}
    for number, expert in enumerate(experts):
        where = f"{place}: weights[{number}]"
        if not isinstance(expert, dict) or set(expert) != set(LAYERS):
            raise InputError(f"must have the layers {', '.join(LAYERS)}", place=where)
        for name, shape in LAYERS.items():
            out[name][number] = weight_files.check_layer(
                expert[name], shape, WEIGHT_WIDTH, f"{where}.{name}"
            )
    for layer in out.values():
        layer.flags.writeable = False
    return out
