"""Mistakes in a study are found before its first event, and say where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from firmware_models.errors import InputError, unknown_name
from sim.study.chunk import Context
from sim.study.grids import check_grid
from sim.truth import VARIABLES


def check_study(context: Context) -> None:
    """Refuse unknown lines and variables before anything runs.

    Raises
    ------
    InputError
        With the path in the study and the nearest valid name.
    """
    names = context.menu.names
    for number, entry in enumerate(context.config.efficiency):
        place = f"efficiency.{number} ({entry.label})"
        for line in (*entry.lines, *([entry.reference] if entry.reference else ())):
            if line not in names:
                raise unknown_name("line", line, names, place=f"{place}.lines")
        for key, used in (("axes", entry.axes), ("where", entry.where)):
            for item in used:
                if item.variable not in VARIABLES:
                    raise unknown_name("variable", item.variable, VARIABLES, place=f"{place}.{key}")
    for line in context.config.study.focus:
        if line not in names:
            raise unknown_name("line", line, names, place="study.focus")
    for number, grid in enumerate(context.config.grids):
        with located(f"grids.{number} ({grid.label})"):
            check_grid(grid, names)
    for number, sample in enumerate(context.samples):
        if sample.process is not None:
            table = f"samples.{number}" if number < len(context.config.samples) else "grids"
            with located(f"{table} ({sample.name})"):
                context.process(sample)


@contextmanager
def located(place: str) -> Iterator[None]:
    """Put a place before the message of an input error that comes from within."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error), place=place) from error
