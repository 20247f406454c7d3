"""Integers from CSV: parsed by Arrow; only when that fails, line by line for the message."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, shortened

FOREIGN = re.compile(rb"[^0-9,\r\n \t+-]")
"""What no line but the first may hold."""

INTEGER = re.compile(r"[ \t]*-?[0-9]+[ \t]*")


def read_csv(data: bytes, place: str) -> dict[str, NDArray[np.int64]]:
    """Return the columns of a CSV text: a line of names, then lines of integers.

    Raises
    ------
    InputError
        For an empty file, doubled names, and lines that are not that many integers.
    """
    import pyarrow as pa
    from pyarrow import csv

    data = data.removeprefix(b"\xef\xbb\xbf")
    head, _, body = data.partition(b"\n")
    names = _names(head, place)
    if not body:
        return {name: np.zeros(0, dtype=np.int64) for name in names}
    if FOREIGN.search(body):
        raise _explained(body, names, place, "holds other characters than integers and commas")
    try:
        table = csv.read_csv(
            pa.py_buffer(body),
            read_options=csv.ReadOptions(column_names=names),
            parse_options=csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.int64()), null_values=[]
            ),
        )
    except pa.ArrowInvalid as error:
        raise _explained(body, names, place, f"is not valid CSV: {str(error)[:200]}") from None
    return {name: table.column(name).to_numpy() for name in names}


def _names(head: bytes, place: str) -> list[str]:
    if not head.strip():
        raise InputError("must begin with a line of column names", place=f"{place}: line 1")
    try:
        names = [name.strip() for name in head.decode("utf-8").split(",")]
    except UnicodeDecodeError as error:
        raise InputError("is not a text file (UTF-8 expected)", place=place) from error
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"column {shortened(name, 40)!r} is given twice", place=place)
    return names


def _explained(body: bytes, names: list[str], place: str, otherwise: str) -> InputError:
    """Return the error of the first line that is not `names` integers."""
    lines = body.decode("utf-8", errors="replace").removesuffix("\n").split("\n")
    for number, line in enumerate(lines, start=2):
        cells = line.removesuffix("\r").split(",")
        where = f"{place}: line {number}"
        if len(cells) != len(names):
            return InputError(
                f"must have {len(names)} columns ({shortened(','.join(names))}), not {len(cells)}",
                place=where,
            )
        for name, cell in zip(names, cells, strict=True):
            if not INTEGER.fullmatch(cell):
                return InputError(
                    f"{name} must be an integer, not {shortened(cell, 40)!r}", place=where
                )
            if abs(int(cell[:40])) >= 2**63:
                return InputError(f"{name} {shortened(cell, 40)} is out of range", place=where)
    return InputError(otherwise, place=place)
