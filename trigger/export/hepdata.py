"""Efficiency tables as a HEPData submission in a single YAML file.

One HEPData table a line: the bins as independent variables; efficiency with asymmetric errors and
the counts as dependent variables. Bins without events have the value ``-``. The documents are
checked against HEPData's schemas before they are written.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]

from firmware_models.errors import InputError
from trigger.efficiency import EfficiencyTable
from trigger.intervals import ONE_SIGMA

SQRT_S_GEV = 10.58
"""Centre-of-mass energy at the Y(4S) [GeV] (section A of the physics reference notes)."""

MAX_NAME = 64
"""Longest name of a table that HEPData's schema takes."""


def documents(
    tables: Sequence[EfficiencyTable],
    *,
    method: str = "clopper-pearson",
    cl: float = ONE_SIGMA,
    description: str = "",
    sqrt_s_gev: float = SQRT_S_GEV,
) -> list[dict[str, Any]]:
    """Return the YAML documents: a heading, then one a table.

    Parameters
    ----------
    tables : sequence of EfficiencyTable
    method : str
        Interval of counts.
    cl : float
        Confidence level.
    description : str
        Where the tables come from.
    sqrt_s_gev : float
        Centre-of-mass energy [GeV], a keyword of HEPData.
    """
    heading: dict[str, Any] = {"comment": description or "Level-1 trigger efficiencies"}
    return [heading, *(_document(table, method, cl, sqrt_s_gev) for table in tables)]


def render(
    tables: Sequence[EfficiencyTable],
    *,
    method: str = "clopper-pearson",
    cl: float = ONE_SIGMA,
    description: str = "",
) -> str:
    """Return the text of the file.

    Raises
    ------
    InputError
        When HEPData's schemas refuse it, such as for a name that is too long.
    """
    parts = documents(tables, method=method, cl=cl, description=description)
    validate(parts)
    return str(yaml.safe_dump_all(parts, sort_keys=False, allow_unicode=True, width=100))


def validate(parts: Sequence[dict[str, Any]]) -> None:
    """Check documents against the schemas of HEPData that come with `hepdata_validator`.

    Raises
    ------
    InputError
        With the first complaint.
    """
    data_names = ("independent_variables", "dependent_variables")
    heading, *rest = parts
    submission = [heading]
    for number, part in enumerate(rest):
        head = {name: value for name, value in part.items() if name not in data_names}
        submission.append({**head, "data_file": f"table{number}.yaml"})
        data = {name: part[name] for name in data_names}
        _check("DataFileValidator", "data_file_validator", data, str(part["name"]))
    _check("SubmissionFileValidator", "submission_file_validator", submission, "submission")


def _check(name: str, module: str, data: Any, place: str) -> None:
    with warnings.catch_warnings():
        # The validator imports a deprecated class of jsonschema.
        warnings.simplefilter("ignore", DeprecationWarning)
        validator = getattr(importlib.import_module(f"hepdata_validator.{module}"), name)()
        good = validator.validate(file_path=place, data=data)
    if not good:
        message = validator.get_messages(place)[0].message
        raise InputError(f"HEPData refuses: {message}", place=place)


def _document(table: EfficiencyTable, method: str, cl: float, sqrt_s_gev: float) -> dict[str, Any]:
    rows = table.tidy(method, cl)
    given = f" given {table.condition}" if table.condition else ""
    text = (
        f"Efficiency of the Level-1 bit {table.bit}{given} in bins of "
        f"{', '.join(axis.name for axis in table.axes)}. Errors: {table.interval_name(method)} "
        f"interval at a confidence level of {cl:g}."
    )
    qualifiers = [{"name": "Bit", "value": table.bit}]
    counts = "sum of weights" if table.weighted else "events"
    return {
        "name": f"Efficiency of {table.bit}{given}",
        "description": text,
        "keywords": [
            {"name": "cmenergies", "values": [sqrt_s_gev]},
            {"name": "observables", "values": ["EFF"]},
            {"name": "phrases", "values": ["Trigger efficiency", "Level-1 trigger"]},
        ],
        "independent_variables": [
            {
                "header": _header(axis.name, axis.unit),
                "values": [
                    {"low": r[f"{axis.name}_lo"], "high": r[f"{axis.name}_hi"]} for r in rows
                ],
            }
            for axis in table.axes
        ],
        "dependent_variables": [
            {
                "header": {"name": "Efficiency"},
                "qualifiers": qualifiers,
                "values": [_efficiency(row) for row in rows],
            },
            *(
                {
                    "header": {"name": f"{label} ({counts})"},
                    "qualifiers": qualifiers,
                    "values": [{"value": row[name]} for row in rows],
                }
                for name, label in (("n_pass", "Passing"), ("n_total", "All"))
            ),
        ],
    }


def _header(name: str, unit: str) -> dict[str, str]:
    return {"name": name, "units": unit} if unit else {"name": name}


def _efficiency(row: dict[str, Any]) -> dict[str, Any]:
    if math.isnan(row["eff"]):
        return {"value": "-"}
    errors = {"minus": -row["err_lo"], "plus": row["err_hi"]}
    return {"value": row["eff"], "errors": [{"asymerror": errors, "label": "stat"}]}
