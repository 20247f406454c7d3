"""Beam background in the chamber: random hits, and tracks from beside the collision point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_geometry import CdcGeometry
from firmware_models.wire_hits import TIME_TICK_NS
from sim.detector.cdc.config import CdcConfig
from sim.detector.cdc.follow import Tracks
from sim.detector.particles import particle_type

PION = 211
"""Tracks of the background are pions of either charge: assumption."""

POLAR_RANGE_DEG = (17.0, 150.0)
"""Polar angles of background tracks, even in cos θ: the chamber's acceptance."""

EARLIER_NS = 500.0
"""Background tracks begin up to this long before the window: longer than a cell's drift."""


class RandomHits(NamedTuple):
    """Hits without a particle, ragged over events; times in ticks."""

    offsets: NDArray[np.int64]
    wire: NDArray[np.int32]
    tick: NDArray[np.int32]


def wire_rates(config: CdcConfig, geometry: CdcGeometry) -> NDArray[np.float64]:
    """Return the rate of random hits of a wire in each layer [kHz], shape ``(56,)``."""
    table, background = geometry.table, config.background
    weight = np.asarray(background.superlayer_weights)[table.superlayer]
    mean = float(np.sum(weight * table.cells) / np.sum(table.cells))
    return np.asarray(background.level * background.rate * weight / mean)


def expected_hits(config: CdcConfig, geometry: CdcGeometry) -> NDArray[np.float64]:
    """Return the mean random hits of a whole layer in its window, shape ``(56,)``.

    Notes
    -----
    In the readout's windows (208 and 384 ticks) that is 10.375 wire-ms times the rate: 228 hits for
    22 kHz.
    """
    window = config.timing.windows() * TIME_TICK_NS
    return np.asarray(1e-6 * wire_rates(config, geometry) * window * geometry.table.cells)


def draw_hits(
    config: CdcConfig, geometry: CdcGeometry, n: int, rng: np.random.Generator
) -> RandomHits:
    """Draw the random hits of n windows, even in time and over the wires of a layer.

    Parameters
    ----------
    config : CdcConfig
        Parameters.
    geometry : CdcGeometry
        The chamber.
    n : int
        Windows.
    rng : numpy.random.Generator
        Source of numbers.
    """
    mean = expected_hits(config, geometry)
    total = float(mean.sum())
    counts = rng.poisson(total, n) if total > 0.0 else np.zeros(n, dtype=np.int64)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    place, when = rng.random((2, int(offsets[-1])))
    # One number chooses layer and wire: a place on a line on which a layer is as long as its mean.
    edges = np.concatenate(([0.0], np.cumsum(mean)))
    at = place * total
    layer = np.minimum(np.searchsorted(edges, at, side="right") - 1, len(mean) - 1)
    cells = geometry.table.cells[layer]
    within = (at - edges[layer]) / np.maximum(mean[layer], 1e-300) * cells
    wire = geometry.first_wire[layer] + np.minimum(within.astype(np.int64), cells - 1)
    tick = (when * config.timing.windows()[layer]).astype(np.int32)
    return RandomHits(offsets, wire.astype(np.int32), tick)


def draw_tracks(
    config: CdcConfig, n: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Tracks]:
    """Draw the background tracks of n windows.

    Parameters
    ----------
    config : CdcConfig
        Parameters.
    n : int
        Windows.
    rng : numpy.random.Generator
        Source of numbers.

    Returns
    -------
    offsets : ndarray of int64, shape (n + 1,)
        Tracks of the windows.
    tracks : Tracks
        Times of vertices count from the start of the window.
    """
    background = config.background
    span = EARLIER_NS + float(config.timing.windows().max()) * TIME_TICK_NS
    mean = 1e-6 * background.level * background.tracks * span
    counts = rng.poisson(mean, n) if mean > 0.0 else np.zeros(n, dtype=np.int64)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    m = int(offsets[-1])
    momentum, angle, polar, z, around, time, charge = rng.random((7, m))
    pt = background.least_pt - background.mean_pt * np.log1p(-momentum)
    phi, psi = 2.0 * np.pi * angle, 2.0 * np.pi * around
    low, high = np.cos(np.radians(POLAR_RANGE_DEG))
    cosine = low + polar * (high - low)
    slope = cosine / np.sqrt(1.0 - cosine**2)
    p4 = np.zeros((m, 4))
    p4[:, 0], p4[:, 1], p4[:, 2] = pt * np.cos(phi), pt * np.sin(phi), pt * slope
    vertex = np.stack(
        (
            background.beam_pipe * np.cos(psi),
            background.beam_pipe * np.sin(psi),
            background.z_range * (2.0 * z - 1.0),
            span * time - EARLIER_NS,
        ),
        axis=1,
    )
    mass = np.full(m, particle_type(PION).mass)
    return offsets, Tracks(p4, vertex, mass, np.where(charge < 0.5, -1.0, 1.0), np.zeros(m))
