"""Tables and numbers on standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sim.report.numbers import measured, short

__all__ = ["line", "measured", "short", "table"]

WIDTH = 1000
"""Most columns when the output is no terminal: there a table is as wide as it has to be."""


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table under its title; the first column is aligned left, the others right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table()
    for i, column in enumerate(columns):
        grid.add_column(Text(column), justify="right" if i else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    # A title of the table's own would be wrapped at its width.
    line(title)
    width = None if sys.stdout.isatty() else WIDTH
    console = Console(file=sys.stdout, width=width, highlight=False)
    with console.capture() as text:
        console.print(grid)
    # Written here: rich would end the program when nobody reads any more.
    sys.stdout.write(text.get())


def line(text: str) -> None:
    """Print one line of plain text."""
    sys.stdout.write(text + "\n")
