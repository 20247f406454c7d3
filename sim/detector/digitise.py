"""From energy in cells to counts: noise, threshold, saturation, time in the window.

A cell fires when its fitted amplitude, noise included, is strictly above its threshold (as in the
front end's fit, notes section 1.1); the amplitude is then rounded to counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from firmware_models.interface.clock import TIME_LSB_NS
from firmware_models.interface.ecl import ENERGY_LSB_MEV, N_CELL
from firmware_models.trigger_cells import CellHits
from sim.detector.background import WINDOW_NS
from sim.detector.deposit import Deposits
from sim.detector.ecl_config import ElectronicsConfig

MAX_COUNT = 4095
"""Saturation of the 12-bit energy."""

TIME_COUNTS = 256
"""Counts of time in the window."""

_KEY = N_CELL + 1


def time_resolution(energy: NDArray[np.float64], config: ElectronicsConfig) -> NDArray[np.float64]:
    """Return the time resolution [ns] of cells with an energy [GeV] above 0."""
    slope = config.time_reference * (0.1 / energy) ** config.time_power
    return np.asarray(np.maximum(config.time_floor, slope))


def noise_hits(
    n: int, config: ElectronicsConfig, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw the cells that noise alone lifts over their threshold.

    Parameters
    ----------
    n : int
        Number of windows.
    config : ElectronicsConfig
        Noise and thresholds.
    rng : numpy.random.Generator
        Source of numbers.

    Returns
    -------
    key : ndarray of int64
        577 × window + TC id, rising, without repetition.
    amplitude : ndarray of float64
        Amplitude [count], from the normal distribution's tail above the threshold.

    Notes
    -----
    Exact, and without 576 normal numbers a window: a cell's number of fired windows is binomial,
    the windows are a random subset of that size.
    """
    thresholds = config.cell_thresholds()
    if config.noise <= 0.0 or n == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    tail = ndtr(-thresholds / config.noise)
    tail[0] = 0.0
    counts = rng.binomial(n, tail)
    keys = [
        _KEY * np.sort(rng.choice(n, counts[cell], replace=False)) + cell
        for cell in np.flatnonzero(counts)
    ]
    key = np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *keys]))
    share = 1.0 - rng.random(len(key))
    return key, -config.noise * ndtri(share * tail[key % _KEY])


def digitise(
    deposits: Deposits,
    frame: NDArray[np.uint8],
    config: ElectronicsConfig,
    rng: np.random.Generator,
) -> CellHits:
    """Turn deposits into fired cells.

    Parameters
    ----------
    deposits : Deposits
        Energy and time of the cells of n windows.
    frame : ndarray of uint8, shape (n,)
        Data clock in which each window starts.
    config : ElectronicsConfig
        Scale, noise, thresholds, time resolution.
    rng : numpy.random.Generator
        Source of noise and jitter.

    Returns
    -------
    CellHits
        The n windows.
    """
    n = len(frame)
    all_keys = _KEY * np.repeat(np.arange(n), np.diff(deposits.offsets)) + deposits.cell
    amplitude = deposits.energy * (1e3 * config.energy_scale / ENERGY_LSB_MEV)
    thresholds = config.cell_thresholds()[deposits.cell]
    # Only these need random numbers: noise never reaches ten standard deviations (1e-23).
    able = np.flatnonzero(amplitude > thresholds - 10.0 * config.noise)
    amplitude = amplitude[able] + config.noise * rng.standard_normal(len(able))
    above = amplitude > thresholds[able]
    fired, amplitude = able[above], amplitude[above]
    spread = deposits.signal[fired] * time_resolution(deposits.energy[fired], config)
    spread *= rng.standard_normal(len(fired))
    time = np.floor((deposits.time[fired] + spread) / TIME_LSB_NS)
    seen = (time >= 0.0) & (time < TIME_COUNTS)
    key, amplitude, time = all_keys[fired[seen]], amplitude[seen], time[seen]
    noise_key, noise_amplitude = noise_hits(n, config, rng)
    if len(noise_key):
        # A cell with a deposit has its noise already.
        alone = ~np.isin(noise_key, all_keys, assume_unique=True)
        key = np.concatenate((key, noise_key[alone]))
        amplitude = np.concatenate((amplitude, noise_amplitude[alone]))
        random_time = np.floor(rng.random(int(alone.sum())) * WINDOW_NS / TIME_LSB_NS)
        time = np.concatenate((time, random_time))
        order = np.argsort(key)
        key, amplitude, time = key[order], amplitude[order], time[order]
    offsets = np.searchsorted(key, _KEY * np.arange(n + 1))
    return CellHits(
        offsets.astype(np.int64),
        (key % _KEY).astype(np.uint16),
        np.clip(np.floor(amplitude + 0.5), 1, MAX_COUNT).astype(np.uint16),
        time.astype(np.uint8),
        frame,
    )
