"""Refuse impossible backgrounds, signals, levels and uncertainties, with one message each."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.errors import InputError
from trigger.intervals import check_level

FloatArray = NDArray[np.float64]


def checked_counts(values: ArrayLike, name: str) -> FloatArray:
    """Return expected counts as float64; refuse what is negative or not finite.

    Raises
    ------
    InputError
    """
    try:
        counts = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers, not {values!r}") from None
    wrong = ~(np.isfinite(counts) & (counts >= 0))
    if wrong.any():
        raise InputError(f"{name} must be finite and at least 0, not {counts[wrong].flat[0]}")
    return counts


def checked_bins(background: ArrayLike, signal: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return background and signal of the bins, both of shape (n_bin,).

    Raises
    ------
    InputError
        When they are not lists of the same length.
    """
    b, s = checked_counts(background, "background"), checked_counts(signal, "signal")
    if b.ndim != 1 or b.shape != s.shape or not b.size:
        raise InputError(
            "background and signal must be one number a bin, of the same length, "
            f"not of shapes {b.shape} and {s.shape}"
        )
    return b, s


def checked_level(cl: float) -> float:
    """Return the confidence level as a float between 0 and 1.

    Raises
    ------
    InputError
        A level above 1 gets the hint that it looks like per cent.
    """
    try:
        level = float(cl)
    except (TypeError, ValueError):
        raise InputError(f"confidence level must be a number, not {cl!r}") from None
    if 1 < level < 100:
        raise InputError(
            f"confidence level must lie between 0 and 1, not {cl} (nearest: {level / 100:g})"
        )
    check_level(level)
    return level


def checked_uncertainty(value: float, name: str = "signal uncertainty") -> float:
    """Return a relative uncertainty, 0.05 for 5 %.

    Raises
    ------
    InputError
    """
    try:
        relative = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a number, not {value!r}") from None
    if not (math.isfinite(relative) and relative >= 0):
        raise InputError(f"{name} must be finite and at least 0, not {value}")
    return relative
