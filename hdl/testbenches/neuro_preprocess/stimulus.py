"""Stimulus for `neuro_preprocess`: segments at the edges of their windows and of the drift time.

Segments are aimed at where the track crosses their superlayer. For a third of the tracks ω and φ0
are such that a segment's relative ID can lie on an edge of the window to one count.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.crossing_angles import (
    ANGLE_FRACTION,
    FIRST_OMEGA,
    N_OMEGA_COUNT,
    WINDOW_HIGH,
    WINDOW_LOW,
    WIRE_ONE,
    WIRES_PER_RADIAN,
    azimuths,
    crossing_angles,
)
from firmware_models.interface import Registers
from firmware_models.interface.cdc_hough import AXIAL, FIRST, LEFT, N_SLOT, RIGHT
from firmware_models.interface.cdc_segment import ID_SHIFT
from firmware_models.interface.neuro import STEREO, TRACK_SEGMENTS
from firmware_models.neuro_preprocess import BLOCK, MAX_DRIFT
from hdl.streams import stream

_SUPERLAYER = np.concatenate([AXIAL, np.repeat(STEREO, N_SLOT)])
"""Of the 45 segments of a frame: five axial ones, then the slots."""

BATCH = 1000
"""Frames for one set of registers: four sets need more runs than one stream has."""

_N_AXIAL = len(AXIAL)
_HALF = WIRE_ONE // 2


@cache
def references() -> NDArray[np.int64]:
    """Return the reference IDs, shape (9, 2, 128, 128): superlayer, layer, ω + 64, φ0."""
    wires = np.array(WIRES_PER_RADIAN)[:, None, None, None]
    product = (azimuths() - crossing_angles()[..., None]) * wires
    result: NDArray[np.int64] = np.sign(product) * (np.abs(product) >> ANGLE_FRACTION)
    return result


@cache
def _on_edge() -> NDArray[np.int64]:
    """Return superlayer, layer, ω + 64 and φ0 where relative IDs come within a count of an edge.

    Windows end at half wires: there are whole IDs (first layer), or half ones, on them.
    """
    target = np.array((_HALF, 0))[:, None, None]
    return np.argwhere((references() - target + 1) % WIRE_ONE <= 2)


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` input words."""
    rng = stream(seed, "neuro_preprocess/constrained")
    words = BLOCK.input.zeros(n)
    omega, phi0, superlayer, layer = _tracks(n, rng)
    words["omega"], words["phi0"] = omega, phi0
    aimed = superlayer[:, None] == _SUPERLAYER
    for name, chance in (("valid", 0.95), ("last", 0.5), ("event_valid", 0.7)):
        words[name] = rng.random(n) < chance
    words["quadrant"] = rng.integers(0, 4, n)
    # Most in a turn, a few that the clock never shows.
    top = TRACK_SEGMENTS["clock"].high
    words["clock"] = np.where(rng.random(n) < 0.9, rng.integers(0, 320, n), top)
    position = _positions(n, rng)
    second = rng.choice((RIGHT, LEFT), position.shape)
    position = np.where(aimed, np.where(layer[:, None] == 0, FIRST, second), position)
    columns = {
        "id": _ids(position, aimed, omega, phi0, rng),
        "position": position,
        "lr": rng.choice(4, size=position.shape, p=(0.05, 0.3, 0.3, 0.35)),
        "pattern": rng.integers(0, TRACK_SEGMENTS["axial_pattern"].high + 1, position.shape),
        "time": _times(words, position.shape, rng),
    }
    valid = rng.random((n, len(STEREO) * N_SLOT)) < rng.choice((0.1, 0.5, 1.0), n)[:, None]
    words["stereo_valid"] = valid
    # All slots of a superlayer alike: only the first may be taken.
    alike = rng.random(n) < 0.1
    for name, column in columns.items():
        words[f"axial_{name}"] = column[:, :_N_AXIAL]
        slots = column[:, _N_AXIAL:].reshape(n, len(STEREO), N_SLOT)
        if name != "pattern":
            slots[alike] = slots[alike][:, :, :1]
        words[f"stereo_{name}"] = slots.reshape(n, -1)
    return words


def registers(seed: int) -> Registers:
    """Return random legal registers."""
    rng = stream(seed, "neuro_preprocess/registers")
    return {register.name: rng.integers(0, 2, 1) for register in BLOCK.registers}


def _tracks(n: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], ...]:
    """Draw ω and φ0: those of the track finder, anything, ends, and edges of windows.

    Also the superlayer and the layer of which the edge is; superlayer -1 where there is none.
    """
    edge = _on_edge()[rng.integers(0, len(_on_edge()), n)]
    kind = rng.choice(4, size=n, p=(0.4, 0.2, 0.1, 0.3))
    omega = np.choose(kind, (
        rng.integers(-33, 34, n), rng.integers(FIRST_OMEGA, FIRST_OMEGA + N_OMEGA_COUNT, n),
        rng.choice((-64, -33, -1, 0, 1, 33, 63), n), edge[:, 2] + FIRST_OMEGA,
    ))  # fmt: skip
    phi0 = np.choose(kind, (
        rng.integers(0, 83, n), rng.integers(0, 128, n), rng.choice((0, 127), n), edge[:, 3],
    ))  # fmt: skip
    return omega, phi0, np.where(kind == 3, edge[:, 0], -1), edge[:, 1]


def _positions(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    drawn: NDArray[np.int64] = rng.choice(
        (0, RIGHT, LEFT, FIRST), size=(n, len(_SUPERLAYER)), p=(0.06, 0.22, 0.22, 0.5)
    )
    return drawn


def _ids(
    position: NDArray[np.int64], aimed: NDArray[np.bool_], omega: NDArray[np.int64],
    phi0: NDArray[np.int64], rng: np.random.Generator,
) -> NDArray[np.int64]:  # fmt: skip
    """Draw ids: at the edges of the window, inside, close by, and anywhere."""
    shape = position.shape
    low, high = (np.array(ends)[_SUPERLAYER] for ends in (WINDOW_LOW, WINDOW_HIGH))
    inside = rng.integers(np.broadcast_to(low, shape), np.broadcast_to(high + 1, shape))
    close = rng.integers(np.broadcast_to(2 * low, shape) - 3 * WIRE_ONE, 15 * WIRE_ONE)
    ends = np.where(rng.random(shape) < 0.5, low, high)
    kind = np.where(aimed, 0, rng.choice(3, size=shape, p=(0.3, 0.5, 0.2)))
    wanted = np.choose(kind, (ends, inside, close))
    layer = (position != FIRST).astype(np.int64)
    at = references()[_SUPERLAYER, layer, (omega - FIRST_OMEGA)[:, None], phi0[:, None]]
    half = np.where(position == LEFT, _HALF, np.where(position == RIGHT, -_HALF, 0))
    ids = (wanted + at - half + _HALF) // WIRE_ONE + np.array(ID_SHIFT)[_SUPERLAYER]
    top = TRACK_SEGMENTS["axial_id"].high
    anywhere = rng.random(shape) < 0.05
    drawn: NDArray[np.int64] = np.where(anywhere, rng.integers(0, top + 1, shape), ids)
    return np.clip(drawn, 0, top)


def _times(
    words: NDArray[np.void], shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw times around a start, at the ends of the drift time, and anywhere; also equal ones."""
    n = shape[0]
    start = rng.integers(0, 512, n)
    near = start + rng.integers(-3, 4, n)
    event = np.where(rng.random(n) < 0.8, near, rng.integers(0, 512, n))
    drift = np.choose(
        rng.choice(5, size=shape, p=(0.45, 0.2, 0.15, 0.15, 0.05)),
        (rng.integers(0, MAX_DRIFT + 1, shape), rng.integers(0, 4, shape),
         rng.choice((-1, 0, 1, 255, 256, 257), shape), rng.integers(-60, 300, shape),
         rng.integers(-511, 512, shape)),
    )  # fmt: skip
    few = np.where(rng.random(n) < 0.3, 4, 1024)
    age = start[:, None] - drift % few[:, None]
    # Most tracks have a segment at the start itself.
    first = rng.integers(0, _N_AXIAL, n)
    age[np.arange(n), first] = np.where(rng.random(n) < 0.8, start, age[np.arange(n), first])
    now = 16 * (words["clock"].astype(np.int64) & 31) + 15
    words["event_time"] = (now - event) % 512
    times: NDArray[np.int64] = (now[:, None] - age) % 512
    return times
