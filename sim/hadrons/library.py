"""The packaged final states: quark pairs of several masses, B mesons; made by `lowmult samples`."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.files import whole_file
from sim.hadrons.fragmentation import MARGIN
from sim.hadrons.states import States

FloatArray = NDArray[np.float64]

QUANTUM = 2e-4
"""Unit of the stored momenta [GeV]: 16 bits reach 6.55 GeV; a count of the calorimeter's words is
5.2 MeV."""


@dataclass(frozen=True)
class Library:
    """Final states in groups of one flavour and one mass.

    Parameters
    ----------
    states : States
        All of them.
    flavour : ndarray of int32, shape (n_group,)
        Code of the quark or meson; groups of a flavour stand in the order of their masses.
    mass : ndarray of float64, shape (n_group,)
        Mass of the system [GeV].
    first : ndarray of int64, shape (n_group + 1,)
        States of group g are ``first[g]`` to ``first[g + 1]``.
    provenance : dict
        Package and version, settings, seed, command.
    """

    states: States
    flavour: NDArray[np.int32]
    mass: FloatArray
    first: NDArray[np.int64]
    provenance: dict[str, Any]

    @cached_property
    def _light_first(self) -> NDArray[np.int64]:
        """State numbers, within each group those of lightest particles first."""
        group = np.repeat(np.arange(len(self.mass)), np.diff(self.first))
        return np.lexsort((self.states.least, group))

    def choose(
        self, flavour: NDArray[np.integer], mass: FloatArray, u: FloatArray
    ) -> NDArray[np.int64]:
        """Choose a state for every system.

        Of the two groups around the mass one is taken by chance, linearly in the mass's logarithm:
        means over states are interpolated so. Within the group all states whose particles fit into
        the mass have the same chance; where none fits, the next lower group is asked.

        Parameters
        ----------
        flavour : ndarray of integer, shape (n,)
            Codes of quarks or mesons.
        mass : ndarray, shape (n,)
            Masses of the systems [GeV].
        u : ndarray, shape (n, 2)
            Uniform numbers.

        Returns
        -------
        ndarray of int64, shape (n,)

        Raises
        ------
        InputError
            For a flavour that is not there, or a mass into which nothing fits.
        """
        result = np.full(len(mass), -1, dtype=np.int64)
        for code in np.unique(flavour).tolist():
            groups = np.flatnonzero(self.flavour == code)
            if not len(groups):
                raise InputError(f"no packaged final states of flavour {code}")
            rows = np.flatnonzero(flavour == code)
            group = groups[0] + _interpolate(self.mass[groups], mass[rows], u[rows, 0])
            for number in groups[::-1].tolist():
                here = rows[group == number]
                order = self._light_first[self.first[number] : self.first[number + 1]]
                fit = np.searchsorted(self.states.least[order], mass[here] - MARGIN)
                good = fit > 0
                pick = (u[here, 1] * fit).astype(np.int64)[good]
                result[here[good]] = order[pick]
                group[np.isin(rows, here[~good])] -= 1
        if np.any(result < 0):
            least = float(mass[result < 0].min())
            raise InputError(f"no packaged final state fits into {least:.6g} GeV")
        return result

    def save(self, path: str | Path) -> None:
        """Write the file; the same library gives the same bytes."""
        codes, species = np.unique(self.states.pdg, return_inverse=True)
        counts = np.rint(self.states.p3 / QUANTUM)
        if (
            len(codes) > 256
            or np.abs(counts).max() > 32767
            or np.diff(self.states.offsets).max() > 255
        ):
            raise InputError("codes, momenta or multiplicities do not fit into the file's integers")
        text = json.dumps(self.provenance, sort_keys=True).encode()
        with whole_file(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(
                stream,
                codes=codes.astype(np.int32),
                species=species.astype(np.uint8),
                momenta=np.ascontiguousarray(counts.T.astype(np.int16)),
                particles=np.diff(self.states.offsets).astype(np.uint8),
                flavour=self.flavour,
                mass=self.mass,
                first=self.first,
                provenance=np.frombuffer(text, dtype=np.uint8),
            )


def _interpolate(points: FloatArray, mass: FloatArray, u: FloatArray) -> NDArray[np.int64]:
    """Return which point each mass takes: one of its neighbours, by chance."""
    upper = np.clip(np.searchsorted(points, mass), 1, len(points) - 1) if len(points) > 1 else None
    if upper is None:
        return np.zeros(len(mass), dtype=np.int64)
    below, above = points[upper - 1], points[upper]
    share = np.log(mass / below) / np.log(above / below)
    result: NDArray[np.int64] = np.where(u < share, upper, upper - 1).astype(np.int64)
    return result


def load(content: bytes) -> Library:
    """Return the library of a file's content."""
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        offsets = np.concatenate(([0], np.cumsum(found["particles"], dtype=np.int64)))
        states = States(
            offsets.astype(np.int64),
            found["codes"][found["species"]],
            np.ascontiguousarray(found["momenta"].T * QUANTUM),
        )
        provenance = json.loads(found["provenance"].tobytes())
        return Library(states, found["flavour"], found["mass"], found["first"], provenance)


@cache
def packaged() -> Library:
    """Return the library that comes with the package."""
    return load(files("sim.hadrons").joinpath("data/final_states.npz").read_bytes())
