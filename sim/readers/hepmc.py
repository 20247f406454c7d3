"""HepMC3 (Asciiv3) and HepMC2 (IO_GenEvent) text files, plain or gzipped.

The text is parsed here, in blocks, and not by the HepMC3 library: its C++ readers end the whole
process on some damaged files (about one in a thousand random changes to a valid file) and write
to the terminal, where a user needs the line and the reason. The tests compare every particle
with pyhepmc's own reading.

Formats: HepMC3, Comput. Phys. Commun. 260 (2021) 107310; HepMC2, ibid. 134 (2001) 41.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from firmware_models.errors import InputError
from sim.events import Events
from sim.readers import hepmc2, hepmc3
from sim.readers.hepmc_record import Record
from sim.readers.sample import SPEED_OF_LIGHT, Sample, assemble
from sim.readers.text import Block, blocks, shown

FINAL, BEAM = 1, 4
"""Status codes: final-state particle, incoming beam particle."""

MARK = b"HepMC::"
RUN_INFORMATION = (b"W ", b"N ", b"T ", b"A ")
ELECTRON = 11


@dataclass(frozen=True)
class _Dialect:
    name: str
    start: bytes
    end: bytes
    parse: Callable[[Block, int], Record]


DIALECTS = (
    _Dialect(
        "HepMC3",
        b"HepMC::Asciiv3-START_EVENT_LISTING",
        b"HepMC::Asciiv3-END_EVENT_LISTING",
        hepmc3.parse,
    ),
    _Dialect(
        "HepMC2",
        b"HepMC::IO_GenEvent-START_EVENT_LISTING",
        b"HepMC::IO_GenEvent-END_EVENT_LISTING",
        hepmc2.parse,
    ),
)


def read(sample: Sample, batch: int) -> Iterator[Events]:
    """Read final-state particles in pieces; see `sim.readers.sample.Reader`.

    `batch` is not used: pieces are the events of some megabytes of text.

    Raises
    ------
    InputError
        Names the line; also when the file ends without its last line (truncated).
    """
    ended = False
    dialect: _Dialect | None = None
    for block in blocks(sample.path, b"E "):
        header = 0
        if dialect is None:
            dialect, header = _header(block)
            sample.format = dialect.name
        block, ended = _without_listing_marks(block, dialect, header)
        record = dialect.parse(block, header)
        if record.cross_section:
            sample.set_cross_section(*record.cross_section)
        if sample.beams is None:
            _note_beams(sample, record)
        if len(record.counts):
            try:
                events = _final_state(record)
            except InputError as error:
                place = f"{sample.path}: in the events after line {block.first_line}"
                raise InputError(str(error), place=place) from None
            yield events
    if dialect is not None and not ended:
        raise InputError(
            f"ends without {dialect.end.decode()}: truncated file? "
            "(if the generator was stopped and the last event is whole, append this line)",
            place=str(sample.path),
        )


def _header(block: Block) -> tuple[_Dialect, int]:
    """Return the dialect and the number of lines before the first event."""
    header = next((k for k, line in enumerate(block.lines) if line[:2] == b"E "), None)
    if header is None:
        header = len(block.lines)
    for line in block.lines[:header]:
        for dialect in DIALECTS:
            if line.strip() == dialect.start:
                # A file without events may end here: its last line is looked at by the caller.
                last = block.lines[header - 1].strip() == dialect.end
                return dialect, header - 1 if last else header
    starts = " or ".join(dialect.start.decode() for dialect in DIALECTS)
    block.fail(0, f"no line {starts} before the first event; it begins {shown(block.lines[0])}")


def _without_listing_marks(block: Block, dialect: _Dialect, header: int) -> tuple[Block, bool]:
    """Blank everything from the end of a listing to the next event (joined files have several).

    Returns
    -------
    Block
        The block with those lines empty.
    bool
        Whether the listing is ended at the end of the block.
    """
    marks = [k for k, line in enumerate(block.lines) if line[:7] == MARK and k >= header]
    if not marks:
        return block, False
    lines = list(block.lines)
    ended, between = False, False
    for k in range(marks[0], len(lines)):
        line = lines[k].strip()
        if line == dialect.end:
            ended = between = True
        elif between and line == dialect.start:
            ended = False
        elif line[:2] == b"E ":
            if ended:
                block.fail(k, f"an event after {dialect.end.decode()}")
            between = False
        elif line[:7] == MARK and not between:
            block.fail(k, f"unexpected line {shown(line)}")
        elif line and between and line[:7] != MARK and line[:2] not in RUN_INFORMATION:
            block.fail(k, f"goes on after {dialect.end.decode()}: {shown(line)}")
        if between:
            lines[k] = b""
    return Block(block.path, block.first_line, lines, block.last), ended


def _note_beams(sample: Sample, record: Record) -> None:
    """Keep the beams of the first event, electron first, when they are recorded."""
    if not len(record.counts):
        return
    rows = np.flatnonzero(record.status[: record.counts[0]] == BEAM)
    if len(rows) == 2:
        rows = rows if record.pdg[rows[0]] == ELECTRON else rows[::-1]
        sample.beams = record.p4[rows] * record.units[0, 0]
        sample.beam_codes = int(record.pdg[rows[0]]), int(record.pdg[rows[1]])


def _final_state(record: Record) -> Events:
    final = record.status == FINAL
    event = record.event_of
    vertex = record.vertices()[final] * record.units[event[final], 1:]
    vertex[:, 3] /= SPEED_OF_LIGHT
    return assemble(
        np.bincount(event[final], minlength=len(record.counts)),
        record.pdg[final],
        record.p4[final] * record.units[event[final], :1],
        vertex,
        record.weight,
    )
