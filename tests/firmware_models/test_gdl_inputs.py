"""Delay and width against the definition, tick by tick, in plain Python."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models import gdl_inputs
from firmware_models.errors import InputError
from firmware_models.interface.clock import TICK_NS

N = 320


def _defined(bits: list[int], delay: int, width: int) -> list[int]:
    """Return the output by the definition: an edge at s holds ticks s + delay, width of them."""
    edges = [s for s, bit in enumerate(bits) if bit and (s == 0 or not bits[s - 1])]
    return [int(any(s + delay <= t < s + delay + width for s in edges)) for t in range(len(bits))]


def _model(bits: np.ndarray, delay: np.ndarray, width: np.ndarray) -> np.ndarray:
    words = gdl_inputs.BLOCK.input.zeros(len(bits))
    words["bits"][:, : bits.shape[1]] = bits
    registers = gdl_inputs.BLOCK.defaults()
    registers["delay"][: bits.shape[1]] = delay
    registers["width"][: bits.shape[1]] = width
    return gdl_inputs.evaluate(words, registers)["bits"][:, : bits.shape[1]]


channel = st.tuples(
    st.lists(st.integers(0, 1), min_size=120, max_size=120), st.integers(0, 31), st.integers(1, 32)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(channel, min_size=1, max_size=20))
def test_equals_the_definition(channels: list[tuple[list[int], int, int]]) -> None:
    bits = np.array([c[0] for c in channels], dtype=np.uint8).T
    out = _model(bits, np.array([c[1] for c in channels]), np.array([c[2] for c in channels]))
    for i, (sequence, delay, width) in enumerate(channels):
        assert out[:, i].tolist() == _defined(sequence, delay, width)


def _run(text: str, delay: int, width: int) -> str:
    bits = np.array([[int(c)] for c in text], dtype=np.uint8)
    return "".join(map(str, _model(bits, np.array([delay]), np.array([width]))[:, 0].tolist()))


@pytest.mark.parametrize(
    ("given_bits", "delay", "width", "expected"),
    [
        ("0100000000", 0, 1, "0100000000"),  # the defaults pass a single tick
        ("1000000000", 0, 1, "1000000000"),  # a bit high on the first tick is an edge
        ("0111100000", 0, 1, "0100000000"),  # a level gives one tick
        ("0101010000", 0, 1, "0101010000"),  # edges back to back, two ticks apart
        ("0100000000", 3, 2, "0000110000"),
        ("0100100000", 0, 4, "0111111100"),  # an edge on the last tick of the width
        ("0101000000", 0, 4, "0111111000"),  # an edge inside the width starts it again
        ("0100010000", 0, 4, "0111111110"),  # an edge right after the end: no gap
        ("0100001000", 0, 4, "0111101111"),  # one tick later: a gap of one tick
        ("0101000000", 2, 3, "0001111100"),  # the delay keeps edges apart, the width joins them
    ],
)  # fmt: skip
def test_edge_cases(given_bits: str, delay: int, width: int, expected: str) -> None:
    assert _run(given_bits, delay, width) == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 40), max_size=8))
def test_any_chunking_gives_the_same_stream(seed: int, lengths: list[int]) -> None:
    rng = np.random.default_rng(seed)
    words = gdl_inputs.BLOCK.input.zeros(200)
    words["bits"] = rng.random((200, N)) < 0.2
    registers = {"delay": rng.integers(0, 32, N), "width": rng.integers(1, 33, N)}
    whole = gdl_inputs.evaluate(words, registers)
    state = gdl_inputs.State.after_reset()
    cuts = np.minimum(np.cumsum([0, *lengths, 200]), 200)
    parts = [gdl_inputs.evaluate(words[a:b], registers, state) for a, b in itertools.pairwise(cuts)]
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [("delay", 32, "0 to 31 ticks, not 32"), ("delay", -1, "not -1"), ("width", 0, "1 to 32"),
     ("width", 33, "not 33")],
)  # fmt: skip
def test_out_of_range_is_named(name: str, value: int, says: str) -> None:
    registers = gdl_inputs.BLOCK.defaults()
    registers[name][17] = value
    with pytest.raises(InputError, match=f"{name} of input 17") as error:
        gdl_inputs.evaluate(gdl_inputs.BLOCK.input.zeros(1), registers)
    assert says in str(error.value)


def test_quantize_puts_arrivals_on_their_ticks() -> None:
    times = np.array([0.0, 2.5, 3.0, 99.0]) * TICK_NS
    words = gdl_inputs.quantize(5, np.array([0, 1, 319, 2]), times, hold_ticks=2)
    assert np.argwhere(words["bits"]).tolist() == [
        [0, 0],
        [1, 0],
        [2, 1],
        [3, 1],
        [3, 319],
        [4, 319],
    ]
    with pytest.raises(InputError, match="0 to 319"):
        gdl_inputs.quantize(5, np.array([320]), np.zeros(1))
    with pytest.raises(InputError, match="finite"):
        gdl_inputs.quantize(5, np.array([0]), np.array([np.nan]))
