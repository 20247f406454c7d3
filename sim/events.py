"""Events as structures of arrays: a ragged list of particles with an offsets array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Events:
    """Final-state particles of many events, laboratory frame.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Particles of event i are ``offsets[i]`` to ``offsets[i + 1]``.
    pdg : ndarray of int32, shape (n_particle,)
        Particle codes of the Particle Data Group.
    p4 : ndarray of float64, shape (n_particle, 4)
        px, py, pz, E [GeV].
    vertex : ndarray of float64, shape (n_particle, 4)
        Production point x, y, z [cm] and time t [ns] relative to the collision.
    weight : ndarray of float64, shape (n,)
        Weight of each event; 1 for unweighted samples.
    """

    offsets: NDArray[np.int64]
    pdg: NDArray[np.int32]
    p4: FloatArray
    vertex: FloatArray = field(repr=False)
    weight: FloatArray = field(repr=False)

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.offsets) - 1

    @property
    def event_of(self) -> NDArray[np.int64]:
        """Event number of every particle, shape ``(n_particle,)``."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def select(self, chosen: NDArray[np.intp]) -> Events:
        """Return the events of the given numbers, in the given order."""
        counts = np.diff(self.offsets)[chosen]
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        rows = np.repeat(self.offsets[chosen], counts) + within
        return Events(
            offsets, self.pdg[rows], self.p4[rows], self.vertex[rows], self.weight[chosen]
        )


def from_dense(pdg: Sequence[int], p4: FloatArray, weight: FloatArray | None = None) -> Events:
    """Build events that all have the same particles, from the collision point.

    Parameters
    ----------
    pdg : sequence of int
        The k particle codes.
    p4 : ndarray, shape (n, k, 4)
        px, py, pz, E [GeV] in the laboratory.
    weight : ndarray, shape (n,), optional
        Default: 1.
    """
    n, k, _ = p4.shape
    return Events(
        np.arange(n + 1, dtype=np.int64) * k,
        np.tile(np.asarray(pdg, dtype=np.int32), n),
        np.ascontiguousarray(p4.reshape(n * k, 4), dtype=np.float64),
        np.zeros((n * k, 4)),
        np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64),
    )


def concatenate(parts: Sequence[Events]) -> Events:
    """Join samples in the given order."""
    counts = np.concatenate([np.diff(part.offsets) for part in parts])
    return Events(
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        np.concatenate([part.pdg for part in parts]),
        np.concatenate([part.p4 for part in parts]),
        np.concatenate([part.vertex for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )
