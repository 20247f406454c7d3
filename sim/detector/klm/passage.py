"""What material and time do to a particle on its way through the muon detector, compiled."""

from __future__ import annotations

from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.klm import N_PLANE
from firmware_models.kernels import njit
from sim.detector.klm.material import INTERACTION_LENGTH, scattering_width, slowed, turned_away

NOTHING, LOST, BACK, STOPPED, LEFT = range(5)
"""Ends of a way: nothing that is followed; a beam hole, or begun outside the calorimeter; turned
back by the field before coil and yoke; stopped or absorbed; left the yoke."""

MUON_MASS = 0.1056583755
_LENGTH = np.array(INTERACTION_LENGTH)

N_COLUMN = 6
END, CROSSED, LOSS, CRYSTAL, COIL, IRON = range(N_COLUMN)
"""Columns of what became of a particle: how its way ended; layers crossed; energy lost by
ionisation [GeV]; ways in crystals, coil and iron [g/cm²]."""


class Tracks(NamedTuple):
    """Particles, arrays over all of them.

    Parameters
    ----------
    p4, vertex : ndarray of float64, shape (n, 4)
        As in `sim.events.Events`.
    mass, charge : ndarray of float64, shape (n,)
        [GeV], elementary charges.
    kind : ndarray of int64, shape (n,)
        Values of `sim.detector.particles.Kind`.
    decay_length : ndarray of float64, shape (n,)
        cτ [cm] over the factor to the decay rates; 0: stable.
    muon_fraction : ndarray of float64, shape (n,)
        Part of the decays with a muon and a neutrino.
    """

    p4: NDArray[np.float64]
    vertex: NDArray[np.float64]
    mass: NDArray[np.float64]
    charge: NDArray[np.float64]
    kind: NDArray[np.int64]
    decay_length: NDArray[np.float64]
    muon_fraction: NDArray[np.float64]


class Medium(NamedTuple):
    """Material and what it does; see `sim.detector.klm.config` for the numbers.

    Parameters
    ----------
    table : ndarray of float64, shape (3, 8)
        From `sim.detector.klm.material.substance_table`.
    crystal, coil : float
        [cm], [g/cm²].
    loss, scattering, interaction, tail, efficiency : float
        As in the configuration.
    """

    table: NDArray[np.float64]
    crystal: float
    coil: float
    loss: float
    scattering: float
    interaction: float
    tail: float
    efficiency: float


class State(NamedTuple):
    """A particle on its way; a charged one hits planes, a cascade does, a neutral one does not."""

    p: float
    mass: float
    charge: float
    depth: float  # interaction lengths passed
    first: float  # depth of the interaction
    last: float  # depth where its cascade ends
    alive: bool


@njit()
def decayed(p: float, mass: float, cosine: float) -> float:
    """Return the momentum [GeV] of the muon of π or K → μν; it keeps the direction (assumption)."""
    rest = (mass * mass - MUON_MASS * MUON_MASS) / (2.0 * mass)
    energy_rest = (mass * mass + MUON_MASS * MUON_MASS) / (2.0 * mass)
    energy = (sqrt(p * p + mass * mass) * energy_rest + p * rest * cosine) / mass
    return sqrt(max(energy * energy - MUON_MASS * MUON_MASS, 0.0))


@njit()
def through(
    state: State, substance: int, grams: float, medium: Medium, out: NDArray[np.float64]
) -> State:
    """Return the particle behind a way [g/cm²] in a substance."""
    p, alive = state.p, state.alive
    number = medium.interaction * grams / _LENGTH[substance]
    after = state.depth + number
    if state.depth < state.first:
        part = 1.0 if after <= state.first else (state.first - state.depth) / number
        row = medium.table[substance]
        p = slowed(p, state.mass, state.charge, part * grams, row, medium.loss)
        mass2 = state.mass * state.mass
        out[LOSS] += sqrt(state.p * state.p + mass2) - sqrt(p * p + mass2)
        out[CRYSTAL + substance] += part * grams
        alive = alive and p > 0.0
    alive = alive and (after < state.first or after < state.last)
    return State(p, state.mass, state.charge, after, state.first, state.last, alive)


@njit()
def scattered(
    state: State, substance: int, grams: float, dx: float, dy: float, dz: float,
    medium: Medium, rng: np.random.Generator,
) -> tuple[float, float, float]:  # fmt: skip
    """Return the direction behind material; a cascade and a neutral particle keep theirs."""
    if medium.scattering == 0.0 or state.charge == 0.0 or state.depth >= state.first:
        return dx, dy, dz
    if not state.alive or grams <= 0.0:
        return dx, dy, dz
    row = medium.table[substance]
    width = medium.scattering * scattering_width(state.p, state.mass, state.charge, grams, row)
    return turned_away(dx, dy, dz, width, rng)


@njit()
def strike(
    state: State, sector: int, layer: int, medium: Medium, rng: np.random.Generator,
    masks: NDArray[np.uint64],
) -> None:  # fmt: skip
    """Set the planes of a layer that a particle fires."""
    if state.charge == 0.0 and state.depth < state.first:
        return
    for plane in range(N_PLANE):
        if rng.random() < medium.efficiency:
            masks[sector] |= np.uint64(1) << np.uint64(N_PLANE * layer + plane)


@njit()
def aged(state: State, way: float, life: float, fraction: float, rng: np.random.Generator) -> (
    tuple[State, float]
):  # fmt: skip
    """Return a particle that may have decayed, and its life [cm], infinite once it has."""
    if way < life or state.depth >= state.first:
        return state, life
    p = decayed(state.p, state.mass, 2.0 * rng.random() - 1.0)
    alive = state.alive and rng.random() < fraction
    return State(p, MUON_MASS, state.charge, state.depth, inf, inf, alive), inf
