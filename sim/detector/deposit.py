"""From particles to energy in trigger cells: one pass over the events, compiled.

What a particle does is documented in docs/reference/ecl_response.md. Nothing here knows of noise,
thresholds or counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import atan2, exp, hypot, log, sqrt
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.ecl import N_CELL
from sim.detector.decays import SPEED_OF_LIGHT
from sim.detector.geometry import GAP, HIT, cell_at, to_surface
from sim.detector.landau import interpolate
from sim.detector.material import RADIATION_LENGTH, ionisation
from sim.detector.particles import Kind
from sim.detector.profile import MAX_SHARES, share
from sim.detector.shower import develop, gamma_beyond

MISSED, REAR, DEAD, BEYOND, UNSEEN, RESOLUTION = range(6)
"""Columns of the losses: never in a crystal; left at the rear; in gaps; farther than the cells that
were followed (and shares below the floor); invisible part of hadronic showers; light and
calibration fluctuation (its sign reversed)."""

N_UNIFORM, N_NORMAL = 3, 4
"""Random numbers that a particle takes."""

STEPS = 8
"""Points along a track in the crystals at which its cell is looked up."""

_INVISIBLE, _PHOTON, _ELECTRON = int(Kind.INVISIBLE), int(Kind.PHOTON), int(Kind.ELECTRON)
_MUON, _CHARGED, _NEUTRAL = int(Kind.MUON), int(Kind.CHARGED_HADRON), int(Kind.NEUTRAL_HADRON)


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
        Energy [GeV] that no cell saw; see `MISSED` and its neighbours. Cells and losses of an event
        without background sum to the energy that its particles could give.
    """

    offsets: NDArray[np.int64]
    cell: NDArray[np.int64]
    energy: NDArray[np.float64]
    time: NDArray[np.float64]
    signal: NDArray[np.float64]
    loss: NDArray[np.float64]


class Physics(NamedTuple):
    """Parameters of the kernel; see `sim.detector.ecl_config` for meaning and source."""

    length: float
    core: float
    core_radius: float
    tail_radius: float
    reach: float
    floor: float
    stochastic: float
    constant: float
    pion_length: float
    hadron_length: float
    hadron_core_radius: float
    hadron_tail_radius: float


class Tables(NamedTuple):
    """Arrays that the kernel looks up."""

    edge: NDArray[np.float64]
    phi_count: NDArray[np.int64]
    ring: NDArray[np.int64]
    cell_id: NDArray[np.int64]
    distance: NDArray[np.float64]
    landau_value: NDArray[np.float64]
    landau_below: NDArray[np.float64]
    landau_mean: NDArray[np.float64]
    visible_at: NDArray[np.float64]
    visible: NDArray[np.float64]


class Particles(NamedTuple):
    """Input of the kernel, particle by particle; random numbers included."""

    offsets: NDArray[np.int64]
    p4: NDArray[np.float64]
    vertex: NDArray[np.float64]
    kind: NDArray[np.int8]
    mass: NDArray[np.float64]
    charge: NDArray[np.int8]
    released: NDArray[np.float64]
    uniform: NDArray[np.float64]
    normal: NDArray[np.float64]


class Overlay(NamedTuple):
    """Deposits of beam background to lay over the events, ragged; time in the window [ns]."""

    offsets: NDArray[np.int64]
    cell: NDArray[np.int64]
    energy: NDArray[np.float64]
    time: NDArray[np.float64]


@numba.njit(cache=True)
def _add(
    energy: float,
    cell: int,
    time: float,
    tables: Tables,
    sums: NDArray[np.float64],
    touched: NDArray[np.int64],
    n: int,
) -> int:
    """Add energy to a cell of the present event; return the number of touched cells."""
    if energy <= 0.0:
        return n
    if sums[0, cell] == 0.0:
        touched[n] = cell
        n += 1
    sums[0, cell] += energy
    sums[1, cell] += energy * (time - tables.distance[cell] / SPEED_OF_LIGHT)
    return n


@numba.njit(cache=True)
def _spread(
    energy: float,
    x: float,
    y: float,
    z: float,
    inner: float,
    outer: float,
    time: float,
    physics: Physics,
    tables: Tables,
    sums: NDArray[np.float64],
    touched: NDArray[np.int64],
    n: int,
    cells: NDArray[np.int64],
    shares: NDArray[np.float64],
    loss: NDArray[np.float64],
) -> int:
    """Share a shower's energy among the cells around its centre; return touched cells."""
    rho = hypot(x, y)
    count, dead, beyond = share(
        atan2(rho, z), atan2(y, x), sqrt(rho * rho + z * z), rho,
        physics.core, inner, outer, physics.reach,
        tables.edge, tables.phi_count, tables.ring, tables.cell_id, cells, shares,
    )  # fmt: skip
    loss[DEAD] += dead * energy
    loss[BEYOND] += beyond * energy
    for i in range(count):
        part = shares[i] * energy
        if part < physics.floor:
            loss[BEYOND] += part
        else:
            n = _add(part, cells[i], time, tables, sums, touched, n)
    return n


@numba.njit(cache=True)
def _track(
    energy: float,
    x: float,
    y: float,
    z: float,
    dx: float,
    dy: float,
    dz: float,
    length: float,
    time: float,
    tables: Tables,
    sums: NDArray[np.float64],
    touched: NDArray[np.int64],
    n: int,
    loss: NDArray[np.float64],
) -> int:
    """Spread energy evenly along a straight way [cm] in the crystals; return touched cells."""
    edge, phi_count, cell_id = tables.edge, tables.phi_count, tables.cell_id
    step = length / STEPS
    first = cell_at(x + 0.5 * step * dx, y + 0.5 * step * dy, z + 0.5 * step * dz,
                    edge, phi_count, cell_id)  # fmt: skip
    way = length - 0.5 * step
    last = cell_at(x + way * dx, y + way * dy, z + way * dz, edge, phi_count, cell_id)
    if first == last:
        if first == 0:
            loss[DEAD] += energy
            return n
        return _add(energy, first, time, tables, sums, touched, n)
    for i in range(STEPS):
        way = (i + 0.5) * step
        cell = cell_at(x + way * dx, y + way * dy, z + way * dz, edge, phi_count, cell_id)
        if cell == 0:
            loss[DEAD] += energy / STEPS
        else:
            n = _add(energy / STEPS, cell, time, tables, sums, touched, n)
    return n


@numba.njit(cache=True)
def _blurred(energy: float, normal: float, physics: Physics, loss: NDArray[np.float64]) -> float:
    """Return the energy after light and calibration fluctuation, not below zero."""
    if energy <= 0.0:
        return 0.0
    relative = hypot(physics.stochastic * energy**-0.25, physics.constant)
    result = energy * max(1.0 + relative * normal, 0.0)
    loss[RESOLUTION] += energy - result
    return result


@numba.njit(cache=True)
def _one_event(
    event: int,
    particles: Particles,
    physics: Physics,
    tables: Tables,
    start_time: float,
    sums: NDArray[np.float64],
    touched: NDArray[np.int64],
    cells: NDArray[np.int64],
    shares: NDArray[np.float64],
    loss: NDArray[np.float64],
) -> int:
    """Add the deposits of one event's particles; return the number of touched cells."""
    n = 0
    for i in range(particles.offsets[event], particles.offsets[event + 1]):
        kind = int(particles.kind[i])
        if kind == _INVISIBLE:
            continue
        mass, charge = particles.mass[i], float(particles.charge[i])
        px, py, pz = particles.p4[i, 0], particles.p4[i, 1], particles.p4[i, 2]
        momentum = sqrt(px * px + py * py + pz * pz)
        total = sqrt(momentum * momentum + mass * mass)
        electromagnetic = kind == _PHOTON or kind == _ELECTRON
        available = total if electromagnetic else total - mass + particles.released[i]
        end, x, y, z, dx, dy, dz, path = to_surface(
            particles.vertex[i, 0], particles.vertex[i, 1], particles.vertex[i, 2],
            px, py, pz, charge,
        )  # fmt: skip
        if end != HIT and end != GAP:
            loss[MISSED] += available
            continue
        time = start_time + particles.vertex[i, 3] + path * total / (momentum * SPEED_OF_LIGHT)
        # Crystals point to the collision point: a slanted way through them is longer.
        pointing = (x * dx + y * dy + z * dz) / sqrt(x * x + y * y + z * z)
        length = physics.length / max(pointing, 0.5)
        uniform, normal = particles.uniform[i], particles.normal[i]
        if electromagnetic:
            start, alpha, beta = develop(total, kind == _PHOTON, uniform[0], normal[0], normal[1])
            rear = gamma_beyond(alpha, beta * (length / RADIATION_LENGTH - start))
            loss[REAR] += rear * total
            seen = _blurred(total * (1.0 - rear), normal[2], physics, loss)
            depth = min((start + alpha / beta) * RADIATION_LENGTH, length)
            n = _spread(
                seen, x + depth * dx, y + depth * dy, z + depth * dz,
                physics.core_radius, physics.tail_radius, time,
                physics, tables, sums, touched, n, cells, shares, loss,
            )  # fmt: skip
            continue
        depth = length
        if kind != _MUON:
            scale = physics.pion_length if mass < 0.2 else physics.hadron_length
            depth = -scale * log(1.0 - uniform[0])
        kinetic = total - mass
        ionised = 0.0
        if charge != 0.0:
            ionised = ionisation(
                momentum / mass, mass, min(depth, length), charge, uniform[1], normal[3],
                tables.landau_value, tables.landau_below, tables.landau_mean,
            )  # fmt: skip
            ionised = min(ionised, kinetic)
            seen = _blurred(ionised, normal[2], physics, loss)
            n = _track(seen, x, y, z, dx, dy, dz, min(depth, length), time,
                       tables, sums, touched, n, loss)  # fmt: skip
        left = available - ionised
        stopped = ionised >= kinetic and charge != 0.0
        if depth >= length and not stopped:
            loss[REAR] += left
            continue
        # A particle that stopped has only its annihilation left, at the end of its range at most.
        part = interpolate(uniform[2], tables.visible_at, tables.visible)
        loss[UNSEEN] += left * (1.0 - part)
        seen = _blurred(left * part, normal[1], physics, loss)
        depth = min(depth, length)
        if seen > 0.0:
            n = _spread(
                seen, x + depth * dx, y + depth * dy, z + depth * dz,
                physics.hadron_core_radius, physics.hadron_tail_radius, time,
                physics, tables, sums, touched, n, cells, shares, loss,
            )  # fmt: skip
    return n


@numba.njit(cache=True)
def _lay_over(
    event: int,
    overlay: Overlay,
    sums: NDArray[np.float64],
    touched: NDArray[np.int64],
    n: int,
) -> int:
    """Add the background of one event; return the number of touched cells."""
    for i in range(overlay.offsets[event], overlay.offsets[event + 1]):
        cell = overlay.cell[i]
        if sums[0, cell] == 0.0:
            touched[n] = cell
            n += 1
        sums[0, cell] += overlay.energy[i]
        sums[1, cell] += overlay.energy[i] * overlay.time[i]
        sums[2, cell] += overlay.energy[i]
    return n


@numba.njit(cache=True)
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
    sums = np.zeros((3, N_CELL + 1))
    touched = np.zeros(N_CELL + 1, dtype=np.int64)
    cells, shares = np.zeros(MAX_SHARES, dtype=np.int64), np.zeros(MAX_SHARES)
    at = 0
    for event in range(len(start_time)):
        n = _one_event(
            event, particles, physics, tables, start_time[event],
            sums, touched, cells, shares, loss[event],
        )  # fmt: skip
        n = _lay_over(event, overlay, sums, touched, n)
        for i in range(1, n):  # insertion: a handful of cells
            moved, j = touched[i], i
            while j > 0 and touched[j - 1] > moved:
                touched[j] = touched[j - 1]
                j -= 1
            touched[j] = moved
        for i in range(n):
            here = touched[i]
            total = sums[0, here]
            cell[at], energy[at] = here, total
            time[at] = sums[1, here] / total
            signal[at] = 1.0 - sums[2, here] / total
            sums[0, here] = sums[1, here] = sums[2, here] = 0.0
            at += 1
        offsets[event + 1] = at
