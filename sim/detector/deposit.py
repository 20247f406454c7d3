"""From particles to energy in trigger cells: one compiled pass over the events.

Nothing here knows of noise, thresholds or counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.passage import (
    BACKGROUND,
    ENERGY,
    MOMENT,
    Particles,
    Physics,
    Tables,
    add,
    make_scratch,
    pass_through,
)


@dataclass(frozen=True)
class Deposits:
    """Energy in cells before the electronics, ragged.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Deposits of event i are ``offsets[i]`` to ``offsets[i + 1]``.
    cell : ndarray of int64, shape (n_deposit,)
        TC id, rising within an event, each at most once.
    energy : ndarray of float64, shape (n_deposit,)
        [GeV].
    time : ndarray of float64, shape (n_deposit,)
        Energy-weighted time in the window [ns], flight of light from the origin taken off.
    signal : ndarray of float64, shape (n_deposit,)
        Share of the energy that particles of the event brought; the rest is beam background.
    loss : ndarray of float64, shape (n, 6)
        Energy [GeV] that no cell saw, by kind (`sim.detector.passage.MISSED` and so on). Cells and
        losses of an event without background sum to the energy that its particles could give.
    """

    offsets: NDArray[np.int64]
    cell: NDArray[np.int64]
    energy: NDArray[np.float64]
    time: NDArray[np.float64]
    signal: NDArray[np.float64]
    loss: NDArray[np.float64]


class Overlay(NamedTuple):
    """Deposits of beam background to lay over the events, ragged; energy in GeV, time in the window
    in ns."""

    offsets: NDArray[np.int64]
    cell: NDArray[np.int64]
    energy: NDArray[np.float64]
    time: NDArray[np.float64]


@njit()
def _sort(touched: NDArray[np.int64]) -> None:
    """Sort the touched cells by insertion: they are a handful."""
    for i in range(2, touched[0] + 1):
        moved, j = touched[i], i
        while j > 1 and touched[j - 1] > moved:
            touched[j] = touched[j - 1]
            j -= 1
        touched[j] = moved


@njit()
def deposit_kernel(
    particles: Particles,
    overlay: Overlay,
    start_time: NDArray[np.float64],
    physics: Physics,
    tables: Tables,
    offsets: NDArray[np.int64],
    cell: NDArray[np.int64],
    energy: NDArray[np.float64],
    time: NDArray[np.float64],
    signal: NDArray[np.float64],
    loss: NDArray[np.float64],
) -> None:
    """Fill the arrays of `Deposits` for all events.

    Parameters
    ----------
    particles, overlay, physics, tables
        Input, see the classes.
    start_time : ndarray of float64, shape (n,)
        Time of the collision in the window [ns].
    offsets, cell, energy, time, signal, loss : ndarray
        Output; the arrays over deposits are long enough for every event.
    """
    scratch = make_scratch()
    sums, touched = scratch.sums, scratch.touched
    at = 0
    for event in range(len(start_time)):
        for i in range(particles.offsets[event], particles.offsets[event + 1]):
            pass_through(i, start_time[event], particles, physics, tables, scratch, loss[event])
        for i in range(overlay.offsets[event], overlay.offsets[event + 1]):
            add(overlay.energy[i], overlay.cell[i], overlay.time[i], sums, touched)
            sums[BACKGROUND, overlay.cell[i]] += overlay.energy[i]
        _sort(touched)
        for k in range(1, touched[0] + 1):
            here = touched[k]
            total = sums[ENERGY, here]
            cell[at], energy[at] = here, total
            time[at] = sums[MOMENT, here] / total
            signal[at] = 1.0 - sums[BACKGROUND, here] / total
            sums[:, here] = 0.0
            at += 1
        touched[0] = 0
        offsets[event + 1] = at
