"""Layout and metadata of decision files."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import pyarrow as pa

from firmware_models.errors import InputError, shortened
from trigger.decisions import LEVEL1, STAGES, MenuId, Provenance, basf2_name, column
from trigger.samples import Sample

FORMAT = "lowmult-decisions"
FORMAT_VERSION = 1

PROVENANCE_KEY, SAMPLES_KEY = b"lowmult", b"lowmult.samples"

Tally = dict[str, dict[str, float]]
"""For each process ``n_events``, ``sum_w``, ``sum_w2``."""


def compatible(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Return whether a column of one type can be read as another."""
    if pa.types.is_dictionary(wanted):
        value = found.value_type if pa.types.is_dictionary(found) else found
        return bool(pa.types.is_string(value) or pa.types.is_large_string(value))
    return bool(found == wanted)


def make_schema(provenance: Provenance) -> pa.Schema:
    """Return the columns of a file, with units, basf2 names and provenance as metadata."""
    text = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "package_version": metadata.version("lowmult"),
        "menu": provenance.menu.as_dict(),
        "lines": list(provenance.lines),
        "prescales": list(provenance.prescales),
        "truth": dict(provenance.truth),
        "configuration": dict(provenance.configuration),
        "seed": provenance.seed,
    }
    fields = [
        pa.field("event", pa.int64(), nullable=False),
        pa.field("process", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("weight", pa.float64(), nullable=False),
        *(
            pa.field(name, pa.float64(), nullable=False, metadata={"unit": unit})
            for name, unit in provenance.truth.items()
        ),
        pa.field(LEVEL1, pa.bool_(), nullable=False),
        *(
            pa.field(column(stage, line), pa.bool_(), nullable=False,
                     metadata={"basf2_name": basf2_name(stage, line)})
            for stage in STAGES
            for line in provenance.lines
        ),
    ]  # fmt: skip
    return pa.schema(fields, metadata={PROVENANCE_KEY: json.dumps(text).encode()})


def parse_metadata(stored: Mapping[bytes, bytes], place: str) -> tuple[Provenance, Tally]:
    """Return provenance and tally from the metadata of a file.

    Raises
    ------
    InputError
        When they are missing, damaged, or of a newer version.
    """
    if PROVENANCE_KEY not in stored or SAMPLES_KEY not in stored:
        raise InputError("is Parquet, but not a file of decisions", place=place)
    text, samples = (_table(stored[key], place) for key in (PROVENANCE_KEY, SAMPLES_KEY))
    if text.get("format") != FORMAT:
        raise _damaged("format", text.get("format"), repr(FORMAT), place)
    version = text.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise _damaged("format_version", version, "a whole number", place)
    if version > FORMAT_VERSION:
        raise InputError(
            f"format version {_brief(version)} is newer than {FORMAT_VERSION}: update the package",
            place=place,
        )
    seen = {}
    for name, entry in samples.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("normalisation"), dict):
            raise _damaged(f"normalisation of {name!r}", entry, "a table", place)
        seen[name] = _tally(entry.get("seen"), f"seen of {name!r}", place)
    prescales = text.get("prescales")
    if not isinstance(prescales, list) or not all(_is_number(value) for value in prescales):
        raise _damaged("prescales", prescales, "a list of finite numbers", place)
    seed = text.get("seed")
    if not (seed is None or (isinstance(seed, int) and not isinstance(seed, bool))):
        raise _damaged("seed", seed, "a whole number or null", place)
    if not isinstance(text.get("configuration"), dict):
        raise _damaged("configuration", text.get("configuration"), "a table", place)
    if not isinstance(text.get("package_version"), str):
        raise _damaged("package_version", text.get("package_version"), "a text", place)
    lines = text.get("lines")
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise _damaged("lines", lines, "a list of names", place)
    provenance = Provenance(
        tuple(lines), tuple(float(value) for value in prescales), _menu(text.get("menu"), place),
        _texts(text.get("truth"), "truth", place),
        {name: Sample.from_dict(entry["normalisation"], f"{place}: {name}")
         for name, entry in samples.items()},
        text["configuration"], seed, text["package_version"],
    )  # fmt: skip
    return provenance.checked(place), seen


def _table(raw: bytes, place: str) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError("metadata are damaged: not JSON", place=place) from error
    if not isinstance(value, dict):
        raise InputError("metadata are damaged: not a JSON table", place=place)
    return value


def _tally(value: Any, key: str, place: str) -> dict[str, float]:
    names = ("n_events", "sum_w", "sum_w2")
    good = isinstance(value, dict) and set(value) == set(names)
    if not good or not all(_is_number(item) for item in value.values()):
        raise _damaged(key, value, f"a table of the numbers {', '.join(names)}", place)
    n = value["n_events"]
    if not isinstance(n, int) or n < 0:
        raise _damaged(f"{key}: n_events", n, "a whole number, 0 or more", place)
    return dict(value)


def _menu(value: Any, place: str) -> MenuId:
    names = _texts(value, "menu", place)
    if set(names) != {"name", "version", "sha256"}:
        raise _damaged("menu", sorted(names), "a table of name, version and sha256", place)
    return MenuId(**names)


def _texts(value: Any, key: str, place: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise _damaged(key, value, "a table of texts", place)
    return dict(value)


def _is_number(value: Any) -> bool:
    """Tell whether a value of JSON is a number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _brief(value: Any) -> str:
    try:
        return shortened(json.dumps(value), 60)
    except ValueError:  # a whole number of more digits than Python prints
        return "a number that is too long to show"


def _damaged(key: str, value: Any, needed: str, place: str) -> InputError:
    given = "missing" if value is None else f"{_brief(value)}"
    return InputError(f"metadata are damaged: {key} is {given}, needed: {needed}", place=place)
