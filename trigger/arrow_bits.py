"""Rows of 64-bit words as Arrow boolean columns: the same bits, so hardly any work."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trigger.bits import Rows, slice_bits


def to_arrow(row: NDArray[np.uint64], n_events: int) -> pa.BooleanArray:
    """Return one row of words as a boolean column.

    Arrow packs booleans least significant bit first, as the words do in little-endian order.

    Parameters
    ----------
    row : ndarray of uint64, shape (ceil(n_events / 64),)
    n_events : int
    """
    buffer = pa.py_buffer(np.ascontiguousarray(row, dtype="<u8").tobytes())
    return pa.Array.from_buffers(pa.bool_(), n_events, [None, buffer])


def from_arrow(array: pa.BooleanArray) -> NDArray[np.uint64]:
    """Return a boolean column without nulls as one row of words; bits beyond the end are 0."""
    n = len(array)
    words = np.zeros(-(-n // 64), dtype=np.uint64)
    if n == 0:
        return words
    if array.offset % 8:
        row: Rows = slice_bits(array.to_numpy(zero_copy_only=False)[None, :])[0]
        return row
    first, n_bytes = array.offset // 8, -(-n // 8)
    raw = np.frombuffer(array.buffers()[1], dtype=np.uint8)[first : first + n_bytes]
    padded = np.zeros(len(words) * 8, dtype=np.uint8)
    padded[:n_bytes] = raw
    if n % 8:
        padded[n_bytes - 1] &= (1 << (n % 8)) - 1
    words[:] = padded.view("<u8")
    return words
