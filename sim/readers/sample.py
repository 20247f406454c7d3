"""What an event file says of itself, and the form in which every reader delivers it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.events import Events, FloatArray, concatenate

SPEED_OF_LIGHT = 29.9792458
"""Speed of light [cm/ns], exact by definition of the metre."""

MM = 0.1
"""One millimetre [cm]."""

MM_PER_C = MM / SPEED_OF_LIGHT
"""The time in which light travels one millimetre [ns]; HepMC and LHE give times in mm/c."""


@dataclass
class Sample:
    """Header information of one event file; a reader fills it in while it reads.

    Parameters
    ----------
    path : Path
        The file.
    format : str
        Name of the format, such as ``"HepMC3"``.
    n_events_hint : int, optional
        Number of events when the file states it without being read through.
    cross_section_pb, cross_section_err_pb : float, optional
        Cross-section and its error [pb]. Generators that write a running estimate with every
        event (HepMC) end with the best one: the value is that of the last event read.
    beams : ndarray of float64, shape (2, 4), optional
        px, py, pz, E [GeV] of the electron and of the positron beam, in the file's own frame.
    beam_codes : tuple of int, optional
        Their particle codes, 11 and -11 in a usable file.
    notes : list of str
        What the user should know although nothing is wrong.
    """

    path: Path
    format: str
    n_events_hint: int | None = None
    cross_section_pb: float | None = None
    cross_section_err_pb: float | None = None
    beams: FloatArray | None = field(default=None, repr=False)
    beam_codes: tuple[int, int] | None = None
    notes: list[str] = field(default_factory=list)

    def set_cross_section(self, value: float, error: float) -> None:
        """Keep cross-section and error [pb].

        Raises
        ------
        InputError
            When one is negative or no finite number.
        """
        for name, number in (("cross-section", value), ("error of the cross-section", error)):
            if not (math.isfinite(number) and number >= 0.0):
                raise InputError(
                    f"the {name} must be a finite number, 0 or above [pb], not {number:g}",
                    place=str(self.path),
                )
        self.cross_section_pb, self.cross_section_err_pb = float(value), float(error)

    def note(self, text: str) -> None:
        """Keep a remark once."""
        if text not in self.notes:
            self.notes.append(text)


class Reader(Protocol):
    """A reader of one format: yields pieces of a file in order, as they come.

    Momenta are in GeV, positions in cm, times in ns; the frame is the file's own. The header part
    of `sample` is complete before the first piece is yielded.
    """

    def __call__(self, sample: Sample, batch: int) -> Iterator[Events]:
        """Read `sample.path` in pieces of about `batch` events."""
        ...


def assemble(
    counts: NDArray[np.int64],
    pdg: NDArray[np.int64],
    p4: FloatArray,
    vertex: FloatArray,
    weight: FloatArray,
) -> Events:
    """Build events from the number of particles in each and the particles in order.

    Parameters
    ----------
    counts : ndarray, shape (n,)
        Particles of each event.
    pdg, p4, vertex, weight
        As in `sim.events.Events`.
    """
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    # A code beyond 32 bits must not turn into another one: the limit itself is no particle.
    limits = np.iinfo(np.int32)
    return Events(
        offsets,
        np.clip(pdg, limits.min, limits.max).astype(np.int32),
        np.ascontiguousarray(p4, dtype=np.float64),
        np.ascontiguousarray(vertex, dtype=np.float64),
        np.asarray(weight, dtype=np.float64),
    )


def part(events: Events, start: int, stop: int) -> Events:
    """Return events `start` to `stop` (a view, nothing is copied but the offsets)."""
    offsets = events.offsets[start : stop + 1]
    rows = slice(offsets[0], offsets[-1])
    return Events(
        offsets - offsets[0],
        events.pdg[rows],
        events.p4[rows],
        events.vertex[rows],
        events.weight[start:stop],
    )


def rechunk(pieces: Iterator[Events], chunk: int) -> Iterator[Events]:
    """Yield the same events in chunks of exactly `chunk`; only the last may be smaller.

    Equal chunks whatever the format make results independent of how a file was written.
    """
    held: list[Events] = []
    n_held = 0
    for piece in pieces:
        start = 0
        while n_held + len(piece) - start >= chunk:
            stop = start + chunk - n_held
            held.append(part(piece, start, stop))
            yield concatenate(held)
            held, n_held, start = [], 0, stop
        if start < len(piece):
            held.append(part(piece, start, len(piece)))
            n_held += len(piece) - start
    if held:
        yield concatenate(held)
