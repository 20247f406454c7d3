"""Block `neuro_deep`: z, θ and two classes of a 2D track from a deeper network in fixed point.

Source: cdc_track_trigger section 5.5 of the reference notes (basf2 NeuroTrigger3DH). 126 inputs:
three quantities and eleven hit-pattern bits of each superlayer, a bit that is set is 1. One set of
weights for all tracks, whichever superlayers are missing: their inputs are 0. Two hidden layers,
tanh(x) in every layer. A sum is exact. Then

* it is shifted right by the fractional bits of the layer's weights, rounding down, so that 12
  fractional bits stay and the negative side rounds away from zero;
* its magnitude, without the lowest two bits, is the address of a table of 4096 entries; from 4 on
  the value is 4095 / 4096;
* the sign is that of the sum.

The bias is 4096. basf2 keeps 18 bits of the shifted sum, ±32, and lets larger ones wrap, which it
never saw (10.44 was the largest); here they are limited like all beyond 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models import deep_weights, neuro_mlp
from firmware_models.deep_weights import DeepWeights
from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.cdc_segment import N_PATTERN_BIT, N_SUPERLAYER
from firmware_models.interface.neuro import N_PATTERN, NEURO_TRACK, ONE
from firmware_models.interface.neuro_deep import (
    ADDRESS_SHIFT,
    LIMIT,
    N_FEATURE,
    N_QUANTITY,
    OUTPUTS,
    PER_SUPERLAYER,
    SHAPE,
    TOP,
)
from firmware_models.kernels import njit
from firmware_models.tanh_table_short import short_tanh_table

BLOCK: Block = BLOCKS["neuro_deep"]

_PASSED = ("omega", "phi0", "quadrant", "valid", "last")


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    inputs: ArrayLike,
    pattern: ArrayLike,
    omega: ArrayLike,
    *,
    expert: ArrayLike = 0,
    phi0: ArrayLike = 0,
    quadrant: ArrayLike = 0,
    valid: ArrayLike = 1,
    last: ArrayLike = 1,
) -> NDArray[np.void]:
    """Turn network inputs into words.

    Parameters
    ----------
    inputs : array_like, shape (n, 27)
        Within ±1, superlayer 0 first: relative ID, drift time, crossing angle; 0 where missing.
    pattern : array_like of 0 and 1, shape (n, 99)
        Hit wires of the segments, superlayer 0 first.
    omega, expert, phi0, quadrant, valid, last
        As for `neuro_mlp.quantize`; this block does not read the expert.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `neuro_input`
        Inputs truncated toward zero, as the word has it: both networks read it.

    Raises
    ------
    InputError
        For a wrong shape, an input outside ±1, or a value that its field does not hold.
    """
    words = neuro_mlp.quantize(inputs, expert, omega, phi0=phi0, quadrant=quadrant, valid=valid,
                               last=last)  # fmt: skip
    bits = np.asarray(pattern)
    if bits.shape != (len(words), N_PATTERN):
        raise InputError(f"pattern must have the shape {(len(words), N_PATTERN)}, not {bits.shape}")
    if not np.isin(bits, (0, 1)).all():
        raise InputError("pattern must be 0 or 1")
    words["pattern"] = bits
    return words


def features(words: NDArray[np.void]) -> NDArray[np.int32]:
    """Return what the first layer is given, in counts of 1/4096.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `neuro_input`

    Returns
    -------
    ndarray of int32, shape (n, 126)
        Of each superlayer relative ID, drift time, crossing angle, then eleven bits (0 or 4096).
    """
    n = len(words)
    out = np.empty((n, N_SUPERLAYER, PER_SUPERLAYER), dtype=np.int32)
    out[:, :, :N_QUANTITY] = words["input"].reshape(n, N_SUPERLAYER, N_QUANTITY)
    out[:, :, N_QUANTITY:] = words["pattern"].reshape(n, N_SUPERLAYER, N_PATTERN_BIT)
    out[:, :, N_QUANTITY:] *= ONE
    return out.reshape(n, N_FEATURE)


def evaluate(
    words: NDArray[np.void],
    registers: Registers | None = None,
    weights: DeepWeights | None = None,
) -> NDArray[np.void]:
    """Return z, θ and the classes of each track.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `neuro_input`
    registers : dict, optional
        The block has none; here because all blocks are called alike.
    weights : DeepWeights, optional
        Default: those of the package, which the RTL is generated with.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `neuro_track`

    Raises
    ------
    InputError
        When registers are given.
    """
    if registers:
        raise InputError(f"has no registers, not {', '.join(registers)}", place=BLOCK.name)
    chosen = deep_weights.load() if weights is None else weights
    out = NEURO_TRACK.zeros(len(words))
    for name in _PASSED:
        out[name] = words[name]
    out["neural"] = words["valid"]
    found = np.zeros((len(words), len(OUTPUTS)), dtype=np.int32)
    _evaluate(
        features(words), out["neural"], tuple(_columns(layer) for layer in chosen.layers),
        tuple(chosen.fractions), short_tanh_table(), found,
    )  # fmt: skip
    for number, name in enumerate(OUTPUTS):
        out[name] = found[:, number]
    return out


def _columns(layer: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return a layer as (input, node): the nodes of one input lie together."""
    return np.ascontiguousarray(layer.T.astype(np.int32))


@njit()
def _activation(total, shift, table):  # type: ignore[no-untyped-def]
    magnitude = abs(total >> shift)
    value = TOP if magnitude >= LIMIT else table[magnitude >> ADDRESS_SHIFT]
    return value if total >= 0 else -value


@njit()
def _layer(values, weights, shift, table, sums, out):  # type: ignore[no-untyped-def]
    n, nodes = values.size, weights.shape[1]
    for node in range(nodes):
        sums[node] = np.int64(weights[n, node]) * ONE
    for i in range(n):
        value = np.int64(values[i])
        # Most hit-pattern bits are 0.
        if value == 0:
            continue
        for node in range(nodes):
            sums[node] += np.int64(weights[i, node]) * value
    for node in range(nodes):
        out[node] = _activation(sums[node], shift, table)


@njit()
def _evaluate(inputs, neural, weights, shifts, table, found):  # type: ignore[no-untyped-def]
    sums = np.zeros(max(SHAPE[1], SHAPE[2]), dtype=np.int64)
    first, second = np.zeros(SHAPE[1], dtype=np.int32), np.zeros(SHAPE[2], dtype=np.int32)
    for row in range(inputs.shape[0]):
        if neural[row] == 0:
            continue
        _layer(inputs[row], weights[0], shifts[0], table, sums, first)
        _layer(first, weights[1], shifts[1], table, sums, second)
        _layer(second, weights[2], shifts[2], table, sums, found[row])
