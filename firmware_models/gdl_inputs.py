"""Alignment of the input bits of the global decision logic: a delay and a width for each.

A rising edge of input i on tick s (the bit is 1, and was 0 on the tick before; before the first
tick all bits are 0) holds output i high on ticks s + delay to s + delay + width - 1. An edge that
comes while the output is high starts the width again (retriggerable). A bit that stays high gives
one pulse. A tick is a frame: the block stands still on clocks without one.

Delay and width for each bit: ecl_klm_gdl section 7 of the reference notes; their ranges 0 to 31
and 1 to 32 ticks and the retrigger rule are this project's choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.clock import TICK_NS
from firmware_models.interface.gdl import N_INPUT
from firmware_models.kernels import njit

BLOCK = BLOCKS["gdl_inputs"]
MAX_DELAY, MAX_WIDTH = 31, 32


@dataclass
class State:
    """What the block remembers between ticks, one element an input.

    Parameters
    ----------
    last : ndarray of int64, shape (320,)
        Bits of the tick before.
    edges : ndarray of int64, shape (320,)
        Bit d: an edge came d + 1 ticks ago.
    left : ndarray of int64, shape (320,)
        Ticks for which the output stays high.
    """

    last: NDArray[np.int64]
    edges: NDArray[np.int64]
    left: NDArray[np.int64]

    @classmethod
    def after_reset(cls) -> State:
        """Return the state after reset: nothing seen, nothing high."""
        return cls(*(np.zeros(N_INPUT, dtype=np.int64) for _ in range(3)))


def describe() -> Block:
    """Return the block's entry in the interface table."""
    return BLOCK


def quantize(
    n_ticks: int,
    inputs: NDArray[np.integer],
    time_ns: NDArray[np.float64],
    hold_ticks: int = 1,
) -> NDArray[np.void]:
    """Return one word a tick from the times at which sub-trigger bits arrive.

    Parameters
    ----------
    n_ticks : int
        Words to return; the first starts at time 0.
    inputs : ndarray of int, shape (n_hits,)
        Input number of each arrival, 0 to 319.
    time_ns : ndarray, shape (n_hits,)
        Time of each arrival [ns]; those outside the words are left out.
    hold_ticks : int
        Ticks for which the sub-trigger holds its bit.

    Raises
    ------
    InputError
        For an input that does not exist, or times that are not finite.
    """
    if len(inputs) and not (int(np.min(inputs)) >= 0 and int(np.max(inputs)) < N_INPUT):
        raise InputError(f"inputs are 0 to {N_INPUT - 1}, not {np.min(inputs)} to {np.max(inputs)}",
                         place="gdl_inputs.quantize")  # fmt: skip
    if not np.all(np.isfinite(time_ns)):
        raise InputError("times must be finite", place="gdl_inputs.quantize")
    words = BLOCK.input.zeros(n_ticks)
    tick = np.floor(time_ns / TICK_NS).astype(np.int64)
    for later in range(hold_ticks):
        inside = (tick + later >= 0) & (tick + later < n_ticks)
        words["bits"][(tick + later)[inside], inputs[inside]] = 1
    return words


def check_registers(registers: Registers, *, place: str = "gdl_inputs") -> None:
    """Raise `InputError` for a delay or width out of range.

    Parameters
    ----------
    registers : dict of ndarray
        ``delay`` [tick] and ``width`` [tick].
    place : str
        Where the values come from, for the message.
    """
    for name, low, high in (("delay", 0, MAX_DELAY), ("width", 1, MAX_WIDTH)):
        bad = np.flatnonzero((registers[name] < low) | (registers[name] > high))
        if len(bad):
            raise InputError(
                f"{name} of input {bad[0]} must be {low} to {high} ticks, "
                f"not {registers[name][bad[0]]}", place=place,
            )  # fmt: skip


def evaluate(
    words: NDArray[np.void], registers: Registers | None = None, state: State | None = None
) -> NDArray[np.void]:
    """Return the aligned bits of each tick.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `gdl_raw`
        One word a tick.
    registers : dict of ndarray, optional
        Default: the values after reset (delay 0, width 1).
    state : State, optional
        Updated in place, so that a stream may come in parts. Default: as after reset.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `gdl_input`

    Raises
    ------
    InputError
        For a delay or width out of range.
    """
    chosen = BLOCK.defaults() | (registers or {})
    check_registers(chosen)
    current = state or State.after_reset()
    out = BLOCK.output.zeros(len(words))
    shaped = np.zeros((len(words), N_INPUT), dtype=np.uint8)
    _shape(np.ascontiguousarray(words["bits"]), chosen["delay"], chosen["width"], current.last,
           current.edges, current.left, shaped)  # fmt: skip
    out["bits"] = shaped
    return out


@njit()
def _shape(bits, delay, width, last, edges, left, out):  # type: ignore[no-untyped-def]
    mask = np.int64(0xFFFFFFFF)
    for tick in range(bits.shape[0]):
        for i in range(bits.shape[1]):
            bit = np.int64(bits[tick, i])
            edges[i] = ((edges[i] << 1) | (bit & (1 - last[i]))) & mask
            last[i] = bit
            if (edges[i] >> delay[i]) & 1:
                left[i] = width[i]
            if left[i] > 0:
                out[tick, i] = 1
                left[i] -= 1
