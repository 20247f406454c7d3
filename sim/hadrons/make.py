"""Make the packaged final states with Pythia: what is in them, and how many."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np

from sim.hadrons.fragmentation import LARGEST_SEED, LEAST, PACKAGE, SETTINGS, Fragmenter
from sim.hadrons.library import Library
from sim.hadrons.states import States
from sim.streams import stream

TOP = 10.5796
"""Highest mass of a pair [GeV]: the centre-of-mass energy at the Υ(4S)."""

POINTS = {"light": (1.3, 1.8, 2.5, 3.5, 4.8, 6.4, 8.3), "charm": (4.6, 5.6, 6.8, 8.4)}
"""Masses of pairs between the lowest and the highest [GeV]."""

NUMBERS = {1: (300, 1500), 2: (500, 3000), 3: (300, 1500), 4: (600, 2500)}
"""States of each lower mass and of the highest, by flavour: about as the cross-sections."""

MESONS = {511: 4500, 521: 4500}
"""Decays of B mesons."""


def plan(scale: float = 1.0) -> list[tuple[int, float, int]]:
    """Return flavour, mass [GeV] (0: its own) and number of states of every group."""
    groups = []
    for flavour, (each, top) in NUMBERS.items():
        between = POINTS["charm" if flavour == 4 else "light"]
        masses = (LEAST[flavour], *between)
        groups += [(flavour, mass, max(1, round(scale * each))) for mass in masses]
        groups.append((flavour, TOP, max(1, round(scale * top))))
    return groups + [(code, 0.0, max(1, round(scale * n))) for code, n in MESONS.items()]


def make(seed: int, scale: float = 1.0) -> Library:
    """Make the library.

    Parameters
    ----------
    seed : int
        Each group has a stream of its own.
    scale : float
        On the numbers of states; 1 for the packaged file.

    Raises
    ------
    InputError
        When Pythia is not installed.
    """
    fragmenter = Fragmenter()
    groups = plan(scale)
    made = [group(fragmenter, seed, number, row) for number, row in enumerate(groups)]
    sizes = np.concatenate([np.diff(part.offsets) for part in made])
    states = States(
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        np.concatenate([part.pdg for part in made]),
        np.concatenate([part.p3 for part in made]),
    )
    first = np.concatenate(([0], np.cumsum([row[2] for row in groups]))).astype(np.int64)
    return Library(
        states,
        np.array([row[0] for row in groups], dtype=np.int32),
        np.array([row[1] for row in groups]),
        first,
        {
            "package": PACKAGE,
            "version": version(PACKAGE),
            "settings": list(SETTINGS),
            "shower": fragmenter.shower,
            "seed": seed,
            "scale": scale,
            "command": f"lowmult samples --seed {seed} --scale {scale:g}",
        },
    )


def group(fragmenter: Fragmenter, seed: int, number: int, row: tuple[int, float, int]) -> States:
    """Make one group: flavour, mass, number of states."""
    flavour, mass, n = row
    own = int(stream(seed, "hadrons/make", number).integers(1, LARGEST_SEED))
    if flavour > 100:
        return fragmenter.mesons(flavour, n, own)
    return fragmenter.pairs(np.full(n, flavour), np.full(n, mass), own)
