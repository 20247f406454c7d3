"""Bit-sliced evaluation of a menu: 64 events a word, a block of words at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from firmware_models.errors import InputError
from trigger.bits import Rows
from trigger.menu.model import Menu
from trigger.menu.program import Program, compile_menu

BLOCK_WORDS = 128
"""Words (64 events each) that one pass over the instructions covers.

8192 events: long enough to spread the cost of reading an instruction, short enough that all rows
of menu 0034 (some 400, 1 kB each) stay within the second-level cache. Measured best of 32 to 256.
"""


@dataclass(frozen=True)
class Evaluator:
    """Computes all lines of a menu from input rows.

    Parameters
    ----------
    program : Program
    names : tuple of str
        Names of the lines, in the order of the output rows.
    """

    program: Program
    names: tuple[str, ...]

    @classmethod
    def of(cls, menu: Menu) -> Evaluator:
        """Compile a menu. The kernel itself is the same for every menu."""
        return cls(compile_menu(menu), menu.names)

    def __call__(self, rows: Rows, n_events: int | None = None) -> Rows:
        """Evaluate every line.

        Parameters
        ----------
        rows : ndarray of uint64, shape (n_inputs, n_words)
        n_events : int, optional
            Events in the rows; bits beyond them are cleared. Default: 64 for each word.

        Returns
        -------
        ndarray of uint64, shape (n_lines, n_words)
        """
        if rows.ndim != 2 or rows.shape[0] != self.program.n_inputs or rows.dtype != np.uint64:
            raise InputError(
                f"input rows must be uint64 of shape ({self.program.n_inputs}, n_words), "
                f"not {rows.dtype} of shape {rows.shape}"
            )
        out = np.empty((len(self.names), rows.shape[1]), dtype=np.uint64)
        p = self.program
        _run(np.ascontiguousarray(rows), p.code, p.outputs, p.n_slots, out)
        if n_events is not None and n_events < 64 * rows.shape[1]:
            full, rest = divmod(n_events, 64)
            out[:, full + 1 :] = 0
            if full < rows.shape[1]:
                out[:, full] &= np.uint64((1 << rest) - 1)
        return out


@numba.njit(cache=True, nogil=True)
def _run(rows, code, outputs, n_slots, out):  # type: ignore[no-untyped-def]
    n_words = rows.shape[1]
    slots = np.empty(n_slots * BLOCK_WORDS, dtype=np.uint64)
    for start in range(0, n_words, BLOCK_WORDS):
        count = min(BLOCK_WORDS, n_words - start)
        for i in range(rows.shape[0]):
            row, at = rows[i], i * BLOCK_WORDS
            for w in range(count):
                slots[at + w] = row[start + w]
        # The instructions always work a whole block, whatever `count` is: a fixed length and
        # slices of their own let the compiler use wide registers.
        for i in range(code.shape[0]):
            target = _block(slots, code[i, 1])
            first, second = _block(slots, code[i, 2]), _block(slots, code[i, 3])
            if code[i, 0] == 0:
                for w in range(BLOCK_WORDS):
                    target[w] = ~first[w]
            elif code[i, 0] == 1:
                for w in range(BLOCK_WORDS):
                    target[w] = first[w] & second[w]
            else:
                for w in range(BLOCK_WORDS):
                    target[w] = first[w] | second[w]
        for line in range(outputs.shape[0]):
            row, at = out[line], outputs[line] * BLOCK_WORDS
            for w in range(count):
                row[start + w] = slots[at + w]


@numba.njit(cache=True, nogil=True)
def _block(slots, slot):  # type: ignore[no-untyped-def]
    return slots[slot * BLOCK_WORDS : (slot + 1) * BLOCK_WORDS]
