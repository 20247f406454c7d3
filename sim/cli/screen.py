"""Tables and numbers on standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence

WIDTH = 120
"""Columns when the output is no terminal."""


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column is aligned left, the others right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=Text(title), title_justify="left")
    for i, column in enumerate(columns):
        grid.add_column(Text(column), justify="right" if i else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    width = None if sys.stdout.isatty() else WIDTH
    Console(file=sys.stdout, width=width, highlight=False).print(grid)


def line(text: str) -> None:
    """Print one line of plain text."""
    sys.stdout.write(text + "\n")


def short(value: float) -> str:
    """Return a number with about four digits: 12,345.6, 0.01234, 1.23e-07."""
    if value == 0:
        return "0"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def measured(value: float, error: float) -> str:
    """Return a value and its error, the error with two digits."""
    if not error > 0:
        return short(value)
    from math import floor, log10

    digits = 1 - floor(log10(error))
    if not -3 < digits < 7:
        return f"{value:.3e} ± {error:.1e}"
    places = max(digits, 0)
    return f"{value:,.{places}f} ± {error:,.{places}f}"
