"""Text event files, plain or gzipped, as blocks of whole lines with their line numbers.

Whatever can go wrong between disk and line (missing file, damaged or truncated gzip, binary data)
becomes an `InputError` here, so that the format readers see lines only.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, NoReturn, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from firmware_models.errors import InputError, shortened

GZIP_MAGIC = b"\x1f\x8b"
BLOCK = 1 << 22
"""Bytes read at a time: large against an event, small against memory."""

LONGEST_EVENT = 1 << 26
"""An event of more bytes than this is taken for a damaged file (assumption: a collision at this
energy has some tens of particles, a few kB)."""


def open_binary(path: Path) -> BinaryIO:
    """Open a file for reading and take off gzip compression if it is there, by content.

    Raises
    ------
    InputError
        When the file cannot be opened.
    """
    try:
        stream = path.open("rb")
        magic = stream.read(2)
        stream.seek(0)
    except OSError as error:
        raise InputError(
            f"cannot read: {error.strerror}", place=shortened(str(path), 300)
        ) from error
    if magic == GZIP_MAGIC:
        return cast(BinaryIO, _Closing(stream))
    return stream


class _Closing(gzip.GzipFile):
    """A gzip stream that closes the file under it."""

    def __init__(self, under: IO[bytes]) -> None:
        self._under = under
        super().__init__(fileobj=under, mode="rb")

    def close(self) -> None:
        super().close()
        self._under.close()


def read_some(stream: IO[bytes], size: int, path: Path, where: str = "") -> bytes:
    """Read at most `size` bytes; `where` says how far reading had come.

    Raises
    ------
    InputError
        On truncated or damaged gzip data and on read errors.
    """
    try:
        return stream.read(size)
    except EOFError as error:
        raise InputError(f"the gzip data end early{where}: truncated file", place=str(path)) from (
            error
        )
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"damaged gzip data{where}: {error}", place=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot read{where}: {error.strerror}", place=str(path)) from error


@dataclass(frozen=True)
class Block:
    """Some whole lines of a file.

    Parameters
    ----------
    path : Path
        The file.
    first_line : int
        Number of the first line, counted from 1.
    lines : list of bytes
        The lines without their ends.
    last : bool
        True for the end of the file.
    """

    path: Path
    first_line: int
    lines: list[bytes]
    last: bool

    def fail(self, index: int, message: str) -> NoReturn:
        """Raise an `InputError` that names the line of the given index in this block."""
        raise InputError(message, place=f"{self.path}: line {self.first_line + index}")


def blocks(path: Path, event_start: bytes) -> Iterator[Block]:
    """Yield a text file in blocks of whole events.

    Parameters
    ----------
    path : Path
        The file; gzip is recognised by content.
    event_start : bytes
        What the first line of an event begins with; every block but the first begins so.

    Raises
    ------
    InputError
        On damaged compression and on an event that does not end.
    """
    mark = b"\n" + event_start
    line, kept = 1, b""
    with open_binary(path) as stream:
        while True:
            fresh = read_some(stream, BLOCK, path, f" after line {line + kept.count(10)}")
            text = kept + fresh
            cut = len(text) if not fresh else text.rfind(mark) + 1
            if cut == 0 and len(text) > LONGEST_EVENT:
                raise InputError(
                    f"no line that starts with {event_start.decode()!r} within "
                    f"{len(text) >> 20} MiB: not an event file, or damaged",
                    place=f"{path}: after line {line}",
                )
            if cut:
                lines = text[:cut].replace(b"\r\n", b"\n").split(b"\n")
                if lines[-1] == b"":
                    lines.pop()
                yield Block(path, line, lines, last=not fresh)
                line += len(lines)
            kept = text[cut:]
            if not fresh:
                return


@dataclass(frozen=True)
class Column:
    """One space-separated number of a line: its name and whether it is an integer."""

    name: str
    integer: bool = False


def parse_columns(
    block: Block, index: Sequence[int], rows: Sequence[bytes], columns: Sequence[Column | None]
) -> dict[str, NDArray[np.float64]]:
    """Parse lines of equal layout into named arrays.

    Parameters
    ----------
    block, index
        The block and the index in it of every row, for messages.
    rows : sequence of bytes
        Space-separated fields.
    columns : sequence
        What each field is; None skips it.

    Returns
    -------
    dict
        Arrays of float64, or int64 for integer columns, one element a row.

    Raises
    ------
    InputError
        Names the first line that does not have this layout.
    """
    names = [column.name if column else f"skip{i}" for i, column in enumerate(columns)]
    wanted = [column for column in columns if column]
    types = {c.name: pa.int64() if c.integer else pa.float64() for c in wanted}
    if not rows:
        return {c.name: np.zeros(0, np.int64 if c.integer else np.float64) for c in wanted}
    data = b"\n".join(rows) + b"\n"
    try:
        table = csv.read_csv(
            pa.BufferReader(data),
            csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            csv.ParseOptions(delimiter=" ", quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(
                column_types=types,
                include_columns=[c.name for c in wanted],
                null_values=[],
                strings_can_be_null=False,
            ),
        )
        return {c.name: table.column(c.name).to_numpy() for c in wanted}
    except pa.ArrowInvalid:
        # The fast parser is stricter than Python (a leading plus sign, two spaces) and does not
        # say which line it stopped at.
        return _parse_slowly(block, index, rows, columns)


def _parse_slowly(
    block: Block, index: Sequence[int], rows: Sequence[bytes], columns: Sequence[Column | None]
) -> dict[str, NDArray[np.float64]]:
    values: dict[str, list[float]] = {column.name: [] for column in columns if column}
    for k, row in zip(index, rows, strict=True):
        fields = row.split()
        if len(fields) != len(columns):
            block.fail(k, f"{len(fields)} fields, need {len(columns)}: {shown(row)}")
        for column, given in zip(columns, fields, strict=True):
            if column:
                values[column.name].append(number(block, k, given, column))
    return {
        column.name: np.array(values[column.name], np.int64 if column.integer else np.float64)
        for column in columns
        if column
    }


def number(block: Block, index: int, given: bytes, column: Column) -> float:
    """Return one field as a number, or raise an `InputError` that names the line.

    Integers must fit 63 bits.
    """
    try:
        value = int(given) if column.integer else float(given)
        if column.integer and abs(value) >= 1 << 63:
            raise ValueError
    except ValueError:
        kind = "an integer" if column.integer else "a number"
        block.fail(index, f"{column.name} must be {kind}, not {shown(given)}")
    return value


def shown(given: bytes) -> str:
    """Return the beginning of some bytes in quotes, fit for a message."""
    text = given[:60].decode("ascii", "backslashreplace")
    return repr(text + ("…" if len(given) > 60 else ""))


def clean(text: str, longest: int = 160) -> str:
    """Return text from a file or a library on one printable line, cut to a length."""
    line = " ".join(text.split())
    line = "".join(letter if letter.isprintable() else "?" for letter in line)
    return line if len(line) <= longest else line[:longest] + "…"


def listed(names: Iterable[str]) -> str:
    """Return names found in a file, sorted and fit for a message."""
    shown_names = [clean(name, 60) for name in sorted(names)]
    return ", ".join(shown_names[:40]) + (" …" if len(shown_names) > 40 else "") or "nothing"
