"""Efficiency tables as a correctionlib v2 correction set.

For the line lml6 the corrections are

* ``L1FTDL_lml6``: efficiency; inputs are the axes, then ``systematic``: ``nominal``, ``stat_up``
  and ``stat_down`` (upper and lower bound of the interval);
* ``L1FTDL_lml6_n_pass`` and ``L1FTDL_lml6_n_total``: counts (or sums of weights, then also
  ``_w2_pass`` and ``_w2_total``) of the bin, to join bins or to take another interval;
* ``L1FTDL_lml6_bin``: number of the bin, row-major, to correlate objects of the same bin.

Outside the edges an axis takes its nearest bin (flow ``clamp``) or refuses (flow ``error``). A bin
without events has nominal NaN, between 0 (``stat_down``) and 1 (``stat_up``). JSON has no NaN, so
such a bin is the formula 0/0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import correctionlib
import correctionlib.schemav2 as schema
import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from trigger.efficiency import EfficiencyTable
from trigger.intervals import ONE_SIGMA

SYSTEMATIC = "systematic"
KEYS = ("nominal", "stat_up", "stat_down")


def name_of(table: EfficiencyTable) -> str:
    """Return the name of the correction, such as ``L1FTDL_lml6``."""
    return f"L1{table.stage.upper()}_{table.line}"


def correction_set(
    tables: Sequence[EfficiencyTable],
    *,
    method: str = "clopper-pearson",
    cl: float = ONE_SIGMA,
    description: str = "",
) -> schema.CorrectionSet:
    """Return the corrections of all tables.

    Parameters
    ----------
    tables : sequence of EfficiencyTable
        One a line; tables measured with a reference line are not told apart by name.
    method : str
        Interval of counts.
    cl : float
        Confidence level.
    description : str
        Where the tables come from.

    Raises
    ------
    InputError
        When two tables have the same name or an axis is called ``systematic``.
    """
    names = [name_of(table) for table in tables]
    if len(set(names)) != len(names):
        raise InputError(f"doubled line in {', '.join(names)}", place="correctionlib")
    if any(axis.name == SYSTEMATIC for table in tables for axis in table.axes):
        raise InputError(f"{SYSTEMATIC!r} cannot name an axis", place="correctionlib")
    corrections = []
    for table in tables:
        corrections.append(_efficiency(table, method, cl))
        corrections += _counts(table)
    return schema.CorrectionSet(
        schema_version=2, description=description or None, corrections=corrections
    )


def render(
    tables: Sequence[EfficiencyTable],
    *,
    method: str = "clopper-pearson",
    cl: float = ONE_SIGMA,
    description: str = "",
) -> str:
    """Return the text of the file, which the correctionlib evaluator has loaded once."""
    built = correction_set(tables, method=method, cl=cl, description=description)
    text: str = built.model_dump_json(exclude_unset=True, indent=1) + "\n"
    correctionlib.CorrectionSet.from_string(text)
    return text


def _efficiency(table: EfficiencyTable, method: str, cl: float) -> schema.Correction:
    lo, hi = table.interval(method, cl)
    values = dict(zip(KEYS, (table.efficiency(), hi, lo), strict=True))
    data = schema.Category(
        nodetype="category",
        input=SYSTEMATIC,
        content=[
            schema.CategoryItem(key=key, value=_binned(table, value.__getitem__))
            for key, value in values.items()
        ],
    )
    given = f" among events with {table.condition}" if table.condition else ""
    return _correction(
        table, "", "efficiency", data, [*_inputs(table), schema.Variable(
            name=SYSTEMATIC, type="string",
            description="nominal, stat_up or stat_down: value, upper or lower bound",
        )],
        f"Efficiency of {table.bit}{given}; {table.interval_name(method)} interval, "
        f"confidence level {cl:g}",
    )  # fmt: skip


def _counts(table: EfficiencyTable) -> list[schema.Correction]:
    what = "sum of weights" if table.weighted else "number"
    arrays: dict[str, tuple[NDArray[Any], str]] = {
        "n_pass": (table.n_pass, f"{what} of passing events in the bin"),
        "n_total": (table.n_total, f"{what} of all events in the bin"),
    }
    if table.weighted:
        arrays["w2_pass"] = (table.w2_pass, "sum of squared weights of passing events")
        arrays["w2_total"] = (table.w2_total, "sum of squared weights of all events")
    numbers = np.arange(int(np.prod(table.shape))).reshape(table.shape)
    arrays["bin"] = (numbers, "number of the bin, row-major, from 0")
    return [
        _correction(
            table, f"_{name}", name, _binned(table, array.__getitem__), _inputs(table), text
        )
        for name, (array, text) in arrays.items()
    ]


def _correction(
    table: EfficiencyTable,
    suffix: str,
    output: str,
    data: Any,
    inputs: list[schema.Variable],
    text: str,
) -> schema.Correction:
    return schema.Correction(
        name=name_of(table) + suffix, description=text, version=1, inputs=inputs,
        output=schema.Variable(name=output, type="real"), data=data,
    )  # fmt: skip


def _inputs(table: EfficiencyTable) -> list[schema.Variable]:
    return [
        schema.Variable(name=axis.name, type="real", description=f"[{axis.unit or '1'}]")
        for axis in table.axes
    ]


def _binned(table: EfficiencyTable, value: Callable[[Any], Any], where: tuple[int, ...] = ()) -> Any:  # fmt: skip  # noqa: E501
    """Nest one binning an axis, because each axis has its own flow."""
    if len(where) == len(table.axes):
        number = float(value(where))
        return _not_a_number(table) if np.isnan(number) else number
    axis = table.axes[len(where)]
    return schema.Binning(
        nodetype="binning", input=axis.name, edges=list(axis.edges), flow=axis.flow,
        content=[_binned(table, value, (*where, i)) for i in range(len(axis))],
    )  # fmt: skip


def _not_a_number(table: EfficiencyTable) -> schema.Formula:
    return schema.Formula(
        nodetype="formula", expression="0/0", parser="TFormula", variables=[table.axes[0].name]
    )
