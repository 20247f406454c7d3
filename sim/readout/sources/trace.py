"""Candidates from a file, CSV, Parquet or NumPy: format in docs/reference/readout_sources.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, check_regular, shortened
from sim.readout.arrivals import ACTIVITY, SHORT, Source
from sim.readout.config import ReadoutConfig
from sim.readout.plan import QUANTA
from sim.readout.sources.candidates import CHUNK, LATEST, NO_PATTERN, Candidates
from sim.readout.sources.merge import PlayedSource
from sim.readout.sources.trace_csv import read_csv
from sim.toml_file import Strict, check_data

LAST_TICK = LATEST // QUANTA
FLAGS = {"short": SHORT, "activity": ACTIVITY}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


class TraceArrivals(Strict):
    """The table ``[arrivals]`` of kind trace."""

    kind: Literal["trace"]
    file: str
    """Path, from the folder in which the program runs."""


@dataclass(frozen=True)
class Trace:
    """The candidates of a file.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        [quanta]
    flags : ndarray of uint8, shape (n,)
    pattern : ndarray of int32, shape (n,)
    lines : tuple of str
    patterns : ndarray of bool, shape (n_patterns, n_lines)
    """

    time: NDArray[np.int64]
    flags: NDArray[np.uint8]
    pattern: NDArray[np.int32]
    lines: tuple[str, ...]
    patterns: NDArray[np.bool_]


def source(config: ReadoutConfig, place: str) -> Source:
    """Return the candidates of a file; fewer than `run.triggers` when it has fewer.

    Raises
    ------
    InputError
        For whatever is wrong with the file, with the line.
    """
    own = check_data(TraceArrivals, config.arrivals, f"{place}: arrivals")
    trace = read_trace(own.file)
    n = min(config.run.triggers, len(trace.time))

    def candidates() -> Iterator[Candidates]:
        whole = Candidates(trace.time, trace.flags, trace.pattern, int(trace.time[-1]))
        for first in range(0, n, CHUNK):
            last = min(first + CHUNK, n)
            yield whole.part(first, last, int(trace.time[last - 1]))

    return PlayedSource(config, candidates, place, lines=trace.lines, patterns=trace.patterns)


def read_trace(path: str | Path) -> Trace:
    """Read a trace; the name's ending says whether it is ``.npy``, ``.parquet`` or CSV.

    Raises
    ------
    InputError
    """
    path = Path(path)
    place = shortened(str(path), 300)
    check_regular(path)
    try:
        path.stat()  # the libraries' own messages do not always say why
        if path.suffix == ".npy":
            columns, row_word, first_row = {"tick": _npy(path, place)}, "element", 0
        elif path.suffix == ".parquet":
            columns, row_word, first_row = _parquet(path, place), "row", 0
        else:
            columns, row_word, first_row = read_csv(path.read_bytes(), place), "line", 2
    except (OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)[:200]
        raise InputError(f"cannot read: {reason}", place=place) from error
    _check_names(list(columns), place)
    _check_columns(columns, place, row_word, first_row)
    return _trace(columns)


def _npy(path: Path, place: str) -> NDArray[np.int64]:
    # Mapped, so that a header that promises more than the file holds is refused, not allocated.
    array = np.lib.format.open_memmap(path, mode="r")
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(
            f"must be a one-dimensional array of integers, not {array.ndim}-dimensional "
            f"{array.dtype}", place=place,
        )  # fmt: skip
    return _integers(np.asarray(array))


def _parquet(path: Path, place: str) -> dict[str, NDArray[np.int64]]:
    import pyarrow.types as types
    from pyarrow.parquet import read_table

    table = read_table(path)
    result = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if not (types.is_integer(column.type) or types.is_boolean(column.type)):
            raise InputError(f"must hold integers, not {column.type}", place=f"{place}: {name}")
        if column.null_count:
            raise InputError("holds missing values", place=f"{place}: {name}")
        result[name] = _integers(column.to_numpy())
    return result


def _integers(array: NDArray[np.generic]) -> NDArray[np.int64]:
    if array.dtype == np.uint64:  # what does not fit is refused with the ticks that are too late
        array = np.minimum(array, np.uint64(LAST_TICK + 1))
    return array.astype(np.int64)


def _check_names(names: list[str], place: str) -> None:
    if "tick" not in names:
        raise InputError(
            f"needs a column tick; columns: {', '.join(shortened(n, 40) for n in names[:20])}",
            place=place,
        )
    for name in names:
        if not NAME.fullmatch(name):
            raise InputError(
                f"column name {shortened(name, 40)!r} must be letters, digits and underscores, at "
                "most 40, and not begin with a digit", place=place,
            )  # fmt: skip


def _check_columns(
    columns: dict[str, NDArray[np.int64]], place: str, row_word: str, first_row: int
) -> None:
    tick = columns["tick"]
    if len(tick) == 0:
        raise InputError("holds no candidates", place=place)

    def refuse(bad: NDArray[np.bool_], column: str, what: str) -> None:
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(
                f"{column} {what}, not {columns[column][row]}",
                place=f"{place}: {row_word} {row + first_row}",
            )

    refuse((tick < 0) | (tick > LAST_TICK), "tick", f"must be 0 to {LAST_TICK}")
    falls = np.zeros(len(tick), dtype=np.bool_)
    falls[1:] = tick[1:] < tick[:-1]
    refuse(falls, "tick", "must not be below the one before")
    for name, column in columns.items():
        if name != "tick":
            refuse((column < 0) | (column > 1), name, "must be 0 or 1")


def _trace(columns: dict[str, NDArray[np.int64]]) -> Trace:
    n = len(columns["tick"])
    flags = np.zeros(n, dtype=np.uint8)
    for name, bit in FLAGS.items():
        if name in columns:
            flags |= columns[name].astype(np.uint8) * np.uint8(bit)
    lines = tuple(name for name in columns if name != "tick" and name not in FLAGS)
    if not lines:
        none = np.zeros((0, 0), dtype=np.bool_)
        return Trace(columns["tick"] * QUANTA, flags, np.full(n, NO_PATTERN, np.int32), lines, none)
    fired = np.stack([columns[name] == 1 for name in lines], axis=1)
    packed = np.packbits(fired, axis=1)
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, pattern = np.unique(keys, return_index=True, return_inverse=True)
    return Trace(
        columns["tick"] * QUANTA, flags, pattern.ravel().astype(np.int32), lines, fired[first]
    )
