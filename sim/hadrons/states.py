"""Final states at rest, and how they become the products of moving systems of other masses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.detector.particles import _SELF_CONJUGATE, classify
from sim.events import Events
from sim.processes.kinematics import boost, boost_back, turn_to

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class States:
    """Final states of systems at rest whose first direction, that of the quark, is +z.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Particles of state i are ``offsets[i]`` to ``offsets[i + 1]``.
    pdg : ndarray of int32, shape (n_particle,)
        Particle codes; π0, K_S and hyperons stand undecayed.
    p3 : ndarray of float64, shape (n_particle, 3)
        Momenta [GeV]; their sum need not vanish exactly.
    """

    offsets: NDArray[np.int64]
    pdg: NDArray[np.int32]
    p3: FloatArray

    def __len__(self) -> int:
        """Return the number of states."""
        return len(self.offsets) - 1

    @cached_property
    def mass(self) -> FloatArray:
        """Mass of every particle [GeV]."""
        return classify(self.pdg).mass

    @cached_property
    def least(self) -> FloatArray:
        """Sum of the masses of every state's particles [GeV]: no system below it can have it."""
        state = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        result = np.zeros(len(self))
        np.add.at(result, state, self.mass)
        return result


def place(
    states: States,
    chosen: NDArray[np.int64],
    parent: FloatArray,
    axis: FloatArray,
    azimuth: FloatArray,
    conjugate: NDArray[np.bool_],
) -> Events:
    """Give systems their final states.

    A state's momenta are made to sum to zero by a boost, scaled by one factor so that the energies
    sum to the system's mass, turned and boosted: masses are exact, four-momentum is that of
    `parent`.

    Parameters
    ----------
    states : States
        Where they come from.
    chosen : ndarray of int64, shape (n,)
        State of every system; `States.least` must be below the system's mass.
    parent : ndarray, shape (n, 4)
        Four-vectors of the systems [GeV].
    axis : ndarray, shape (n, 3)
        Direction in the system's rest frame that +z becomes; the rest frame is reached by a pure
        boost from that of `parent`.
    azimuth : ndarray, shape (n,)
        Turn about the axis [rad].
    conjugate : ndarray of bool, shape (n,)
        Whether particles become antiparticles.

    Returns
    -------
    Events
        One system an event, in the frame of `parent`, all from the origin, weights 1.
    """
    counts = np.diff(states.offsets)[chosen]
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    rows = np.repeat(states.offsets[chosen] - offsets[:-1], counts) + np.arange(offsets[-1])
    pdg = states.pdg[rows]
    turned = np.repeat(conjugate, counts) & ~np.isin(pdg, tuple(_SELF_CONJUGATE))
    p4 = np.empty((len(rows), 4))
    p4[:, :3] = states.p3[rows]
    _place(offsets, p4, states.mass[rows], parent, axis, azimuth)
    return Events(
        offsets,
        np.where(turned, -pdg, pdg).astype(np.int32),
        p4,
        np.zeros_like(p4),
        np.ones(len(chosen)),
    )


@njit()
def _place(
    offsets: NDArray[np.int64],
    p4: FloatArray,
    mass: FloatArray,
    parent: FloatArray,
    axis: FloatArray,
    azimuth: FloatArray,
) -> None:
    total = np.empty(4)
    for i in range(len(offsets) - 1):
        first, last = offsets[i], offsets[i + 1]
        size2 = parent[i, 3] ** 2 - parent[i, 0] ** 2 - parent[i, 1] ** 2 - parent[i, 2] ** 2
        system = math.sqrt(size2)
        total[:] = 0.0
        for j in range(first, last):
            p4[j, 3] = math.sqrt(mass[j] ** 2 + p4[j, 0] ** 2 + p4[j, 1] ** 2 + p4[j, 2] ** 2)
            for k in range(4):
                total[k] += p4[j, k]
        own = math.sqrt(total[3] ** 2 - total[0] ** 2 - total[1] ** 2 - total[2] ** 2)
        for j in range(first, last):
            boost_back(p4[j], total, own)
        factor = _scale(p4[first:last], mass[first:last], system)
        cosine, sine = math.cos(azimuth[i]), math.sin(azimuth[i])
        for j in range(first, last):
            x, y = factor * p4[j, 0], factor * p4[j, 1]
            p4[j, 0], p4[j, 1] = cosine * x - sine * y, sine * x + cosine * y
            p4[j, 2] *= factor
            p4[j, 3] = math.sqrt(mass[j] ** 2 + p4[j, 0] ** 2 + p4[j, 1] ** 2 + p4[j, 2] ** 2)
            turn_to(p4[j], axis[i])
            boost(p4[j], parent[i], system)


@njit()
def _scale(p4: FloatArray, mass: FloatArray, energy: float) -> float:
    """Return the factor on all momenta that makes the energies sum to `energy` [GeV].

    Newton's method, kept within a bracket: below the factor the energies are too small.
    """
    low, momenta = 0.0, 0.0
    for j in range(len(p4)):
        momenta += math.sqrt(p4[j, 0] ** 2 + p4[j, 1] ** 2 + p4[j, 2] ** 2)
    high = energy / momenta
    factor = min(1.0, high)
    for _ in range(200):
        value, slope = -energy, 0.0
        for j in range(len(p4)):
            square = p4[j, 0] ** 2 + p4[j, 1] ** 2 + p4[j, 2] ** 2
            one = math.sqrt(mass[j] ** 2 + factor * factor * square)
            value += one
            slope += factor * square / one if one > 0.0 else 0.0
        if value > 0.0:
            high = factor
        else:
            low = factor
        if abs(value) < 1e-15 * energy:
            break
        step = factor - value / slope if slope > 0.0 else low
        new = step if low < step < high else 0.5 * (low + high)
        if new == factor:
            break
        factor = new
    return factor
