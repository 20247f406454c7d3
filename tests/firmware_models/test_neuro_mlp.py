"""The network against plain integers, against its closed form and against floating point."""

from __future__ import annotations

import json
from decimal import Decimal, localcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_models import neuro_mlp
from firmware_models.errors import InputError
from firmware_models.neuro_weights import NeuroWeights
from firmware_models.neuro_weights import load as load_weights
from firmware_models.tanh_table import tanh_table
from hdl.testbenches.neuro_mlp.stimulus import constrained
from sim.study.frames import physics_frames

FILE = Path(neuro_mlp.__file__).parent / "data" / "neuro_weights.json"


# ------------------------------------------------------------------------------------- the oracle
@cache
def entry(address: int) -> int:
    """Return round(4096 tanh(x/2)) at x = (address + 1/2 - 1/8192) / 1024 with 40 digits."""
    if address >= 9937:
        return 4096
    with localcontext() as context:
        context.prec = 40
        x = (Decimal(address) + Decimal(1) / 2 - Decimal(1) / 8192) / 1024
        small = (-x).exp()
        return int((4096 * (1 - small) / (1 + small)).to_integral_value())


def node(weights: list[int], values: list[int]) -> int:
    """One node: exact sum, address, table, sign; the bias comes last and meets 4096."""
    total = sum(w * v for w, v in zip(weights, [*values, 4096], strict=True))
    found = entry(abs(total) // 4096)
    return -found if total < 0 else found


@cache
def experts() -> list[dict[str, list[list[int]]]]:
    return list(json.loads(FILE.read_text())["weights"])


def oracle(word: Any) -> tuple[int, int, int]:
    """Return (z, theta, neural)."""
    if not word["valid"] or word["expert"] > 4:
        return 0, 0, 0
    layers = experts()[int(word["expert"])]
    inputs = [int(value) for value in word["input"]]
    middle = [node(weights, inputs) for weights in layers["hidden"]]
    z, theta = (node(weights, middle) for weights in layers["output"])
    return z, theta, 1


def compare(words: np.ndarray) -> np.ndarray:
    out = neuro_mlp.evaluate(words)
    for word, found in zip(words, out, strict=True):
        assert (int(found["z"]), int(found["theta"]), int(found["neural"])) == oracle(word)
        for name in ("omega", "phi0", "quadrant", "valid", "last"):
            assert found[name] == word[name], name
        assert (found["ip_class"], found["stt_class"]) == (0, 0)
    return out


def test_model_is_the_integer_recipe() -> None:
    out = compare(constrained(600, 5))
    assert {0, 1} == set(out["neural"].tolist())
    assert out["z"].min() < -2000
    assert out["z"].max() > 2000


def test_simulated_tracks_too() -> None:
    (words,) = physics_frames("neuro_mlp", 200, seed=3)
    out = compare(words)
    assert out["neural"].mean() > 0.5


# ------------------------------------------------------------------------------ activation function
def test_every_entry_of_the_table() -> None:
    assert tanh_table().tolist() == [entry(address) for address in range(9938)]


def test_saturation_starts_where_the_function_says() -> None:
    """tanh(x/2) rounds to 1 from x = ln(16383) on, that is from address 9937 on."""
    x = [(address + 0.5 - 2**-13) / 1024 for address in (9936, 9937)]
    assert x[0] < np.log(16383) < x[1]
    assert tanh_table()[-2:].tolist() == [4095, 4096]


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (0, 1), (-1, -1), (4095, 1), (-4095, -1), (4096 * 3, 7), (-4096 * 3, -7),
        (9937 * 4096 - 1, 4095), (9937 * 4096, 4096), (-9937 * 4096 + 1, -4095),
        (-9937 * 4096, -4096), (2**30, 4096), (-(2**30), -4096),
    ],
)  # fmt: skip
def test_one_output_node(total: int, expected: int) -> None:
    """The z node sees any chosen sum: hidden node 0 gives an odd number, all others 4096."""
    hidden = np.zeros((5, 81, 28), dtype=np.int64)
    hidden[:, 0, -1] = 4095
    hidden[:, 1:, :3] = 4095
    odd = entry(4095)
    first = total * pow(odd, -1, 4096) % 4096
    rest, remainder = divmod(total - first * odd, 4096)
    assert remainder == 0
    output = np.zeros((5, 2, 82), dtype=np.int64)
    output[:, 0, 0] = first
    for i in range(1, 82):
        output[:, 0, i] = min(max(rest, -4096), 4095)
        rest -= int(output[0, 0, i])
    assert rest == 0
    weights = NeuroWeights(hidden, output)
    found = neuro_mlp.evaluate(neuro_mlp.quantize(np.ones((1, 27)), 0, 0), weights=weights)
    assert found["z"][0] == expected


@pytest.mark.parametrize(("weight", "value"), [(-4096, -8192), (-4096, 8191), (4095, -8192)])
def test_largest_sums_do_not_wrap(weight: int, value: int) -> None:
    """All weights and inputs at the ends of their fields: every node is saturated."""
    hidden = np.full((5, 81, 28), weight, dtype=np.int64)
    output = np.full((5, 2, 82), weight, dtype=np.int64)
    words = neuro_mlp.BLOCK.input.zeros(1)
    words["input"], words["valid"] = value, 1
    middle = node([weight] * 28, [value] * 27)
    assert abs(middle) == 4096
    found = neuro_mlp.evaluate(words, weights=NeuroWeights(hidden, output))[0]
    assert found["z"] == found["theta"] == node([weight] * 82, [middle] * 81)
    assert 81 * 4096 * 4096 + 4096 * 4096 < 2**31
    assert 27 * 4096 * 8192 + 4096 * 4096 < 2**31


# ------------------------------------------------------------------------------- floating point
def test_fixed_point_is_close_to_floating_point() -> None:
    """Root mean square at most 0.05 cm and 0.04°: the notes give 0.03-0.04 cm, at most 0.2, 0.03°.

    The network in floating point has the same weights and inputs, and the library's tanh.
    """
    (words,) = physics_frames("neuro_mlp", 4000, seed=9)
    complete = words[(words["valid"] == 1) & (words["expert"] == 0)]
    weights = load_weights()
    assert len(complete) > 500
    for expert, missing in enumerate((None, 7, 5, 3, 1)):
        own = complete.copy()
        own["expert"] = expert
        if missing is not None:
            own["input"][:, 3 * missing : 3 * missing + 3] = 0
        fixed = neuro_mlp.evaluate(own)
        inputs = own["input"] / 4096
        hidden, output = weights.hidden[expert] / 1024, weights.output[expert] / 1024
        middle = np.tanh((inputs @ hidden[:, :27].T + hidden[:, 27]) / 2)
        exact = np.tanh((middle @ output[:, :81].T + output[:, 81]) / 2)
        z = fixed["z"] * (100 / 4096) - 100 * exact[:, 0]
        theta = fixed["theta"] * (80 / 4096) - 80 * exact[:, 1]
        # Not zero either: rounding is there.
        assert 0.01 < np.sqrt(np.mean(z**2)) < 0.05
        assert 0.008 < np.sqrt(np.mean(theta**2)) < 0.04
        assert np.abs(z).max() < 0.25


def test_network_without_biases_is_odd() -> None:
    """Every step keeps the sign, so without biases opposite inputs give opposite outputs."""
    weights = load_weights()
    hidden, output = weights.hidden.copy(), weights.output.copy()
    hidden[:, :, -1] = output[:, :, -1] = 0
    rng = np.random.default_rng(4)
    inputs = rng.uniform(-1, 1, (500, 27))
    expert = rng.integers(0, 5, 500)
    odd = NeuroWeights(hidden, output)
    one = neuro_mlp.evaluate(neuro_mlp.quantize(inputs, expert, 0), weights=odd)
    other = neuro_mlp.evaluate(neuro_mlp.quantize(-inputs, expert, 0), weights=odd)
    assert np.array_equal(one["z"], -other["z"])
    assert np.array_equal(one["theta"], -other["theta"])
    assert len(set(one["z"].tolist())) > 300


def test_experts_differ() -> None:
    inputs = np.full((5, 27), 0.25)
    out = neuro_mlp.evaluate(neuro_mlp.quantize(inputs, np.arange(5), 0))
    assert len(set(out["z"].tolist())) == 5


# ---------------------------------------------------------------------------------------- words
def test_inputs_are_truncated_toward_zero() -> None:
    values = np.zeros((1, 27))
    values[0, :6] = (1.0, -1.0, 0.9 / 4096, -0.9 / 4096, 1.9 / 4096, -1.9 / 4096)
    words = neuro_mlp.quantize(values, 0, -3, phi0=79, quadrant=2, last=0)
    assert words["input"][0, :6].tolist() == [4096, -4096, 0, 0, 1, -1]
    assert (words["omega"][0], words["phi0"][0], words["quadrant"][0]) == (-3, 79, 2)
    assert (words["valid"][0], words["last"][0]) == (1, 0)


def test_physical_values() -> None:
    tracks = neuro_mlp.BLOCK.output.zeros(3)
    tracks["z"], tracks["theta"] = (4096, -2048, 0), (4096, -4096, 0)
    z, theta = neuro_mlp.physical(tracks)
    assert z.tolist() == [100.0, -50.0, 0.0]
    assert np.degrees(theta) == pytest.approx([170.0, 10.0, 90.0])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((np.zeros((2, 26)), 0, 0), "shape"),
        ((np.full((2, 27), 1.001), 0, 0), "within ±1"),
        ((np.full((2, 27), np.nan), 0, 0), "finite"),
        ((np.zeros((2, 27)), 8, 0), "expert must lie in 0 to 7"),
        ((np.zeros((2, 27)), 0, 64), "omega must lie in -64 to 63"),
        ((np.zeros((2, 27)), 0, 0.5), "omega must be whole numbers"),
        ((np.zeros((2, 27)), [0, 1, 2], 0), "expert must be whole numbers"),
    ],
)
def test_nonsense_is_refused(arguments: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        neuro_mlp.quantize(*arguments)


def test_there_are_no_registers() -> None:
    with pytest.raises(InputError, match="no registers"):
        neuro_mlp.evaluate(neuro_mlp.BLOCK.input.zeros(1), {"cut": np.array([1])})
