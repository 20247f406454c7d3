"""Ragged arrays: rows of many windows behind each other, with the offsets of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def selected(
    offsets: NDArray[np.int64], chosen: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the offsets of chosen windows, in the given order, and the rows that they hold.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Rows of window i are ``offsets[i]`` to ``offsets[i + 1]``.
    chosen : ndarray of int, shape (m,)

    Returns
    -------
    offsets : ndarray of int64, shape (m + 1,)
    rows : ndarray of int64
    """
    sizes = np.diff(offsets)[chosen]
    new = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    rows = np.arange(new[-1]) + np.repeat(offsets[chosen] - new[:-1], sizes)
    return new, rows


def joined(offsets: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the offsets of several ragged arrays one after the other."""
    sizes = np.concatenate([np.diff(part) for part in offsets])
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
