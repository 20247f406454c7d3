"""Progress on standard error: a bar on a terminal, silence in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sim.cli import interrupt


@contextmanager
def event_progress(total: int | None) -> Iterator[Callable[[str, int], None]]:
    """Give a function that takes a sample's name and a number of finished events.

    Parameters
    ----------
    total : int, optional
        Expected number of events; unknown for files.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:>18}"), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("events", total=total or None)

        def advance(name: str, n: int) -> None:
            interrupt.check()
            bar.update(task, advance=n, description=name)

        yield advance
