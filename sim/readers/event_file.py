"""An open event file: its header, and its events in validated chunks in the laboratory frame."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from firmware_models.errors import InputError
from sim.detector.particles import check_code
from sim.events import Events, FloatArray
from sim.machine import Machine
from sim.readers.formats import detect
from sim.readers.frame import check_frame, to_lab, transform_events
from sim.readers.layout import RootLayout
from sim.readers.sample import Sample, rechunk
from sim.readers.validate import validate

PIECE = 10_000
"""Events that a reader takes from the file at a time, at most (text: some megabytes)."""

LARGEST_CHUNK = 100_000


@dataclass
class EventFile:
    """Events of one file, streamed; iterate over it or call `chunks`.

    Every pass opens the file anew; memory does not grow with its length.

    Parameters
    ----------
    sample : Sample
        What the file says of itself.
    chunk : int
        Events in each chunk but the last.
    """

    sample: Sample
    chunk: int
    _read: Callable[[Sample], Iterator[Events]] = field(repr=False)
    _machine: Machine = field(repr=False)
    _frame: str
    _matrix: FloatArray | None = field(repr=False)
    _invisible: Collection[int] = field(repr=False)

    @property
    def path(self) -> Path:
        """The file."""
        return self.sample.path

    @property
    def format(self) -> str:
        """Name of the format: HepMC3, HepMC2, LHE, ROOT or Parquet."""
        return self.sample.format

    @property
    def n_events_hint(self) -> int | None:
        """Number of events, when the file states it without being read."""
        return self.sample.n_events_hint

    @property
    def cross_section_pb(self) -> float | None:
        """Cross-section [pb], if the file has one; see `sim.readers.sample.Sample`."""
        return self.sample.cross_section_pb

    @property
    def cross_section_err_pb(self) -> float | None:
        """Error of the cross-section [pb]."""
        return self.sample.cross_section_err_pb

    @property
    def notes(self) -> list[str]:
        """What the user should know although nothing is wrong; may grow while reading."""
        return self.sample.notes

    def __iter__(self) -> Iterator[Events]:
        """Yield the chunks."""
        return self.chunks()

    def chunks(self) -> Iterator[Events]:
        """Yield all events in order, in chunks of `chunk` (the last may be smaller).

        Events : laboratory frame, GeV, cm, ns, final-state particles only.

        Raises
        ------
        InputError
            At the first thing that is wrong; earlier chunks have been yielded by then.
        """
        first, weighty = 0, False
        for events in rechunk(_pieces(self._read, self.sample), self.chunk):
            with _quiet():
                if self._matrix is not None:
                    events = transform_events(events, self._matrix)
                validate(events, self.sample, first, self._machine, self._invisible)
            weighty = weighty or bool(events.weight.any())
            yield events
            first += len(events)
        if not weighty:
            raise InputError("the weights of all events are 0", place=str(self.path))

    def _look(self) -> None:
        """Read the header and the first events, so that most errors come before any work."""
        pieces = _pieces(self._read, self.sample)
        first = next(pieces, None)
        pieces.close()
        if first is None or not len(first):
            raise InputError("holds no events", place=str(self.path))
        with _quiet():
            check_frame(self.sample, first, self._frame, self._machine)


def open_events(
    path: str | Path,
    *,
    format: str | None = None,
    frame: str = "lab",
    chunk: int = LARGEST_CHUNK,
    machine: Machine | None = None,
    layout: RootLayout | None = None,
    invisible: Collection[int] = (),
) -> EventFile:
    """Open a file of generated events.

    Parameters
    ----------
    path : str or Path
        HepMC3 or HepMC2 (``.hepmc3 .hepmc .hepmc2``), LHE (``.lhe``), either may be gzipped, ROOT
        (``.root``) or Parquet (``.parquet``). The content decides which it is.
    format : str, optional
        ``hepmc3 hepmc2 lhe root parquet``: insist on one whatever the file's name says.
    frame : {"lab", "cm", "head-on"}
        Frame of the momenta in the file; other than ``lab`` they are brought to the laboratory.
    chunk : int
        Events in a chunk, 1 to 100000.
    machine : Machine, optional
        The collider. Default: SuperKEKB at the Υ(4S).
    layout : RootLayout, optional
        Tree, branches and units of a ROOT file.
    invisible : collection of int
        Particle codes, of either sign, that leave no trace (new particles of the user's own).

    Returns
    -------
    EventFile
        Iterable of `sim.events.Events`; with format, cross-section and notes.

    Raises
    ------
    InputError
        When the file cannot be read, is mis-labelled, damaged at its beginning, holds no events,
        or is not in the given frame. Iteration raises it for anything wrong further on.
    """
    if not 1 <= chunk <= LARGEST_CHUNK:
        raise InputError(f"must be 1 to {LARGEST_CHUNK}, not {chunk!r}", place="chunk")
    for code in invisible:
        check_code(code, "invisible")
    machine = machine or Machine()
    matrix = to_lab(frame, machine)
    source = Path(path)
    known = detect(source, format)
    if layout is not None and known.name != "root":
        raise InputError(f"takes no layout: it is a {known.name} file", place=str(path))
    read = known.reader()
    piece = min(PIECE, chunk)

    def pieces(sample: Sample) -> Iterator[Events]:
        result: Iterator[Events] = (
            read(sample, piece, layout) if known.name == "root" else read(sample, piece)
        )
        return result

    file = EventFile(
        Sample(source, known.name), chunk, pieces, machine, frame, matrix, frozenset(invisible)
    )
    file._look()
    return file


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings of libraries and of arithmetic; wrong numbers are found by `validate`."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _pieces(
    read: Callable[[Sample], Iterator[Events]], sample: Sample
) -> Generator[Events, None, None]:
    """Yield a reader's pieces; warnings are silent while it works, not while the caller does."""
    pieces = read(sample)
    while True:
        with _quiet():
            events = next(pieces, None)
        if events is None:
            return
        yield events
