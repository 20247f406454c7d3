"""From crossings of cells to hit wires with times in ticks."""

from __future__ import annotations

from math import exp, floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_geometry import CdcGeometry
from firmware_models.cdc_layers import N_WIRE
from firmware_models.kernels import njit
from firmware_models.wire_hits import TIME_TICK_NS
from sim.detector.cdc.cells import DISTANCE, FLIGHT, PATH, Z
from sim.detector.cdc.config import CdcConfig

_LATE = np.int64(1) << np.int64(40)


class Crossings(NamedTuple):
    """Cells that particles were in, ragged over events.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Crossings of event i are ``offsets[i]`` to ``offsets[i + 1]``.
    particle : ndarray of int32, shape (n_crossing,)
        Row of the particle in the events that were followed.
    wire : ndarray of int32, shape (n_crossing,)
        Global wire id. A particle that comes back to a cell has another crossing.
    columns : ndarray of float64, shape (n_crossing, 4)
        See `sim.detector.cdc.cells.DISTANCE`.
    """

    offsets: NDArray[np.int64]
    particle: NDArray[np.int32]
    wire: NDArray[np.int32]
    columns: NDArray[np.float64]


class FrontEnd(NamedTuple):
    """What the kernel knows of drift, signals and windows.

    Parameters
    ----------
    distance, time : ndarray of float64
        Relation between drift distance [cm] and time [ns], from 0.
    clusters : float
        Ionisations that can fire a wire [1/cm].
    efficiency : ndarray of float64, shape (56,)
        Of the layers.
    slowness : ndarray of float64, shape (56,)
        Time of a signal for each cm in z [ns/cm].
    z_backward : ndarray of float64, shape (56,)
        End at which wires are read [cm].
    window : ndarray of int64, shape (56,)
        [tick].
    resolution : float
        [ns].
    layer : ndarray of int64, shape (14336,)
        Layer of each wire.
    """

    distance: NDArray[np.float64]
    time: NDArray[np.float64]
    clusters: float
    efficiency: NDArray[np.float64]
    slowness: NDArray[np.float64]
    z_backward: NDArray[np.float64]
    window: NDArray[np.int64]
    resolution: float
    layer: NDArray[np.int64]


def make_front_end(config: CdcConfig, geometry: CdcGeometry) -> FrontEnd:
    """Return the front end of a chamber."""
    table = geometry.table
    distance, time = config.drift.relation()
    slope = geometry.line[geometry.first_wire[:-1], 2:]
    stretch = np.sqrt(1.0 + np.einsum("ij,ij->i", slope, slope))
    return FrontEnd(
        distance, time, config.drift.clusters, config.drift.efficiencies(),
        stretch / config.drift.propagation, table.z_backward.copy(), config.timing.windows(),
        config.timing.resolution, geometry.layer,
    )  # fmt: skip


@njit(error_model="numpy")
def drift_time(length: float, distance: NDArray[np.float64], time: NDArray[np.float64]) -> float:
    """Return the drift time [ns] of a distance [cm] by straight lines between points."""
    k = 1
    while k < len(distance) - 1 and distance[k] < length:
        k += 1
    slope = (time[k] - time[k - 1]) / (distance[k] - distance[k - 1])
    result: float = time[k - 1] + slope * (length - distance[k - 1])
    return result


@njit(error_model="numpy")
def signal_times(
    crossings: Crossings,
    collision: NDArray[np.float64],
    front: FrontEnd,
    uniform: NDArray[np.float64],
    normal: NDArray[np.float64],
) -> NDArray[np.int32]:
    """Return the tick of every crossing's signal, shape ``(n_crossing,)``; -1: none in the window.

    Parameters
    ----------
    crossings : Crossings
        Input.
    collision : ndarray of float64, shape (n,)
        Time [ns] in the window from which flight counts.
    front : FrontEnd
        The front end.
    uniform, normal : ndarray of float64, shape (n_crossing,)
        Random numbers.
    """
    ticks = np.empty(len(crossings.wire), dtype=np.int32)
    columns = crossings.columns
    for event in range(len(collision)):
        for i in range(crossings.offsets[event], crossings.offsets[event + 1]):
            layer = front.layer[crossings.wire[i]]
            fires = front.efficiency[layer] * (1.0 - exp(-front.clusters * columns[i, PATH]))
            ticks[i] = -1
            if uniform[i] < fires:
                time = collision[event] + columns[i, FLIGHT] + front.resolution * normal[i]
                time += drift_time(abs(columns[i, DISTANCE]), front.distance, front.time)
                time += (columns[i, Z] - front.z_backward[layer]) * front.slowness[layer]
                tick = floor(time / TIME_TICK_NS)
                if 0 <= tick < front.window[layer]:
                    ticks[i] = tick
    return ticks


@njit()
def first_hits(
    offsets: NDArray[np.int64],
    wires: NDArray[np.int32],
    ticks: NDArray[np.int32],
    more_offsets: NDArray[np.int64],
    more_wires: NDArray[np.int32],
    more_ticks: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.uint16], NDArray[np.int32]]:
    """Keep the first signal of every wire and window, wires rising.

    Parameters
    ----------
    offsets, wires, ticks : ndarray of integer
        Signals of particles, ragged over events; tick -1 for none.
    more_offsets, more_wires, more_ticks : ndarray of integer
        Further signals, likewise; at equal ticks a particle's comes first.

    Returns
    -------
    begin : ndarray of int64, shape (n + 1,)
        Hits of the events.
    wire, time : ndarray of uint16, shape (n_hit,)
        As in `WireHits`.
    source : ndarray of int32, shape (n_hit,)
        Row among the signals of particles; -1: one of the others.
    """
    n = len(offsets) - 1
    room = len(wires) + more_offsets[n] - more_offsets[0]
    begin = np.zeros(n + 1, dtype=np.int64)
    wire, time = np.empty(room, dtype=np.uint16), np.empty(room, dtype=np.uint16)
    source = np.empty(room, dtype=np.int32)
    n_word = N_WIRE // 64
    hit = np.zeros(n_word, dtype=np.uint64)
    first, row = np.full(N_WIRE, _LATE), np.full(N_WIRE, -1)
    at = 0
    for event in range(n):
        for i in range(offsets[event], offsets[event + 1]):
            w, tick = np.int64(wires[i]), np.int64(ticks[i])
            if 0 <= tick < first[w]:
                first[w], row[w] = tick, i
                hit[w >> 6] |= np.uint64(1) << np.uint64(w & 63)
        for i in range(more_offsets[event], more_offsets[event + 1]):
            w, tick = np.int64(more_wires[i]), np.int64(more_ticks[i])
            if 0 <= tick < first[w]:
                first[w], row[w] = tick, -1
                hit[w >> 6] |= np.uint64(1) << np.uint64(w & 63)
        for word in range(n_word):
            bits = hit[word]
            if bits == np.uint64(0):
                continue
            hit[word] = np.uint64(0)
            w = np.int64(word << 6)
            while bits != np.uint64(0):
                if bits & np.uint64(1):
                    wire[at], time[at], source[at] = w, first[w], row[w]
                    first[w] = _LATE
                    at += 1
                bits >>= np.uint64(1)
                w += np.int64(1)
        begin[event + 1] = at
    return begin, wire[:at], time[:at], source[:at]
