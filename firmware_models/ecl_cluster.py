"""Block `ecl_cluster`: isolated clusters, ring sums and event time of one window of cells.

Source of the rules: ecl_klm_gdl section 2 of the reference notes (basf2 TrgEclCluster,
TrgEclMaster, TrgEclTiming). Conventions of our own: docs/reference/ecl_cluster.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.cell_neighbours import N_WINDOW, neighbours
from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.clock import DATA_CLOCKS_PER_TURN, TIME_LSB_NS
from firmware_models.interface.ecl import (
    ECL_CLUSTERS,
    ECL_FRAME,
    ENERGY_LSB_MEV,
    N_CELL,
    N_CLUSTER,
    N_RING,
)
from firmware_models.kernels import njit
from firmware_models.trigger_cells import FIRST_BACKWARD, FIRST_BARREL, CellHits, cell_map

BLOCK: Block = BLOCKS["ecl_cluster"]

THRESHOLD_COUNTS = 19
"""A cell fires above this count (FAM_TCADCThreshold.dat: 19 for all cells)."""

ENERGY_MAX = ECL_CLUSTERS["energy"].high
ICN_MAX = ECL_CLUSTERS["icn"].high
RING_MAX = ECL_CLUSTERS["ring_energy"].high


def describe() -> Block:
    """Return the interface of the block."""
    return BLOCK


def quantize(
    energy_gev: ArrayLike,
    time_ns: ArrayLike,
    *,
    frame: ArrayLike = 0,
    threshold: ArrayLike = THRESHOLD_COUNTS,
) -> NDArray[np.void]:
    """Turn cell energies and times into frames.

    Parameters
    ----------
    energy_gev : array_like, shape (n, 576)
        Energy of each cell [GeV], cell 1 first.
    time_ns : array_like, shape (n, 576)
        Fitted time from the start of the window [ns]; a cell outside the window is left out.
    frame : array_like of int, shape () or (n,)
        Data clock in the turn in which the window starts, 0 to 79.
    threshold : array_like of int, shape () or (576,)
        Counts that a cell must exceed to fire.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `ecl_frame`
        Energies rounded half up to counts and saturated, times rounded down.

    Raises
    ------
    InputError
        For a wrong shape, a value that is not finite, or a frame outside the turn.
    """
    energy = np.asarray(energy_gev, dtype=np.float64)
    time = np.asarray(time_ns, dtype=np.float64)
    if energy.ndim != 2 or energy.shape[1] != N_CELL or time.shape != energy.shape:
        raise InputError(f"energies and times must have the shape (n, {N_CELL}), "
                         f"not {energy.shape} and {time.shape}")  # fmt: skip
    if not (np.isfinite(energy).all() and np.isfinite(time).all()):
        raise InputError("energies and times must be finite")
    clocks = np.broadcast_to(np.asarray(frame, dtype=np.int64), (len(energy),))
    if clocks.size and (clocks.min() < 0 or clocks.max() >= DATA_CLOCKS_PER_TURN):
        raise InputError(f"frame must lie in 0 to {DATA_CLOCKS_PER_TURN - 1}")
    top = ECL_FRAME["energy"].high
    counts = np.floor(np.clip(energy * (1e3 / ENERGY_LSB_MEV), 0, top) + 0.5).astype(np.int64)
    ticks = np.floor(time / TIME_LSB_NS)
    fired = (counts > np.asarray(threshold)) & (ticks >= 0) & (ticks <= ECL_FRAME["time"].high)
    frames = ECL_FRAME.zeros(len(energy))
    frames["energy"] = np.where(fired, counts, 0)
    frames["time"] = np.where(fired, ticks, 0)
    frames["frame"] = clocks
    return frames


def evaluate(words: NDArray[np.void], registers: Registers | None = None) -> NDArray[np.void]:
    """Find the clusters of frames.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `ecl_frame`
    registers : ignored
        The block has none.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `ecl_clusters`
    """
    return evaluate_hits(CellHits.from_dense(words))


def evaluate_hits(hits: CellHits) -> NDArray[np.void]:
    """Find the clusters of ragged windows; the fast entry.

    Parameters
    ----------
    hits : CellHits
        Fired cells, in rising order of TC id within a window, energies from 1 to 4095.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `ecl_clusters`
    """
    out = ECL_CLUSTERS.zeros(len(hits))
    near = neighbours()
    _evaluate(
        hits.offsets, hits.cell, hits.energy, hits.time,
        near.upper, near.lower, near.left, near.left_second, near.lower_left, near.window,
        cell_map().theta_id,
        out["valid"], out["tc"], out["energy"], out["time"], out["n_tc"], out["overflow"],
        out["icn"], out["ring_energy"], out["max_tc"], out["max_energy"], out["max_time"],
    )  # fmt: skip
    out["frame"] = hits.frame
    return out


@njit()
def _is_seed(tc, energy, upper, lower, left, left_second, lower_left):  # type: ignore[no-untyped-def]
    """Not(upper or left) and not(lower and lower left)."""
    if energy[upper[tc]] > 0 or energy[left[tc]] > 0 or energy[left_second[tc]] > 0:
        return False
    return not (energy[lower[tc]] > 0 and energy[lower_left[tc]] > 0)


@njit()
def _centre(seed, energy, window):  # type: ignore[no-untyped-def]
    """Return the cell of highest energy around the seed, the lowest TC id among equals."""
    best, best_energy = np.int64(seed), np.int64(energy[seed])
    for slot in range(1, N_WINDOW):
        tc = window[seed, slot]
        if tc == 0:
            break
        if energy[tc] > best_energy or (energy[tc] == best_energy and tc < best):
            best, best_energy = tc, np.int64(energy[tc])
    return best


@njit()
def _sum(centre, energy, time, window):  # type: ignore[no-untyped-def]
    """Return energy, energy-weighted time (nearest count, halves up) and fired cells of a 3×3."""
    total, weighted, count = np.int64(0), np.int64(0), np.int64(0)
    for slot in range(N_WINDOW):
        tc = window[centre, slot]
        if tc == 0:
            break
        if energy[tc] > 0:
            total += energy[tc]
            weighted += energy[tc] * time[tc]
            count += 1
    return total, (weighted + (total >> 1)) // total, count


@njit()
def _evaluate(  # type: ignore[no-untyped-def]
    offsets, cells, energies, times,
    upper, lower, left, left_second, lower_left, window, theta_id,
    valid, tc_out, energy_out, time_out, n_tc, overflow, icn, ring_energy,
    max_tc, max_energy, max_time,
):  # fmt: skip
    """Fill the output fields window by window; scratch arrays hold the window's cells by id."""
    energy = np.zeros(N_CELL + 1, dtype=np.int64)
    time = np.zeros(N_CELL + 1, dtype=np.int64)
    ring = np.zeros(N_RING + 1, dtype=np.int64)
    for i in range(len(offsets) - 1):
        first, last = offsets[i], offsets[i + 1]
        barrel, backward = first, last
        best, best_energy = np.int64(0), np.int64(0)
        ring[:] = 0
        for k in range(first, last):
            tc, counts = np.int64(cells[k]), np.int64(energies[k])
            energy[tc] = counts
            time[tc] = np.int64(times[k])
            ring[theta_id[tc]] += counts
            if counts > best_energy:
                best, best_energy = tc, counts
            if tc < FIRST_BARREL:
                barrel = k + 1
            elif tc >= FIRST_BACKWARD and backward == last:
                backward = k
        found, isolated = 0, 0
        for part in range(3):
            begin = barrel if part == 0 else first if part == 1 else backward
            end = backward if part == 0 else barrel if part == 1 else last
            for k in range(begin, end):
                seed = np.int64(cells[k])
                if not _is_seed(seed, energy, upper, lower, left, left_second, lower_left):
                    continue
                if 2 <= theta_id[seed] <= 15:
                    isolated += 1
                if found < N_CLUSTER:
                    centre = _centre(seed, energy, window)
                    total, mean, count = _sum(centre, energy, time, window)
                    valid[i, found] = 1
                    tc_out[i, found] = centre
                    energy_out[i, found] = min(total, ENERGY_MAX)
                    time_out[i, found] = mean
                    n_tc[i, found] = count
                found += 1
        overflow[i] = 1 if found > N_CLUSTER else 0
        icn[i] = min(isolated, ICN_MAX)
        for r in range(N_RING):
            ring_energy[i, r] = min(ring[r + 1], RING_MAX)
        max_tc[i] = best
        max_energy[i] = best_energy
        max_time[i] = time[best] if best > 0 else 0
        for k in range(first, last):
            energy[np.int64(cells[k])] = 0
