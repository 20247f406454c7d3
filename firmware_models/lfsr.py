"""A 32-bit linear feedback shift register that gives a whole new word each step.

The recursion on the complement x of the stored state is ``x ^= x << 13; x ^= x >> 17;
x ^= x << 5`` (modulo 2³²), linear over GF(2) with the primitive characteristic polynomial
`POLYNOMIAL`: period 2³² − 1 over all states but the stored 2³² − 1. Storing the complement makes 0,
the state after reset, an ordinary one.

Source: G. Marsaglia, "Xorshift RNGs", J. Stat. Softw. 8 (2003) 14, triple (13, 17, 5).
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np

from firmware_models.kernels import njit

POLYNOMIAL = 0x1_003E_C241
"""Characteristic polynomial: bit k is the coefficient of x^k."""

LOCKED = 0xFFFFFFFF
"""The one stored state that does not move."""


@njit()
def step(state: np.int64) -> np.int64:
    """Return the state after one step; int64 in 0 to 2³² − 1."""
    mask = np.int64(0xFFFFFFFF)
    x = state ^ mask
    x ^= (x << 13) & mask
    x ^= x >> 17
    x ^= (x << 5) & mask
    return x ^ mask


def jump(state: int, steps: int) -> int:
    """Return the state after any number of steps, in about 32 operations a binary digit.

    Parameters
    ----------
    state : int
        0 to 2³² − 1.
    steps : int
        Not negative.
    """
    x = state ^ LOCKED
    k = 0
    while steps >> k:
        if (steps >> k) & 1:
            x = _apply(_power(k), x)
        k += 1
    return x ^ LOCKED


def seed_state(seed: int, line: int) -> int:
    """Return a starting state for one line: a hash, so that no two lines run alike."""
    raw = hashlib.sha256(f"{seed}/lfsr/{line}".encode()).digest()
    return int.from_bytes(raw[:4], "little") % LOCKED


@cache
def _power(k: int) -> tuple[int, ...]:
    """Return the columns of the matrix of 2**k steps: images of the unit vectors."""
    if k == 0:
        return tuple(int(step(np.int64((1 << bit) ^ LOCKED))) ^ LOCKED for bit in range(32))
    half = _power(k - 1)
    return tuple(_apply(half, column) for column in half)


def _apply(columns: tuple[int, ...], x: int) -> int:
    out = 0
    for bit, column in enumerate(columns):
        if (x >> bit) & 1:
            out ^= column
    return out
