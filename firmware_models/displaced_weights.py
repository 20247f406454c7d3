"""Integer weights of the classifier of displaced vertices, in a file with checksum and provenance.

The file is JSON: ``format``, ``version``, ``shape`` (29, 32, 1), ``weight_bits`` and
``fraction_bits`` as those of `neuro_mlp`, ``provenance``, ``sha256``, and ``weights`` with the
layers ``hidden`` and ``output``, each a list with one row a node, the bias last. The checksum is
over all weights in the file's order as little-endian 16-bit integers.
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
from numpy.typing import NDArray

from firmware_models import weight_files
from firmware_models.errors import InputError
from firmware_models.interface.displaced import N_FEATURE, N_HIDDEN
from firmware_models.interface.neuro import WEIGHT_FRACTION, WEIGHT_WIDTH

DEFAULT = Path(__file__).resolve().parent / "data" / "displaced_weights.json"
"""Weights that the RTL is generated with (`lowmult train displaced`)."""

FORMAT, VERSION = "lowmult-displaced-weights", 1
LAYERS = {"hidden": (N_HIDDEN, N_FEATURE + 1), "output": (1, N_HIDDEN + 1)}
"""Layer to rows (nodes) and columns (nodes of the layer before, then the bias)."""

_HEAD: Mapping[str, Any] = {
    "format": FORMAT,
    "version": VERSION,
    "shape": [N_FEATURE, N_HIDDEN, 1],
    "weight_bits": WEIGHT_WIDTH,
    "fraction_bits": WEIGHT_FRACTION,
}


@dataclass(frozen=True)
class DisplacedWeights:
    """Weights in counts of 2⁻¹⁰.

    Parameters
    ----------
    hidden : ndarray of int64, shape (32, 30)
        Node, feature; the bias last.
    output : ndarray of int64, shape (1, 33)
        Hidden node; the bias last.
    provenance : mapping
        ``kind``, ``command``, ``seed``, ``data_sha256``, ``figures``.
    """

    hidden: NDArray[np.int64]
    output: NDArray[np.int64]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def checksum(self) -> str:
        """Return the checksum over all weights, hidden layer first."""
        digest = hashlib.sha256()
        for layer in (self.hidden, self.output):
            digest.update(np.ascontiguousarray(layer, dtype="<i2").tobytes())
        return digest.hexdigest()


def save(weights: DisplacedWeights, path: str | Path) -> None:
    """Write a file of weights, whole or not at all.

    Raises
    ------
    InputError
        When provenance is missing, or the file cannot be written.
    """
    head = {**_HEAD, "provenance": dict(weights.provenance), "sha256": weights.checksum()}
    layers = ",\n  ".join(
        f'"{name}": [\n   ' + ",\n   ".join(json.dumps(row.tolist()) for row in layer) + "]"
        for name, layer in (("hidden", weights.hidden), ("output", weights.output))
    )
    weight_files.write(path, head, "{\n  " + layers + "}")


def load(path: str | Path | None = None) -> DisplacedWeights:
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
def _packaged() -> DisplacedWeights:
    return _load(DEFAULT)


def _load(path: Path) -> DisplacedWeights:
    document = weight_files.read(path, _HEAD, ())
    given, place = document["weights"], f"{path}: weights"
    if not isinstance(given, dict) or set(given) != set(LAYERS):
        raise InputError(f"must have the layers {', '.join(LAYERS)}", place=place)
    layers = {
        name: np.array(weight_files.check_layer(given[name], shape, WEIGHT_WIDTH,
                                                f"{place}.{name}"), dtype=np.int64)
        for name, shape in LAYERS.items()
    }  # fmt: skip
    for layer in layers.values():
        layer.flags.writeable = False
    weights = DisplacedWeights(layers["hidden"], layers["output"], document["provenance"])
    weight_files.check_sum(document, weights.checksum(), str(path))
    return weights
