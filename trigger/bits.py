"""Bit-sliced decisions: 64 events a word, one row a bit.

Event i of a row is bit ``i % 64`` of word ``i // 64``; bits beyond the last event are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError

Rows = NDArray[np.uint64]


def slice_bits(dense: NDArray[np.bool_] | NDArray[np.uint8]) -> Rows:
    """Pack booleans of shape (n_rows, n_events) into rows of 64-bit words."""
    n_words = -(-dense.shape[1] // 64)
    packed = np.packbits(dense.astype(np.bool_), axis=1, bitorder="little")
    out = np.zeros((dense.shape[0], n_words * 8), dtype=np.uint8)
    out[:, : packed.shape[1]] = packed
    return out.view("<u8").astype(np.uint64, copy=False)


def unslice_bits(rows: Rows, n_events: int) -> NDArray[np.bool_]:
    """Unpack rows of 64-bit words into booleans of shape (n_rows, n_events)."""
    raw = np.ascontiguousarray(rows, dtype="<u8").view(np.uint8)
    return np.unpackbits(raw, axis=1, count=n_events, bitorder="little").astype(bool)


@dataclass(frozen=True)
class BitTable:
    """Named rows of bits over events.

    Parameters
    ----------
    names : tuple of str
        Name of each row.
    rows : ndarray of uint64, shape (n_rows, ceil(n_events / 64))
    n_events : int
    """

    names: tuple[str, ...]
    rows: Rows
    n_events: int

    def __getitem__(self, name: str) -> NDArray[np.bool_]:
        """Return one row as booleans, shape ``(n_events,)``."""
        index = self.names.index(name)
        row: NDArray[np.bool_] = unslice_bits(self.rows[index : index + 1], self.n_events)[0]
        return row

    def counts(self) -> NDArray[np.int64]:
        """Return the number of events in each row."""
        counts: NDArray[np.int64] = np.bitwise_count(self.rows).sum(axis=1, dtype=np.int64)
        return counts

    @classmethod
    def from_dense(
        cls, names: Sequence[str], dense: NDArray[np.bool_] | NDArray[np.uint8]
    ) -> BitTable:
        """Build from booleans of shape (n_rows, n_events)."""
        return cls(tuple(names), slice_bits(dense), dense.shape[1])

    @classmethod
    def joined(cls, tables: Sequence[BitTable]) -> BitTable:
        """Return the rows of several tables over the same events, in their order.

        Raises
        ------
        InputError
            When the tables differ in the number of events, or two rows have one name.
        """
        n = tables[0].n_events
        names = tuple(name for table in tables for name in table.names)
        if any(table.n_events != n for table in tables):
            raise InputError(f"tables of {', '.join(str(t.n_events) for t in tables)} events")
        if len(set(names)) != len(names):
            raise InputError("two rows of the same name")
        return cls(names, np.concatenate([table.rows for table in tables]), n)
