"""Accumulate what rate tables are made of, from bit-sliced decisions before prescale.

Prescalers of different lines have independent phases, and each lets a fire through with
probability 1/n on average. Rates are therefore exact expectations over the phases, computed from
the lines before prescale; no counter is emulated, and prescales may be changed without the
detector simulation. docs/reference/rates.md has the formulas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from trigger.bits import BitTable, Rows
from trigger.decisions import MenuId, check_lines, check_weights
from trigger.rate_kernels import (
    FRACTION_BITS,
    MAX_WORDS,
    moments,
    pair_counts,
    passing_probability,
    weighted_sums,
)
from trigger.rate_table import RateTable, build_table
from trigger.samples import Sample

FloatArray = NDArray[np.float64]
Exact = NDArray[np.object_]
"""Python integers: sums that never overflow nor round, so that merging is exact in any order."""


@dataclass
class ProcessSums:
    """Sums over the events of one process.

    Unweighted and weighted events are kept apart: the first exactly, the second in floating point.

    Parameters
    ----------
    n_lines : int
    """

    n_lines: int
    n_events: int = 0
    n_counted: int = 0
    sum_w: float = 0.0
    sum_w2: float = 0.0
    _pairs: NDArray[np.int64] = field(init=False, repr=False)
    _before: Exact = field(init=False, repr=False)
    _alone: Exact = field(init=False, repr=False)
    _weighted: list[FloatArray] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Start at zero."""
        self._pairs = np.zeros((self.n_lines, self.n_lines), dtype=np.int64)
        self._before = np.zeros((2, self.n_lines), dtype=object)
        self._alone = np.zeros((2, self.n_lines), dtype=object)

    @property
    def weighted(self) -> bool:
        """Whether any event had a weight other than 1."""
        return self._weighted is not None

    def count(self, rows: Rows, n_events: int, passing: FloatArray) -> None:
        """Add unweighted events."""
        self.n_events += n_events
        self.n_counted += n_events
        for start in range(0, rows.shape[1], MAX_WORDS):
            part = rows[:, start : start + MAX_WORDS]
            before, alone = moments(part, passing)
            self._before = self._before + before.astype(object)
            self._alone = self._alone + alone.astype(object)
            self._pairs += pair_counts(part)

    def weigh(self, rows: Rows, weight: FloatArray, passing: FloatArray) -> None:
        """Add weighted events."""
        self.n_events += len(weight)
        self.sum_w += float(weight.sum())
        self.sum_w2 += float(np.square(weight).sum())
        sums = weighted_sums(rows, weight, passing)
        old = self._weighted or [np.zeros_like(array) for array in sums]
        self._weighted = [a + b for a, b in zip(old, sums, strict=True)]

    def add(self, other: ProcessSums) -> None:
        """Add the sums of other events."""
        self.n_events += other.n_events
        self.n_counted += other.n_counted
        self.sum_w += other.sum_w
        self.sum_w2 += other.sum_w2
        self._pairs = self._pairs + other._pairs
        self._before = self._before + other._before
        self._alone = self._alone + other._alone
        if other._weighted is not None:
            old = self._weighted or [np.zeros_like(array) for array in other._weighted]
            self._weighted = [a + b for a, b in zip(old, other._weighted, strict=True)]

    def pairs(self) -> FloatArray:
        """Sums of w and w**2 over events with both lines, shape ``(2, n_lines, n_lines)``."""
        counted = np.stack([self._pairs, self._pairs]).astype(float)
        return counted if self._weighted is None else counted + self._weighted[0]

    def before(self) -> FloatArray:
        """Sums of w P, w**2 P, w**2 P**2; P: no earlier line passes, shape ``(3, n_lines)``."""
        return self._probabilities(self._before, 1)

    def alone(self) -> FloatArray:
        """Sums of w P, w**2 P, w**2 P**2; P: no other line passes, shape ``(3, n_lines)``."""
        return self._probabilities(self._alone, 2)

    def _probabilities(self, exact: Exact, index: int) -> FloatArray:
        # Division of Python integers rounds once, whatever their size.
        counted: FloatArray = (exact / (1 << FRACTION_BITS)).astype(float)[[0, 0, 1]]
        return counted if self._weighted is None else counted + self._weighted[index]

    def state(self) -> tuple[Any, ...]:
        """Return every sum as plain values, equal if and only if two accumulations are."""
        weighted = None if self._weighted is None else [a.tolist() for a in self._weighted]
        return (self.n_events, self.n_counted, self.sum_w, self.sum_w2, self._pairs.tolist(),
                self._before.tolist(), self._alone.tolist(), weighted)  # fmt: skip


class RateAccumulator:
    """Sums over decisions, mergeable across chunks, workers and files.

    For unweighted events the sums are integers: merging in any order gives identical results.
    Weighted sums are in floating point and equal up to rounding.

    Parameters
    ----------
    lines : sequence of str
        Output lines in menu order.
    prescales : sequence of float
        0 masks, n lets one in n through, fractions allowed.

    Raises
    ------
    InputError
        For doubled lines or impossible prescales.
    """

    def __init__(self, lines: Sequence[str], prescales: Sequence[float]) -> None:
        check_lines(lines, prescales, place="menu")
        self.lines = tuple(lines)
        self.prescales = tuple(float(value) for value in prescales)
        self.processes: dict[str, ProcessSums] = {}
        self._passing = passing_probability(self.prescales)

    def fill(self, process: str, ftdl: BitTable, weight: FloatArray | None = None) -> None:
        """Add events of one process.

        Parameters
        ----------
        process : str
        ftdl : BitTable
            Decisions before prescale, with at least the lines of the accumulator.
        weight : ndarray of float64, shape (n_events,), optional
            Default: 1. Weights that are all 1 take the exact path as well.

        Raises
        ------
        InputError
            When a line is missing, weights do not fit, or bits stand beyond the last event.
        """
        rows = self._rows(ftdl)
        sums = self.processes.setdefault(process, ProcessSums(len(self.lines)))
        if weight is None or bool((weight == 1.0).all()):
            sums.count(rows, ftdl.n_events, self._passing)
            return
        if weight.shape != (ftdl.n_events,):
            raise InputError(f"needs {ftdl.n_events} finite weights", place=process)
        check_weights(weight, place=f"{process}: weight")
        sums.weigh(rows, np.ascontiguousarray(weight, dtype=np.float64), self._passing)

    def merge(self, other: RateAccumulator) -> RateAccumulator:
        """Add the sums of another accumulator of the same lines and prescales; return itself.

        Raises
        ------
        InputError
            When lines or prescales differ.
        """
        if (other.lines, other.prescales) != (self.lines, self.prescales):
            raise InputError("accumulators differ in lines or prescales")
        for name, sums in other.processes.items():
            self.processes.setdefault(name, ProcessSums(len(self.lines))).add(sums)
        return self

    def rate_table(
        self,
        samples: Mapping[str, Sample],
        luminosity_cm2_s: float,
        menu: MenuId | None = None,
    ) -> RateTable:
        """Return expected rates with errors.

        Parameters
        ----------
        samples : mapping of str to Sample
            Normalisation of every process that was filled.
        luminosity_cm2_s : float
            Instantaneous luminosity [1/(cm2 s)].
        menu : MenuId, optional
            Which menu made the decisions, for the record.

        Raises
        ------
        InputError
            When a process lacks its normalisation or an unknown one is given.
        """
        for name in samples:
            if name not in self.processes:
                raise unknown_name("process", name, self.processes, place="normalisation")
        return build_table(
            self.lines, self.prescales, self.processes, samples, luminosity_cm2_s, menu or MenuId()
        )

    def state(self) -> dict[str, Any]:
        """Return every sum as plain values, for comparisons."""
        return {name: self.processes[name].state() for name in sorted(self.processes)}

    def _rows(self, ftdl: BitTable) -> Rows:
        if ftdl.names == self.lines:
            rows = ftdl.rows
        else:
            index = {name: i for i, name in enumerate(ftdl.names)}
            for line in self.lines:
                if line not in index:
                    raise unknown_name("line", line, ftdl.names, place="decisions")
            rows = ftdl.rows[[index[line] for line in self.lines]]
        if ftdl.n_events % 64 and rows.size:
            beyond = np.uint64(0xFFFFFFFFFFFFFFFF) << np.uint64(ftdl.n_events % 64)
            if (rows[:, -1] & beyond).any():
                raise InputError("bits are set beyond the last event", place="decisions")
        return np.ascontiguousarray(rows, dtype=np.uint64)
