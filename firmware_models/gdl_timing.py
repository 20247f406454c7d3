"""Event-time source of the Level-1 decision: the best sub-trigger that gives a good enough time.

Sources are asked in the order of the `priority` registers; the first one that is valid and whose
quality reaches its `min_quality` gives the event time. When none does, the decision times itself
(SELF): the tick of the accept, with quality 0.

The order TOP, ECL, CDC, SELF is an assumption (the public software does not state it, see
ecl_klm_gdl section 7 of the reference notes); it is a register for that reason. Codes follow the
newer data-model enumeration ECL, TOP, CDC, SELF; see docs/reference/gdl_timing.md for older data.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.clock import TICK_NS, TICKS_PER_TURN, TIME_LSB_NS
from firmware_models.interface.gdl import SOURCE_SELF
from firmware_models.kernels import njit

BLOCK = BLOCKS["gdl_timing"]
SOURCES = ("ecl", "top", "cdc")
"""Names by source code."""

COUNTS_PER_TURN = 8 * TICKS_PER_TURN
"""Counts of the 14-bit time in one turn: 80 data clocks of 128."""

_TICK_SHIFT = 3  # a tick is 1/16 of a data clock, 8 counts


def describe() -> Block:
    """Return the block's entry in the interface table."""
    return BLOCK


def quantize(
    l1: NDArray[np.bool_],
    time_ns: NDArray[np.float64],
    source_ns: Mapping[str, NDArray[np.float64]],
    source_quality: Mapping[str, NDArray[np.integer]],
) -> NDArray[np.void]:
    """Return input words from times in the turn.

    Parameters
    ----------
    l1 : ndarray of bool, shape (n,)
        Level-1 accept.
    time_ns : ndarray, shape (n,)
        Time of the decision since the start of the turn [ns]; taken modulo the turn.
    source_ns : mapping of str to ndarray, shape (n,)
        Event time of ``"top"``, ``"ecl"`` or ``"cdc"`` [ns]; NaN: gives none. Sources left out
        give none.
    source_quality : mapping of str to ndarray of int, shape (n,)
        Quality 0 to 3 of the same sources.

    Raises
    ------
    InputError
        For a source of another name, or a decision time that is not finite.
    """
    if not np.all(np.isfinite(time_ns)):
        raise InputError("decision times must be finite", place="gdl_timing.quantize")
    words = BLOCK.input.zeros(len(l1))
    words["l1"] = l1
    words["tick"] = np.floor(time_ns / TICK_NS).astype(np.int64) % TICKS_PER_TURN
    for name, times in source_ns.items():
        if name not in SOURCES:
            raise InputError(f"{name!r} is not among {', '.join(SOURCES)}",
                             place="gdl_timing.quantize")  # fmt: skip
        given = np.isfinite(times)
        counts = np.floor(np.where(given, times, 0.0) / TIME_LSB_NS).astype(np.int64)
        words[f"{name}_valid"] = given
        words[f"{name}_time"] = counts % COUNTS_PER_TURN
        words[f"{name}_quality"] = source_quality[name]
    return words


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Return the decision for each input word.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `gdl_timing_input`
    registers : dict of ndarray, optional
        Default: the values after reset.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `gdl_decision`
        All fields are 0 where there is no accept.
    """
    chosen = BLOCK.defaults() | (registers or {})
    valid = np.stack([words[f"{s}_valid"] for s in SOURCES], axis=1).astype(np.int64)
    time = np.stack([words[f"{s}_time"] for s in SOURCES], axis=1).astype(np.int64)
    quality = np.stack([words[f"{s}_quality"] for s in SOURCES], axis=1).astype(np.int64)
    decided = np.zeros((len(words), 3), dtype=np.int64)
    _decide(
        words["l1"].astype(np.int64), words["tick"].astype(np.int64), valid, time, quality,
        chosen["priority"], chosen["min_quality"], decided,
    )  # fmt: skip
    out = BLOCK.output.zeros(len(words))
    out["l1"] = words["l1"]
    out["source"], out["time"], out["quality"] = decided.T
    return out


@njit()
def _decide(l1, tick, valid, time, quality, priority, minimum, decided):  # type: ignore[no-untyped-def]
    for i in range(len(l1)):
        if l1[i] == 0:
            continue
        decided[i, 0] = SOURCE_SELF
        decided[i, 1] = tick[i] << _TICK_SHIFT
        decided[i, 2] = 0
        for rank in range(len(priority)):
            source = priority[rank]
            if source == SOURCE_SELF:
                break
            if valid[i, source] != 0 and quality[i, source] >= minimum[source]:
                decided[i, 0] = source
                decided[i, 1] = time[i, source]
                decided[i, 2] = quality[i, source]
                break
