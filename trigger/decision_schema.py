"""Layout and metadata of decision files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import pyarrow as pa

from firmware_models.errors import InputError
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
    try:
        text = json.loads(stored[PROVENANCE_KEY])
        samples: dict[str, Any] = json.loads(stored[SAMPLES_KEY])
        if text["format"] != FORMAT:
            raise InputError(f"format {text['format']!r}, needed {FORMAT!r}", place=place)
        if text["format_version"] > FORMAT_VERSION:
            raise InputError(
                f"format version {text['format_version']} is newer than {FORMAT_VERSION}: "
                "update the package",
                place=place,
            )
        seen = {name: dict(entry["seen"]) for name, entry in samples.items()}
        provenance = Provenance(
            tuple(text["lines"]), tuple(float(value) for value in text["prescales"]),
            MenuId(**text["menu"]), dict(text["truth"]),
            {name: Sample.from_dict(entry["normalisation"], f"{place}: {name}")
             for name, entry in samples.items()},
            dict(text["configuration"]), text["seed"], text["package_version"],
        )  # fmt: skip
        if any(set(tally) != {"n_events", "sum_w", "sum_w2"} for tally in seen.values()):
            raise KeyError("seen")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"metadata are damaged: {error}", place=place) from error
    return provenance.checked(place), seen
