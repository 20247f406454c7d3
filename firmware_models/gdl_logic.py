"""Final-decision logic (FTDL): every output line is a sum of products of the input bits.

The logic is data: a `Program` of products, made from a menu (the packaged one by default, see
`firmware_models.generated.gdl_program`). The block has no registers: in the hardware a new menu is
a new bitstream (ecl_klm_gdl section 7 of the reference notes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.gdl import N_INPUT, N_OUTPUT
from firmware_models.kernels import njit

BLOCK = BLOCKS["gdl_logic"]

Products = Iterable[tuple[int, Sequence[Sequence[int]]]]
"""Output index with its products; a literal is an input index n, or ``~n`` for its inverse."""


@dataclass(frozen=True)
class Program:
    """Sums of products as flat integer arrays.

    Parameters
    ----------
    output : ndarray of int64, shape (n_products,)
        Output bit that each product belongs to.
    start : ndarray of int64, shape (n_products + 1,)
        Literals of product i are ``start[i]`` to ``start[i + 1]``.
    literal : ndarray of int64, shape (n_literals,)
        Input index n, or ``~n`` (that is −n − 1) for the inverse.
    """

    output: NDArray[np.int64]
    start: NDArray[np.int64]
    literal: NDArray[np.int64]

    @classmethod
    def of(cls, products: Products) -> Program:
        """Build from products by output.

        Raises
        ------
        InputError
            For an index outside the words.
        """
        output: list[int] = []
        start: list[int] = [0]
        literal: list[int] = []
        for index, terms in products:
            for term in terms:
                output.append(index)
                literal += term
                start.append(len(literal))
        program = cls(
            np.array(output, np.int64), np.array(start, np.int64), np.array(literal, np.int64)
        )
        _check(program.output, N_OUTPUT, "output")
        _check(np.maximum(program.literal, ~program.literal), N_INPUT, "input")
        return program


def _check(index: NDArray[np.int64], size: int, what: str) -> None:
    if len(index) and (index.min() < 0 or index.max() >= size):
        raise InputError(
            f"{what} index must be 0 to {size - 1}, not {index.min()} to {index.max()}",
            place="gdl_logic program",
        )


@cache
def default_program() -> Program:
    """Return the program of the packaged menu, which is also that of ``hdl/rtl/gdl_logic.sv``."""
    from firmware_models.generated.gdl_program import PRODUCTS

    return Program.of(PRODUCTS)


def describe() -> Block:
    """Return the block's entry in the interface table."""
    return BLOCK


def quantize(bits: NDArray[np.bool_]) -> NDArray[np.void]:
    """Return input words from bits.

    Parameters
    ----------
    bits : ndarray of bool, shape (n, k), k ≤ 320
        Input bits by index; those from k on are 0.

    Raises
    ------
    InputError
        For more than 320 bits.
    """
    if bits.ndim != 2 or bits.shape[1] > N_INPUT:
        raise InputError(f"bits must have shape (n, k) with k up to {N_INPUT}, not {bits.shape}",
                         place="gdl_logic.quantize")  # fmt: skip
    words = BLOCK.input.zeros(len(bits))
    words["bits"][:, : bits.shape[1]] = bits
    return words


def evaluate(
    words: NDArray[np.void], registers: Registers | None = None, program: Program | None = None
) -> NDArray[np.void]:
    """Return the output lines for each input word.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `gdl_input`
    registers : dict, optional
        The block has none.
    program : Program, optional
        Default: that of the packaged menu.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `ftdl`
    """
    if registers:
        raise InputError("the block has no registers", place="gdl_logic.evaluate")
    chosen = program or default_program()
    out = BLOCK.output.zeros(len(words))
    # The field of a structured array is strided: the kernel gets plain arrays.
    bits = np.ascontiguousarray(words["bits"])
    lines = np.zeros((len(words), N_OUTPUT), dtype=np.uint8)
    _decide(bits, chosen.output, chosen.start, chosen.literal, lines)
    out["bits"] = lines
    return out


@njit()
def _decide(bits, output, start, literal, lines):  # type: ignore[no-untyped-def]
    for event in range(bits.shape[0]):
        for product in range(len(output)):
            if lines[event, output[product]]:
                continue
            holds = True
            for at in range(start[product], start[product + 1]):
                index = literal[at]
                wanted = 1
                if index < 0:
                    index, wanted = ~index, 0
                if bits[event, index] != wanted:
                    holds = False
                    break
            if holds:
                lines[event, output[product]] = 1
