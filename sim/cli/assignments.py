"""Arguments of the form NAME=VALUE and NAME:RANGE, with errors that say what was given."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from firmware_models.errors import InputError, shortened

_PLUS_MINUS = re.compile(r"±|\+/-|\+-")


def split(text: str, option: str, form: str) -> tuple[str, str]:
    """Split NAME=VALUE.

    Parameters
    ----------
    text : str
        What was given.
    option, form : str
        The option and its form, for the message.

    Raises
    ------
    InputError
        Without a name, an equals sign and a value.
    """
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise InputError(f"must read {form}, not {shortened(text)!r}", place=option)
    return name, value


def number(text: str, option: str) -> float:
    """Return a finite number.

    Raises
    ------
    InputError
        For anything else.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"must be a finite number, not {shortened(text)!r}", place=option)
    return value


def with_error(text: str, option: str) -> tuple[float, float]:
    """Return value and error of ``300±3``, ``300+-3``, ``300+/-3`` or ``300`` (error 0)."""
    parts = _PLUS_MINUS.split(text)
    if len(parts) > 2:
        raise InputError(f"must read VALUE or VALUE±ERROR, not {shortened(text)!r}", place=option)
    return number(parts[0], option), number(parts[1], option) if len(parts) == 2 else 0.0


def steps(text: str, option: str) -> tuple[str, list[float]]:
    """Return name and edges of ``NAME:LOW:HIGH:STEP`` or ``NAME:EDGE,EDGE,…``.

    Edges are computed in decimal, so that 0.1:0.5:0.1 has the edge 0.3 and not its neighbour.

    Raises
    ------
    InputError
        When the form is another or the step does not divide the range.
    """
    form = "NAME:LOW:HIGH:STEP or NAME:EDGE,EDGE,…"
    name, *rest = text.split(":")
    if not name or len(rest) not in (1, 3):
        raise InputError(f"must read {form}, not {shortened(text)!r}", place=option)
    if len(rest) == 1:
        return name, [number(part, option) for part in rest[0].split(",")]
    low, high, step = (_decimal(part, option) for part in rest)
    if step <= 0 or high <= low:
        raise InputError(f"needs LOW < HIGH and STEP > 0, not {shortened(text)!r}", place=option)
    n = (high - low) / step
    if n != n.to_integral_value():
        raise InputError(f"{step} does not divide the range {low} to {high}", place=option)
    if n > 100_000:
        raise InputError(f"{n} bins are too many", place=option)
    return name, [float(low + i * step) for i in range(int(n) + 1)]


def bounds(text: str, option: str) -> tuple[str, tuple[float, float]]:
    """Return name and range of ``NAME:LOW:HIGH``; an empty bound is open."""
    parts = text.split(":")
    if len(parts) != 3 or not parts[0]:
        raise InputError(f"must read NAME:LOW:HIGH, not {shortened(text)!r}", place=option)
    low = number(parts[1], option) if parts[1] else -math.inf
    high = number(parts[2], option) if parts[2] else math.inf
    if not low < high:
        raise InputError(
            f"needs LOW < HIGH, not {shortened(text)!r}: no event can be inside", place=option
        )
    return parts[0], (low, high)


def unique(given: Sequence[str], option: str) -> tuple[str, ...]:
    """Return what was given, or refuse anything that was given twice.

    Raises
    ------
    InputError
    """
    for i, name in enumerate(given):
        if name in given[:i]:
            raise InputError(f"given twice: {shortened(name)}", place=option)
    return tuple(given)


def names(text: str, option: str) -> Sequence[str]:
    """Return the names of ``NAME,NAME,…``."""
    found = [part.strip() for part in text.split(",")]
    if not all(found):
        raise InputError(f"must read NAME,NAME,…, not {shortened(text)!r}", place=option)
    return unique(found, option)


def _decimal(text: str, option: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) > 10**12:
        raise InputError(f"must be a finite number, not {shortened(text)!r}", place=option)
    return value
