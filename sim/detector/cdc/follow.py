"""Charged particles of events through beam pipe, silicon and gas, compiled.

A particle's helix is constant within a zone; at the zone's end it loses the mean energy of the
material on the way and is turned by multiple scattering, all of it at the cylinder that it crosses.
It is given up when it leaves the chamber outwards or beyond the longest wires, has turned as often
as is allowed, or has lost its momentum.
"""

from __future__ import annotations

from math import hypot, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.cdc.cells import N_COLUMN
from sim.detector.cdc.follow_magnetic import follow_magnetic, zone_of
from sim.detector.cdc.helix import circle, half_sine, place_at, radius_of, turned
from sim.detector.cdc.layers import borders_below, scan
from sim.detector.cdc.medium import Medium, behind
from sim.detector.cdc.surfaces import Z_HIGH, Z_LOW, Layers, Zones
from sim.detector.decays import SPEED_OF_LIGHT

LEAST_MOMENTUM = 2e-3
"""Transverse momentum [GeV] below which a particle is given up: it turns within 0.5 cm."""

MOST_CROSSINGS = 16384
"""Crossings of one particle; what comes later is dropped."""

MOST_ZONES = 4096
"""Zones that one particle may cross."""


class Tracks(NamedTuple):
    """Particles; neutral ones leave nothing.

    Parameters
    ----------
    p4 : ndarray of float64, shape (n, 4)
        px, py, pz, E [GeV]; E is not used.
    vertex : ndarray of float64, shape (n, 4)
        x, y, z [cm], time [ns].
    mass : ndarray of float64, shape (n,)
        [GeV].
    charge : ndarray of float64, shape (n,)
        In units of the elementary charge; 0 also for what decays at once or is invisible.
    magnetic : ndarray of float64, shape (n,)
        Magnetic charge [e]; particles that have one are followed by `follow_magnetic`.
    """

    p4: NDArray[np.float64]
    vertex: NDArray[np.float64]
    mass: NDArray[np.float64]
    charge: NDArray[np.float64]
    magnetic: NDArray[np.float64]


@njit(error_model="numpy")
def follow(
    i: int,
    tracks: Tracks,
    zones: Zones,
    layers: Layers,
    medium: Medium,
    rng: np.random.Generator,
    wires: NDArray[np.int64],
    columns: NDArray[np.float64],
) -> int:
    """Follow one particle and write its crossings.

    Parameters
    ----------
    i : int
        The particle.
    tracks, zones, layers, medium
        Input, see the classes.
    rng : numpy.random.Generator
        Source of the scattering angles: two numbers for each cylinder that is crossed.
    wires, columns : ndarray
        Output, shape ``(MOST_CROSSINGS,)`` and ``(MOST_CROSSINGS, 4)``.

    Returns
    -------
    int
        Crossings.
    """
    charge, mass = tracks.charge[i], tracks.mass[i]
    px, py, pz = tracks.p4[i, 0], tracks.p4[i, 1], tracks.p4[i, 2]
    pt = hypot(px, py)
    if charge == 0.0 or pt < LEAST_MOMENTUM or mass <= 0.0:
        return 0
    x, y, z, flight = (
        tracks.vertex[i, 0], tracks.vertex[i, 1], tracks.vertex[i, 2], tracks.vertex[i, 3],
    )  # fmt: skip
    ux, uy, slope = px / pt, py / pt, pz / pt
    sign = 1.0 if charge > 0.0 else -1.0
    last = len(zones.radius) - 1
    z_least, z_most = layers.table[:, Z_LOW].min(), layers.table[:, Z_HIGH].max()
    zone = zone_of(hypot(x, y), zones.radius)
    entered = 0  # through the inner (1) or outer (-1) cylinder of the zone, or started in it
    left = 2.0 * pi * medium.turns
    count = 0
    for _ in range(MOST_ZONES):
        if zone >= last or (z < z_least and slope <= 0.0) or (z > z_most and slope >= 0.0):
            break
        norm = sqrt(1.0 + slope * slope)
        momentum = pt * norm
        radius = radius_of(pt, charge)
        distance, perigee, nx, ny = circle(x, y, ux, uy, radius, sign)
        if not distance > 1e-9:
            break
        arm = 0 if x * ux + y * uy >= 0.0 else 1
        eta = turned(half_sine(x * x + y * y, distance, perigee, radius), arm)
        inner, outer = zones.radius[zone], zones.radius[zone + 1]
        half_in = half_sine(inner * inner, distance, perigee, radius)
        half_out = half_sine(outer * outer, distance, perigee, radius)
        goes_in, goes_out = inner > abs(perigee), half_out < 1.0
        way = 0
        eta_end = eta + left
        if goes_out and (arm == 0 or not goes_in):
            way, eta_end = 1, turned(half_out, 2 * arm)
        elif goes_in:
            way, eta_end = -1, turned(half_in, 1)
        eta_end = max(eta_end, eta)
        rise = radius * slope
        beyond = z_most if slope > 0.0 else z_least
        ends = eta_end - eta >= left
        eta_end = min(eta_end, eta + left)
        if slope != 0.0 and (beyond - z) / rise < eta_end - eta:
            ends = True
            eta_end = eta + max((beyond - z) / rise, 0.0)
        beta = momentum / sqrt(momentum * momentum + mass * mass)
        delay = radius * norm / (beta * SPEED_OF_LIGHT)
        superlayer = zones.superlayer[zone]
        if superlayer >= 0:
            if entered == 1:
                below = 0
            elif entered == -1:
                below = layers.first_layer[superlayer + 1] - layers.first_layer[superlayer] + 1
            else:
                below = borders_below(hypot(x, y), z, superlayer, layers)
            count = scan(
                superlayer, below, eta, eta_end, arm, z, rise, flight, delay,
                distance, perigee, radius, nx, ny, sign, layers, count, wires, columns,
            )  # fmt: skip
        if ends or way == 0:
            break
        turn = eta_end - eta
        left -= turn
        x, y, ux, uy = place_at(eta_end, perigee, radius, nx, ny, sign)
        z, flight = z + rise * turn, flight + delay * turn
        cylinder = zone + 1 if way == 1 else zone
        zone += way
        entered = way
        pt, ux, uy, slope = behind(
            pt, ux, uy, slope, x, y, mass, charge, turn * radius * norm if superlayer >= 0 else 0.0,
            zones.thickness[cylinder], zones.substance[cylinder], medium, rng,
        )  # fmt: skip
        if pt < LEAST_MOMENTUM:
            break
    return count


@njit()
def follow_all(
    offsets: NDArray[np.int64],
    tracks: Tracks,
    zones: Zones,
    layers: Layers,
    medium: Medium,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Follow all particles of all events.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Particles of the events; a part of all events will do.
    tracks, zones, layers, medium, rng
        As for `follow`.

    Returns
    -------
    begin : ndarray of int64, shape (n + 1,)
        Crossings of event i are ``begin[i]`` to ``begin[i + 1]``.
    particle, wire : ndarray of int32, shape (n_crossing,)
        Row of the particle; global wire id.
    columns : ndarray of float64, shape (n_crossing, 4)
        See `sim.detector.cdc.cells.DISTANCE`.
    """
    n = len(offsets) - 1
    begin = np.zeros(n + 1, dtype=np.int64)
    room = 72 * (offsets[n] - offsets[0]) + 1024
    particle, wire = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
    columns = np.empty((room, N_COLUMN))
    own_wire = np.empty(MOST_CROSSINGS, dtype=np.int64)
    own = np.empty((MOST_CROSSINGS, N_COLUMN))
    at = 0
    for event in range(n):
        for i in range(offsets[event], offsets[event + 1]):
            if tracks.magnetic[i] != 0.0:
                count = follow_magnetic(
                    tracks.p4[i], tracks.vertex[i], tracks.mass[i], tracks.magnetic[i],
                    zones, layers, medium, rng, own_wire, own,
                )  # fmt: skip
            else:
                count = follow(i, tracks, zones, layers, medium, rng, own_wire, own)
            if at + count > room:
                bigger = room + room // 2 + count
                new_particle = np.empty(bigger, dtype=np.int32)
                new_wire = np.empty(bigger, dtype=np.int32)
                new_columns = np.empty((bigger, N_COLUMN))
                new_particle[:at], new_wire[:at] = particle[:at], wire[:at]
                new_columns[:at] = columns[:at]
                particle, wire, columns, room = new_particle, new_wire, new_columns, bigger
            for k in range(count):
                particle[at + k], wire[at + k] = i, own_wire[k]
                for column in range(N_COLUMN):
                    columns[at + k, column] = own[k, column]
            at += count
        begin[event + 1] = at
    # Cut, not copied: touching new memory costs as much as following the particles.
    return begin, particle[:at], wire[:at], columns[:at]
