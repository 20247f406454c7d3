"""Range checks of the theory's arguments."""

from __future__ import annotations

import math

from firmware_models.errors import InputError

DEPTH_MAX = 10_000
"""Deepest buffer: the embedded chains take a time that grows with its square."""

LOAD_MAX = 500.0
"""Highest load of an embedded chain: e**-load must stay far from the smallest float."""


def number(name: str, value: float, low: float = 0.0, high: float = math.inf) -> float:
    """Return a finite number in [low, high].

    Raises
    ------
    InputError
        For anything else.
    """
    if not (math.isfinite(value) and low <= value <= high):
        allowed = f"in {low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
        raise InputError(f"{name} must be {allowed}, not {value!r}")
    return float(value)


def positive(name: str, value: float) -> float:
    """Return a finite number above 0.

    Raises
    ------
    InputError
        For anything else.
    """
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} must be above 0, not {value!r}")
    return float(value)


def count(name: str, value: int, low: int = 1, high: int = DEPTH_MAX) -> int:
    """Return a whole number in [low, high].

    Raises
    ------
    InputError
        For anything else.
    """
    if not (math.isfinite(value) and value == int(value) and low <= value <= high):
        raise InputError(f"{name} must be a whole number in {low} to {high}, not {value!r}")
    return int(value)
