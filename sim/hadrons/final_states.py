"""Moving systems become hadrons: where final states come from, and the decays in flight."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim.detector.decays import decay_all
from sim.detector.particles import classify
from sim.events import Events
from sim.hadrons.fragmentation import LARGEST_SEED, Fragmenter
from sim.hadrons.library import packaged
from sim.hadrons.states import States, place
from sim.processes.decay_chain import invariant_mass
from sim.processes.parameters import Parameter
from sim.processes.phase_space import boosted

FloatArray = NDArray[np.float64]
CodeArray = NDArray[np.int32]

SOURCE = Parameter(
    "source", "packaged", "final states: packaged samples, or fresh ones by Pythia (if installed)",
    choices=("packaged", "pythia"),
)  # fmt: skip


def hadronise(
    source: str,
    code: CodeArray,
    parent: FloatArray,
    axis: FloatArray,
    rng: np.random.Generator,
) -> Events:
    """Return the particles of systems, one system an event, π0, K_S and hyperons undecayed.

    Parameters
    ----------
    source : str
        As in `SOURCE`.
    code : ndarray of int32, shape (n,)
        Quark 1 to 4 (d, u, s, c) of a pair of quark and antiquark, or ±511, ±521: a B meson.
    parent : ndarray, shape (n, 4)
        Four-vectors [GeV].
    axis : ndarray, shape (n, 3)
        Direction of the quark in the system's rest frame (pure boost from that of `parent`); of no
        meaning for a B meson, which is turned anyhow.
    rng : Generator
        Source of all choices.
    """
    n, mass = len(code), invariant_mass(parent)
    meson = np.abs(code) > 100
    u = rng.random((n, 6))
    if source == "pythia":
        states, chosen = _fresh(code, mass, int(rng.integers(1, LARGEST_SEED)))
    else:
        library = packaged()
        states, chosen = library.states, library.choose(np.abs(code), mass, u[:, :2])
    # A pair and its mirror image, antiquark for quark, are equally likely.
    turned = np.where(meson, code < 0, u[:, 2] < 0.5)
    sense = np.where(turned & ~meson, -1.0, 1.0)[:, None]
    cosine, phi = 2.0 * u[:, 3] - 1.0, 2.0 * np.pi * u[:, 4]
    sine = np.sqrt(1.0 - cosine**2)
    anywhere = np.stack((sine * np.cos(phi), sine * np.sin(phi), cosine), axis=1)
    axis = np.where(meson[:, None], anywhere, sense * axis[:, :3])
    return place(states, chosen, parent, axis, 2.0 * np.pi * u[:, 5], turned)


@cache
def _fragmenter() -> Fragmenter:
    return Fragmenter()


def _fresh(code: CodeArray, mass: FloatArray, seed: int) -> tuple[States, NDArray[np.int64]]:
    """Return fresh states of quark pairs or of B mesons, and the number of each system's own."""
    flavour = np.abs(code)
    chosen = np.zeros(len(code), dtype=np.int64)
    parts: list[States] = []
    for number, kind in enumerate(np.unique(np.where(flavour > 100, flavour, 0)).tolist()):
        here = np.flatnonzero(flavour == kind) if kind else np.flatnonzero(flavour < 100)
        own = (seed + number) % LARGEST_SEED + 1
        made = (
            _fragmenter().mesons(kind, len(here), own)
            if kind else _fragmenter().pairs(flavour[here], mass[here], own)
        )  # fmt: skip
        chosen[here] = sum(len(part) for part in parts) + np.arange(len(here))
        parts.append(made)
    sizes = [np.zeros(0, dtype=np.int64), *(np.diff(part.offsets) for part in parts)]
    return States(
        np.concatenate(([0], np.cumsum(np.concatenate(sizes)))).astype(np.int64),
        np.concatenate([np.zeros(0, dtype=np.int32), *(part.pdg for part in parts)]),
        np.concatenate([np.zeros((0, 3)), *(part.p3 for part in parts)]),
    ), chosen


def quark_axis(quark: FloatArray, parent: FloatArray) -> FloatArray:
    """Return a particle's direction in the rest frame of `parent`, shape ``(n, 3)``."""
    gamma_beta = -parent[:, :3] / invariant_mass(parent)[:, None]
    return boosted(quark[:, None], gamma_beta)[:, 0, :3]


def complete(
    bare: Events, kept: list[int], systems: list[Events], rng: np.random.Generator
) -> Events:
    """Join particles of events that all have the same number with hadrons, and let these decay.

    K_S and hyperons decay in flight, π0 at once (`sim.detector.decays`): the products start there.

    Parameters
    ----------
    bare : Events
        From `Process.assemble`: the same number of particles in every event.
    kept : list of int
        Numbers of those that stay; they come first.
    systems : list of Events
        From `hadronise`, each as many events as `bare`.
    rng : Generator
        Source of modes, flights and angles.
    """
    n = len(bare)
    k = len(bare.pdg) // n if n else len(kept)
    stay = (np.arange(n)[:, None] * k + np.array(kept, dtype=np.int64)).reshape(-1)
    event = np.concatenate(
        [np.repeat(np.arange(n), len(kept)), *(part.event_of for part in systems)]
    )
    order = np.argsort(event, kind="stable")
    pdg = np.concatenate([bare.pdg[stay], *(part.pdg for part in systems)])[order]
    p4 = np.concatenate([bare.p4[stay], *(part.p4 for part in systems)])[order]
    offsets = np.concatenate(([0], np.cumsum(np.bincount(event, minlength=n)))).astype(np.int64)
    joined = Events(offsets, pdg, p4, np.zeros_like(p4), bare.weight)
    return decay_all(joined, classify(pdg), rng)[0]
