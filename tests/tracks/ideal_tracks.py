"""Ideal circles through the axial superlayers and the track segments that they fire.

For the track finder alone, as in the toy of the reference notes: circles through the origin, one
hit cell a layer (the nearest wire), a hit efficiency, no noise, no scattering. A segment fires when
four of its five layers are hit within its shape and one of its priority wires is
(cdc_track_trigger sections 1.2, 2.1 and 2.2 of the reference notes: basf2 cdc/data/CDC.xml,
CDCTriggerTSFModule.cc, Segment.cc). Times and left/right are drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.hough_plane import GEV_PER_CM, N_SEGMENT
from firmware_models.interface.cdc_hough import AXIAL, FIRST, LEFT, RIGHT

LAYER_RADII_CM = (
    (19.80, 20.80, 21.80, 22.80, 23.80),
    (36.52, 38.34, 40.16, 41.98, 43.80),
    (58.41, 60.18, 62.00, 63.82, 65.64),
    (80.25, 82.02, 83.84, 85.66, 87.48),
    (102.09, 103.86, 105.68, 107.50, 109.32),
)
"""The five layers of each axial superlayer that segments are made of."""

FIRST_LAYER = (0, 2, 2, 2, 2)
"""Which of the five has the first priority; the next one has the second."""

HIT_EFFICIENCY = 0.97
"""Share of the layers that give a hit: section 11 of the reference notes (an assumption)."""

FANS = {
    "inner": ((0, 0), (-1, 0), (-1, 1), (-2, 1), (-2, 2)),
    "outer": ((-1, 1), (-1, 0), (0, 0), (-1, 0), (-1, 1)),
}
"""Lowest and highest wire of a segment's shape in each layer, from its first-priority wire."""


@dataclass(frozen=True)
class IdealTracks:
    """Circles through the origin.

    Parameters
    ----------
    phi0 : ndarray of float, shape (n,)
        Direction at the origin [rad].
    q_over_pt : ndarray of float, shape (n,)
        Charge over transverse momentum [1/GeV].
    """

    phi0: NDArray[np.float64]
    q_over_pt: NDArray[np.float64]

    @classmethod
    def draw(
        cls, n: int, rng: np.random.Generator, low_gev: float = 0.3, high_gev: float = 3.0
    ) -> IdealTracks:
        """Draw directions and q/pT evenly, both charges, pT from `low_gev` to `high_gev`."""
        bend = rng.uniform(1 / high_gev, 1 / low_gev, n) * rng.choice((-1, 1), n)
        return cls(rng.uniform(0, 2 * np.pi, n), bend)

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self.phi0)

    def azimuth(self, radius_cm: float) -> NDArray[np.float64]:
        """Return φ at a radius [rad], NaN where the outgoing arm does not reach it."""
        with np.errstate(invalid="ignore"):
            return self.phi0 - np.arcsin(radius_cm * self.q_over_pt * GEV_PER_CM / 2)


@dataclass(frozen=True)
class IdealSegments:
    """Segments of tracks, sorted by track.

    Parameters
    ----------
    track, superlayer, segment, position : ndarray of int64, shape (n_segments,)
        Position as in the word `cdc_segments`.
    """

    track: NDArray[np.int64]
    superlayer: NDArray[np.int64]
    segment: NDArray[np.int64]
    position: NDArray[np.int64]


def fire(
    tracks: IdealTracks, rng: np.random.Generator, efficiency: float = HIT_EFFICIENCY
) -> IdealSegments:
    """Return the segments that tracks fire.

    Parameters
    ----------
    tracks : IdealTracks
    rng : Generator
    efficiency : float
        Chance of a hit in each layer.

    Returns
    -------
    IdealSegments
    """
    found = [_superlayer(tracks, layer, rng, efficiency) for layer in range(len(AXIAL))]
    rows = np.concatenate(found)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return IdealSegments(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3])


def _superlayer(
    tracks: IdealTracks, layer: int, rng: np.random.Generator, efficiency: float
) -> NDArray[np.int64]:
    """Return rows of (track, superlayer, segment, position)."""
    size, first = N_SEGMENT[layer], FIRST_LAYER[layer]
    shape = FANS["inner" if layer == 0 else "outer"]
    # The hit wire of each layer; wires of every second layer lie half a cell further. NaN: no hit.
    wire = np.full((len(shape), len(tracks)), np.nan)
    for i, radius in enumerate(LAYER_RADII_CM[layer]):
        position = tracks.azimuth(radius) * size / (2 * np.pi)
        hit = rng.random(len(tracks)) < efficiency
        wire[i] = np.where(hit, np.rint(position - 0.5 * ((i - first) % 2)), np.nan)
    # Segments that the priority wires belong to: of wire v, v as its left and v + 1 as its right.
    wanted = np.stack([wire[first], wire[first + 1], wire[first + 1] + 1])
    positions = np.full(wanted.shape, -1, dtype=np.int64)
    for k, number in enumerate(wanted):
        inside = np.stack([
            (wire[i] - number >= low) & (wire[i] - number <= high)
            for i, (low, high) in enumerate(shape)
        ])  # fmt: skip
        second = np.where(wire[first + 1] == number, LEFT, RIGHT)
        at = np.where(inside[first], FIRST, np.where(inside[first + 1], second, 0))
        positions[k] = np.where((inside.sum(axis=0) >= 4) & (at > 0), at, -1)
    # The first-priority wire's own segment may be one of the other two.
    positions[1:][wanted[1:] == wanted[0]] = -1
    # A second-priority segment beside one of first priority is suppressed.
    beside = (positions[0] == FIRST) & (np.abs(wanted[1:] - wanted[0]) <= 1)
    positions[1:][(positions[1:] != FIRST) & beside] = -1
    candidate, track = np.nonzero(positions > 0)
    numbers = np.mod(wanted[candidate, track], size).astype(np.int64)
    return np.stack(
        [track, np.full(len(track), AXIAL[layer]), numbers, positions[candidate, track]], axis=1
    )
