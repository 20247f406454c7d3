"""Stimulus for `displaced_hough`: pairs of arms from anywhere in the rings, prompt ones, noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.displaced_hough import BLOCK
from firmware_models.hough_plane import RADIUS_CM
from firmware_models.interface import Registers
from firmware_models.interface.cdc_hough import AXIAL
from firmware_models.interface.displaced import AXIAL_SEGMENTS, N_RING, RING_RHO_CM
from firmware_models.vertex_plane import HALF_PITCH_CM, N_LAYER, Y_MAX
from hdl.streams import stream

BATCH = 250
"""Frames with the same registers."""

BENCH = {"icarus": 4}
"""Frames in each check of the testbench: 12 288 ranges of segments are slow there."""

_MOST_ARMS = 5


def constrained(n: int, seed: int) -> NDArray[np.void]:
    """Return `n` frames: up to five arms from one vertex or several, missing segments, noise."""
    rng = stream(seed, "displaced_hough/constrained")
    words = BLOCK.input.zeros(n)
    words["tracks"] = np.where(rng.random(n) < 0.8, rng.integers(0, 5, n), rng.integers(0, 32, n))
    words["clock"] = rng.integers(0, 512, n)
    shape = (n, _MOST_ARMS)
    last = max(RING_RHO_CM) + HALF_PITCH_CM
    rho, azimuth = last * rng.random(shape), 2 * np.pi * rng.random(shape)
    common = rng.random((n, 1)) < 0.7
    rho, azimuth = (np.where(common, v[:, :1], v) for v in (rho, azimuth))
    y = 1.1 * Y_MAX * rng.uniform(-1, 1, shape) * (rng.random(shape) < 0.9)
    direction = azimuth + np.pi / 2 * rng.uniform(-1, 1, shape) * (rng.random(shape) < 0.9)
    number = rng.choice(_MOST_ARMS + 1, (n, 1), p=(0.1, 0.2, 0.45, 0.15, 0.05, 0.05))
    there = np.arange(_MOST_ARMS) < number
    share = rng.choice((1.0, 0.9, 0.6), (n, 1), p=(0.6, 0.3, 0.1))
    noise = rng.choice((0.0, 0.005, 0.05, 0.5), n, p=(0.45, 0.4, 0.13, 0.02))
    for layer, superlayer in enumerate(AXIAL):
        size = AXIAL_SEGMENTS[layer]
        bits = rng.random((n, size), dtype=np.float32) < noise[:, None]
        phi = _crossing(rho, azimuth, direction, y, RADIUS_CM[layer][0])
        seen = there & np.isfinite(phi) & (rng.random(shape) < share)
        rows, arms = np.nonzero(seen)
        cell = np.rint(phi[rows, arms] * size / (2 * np.pi)).astype(np.int64) % size
        bits[rows, cell] = True
        words[f"superlayer{superlayer}"] = bits
    return words


def _crossing(
    rho: NDArray[np.float64],
    azimuth: NDArray[np.float64],
    direction: NDArray[np.float64],
    y: NDArray[np.float64],
    radius: float,
) -> NDArray[np.float64]:
    """Return where arms cross a cylinder: azimuth [rad], or NaN."""
    d = radius - rho
    # Distance from the vertex at which the arm is at that radius: a few fixed-point steps.
    with np.errstate(invalid="ignore"):
        for _ in range(4):
            at = direction - np.arcsin(d * y) - azimuth
            d = np.sqrt(radius**2 - (rho * np.sin(at)) ** 2) - rho * np.cos(at)
        at = direction - np.arcsin(d * y)
        x = rho * np.cos(azimuth) + d * np.cos(at)
        z = rho * np.sin(azimuth) + d * np.sin(at)
        return np.where((d > 0) & (radius > rho), np.arctan2(z, x), np.nan)


def registers(seed: int) -> Registers:
    """Return random legal registers: around the defaults, or anything."""
    rng = stream(seed, "displaced_hough/registers")
    values = BLOCK.defaults()
    kind = rng.random(4)
    if kind[0] < 0.5:
        values["layers"] = np.clip(values["layers"] + rng.integers(-1, 2, N_RING), 1, N_LAYER)
    elif kind[0] < 0.6:
        values["layers"] = rng.integers(1, N_LAYER + 1, N_RING)
    if kind[1] < 0.8:
        values["min_opening"] = rng.integers(0, rng.choice((4, 20, 64)), N_RING)
    if kind[2] < 0.5:
        values["max_opening"] = rng.integers(0, 64, 1)
    if kind[3] < 0.5:
        values["max_inner"] = rng.integers(0, 4, N_RING)
        values["max_tracks"] = rng.integers(0, 6, 1)
    return values
