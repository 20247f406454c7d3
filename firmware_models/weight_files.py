"""What files of network weights have in common: JSON with a head, provenance and a checksum."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from firmware_models.errors import InputError, check_regular
from firmware_models.files import write_text

PROVENANCE = ("kind", "command", "seed", "data_sha256", "figures")
"""Where the numbers come from; each file must say."""


def write(path: str | Path, head: Mapping[str, Any], weights: str) -> None:
    """Write a file, whole or not at all.

    Parameters
    ----------
    path : str or Path
    head : mapping
        All keys but ``weights``, in order.
    weights : str
        Text of the list of weights.

    Raises
    ------
    InputError
        When provenance is missing, or the file cannot be written.
    """
    check_provenance(head["provenance"], str(path))
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    lines.append(f' "weights": {weights}')
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def read(path: Path, head: Mapping[str, Any], others: Iterable[str]) -> dict[str, Any]:
    """Read a file and check its head and provenance.

    Parameters
    ----------
    path : Path
    head : mapping
        Keys and the values that they must have.
    others : iterable of str
        Further keys that there must be, beside ``provenance``, ``sha256`` and ``weights``.

    Raises
    ------
    InputError
        When the file cannot be read, or is not such a file.
    """
    check_regular(path)
    place = str(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=place) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}", place=place) from error
    if not isinstance(document, dict):
        raise InputError("must hold one JSON object", place=place)
    for key in (*head, *others, "provenance", "sha256", "weights"):
        if key not in document:
            raise InputError(f"{key!r} is missing", place=place)
    for key, value in head.items():
        if document[key] != value or type(document[key]) is not type(value):
            raise InputError(f"must be {value!r}, not {document[key]!r}", place=f"{place}: {key}")
    check_provenance(document["provenance"], place)
    return document


def check_provenance(provenance: object, place: str) -> None:
    """Raise `InputError` when a key of `PROVENANCE` is missing."""
    missing = [key for key in PROVENANCE
               if not (isinstance(provenance, Mapping) and key in provenance)]  # fmt: skip
    if missing:
        raise InputError(f"needs {', '.join(missing)}", place=f"{place}: provenance")


def check_sum(document: Mapping[str, Any], checksum: str, place: str) -> None:
    """Raise `InputError` when the file states another checksum than that of its weights."""
    if document["sha256"] != checksum:
        raise InputError(f"the weights have the checksum {checksum}, not {document['sha256']!r}",
                         place=f"{place}: sha256")  # fmt: skip


def check_layer(rows: object, shape: tuple[int, int], width: int, where: str) -> list[list[int]]:
    """Return the rows of a layer, checked.

    Parameters
    ----------
    rows : object
        As read: one list of weights a node.
    shape : tuple of int
        Nodes; weights of each.
    width : int
        Bits of a weight.
    where : str
        Place of the layer in the file.

    Raises
    ------
    InputError
        For another shape, or what is not a whole number of that width.
    """
    low, high = -(1 << (width - 1)), (1 << (width - 1)) - 1
    if not isinstance(rows, list) or len(rows) != shape[0]:
        raise InputError(f"must be a list of {shape[0]} nodes", place=where)
    for node, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != shape[1]:
            raise InputError(f"must be a list of {shape[1]} weights", place=f"{where}[{node}]")
        for weight in row:
            if type(weight) is not int or not low <= weight <= high:
                raise InputError(f"a weight of {width} bits must be a whole number of "
                                 f"{low} to {high}, not {weight!r}",
                                 place=f"{where}[{node}]")  # fmt: skip
    return rows
