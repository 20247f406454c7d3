"""The checksum of whole words against zlib, and its matrix against single bits."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_models import crc32


def _checksum(words: np.ndarray) -> int:
    value = crc32.update(np.int64(crc32.START), words, 0, len(words), crc32.tables())
    return int(value) ^ crc32.START


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), max_size=40))
def test_equals_zlib(values: list[int]) -> None:
    words = np.array(values, dtype=np.uint32)
    assert _checksum(words) == zlib.crc32(words.astype("<u4").tobytes())


def test_check_value_of_the_standard() -> None:
    """CRC-32 of "123456789" is CBF43926; its first eight bytes are two words."""
    assert zlib.crc32(b"123456789") == 0xCBF43926
    assert _checksum(np.frombuffer(b"12345678", dtype="<u4")) == zlib.crc32(b"12345678")


@pytest.mark.parametrize("start", [0, 1, 5])
def test_any_part_of_an_array(start: int) -> None:
    words = np.random.default_rng(1).integers(0, 1 << 32, 12, dtype=np.uint32)
    value = crc32.update(np.int64(crc32.START), words, start, 11, crc32.tables())
    assert int(value) ^ crc32.START == zlib.crc32(words[start:11].astype("<u4").tobytes())


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_matrix_is_one_word(value: int, word: int) -> None:
    mixed = value ^ word
    by_rows = sum(((row & mixed).bit_count() & 1) << i for i, row in enumerate(crc32.matrix()))
    # zlib continues from a checksum: its inversions undone, that is one word from `value`.
    by_zlib = zlib.crc32(word.to_bytes(4, "little"), value ^ crc32.START) ^ crc32.START
    assert by_rows == by_zlib
    assert int(crc32.add_word(np.int64(value), np.int64(word), crc32.tables())) == by_zlib
