"""Efficiency tables as flat CSV, one row a bin, and back.

Columns: ``line``, ``<axis>_lo``, ``<axis>_hi`` for each axis, ``eff``, ``err_lo``, ``err_hi``,
``n_pass``, ``n_total``, for weighted tables ``w2_pass``, ``w2_total``, then what is the same in
all rows of a table: ``stage``, ``condition``, ``interval``, ``cl``, ``axes`` (unit and flow).
No comment lines: any CSV reader takes the file as it is. Events outside all bins are not kept.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from firmware_models.errors import InputError
from trigger.axes import Axis
from trigger.efficiency import EfficiencyTable
from trigger.intervals import ONE_SIGMA

_AXIS = re.compile(r"(?P<name>.+) \[(?P<unit>[^\[\]]*)\] (?P<flow>\w+)")


def render(
    tables: Sequence[EfficiencyTable],
    *,
    method: str = "clopper-pearson",
    cl: float = ONE_SIGMA,
    description: str = "",
) -> str:
    """Return the text of the file.

    Parameters
    ----------
    tables : sequence of EfficiencyTable
        Of the same axis names, all weighted or none.
    method : str
        Interval of counts.
    cl : float
        Confidence level.
    description : str
        Has no place in a flat table; ignored.

    Raises
    ------
    InputError
        When the tables differ in columns.
    """
    del description
    rows = []
    for table in tables:
        same = {
            "stage": table.stage,
            "condition": table.condition,
            "interval": table.interval_name(method),
            "cl": cl,
            "axes": "; ".join(f"{axis.name} [{axis.unit}] {axis.flow}" for axis in table.axes),
        }
        rows += [{**row, **same} for row in table.tidy(method, cl)]
    if any(row.keys() != rows[0].keys() for row in rows):
        raise InputError("tables of one CSV file need the same axes", place="csv")
    stream = io.StringIO()
    writer = csv.DictWriter(stream, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def read(path: str | Path) -> list[EfficiencyTable]:
    """Read tables back from the counts.

    Raises
    ------
    InputError
        When the file is missing, lacks columns or bins, or holds no numbers.
    """
    place = str(path)
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=place) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"is no CSV: {error}", place=place) from error
    if not rows:
        raise InputError("holds no rows", place=place)
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise InputError("has more or fewer values than the heading", place=f"{place}:{number}")
    tables = []
    try:
        for _, group in itertools.groupby(rows, key=_head):
            tables.append(_table(list(group)))
    except InputError as error:
        raise InputError(str(error), place=place) from error
    except KeyError as error:
        raise InputError(f"column {error} is missing", place=place) from error
    except (ValueError, TypeError) as error:
        raise InputError(f"is damaged: {error}", place=place) from error
    return tables


def _head(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("line", "stage", "condition", "axes"))


def _table(rows: list[dict[str, str]]) -> EfficiencyTable:
    axes = []
    for text in rows[0]["axes"].split("; "):
        match = _AXIS.fullmatch(text)
        if match is None:
            raise InputError(f"column 'axes' must read 'name [unit] flow', not {text!r}")
        axes.append(_axis(match["name"], match["unit"], match["flow"], rows))
    shape = tuple(len(axis) for axis in axes)
    bins = [tuple(axis.edges.index(float(row[f"{axis.name}_lo"])) for axis in axes) for row in rows]
    if sorted(bins) != list(np.ndindex(shape)):
        raise InputError(f"{len(rows)} rows do not fill the {np.prod(shape)} bins once each")
    names = [name for name in ("n_pass", "n_total", "w2_pass", "w2_total") if name in rows[0]]
    sums: dict[str, np.ndarray[Any, Any]] = {name: np.zeros(shape) for name in names}
    for where, row in zip(bins, rows, strict=True):
        for name in names:
            sums[name][where] = float(row[name])
    return EfficiencyTable.from_sums(
        rows[0]["line"], axes, sums, stage=rows[0]["stage"], condition=rows[0]["condition"]
    )


def _axis(name: str, unit: str, flow: str, rows: list[dict[str, str]]) -> Axis:
    bins = sorted({(float(row[f"{name}_lo"]), float(row[f"{name}_hi"])) for row in rows})
    edges = [lo for lo, _ in bins] + [bins[-1][1]]
    if any(hi != edge for (_, hi), edge in zip(bins, edges[1:], strict=True)):
        raise InputError(f"bins of {name} leave gaps or overlap")
    return Axis(name, unit, edges, flow)
