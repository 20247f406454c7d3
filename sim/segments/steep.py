"""Passages of particles through superlayers by the angle at which they cross it.

Unlike `efficiency`, what counts as a passage does not depend on the segment's shape: the particle
was in cells of all five layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_layers import FIRST_PRIORITY_LAYER, RADIUS_MM
from firmware_models.interface.cdc_segment import N_ROW, N_SUPERLAYER
from firmware_models.segment_finding import Segments
from firmware_models.segment_views import segment_views
from sim.detector.cdc.cells import PATH
from sim.detector.cdc.response import CdcTruth
from sim.detector.geometry import GEV_PER_CM
from sim.detector.particles import particle_type
from sim.events import Events
from sim.perigee import perigee
from sim.segments.labels import label

LEAST_PATH = 0.1
"""Shorter ways in a cell [cm] do not count, as in `segment_truth`."""


@dataclass(frozen=True)
class SteepPassages:
    """Particles in superlayers all of whose five layers they were in, one row each.

    Parameters
    ----------
    particle : ndarray of int64, shape (n,)
        Row in the truth's events.
    superlayer : ndarray of int64, shape (n,)
        0 to 8.
    angle : ndarray of float64, shape (n,)
        Between the helix and the radial direction, in the transverse plane at the radius of the
        first-priority layer [rad], 0 to π/2.
    number : ndarray of int64, shape (n,)
        Segments there whose priority wire the particle hit.
    """

    particle: NDArray[np.int64]
    superlayer: NDArray[np.int64]
    angle: NDArray[np.float64]
    number: NDArray[np.int64]


def charges(events: Events) -> NDArray[np.int64]:
    """Return the charges of all particles, in units of the elementary charge."""
    codes, inverse = np.unique(events.pdg, return_inverse=True)
    return np.array([particle_type(int(c)).charge for c in codes], dtype=np.int64)[inverse]


def crossing_angle(
    radius: NDArray[np.float64], turn: NDArray[np.float64], distance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the angle between a circle and the radial direction where it crosses a radius.

    Parameters
    ----------
    radius : ndarray of float64, shape (n,)
        Distance r of the crossing from the axis [cm].
    turn : ndarray of float64, shape (n,)
        Radius R of the circle [cm].
    distance : ndarray of float64, shape (n,)
        Distance D of its centre from the axis [cm].

    Returns
    -------
    ndarray of float64, shape (n,)
        α [rad], 0 to π/2: sin α = |r² + R² − D²| / 2 r R; π/2 where the circle does not reach r.
    """
    sine = np.abs(radius**2 + (turn - distance) * (turn + distance)) / (2.0 * radius * turn)
    return np.asarray(np.arcsin(np.minimum(sine, 1.0)))


def steep_passages(truth: CdcTruth, segments: Segments) -> SteepPassages:
    """Return passages through all five layers, and how many segments each has.

    Parameters
    ----------
    truth : CdcTruth
    segments : Segments
        Found in its hits.
    """
    crossings, views = truth.crossings, segment_views()
    row = views.row[crossings.wire]
    use = (row >= 0) & (crossings.columns[:, PATH] >= LEAST_PATH)
    place = crossings.particle[use].astype(np.int64) * N_SUPERLAYER
    place += views.superlayer[crossings.wire[use]]
    layers = np.unique(place * N_ROW + row[use]) // N_ROW
    where, count = np.unique(layers, return_counts=True)
    where = where[count == N_ROW]
    particle, superlayer = where // N_SUPERLAYER, where % N_SUPERLAYER

    events = truth.events
    charge = charges(events)[particle]
    p4, vertex = events.p4[particle], events.vertex[particle]
    turn = np.hypot(p4[:, 0], p4[:, 1]) / (GEV_PER_CM * np.abs(charge))
    centre = turn + np.sign(charge) * perigee(p4, vertex, charge)[0]
    radius = np.array(RADIUS_MM)[np.array(FIRST_PRIORITY_LAYER)[superlayer]] / 10.0

    owner = label(truth, segments).particle
    known = owner >= 0
    own = owner[known] * N_SUPERLAYER + segments.superlayer[known]
    number = np.searchsorted(np.sort(own), where, side="right")
    number -= np.searchsorted(np.sort(own), where, side="left")
    return SteepPassages(particle, superlayer, crossing_angle(radius, turn, centre), number)
