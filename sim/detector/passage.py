"""What one particle leaves in the crystals, compiled.

Particles are followed to the surface, then either shower there or pass through, ionise and perhaps
interact. Energy goes to the present event's sums by cell, what no cell sees to its losses. The
models are documented in docs/reference/ecl_response.md.
"""

from __future__ import annotations

from math import atan2, hypot, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.ecl import N_CELL
from firmware_models.kernels import njit
from sim.detector.decays import SPEED_OF_LIGHT
from sim.detector.geometry import GAP, HIT, cell_at, to_surface
from sim.detector.landau import interpolate
from sim.detector.magnetic_passage import (
    MOST_STEPS,
    STOPPED,
    Matter,
    through_crystals,
    to_crystals,
)
from sim.detector.material import RADIATION_LENGTH, ionisation, mean_loss
from sim.detector.particles import Kind
from sim.detector.profile import MAX_SHARES, SHARE, share
from sim.detector.shower import STEEPNESS, develop, gamma_beyond

N_LOSS = 6
MISSED, REAR, DEAD, BEYOND, UNSEEN, RESOLUTION = range(N_LOSS)
"""Kinds of loss: never in a crystal; left at the rear; in gaps; farther than the cells that were
followed (and shares below the floor); invisible part of hadronic showers; fluctuation of light and
calibration (positive when less is seen)."""

N_UNIFORM, N_NORMAL = 3, 3
"""Random numbers that a particle takes."""

STEPS = 8
"""Points along a track in the crystals at which its cell is looked up."""

ENERGY, MOMENT, BACKGROUND = range(3)
"""Rows of an event's sums: energy, energy × time, energy from beam background."""

_INVISIBLE, _PHOTON, _ELECTRON = int(Kind.INVISIBLE), int(Kind.PHOTON), int(Kind.ELECTRON)
_MUON, _MAGNETIC = int(Kind.MUON), int(Kind.MAGNETIC)
_PION_MASS_BELOW = 0.2


class Physics(NamedTuple):
    """Parameters, in cm and GeV; see `sim.detector.ecl_config` for meaning and source."""

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
    """Arrays that are looked up: the surface, the cells' distance, Landau's distribution, the
    distribution of the visible part of hadronic energy."""

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
    matter: Matter


class Particles(NamedTuple):
    """Particles of many events with their random numbers; see `Events` and `Classes`."""

    offsets: NDArray[np.int64]
    p4: NDArray[np.float64]
    vertex: NDArray[np.float64]
    kind: NDArray[np.int8]
    mass: NDArray[np.float64]
    charge: NDArray[np.int8]
    released: NDArray[np.float64]
    magnetic: NDArray[np.float64]
    uniform: NDArray[np.float64]
    normal: NDArray[np.float64]


class Scratch(NamedTuple):
    """Working arrays of the present event.

    Parameters
    ----------
    sums : ndarray of float64, shape (3, 577)
        See `ENERGY`; zero outside the touched cells.
    touched : ndarray of int64, shape (578,)
        Number of touched cells, then their TC ids.
    cells, work : ndarray
        For `sim.detector.profile.share`.
    """

    sums: NDArray[np.float64]
    touched: NDArray[np.int64]
    cells: NDArray[np.int64]
    work: NDArray[np.float64]


class Arrival(NamedTuple):
    """A particle at the surface: point [cm], direction, time in the window [ns], and the length of
    the straight way through the crystals [cm]."""

    x: float
    y: float
    z: float
    dx: float
    dy: float
    dz: float
    time: float
    length: float


@njit()
def make_scratch() -> Scratch:
    """Return empty working arrays."""
    return Scratch(
        np.zeros((3, N_CELL + 1)),
        np.zeros(N_CELL + 2, dtype=np.int64),
        np.zeros(MAX_SHARES, dtype=np.int64),
        np.zeros((3, MAX_SHARES)),
    )


@njit(inline="always")
def add(
    energy: float,
    cell: int,
    time: float,
    sums: NDArray[np.float64],
    touched: NDArray[np.int64],
) -> None:
    """Add energy [GeV] with a time [ns] to a cell. Plain arrays: a tuple of them costs more than
    the work."""
    if energy <= 0.0:
        return
    if sums[ENERGY, cell] == 0.0:
        touched[0] += 1
        touched[touched[0]] = cell
    sums[ENERGY, cell] += energy
    sums[MOMENT, cell] += energy * time


@njit()
def _blurred(energy: float, normal: float, physics: Physics, loss: NDArray[np.float64]) -> float:
    """Return the energy after fluctuation of light and calibration, not below zero."""
    if energy <= 0.0:
        return 0.0
    relative = hypot(physics.stochastic * energy**-0.25, physics.constant)
    result: float = energy * max(1.0 + relative * normal, 0.0)
    loss[RESOLUTION] += energy - result
    return result


@njit(inline="always")
def _spread(
    energy: float,
    depth: float,
    at: Arrival,
    core_radius: float,
    tail_radius: float,
    physics: Physics,
    tables: Tables,
    scratch: Scratch,
    loss: NDArray[np.float64],
) -> None:
    """Share energy among the cells around the point at a depth [cm] along the way."""
    x, y, z = at.x + depth * at.dx, at.y + depth * at.dy, at.z + depth * at.dz
    rho = hypot(x, y)
    distance, sums, touched = tables.distance, scratch.sums, scratch.touched
    cells, work = scratch.cells, scratch.work
    count, dead, beyond = share(
        atan2(rho, z), atan2(y, x), sqrt(rho * rho + z * z), rho,
        physics.core, core_radius, tail_radius, physics.reach,
        tables.edge, tables.phi_count, tables.ring, tables.cell_id, cells, work,
    )  # fmt: skip
    loss[DEAD] += dead * energy
    loss[BEYOND] += beyond * energy
    for i in range(count):
        part = work[SHARE, i] * energy
        if part < physics.floor:
            loss[BEYOND] += part
        else:
            add(part, cells[i], at.time - distance[cells[i]] / SPEED_OF_LIGHT, sums, touched)


@njit()
def _cell_on_way(at: Arrival, way: float, tables: Tables) -> int:
    """Return the cell at a distance [cm] along the way; 0: none."""
    x, y, z = at.x + way * at.dx, at.y + way * at.dy, at.z + way * at.dz
    cell: int = cell_at(x, y, z, tables.edge, tables.phi_count, tables.cell_id)
    return cell


@njit()
def _track(
    energy: float,
    depth: float,
    at: Arrival,
    tables: Tables,
    scratch: Scratch,
    loss: NDArray[np.float64],
) -> None:
    """Spread energy evenly along the way down to a depth [cm]."""
    distance, sums, touched = tables.distance, scratch.sums, scratch.touched
    step = depth / STEPS
    first = _cell_on_way(at, 0.5 * step, tables)
    straight = first == _cell_on_way(at, depth - 0.5 * step, tables)
    steps = 1 if straight else STEPS
    for i in range(steps):
        cell = first if straight else _cell_on_way(at, (i + 0.5) * step, tables)
        if cell == 0:
            loss[DEAD] += energy / steps
        else:
            time = at.time - distance[cell] / SPEED_OF_LIGHT
            add(energy / steps, cell, time, sums, touched)


@njit(inline="always")
def _shower(
    i: int,
    energy: float,
    at: Arrival,
    particles: Particles,
    physics: Physics,
    tables: Tables,
    scratch: Scratch,
    loss: NDArray[np.float64],
) -> None:
    """Let an electron or a photon shower."""
    photon = particles.kind[i] == _PHOTON
    start, shape = develop(energy, photon, particles.uniform[i, 0], particles.normal[i, 0])
    rear = energy * gamma_beyond(shape, STEEPNESS * (at.length / RADIATION_LENGTH - start))
    loss[REAR] += rear
    seen = _blurred(energy - rear, particles.normal[i, 2], physics, loss)
    depth = min((start + shape / STEEPNESS) * RADIATION_LENGTH, at.length)
    _spread(
        seen, depth, at, physics.core_radius, physics.tail_radius, physics, tables, scratch, loss
    )


@njit()
def _interaction_depth(i: int, particles: Particles, physics: Physics) -> float:
    """Return the depth [cm] at which a hadron interacts; a muon does so nowhere."""
    if particles.kind[i] == _MUON:
        return np.inf
    pion = particles.mass[i] < _PION_MASS_BELOW
    scale = physics.pion_length if pion else physics.hadron_length
    return -scale * log(1.0 - particles.uniform[i, 0])


@njit()
def _penetrate(
    i: int,
    momentum: float,
    kinetic: float,
    at: Arrival,
    particles: Particles,
    physics: Physics,
    tables: Tables,
    scratch: Scratch,
    loss: NDArray[np.float64],
) -> None:
    """Let a muon or a hadron ionise, and a hadron interact.

    A hadron that interacts, or an antibaryon or antikaon that stops and is absorbed, shows a random
    part of what energy it has left.
    """
    charge, mass = float(particles.charge[i]), particles.mass[i]
    interaction = _interaction_depth(i, particles, physics)
    depth = min(interaction, at.length)
    ionised = 0.0
    if charge != 0.0:
        ionised = ionisation(
            momentum / mass, mass, depth, charge,
            particles.uniform[i, 1], particles.normal[i, 1],
            tables.landau_value, tables.landau_below, tables.landau_mean,
        )  # fmt: skip
        if ionised >= kinetic:  # it stops, earlier by about the part that it could not lose
            depth *= kinetic / ionised
            ionised = kinetic
        seen = _blurred(ionised, particles.normal[i, 2], physics, loss)
        _track(seen, depth, at, tables, scratch, loss)
    left = kinetic - ionised + particles.released[i]
    stopped = charge != 0.0 and ionised >= kinetic
    if interaction >= at.length and not stopped:
        loss[REAR] += left
        return
    part = interpolate(particles.uniform[i, 2], tables.visible_at, tables.visible)
    loss[UNSEEN] += left * (1.0 - part)
    seen = _blurred(left * part, particles.normal[i, 0], physics, loss)
    if seen > 0.0:
        _spread(
            seen, depth, at, physics.hadron_core_radius, physics.hadron_tail_radius,
            physics, tables, scratch, loss,
        )  # fmt: skip


@njit()
def _magnetic(
    i: int,
    start_time: float,
    particles: Particles,
    physics: Physics,
    tables: Tables,
    scratch: Scratch,
    loss: NDArray[np.float64],
) -> None:
    """Let a magnetic charge fly to the crystals and ionise in them."""
    mass, charge = particles.mass[i], particles.magnetic[i]
    way = to_crystals(particles.vertex[i], particles.p4[i], mass, charge, tables.matter)
    loss[MISSED] += way.lost
    if way.end not in (HIT, GAP):
        square = way.px * way.px + way.py * way.py + way.pz * way.pz
        loss[MISSED] += 0.0 if way.end == STOPPED else sqrt(square + mass * mass) - mass
        return
    cells, energies = np.empty(MOST_STEPS, dtype=np.int64), np.empty(MOST_STEPS)
    steps, rest = through_crystals(
        way, mass, charge, physics.length, tables.matter,
        tables.edge, tables.phi_count, tables.cell_id, cells, energies,
    )  # fmt: skip
    total = energies[:steps].sum()
    if total <= 0.0:
        loss[REAR] += rest
        return
    mean = total
    if rest > 0.0:  # it went through: the loss fluctuates as that of the electric charge gβ
        bg = sqrt(way.px * way.px + way.py * way.py + way.pz * way.pz) / mass
        same = charge * bg / sqrt(1.0 + bg * bg)
        random = ionisation(
            bg, mass, physics.length, same, particles.uniform[i, 1], particles.normal[i, 1],
            tables.landau_value, tables.landau_below, tables.landau_mean,
        )  # fmt: skip
        total = min(total * random / mean_loss(bg, mass, physics.length, same), total + rest)
    loss[REAR] += rest + mean - total
    seen = _blurred(total, particles.normal[i, 2], physics, loss) / mean
    time, distance = start_time + way.time, tables.distance
    for k in range(steps):
        part = seen * energies[k]
        if cells[k] == 0:
            loss[DEAD] += part
        else:
            flight = time - distance[cells[k]] / SPEED_OF_LIGHT
            add(part, cells[k], flight, scratch.sums, scratch.touched)


@njit()
def pass_through(
    i: int,
    start_time: float,
    particles: Particles,
    physics: Physics,
    tables: Tables,
    scratch: Scratch,
    loss: NDArray[np.float64],
) -> None:
    """Follow one particle from its vertex and add what it leaves.

    Parameters
    ----------
    i : int
        The particle.
    start_time : float
        Time of the collision in the window [ns].
    particles, physics, tables
        Input, see the classes.
    scratch : Scratch
        Sums of the present event, added to.
    loss : ndarray of float64, shape (6,)
        Losses [GeV] of the present event, added to.
    """
    kind, mass = particles.kind[i], particles.mass[i]
    if kind == _INVISIBLE:
        return
    if kind == _MAGNETIC:
        _magnetic(i, start_time, particles, physics, tables, scratch, loss)
        return
    px, py, pz = particles.p4[i, 0], particles.p4[i, 1], particles.p4[i, 2]
    momentum = sqrt(px * px + py * py + pz * pz)
    total = sqrt(momentum * momentum + mass * mass)
    shower = kind in (_PHOTON, _ELECTRON)
    end, x, y, z, dx, dy, dz, path = to_surface(
        particles.vertex[i, 0], particles.vertex[i, 1], particles.vertex[i, 2],
        px, py, pz, float(particles.charge[i]),
    )  # fmt: skip
    if end not in (HIT, GAP):
        loss[MISSED] += total if shower else total - mass + particles.released[i]
        return
    time = start_time + particles.vertex[i, 3] + path * total / (momentum * SPEED_OF_LIGHT)
    # Crystals point to the collision point: a slanted way through them is longer.
    pointing = (x * dx + y * dy + z * dz) / sqrt(x * x + y * y + z * z)
    at = Arrival(x, y, z, dx, dy, dz, time, physics.length / max(pointing, 0.5))
    if shower:
        _shower(i, total, at, particles, physics, tables, scratch, loss)
    else:
        _penetrate(i, momentum, total - mass, at, particles, physics, tables, scratch, loss)
