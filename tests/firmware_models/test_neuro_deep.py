"""The deeper network against plain integers, its table to 40 digits, floating point."""

from __future__ import annotations

import json
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models import deep_weights, neuro_deep
from firmware_models.deep_weights import DeepWeights
from firmware_models.errors import InputError
from firmware_models.tanh_table_short import short_tanh_table
from hdl.testbenches.neuro_deep.stimulus import constrained
from sim.study.frames import physics_frames

FILE = Path(neuro_deep.__file__).parent / "data" / "deep_weights.json"
NAMES = ("z", "theta", "ip_class", "stt_class")


# ------------------------------------------------------------------------------------- the oracle
@cache
def entry(address: int) -> int:
    """Return round(4096 tanh(x)) at x = address / 1024 with 40 digits, at most 4095."""
    with localcontext() as context:
        context.prec = 40
        small = (Decimal(-2 * address) / 1024).exp()
        value = 4096 * (1 - small) / (1 + small)
        assert abs(value % 1 - Decimal("0.5")) > Decimal("1e-20")
        return min(int(value.to_integral_value()), 4095)


def node(weights: list[int], values: list[int], bits: int) -> int:
    """One node, as real numbers would have it: floor of the sum in counts of 2⁻¹², then tables."""
    total = sum(w * v for w, v in zip(weights, [*values, 4096], strict=True))
    counts = abs(floor(Fraction(total, 2**bits)))
    found = 4095 if counts >= 4 * 4096 else entry(counts // 4)
    return -found if total < 0 else found


@cache
def document() -> Any:
    return json.loads(FILE.read_text())


def oracle(word: Any) -> tuple[int, ...]:
    """Return (z, theta, ip_class, stt_class, neural)."""
    if not word["valid"]:
        return 0, 0, 0, 0, 0
    values: list[int] = []
    for superlayer in range(9):
        values += [int(word["input"][3 * superlayer + i]) for i in range(3)]
        values += [4096 if word["pattern"][11 * superlayer + i] else 0 for i in range(11)]
    for layer, bits in zip(document()["weights"], document()["fraction_bits"], strict=True):
        values = [node(weights, values, bits) for weights in layer]
    return (*values, 1)


def compare(words: np.ndarray) -> np.ndarray:
    out = neuro_deep.evaluate(words)
    for word, found in zip(words, out, strict=True):
        assert tuple(int(found[name]) for name in (*NAMES, "neural")) == oracle(word)
        for name in ("omega", "phi0", "quadrant", "valid", "last"):
            assert found[name] == word[name], name
    return out


def test_model_is_the_integer_recipe() -> None:
    out = compare(constrained(400, 5))
    assert {0, 1} == set(out["neural"].tolist())
    assert out["z"].min() < -1000
    assert out["z"].max() > 1000


def test_simulated_tracks_too() -> None:
    (words,) = physics_frames("neuro_deep", 150, seed=3)
    assert compare(words)["neural"].sum() > 40


# ------------------------------------------------------------------------------ activation function
def test_every_entry_of_the_table() -> None:
    assert short_tanh_table().tolist() == [entry(address) for address in range(4096)]


def test_last_entries() -> None:
    """tanh(4) · 4096 = 4093.25: the limit of 4095 is the value beyond the table alone."""
    assert short_tanh_table()[-1] == 4093
    assert short_tanh_table()[0] == 0


def _network(first: int, bias: int, bits: int) -> DeepWeights:
    """Return weights with which input 0 and the bias give one first-layer sum, seen in z.

    Node 0 of the second layer has twice the value of node 0 of the first, and z twice that of it.
    """
    layers = [np.zeros((60, 127), dtype=np.int64), np.zeros((60, 61), dtype=np.int64),
              np.zeros((4, 61), dtype=np.int64)]  # fmt: skip
    layers[0][0, 0], layers[0][0, 126] = first, bias
    layers[1][0, 0] = layers[2][0, 0] = 1 << 17 - 1
    return DeepWeights(tuple(layers), (bits, 15, 15))


def _through(value: int) -> int:
    """Return z of a value of the first node: two layers with weight 2."""
    for _ in range(2):
        found = entry(min(2 * abs(value) // 4, 4095)) if 2 * abs(value) < 16384 else 4095
        value = -found if value < 0 else found
    return value


@pytest.mark.parametrize(
    ("window", "rest", "expected"),
    [
        # Sums in counts of 2⁻¹², with a remainder below the window; first node's value.
        (0, 0, 0), (0, 1, 0), (3, 255, 0), (4, 0, 4), (-1, 255, 0), (-4, 0, -4),
        (-4, 1, -4), (-4, 255, -4), (-3, 0, 0), (-5, 0, -4), (-5, 255, -4),
        (16383, 255, 4093), (16384, 0, 4095), (-16383, 0, -4093), (-16384, 255, -4095),
        (-16384, 0, -4095), (-16385, 0, -4095), (131071, 255, 4095), (131072, 0, 4095),
        (-131072, 0, -4095), (-131073, 0, -4095), (-262144, 0, -4095), (200000, 0, 4095),
    ],
)  # fmt: skip
def test_one_node(window: int, rest: int, expected: int) -> None:
    """The first node sees any chosen sum: window · 2⁸ + rest; also beyond the 18 bits of basf2."""
    total = window * 256 + rest
    # Whole multiples of 4096 by the bias; the rest by an input with weight 1.
    bias, low = divmod(total, 4096)
    weights = _network(1, bias, 8)
    words = neuro_deep.BLOCK.input.zeros(1)
    words["valid"], words["input"][0, 0] = 1, low
    exact = floor(Fraction(total, 256))
    assert exact == window
    found = neuro_deep.evaluate(words, weights=weights)["z"][0]
    assert node([1, bias], [low], 8) == expected
    assert found == _through(expected)


def test_negative_sums_round_away_from_zero() -> None:
    """A sum of 3.996 counts is 3, address 0; one of −3.996 is −4, address 1."""
    words = neuro_deep.BLOCK.input.zeros(4)
    words["valid"] = 1
    # 1023, −1023: 3.996 counts; 1025, −1025: 4.004 counts.
    words["input"][:, 0] = (1023, -1023, 1025, -1025)
    found = neuro_deep.evaluate(words, weights=_network(1, 0, 8))["z"]
    assert found.tolist() == [_through(value) for value in (0, -entry(1), entry(1), -entry(1))]
    assert found[1] != -found[0]


@pytest.mark.parametrize(("weight", "value"), [(-(2**17), -8192), (2**17 - 1, -8192),
                                               (-(2**17), 8191), (2**17 - 1, 8191)])  # fmt: skip
@pytest.mark.parametrize("bits", [8, 20])
def test_largest_sums_do_not_wrap(weight: int, value: int, bits: int) -> None:
    """All weights and inputs at the ends of their fields: every node is saturated."""
    shapes = ((60, 127), (60, 61), (4, 61))
    weights = DeepWeights(tuple(np.full(s, weight, dtype=np.int64) for s in shapes), (bits,) * 3)
    words = neuro_deep.BLOCK.input.zeros(1)
    words["input"], words["pattern"], words["valid"] = value, 1, 1
    values = [value] * 27 + [4096] * 99
    for count in (60, 60, 4):
        values = [node([weight] * (len(values) + 1), values, bits)] * count
        assert abs(values[0]) == 4095
    found = neuro_deep.evaluate(words, weights=weights)[0]
    assert [int(found[name]) for name in NAMES] == values
    assert 2**17 * (27 * 8192 + 100 * 4096) < 2**37
    assert 2**17 * 99 < 2**24


# -------------------------------------------------------------------------------- floating point
def test_fixed_point_is_close_to_floating_point() -> None:
    """Node values are rounded down by up to four counts, so outputs differ by a few counts."""
    (words,) = physics_frames("neuro_deep", 4000, seed=9)
    fixed = neuro_deep.evaluate(words)
    rows = fixed["neural"] == 1
    assert rows.sum() > 500
    values = np.concatenate(
        [words["input"].reshape(-1, 9, 3) / 4096, words["pattern"].reshape(-1, 9, 11)], axis=2
    ).reshape(-1, 126)
    # A node adds a count of the window, four of the table's step and half one of its rounding; the
    # slope of tanh is at most 1.
    most = np.zeros(126)
    for weights, biases in deep_weights.load().floats():
        values = np.tanh(values @ weights.T + biases)
        most = np.abs(weights) @ most + 5.5
    for number, name in enumerate(NAMES):
        difference = fixed[name][rows] - 4096 * values[rows, number]
        # Not zero either: rounding is there.
        assert 0.2 < np.sqrt(np.mean(difference**2)) < 12
        assert np.abs(difference).max() < most[number]


def test_a_pattern_bit_is_an_input_of_one() -> None:
    """Bit k of a superlayer has the weight at 14 · superlayer + 3 + k."""
    words = neuro_deep.BLOCK.input.zeros(99)
    words["pattern"] = np.eye(99)
    words["valid"] = 1
    values = neuro_deep.features(words)
    assert values.sum() == 99 * 4096
    places = [14 * superlayer + 3 + k for superlayer in range(9) for k in range(11)]
    assert (values[np.arange(99), places] == 4096).all()
    words["input"] = np.arange(27)
    inputs = [14 * superlayer + k for superlayer in range(9) for k in range(3)]
    assert neuro_deep.features(words)[7, inputs].tolist() == list(range(27))


def test_tracks_without_a_network() -> None:
    words = constrained(2000, 6)
    out = neuro_deep.evaluate(words)
    without = words["valid"] == 0
    assert 50 < without.sum() < 500
    assert (words["expert"][~without] > 4).sum() > 500
    assert np.array_equal(out["neural"] == 0, without)
    for name in NAMES:
        assert not out[name][without].any()


# ------------------------------------------------------------------------------------- words in
def test_quantize() -> None:
    rng = np.random.default_rng(3)
    inputs, pattern = rng.uniform(-1, 1, (5, 27)), rng.integers(0, 2, (5, 99))
    words = neuro_deep.quantize(inputs, pattern, 3, expert=2)
    assert words["input"].tolist() == [[int(4096 * x) for x in row] for row in inputs]
    assert np.array_equal(words["pattern"], pattern)
    assert (words["omega"] == 3).all()
    assert (words["expert"] == 2).all()


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (np.zeros((2, 98), int), r"pattern must have the shape \(2, 99\), not \(2, 98\)"),
        (np.full((2, 99), 2), "pattern must be 0 or 1"),
    ],
)
def test_wrong_patterns(pattern: np.ndarray, says: str) -> None:
    with pytest.raises(InputError, match=says):
        neuro_deep.quantize(np.zeros((2, 27)), pattern, 0)


def test_no_registers() -> None:
    with pytest.raises(InputError, match="has no registers, not clamp"):
        neuro_deep.evaluate(constrained(1, 1), {"clamp": np.array([1])})
    assert neuro_deep.describe() is neuro_deep.BLOCK
