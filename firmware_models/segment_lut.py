"""Look-up tables that tell on which side of the track a segment's priority wire lies.

One table a superlayer: 2¹⁶ entries for superlayer 0, 2¹² for the others (cdc_track_trigger section
2.2 of the reference notes, basf2 Segment.cc). Address: the hit bits of the pattern, times two, plus
one when of the second-priority wires the left one counts. Entries: 1 right, 2 left, 3 unknown,
0 never seen.

The file is JSON: ``format``, ``version``, ``shape``, ``entry_bits``, ``provenance`` (``kind``,
``command``, ``seed``, ``figures``), ``sha256``, and ``tables``: for each superlayer the entries as
digits, 128 a line. The checksum is over all entries in the file's order, a byte each.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_segments import PATTERN_WIRES
from firmware_models.errors import InputError, check_regular
from firmware_models.files import write_text

DEFAULT = Path(__file__).resolve().parent / "data" / "segment_lut.json"
"""Tables that the package and the RTL use."""

FORMAT, VERSION = "lowmult-segment-lut", 1
NEVER, SIDE_RIGHT, SIDE_LEFT, UNKNOWN = range(4)
"""Entries: where the priority wire lies, seen from the track."""

SIZES = tuple(2 << wires for wires in PATTERN_WIRES)
"""Entries of each superlayer's table."""

FIRST_ENTRY = tuple(sum(SIZES[:s]) for s in range(len(SIZES) + 1))
"""Where each table begins in the array of all."""

ENTRY_BITS, LINE = 2, 128

_HEAD: Mapping[str, Any] = {
    "format": FORMAT,
    "version": VERSION,
    "shape": list(SIZES),
    "entry_bits": ENTRY_BITS,
}
_PROVENANCE = ("kind", "command", "seed", "figures")


@dataclass(frozen=True)
class SegmentLut:
    """Tables of all superlayers.

    Parameters
    ----------
    entries : ndarray of uint8, shape (98304,)
        All tables, one after the other: that of superlayer s begins at ``FIRST_ENTRY[s]``.
    provenance : mapping
        ``kind``, ``command``, ``seed``, ``figures``.
    """

    entries: NDArray[np.uint8]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[NDArray[np.uint8], ...]:
        """Tables by superlayer: 65536 entries, then eight of 4096."""
        return tuple(np.split(self.entries, FIRST_ENTRY[1:-1]))

    def checksum(self) -> str:
        """Return the checksum over all entries."""
        return hashlib.sha256(np.ascontiguousarray(self.entries).tobytes()).hexdigest()


def undetermined() -> SegmentLut:
    """Return tables that know no side: where training begins."""
    return SegmentLut(np.full(FIRST_ENTRY[-1], UNKNOWN, dtype=np.uint8))


def check(lut: SegmentLut) -> None:
    """Check the size and the entries of tables.

    Raises
    ------
    InputError
        When there are not 98304 entries of 0 to 3.
    """
    entries = np.asarray(lut.entries)
    if entries.shape != (FIRST_ENTRY[-1],) or entries.dtype != np.uint8:
        raise InputError(f"must be {FIRST_ENTRY[-1]} bytes, not {entries.dtype} of shape "
                         f"{entries.shape}", place="segment look-up table")  # fmt: skip
    if entries.max() > UNKNOWN:
        raise InputError(f"entries must be 0 to {UNKNOWN}, not {entries.max()}",
                         place="segment look-up table")  # fmt: skip


def save(lut: SegmentLut, path: str | Path) -> None:
    """Write a file of tables, whole or not at all.

    Raises
    ------
    InputError
        When entries do not fit, provenance is missing, or the file cannot be written.
    """
    check(lut)
    _check_provenance(lut.provenance, str(path))
    head = {**_HEAD, "provenance": dict(lut.provenance), "sha256": lut.checksum()}
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    tables = [
        "  [\n" + ",\n".join(f'   "{row}"' for row in _digits(table)) + "]" for table in lut.tables
    ]
    lines.append(' "tables": [\n' + ",\n".join(tables) + "\n ]")
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def _digits(table: NDArray[np.uint8]) -> list[str]:
    text = (table + ord("0")).tobytes().decode("ascii")
    return [text[at : at + LINE] for at in range(0, len(text), LINE)]


def load(path: str | Path | None = None) -> SegmentLut:
    """Read a file of tables.

    Parameters
    ----------
    path : str or Path, optional
        Default: the tables that come with the package, which the RTL is generated with.

    Raises
    ------
    InputError
        When the file cannot be read, its head, a table's size or an entry is not as it must be,
        provenance is missing, or the checksum is another.
    """
    return _packaged() if path is None else _load(Path(path))


@cache
def _packaged() -> SegmentLut:
    return _load(DEFAULT)


def _load(path: Path) -> SegmentLut:
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
    for key in (*_HEAD, "provenance", "sha256", "tables"):
        if key not in document:
            raise InputError(f"{key!r} is missing", place=place)
    for key, value in _HEAD.items():
        if document[key] != value or type(document[key]) is not type(value):
            raise InputError(f"must be {value!r}, not {document[key]!r}", place=f"{place}: {key}")
    _check_provenance(document["provenance"], place)
    entries = _entries(document["tables"], place)
    entries.flags.writeable = False
    lut = SegmentLut(entries, document["provenance"])
    if document["sha256"] != lut.checksum():
        raise InputError(f"the tables have the checksum {lut.checksum()}, not "
                         f"{document['sha256']!r}", place=f"{place}: sha256")  # fmt: skip
    return lut


def _check_provenance(provenance: object, place: str) -> None:
    missing = [key for key in _PROVENANCE
               if not (isinstance(provenance, Mapping) and key in provenance)]  # fmt: skip
    if missing:
        raise InputError(f"needs {', '.join(missing)}", place=f"{place}: provenance")


def _entries(tables: object, place: str) -> NDArray[np.uint8]:
    """Return the entries of all tables, checked."""
    if not isinstance(tables, list) or len(tables) != len(SIZES):
        raise InputError(f"must be a list of {len(SIZES)} tables", place=f"{place}: tables")
    parts = []
    for number, (table, size) in enumerate(zip(tables, SIZES, strict=True)):
        where = f"{place}: tables[{number}]"
        if not isinstance(table, list) or not all(isinstance(row, str) for row in table):
            raise InputError("must be a list of texts of digits", place=where)
        text = "".join(table)
        if len(text) != size:
            raise InputError(f"must have {size} entries, not {len(text)}", place=where)
        wrong = set(text) - set("0123")
        if wrong:
            raise InputError(f"entries of {ENTRY_BITS} bits must be 0 to 3, not {min(wrong)!r}",
                             place=where)  # fmt: skip
        parts.append(np.frombuffer(text.encode("ascii"), dtype=np.uint8) - np.uint8(ord("0")))
    return np.concatenate(parts)
