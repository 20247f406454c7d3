"""Lines of HepMC3 text (Asciiv3) to a record.

``E number n_vertices n_particles [@ x y z t]``, ``U GEV MM``, ``W weight…``,
``A id name value``, ``V -id status [incoming] [@ x y z t]``,
``P id parent pdg px py pz e m status`` with the parent a particle (> 0), a vertex (< 0) or none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.events import FloatArray
from sim.readers.hepmc_record import DEFAULT_UNITS, Record, cross_section, find, unit_line
from sim.readers.text import Block, Column, number, parse_columns, shown

PARTICLE = (
    None,
    Column("id", integer=True),
    Column("parent", integer=True),
    Column("pdg", integer=True),
    Column("px"),
    Column("py"),
    Column("pz"),
    Column("e"),
    None,
    Column("status", integer=True),
)
POSITION = (Column("x"), Column("y"), Column("z"), Column("t"))
CROSS_SECTION = b"A 0 GenCrossSection "
COUNT = Column("count", integer=True)
SHIFT = 1 << 32


class _Lines:
    """The lines of a block, sorted by what they are."""

    def __init__(self, block: Block, header: int) -> None:
        self.block = block
        self.rows: list[bytes] = []
        self.row_at: list[int] = []
        self.vertex_at: list[int] = []
        self.vertex_event: list[int] = []
        self.event_at: list[int] = []
        self.event_before: list[int] = []
        self.announced: list[int] = []
        self.event_position: list[list[float]] = []
        self.units: list[tuple[float, float]] = []
        self.weight: list[float] = []
        self.cross_section: tuple[float, float] | None = None
        for k in range(header, len(block.lines)):
            self._take(k, block.lines[k])

    def _take(self, k: int, line: bytes) -> None:
        kind = line[:2]
        if kind == b"P ":
            self.rows.append(line)
            self.row_at.append(k)
        elif kind == b"V ":
            self.vertex_at.append(k)
            self.vertex_event.append(len(self.event_at) - 1)
        elif kind == b"E ":
            self._event(k, line)
        elif kind == b"U ":
            self.units[-1] = unit_line(self.block, k)
        elif kind == b"W ":
            first = line[2:].split(None, 1)[:1] or [b""]
            self.weight[-1] = number(self.block, k, first[0], Column("weight"))
        elif kind == b"A ":
            if line.startswith(CROSS_SECTION):
                self._cross_section(k, line)
        elif line and kind != b"T ":
            self.block.fail(k, f"a HepMC3 line starts with E U W A V P or T, not {shown(line)}")

    def _event(self, k: int, line: bytes) -> None:
        fields = line.split()
        if len(fields) not in (4, 9) or (len(fields) == 9 and fields[4] != b"@"):
            self.block.fail(
                k, f"need 'E number n_vertices n_particles [@ x y z t]', not {shown(line)}"
            )
        self.event_at.append(k)
        self.event_before.append(len(self.rows))
        self.announced.append(int(number(self.block, k, fields[3], COUNT)))
        self.event_position.append([number(self.block, k, f, POSITION[0]) for f in fields[5:]])
        self.units.append(DEFAULT_UNITS)
        self.weight.append(1.0)

    def _cross_section(self, k: int, line: bytes) -> None:
        fields = line.split()[3:]
        if len(fields) < 2:
            self.block.fail(k, f"a cross-section needs value and error, not {shown(line)}")
        self.cross_section = cross_section(self.block, k, fields[:2])


def parse(block: Block, header: int) -> Record:
    """Parse the events of one block.

    Parameters
    ----------
    block : Block
        Whole events.
    header : int
        Number of lines before the first event, already read.

    Raises
    ------
    InputError
        Names the line that breaks the format.
    """
    lines = _Lines(block, header)
    counts = np.diff([*lines.event_before, len(lines.rows)]).astype(np.int64)
    for k, told, found in zip(lines.event_at, lines.announced, counts, strict=True):
        if told != found:
            block.fail(k, f"the event announces {told} particles and has {found}")
    column = parse_columns(block, lines.row_at, lines.rows, PARTICLE)
    start = np.repeat(np.asarray(lines.event_before, np.int64), counts)
    _check_order(block, lines, column["id"], column["parent"], start, np.repeat(counts, counts))
    position, placed, source = _origins(lines, column["parent"], start, counts)
    event_position = np.zeros((len(counts), 4))
    for i, given in enumerate(lines.event_position):
        event_position[i, : len(given)] = given
    return Record(
        counts,
        column["pdg"].astype(np.int64),
        column["status"].astype(np.int64),
        np.stack([column[name] for name in ("px", "py", "pz", "e")], axis=1),
        position,
        placed,
        source,
        event_position,
        np.array(lines.units).reshape(-1, 2),
        np.array(lines.weight),
        lines.cross_section,
    )


def _check_order(
    block: Block,
    lines: _Lines,
    identity: NDArray[np.float64],
    parent: NDArray[np.float64],
    start: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    rank = np.arange(len(identity)) - start + 1
    wrong = np.flatnonzero(identity != rank)
    if len(wrong):
        k = wrong[0]
        block.fail(lines.row_at[k], f"particle {int(identity[k])} stands where {rank[k]} belongs")
    far = np.flatnonzero((parent == rank) | (parent > counts))
    if len(far):
        k = far[0]
        block.fail(lines.row_at[k], f"particle {rank[k]} cannot have the parent {int(parent[k])}")


def _origins(
    lines: _Lines,
    parent: NDArray[np.float64],
    start: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> tuple[FloatArray, NDArray[np.bool_], NDArray[np.int64]]:
    """Return positions, whether they are set, and the particle to inherit from."""
    n = len(parent)
    position, placed = np.zeros((n, 4)), np.zeros(n, np.bool_)
    source = np.full(n, -1, dtype=np.int64)
    direct = parent > 0
    source[direct] = (start + parent)[direct] - 1
    vertex_position, inherits, identity = _vertices(lines, parent)
    keys = np.asarray(lines.vertex_event, np.int64) * SHIFT - identity
    rows = np.flatnonzero(parent < 0)
    events = np.repeat(np.arange(len(counts)), counts)
    slot, there = find(keys, events[rows] * SHIFT - parent[rows].astype(np.int64))
    if not there.all():
        k = rows[np.flatnonzero(~there)[0]]
        lines.block.fail(lines.row_at[k], f"no vertex {int(parent[k])} in this event")
    position[rows] = vertex_position[slot]
    placed[rows] = vertex_position[slot].any(axis=1)
    source[rows] = inherits[slot]
    return position, placed, source


def _vertices(
    lines: _Lines, parent: NDArray[np.float64]
) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
    """Return position, particle to inherit from and (negative) number of every written vertex."""
    n = len(lines.vertex_at)
    position = np.zeros((n, 4))
    inherits = np.full(n, -1, dtype=np.int64)
    identity = np.zeros(n, dtype=np.int64)
    rows, row_of, at = [], [], []
    for i, k in enumerate(lines.vertex_at):
        head, _, place = lines.block.lines[k].partition(b" @ ")
        fields = head.split()
        if len(fields) != 4:
            lines.block.fail(
                k, f"need 'V id status [incoming] [@ x y z t]', not {shown(lines.block.lines[k])}"
            )
        identity[i] = _vertex_number(lines.block, k, fields[1])
        event = lines.vertex_event[i]
        start = lines.event_before[event]
        if place:
            rows.append(place)
            row_of.append(i)
            at.append(k)
        stop = start + lines.announced[event]
        incoming = _first_incoming(lines, k, fields[3], start, stop, parent, int(identity[i]))
        # It matters only where a position may have to come from it.
        if not place or not place.strip(b"0.e+- "):
            inherits[i] = incoming
    columns = parse_columns(lines.block, at, rows, POSITION)
    position[row_of] = np.stack([columns[c.name] for c in POSITION], axis=1)
    return position, inherits, identity


def _vertex_number(block: Block, k: int, given: bytes) -> int:
    value = int(number(block, k, given, Column("vertex number", integer=True)))
    if not -SHIFT < value < 0:
        block.fail(k, f"a vertex number must be -1 or below, not {value}")
    return value


def _first_incoming(
    lines: _Lines,
    k: int,
    given: bytes,
    start: int,
    stop: int,
    parent: NDArray[np.float64],
    vertex: int,
) -> int:
    """Return the first incoming particle that comes from a vertex itself, or -1."""
    first = -1
    if given[:1] != b"[" or given[-1:] != b"]":
        lines.block.fail(k, f"incoming particles must be [n,…], not {shown(given)}")
    for item in given[1:-1].split(b",") if given != b"[]" else ():
        particle = start + int(number(lines.block, k, item, Column("incoming", integer=True))) - 1
        if not start <= particle < stop:
            lines.block.fail(k, f"incoming particle {shown(item)} is not in this event")
        if parent[particle] == vertex:
            lines.block.fail(k, f"incoming particle {shown(item)} comes from this vertex itself")
        if first < 0 and parent[particle] != 0:
            first = particle
    return first
