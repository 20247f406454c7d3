"""Decisions without a pipeline: every event is a window of its own, its bits perfectly aligned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_models import gdl_prescale
from firmware_models.errors import InputError
from sim.pipeline.draw import Alias
from sim.pipeline.kernel import TOO_MANY_PATTERNS, run_alone
from sim.pipeline.library import Library
from sim.pipeline.model import check_status
from sim.pipeline.plan import Ints, Words, pack_bits, unpack_bits
from sim.pipeline.state import Patterns, Prescales
from sim.study.decisions import prescale_state
from trigger.bits import BitTable, slice_bits, unslice_bits
from trigger.decision_files import DecisionFile


@dataclass(frozen=True)
class DecisionTable:
    """Distinct decisions before prescale, and how often they come.

    Parameters
    ----------
    lines : tuple of str
    fired : ndarray of uint64, shape (n, n_line_words)
    quality : ndarray of int64, shape (n,)
        Of the event time; -1: not known.
    rate_hz : ndarray of float64, shape (n,)
    prescales : gdl_prescale.State
        Before the first decision.
    """

    lines: tuple[str, ...]
    fired: Words
    quality: Ints
    rate_hz: NDArray[np.float64]
    prescales: gdl_prescale.State

    @classmethod
    def of_library(cls, library: Library, seed: int) -> DecisionTable:
        """Decide on every event of a library."""
        menu = library.context.menu
        best = np.maximum(library.quality, library.chamber_quality)
        key = np.column_stack([library.bits, best.view(np.uint64)])
        unique, number = np.unique(key, axis=0, return_inverse=True)
        rate = np.bincount(number.ravel(), library.rate_hz).astype(np.float64)
        dense = unpack_bits(unique[:, :-1], len(library.inputs))
        table = menu.decide(BitTable(library.inputs, slice_bits(dense.T), len(dense)))
        lines = unslice_bits(table.rows, table.n_events).T
        quality = np.ascontiguousarray(unique[:, -1]).view(np.int64)
        return _checked(menu.names, lines, quality, rate, prescale_state(menu, seed), menu.name)

    @classmethod
    def of_file(cls, path: str | Path, luminosity_cm2_s: float, seed: int) -> DecisionTable:
        """Take the decisions of a file that ``lowmult study --decisions`` wrote.

        Events count with their weights; each process comes at the rate of its normalisation.

        Raises
        ------
        InputError
            For a bad file, a process without normalisation, or negative weights.
        """
        file = DecisionFile(path)
        given = file.provenance
        sums: dict[bytes, float] = {}
        for name in file.processes:
            known = given.samples.get(name)
            if known is None:
                raise InputError("has no normalisation", place=f"{path}: {name}")
        for part in file.chunks(stages=("ftdl",), truth=()):
            if (part.weight < 0).any():
                raise InputError(
                    "events of negative weight cannot be drawn", place=f"{path}: {part.process}"
                )
            sample, tally = given.samples[part.process], file.seen[part.process]
            total = sample.sum_w
            if total is None:
                total = tally["sum_w"] if sample.n_generated is None else sample.n_generated
            source = sample.source_rate(luminosity_cm2_s, f"{path}: {part.process}")[0]
            packed = np.packbits(unslice_bits(part.ftdl.rows, len(part)).T, axis=1)
            unique, number = np.unique(packed, axis=0, return_inverse=True)
            rates = np.bincount(number.ravel(), part.weight) * (source / total)
            for row, rate in zip(unique, rates.tolist(), strict=True):
                sums[row.tobytes()] = sums.get(row.tobytes(), 0.0) + rate
        keys = sorted(sums)
        width = -(-len(given.lines) // 8)
        packed = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), width)
        lines = np.unpackbits(packed, axis=1, count=len(given.lines)).astype(bool)
        registers = gdl_prescale.line_registers(given.prescales, seed=seed, place=str(path))
        return _checked(
            given.lines, lines, np.full(len(keys), -1), np.array([sums[key] for key in keys]),
            gdl_prescale.State.start(registers), str(path),
        )  # fmt: skip

    @classmethod
    def of_rates(
        cls, lines: tuple[str, ...], fired: NDArray[np.bool_], quality: Ints,
        rate_hz: NDArray[np.float64], prescales: gdl_prescale.State, place: str,
    ) -> DecisionTable:  # fmt: skip
        """Take decisions before prescale with their rates; see the class.

        Raises
        ------
        InputError
            When no line that is not masked fires.
        """
        return _checked(lines, fired, quality, rate_hz, prescales, place)

    @property
    def total_hz(self) -> float:
        """Rate of all decisions in which a line fires that is not masked."""
        return float(self.rate_hz.sum())


class AloneDecisions:
    """Plays the decisions of a table one after another.

    Parameters
    ----------
    table : DecisionTable
    """

    def __init__(self, table: DecisionTable) -> None:
        self._table = table
        self._alias = Alias(table.rate_hz)
        self._prescales = Prescales.of(table.prescales)
        self._patterns = Patterns.none(table.fired.shape[1])

    @property
    def patterns(self) -> NDArray[np.bool_]:
        """Patterns of lines after prescale, in the order of their first accept."""
        return self._patterns.table(len(self._table.lines))

    def play(self, n: int, rng: np.random.Generator) -> tuple[Ints, NDArray[np.int32], Ints]:
        """Return which of n decisions pass, with their patterns and qualities.

        Raises
        ------
        CheckFailed
            When there are more distinct patterns than the model has room for.
        """
        chosen = self._alias.take(rng, n)
        number = np.empty(n, dtype=np.int64)
        if not run_alone(self._table.fired, self._prescales, self._patterns, chosen, number):
            check_status(TOO_MANY_PATTERNS)
        passed = np.flatnonzero(number >= 0)
        return passed, number[passed].astype(np.int32), self._table.quality[chosen[passed]]


def _checked(
    lines: tuple[str, ...], fired: NDArray[np.bool_], quality: Ints, rate: NDArray[np.float64],
    prescales: gdl_prescale.State, place: str,
) -> DecisionTable:  # fmt: skip
    """Leave out decisions in which only masked lines fire, or none."""
    useful = fired[:, prescales.registers["interval"] > 0].any(axis=1) & (rate > 0)
    if not useful.any():
        raise InputError("no event fires a line that is not masked", place=place)
    return DecisionTable(lines, pack_bits(fired[useful]), quality[useful], rate[useful], prescales)
