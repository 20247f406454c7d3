"""Numbers as people read them: with an error, the error has two digits."""

from __future__ import annotations

from math import floor, isnan, log10


def short(value: float) -> str:
    """Return a number with about four digits: 12,345.6, 0.01234, 1.23e-07."""
    if isnan(value):
        return "–"
    if value == 0:
        return "0"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def measured(value: float, error: float) -> str:
    """Return a value and its error, the error with two digits."""
    if not error > 0:
        return short(value)
    digits = 1 - floor(log10(error))
    if not -3 < digits < 7:
        return f"{value:.3e} ± {error:.1e}"
    places = max(digits, 0)
    return f"{value:,.{places}f} ± {error:,.{places}f}"
