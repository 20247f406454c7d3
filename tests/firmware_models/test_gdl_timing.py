"""Event-time source against plain Python, and the physical meaning of its counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models import gdl_timing
from firmware_models.errors import InputError
from firmware_models.interface.clock import TICK_NS, TICKS_PER_TURN, TIME_LSB_NS
from firmware_models.interface.gdl import SOURCE_CDC, SOURCE_ECL, SOURCE_SELF, SOURCE_TOP

NAMES = {SOURCE_ECL: "ecl", SOURCE_TOP: "top", SOURCE_CDC: "cdc"}
BLOCK = gdl_timing.BLOCK


def _plain(word: dict[str, int], priority: list[int], minimum: list[int]) -> tuple[int, ...]:
    """Return (l1, source, time, quality) by the rule as written on the reference page."""
    if not word["l1"]:
        return (0, 0, 0, 0)
    for source in priority:
        if source == SOURCE_SELF:
            break
        name = NAMES[source]
        if word[f"{name}_valid"] and word[f"{name}_quality"] >= minimum[source]:
            return (1, source, word[f"{name}_time"], word[f"{name}_quality"])
    return (1, SOURCE_SELF, word["tick"] * 8, 0)


words = st.fixed_dictionaries(
    {field.name: st.integers(field.low, field.high) for field in BLOCK.input.fields}
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(words, min_size=1, max_size=8),
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
)
def test_equals_plain_python(
    given_words: list[dict[str, int]], priority: list[int], minimum: list[int]
) -> None:
    packed = BLOCK.input.zeros(len(given_words))
    for i, word in enumerate(given_words):
        for name, value in word.items():
            packed[name][i] = value
    registers = {"priority": np.array(priority), "min_quality": np.array(minimum)}
    out = gdl_timing.evaluate(packed, registers)
    assert [tuple(map(int, row)) for row in out] == [
        _plain(word, priority, minimum) for word in given_words
    ]


def _one(**values: int) -> np.void:
    word = BLOCK.input.zeros(1)
    for name, value in values.items():
        word[name] = value
    return gdl_timing.evaluate(word)[0]


def test_default_order_is_top_ecl_cdc_self() -> None:
    everyone = {f"{name}_{part}": 1 for name in NAMES.values() for part in ("valid", "quality")}
    times = {"top_time": 11, "ecl_time": 22, "cdc_time": 33}
    word = {"l1": 1, "tick": 5} | everyone | times
    for name, source in (("top", SOURCE_TOP), ("ecl", SOURCE_ECL), ("cdc", SOURCE_CDC)):
        out = _one(**word)
        assert (out["source"], out["time"]) == (source, times[f"{name}_time"])
        word[f"{name}_valid"] = 0
    out = _one(**word)
    assert (out["source"], out["time"], out["quality"]) == (SOURCE_SELF, 40, 0)


def test_quality_none_is_not_taken_by_default() -> None:
    out = _one(l1=1, tick=1, ecl_valid=1, ecl_quality=0, ecl_time=99)
    assert out["source"] == SOURCE_SELF


def test_codes_are_those_of_the_newer_enumeration() -> None:
    assert (SOURCE_ECL, SOURCE_TOP, SOURCE_CDC, SOURCE_SELF) == (0, 1, 2, 3)


def test_self_time_is_the_tick_in_the_units_of_the_others() -> None:
    """A tick is 7.86 ns, eight counts of 0.98 ns; the last tick still fits in the turn."""
    out = _one(l1=1, tick=TICKS_PER_TURN - 1)
    assert abs(int(out["time"]) * TIME_LSB_NS - (TICKS_PER_TURN - 1) * TICK_NS) < 1e-6
    assert int(out["time"]) < gdl_timing.COUNTS_PER_TURN == 80 * 128


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_quantize_keeps_times_to_one_count_within_the_turn(decision: float, ecl: float) -> None:
    turn = TICKS_PER_TURN * TICK_NS
    word = gdl_timing.quantize(
        np.array([True]), np.array([decision]), {"ecl": np.array([ecl])}, {"ecl": np.array([2])}
    )[0]
    assert (word["l1"], word["ecl_valid"], word["top_valid"], word["ecl_quality"]) == (1, 1, 0, 2)
    for count, lsb, true in (
        (word["tick"], TICK_NS, decision),
        (word["ecl_time"], TIME_LSB_NS, ecl),
    ):
        behind = (true - int(count) * lsb) % turn
        assert min(behind, turn - behind) <= lsb * (1 + 1e-6)


def test_quantize_takes_nan_as_no_time_and_refuses_other_sources() -> None:
    word = gdl_timing.quantize(
        np.array([True]), np.array([0.0]), {"top": np.array([np.nan])}, {"top": np.array([3])}
    )[0]
    assert word["top_valid"] == 0
    with pytest.raises(InputError, match="'klm' is not among ecl, top, cdc"):
        gdl_timing.quantize(np.array([True]), np.array([0.0]), {"klm": np.zeros(1)}, {})
    with pytest.raises(InputError, match="finite"):
        gdl_timing.quantize(np.array([True]), np.array([np.inf]), {}, {})
