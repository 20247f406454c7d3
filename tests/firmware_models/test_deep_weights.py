"""Weights of the deeper network: how they are rounded, what the file must hold, damage is found."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models import deep_weights
from firmware_models.errors import InputError

Document = dict[str, Any]
Layers = list[tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def document() -> Document:
    value: Document = json.loads(deep_weights.DEFAULT.read_text())
    return value


def _layers(largest: tuple[float, float, float] = (1.5, 1.0, 0.9), seed: int = 1) -> Layers:
    rng = np.random.default_rng(seed)
    found = []
    for (inputs, nodes), size in zip(((126, 60), (60, 60), (60, 4)), largest, strict=True):
        layer = rng.uniform(-0.5 * size, 0.5 * size, (nodes, inputs))
        layer[0, 0] = -size
        found.append((layer, rng.uniform(-0.5 * size, 0.5 * size, nodes)))
    return found


def test_packaged_weights(document: Document) -> None:
    weights = deep_weights.load()
    assert [layer.shape for layer in weights.layers] == [(60, 127), (60, 61), (4, 61)]
    assert weights.layers[1][59, 60] == document["weights"][1][59][60]
    assert list(weights.fractions) == document["fraction_bits"]
    for layer, bits in zip(weights.layers, weights.fractions, strict=True):
        # As many fractional bits as 17 bits allow.
        assert 2**16 < np.abs(layer).max() <= 2**17 or bits == 20


def test_checksum_is_that_of_the_plain_numbers(document: Document) -> None:
    digest = hashlib.sha256(struct.pack("<3i", *document["fraction_bits"]))
    for layer in document["weights"]:
        for row in layer:
            digest.update(struct.pack(f"<{len(row)}i", *row))
    assert digest.hexdigest() == document["sha256"] == deep_weights.load().checksum()


def test_written_file_is_read_back(tmp_path: Path) -> None:
    weights = deep_weights.load()
    deep_weights.save(weights, tmp_path / "w.json")
    assert (tmp_path / "w.json").read_text() == deep_weights.DEFAULT.read_text()
    again = deep_weights.load(tmp_path / "w.json")
    assert again.checksum() == weights.checksum()
    assert again.provenance == weights.provenance


# ------------------------------------------------------------------------------------- rounding
@pytest.mark.parametrize(
    ("largest", "bits"),
    [
        (0.0, 20), (1e-9, 20), (0.125, 20), (0.1251, 19), (0.5, 18), (math.nextafter(0.5, 1), 17),
        (1.0, 17), (1.0001, 16), (2.0, 16), (3.4, 15), (4.0, 15), (512.0, 8), (512.1, 7),
    ],
)  # fmt: skip
def test_fractional_bits(largest: float, bits: int) -> None:
    """17 − ceil(log2 of the largest), exact at powers of two; at most 20."""
    assert deep_weights.fraction_bits(largest) == bits
    if largest >= 0.125:
        exponent = 17 - bits
        assert Fraction(2) ** (exponent - 1) < Fraction(largest) <= Fraction(2) ** exponent


def test_quantized_weights_are_the_nearest_counts() -> None:
    layers = _layers()
    weights = deep_weights.quantized(layers)
    assert weights.fractions == (16, 17, 17)
    for (real, biases), layer, bits in zip(layers, weights.layers, weights.fractions, strict=True):
        for node in range(0, len(layer), 3):
            for column, value in enumerate([*real[node].tolist(), float(biases[node])]):
                off = abs(Fraction(int(layer[node, column]), 2**bits) - Fraction(value))
                # The largest possible weight of a power of two misses by one count.
                assert off <= Fraction(1, 2 ** (bits + 1)) or value == -1.0
    again = deep_weights.quantized(weights.floats())
    assert again.checksum() == weights.checksum()


def test_halves_round_away_from_zero_and_the_top_is_limited() -> None:
    layers = _layers((1.0, 1.0, 1.0))
    layers[0][0][0, :5] = np.array([0.5, -0.5, 1.5, -1.5, 2.4]) / 2**17
    layers[0][0][1, :4] = 1.0, -1.0, 1 - 2**-19, -1 + 2**-19
    layer = deep_weights.quantized(layers).layers[0]
    assert layer[0, :5].tolist() == [1, -1, 2, -2, 2]
    assert layer[1, :4].tolist() == [131071, -131072, 131071, -131072]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda layers: layers[:2], "must be 3 layers, not 2"),
        (lambda layers: [(layers[0][0].T, layers[0][1]), *layers[1:]],
         r"layer 0: must have the shapes \(60, 126\) and \(60,\), not \(126, 60\)"),
        (lambda layers: [*layers[:2], (layers[2][0], layers[2][1][:3])], r"layer 2: .*\(3,\)"),
        (lambda layers: [*layers[:2], (layers[2][0] * np.nan, layers[2][1])], "must be finite"),
        (lambda layers: [*layers[:2], (layers[2][0], layers[2][1] + 600)],
         "layer 2: must be at most 512, not 600"),
    ],
)  # fmt: skip
def test_wrong_networks(change: Callable[[Layers], Layers], says: str) -> None:
    with pytest.raises(InputError, match=says):
        deep_weights.quantized(change(_layers()))


# ----------------------------------------------------------------------------------------- damage
def _set(path: str, value: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place: Any = document
        keys = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


def _drop(path: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place: Any = document
        keys = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_set("shape", [126, 60, 4]), r"shape: must be \[126, 60, 60, 4\], not \[126, 60, 4\]"),
        (_set("weight_bits", 13), "weight_bits: must be 18, not 13"),
        (_set("format", "lowmult-neuro-weights"), "format: must be 'lowmult-deep-weights'"),
        (_drop("fraction_bits"), "'fraction_bits' is missing"),
        (_set("fraction_bits", [15, 17]), "fraction_bits: must be 3 whole numbers of 8 to 20"),
        (_set("fraction_bits.1", 21), "3 whole numbers of 8 to 20"),
        (_set("fraction_bits.1", 7), "3 whole numbers of 8 to 20"),
        (_set("fraction_bits.1", 17.0), "3 whole numbers of 8 to 20"),
        (_set("fraction_bits.1", 9), "the weights have the checksum"),
        (_drop("provenance.kind"), "provenance: needs kind"),
        (_drop("weights.2"), "weights: must be a list of 3 layers"),
        (_drop("weights.1.59"), r"weights\[1\]: must be a list of 60 nodes"),
        (_drop("weights.0.7.126"), r"weights\[0\]\[7\]: must be a list of 127 weights"),
        (_set("weights.1.0.3", 131072), "a weight of 18 bits .*-131072 to 131071, not 131072"),
        (_set("weights.1.0.3", -131073), "not -131073"),
        (_set("weights.1.0.3", 1.0), "whole number .*not 1.0"),
        (_set("weights.1.0.3", 131071), "the weights have the checksum"),
        (_set("sha256", "0"), "sha256: the weights have the checksum"),
    ],
)
def test_damaged_file_is_refused(
    document: Document, tmp_path: Path, change: Callable[[Document], None], says: str
) -> None:
    damaged = json.loads(json.dumps(document))
    change(damaged)
    path = tmp_path / "weights.json"
    path.write_text(json.dumps(damaged))
    with pytest.raises(InputError, match=says) as error:
        deep_weights.load(path)
    assert str(path) in str(error.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        deep_weights.load(tmp_path / "nothing.json")
    with pytest.raises(InputError, match="needs kind, command"):
        deep_weights.save(deep_weights.quantized(_layers()), tmp_path / "w.json")
    assert not (tmp_path / "w.json").exists()
