"""Windows in which `displaced_hough` finds something: to train its classifier, and to judge it.

A sample is made once; only windows in which the block with the registers `LOOSE` finds a pair are
kept, as packed maps of segments. Every stricter choice of registers is then evaluated on these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models import displaced_hough
from firmware_models.interface import Registers
from firmware_models.interface.cdc_hough import AXIAL
from firmware_models.interface.clock import DATA_CLOCK_NS
from firmware_models.interface.displaced import AXIAL_SEGMENTS, CHAMBER_SEGMENTS
from firmware_models.wire_hits import WireHits
from sim.detector.cdc.response import CdcConfig, CdcResponse
from sim.events import Events
from sim.processes import get_process
from sim.study.tracks import WINDOW_DATA_CLOCKS, counted_once
from trigger.track_trigger import SLICE, TrackTrigger

LOOSE: Registers = {
    "layers": np.array((3, 3, 3, 2, 2, 2)), "min_opening": np.array((4, 4, 4, 6, 6, 6)),
}  # fmt: skip
"""Registers of `displaced_hough` that decide which windows a sample keeps."""

CHUNK = 20_000
"""Windows that are simulated at a time."""

_NAMES = tuple(f"superlayer{s}" for s in AXIAL)
_EDGES = np.cumsum((0, *AXIAL_SEGMENTS))


@dataclass(frozen=True, eq=False)
class VertexSet:
    """Windows of one sample; two are equal when they are the same object.

    Parameters
    ----------
    rows : ndarray of int64, shape (m,)
        Numbers of the windows that are kept.
    maps : ndarray of uint8, shape (m, 164)
        Their axial segments, packed.
    tracks : ndarray of int64, shape (n,)
        2D tracks of the standard finder in every window.
    own : ndarray of bool, shape (n,)
        The window counts: of the background each moment does once.
    rho : ndarray, shape (n,)
        Radius of the vertex [cm]; 0 without a collision.
    pt, angle : ndarray, shape (n,)
        Lower pT of the last two particles [GeV] and the angle between them in the transverse
        plane [rad]; 0 for events of fewer.
    """

    rows: NDArray[np.int64]
    maps: NDArray[np.uint8]
    tracks: NDArray[np.int64]
    own: NDArray[np.bool_]
    rho: NDArray[np.float64]
    pt: NDArray[np.float64]
    angle: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of windows that were simulated."""
        return len(self.tracks)

    @property
    def two(self) -> NDArray[np.bool_]:
        """Whether the standard finder has two tracks, shape (n,)."""
        return np.asarray(self.tracks > 1)

    @property
    def seconds(self) -> float:
        """Time that so many windows of background stand for [s]."""
        return len(self) * WINDOW_DATA_CLOCKS * DATA_CLOCK_NS * 1e-9

    def words(self) -> NDArray[np.void]:
        """Return the kept windows, shape (m,), dtype of the word `chamber_segments`."""
        bits = np.unpackbits(self.maps, axis=1)
        words = CHAMBER_SEGMENTS.zeros(len(self.rows))
        for i, name in enumerate(_NAMES):
            words[name] = bits[:, _EDGES[i] : _EDGES[i + 1]]
        words["tracks"] = np.minimum(self.tracks[self.rows], CHAMBER_SEGMENTS["tracks"].high)
        return words

    def vertices(self, registers: Registers | None = None) -> NDArray[np.void]:
        """Return what `displaced_hough` finds in the kept windows, shape (m,)."""
        return displaced_hough.evaluate(self.words(), registers)

    def whole(self, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return a decision on the kept windows for all windows, shape (n,); False elsewhere."""
        every = np.zeros(len(self), dtype=bool)
        every[self.rows] = kept
        return every

    def checksum(self) -> str:
        """Return the checksum of windows, maps and tracks."""
        digest = hashlib.sha256()
        for column in (self.rows, self.maps, self.tracks):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


def chamber(level: float) -> CdcResponse:
    """Return the chamber with its background scaled.

    Raises
    ------
    InputError
        The level is out of range.
    """
    return CdcResponse(CdcConfig.from_mapping({"background": {"level": level}}, "--level"))


def collisions(process: str, n: int, seed: int, level: float, **given: Any) -> VertexSet:
    """Return simulated collisions of a process.

    Parameters
    ----------
    process : str
    n : int
        Events.
    seed : int
    level : float
        Background, relative to 22 kHz a wire and 100 kHz of tracks.
    **given
        Parameters of the process.
    """
    made, response = get_process(process, None, **given), chamber(level)
    parts = []
    for chunk, size in _chunks(n):
        events = made.generate(size, seed, chunk)
        parts.append(_found(response.respond(events, seed, chunk), events))
    return joined(parts)


def background(n: int, seed: int, level: float) -> VertexSet:
    """Return windows without a collision; parameters as for `collisions`."""
    response = chamber(level)
    return joined([_found(response.background_events(size, seed, chunk))
                   for chunk, size in _chunks(n)])  # fmt: skip


def joined(parts: list[VertexSet]) -> VertexSet:
    """Return several samples as one."""
    starts = np.cumsum([0, *(len(part) for part in parts)])
    columns = {name: np.concatenate([getattr(part, name) for part in parts])
               for name in ("maps", "tracks", "own", "rho", "pt", "angle")}  # fmt: skip
    rows = [part.rows + start for part, start in zip(parts, starts[:-1], strict=True)]
    return VertexSet(rows=np.concatenate(rows), **columns)


def _chunks(n: int) -> Iterator[tuple[int, int]]:
    for chunk, first in enumerate(range(0, n, CHUNK)):
        yield chunk, min(CHUNK, n - first)


def _found(hits: WireHits, events: Events | None = None) -> VertexSet:
    """Run the track trigger on windows and keep those with a loose pair."""
    trigger, n = TrackTrigger(), len(hits)
    words, tracks, own = [], [], []
    for first in range(0, n, SLICE):
        steps = trigger.steps(hits.select(np.arange(first, min(first + SLICE, n))))
        words.append(displaced_hough.quantize(steps.segments, steps.counts["tracks"]))
        tracks.append(steps.counts["tracks"].astype(np.int64))
        if events is None:
            own.append(counted_once(trigger.words(steps)).time["earliest_valid"] == 1)
        else:
            own.append(np.ones(len(words[-1]), dtype=bool))
    given = np.concatenate(words)
    rows = np.flatnonzero(displaced_hough.evaluate(given, LOOSE)["displaced"] == 1)
    bits = np.concatenate([given[name][rows] for name in _NAMES], axis=1).astype(np.uint8)
    return VertexSet(rows, np.packbits(bits, axis=1), np.concatenate(tracks), np.concatenate(own),
                     *_truth(n, events))  # fmt: skip


def _truth(n: int, events: Events | None) -> tuple[NDArray[np.float64], ...]:
    """Return radius, lower pT and angle of the last two particles of every event."""
    rho, pt, angle = np.zeros(n), np.zeros(n), np.zeros(n)
    if events is not None:
        several = np.flatnonzero(np.diff(events.offsets) > 1)
        last = events.offsets[1:][several] - 1
        rho[several] = np.hypot(events.vertex[last, 0], events.vertex[last, 1])
        momentum = [np.hypot(events.p4[i, 0], events.p4[i, 1]) for i in (last, last - 1)]
        pt[several] = np.minimum(*momentum)
        phi = [np.arctan2(events.p4[i, 1], events.p4[i, 0]) for i in (last, last - 1)]
        angle[several] = np.abs((phi[0] - phi[1] + np.pi) % (2 * np.pi) - np.pi)
    return rho, pt, angle
