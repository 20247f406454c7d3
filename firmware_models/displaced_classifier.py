"""Block `displaced_classifier`: a small neural network for the hypotheses of `displaced_hough`.

One network serves all rings; what it is told: `firmware_models.vertex_features`. Arithmetic,
rounding and activation are those of `neuro_mlp`. A ring is accepted when its hypothesis is valid
and its score + 8192 is at least `min_score`; `dvt` is the decision on the window. A network behind
such planes is published as a concept only (Belle II, BELLE2-MTHESIS-2023-021): inputs, shape and
training are this project's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models import displaced_weights
from firmware_models.displaced_weights import DisplacedWeights
from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.displaced import (
    DISPLACED_DECISION,
    DISPLACED_VERTICES,
    N_FEATURE,
    N_HIDDEN,
    N_RING,
)
from firmware_models.interface.neuro import ADDRESS_SHIFT, CLASS_OFFSET, ONE, SATURATION
from firmware_models.kernels import njit
from firmware_models.tanh_table import tanh_table
from firmware_models.vertex_features import FIELDS, features

BLOCK: Block = BLOCKS["displaced_classifier"]


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    hypotheses: dict[str, ArrayLike], tracks: ArrayLike, *, clock: ArrayLike = 0
) -> NDArray[np.void]:
    """Turn hypotheses into words, to study the classifier alone.

    Parameters
    ----------
    hypotheses : dict of str to array_like of int, shape (n, 6)
        By the names of the word's fields, `valid` among them; those left out are 0.
    tracks : array_like of int, shape (n,)
        2D tracks of the standard finder; more than 31 are 31.
    clock : array_like of int, shape () or (n,)
        Data clock in the turn, 0 to 511.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `displaced_vertices`

    Raises
    ------
    InputError
        For an unknown field, a shape that does not fit, or a value out of range.
    """
    number = np.asarray(tracks, dtype=np.int64)
    words = DISPLACED_VERTICES.zeros(len(number))
    columns = {**hypotheses, "tracks": np.minimum(number, DISPLACED_VERTICES["tracks"].high),
               "clock": clock}  # fmt: skip
    for name, values in columns.items():
        if name not in (*FIELDS, "tracks", "clock"):
            raise unknown_name("field", name, FIELDS, place=DISPLACED_VERTICES.name)
        field, column = DISPLACED_VERTICES[name], np.asarray(values, dtype=np.int64)
        if column.shape != words[name].shape and name != "clock":
            raise InputError(f"must have the shape {words[name].shape}, not {column.shape}",
                             place=name)  # fmt: skip
        if column.size and not field.low <= column.min() <= column.max() <= field.high:
            raise InputError(f"must lie in {field.low} to {field.high}", place=name)
        words[name] = column
    words["displaced"] = words["valid"].any(axis=1)
    return words


def check_registers(registers: Registers | None) -> Registers:
    """Return the registers that the block runs with.

    Raises
    ------
    InputError
        For an unknown register, or a value that does not fit it.
    """
    chosen = BLOCK.defaults()
    for name, value in (registers or {}).items():
        if name not in chosen:
            raise unknown_name("register", name, chosen, place=BLOCK.name)
        register = BLOCK.register(name)
        given = np.atleast_1d(np.asarray(value, dtype=np.int64))
        high = (1 << register.width) - 1
        if given.shape != (register.count,) or not 0 <= given.min() <= given.max() <= high:
            raise InputError(f"takes {register.count} of 0 to {high}, not {given.tolist()}",
                             place=f"{BLOCK.name}.{name}")  # fmt: skip
        chosen[name] = given
    return chosen


def evaluate(
    words: NDArray[np.void],
    registers: Registers | None = None,
    weights: DisplacedWeights | None = None,
) -> NDArray[np.void]:
    """Judge the hypothesis of every ring.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `displaced_vertices`
    registers : dict of ndarray, optional
        Default: the values after reset.
    weights : DisplacedWeights, optional
        Default: those of the package, which the RTL is generated with.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `displaced_decision`

    Raises
    ------
    InputError
        As for `check_registers`.
    """
    values = check_registers(registers)
    chosen = displaced_weights.load() if weights is None else weights
    out = DISPLACED_DECISION.zeros(len(words))
    # Most windows of background have no hypothesis: their scores are 0.
    rows = np.flatnonzero(words["valid"].any(axis=1))
    given = words[rows]
    score = np.zeros((len(rows), N_RING), dtype=np.int16)
    _score(np.ascontiguousarray(given["valid"]), features(given),
           np.ascontiguousarray(chosen.hidden.T.astype(np.int32)),
           chosen.output[0].astype(np.int32), tanh_table().astype(np.int32), score)  # fmt: skip
    accepted = (given["valid"] == 1) & (score + np.int64(CLASS_OFFSET) >= values["min_score"])
    out["score"][rows], out["accepted"][rows] = score, accepted
    out["tracks"], out["clock"] = words["tracks"], words["clock"]
    few = words["tracks"] <= values["max_tracks"][0]
    out["dvt"] = out["accepted"].any(axis=1) & few
    return out


@njit()
def _activation(total, table):  # type: ignore[no-untyped-def]
    address = min(abs(np.int64(total)) >> ADDRESS_SHIFT, SATURATION)
    return table[address] if total >= 0 else -table[address]


@njit()
def _score(valid, inputs, hidden, output, table, score):  # type: ignore[no-untyped-def]
    # Sums fit 32 bits whatever the weights: 29 inputs of at most 8192, and the bias, times 4096.
    sums = np.zeros(N_HIDDEN, dtype=np.int32)
    for row in range(len(score)):
        for ring in range(N_RING):
            if valid[row, ring] == 0:
                continue
            for node in range(N_HIDDEN):
                sums[node] = np.int32(hidden[N_FEATURE, node] * ONE)
            for i in range(N_FEATURE):
                value = inputs[row, ring, i]
                if value != 0:
                    for node in range(N_HIDDEN):
                        sums[node] = np.int32(sums[node] + hidden[i, node] * value)
            total = np.int64(output[N_HIDDEN]) * ONE
            for node in range(N_HIDDEN):
                total += np.int64(output[node]) * _activation(sums[node], table)
            score[row, ring] = _activation(total, table)
