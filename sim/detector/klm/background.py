"""Hits of the muon detector without a particle of the collision: noise and beam background.

Each plane of a sector fires by itself, with a Poisson number of hits in the window; levels, shapes
and the independence of the two planes are assumptions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.klm import MASK_WIDTH, N_BARREL, N_LAYER, N_PLANE, N_SECTOR
from firmware_models.kernels import njit
from sim.detector.klm.config import KlmConfig
from sim.detector.klm.layers import N_BACKWARD, N_FORWARD

STATED_LAYER = 2
"""Barrel layer for which the rate is stated: the third."""


def plane_rates(config: KlmConfig) -> NDArray[np.float64]:
    """Return the rate [kHz] of every plane, shape ``(24, 30)``; 0 where there is no layer."""
    background = config.background
    layer = np.arange(N_LAYER)
    barrel = background.barrel * np.exp(-(layer - STATED_LAYER) / background.barrel_depth)
    endcap = background.endcap * np.exp(-layer / background.endcap_depth)
    rates = np.empty((N_SECTOR, N_LAYER))
    rates[:N_BARREL] = background.noise + background.level * barrel
    rates[N_BARREL:] = background.noise + background.level * endcap
    rates[N_BARREL : N_BARREL + 4, N_FORWARD:] = 0.0
    rates[N_BARREL + 4 :, N_BACKWARD:] = 0.0
    return np.repeat(rates, N_PLANE, axis=1)


def fire_probabilities(config: KlmConfig) -> NDArray[np.float64]:
    """Return the chance of every plane to have a hit in a window, shape ``(24, 30)``."""
    return np.asarray(-np.expm1(-1e-6 * plane_rates(config) * config.background.window))


@njit()
def add_noise(
    masks: NDArray[np.uint64], probability: NDArray[np.float64], rng: np.random.Generator
) -> None:
    """Add hits to masks, in place.

    Parameters
    ----------
    masks : ndarray of uint64, shape (n, 24)
        Changed in place.
    probability : ndarray of float64, shape (24, 30)
        From `fire_probabilities`.
    rng : numpy.random.Generator
        Source of numbers.
    """
    # The planes in one row: the distance to the next hit is exponential in Σ -ln(1 - p).
    hazard = -np.log1p(-probability.reshape(-1))
    total = np.cumsum(hazard)
    if total[-1] <= 0.0:
        return
    for event in range(len(masks)):
        reached = 0.0
        while True:
            reached -= np.log1p(-rng.random())
            if reached >= total[-1]:
                break
            row = np.searchsorted(total, reached, side="right")
            sector, bit = row // MASK_WIDTH, row % MASK_WIDTH
            masks[event, sector] |= np.uint64(1) << np.uint64(bit)
