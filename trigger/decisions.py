"""Decisions of many events: what a decision file holds, in memory.

One row an event: event number, process, weight, any truth variables, and for every output line of
the menu the bit before prescale (FTDL) and after (PSNM). `trigger.decision_files` reads and writes
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from trigger.bits import BitTable, unslice_bits
from trigger.samples import Sample

FloatArray = NDArray[np.float64]

STAGES = ("ftdl", "psnm")
"""Lines before prescale (final-decision logic) and after."""

LEVEL1 = "l1"
"""Column of the Level-1 accept, the OR of all PSNM bits."""

RESERVED = ("event", "process", "weight", LEVEL1)


def column(stage: str, line: str) -> str:
    """Return the column of a line, such as ``ftdl_lml6``."""
    return f"{stage}_{line}"


def basf2_name(stage: str, line: str) -> str:
    """Return the name of the bit in basf2, such as ``L1FTDL(lml6)``."""
    return f"L1{stage.upper()}({line})"


LARGEST_WEIGHT = 1e100
"""Largest size of a weight: sums of squares, and squares of these, stay far from overflow."""


def check_weights(weight: FloatArray, *, place: str = "") -> None:
    """Refuse weights whose sums would not be finite numbers.

    Parameters
    ----------
    weight : ndarray of float64, shape (n,)

    Raises
    ------
    InputError
        With the first weight that is not finite or is larger than `LARGEST_WEIGHT`.
    """
    wrong = np.flatnonzero(~(np.abs(weight) <= LARGEST_WEIGHT))
    if len(wrong):
        raise InputError(
            f"weights must be finite and at most {LARGEST_WEIGHT:g} in size, "
            f"not {weight[wrong[0]]:g}",
            place=place,
        )


@dataclass(frozen=True)
class MenuId:
    """Which menu made the decisions.

    Parameters
    ----------
    name, version, sha256 : str
        As in the menu file; sha256 is the menu's hash of everything that decides.
    """

    name: str = ""
    version: str = ""
    sha256: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the three names, as in the JSON of rates."""
        return {"name": self.name, "version": self.version, "sha256": self.sha256}


@dataclass(frozen=True)
class Provenance:
    """Where decisions come from, and their layout.

    Parameters
    ----------
    lines : tuple of str
        Output lines in menu order.
    prescales : tuple of float
        Prescale of each line: 0 masks, n lets one in n through.
    menu : MenuId
    truth : mapping of str to str
        Unit of every truth column; empty for pure numbers.
    samples : mapping of str to Sample
        Normalisation of each process.
    configuration : mapping
        What was configured, as plain values.
    seed : int, optional
    package_version : str
    """

    lines: tuple[str, ...]
    prescales: tuple[float, ...]
    menu: MenuId = MenuId()
    truth: Mapping[str, str] = field(default_factory=dict)
    samples: Mapping[str, Sample] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    package_version: str = ""

    def checked(self, place: str) -> Provenance:
        """Return itself after a check of names and prescales.

        Raises
        ------
        InputError
            For doubled or empty names, names that collide, or impossible prescales.
        """
        check_lines(self.lines, self.prescales, place=place)
        bits = {column(stage, line) for stage in STAGES for line in self.lines}
        for name in self.truth:
            if not name or name in RESERVED or name in bits:
                raise InputError(f"{name!r} cannot name a truth column", place=place)
        return self


def check_lines(lines: Sequence[str], prescales: Sequence[float], *, place: str = "") -> None:
    """Refuse doubled lines and prescales that no counter can have.

    Parameters
    ----------
    lines : sequence of str
    prescales : sequence of float
        0 masks; else at least 1 (one in n, fractions allowed).

    Raises
    ------
    InputError
    """
    if len(lines) != len(prescales):
        raise InputError(f"{len(prescales)} prescales for {len(lines)} lines", place=place)
    seen: set[str] = set()
    for line, prescale in zip(lines, prescales, strict=True):
        if not line or line in seen:
            raise InputError(f"line {line!r} is {'doubled' if line else 'empty'}", place=place)
        seen.add(line)
        if not (prescale == 0 or 1 <= prescale < float("inf")):
            raise InputError(f"prescale must be 0 or at least 1, not {prescale}",
                             place=f"{place}: {line}" if place else line)  # fmt: skip


@dataclass(frozen=True)
class DecisionChunk:
    """Decisions of some events of one process.

    Parameters
    ----------
    process : str
    event : ndarray of int64, shape (n,)
        Event number in the sample.
    weight : ndarray of float64, shape (n,)
    ftdl, psnm : BitTable
        Lines before and after prescale; without rows where they were not read.
    l1 : ndarray of bool, shape (n,)
        Level-1 accept.
    truth : mapping of str to ndarray of float64, shape (n,)
        Truth variables; NaN where an event has none.
    """

    process: str
    event: NDArray[np.int64]
    weight: FloatArray
    ftdl: BitTable
    psnm: BitTable
    l1: NDArray[np.bool_]
    truth: Mapping[str, FloatArray] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.event)

    def bit(self, line: str, stage: str = "ftdl") -> NDArray[np.bool_]:
        """Return one line as booleans, shape ``(n,)``; the line ``l1`` is the Level-1 accept.

        Raises
        ------
        InputError
            When there is no such line, with the nearest name.
        """
        table: BitTable = {"ftdl": self.ftdl, "psnm": self.psnm}[stage]
        if line in table.names:
            return table[line]
        if line == LEVEL1:
            return self.l1
        raise unknown_name("line", line, table.names)


def chunk(
    process: str,
    ftdl: BitTable,
    psnm: BitTable,
    *,
    event: Iterable[int] | NDArray[np.int64] | None = None,
    weight: FloatArray | None = None,
    truth: Mapping[str, FloatArray] | None = None,
) -> DecisionChunk:
    """Build a chunk; the Level-1 accept is the OR of the PSNM bits.

    Parameters
    ----------
    process : str
    ftdl, psnm : BitTable
        Of the same lines and events.
    event : array of int64, shape (n,), optional
        Default: 0 to n - 1.
    weight : ndarray of float64, shape (n,), optional
        Default: 1.
    truth : mapping, optional
        Truth variables by name, shape (n,) each.

    Raises
    ------
    InputError
        When lines or lengths differ, or a weight is not finite.
    """
    n = ftdl.n_events
    if ftdl.names != psnm.names or n != psnm.n_events:
        raise InputError("FTDL and PSNM differ in lines or events", place=process)
    numbers = np.arange(n) if event is None else np.fromiter(event, np.int64)
    weights = np.ones(n) if weight is None else np.asarray(weight, np.float64)
    columns = {name: np.asarray(values, np.float64) for name, values in (truth or {}).items()}
    for name, values in {"event": numbers, "weight": weights, **columns}.items():
        if values.shape != (n,):
            raise InputError(f"shape {values.shape}, needed ({n},)", place=f"{process}: {name}")
    check_weights(weights, place=f"{process}: weight")
    union = np.bitwise_or.reduce(psnm.rows, axis=0, keepdims=True)
    accept: NDArray[np.bool_] = unslice_bits(union, n)[0]
    return DecisionChunk(process, numbers.astype(np.int64), weights, ftdl, psnm, accept, columns)
