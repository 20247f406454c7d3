"""Response of the drift chamber: events in, hit wires out.

The window begins before the collision, which falls at a random phase of the data clock. A hit's
time is that of the collision, plus flight, drift and the signal's way to the backward end of the wire,
where it is read, plus resolution. Particles that decay at once do so as in the calorimeter's
response: with equal seed and chunk both see the same products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.cdc_geometry import CdcGeometry, cdc_geometry
from firmware_models.errors import InputError
from firmware_models.wire_hits import WireHits
from sim.detector.cdc.background import RandomHits, draw_hits, draw_tracks
from sim.detector.cdc.config import CdcConfig
from sim.detector.cdc.digitise import Crossings, first_hits, make_front_end, signal_times
from sim.detector.cdc.follow import Medium, Tracks, follow_all
from sim.detector.cdc.material import (
    ETHANE,
    GAS_DENSITY,
    GAS_RADIATION_LENGTH,
    SUBSTANCES,
    substance_table,
)
from sim.detector.cdc.surfaces import make_layers, make_zones
from sim.detector.decays import decay_all
from sim.detector.particles import Classes, Kind, check_events
from sim.events import Events
from sim.streams import stream

__all__ = ["CdcConfig", "CdcResponse", "CdcTruth"]


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
        return self.explain(events, seed, chunk).hits

    def explain(self, events: Events, seed: int, chunk: int = 0) -> CdcTruth:
        """Return the hits of `respond` with the particles and crossings behind them.

        Parameters and errors as for `respond`.
        """
        events, crossings = self.crossings(events, seed, chunk)
        return self._digitise(events, crossings, seed, chunk, "cdc/response")

    def crossings(self, events: Events, seed: int, chunk: int = 0) -> tuple[Events, Crossings]:
        """Return the events after decays, and the cells that their particles are in.

        Parameters and errors as for `respond`.
        """
        classes = check_events(events, self.config.invisible)
        decays = stream(seed, "ecl/response/decays", chunk)
        events, classes = decay_all(events, classes, decays)
        rng = stream(seed, "cdc/response/scattering", chunk)
        return events, self._follow(events.offsets, _tracks(events, classes), rng)

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
        empty = Events(
            np.zeros(n + 1, dtype=np.int64), np.zeros(0, dtype=np.int32),
            np.zeros((0, 4)), np.zeros((0, 4)), np.ones(n),
        )  # fmt: skip
        none = Crossings(
            np.zeros(n + 1, dtype=np.int64), np.zeros(0, dtype=np.int32),
            np.zeros(0, dtype=np.int32), np.zeros((0, 4)),
        )  # fmt: skip
        return self._digitise(empty, none, seed, chunk, "cdc/background").hits

    def _follow(
        self, offsets: NDArray[np.int64], tracks: Tracks, rng: np.random.Generator
    ) -> Crossings:
        begin, particle, wire, columns = follow_all(
            offsets, tracks, self._zones, self._layers, self._medium, rng
        )
        return Crossings(begin, particle, wire, columns)

    def _digitise(
        self, events: Events, crossings: Crossings, seed: int, chunk: int, purpose: str
    ) -> CdcTruth:
        n, timing = len(events), self.config.timing
        phase = stream(seed, f"{purpose}/clock", chunk).random(n)
        collision = timing.collision + timing.jitter * phase
        ticks = self._ticks(crossings, collision, seed, chunk, purpose)
        more = self._background(n, seed, chunk, purpose)
        begin, wire, time, source = first_hits(
            crossings.offsets, crossings.wire, ticks, more.offsets, more.wire, more.tick
        )
        return CdcTruth(WireHits(begin, wire, time), source, events, crossings, collision)

    def _ticks(
        self,
        crossings: Crossings,
        start: NDArray[np.float64],
        seed: int,
        chunk: int,
        purpose: str,
    ) -> NDArray[np.int32]:
        m = len(crossings.wire)
        uniform = stream(seed, f"{purpose}/efficiency", chunk).random(m)
        normal = stream(seed, f"{purpose}/resolution", chunk).standard_normal(m)
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
        ticks = self._ticks(crossings, np.zeros(n), seed, chunk, f"{purpose}/tracks")
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
    charge = np.where(classes.kind == Kind.INVISIBLE, 0.0, classes.charge)
    return Tracks(
        np.ascontiguousarray(events.p4), np.ascontiguousarray(events.vertex),
        classes.mass, charge.astype(np.float64),
    )  # fmt: skip
