"""The shift register against plain integers and its polynomial's algebra."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from firmware_models.lfsr import LOCKED, POLYNOMIAL, jump, seed_state, step

states = st.integers(0, LOCKED - 1)


def _plain(state: int) -> int:
    x = ~state & 0xFFFFFFFF
    x ^= (x << 13) & 0xFFFFFFFF
    x ^= x >> 17
    x ^= (x << 5) & 0xFFFFFFFF
    return ~x & 0xFFFFFFFF


def _times(a: int, b: int) -> int:
    """Multiply two polynomials over GF(2) modulo the register's."""
    out = 0
    while b:
        if b & 1:
            out ^= a
        b >>= 1
        a <<= 1
        if a >> 32:
            a ^= POLYNOMIAL
    return out


def _power(exponent: int) -> int:
    """Return x to a power modulo the register's polynomial."""
    out, base = 1, 2
    while exponent:
        if exponent & 1:
            out = _times(out, base)
        base = _times(base, base)
        exponent >>= 1
    return out


@given(states)
def test_step_is_the_recursion(state: int) -> None:
    assert int(step(np.int64(state))) == _plain(state)


@given(states)
def test_polynomial_annihilates_the_sequence(state: int) -> None:
    """Sum of the states whose power of x is in the polynomial is zero (Cayley and Hamilton)."""
    total, x = 0, state
    for k in range(33):
        if (POLYNOMIAL >> k) & 1:
            total ^= x ^ LOCKED
        x = _plain(x)
    assert total == 0


def test_period_is_maximal() -> None:
    """x has order 2**32 - 1 = 3 · 5 · 17 · 257 · 65537: the polynomial is primitive."""
    order = 2**32 - 1
    assert order == 3 * 5 * 17 * 257 * 65537
    assert _power(order) == 1
    for prime in (3, 5, 17, 257, 65537):
        assert _power(order // prime) != 1


@given(states, st.integers(0, 3000))
def test_jump_is_repeated_steps(state: int, steps: int) -> None:
    x = state
    for _ in range(steps):
        x = _plain(x)
    assert jump(state, steps) == x


@given(states, st.integers(0, 2**31), st.integers(0, 2**31))
def test_jumps_add_up(state: int, a: int, b: int) -> None:
    assert jump(jump(state, a), b) == jump(state, a + b)


@given(states)
def test_period_returns(state: int) -> None:
    assert jump(state, 2**32 - 1) == state


def test_locked_state_alone_stands_still() -> None:
    assert int(step(np.int64(LOCKED))) == LOCKED


def test_seeds_differ_by_line_and_seed() -> None:
    seeds = {seed_state(seed, line) for seed in range(10) for line in range(320)}
    assert len(seeds) == 3200
    assert LOCKED not in seeds
