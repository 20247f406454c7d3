"""The file of weights: what it must hold, and that damage is found."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models import neuro_weights
from firmware_models.errors import InputError

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    value: Document = json.loads(neuro_weights.DEFAULT.read_text())
    return value


def test_packaged_weights(document: Document) -> None:
    weights = neuro_weights.load()
    assert weights.hidden.shape == (5, 81, 28)
    assert weights.output.shape == (5, 2, 82)
    assert weights.hidden[0].size + weights.output[0].size == 2432
    largest = max(np.abs(weights.hidden).max(), np.abs(weights.output).max()) / 1024
    assert largest <= 3.99 + 0.5 / 1024
    assert document["provenance"]["figures"]["largest_weight"] == float(f"{largest:.5g}")
    assert weights.hidden[3, 80, 27] == document["weights"][3]["hidden"][80][27]
    assert weights.output[4, 1, 81] == document["weights"][4]["output"][1][81]


def test_checksum_is_that_of_the_plain_numbers(document: Document) -> None:
    digest = hashlib.sha256()
    for expert in document["weights"]:
        for layer in ("hidden", "output"):
            for row in expert[layer]:
                digest.update(struct.pack(f"<{len(row)}h", *row))
    assert digest.hexdigest() == document["sha256"] == neuro_weights.load().checksum()


def test_written_file_is_read_back(tmp_path: Path) -> None:
    weights = neuro_weights.load()
    neuro_weights.save(weights, tmp_path / "w.json")
    assert (tmp_path / "w.json").read_text() == neuro_weights.DEFAULT.read_text()
    again = neuro_weights.load(tmp_path / "w.json")
    assert np.array_equal(again.hidden, weights.hidden)
    assert np.array_equal(again.output, weights.output)
    assert again.provenance == weights.provenance


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
        (_set("shape", [27, 80, 2]), r"shape: must be \[27, 81, 2\], not \[27, 80, 2\]"),
        (_set("weight_bits", 14), "weight_bits: must be 13, not 14"),
        (_set("fraction_bits", 10.0), "fraction_bits: must be 10, not 10.0"),
        (_set("format", "other"), "format: must be 'lowmult-neuro-weights'"),
        (_set("version", 2), "version: must be 1, not 2"),
        (_drop("weights"), "'weights' is missing"),
        (_drop("provenance.seed"), "provenance: needs seed"),
        (_drop("weights.4"), "weights: must be a list of 5 experts"),
        (_drop("weights.2.output"), r"weights\[2\]: must have the layers hidden, output"),
        (_drop("weights.2.hidden.80"), r"weights\[2\].hidden: must be a list of 81 nodes"),
        (_drop("weights.2.hidden.7.27"), r"hidden\[7\]: must be a list of 28 weights"),
        (_set("weights.1.output.0.3", 4096), r"output\[0\]: a weight of 13 bits .*not 4096"),
        (_set("weights.1.output.0.3", -4097), "not -4097"),
        (_set("weights.1.output.0.3", 1.0), "whole number .*not 1.0"),
        (_set("weights.1.output.0.3", True), "not True"),
        (_set("weights.1.output.0.3", 4095), "the weights have the checksum"),
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
        neuro_weights.load(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "is not JSON"), ("[]", "one JSON object"), ("[" * 100_000, "is not JSON")],
)
def test_no_document(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "weights.json"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        neuro_weights.load(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        neuro_weights.load(tmp_path / "nothing.json")
    with pytest.raises(InputError, match="not a regular file"):
        neuro_weights.load(tmp_path)


def test_rounding() -> None:
    assert neuro_weights.rounded([0.5 / 1024, -0.5 / 1024, 3.4, -4.0]).tolist() == [
        1, 0, 3482, -4096,
    ]  # fmt: skip
    for wrong in (4.0, -4.001, float("nan")):
        with pytest.raises(InputError):
            neuro_weights.rounded([wrong])


def test_provenance_is_needed_to_write(tmp_path: Path) -> None:
    weights = neuro_weights.load()
    bare = neuro_weights.NeuroWeights(weights.hidden, weights.output)
    with pytest.raises(InputError, match="needs kind, command, seed, data_sha256, figures"):
        neuro_weights.save(bare, tmp_path / "w.json")
    assert not (tmp_path / "w.json").exists()
