"""Beam background in the trigger cells: deposits without correlation, flat in time.

No public figure for the rate of background in single trigger cells is known to us: level, shape
and dependence on θ are assumptions, meant to be scanned (levels 0, 1, 2, 5).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from firmware_models.interface.clock import DATA_CLOCK_NS
from firmware_models.interface.ecl import ENERGY_LSB_MEV, N_CELL
from firmware_models.trigger_cells import cell_map
from sim.detector.deposit import Overlay
from sim.detector.ecl_config import BackgroundConfig, EclConfig

WINDOW_NS = 2.0 * DATA_CLOCK_NS
"""Window of the trigger: two data clocks [ns], 256 counts of time."""

NOMINAL_THRESHOLD = 19.0
"""Counts at which the rate is stated, whatever threshold is set."""


def spectrum(config: BackgroundConfig, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return energies [GeV] of deposits by inverting their distribution.

    Parameters
    ----------
    config : BackgroundConfig
        Shape and range.
    uniform : ndarray of float64, any shape
        Probabilities in [0, 1).
    """
    low, high = config.lowest, config.highest
    if config.spectrum == "exponential":
        covered = -np.expm1(-(high - low) / config.slope)
        energy = low - config.slope * np.log1p(-uniform * covered)
    elif abs(config.power - 1.0) < 1e-9:
        energy = low * (high / low) ** uniform
    else:
        k = 1.0 - config.power
        energy = (low**k + uniform * (high**k - low**k)) ** (1.0 / k)
    return np.asarray(1e-3 * energy)


def deposit_rates(config: EclConfig) -> NDArray[np.float64]:
    """Return the mean deposits of each cell in one window, shape ``(577,)``, index = TC id.

    Notes
    -----
    At level 1 a cell fires in an empty window with m = `cells_per_window` shared by the rings'
    weights. Deposits are Poisson and a part f of them exceeds the nominal threshold after noise, so
    that m = 1 - exp(-μ f); the level multiplies μ.
    """
    background, electronics = config.background, config.electronics
    weight = np.concatenate(([0.0], background.ring_weights))[cell_map().theta_id]
    fired = np.minimum(background.cells_per_window * weight / weight.sum(), 0.999)
    probability = (np.arange(100_000) + 0.5) / 100_000
    counts = 1e3 * spectrum(background, probability) * electronics.energy_scale / ENERGY_LSB_MEV
    excess = counts - NOMINAL_THRESHOLD
    above = ndtr(excess / electronics.noise) if electronics.noise > 0.0 else excess > 0.0
    part = max(float(np.mean(above)), 1e-9)
    return np.asarray(background.level * -np.log1p(-fired) / part)


def draw_overlay(
    config: EclConfig, rates: NDArray[np.float64], n: int, rng: np.random.Generator
) -> Overlay:
    """Draw the background of n windows.

    Parameters
    ----------
    config : EclConfig
        Parameters.
    rates : ndarray of float64, shape (577,)
        From `deposit_rates`.
    n : int
        Number of windows.
    rng : numpy.random.Generator
        Source of numbers.
    """
    total = float(rates.sum())
    counts = rng.poisson(total, n) if total > 0.0 else np.zeros(n, dtype=np.int64)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    m = int(offsets[-1])
    which, energy, time = rng.random((3, m))
    edges = np.cumsum(rates)
    cell = np.searchsorted(edges, which * total, side="right") if m else np.zeros(0)
    return Overlay(
        offsets,
        np.minimum(cell, N_CELL).astype(np.int64),
        spectrum(config.background, energy),
        time * WINDOW_NS,
    )
