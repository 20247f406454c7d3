"""CRC-32 of IEEE 802.3 on streams of 32-bit words, first byte of a word lowest.

Polynomial 0x04C11DB7 with reflected bits (0xEDB88320), start and final inversion 0xFFFFFFFF: the
checksum that ``zlib.crc32`` gives for the same bytes. The running value here is the one before the
final inversion.

Several bytes a step by tables: M. E. Kounavis and F. L. Berry, "A Systematic Approach to Building
High Performance Software-Based CRC Generators", ISCC 2005.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit

POLYNOMIAL = 0xEDB88320
"""Reflected polynomial of IEEE 802.3."""

START = 0xFFFFFFFF
"""Running value before the first word, and what the final value is inverted with."""


@cache
def tables() -> NDArray[np.uint32]:
    """Return the tables of `update` and `add_word`, shape ``(8, 256)``.

    Row k is the effect of a byte that is followed by k more bytes.
    """
    out = np.zeros((8, 256), dtype=np.int64)
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (POLYNOMIAL if value & 1 else 0)
        out[0, byte] = value
    for k in range(1, 8):
        out[k] = (out[k - 1] >> 8) ^ out[0, out[k - 1] & 0xFF]
    table = out.astype(np.uint32)
    table.flags.writeable = False
    return table


@cache
def matrix() -> tuple[int, ...]:
    """Return the 32 rows of the matrix over GF(2) that one word applies.

    Bit i of the next value is the parity of ``row[i] & (value ^ word)``.
    """
    rows = [0] * 32
    for column in range(32):
        value = 1 << column
        for _ in range(32):
            value = (value >> 1) ^ (POLYNOMIAL if value & 1 else 0)
        for i in range(32):
            rows[i] |= ((value >> i) & 1) << column
    return tuple(rows)


@njit()
def add_word(value, word, table):  # type: ignore[no-untyped-def]
    """Return the running value after one more word; both int64 in 0 to 2³² − 1."""
    x = value ^ word
    return (
        np.int64(table[3, x & 255])
        ^ np.int64(table[2, (x >> 8) & 255])
        ^ np.int64(table[1, (x >> 16) & 255])
        ^ np.int64(table[0, x >> 24])
    )


@njit()
def update(value, words, start, stop, table):  # type: ignore[no-untyped-def]
    """Return the running value after the words ``words[start:stop]`` (uint32), two a step."""
    at = start
    while at + 2 <= stop:
        x = value ^ np.int64(words[at])
        y = np.int64(words[at + 1])
        value = (
            np.int64(table[7, x & 255])
            ^ np.int64(table[6, (x >> 8) & 255])
            ^ np.int64(table[5, (x >> 16) & 255])
            ^ np.int64(table[4, x >> 24])
            ^ np.int64(table[3, y & 255])
            ^ np.int64(table[2, (y >> 8) & 255])
            ^ np.int64(table[1, (y >> 16) & 255])
            ^ np.int64(table[0, y >> 24])
        )
        at += 2
    if at < stop:
        value = add_word(value, np.int64(words[at]), table)
    return value
