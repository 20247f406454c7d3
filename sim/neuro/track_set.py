"""Found tracks, what the networks get of them and what they should say: data to train on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.neuro import (
    N_PATTERN,
    ONE,
    THETA_CENTRE_DEG,
    THETA_LSB_DEG,
    Z_LSB_CM,
)

Array = NDArray[np.float64]

NO_TRACK = -1
MISSING = (7, 5, 3, 1)
"""Superlayer that is missing for experts 1 to 4."""

STT_MOMENTUM_GEV = 0.7
"""Least momentum of the single-track trigger (arXiv:2402.14962)."""


@dataclass(frozen=True)
class TrackSet:
    """Found tracks and generated tracks of one sample.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `neuro_input`
        Found tracks, in the order of events.
    event : ndarray of int64, shape (n,)
        Event of each.
    truth : ndarray of int64, shape (n,)
        Its row in the arrays below, or `NO_TRACK`.
    true_event, z, theta, q_over_pt, from_ip : ndarray, shape (m,)
        Generated tracks: event, z at closest approach [cm], polar angle [rad], q/pT [1/GeV],
        from the collision point.
    n_event : int
        Events in all, also those without any found track.
    parameters : mapping
        What the sample was made with.
    """

    words: NDArray[np.void]
    event: NDArray[np.int64]
    truth: NDArray[np.int64]
    true_event: NDArray[np.int64]
    z: Array
    theta: Array
    q_over_pt: Array
    from_ip: NDArray[np.bool_]
    n_event: int
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of found tracks."""
        return len(self.words)

    @property
    def matched(self) -> NDArray[np.bool_]:
        """Found tracks that are a generated track, shape (n,)."""
        return np.asarray(self.truth != NO_TRACK)

    def rows(self, chosen: NDArray[np.bool_]) -> TrackSet:
        """Return the set with some of its found tracks, and all generated ones."""
        return replace(self, words=self.words[chosen], event=self.event[chosen],
                       truth=self.truth[chosen])  # fmt: skip

    def inputs(self) -> Array:
        """Return the 27 inputs within ±1, shape (n, 27)."""
        return np.asarray(self.words["input"] / ONE, dtype=np.float64)

    def targets(self) -> Array:
        """Return z and θ on the network's scale ±1, shape (n, 2); 0 for tracks without truth."""
        z = self.z[self.truth] / (Z_LSB_CM * ONE)
        theta = (np.degrees(self.theta[self.truth]) - THETA_CENTRE_DEG) / (THETA_LSB_DEG * ONE)
        return np.where(self.matched[:, None], np.stack((z, theta), axis=1), 0.0)

    def classes(self) -> NDArray[np.bool_]:
        """Return whether a track is from the collision point, and also above 0.7 GeV: (n, 2).

        A found track that is no generated one is neither.
        """
        momentum = 1.0 / (np.abs(self.q_over_pt) * np.sin(self.theta))
        ip = self.matched & self.from_ip[self.truth]
        return np.stack((ip, ip & (momentum[self.truth] > STT_MOMENTUM_GEV)), axis=1)

    def checksum(self) -> str:
        """Return a checksum over all arrays."""
        digest = hashlib.sha256()
        for name in ("input", "pattern", "expert", "omega", "phi0", "quadrant"):
            digest.update(np.ascontiguousarray(self.words[name].astype("<i2")).tobytes())
        for name in COLUMNS:
            column = getattr(self, name)
            digest.update(np.ascontiguousarray(column, column.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()


COLUMNS = ("event", "truth", "true_event", "z", "theta", "q_over_pt", "from_ip")


def masked(tracks: TrackSet, expert: int) -> TrackSet:
    """Return tracks for one expert: its own, and complete ones whose superlayer is taken out.

    Parameters
    ----------
    tracks : TrackSet
    expert : int
        0 to 4; 0 gives the complete tracks alone.
    """
    valid = tracks.words["valid"] == 1
    own = tracks.rows(valid & (tracks.words["expert"] == expert))
    if expert == 0:
        return own
    more = without(tracks.rows(valid & (tracks.words["expert"] == 0)), expert)
    return replace(own, words=np.concatenate((own.words, more.words)),
                   event=np.concatenate((own.event, more.event)),
                   truth=np.concatenate((own.truth, more.truth)))  # fmt: skip


def without(tracks: TrackSet, expert: int) -> TrackSet:
    """Return complete tracks with the superlayer of an expert taken out."""
    words, superlayer = tracks.words.copy(), MISSING[expert - 1]
    per_layer = N_PATTERN // 9
    words["input"][:, 3 * superlayer : 3 * superlayer + 3] = 0
    words["pattern"][:, per_layer * superlayer : per_layer * (superlayer + 1)] = 0
    words["expert"] = expert
    return replace(tracks, words=words)


def join(parts: Sequence[TrackSet]) -> TrackSet:
    """Return samples one after the other, as one with the first one's parameters."""
    events = np.cumsum([0] + [part.n_event for part in parts])
    truths = np.cumsum([0] + [len(part.z) for part in parts])
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("words", "z", "theta", "q_over_pt", "from_ip")
    }
    for name in ("event", "true_event"):
        columns[name] = np.concatenate(
            [getattr(part, name) + first for part, first in zip(parts, events, strict=False)]
        )
    columns["truth"] = np.concatenate(
        [np.where(part.matched, part.truth + first, NO_TRACK)
         for part, first in zip(parts, truths, strict=False)]
    )  # fmt: skip
    return TrackSet(n_event=int(events[-1]), parameters=parts[0].parameters, **columns)
