"""Block `neuro_preprocess`: inputs of the neural track trigger from a 2D track and its segments.

Each superlayer gives three inputs: relative ID, signed drift time, crossing angle. The reference ID
of a superlayer is where the 2D track crosses its priority layer, and the relative ID how far the
segment lies from it. Axial segments are those of the 2D track; of the stereo segments that lie in
the window one is chosen: known left/right first, then the shortest drift time, then the lowest
slot. Tables and windows: `firmware_models.crossing_angles`.

Sources: cdc_track_trigger sections 5.1, 5.3 and 5.5 of the reference notes (basf2 NeuroTrigger.cc,
neurotrigger_default.conf, CDCTrigger3DHNeuroModule.cc). Choices of our own:
docs/reference/neuro_preprocess.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.crossing_angles import (
    ANGLE_FRACTION,
    CENTRE,
    FIRST_OMEGA,
    RELATIVE_SHIFT,
    WINDOW_HIGH,
    WINDOW_LOW,
    WIRE_ONE,
    WIRES_PER_RADIAN,
    azimuths,
    crossing_angles,
)
from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.cdc_hough import AXIAL, FIRST, LEFT, N_SLOT
from firmware_models.interface.cdc_segment import ID_SHIFT, N_PATTERN_BIT, N_SUPERLAYER
from firmware_models.interface.neuro import NEURO_INPUT, ONE, STEREO, TRACK_SEGMENTS
from firmware_models.kernels import njit

BLOCK: Block = BLOCKS["neuro_preprocess"]

SEGMENT_FIELDS = ("id", "time", "lr", "position", "pattern")

ALL_STEREO, TOO_FEW = 0, 5
"""Experts: no superlayer is missing, more than one is."""

MAX_DRIFT = 256
"""Longest drift time [tick of 1.9651 ns]; stands for 1."""

_AGE_MASK = TRACK_SEGMENTS["event_time"].high
_CLOCK_MASK = (_AGE_MASK + 1) // 16 - 1
_TICK_SCALE = ONE // MAX_DRIFT
_SIDE = (0, -1, 1, 0)
"""Sign of the drift time for lr 0 to 3: right (1) negative, left (2) positive."""

_PASSED = ("omega", "phi0", "quadrant", "valid", "last")


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    axial: Mapping[str, ArrayLike],
    stereo: Mapping[str, ArrayLike],
    omega: ArrayLike,
    phi0: ArrayLike,
    *,
    event_time: ArrayLike | None = None,
    event_valid: ArrayLike = 1,
    clock: ArrayLike = 15,
    quadrant: ArrayLike = 0,
    valid: ArrayLike = 1,
    last: ArrayLike = 1,
) -> NDArray[np.void]:
    """Put 2D tracks and their segments into words.

    Parameters
    ----------
    axial : mapping of str to array_like of int, shape (n, 5)
        Segments of the 2D track in superlayers 0, 2, 4, 6, 8: `id` in the tracker, `time` [tick],
        `lr`, `position` (0: none), `pattern`. A name that is absent is 0.
    stereo : mapping of str to array_like of int, shape (n, 40)
        The same for ten slots of superlayer 1, then of 3, 5, 7, and `valid`; without it slots with
        a position are valid.
    omega, phi0 : array_like of int, shape (n,)
        2D track in half-cells of the Hough plane, as `cdc_hough` gives it.
    event_time : array_like of int, shape () or (n,), optional
        [tick]; default: there is none.
    event_valid : array_like of int, shape () or (n,)
        With `event_time`: where it holds.
    clock, quadrant, valid, last : array_like of int, shape () or (n,)

    Returns
    -------
    ndarray, shape (n,), dtype of the word `track_segments`

    Raises
    ------
    InputError
        For an unknown name, a wrong shape, or a value that its field does not hold.
    """
    curvature = np.asarray(omega)
    if curvature.ndim != 1:
        raise InputError(f"omega must have the shape (n,), not {curvature.shape}")
    words = TRACK_SEGMENTS.zeros(len(curvature))
    columns: dict[str, ArrayLike] = {f"axial_{name}": value for name, value in axial.items()}
    columns |= {f"stereo_{name}": value for name, value in stereo.items()}
    if "position" in stereo and "valid" not in stereo:
        columns["stereo_valid"] = np.asarray(stereo["position"]) > 0
    columns |= {"omega": curvature, "phi0": phi0, "clock": clock, "quadrant": quadrant,
                "valid": valid, "last": last}  # fmt: skip
    if event_time is not None:
        columns |= {"event_time": event_time, "event_valid": event_valid}
    for name, value in columns.items():
        _store(words, name, np.asarray(value))
    return words


def _store(words: NDArray[np.void], name: str, column: NDArray[Any]) -> None:
    """Write one field after checks of its name, shape and range."""
    names = [field.name for field in TRACK_SEGMENTS.fields]
    if name not in names:
        raise unknown_name("field", name, names, place=BLOCK.name)
    field, shape = TRACK_SEGMENTS[name], words[name].shape
    if column.shape not in ((), shape) or column.dtype.kind not in "iub":
        raise InputError(f"{name} must be whole numbers of the shape {shape}, "
                         f"not {column.dtype} of {column.shape}")  # fmt: skip
    if column.size and not (field.low <= column.min() and column.max() <= field.high):
        raise InputError(f"{name} must lie in {field.low} to {field.high}")
    words[name] = column


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Return the network's inputs of each track.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `track_segments`
    registers : dict of ndarray, optional
        Those that are absent keep their defaults.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `neuro_input`
        Frames without `valid` are treated like the others.

    Raises
    ------
    InputError
        For an unknown register, or a value that does not fit it.
    """
    t0_source, clamp = BLOCK.scalars(registers or {}).values()
    out = NEURO_INPUT.zeros(len(words))
    for name in _PASSED:
        out[name] = words[name]
    axial = tuple(words[f"axial_{name}"] for name in SEGMENT_FIELDS)
    stereo = tuple(words[f"stereo_{name}"] for name in ("valid", *SEGMENT_FIELDS))
    track = tuple(words[name] for name in ("omega", "phi0", "clock", "event_valid", "event_time"))
    _evaluate(
        axial, stereo, track, t0_source, clamp, crossing_angles(), azimuths(),
        out["input"], out["pattern"], out["expert"],
    )  # fmt: skip
    return out


@njit()
def _age(time, now):  # type: ignore[no-untyped-def]
    """Return the ticks from a time to the end of the data clock; the earlier, the larger."""
    return (16 * now + 15 - np.int64(time)) & _AGE_MASK


@njit()
def _drift(age, start, clamp):  # type: ignore[no-untyped-def]
    """Return the drift time [tick], or -1 where the segment is left out."""
    if start < 0:
        return np.int64(0)
    drift = start - age
    if clamp:
        return min(max(drift, 0), MAX_DRIFT)
    return drift if 0 <= drift <= MAX_DRIFT else np.int64(-1)


@njit()
def _reference(superlayer, angle):  # type: ignore[no-untyped-def]
    """Return the ID at an azimuth, divided toward zero."""
    product = angle * WIRES_PER_RADIAN[superlayer]
    whole = abs(product) >> ANGLE_FRACTION
    return whole if product >= 0 else -whole


@njit()
def _relative(superlayer, number, position, references):  # type: ignore[no-untyped-def]
    """Return the relative ID of a segment in counts of 1/256 wire."""
    count = (np.int64(number) - ID_SHIFT[superlayer]) * WIRE_ONE
    if position == FIRST:
        return count - references[0]
    half = WIRE_ONE // 2 if position == LEFT else -(WIRE_ONE // 2)
    return count + half - references[1]


@njit()
def _write(  # type: ignore[no-untyped-def]
    superlayer, relative, drift, lr, alpha, hits, inputs, pattern
):  # fmt: skip
    """Fill the inputs of one superlayer."""
    inputs[3 * superlayer] = (relative - CENTRE[superlayer]) << RELATIVE_SHIFT[superlayer]
    inputs[3 * superlayer + 1] = _SIDE[lr] * drift * _TICK_SCALE
    inputs[3 * superlayer + 2] = abs(alpha) // 2 if alpha >= 0 else -(abs(alpha) // 2)
    for bit in range(N_PATTERN_BIT):
        pattern[superlayer * N_PATTERN_BIT + bit] = (np.int64(hits) >> bit) & 1


@njit()
def _evaluate(  # type: ignore[no-untyped-def]
    axial, stereo, track, t0_source, clamp, angles, azimuth, inputs, patterns, experts
):  # fmt: skip
    a_id, a_time, a_lr, a_position, a_pattern = axial
    s_valid, s_id, s_time, s_lr, s_position, s_pattern = stereo
    omega, phi0, clock, event_valid, event_time = track
    references = np.zeros((N_SUPERLAYER, 2), dtype=np.int64)
    alphas = np.zeros((N_SUPERLAYER, 2), dtype=np.int64)
    for row in range(len(omega)):
        now = np.int64(clock[row]) & _CLOCK_MASK
        for superlayer in range(N_SUPERLAYER):
            for layer in range(2):
                alpha = angles[superlayer, layer, np.int64(omega[row]) - FIRST_OMEGA]
                alphas[superlayer, layer] = alpha
                references[superlayer, layer] = _reference(
                    superlayer, azimuth[np.int64(phi0[row])] - alpha
                )
        start = np.int64(-1)
        for k in range(len(AXIAL)):
            if a_position[row, k] > 0:
                start = max(start, _age(a_time[row, k], now))
        if t0_source and event_valid[row]:
            start = _age(event_time[row], now)
        for k in range(len(AXIAL)):
            superlayer, position = AXIAL[k], a_position[row, k]
            if position == 0:
                continue
            drift = _drift(_age(a_time[row, k], now), start, clamp)
            relative = _relative(superlayer, a_id[row, k], position, references[superlayer])
            if drift >= 0 and WINDOW_LOW[superlayer] <= relative <= WINDOW_HIGH[superlayer]:
                alpha = alphas[superlayer, 0 if position == FIRST else 1]
                _write(superlayer, relative, drift, a_lr[row, k], alpha, a_pattern[row, k],
                       inputs[row], patterns[row])  # fmt: skip
        missing, last_missing = 0, 0
        for k in range(len(STEREO)):
            superlayer = STEREO[k]
            best, best_key, best_relative = -1, np.int64(0), np.int64(0)
            for slot in range(k * N_SLOT, (k + 1) * N_SLOT):
                position = s_position[row, slot]
                if s_valid[row, slot] == 0 or position == 0:
                    continue
                relative = _relative(superlayer, s_id[row, slot], position, references[superlayer])
                if not WINDOW_LOW[superlayer] <= relative <= WINDOW_HIGH[superlayer]:
                    continue
                drift = _drift(_age(s_time[row, slot], now), start, clamp)
                if drift < 0:
                    continue
                # An unknown side comes behind every drift time.
                key = drift + (0 if _SIDE[s_lr[row, slot]] != 0 else 2 * MAX_DRIFT)
                if best < 0 or key < best_key:
                    best, best_key, best_relative = slot, key, relative
            if best < 0:
                missing, last_missing = missing + 1, k
            else:
                alpha = alphas[superlayer, 0 if s_position[row, best] == FIRST else 1]
                _write(superlayer, best_relative, best_key % (2 * MAX_DRIFT), s_lr[row, best],
                       alpha, s_pattern[row, best], inputs[row], patterns[row])  # fmt: skip
        # Experts count from the outside: 1 without superlayer 7, 4 without superlayer 1.
        one_missing = len(STEREO) - last_missing
        experts[row] = ALL_STEREO if missing == 0 else one_missing if missing == 1 else TOO_FEW
