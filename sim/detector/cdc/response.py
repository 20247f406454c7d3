"""Response of the drift chamber: events in, hit wires out.

The window begins before the collision, which falls at a random phase of the data clock. The time
of a hit is that of the collision, plus flight, drift and the way of the signal to the backward end
of the wire, where it is read, plus resolution. Particles that decay at once do so as in the
calorimeter's response: with equal seed and chunk both see the same products.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_geometry import CdcGeometry, cdc_geometry
from firmware_models.errors import InputError
from firmware_models.wire_hits import WireHits
from sim.detector.cdc.background import RandomHits, draw_hits, draw_tracks
from sim.detector.cdc.config import CdcConfig
from sim.detector.cdc.digitise import Crossings, first_hits, make_front_end, signal_times
from sim.detector.cdc.follow import Tracks, follow_all
from sim.detector.cdc.material import (
    ETHANE,
    GAS_DENSITY,
    GAS_RADIATION_LENGTH,
    SUBSTANCES,
    substance_table,
)
from sim.detector.cdc.medium import Medium
from sim.detector.cdc.surfaces import make_layers, make_zones
from sim.detector.decays import decay_all
from sim.detector.exotic import magnetic_charges
from sim.detector.particles import Classes, Kind, check_events
from sim.events import Events
from sim.streams import stream

__all__ = ["CdcConfig", "CdcResponse", "CdcTruth"]

BLOCK = 500
"""Events whose crossings are in memory at a time; they stay in the cache."""


@dataclass(frozen=True)
class CdcTruth:
    """Hits with what made them.

    Parameters
    ----------
    hits : WireHits
        As from `respond`.
    crossing : ndarray of int32, shape (n_hit,)
        Row in `crossings`; -1: background.
    events : Events
        The events after decays.
    crossings : Crossings
        All cells that particles of the events were in, hit or not.
    collision : ndarray of float64, shape (n,)
        Time of the collision in the window [ns].
    """

    hits: WireHits
    crossing: NDArray[np.int32]
    events: Events
    crossings: Crossings
    collision: NDArray[np.float64]

    @property
    def particle(self) -> NDArray[np.int32]:
        """Row in `events` of the particle that made each hit; -1: background."""
        if not len(self.crossings.particle):
            return self.crossing
        found = self.crossings.particle[self.crossing]
        return np.where(self.crossing >= 0, found, np.int32(-1))


class _Noise(NamedTuple):
    """Streams that the electronics draws from."""

    efficiency: np.random.Generator
    resolution: np.random.Generator

    @classmethod
    def open(cls, seed: int, purpose: str, chunk: int) -> _Noise:
        """Return the streams from their beginning."""
        return cls(
            stream(seed, f"{purpose}/efficiency", chunk),
            stream(seed, f"{purpose}/resolution", chunk),
        )


class CdcResponse:
    """The drift chamber with its beam background.

    Parameters
    ----------
    config : CdcConfig
        Parameters.
    geometry : CdcGeometry, optional
        Default: the standard chamber.

    Examples
    --------
    >>> from sim.detector.cdc.response import CdcConfig, CdcResponse
    >>> response = CdcResponse(CdcConfig())
    """

    def __init__(self, config: CdcConfig, geometry: CdcGeometry | None = None) -> None:
        self.config = config
        self.geometry = cdc_geometry() if geometry is None else geometry
        self._layers = make_layers(self.geometry)
        self._zones = make_zones(self.geometry)
        self._front = make_front_end(config, self.geometry)
        self._medium = Medium(
            substance_table(), SUBSTANCES.index(ETHANE), GAS_DENSITY, GAS_RADIATION_LENGTH,
            config.medium.scattering, config.medium.loss, config.medium.turns,
        )  # fmt: skip

    def respond(self, events: Events, seed: int, chunk: int = 0) -> WireHits:
        """Return the hit wires of every event's window.

        Parameters
        ----------
        events : Events
            At most some 10⁵.
        seed, chunk : int
            Key of the random numbers.

        Raises
        ------
        InputError
            A particle's numbers or code are refused; the message names event and particle.
        """
        events, tracks = self._prepare(events, seed, chunk)
        purpose = "cdc/response"
        collision = self._collision(len(events), seed, chunk, purpose)
        blocks = self._blocks(events.offsets, tracks, collision, seed, chunk, purpose, BLOCK)
        return _join([hits for _, hits, _ in blocks])

    def explain(self, events: Events, seed: int, chunk: int = 0) -> CdcTruth:
        """Return the hits of `respond` with the particles and crossings behind them.

        Parameters and errors as for `respond`.
        """
        events, tracks = self._prepare(events, seed, chunk)
        n, purpose = len(events), "cdc/response"
        collision = self._collision(n, seed, chunk, purpose)
        blocks = self._blocks(events.offsets, tracks, collision, seed, chunk, purpose, max(n, 1))
        crossings, hits, source = next(blocks)
        return CdcTruth(hits, source, events, crossings, collision)

    def crossings(self, events: Events, seed: int, chunk: int = 0) -> tuple[Events, Crossings]:
        """Return the events after decays, and the cells that their particles are in.

        Parameters and errors as for `respond`.
        """
        events, tracks = self._prepare(events, seed, chunk)
        rng = stream(seed, "cdc/response/scattering", chunk)
        return events, self._follow(events.offsets, tracks, rng)

    def background_events(self, n: int, seed: int, chunk: int = 0) -> WireHits:
        """Return windows without a collision: beam background alone.

        Parameters
        ----------
        n : int
            Number of windows.
        seed, chunk : int
            Key of the random numbers; they differ from those of `respond`.

        Raises
        ------
        InputError
            n is negative.
        """
        if n < 0:
            raise InputError(f"given {n} windows; allowed: 0 or more")
        nothing = np.zeros(0)
        none = Tracks(np.zeros((0, 4)), np.zeros((0, 4)), nothing, nothing, nothing)
        offsets = np.zeros(n + 1, dtype=np.int64)
        blocks = self._blocks(offsets, none, np.zeros(n), seed, chunk, "cdc/background", BLOCK)
        return _join([hits for _, hits, _ in blocks])

    def _prepare(self, events: Events, seed: int, chunk: int) -> tuple[Events, Tracks]:
        """Check, let decay what does so at once, and return the kernel's input."""
        classes = check_events(events, self.config.invisible)
        events, classes = decay_all(events, classes, stream(seed, "ecl/response/decays", chunk))
        return events, _tracks(events, classes)

    def _collision(self, n: int, seed: int, chunk: int, purpose: str) -> NDArray[np.float64]:
        timing = self.config.timing
        phase = stream(seed, f"{purpose}/clock", chunk).random(n)
        return np.asarray(timing.collision + timing.jitter * phase)

    def _blocks(
        self,
        offsets: NDArray[np.int64],
        tracks: Tracks,
        collision: NDArray[np.float64],
        seed: int,
        chunk: int,
        purpose: str,
        block: int,
    ) -> Iterator[tuple[Crossings, WireHits, NDArray[np.int32]]]:
        """Yield crossings, hits and their sources, block by block of events.

        The streams run on from block to block: the size of a block changes nothing.
        """
        n = len(collision)
        scattering = stream(seed, f"{purpose}/scattering", chunk)
        noise = _Noise.open(seed, purpose, chunk)
        more = self._background(n, seed, chunk, purpose)
        for first in range(0, max(n, 1), block):
            rows = slice(first, min(first + block, n) + 1)
            crossings = self._follow(offsets[rows], tracks, scattering)
            ticks = self._ticks(crossings, collision[first : first + block], noise)
            begin, wire, time, source = first_hits(
                crossings.offsets, crossings.wire, ticks, more.offsets[rows], more.wire, more.tick
            )
            yield crossings, WireHits(begin, wire, time), source

    def _follow(
        self, offsets: NDArray[np.int64], tracks: Tracks, rng: np.random.Generator
    ) -> Crossings:
        begin, particle, wire, columns = follow_all(
            offsets, tracks, self._zones, self._layers, self._medium, rng
        )
        return Crossings(begin, particle, wire, columns)

    def _ticks(
        self, crossings: Crossings, start: NDArray[np.float64], noise: _Noise
    ) -> NDArray[np.int32]:
        m = len(crossings.wire)
        uniform, normal = noise.efficiency.random(m), noise.resolution.standard_normal(m)
        result: NDArray[np.int32] = signal_times(crossings, start, self._front, uniform, normal)
        return result

    def _background(self, n: int, seed: int, chunk: int, purpose: str) -> RandomHits:
        """Return random hits and the signals of background tracks, joined by window."""
        rng = stream(seed, f"{purpose}/beam", chunk)
        random = draw_hits(self.config, self.geometry, n, rng)
        offsets, tracks = draw_tracks(self.config, n, stream(seed, f"{purpose}/tracks", chunk))
        if not len(tracks.mass):
            return random
        rng = stream(seed, f"{purpose}/tracks/scattering", chunk)
        crossings = self._follow(offsets, tracks, rng)
        ticks = self._ticks(crossings, np.zeros(n), _Noise.open(seed, f"{purpose}/tracks", chunk))
        window = np.concatenate(
            [np.repeat(np.arange(n), np.diff(part.offsets)) for part in (random, crossings)]
        )
        order = np.argsort(window, kind="stable")
        return RandomHits(
            random.offsets + crossings.offsets,
            np.concatenate((random.wire, crossings.wire))[order],
            np.concatenate((random.tick, ticks))[order],
        )


def _tracks(events: Events, classes: Classes) -> Tracks:
    """Return the kernel's input; what is invisible has no charge here."""
    seen = classes.kind != Kind.INVISIBLE
    charge = np.where(seen, classes.charge, 0.0)
    return Tracks(
        np.ascontiguousarray(events.p4), np.ascontiguousarray(events.vertex),
        classes.mass, charge.astype(np.float64), np.where(seen, magnetic_charges(events.pdg), 0.0),
    )  # fmt: skip


def _join(parts: list[WireHits]) -> WireHits:
    """Return the windows of all parts in one."""
    counts = np.concatenate([np.diff(part.offsets) for part in parts])
    return WireHits(
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        np.concatenate([part.wire for part in parts]),
        np.concatenate([part.time for part in parts]),
    )
