"""Decays of π0, K_S and hyperons that a generator left undecayed, in flight, to two bodies.

Branching fractions and lifetimes: Particle Data Group, Phys. Rev. D 110 (2024) 030001, the
two-body modes scaled to one. The angular distribution is isotropic (no polarisation) and a charged
hyperon flies straight for its few centimetres: assumptions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.detector.particles import (
    _SELF_CONJUGATE,
    Classes,
    Kind,
    classify,
    particle_type,
    with_own_masses,
)
from sim.events import Events

SPEED_OF_LIGHT = 29.9792458
"""[cm/ns]."""


class Mode(NamedTuple):
    """One two-body mode: its fraction and the codes of its products."""

    fraction: float
    first: int
    second: int


class Decay(NamedTuple):
    """Mean decay length cτ [cm] and modes of a particle (not of its antiparticle)."""

    ctau: float
    modes: tuple[Mode, ...]


DECAYS = {
    111: Decay(2.53e-6, (Mode(1.0, 22, 22),)),
    310: Decay(2.6844, (Mode(0.6920, 211, -211), Mode(0.3069, 111, 111))),
    3122: Decay(7.89, (Mode(0.641, 2212, -211), Mode(0.359, 2112, 111))),
    3222: Decay(2.404, (Mode(0.5147, 2212, 111), Mode(0.4843, 2112, 211))),
    3212: Decay(2.22e-9, (Mode(1.0, 3122, 22),)),
    3112: Decay(4.434, (Mode(1.0, 2112, -211),)),
    3322: Decay(8.71, (Mode(1.0, 3122, 111),)),
    3312: Decay(4.91, (Mode(1.0, 3122, -211),)),
    3334: Decay(2.461, (Mode(0.678, 3122, -321), Mode(0.243, 3322, -211), Mode(0.0855, 3312, 111))),
}


def decay_all(events: Events, classes: Classes, rng: np.random.Generator) -> tuple[Events, Classes]:
    """Replace every particle of kind `DECAYS` by its decay products, until none is left.

    Parameters
    ----------
    events : Events
        The sample.
    classes : Classes
        Its classification.
    rng : numpy.random.Generator
        Source of modes, lengths and angles.

    Returns
    -------
    events : Events
        Surviving particles of an event first, in their order, then the decay products.
    classes : Classes
        Their classification.
    """
    if not (classes.kind == Kind.DECAYS).any():
        return events, classes
    event, pdg, p4, vertex = events.event_of, events.pdg, events.p4, events.vertex
    kind = classes.kind
    while (kind == Kind.DECAYS).any():
        gone = kind == Kind.DECAYS
        codes, momenta, start = _two_body(pdg[gone], p4[gone], vertex[gone], rng)
        event = np.concatenate((event[~gone], np.repeat(event[gone], 2)))
        pdg = np.concatenate((pdg[~gone], codes))
        p4 = np.concatenate((p4[~gone], momenta))
        vertex = np.concatenate((vertex[~gone], start))
        kind = np.concatenate((kind[~gone], classify(codes).kind))
    order = np.argsort(event, kind="stable")
    offsets = np.concatenate(([0], np.cumsum(np.bincount(event, minlength=len(events)))))
    result = Events(offsets.astype(np.int64), pdg[order], p4[order], vertex[order], events.weight)
    known = _classify_declared(result, classes, events)
    return result, known


def _classify_declared(result: Events, classes: Classes, before: Events) -> Classes:
    """Classify again, with the codes that were declared invisible before."""
    invisible = np.unique(before.pdg[classes.kind == Kind.INVISIBLE])
    return with_own_masses(result, classify(result.pdg, [int(code) for code in invisible]))


def _two_body(
    pdg: NDArray[np.int32],
    p4: NDArray[np.float64],
    vertex: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Decay each particle; products stand in pairs, arrays of twice the length."""
    n = len(pdg)
    pick, length, cosine, angle = rng.random((4, n))
    first, second = np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int32)
    masses = np.zeros((3, n))  # mother, first, second
    ctau = np.zeros(n)
    for code in np.unique(pdg).tolist():
        decay, here = DECAYS[abs(code)], np.flatnonzero(pdg == code)
        edges = np.cumsum([mode.fraction for mode in decay.modes])
        chosen = np.searchsorted(edges / edges[-1], pick[here], side="right")
        ctau[here], masses[0, here] = decay.ctau, particle_type(code).mass
        for number, mode in enumerate(decay.modes):
            rows = here[chosen == number]
            first[rows] = _conjugate(mode.first, code)
            second[rows] = _conjugate(mode.second, code)
            masses[1, rows] = particle_type(mode.first).mass
            masses[2, rows] = particle_type(mode.second).mass
    momentum = np.sqrt(np.einsum("ij,ij->i", p4[:, :3], p4[:, :3]))
    energy = np.sqrt(momentum**2 + masses[0] ** 2)
    # Exponential flight: c t = γ cτ (-ln u); position moves by β c t.
    ct = -np.log1p(-length) * ctau * energy / masses[0]
    start = vertex.copy()
    start[:, :3] += p4[:, :3] * (ct / energy)[:, None]
    start[:, 3] += ct / SPEED_OF_LIGHT
    products = _boosted(p4[:, :3], energy, masses, 2.0 * cosine - 1.0, 2.0 * np.pi * angle)
    codes = np.stack((first, second), axis=1).reshape(-1)
    return codes, products.reshape(-1, 4), np.repeat(start, 2, axis=0)


def _conjugate(code: int, mother: int) -> int:
    """Return the product's code in the decay of the particle or of its antiparticle."""
    return -code if mother < 0 and code not in _SELF_CONJUGATE else code


def _boosted(
    mother: NDArray[np.float64],
    energy: NDArray[np.float64],
    masses: NDArray[np.float64],
    cosine: NDArray[np.float64],
    angle: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the products' momenta in the laboratory, shape ``(n, 2, 4)``."""
    m, a, b = masses
    p = np.sqrt(np.maximum((m**2 - (a + b) ** 2) * (m**2 - (a - b) ** 2), 0.0)) / (2.0 * m)
    sine = np.sqrt(1.0 - cosine**2)
    rest = p[:, None] * np.stack((sine * np.cos(angle), sine * np.sin(angle), cosine), axis=1)
    products = np.empty((len(m), 2, 4))
    for number, (sign, mass) in enumerate(((1.0, a), (-1.0, b))):
        e = np.sqrt(p**2 + mass**2)
        along = np.einsum("ij,ij->i", mother, sign * rest)
        # Boost with γ = E/m, γβ = p/m: p' = p + (p·k/(m (E+m)) + e/m) k.
        factor = along / (m * (energy + m)) + e / m
        products[:, number, :3] = sign * rest + factor[:, None] * mother
        products[:, number, 3] = (energy * e + along) / m
    return products
