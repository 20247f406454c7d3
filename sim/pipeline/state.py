"""What the kernel carries from one part of the stream to the next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models import gdl_prescale
from sim.pipeline.plan import Ints, PipelinePlan, Words, unpack_bits

LONG_AGO = -(1 << 60)
"""A tick before everything."""

QUEUE = 4096
"""Pulses of one class that may be under way: a delay of 31 and a width of 32 ticks hold few."""

CACHE = 4096
"""Decisions that are remembered by their input bits."""

MAX_PATTERNS = 1 << 16
"""Distinct patterns of lines that one stream may have."""

TABLE = 4 * MAX_PATTERNS

OR_KNOWN, OR_VALUE, LAST_SELF, LAST_SOURCE, LAST_COLLISION, LATE_DECISIONS = range(6)
"""Elements of `State.scalar`: is the OR of the open lines known, its value, the ticks of the last
decisions timed by themselves and by a source, the collision whose primitive came last, decisions
beyond the budget."""


class Patterns(NamedTuple):
    """Distinct patterns of lines, numbered in the order in which they occur.

    Parameters
    ----------
    lines : ndarray of uint64, shape (MAX_PATTERNS, n_line_words)
    slot : ndarray of int32, shape (TABLE,)
        Hash table of pattern numbers, -1: free.
    used : ndarray of int64, shape (1,)
        Number of patterns.
    scratch : ndarray of uint64, shape (n_line_words,)
    """

    lines: Words
    slot: NDArray[np.int32]
    used: Ints
    scratch: Words

    @classmethod
    def none(cls, line_words: int) -> Patterns:
        """Return an empty table."""
        return cls(
            np.zeros((MAX_PATTERNS, line_words), dtype=np.uint64),
            np.full(TABLE, -1, dtype=np.int32),
            np.zeros(1, dtype=np.int64),
            np.zeros(line_words, dtype=np.uint64),
        )

    def table(self, n_lines: int) -> NDArray[np.bool_]:
        """Return the patterns that have occurred, shape ``(n_patterns, n_lines)``."""
        return unpack_bits(self.lines[: int(self.used[0])], n_lines)


class Prescales(NamedTuple):
    """Registers and state of the menu's prescales, one element a line."""

    mode: Ints
    interval: Ints
    fraction: Ints
    value: Ints

    @classmethod
    def of(cls, start: gdl_prescale.State) -> Prescales:
        """Return a state of its own that starts as `start`."""
        registers = start.registers
        return cls(
            registers["mode"], registers["interval"], registers["fraction"], start.value.copy()
        )


class Decided(NamedTuple):
    """Room for the candidates of one run of the kernel."""

    tick: Ints
    pattern: Ints
    quality: Ints
    source: Ints

    @classmethod
    def room(cls, n: int) -> Decided:
        """Return room for n candidates."""
        return cls(*(np.empty(n, dtype=np.int64) for _ in range(4)))


class State(NamedTuple):
    """State of the GDL's inputs and decisions.

    Parameters
    ----------
    raw_end, risen : ndarray of int64, shape (n_inputs,)
        First tick on which the raw bit is low again; last rise of the aligned bit.
    high : ndarray of uint64, shape (n_words,)
        Aligned bits.
    queue_tick : ndarray of int64, shape (n_classes, QUEUE)
        Ticks of the rising edges that have not yet fallen.
    queue_bits : ndarray of uint64, shape (n_classes, QUEUE, n_words)
    queue_at : ndarray of int64, shape (n_classes, 3)
        Next to fall, next to rise, next free place; counted without end.
    scalar : ndarray of int64, shape (6,)
    cache_key, cache_lines, cache_full
        Remembered decisions.
    late, early : ndarray of int64, shape (n_inputs,)
        Bits that rose after their event's decision, or had ended before.
    decided : ndarray of int64, shape (4,)
        Decisions by source code.
    scratch : ndarray of uint64, shape (n_words,)
    """

    raw_end: Ints
    risen: Ints
    high: Words
    queue_tick: Ints
    queue_bits: Words
    queue_at: Ints
    scalar: Ints
    cache_key: Words
    cache_lines: Words
    cache_full: Ints
    late: Ints
    early: Ints
    decided: Ints
    scratch: Words

    @classmethod
    def start(cls, plan: PipelinePlan) -> State:
        """Return the state before the first collision."""
        n, classes = len(plan.inputs), len(plan.alignment.class_delay)
        scalar = np.zeros(6, dtype=np.int64)
        scalar[[LAST_SELF, LAST_SOURCE]] = LONG_AGO
        return cls(
            raw_end=np.full(n, LONG_AGO, dtype=np.int64),
            risen=np.full(n, LONG_AGO, dtype=np.int64),
            high=np.zeros(plan.words, dtype=np.uint64),
            queue_tick=np.zeros((classes, QUEUE), dtype=np.int64),
            queue_bits=np.zeros((classes, QUEUE, plan.words), dtype=np.uint64),
            queue_at=np.zeros((classes, 3), dtype=np.int64),
            scalar=scalar,
            cache_key=np.zeros((CACHE, plan.words), dtype=np.uint64),
            cache_lines=np.zeros((CACHE, plan.line_words), dtype=np.uint64),
            cache_full=np.zeros(CACHE, dtype=np.int64),
            late=np.zeros(n, dtype=np.int64),
            early=np.zeros(n, dtype=np.int64),
            decided=np.zeros(4, dtype=np.int64),
            scratch=np.zeros(plan.words, dtype=np.uint64),
        )
