"""Bit-sliced evaluation of a menu: 64 events a word, a block of words at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firmware_models.errors import InputError
from firmware_models.kernels import njit
from trigger.bits import Rows
from trigger.menu.model import Menu
from trigger.menu.program import compile_menu
from trigger.menu.slots import AND, NOT, OR, Program

BLOCK_WORDS = 256
"""Words (64 events each) that one pass over the instructions covers.

Long enough to spread the cost of reading an instruction, short enough that the temporaries (some
twenty rows of 2 kB for menu 0034) stay in the fast caches.
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

    def __call__(self, rows: Rows, n_events: int | None = None, out: Rows | None = None) -> Rows:
        """Evaluate every line.

        Parameters
        ----------
        rows : ndarray of uint64, shape (n_inputs, n_words)
        n_events : int, optional
            Events in the rows; bits beyond them are cleared. Default: 64 for each word.
        out : ndarray of uint64, shape (n_lines, n_words), optional
            Where to put the result: saves the time of fresh memory when chunks follow each other.

        Returns
        -------
        ndarray of uint64, shape (n_lines, n_words)
        """
        _check("input", rows, self.program.n_inputs)
        shape = (len(self.names), rows.shape[1])
        if out is None:
            out = np.empty(shape, dtype=np.uint64)
        _check("output", out, shape[0], shape[1])
        _run(
            np.ascontiguousarray(rows), self.program.code, self.program.n_temporaries,
            BLOCK_WORDS, out,
        )  # fmt: skip
        if n_events is not None and n_events < 64 * rows.shape[1]:
            full, rest = divmod(n_events, 64)
            out[:, full + 1 :] = 0
            out[:, full] &= np.uint64((1 << rest) - 1)
        return out


def _check(what: str, rows: Rows, n: int, n_words: int | None = None) -> None:
    good = rows.ndim == 2 and rows.shape[0] == n and n_words in (None, rows.shape[1])
    if not good or rows.dtype != np.uint64 or (n_words is not None and not rows.flags.c_contiguous):
        wanted = "n_words" if n_words is None else n_words
        raise InputError(
            f"{what} rows must be uint64 of shape ({n}, {wanted}), "
            f"not {rows.dtype} of shape {rows.shape}"
        )


@njit(nogil=True)
def _run(rows, code, n_temporaries, block, out):  # type: ignore[no-untyped-def]
    n_words = rows.shape[1]
    temporary = np.empty((n_temporaries, block), dtype=np.uint64)
    for start in range(0, n_words, block):
        stop = min(start + block, n_words)
        for i in range(code.shape[0]):
            operation = code[i, 0]
            target = _slice(rows, temporary, out, code[i, 1], start, stop)
            first = _slice(rows, temporary, out, code[i, 2], start, stop)
            second = _slice(rows, temporary, out, code[i, 3], start, stop)
            # One loop an operation, on plain slices: the compiler uses wide registers.
            if operation == AND:
                for w in range(stop - start):
                    target[w] = first[w] & second[w]
            elif operation == OR:
                for w in range(stop - start):
                    target[w] = first[w] | second[w]
            elif operation == NOT:
                for w in range(stop - start):
                    target[w] = ~first[w]
            else:
                for w in range(stop - start):
                    target[w] = first[w]


@njit(nogil=True)
def _slice(rows, temporary, out, slot, start, stop):  # type: ignore[no-untyped-def]
    n_inputs, n_temporaries = rows.shape[0], temporary.shape[0]
    if slot < n_inputs:
        return rows[slot, start:stop]
    if slot < n_inputs + n_temporaries:
        return temporary[slot - n_inputs, : stop - start]
    return out[slot - n_inputs - n_temporaries, start:stop]
