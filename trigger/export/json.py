"""Efficiency tables as JSON, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from firmware_models.errors import InputError
from trigger.axes import Axis
from trigger.efficiency import EfficiencyTable
from trigger.intervals import ONE_SIGMA

FORMAT = "lowmult-efficiency"
FORMAT_VERSION = 1


def to_json(
    table: EfficiencyTable, method: str = "clopper-pearson", cl: float = ONE_SIGMA
) -> dict[str, Any]:
    """Return one table as plain values; bins without events have efficiency null.

    Parameters
    ----------
    table : EfficiencyTable
    method : str
        Interval of counts.
    cl : float
        Confidence level.
    """
    lo, hi = table.interval(method, cl)
    value: dict[str, Any] = {
        "line": table.line,
        "axes": [axis.as_dict() for axis in table.axes],
        "n_pass": table.n_pass.tolist(),
        "n_total": table.n_total.tolist(),
        "efficiency": _null(table.efficiency().tolist()),
        "lo": lo.tolist(),
        "hi": hi.tolist(),
        "interval": {"method": table.interval_name(method), "cl": cl},
        "bit": table.bit,
        "stage": table.stage,
        "condition": table.condition,
        "outside": table.outside.tolist(),
    }
    if table.weighted:
        value["w2_pass"], value["w2_total"] = table.w2_pass.tolist(), table.w2_total.tolist()
    return value


def bundle(
    tables: Sequence[EfficiencyTable],
    *,
    method: str = "clopper-pearson",
    cl: float = ONE_SIGMA,
    description: str = "",
) -> dict[str, Any]:
    """Return one table with its keys on top, or several under ``tables``."""
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "description": description}
    values = [to_json(table, method, cl) for table in tables]
    return {**values[0], **head} if len(values) == 1 else {**head, "tables": values}


def render(
    tables: Sequence[EfficiencyTable],
    *,
    method: str = "clopper-pearson",
    cl: float = ONE_SIGMA,
    description: str = "",
) -> str:
    """Return the text of the file."""
    text = bundle(tables, method=method, cl=cl, description=description)
    return json.dumps(text, indent=2, allow_nan=False) + "\n"


def read(path: str | Path) -> list[EfficiencyTable]:
    """Read tables back; efficiency and interval are computed anew from the counts.

    Raises
    ------
    InputError
        When the file is missing or no such table.
    """
    place = str(path)
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=place) from error
    except ValueError as error:  # of JSON and of UTF-8
        raise InputError(f"is no JSON: {error}", place=place) from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise InputError("is no efficiency table", place=place)
    if not value.get("format_version") == FORMAT_VERSION:
        raise InputError(f"format version must be {FORMAT_VERSION}", place=place)
    try:
        return [_table(item) for item in value.get("tables", [value])]
    except InputError as error:
        raise InputError(str(error), place=place) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"is damaged: {type(error).__name__}: {error}", place=place) from error


def _table(value: Mapping[str, Any]) -> EfficiencyTable:
    names = [name for name in ("n_pass", "n_total", "w2_pass", "w2_total") if name in value]
    return EfficiencyTable.from_sums(
        value["line"],
        [Axis.from_dict(axis) for axis in value["axes"]],
        {name: value[name] for name in names},
        outside=value["outside"],
        stage=value["stage"],
        condition=value["condition"],
    )


def _null(value: Any) -> Any:
    if isinstance(value, list):
        return [_null(item) for item in value]
    return None if math.isnan(value) else value
