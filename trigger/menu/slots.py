"""Instructions of the bit-sliced evaluator and where their results lie.

A result that is a line's goes straight to the line's row; the others go to temporaries, which are
reused as soon as their last reader has run. Menu 0034 needs some twenty of them, so that they stay
in the first-level cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOT, AND, OR, COPY = 0, 1, 2, 3
"""Operation codes; NOT and COPY read their first operand only."""

Step = tuple[int, int, int]
"""Operation and two operands: rows below `n_inputs` are inputs, `n_inputs` + i is step i."""


@dataclass(frozen=True)
class Program:
    """Instructions over slots: inputs first, then temporaries, then lines.

    Parameters
    ----------
    code : ndarray of int64, shape (n_instructions, 4)
        Operation, target slot, first and second operand slot.
    n_inputs, n_temporaries, n_lines : int
    """

    code: NDArray[np.int64]
    n_inputs: int
    n_temporaries: int
    n_lines: int

    def slot_of(self, line: int) -> int:
        """Return the slot of a line."""
        return self.n_inputs + self.n_temporaries + line

    def inputs_of(self, line: int) -> set[int]:
        """Return the input rows that a line's instructions read."""
        needed = {self.slot_of(line)}
        for operation, target, first, second in self.code[::-1].tolist():
            if target in needed:
                needed.discard(target)
                needed |= {first} if operation in (NOT, COPY) else {first, second}
        return {slot for slot in needed if slot < self.n_inputs}


def place(steps: Sequence[Step], results: Sequence[int], n_inputs: int) -> Program:
    """Give every step a slot.

    Parameters
    ----------
    steps : sequence of Step
        Each reads inputs and earlier steps only.
    results : sequence of int
        For each line the input or step that is its value.
    n_inputs : int
    """
    line_of: dict[int, int] = {}
    for line, value in enumerate(results):
        if value >= n_inputs:
            line_of.setdefault(value, line)
    last_reader = {value: i for i, step in enumerate(steps) for value in step[1:]}
    temporary: dict[int, int] = {}
    free: list[int] = []
    count = 0
    for i, (_, *operands) in enumerate(steps):
        value = n_inputs + i
        if value not in line_of:
            if not free:
                free.append(count)
                count += 1
            temporary[value] = free.pop()
        free += [temporary[x] for x in set(operands) if x in temporary and last_reader[x] == i]

    def slot(value: int) -> int:
        if value in line_of:
            return n_inputs + count + line_of[value]
        return n_inputs + temporary[value] if value in temporary else value

    code = [(op, slot(n_inputs + i), slot(a), slot(b)) for i, (op, a, b) in enumerate(steps)]
    for line, value in enumerate(results):
        target = n_inputs + count + line
        if slot(value) != target:
            code.append((COPY, target, slot(value), slot(value)))
    table = np.array(code, dtype=np.int64).reshape(len(code), 4)
    return Program(table, n_inputs, count, len(results))
