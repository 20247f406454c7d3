"""Tables of block `neuro_preprocess`: angles of a 2D track, windows and scales of relative IDs.

A track of curvature ω from the origin with the azimuth φ0 crosses the radius r at the azimuth
φ0 − α, α = asin(r ω / 2). ω and φ0 are those of the track finder's half-cells
(`firmware_models.hough_plane`). Angles have 12 fractional bits [rad], rounded.

Sources: cdc_track_trigger sections 5.1 and 5.3 of the reference notes (basf2 NeuroTrigger.cc for
definitions and precisions, neurotrigger_default.conf for the windows).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_layers import (
    FIRST_PRIORITY_LAYER,
    N_SUPERLAYER,
    SUPERLAYER_CELLS,
    layer_table,
)
from firmware_models.hough_plane import FIRST_OWN, N_OMEGA, N_PHI, Y_MAX
from firmware_models.interface.neuro import NEURO_INPUT, NODE_FRACTION, ONE

ANGLE_FRACTION, WIRE_FRACTION = 12, 8
"""Fractional bits of angles [rad], and of IDs and of wires per radian."""

WIRE_ONE = 1 << WIRE_FRACTION
"""One wire in counts of a relative ID."""

WINDOW = (
    (-1.5, 1.5), (-7.5, -0.5), (-1.5, 1.5), (0.5, 7.5), (-1.5, 1.5), (-8.5, 0.5), (-2.5, 1.5),
    (-0.5, 10.5), (-3.5, 2.5),
)  # fmt: skip
"""Relative IDs that a superlayer accepts [wire], ends included."""

WINDOW_LOW = tuple(round(low * WIRE_ONE) for low, _ in WINDOW)
WINDOW_HIGH = tuple(round(high * WIRE_ONE) for _, high in WINDOW)
CENTRE = tuple((low + high) // 2 for low, high in zip(WINDOW_LOW, WINDOW_HIGH, strict=True))
"""Middle of the windows: whole counts."""

RELATIVE_SHIFT = tuple(
    NODE_FRACTION - WIRE_FRACTION + math.floor(math.log2(2.0 / (high - low)))
    for low, high in WINDOW
)
"""Left shift from counts of a relative ID about the centre to an input: 2^floor(log2(2/width))."""

WIRES_PER_RADIAN = tuple(round(n / (2.0 * math.pi) * WIRE_ONE) for n in SUPERLAYER_CELLS)
"""Wires per radian with 8 fractional bits."""

FIRST_OMEGA = NEURO_INPUT["omega"].low
N_OMEGA_COUNT = NEURO_INPUT["omega"].high + 1 - FIRST_OMEGA
N_PHI_COUNT = NEURO_INPUT["phi0"].high + 1

HALF_CURVATURE = Y_MAX / N_OMEGA
"""ω / 2 of one count of ω [1/cm]: half of half a cell of the plane."""


@cache
def radii() -> NDArray[np.float64]:
    """Return the radii [cm] of the first and the second priority layer, shape (9, 2).

    Those at z = 0. A stereo wire comes nearer to the axis between the endplates; with the radius
    there the relative ID of a track from the collision point depends least on its charge.
    """
    table = layer_table()
    first = np.array(FIRST_PRIORITY_LAYER)
    layer = first[:, None] + np.arange(2)
    twist = np.pi * table.half_shift[layer] / table.cells[layer]
    back, forward = table.z_backward[layer], table.z_forward[layer]
    # Squared distance from the axis of a straight line between two points of the same radius.
    share = -back / (forward - back)
    chord = 2.0 * np.sin(0.5 * twist)
    result: NDArray[np.float64] = table.radius[layer] * np.sqrt(
        1.0 - share * (1.0 - share) * chord**2
    )
    result.flags.writeable = False
    return result


@cache
def crossing_angles() -> NDArray[np.int64]:
    """Return α in counts of 2⁻¹² rad, shape (9, 2, 128).

    Superlayer, first or second priority layer, ω + 64. Where the track curls up before it reaches
    the layer α is ±π/2.
    """
    omega = np.arange(N_OMEGA_COUNT) + FIRST_OMEGA
    sine = np.clip(radii()[:, :, None] * HALF_CURVATURE * omega, -1.0, 1.0)
    table: NDArray[np.int64] = np.rint(ONE * np.arcsin(sine)).astype(np.int64)
    table.flags.writeable = False
    return table


@cache
def azimuths() -> NDArray[np.int64]:
    """Return φ0 in counts of 2⁻¹² rad, shape (128,): from the azimuth of the tracker, 90° k.

    Half-cell n stands for 45° + 1.125° (n + 1).
    """
    half_cell = np.arange(N_PHI_COUNT) + 2 * FIRST_OWN + 1
    table: NDArray[np.int64] = np.rint(ONE * half_cell * (np.pi / N_PHI)).astype(np.int64)
    table.flags.writeable = False
    return table


assert ANGLE_FRACTION == NODE_FRACTION
assert len(WINDOW) == N_SUPERLAYER
