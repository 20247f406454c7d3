"""Single tracks to train and to judge the neural track trigger with.

An event has one or two tracks, muons or pions of either charge. Some come from the collision point,
the others from the beam pipe at any z. The ranges are assumptions: they cover what the
two-dimensional finder finds (28.8° to 128.7°, pT above 0.3 GeV: cdc_track_trigger section 3 of the
reference notes) and a margin, so that no edge of a range is an edge of the network's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.hough_plane import GEV_PER_CM
from sim.detector.particles import particle_type
from sim.events import Events
from sim.streams import stream

Array = NDArray[np.float64]

MUON, PION = 13, 211


@dataclass(frozen=True)
class TrackRanges:
    """What tracks are drawn; all assumptions.

    Parameters
    ----------
    ip_share : float
        Tracks from the collision point; the others begin at the beam pipe.
    ip_sigma : float
        Spread of the collision point along the beam [cm].
    z : float
        Tracks from the beam pipe begin evenly between ± this [cm].
    beam_pipe : float
        And at this distance from the axis [cm].
    theta : tuple of float
        Even between these polar angles [degree].
    least_pt, most_pt : float
        [GeV]. Half of the tracks are even in q/pT up to 1/least, the others even in pT up to most.
    second : float
        Share of events with a second, independent track.
    """

    ip_share: float = 0.4
    ip_sigma: float = 0.05
    z: float = 100.0
    beam_pipe: float = 1.0
    theta: tuple[float, float] = (20.0, 145.0)
    least_pt: float = 0.25
    most_pt: float = 5.0
    second: float = 0.5


@dataclass(frozen=True)
class TrackTruth:
    """Generated tracks at their closest approach to the beam line, arrays of shape ``(n,)``.

    Parameters
    ----------
    event : ndarray of int64
    z : ndarray
        [cm].
    theta : ndarray
        [rad].
    phi0 : ndarray
        Azimuth of the direction there [rad], 0 to 2π.
    q_over_pt : ndarray
        [1/GeV].
    from_ip : ndarray of bool
        From the collision point.
    """

    event: NDArray[np.int64]
    z: Array
    theta: Array
    phi0: Array
    q_over_pt: Array
    from_ip: NDArray[np.bool_]

    @property
    def momentum(self) -> Array:
        """Momentum [GeV]."""
        return np.asarray(1.0 / (np.abs(self.q_over_pt) * np.sin(self.theta)))


def draw(n: int, ranges: TrackRanges, seed: int, chunk: int = 0) -> tuple[Events, TrackTruth]:
    """Return events of one or two tracks, and what is true of the tracks.

    Parameters
    ----------
    n : int
        Events.
    ranges : TrackRanges
    seed, chunk : int
        Key of the random numbers.
    """
    rng = stream(seed, "neuro/single_tracks", chunk)
    counts = 1 + (rng.random(n) < ranges.second)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    m = int(offsets[-1])
    kind, spectrum, size, angle, polar, along, around, origin, sign = rng.random((9, m))
    charge = np.where(sign < 0.5, -1.0, 1.0)
    even_pt = ranges.least_pt + size * (ranges.most_pt - ranges.least_pt)
    even_bend = 1.0 / ranges.most_pt + size * (1.0 / ranges.least_pt - 1.0 / ranges.most_pt)
    pt = np.where(spectrum < 0.5, even_pt, 1.0 / even_bend)
    low, high = np.radians(ranges.theta)
    theta, phi = low + polar * (high - low), 2.0 * np.pi * angle
    from_ip = origin < ranges.ip_share
    vertex = np.zeros((m, 4))
    vertex[:, 0] = np.where(from_ip, 0.0, ranges.beam_pipe * np.cos(2.0 * np.pi * around))
    vertex[:, 1] = np.where(from_ip, 0.0, ranges.beam_pipe * np.sin(2.0 * np.pi * around))
    vertex[:, 2] = np.where(
        from_ip, ranges.ip_sigma * rng.standard_normal(m), ranges.z * (2.0 * along - 1.0)
    )
    muon = kind < 0.5
    mass = np.where(muon, particle_type(MUON).mass, particle_type(PION).mass)
    p4 = np.empty((m, 4))
    p4[:, 0], p4[:, 1], p4[:, 2] = pt * np.cos(phi), pt * np.sin(phi), pt / np.tan(theta)
    p4[:, 3] = np.sqrt((p4[:, :3] ** 2).sum(axis=1) + mass**2)
    # Codes of leptons are those of the negative particle.
    pdg = np.where(muon, -charge * MUON, charge * PION).astype(np.int32)
    events = Events(offsets, pdg, p4, vertex, np.ones(n))
    return events, TrackTruth(events.event_of, *closest_approach(p4, vertex, charge), from_ip)


def closest_approach(p4: Array, vertex: Array, charge: Array) -> tuple[Array, Array, Array, Array]:
    """Return z [cm], θ [rad], φ0 [rad] and q/pT [1/GeV] of helices where they pass the beam line.

    Parameters
    ----------
    p4 : ndarray, shape (n, 4)
        Momenta where the tracks begin [GeV].
    vertex : ndarray, shape (n, 4)
        Where they begin [cm].
    charge : ndarray, shape (n,)
        ±1.

    Notes
    -----
    A positive charge turns clockwise in the field of 1.5 T along +z. The circle's centre lies at
    its right, and the point nearest to the axis on the line from there through the axis.
    """
    pt, phi = np.hypot(p4[:, 0], p4[:, 1]), np.arctan2(p4[:, 1], p4[:, 0])
    radius = charge * pt / GEV_PER_CM
    centre_x = vertex[:, 0] + radius * np.sin(phi)
    centre_y = vertex[:, 1] - radius * np.cos(phi)
    phi0 = np.arctan2(np.sign(radius) * centre_x, -np.sign(radius) * centre_y)
    turned = (phi - phi0 + np.pi) % (2.0 * np.pi) - np.pi
    z = vertex[:, 2] + turned * radius * p4[:, 2] / pt
    return z, np.arctan2(pt, p4[:, 2]), phi0 % (2.0 * np.pi), charge / pt
