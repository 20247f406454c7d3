"""Prescalers: exact counts, plain-Python equality, any chunking and any number of workers."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models import gdl_prescale as block
from firmware_models.errors import InputError
from firmware_models.gdl_prescale import COUNTER, FRACTIONAL, ONE, RANDOM, State
from trigger.bits import slice_bits, unslice_bits


def _plain(fires: list[int], mode: int, interval: int, fraction: int, state: int) -> list[int]:
    """Return which fires pass, with Python integers and the rules of the reference page."""
    passed = []
    for fire in fires:
        passes = 0
        if fire and interval:
            if mode == COUNTER:
                state += 1
                passes, state = (1, 0) if state >= interval else (0, state)
            elif mode == FRACTIONAL:
                passes, state = divmod(state + fraction, ONE)
            else:
                x = ~state & 0xFFFFFFFF
                x ^= (x << 13) & 0xFFFFFFFF
                x ^= x >> 17
                x ^= (x << 5) & 0xFFFFFFFF
                state = ~x & 0xFFFFFFFF
                passes = int(state < fraction)
        passed.append(passes)
    return passed


@st.composite
def lines(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Draw (mode, interval, fraction, phase) of one line, ends of the ranges often."""
    mode = draw(st.integers(0, 2))
    interval = draw(st.one_of(st.integers(0, 9), st.integers(0, block.MAX_INTERVAL)))
    fraction = draw(st.one_of(st.sampled_from([0, 1, ONE // 2, ONE - 1]), st.integers(0, ONE - 1)))
    high = max(interval - 1, 0) if mode == COUNTER and interval else ONE - 2
    return mode, interval, fraction, draw(st.integers(0, high))


def _registers(drawn: list[tuple[int, int, int, int]]) -> dict[str, np.ndarray]:
    names = ("mode", "interval", "fraction", "phase")
    return dict(zip(names, np.array(drawn, dtype=np.int64).T, strict=True))


@settings(max_examples=80, deadline=None)
@given(st.lists(lines(), min_size=1, max_size=12), st.integers(1, 200), st.integers(0, 2**32))
def test_rows_equal_plain_python(drawn: list[tuple[int, int, int, int]], n: int, seed: int) -> None:
    fires = np.random.default_rng(seed).random((len(drawn), n)) < 0.6
    out = unslice_bits(block.prescale_rows(slice_bits(fires), n, _registers(drawn)), n)
    for row, dense, (mode, interval, fraction, phase) in zip(out, fires, drawn, strict=True):
        assert row.astype(int).tolist() == _plain(dense.tolist(), mode, interval, fraction, phase)


def test_words_equal_rows_and_l1_is_their_or() -> None:
    rng = np.random.default_rng(4)
    n = 500
    fires = rng.random((320, n)) < 0.02
    registers = {
        "interval": rng.integers(0, 6, 320), "mode": rng.integers(0, 3, 320),
        "fraction": rng.integers(0, ONE, 320), "phase": np.zeros(320, dtype=np.int64),
    }  # fmt: skip
    out = block.evaluate(block.quantize(fires.T), registers)
    rows = unslice_bits(block.prescale_rows(slice_bits(fires), n, registers), n)
    assert np.array_equal(out["bits"].T.astype(bool), rows)
    assert np.array_equal(out["l1"].astype(bool), rows.any(axis=0))
    assert 0 < out["l1"].sum() < n


def _accepted(registers: dict[str, np.ndarray], n: int) -> int:
    """Return how many of n fires of one line pass."""
    rows = slice_bits(np.ones((1, n), dtype=bool))
    return int(np.bitwise_count(block.prescale_rows(rows, n, registers)).sum())


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 50), st.integers(0, 2000), st.data())
def test_counter_passes_exactly_the_floor(n: int, fires: int, data: st.DataObject) -> None:
    phase = data.draw(st.integers(0, n - 1))
    registers = block.line_registers([n], ["counter"], [phase])
    assert _accepted(registers, fires) == (phase + fires) // n


@settings(max_examples=60, deadline=None)
@given(st.floats(1.0, 50.0), st.integers(0, 2000), st.integers(0, ONE - 1))
def test_fractional_passes_exactly_the_floor(prescale: float, fires: int, phase: int) -> None:
    registers = block.line_registers([prescale], ["fractional"], [0 if prescale == 1 else phase])
    fraction = ONE if prescale == 1 else int(registers["fraction"][0])
    phase = int(registers["phase"][0])
    assert _accepted(registers, fires) == (phase + fires * fraction) >> 32
    # Rounded up, and still below one: prescale n is off by n²/2³² at most.
    assert abs(Fraction(fraction) - ONE / Fraction(prescale)) < 1


def test_two_and_a_half_passes_two_of_five() -> None:
    registers = block.line_registers([2.5])
    assert registers["mode"].tolist() == [FRACTIONAL]
    # 2³² / 2.5 is rounded up by 0.6: the count is that of exactly 2 in 5 for any sample below
    # 2³² / (5 · 0.6) fires.
    for fires in (*range(1, 30), 50_000, 999_999, 1_000_000):
        assert _accepted(registers, fires) == 2 * fires // 5


@given(st.fractions(1, 1000, max_denominator=20), st.integers(0, 3000))
def test_fractional_prescale_passes_fires_over_prescale(prescale: Fraction, fires: int) -> None:
    registers = block.line_registers([float(prescale)], ["fractional"])
    assert _accepted(registers, fires) == math.floor(fires / prescale)


def test_random_passes_the_fraction_on_average() -> None:
    n = 400_000
    for line, prescale in enumerate((2, 7.5, 100)):
        registers = block.line_registers([prescale], ["random"], seed=line)
        expected = n / prescale
        spread = math.sqrt(n / prescale * (1 - 1 / prescale))
        assert abs(_accepted(registers, n) - expected) < 4 * spread


def test_random_lines_are_not_correlated() -> None:
    n = 200_000
    registers = block.line_registers([4, 4], ["random", "random"], seed=3)
    rows = block.prescale_rows(slice_bits(np.ones((2, n), dtype=bool)), n, registers)
    both = int(np.bitwise_count(rows[0] & rows[1]).sum())
    assert abs(both - n / 16) < 4 * math.sqrt(n / 16)
    bits = unslice_bits(rows[:1], n)[0]
    after_pass = int((bits[1:] & bits[:-1]).sum())
    assert abs(after_pass - n / 16) < 4 * math.sqrt(n / 16)


def test_random_passes_are_geometric() -> None:
    """Gaps between passes follow the memoryless law: χ² over gaps 1 to 12."""
    n, p = 400_000, 0.25
    registers = block.line_registers([1 / p], ["random"], seed=9)
    rows = block.prescale_rows(slice_bits(np.ones((1, n), dtype=bool)), n, registers)
    gaps = np.diff(np.flatnonzero(unslice_bits(rows, n)[0]))
    expected = len(gaps) * p * (1 - p) ** np.arange(12)
    observed = np.bincount(gaps, minlength=13)[1:13]
    assert float(((observed - expected) ** 2 / expected).sum()) < 32.9  # 12 degrees, 99.9 %


@settings(max_examples=50, deadline=None)
@given(
    st.lists(lines(), min_size=1, max_size=6),
    st.integers(1, 600),
    st.lists(st.integers(0, 200), max_size=6),
    st.integers(0, 2**32),
)
def test_any_chunking_and_any_order_of_workers(
    drawn: list[tuple[int, int, int, int]], n: int, lengths: list[int], seed: int
) -> None:
    """Carrying the state, or starting each chunk from the earlier fires alone, changes nothing."""
    fires = np.random.default_rng(seed).random((len(drawn), n)) < 0.5
    registers = _registers(drawn)
    whole = unslice_bits(block.prescale_rows(slice_bits(fires), n, registers), n)
    cuts = np.minimum(np.cumsum([0, *lengths, n]), n).tolist()
    chunks = list(itertools.pairwise(cuts))
    carried = State.start(registers)
    alone: dict[int, np.ndarray] = {}
    for a, b in chunks:
        rows = block.prescale_rows(slice_bits(fires[:, a:b]), b - a, state=carried)
        assert np.array_equal(unslice_bits(rows, b - a), whole[:, a:b])
    for a, b in reversed(chunks):
        state = State.start(registers).after(fires[:, :a].sum(axis=1))
        rows = block.prescale_rows(slice_bits(fires[:, a:b]), b - a, state=state)
        alone[a] = unslice_bits(rows, b - a)
        assert np.array_equal(alone[a], whole[:, a:b])
    final = State.start(registers).after(fires.sum(axis=1))
    assert np.array_equal(final.value, carried.value)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(lines(), min_size=1, max_size=6), st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1)
)
def test_after_adds_up_for_large_numbers(
    drawn: list[tuple[int, int, int, int]], a: int, b: int
) -> None:
    start = State.start(_registers(drawn))
    n = np.ones(len(drawn), dtype=np.int64)
    once = start.after(n * a).after(n * b).value
    other = start.after(n * b).after(n * a).value
    assert np.array_equal(once, other)
    for value, (mode, interval, fraction, phase) in zip(once.tolist(), drawn, strict=True):
        if interval and mode == COUNTER:
            assert value == (phase + a + b) % interval
        elif interval and mode == FRACTIONAL:
            assert value == (phase + (a + b) * fraction) % ONE
        elif not interval:
            assert value == phase


def test_masked_line_stands_still_in_every_mode() -> None:
    registers = _registers([(COUNTER, 0, 0, 5), (FRACTIONAL, 0, 9, 5), (RANDOM, 0, 9, 5)])
    state = State.start(registers)
    rows = slice_bits(np.ones((3, 100), dtype=bool))
    assert not block.prescale_rows(rows, 100, state=state).any()
    assert state.value.tolist() == [5, 5, 5]


@pytest.mark.parametrize(
    ("prescale", "mode", "says"),
    [
        (-1, "counter", "0 (masked) or at least 1, not -1"),
        (0.5, "fractional", "at least 1, not 0.5"),
        (float("nan"), "random", "not nan"),
        (2.5, "counter", "whole number in counter mode, not 2.5"),
        (2**24, "counter", "at most 16777215"),
        (3, "countre", "nearest: 'counter'"),
    ],
)
def test_impossible_prescale_is_named(prescale: float, mode: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        block.line_registers([1, prescale], ["counter", mode], place="menu.toml: lml6")
    assert says in str(error.value)
    assert "menu.toml: lml6[1]" in str(error.value)


def test_registers_out_of_range_are_named() -> None:
    with pytest.raises(InputError, match="phase of line 0 must be 0 to 4, not 5"):
        block.line_registers([5], ["counter"], [5])
    with pytest.raises(InputError, match="interval of line 1"):
        State.start({"interval": np.array([1, 2**24])})
    with pytest.raises(InputError, match="unknown register 'intervall'"):
        State.start({"intervall": np.array([1])})
    with pytest.raises(InputError, match=r"rows must have shape \(1, 2\)"):
        block.prescale_rows(np.zeros((2, 2), np.uint64), 100, {"interval": np.array([1])})
    with pytest.raises(InputError, match="must have 320 lines"):
        block.evaluate(block.BLOCK.input.zeros(1), {"interval": np.array([1])})


def test_prescales_zero_and_one_need_no_state() -> None:
    registers = block.line_registers([0, 1, 1, 0], ["counter", "random", "fractional", "random"])
    assert registers["interval"].tolist() == [0, 1, 1, 0]
    assert registers["mode"].tolist() == [COUNTER] * 4
