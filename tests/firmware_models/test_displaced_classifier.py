"""`displaced_classifier`: frames against a plain-integer version; the mirror; damaged weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from firmware_models import displaced_classifier, displaced_weights
from firmware_models.displaced_weights import DisplacedWeights
from firmware_models.errors import InputError
from firmware_models.interface import Registers
from firmware_models.vertex_features import FEATURES, features
from hdl.testbenches.displaced_classifier.stimulus import constrained, registers
from tests.firmware_models.classifier_oracle import decision, told


def _wild() -> DisplacedWeights:
    """Return untrained weights over all 13 bits."""
    rng = np.random.default_rng(4)
    hidden = np.clip(rng.normal(0, 900, (32, 30)), -4096, 4095).astype(np.int64)
    return DisplacedWeights(hidden, rng.integers(-4096, 4096, (1, 33)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("wild", [False, True])
def test_frames_equal_the_plain_version(seed: int, wild: bool) -> None:
    weights = _wild() if wild else displaced_weights.load()
    words, values = constrained(40, seed), registers(seed)
    out = displaced_classifier.evaluate(words, values, weights)
    for i, word in enumerate(words):
        expected = decision(word, weights.hidden, weights.output, values)
        assert {name: out[name][i].tolist() for name in expected} == expected


def test_features_fit_their_nodes_and_have_names() -> None:
    words = constrained(4000, 9)
    found = features(words)
    assert found.shape[2] == len(FEATURES) == 29
    assert np.abs(found).max() <= 4096
    assert found[0, 0].tolist() == (told(words[0], 0) if words["valid"][0, 0] else [0] * 29)


def test_charge_conjugation_changes_no_score() -> None:
    words = constrained(3000, 5)
    mirrored = words.copy()
    mirrored["azimuth"] = 31 - words["azimuth"]
    for one, other in (("positive", "negative"), ("negative", "positive")):
        mirrored[one] = 63 - words[other]
        mirrored[f"{one}_row"] = 7 - words[f"{other}_row"]
        mirrored[f"{one}_layers"] = words[f"{other}_layers"]
    a, b = (displaced_classifier.evaluate(w, None, _wild()) for w in (words, mirrored))
    assert (a == b).all()
    assert len(np.unique(a["score"])) > 1000


def test_registers_hold_the_whole_range() -> None:
    words = constrained(500, 6)
    every = {"min_score": np.zeros(6, dtype=np.int64)}
    out = displaced_classifier.evaluate(words, every, _wild())
    assert (out["accepted"] == words["valid"]).all()
    none = {"min_score": np.full(6, 8192 + 4097)}
    assert not displaced_classifier.evaluate(words, none, _wild())["dvt"].any()
    veto = displaced_classifier.evaluate(words, every | {"max_tracks": np.array([0])}, _wild())
    assert (veto["dvt"] == (words["valid"].any(axis=1) & (words["tracks"] == 0))).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"min_score": np.array([3])}, "6 of 0 to 16383"),
        ({"min_score": np.full(6, 1 << 14)}, "6 of 0 to 16383"),
        ({"least_score": np.array([3])}, "min_score"),
    ],
)
def test_registers_that_do_not_fit_are_refused(given: Registers, said: str) -> None:
    with pytest.raises(InputError, match=said):
        displaced_classifier.evaluate(displaced_classifier.BLOCK.input.zeros(1), given)


def test_quantize_fills_the_words() -> None:
    one = np.zeros((2, 6), dtype=np.int64)
    one[1, 2] = 1
    words = displaced_classifier.quantize({"valid": one, "cells": 3 * one}, [0, 40], clock=7)
    assert words["displaced"].tolist() == [0, 1]
    assert words["tracks"].tolist() == [0, 31]
    assert words["cells"][1].tolist() == [0, 0, 3, 0, 0, 0]
    with pytest.raises(InputError, match="cells"):
        displaced_classifier.quantize({"cell": one}, [0, 0])
    with pytest.raises(InputError, match="0 to 1"):
        displaced_classifier.quantize({"valid": 2 * one}, [0, 0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["weights"]["hidden"][3].pop(), "30 weights"),
        (lambda d: d["weights"]["output"][0].__setitem__(0, 4096), "13 bits"),
        (lambda d: d["weights"]["output"][0].__setitem__(0, -4096), "checksum"),
        (lambda d: d["weights"].pop("output"), "layers hidden, output"),
        (lambda d: d["provenance"].pop("seed"), "seed"),
    ],
)
def test_damaged_weights_are_refused(change: object, said: str, tmp_path: Path) -> None:
    document = json.loads(displaced_weights.DEFAULT.read_text(encoding="utf-8"))
    change(document)  # type: ignore[operator]
    path = tmp_path / "weights.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        displaced_weights.load(path)


def test_saved_weights_are_loaded_again(tmp_path: Path) -> None:
    wild = _wild()
    source = displaced_weights.load().provenance
    displaced_weights.save(DisplacedWeights(wild.hidden, wild.output, source), tmp_path / "w.json")
    again = displaced_weights.load(tmp_path / "w.json")
    assert (again.hidden == wild.hidden).all()
    assert (again.output == wild.output).all()
