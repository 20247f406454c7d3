"""Packing of words against plain Python integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, WORDS
from firmware_models.words import Field, Word


def _random(word: Word, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = word.zeros(n)
    for field in word.fields:
        values[field.name] = rng.integers(
            field.low, field.high, size=values[field.name].shape, endpoint=True
        )
    return values


@pytest.mark.parametrize("name", sorted(WORDS))
def test_pack_equals_plain_integer_and_unpack_inverts(name: str) -> None:
    word = WORDS[name]
    values = _random(word, 40, seed=1)
    bus = word.pack(values)
    for row, value in zip(bus, values, strict=True):
        assert sum(int(part) << (32 * i) for i, part in enumerate(row)) == word.to_int(value)
    assert np.array_equal(word.unpack(bus), values)


@pytest.mark.parametrize("block", [b for b in BLOCKS.values() if b.beats > 1], ids=lambda b: b.name)
def test_beats_deal_out_elements_in_order(block) -> None:
    values = _random(block.input, 5, seed=2)
    bus = block.input.pack(values, block.beats)
    assert bus.shape[0] == 5 * block.beats
    assert np.array_equal(block.input.unpack(bus, block.beats), values)
    beat = block.input.beat(block.beats).unpack(bus)
    many = next(f for f in block.input.fields if f.count > 1)
    dealt = beat[many.name].reshape(5, many.count)
    assert np.array_equal(dealt, values[many.name])


fields = st.builds(
    Field,
    name=st.just("f"),
    width=st.integers(1, 63),
    count=st.integers(1, 5),
    signed=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(fields, min_size=1, max_size=4), st.integers(0, 2**32))
def test_any_layout_round_trips(parts: list[Field], seed: int) -> None:
    named = tuple(Field(f"f{i}", p.width, p.count, p.signed) for i, p in enumerate(parts))
    word = Word("any", named)
    values = _random(word, 3, seed)
    bus = word.pack(values)
    assert np.array_equal(word.unpack(bus), values)
    assert sum(int(part) << (32 * i) for i, part in enumerate(bus[1])) == word.to_int(values[1])


def test_value_outside_its_field_is_named() -> None:
    word = Word("w", (Field("a", 3),))
    values = word.zeros(1)
    values["a"] = 9
    with pytest.raises(InputError, match=r"w\.a: value outside \[0, 7\]: 9"):
        word.pack(values)
