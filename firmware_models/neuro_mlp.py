"""Block `neuro_mlp`: z and θ of a 2D track from a small neural network in fixed point.

Source: cdc_track_trigger sections 5.2 and 5.3 of the reference notes (basf2 NeuroTrigger). Inputs
have 12 fractional bits, truncated toward zero; weights 10, rounded; the bias input is 4096. Sums
are exact. The activation tanh(x/2) is a table addressed by |sum| >> 12
(`firmware_models.tanh_table`); its sign is that of the sum. Hidden and output layer are alike.

Hit patterns of segments take no part here, and the network has no classes: they are 0. The
126-input network of the newer trigger has another arithmetic: it is the block `neuro_deep`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models import neuro_weights
from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.neuro import (
    ADDRESS_SHIFT,
    N_EXPERT,
    N_HIDDEN,
    N_INPUT,
    NEURO_INPUT,
    NEURO_TRACK,
    ONE,
    SATURATION,
)
from firmware_models.kernels import njit
from firmware_models.neuro_weights import NeuroWeights
from firmware_models.tanh_table import tanh_table

BLOCK: Block = BLOCKS["neuro_mlp"]

NO_EXPERT = NEURO_INPUT["expert"].high
"""Expert of a track with fewer than three stereo superlayers: no network is for it."""

_PASSED = ("omega", "phi0", "quadrant", "valid", "last")


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    inputs: ArrayLike,
    expert: ArrayLike,
    omega: ArrayLike,
    *,
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
    expert : array_like of int, shape () or (n,)
        0 to 4, or `NO_EXPERT`.
    omega : array_like of int, shape () or (n,)
        Counts of 1/10.2 GeV⁻¹, -64 to 63.
    phi0, quadrant, valid, last : array_like of int, shape () or (n,)

    Returns
    -------
    ndarray, shape (n,), dtype of the word `neuro_input`
        Inputs truncated toward zero.

    Raises
    ------
    InputError
        For a wrong shape, an input outside ±1, or a value that its field does not hold.
    """
    values = np.asarray(inputs, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != N_INPUT:
        raise InputError(f"inputs must have the shape (n, {N_INPUT}), not {values.shape}")
    if not (np.abs(values) <= 1.0).all():
        raise InputError("inputs must be finite and within ±1")
    words = NEURO_INPUT.zeros(len(values))
    words["input"] = np.trunc(values * ONE)
    given = {"expert": expert, "omega": omega, "phi0": phi0, "quadrant": quadrant,
             "valid": valid, "last": last}  # fmt: skip
    for name, value in given.items():
        field, column = NEURO_INPUT[name], np.asarray(value)
        if column.shape not in ((), (len(values),)) or column.dtype.kind not in "iub":
            raise InputError(f"{name} must be whole numbers of the shape {(len(values),)}")
        if column.size and not (field.low <= column.min() and column.max() <= field.high):
            raise InputError(f"{name} must lie in {field.low} to {field.high}")
        words[name] = column
    return words


def evaluate(
    words: NDArray[np.void],
    registers: Registers | None = None,
    weights: NeuroWeights | None = None,
) -> NDArray[np.void]:
    """Return z and θ of each track.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `neuro_input`
    registers : dict, optional
        The block has none; here because all blocks are called alike.
    weights : NeuroWeights, optional
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
    chosen = neuro_weights.load() if weights is None else weights
    out = NEURO_TRACK.zeros(len(words))
    for name in _PASSED:
        out[name] = words[name]
    out["neural"] = (words["valid"] == 1) & (words["expert"] < N_EXPERT)
    _evaluate(
        np.ascontiguousarray(words["input"]), words["expert"], out["neural"],
        _columns(chosen.hidden), _columns(chosen.output), tanh_table().astype(np.int32),
        out["z"], out["theta"],
    )  # fmt: skip
    return out


def physical(tracks: NDArray[np.void]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return z [cm] and θ [rad] of neural tracks, each of shape (n,)."""
    z, theta = NEURO_TRACK["z"], NEURO_TRACK["theta"]
    return tracks["z"] * z.lsb, np.radians(90.0 + tracks["theta"] * theta.lsb)


def _columns(layer: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return a layer as (expert, input, node): the nodes of one input lie together."""
    return np.ascontiguousarray(layer.transpose(0, 2, 1).astype(np.int32))


@njit()
def _activation(total, table):  # type: ignore[no-untyped-def]
    address = min(abs(np.int64(total)) >> ADDRESS_SHIFT, SATURATION)
    return table[address] if total >= 0 else -table[address]


@njit()
def _evaluate(inputs, experts, neural, hidden, output, table, z, theta):  # type: ignore[no-untyped-def]
    # Sums fit 32 bits whatever the weights (interface.neuro): twice as many in a vector register.
    sums = np.zeros(N_HIDDEN, dtype=np.int32)
    for row in range(inputs.shape[0]):
        if neural[row] == 0:
            continue
        weights = hidden[experts[row]]
        for node in range(N_HIDDEN):
            sums[node] = np.int32(weights[N_INPUT, node] * ONE)
        for i in range(N_INPUT):
            value = np.int32(inputs[row, i])
            for node in range(N_HIDDEN):
                sums[node] = np.int32(sums[node] + weights[i, node] * value)
        last = output[experts[row]]
        first_total = np.int64(last[N_HIDDEN, 0]) * ONE
        second_total = np.int64(last[N_HIDDEN, 1]) * ONE
        for node in range(N_HIDDEN):
            middle = np.int64(_activation(sums[node], table))
            first_total += last[node, 0] * middle
            second_total += last[node, 1] * middle
        z[row] = _activation(first_total, table)
        theta[row] = _activation(second_total, table)
