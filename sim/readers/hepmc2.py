"""Lines of HepMC2 text (IO_GenEvent) to a record.

``E number mpi scale aqcd aqed process vertex n_vertices beam1 beam2 n_random … n_weights w…``,
``U GEV MM``, ``C cross-section error``, ``N n names…``, ``H …``, ``F …``,
``V barcode id x y z t n_orphans n_out n_weights …`` followed by its orphan incoming and its
outgoing particles ``P barcode pdg px py pz e m status theta phi end_vertex n_flow …``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.readers.hepmc3 import COUNT, POSITION, SHIFT
from sim.readers.hepmc_record import DEFAULT_UNITS, Record, cross_section, find, unit_line
from sim.readers.text import Block, Column, number, parse_columns, shown

PARTICLE = (
    None,
    None,
    Column("pdg", integer=True),
    Column("px"),
    Column("py"),
    Column("pz"),
    Column("e"),
    None,
    Column("status", integer=True),
    None,
    None,
    Column("end", integer=True),
)
VERTEX = (
    None,
    Column("barcode", integer=True),
    None,
    *POSITION,
    Column("orphans", integer=True),
    Column("outgoing", integer=True),
)
VERTICES_AT, RANDOM_AT = 8, 11
"""Fields of the event line: number of vertices, number of random states."""


class _Lines:
    """The lines of a block, sorted by what they are."""

    def __init__(self, block: Block, header: int) -> None:
        self.block = block
        self.rows: list[bytes] = []
        self.row_at: list[int] = []
        self.vertex_rows: list[bytes] = []
        self.vertex_at: list[int] = []
        self.vertex_event: list[int] = []
        self.vertex_before: list[int] = []
        self.event_at: list[int] = []
        self.event_before: list[int] = []
        self.announced: list[int] = []
        self.units: list[tuple[float, float]] = []
        self.weight: list[float] = []
        self.cross_section: tuple[float, float] | None = None
        for k in range(header, len(block.lines)):
            self._take(k, block.lines[k])

    def _take(self, k: int, line: bytes) -> None:
        kind = line[:2]
        if kind == b"P ":
            self.rows.append(self._fields(k, line, len(PARTICLE)))
            self.row_at.append(k)
        elif kind == b"V ":
            self.vertex_rows.append(self._fields(k, line, len(VERTEX)))
            self.vertex_at.append(k)
            self.vertex_event.append(len(self.event_at) - 1)
            self.vertex_before.append(len(self.rows))
        elif kind == b"E ":
            self._event(k, line)
        elif kind == b"U ":
            self.units[-1] = unit_line(self.block, k)
        elif kind == b"C ":
            fields = self._fields(k, line, 3).split()[1:]
            self.cross_section = cross_section(self.block, k, fields[:2])
        elif line and kind not in (b"N ", b"H ", b"F "):
            self.block.fail(k, f"a HepMC2 line starts with E N U C H F V or P, not {shown(line)}")

    def _fields(self, k: int, line: bytes, needed: int) -> bytes:
        fields = line.split(None, needed)
        if len(fields) < needed:
            self.block.fail(k, f"{len(fields)} fields, need {needed} at least: {shown(line)}")
        return b" ".join(fields[:needed])

    def _event(self, k: int, line: bytes) -> None:
        fields = self._fields(k, line, RANDOM_AT + 1).split()
        randoms = int(number(self.block, k, fields[RANDOM_AT], COUNT))
        rest = line.split()[RANDOM_AT + 1 :]
        if not 0 <= randoms < len(rest):
            self.block.fail(k, f"the event line ends before its {randoms} random states")
        weights = int(number(self.block, k, rest[randoms], COUNT))
        if weights != len(rest) - randoms - 1:
            self.block.fail(
                k, f"the event line announces {weights} weights and has {len(rest) - randoms - 1}"
            )
        first = rest[randoms + 1] if weights else b"1"
        self.weight.append(number(self.block, k, first, Column("weight")))
        self.announced.append(int(number(self.block, k, fields[VERTICES_AT], COUNT)))
        self.event_at.append(k)
        self.event_before.append(len(self.rows))
        self.units.append(DEFAULT_UNITS)


def parse(block: Block, header: int) -> Record:
    """Parse the events of one block; as `sim.readers.hepmc3.parse`."""
    lines = _Lines(block, header)
    n = len(lines.event_at)
    counts = np.diff([*lines.event_before, len(lines.rows)]).astype(np.int64)
    found = np.bincount(np.asarray(lines.vertex_event, np.int64), minlength=n)
    for k, told, seen in zip(lines.event_at, lines.announced, found, strict=True):
        if told != seen:
            block.fail(k, f"the event announces {told} vertices and has {seen}")
    column = parse_columns(block, lines.row_at, lines.rows, PARTICLE)
    vertex = parse_columns(block, lines.vertex_at, lines.vertex_rows, VERTEX)
    own = _own_vertex(lines, vertex, counts)
    inherits = _inheritance(lines, vertex, column["end"].astype(np.int64), own, counts)
    place = np.stack([vertex[c.name] for c in POSITION], axis=1)
    placed = np.asarray(place.any(axis=1))
    known = own >= 0
    return Record(
        counts,
        column["pdg"].astype(np.int64),
        column["status"].astype(np.int64),
        np.stack([column[name] for name in ("px", "py", "pz", "e")], axis=1),
        np.where(known[:, None], place[own], 0.0) if len(place) else np.zeros((len(own), 4)),
        known & placed[own] if len(place) else known,
        np.where(known, inherits[own], -1) if len(place) else own,
        np.zeros((n, 4)),
        np.array(lines.units).reshape(-1, 2),
        np.array(lines.weight),
        lines.cross_section,
    )


def _own_vertex(
    lines: _Lines, vertex: dict[str, NDArray[np.float64]], counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the production vertex of every particle; -1 for orphans."""
    before = np.asarray(lines.vertex_before, np.int64)
    event = np.asarray(lines.vertex_event, np.int64)
    stop = np.cumsum(counts)[event] if len(event) else before
    same = np.append(event[1:] == event[:-1], False)[: len(event)]
    stop[same] = before[np.flatnonzero(same) + 1]
    orphans, outgoing = vertex["orphans"], vertex["outgoing"]
    wrong = np.flatnonzero((stop - before != orphans + outgoing) | (orphans < 0) | (outgoing < 0))
    if len(wrong):
        k = wrong[0]
        lines.block.fail(
            lines.vertex_at[k],
            f"the vertex announces {int(orphans[k])} + {int(outgoing[k])} particles "
            f"and has {stop[k] - before[k]}",
        )
    own = np.repeat(np.arange(len(event)), stop - before)
    if len(own) != len(lines.rows):
        lines.block.fail(lines.row_at[0], "a particle stands before the first vertex of its event")
    rank = np.arange(len(own)) - before[own]
    own[rank < orphans[own]] = -1
    return own


def _inheritance(
    lines: _Lines,
    vertex: dict[str, NDArray[np.float64]],
    end: NDArray[np.int64],
    own: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return for every vertex its first incoming particle that has a production vertex, or -1."""
    event = np.repeat(np.arange(len(counts)), counts)
    keys = np.asarray(lines.vertex_event, np.int64) * SHIFT - vertex["barcode"].astype(np.int64)
    ends = np.flatnonzero(end)
    slot, there = find(keys, event[ends] * SHIFT - end[ends])
    if not there.all():
        k = ends[np.flatnonzero(~there)[0]]
        lines.block.fail(lines.row_at[k], f"no vertex {end[k]} in this event")
    circle = np.flatnonzero(own[ends] == slot)
    if len(circle):
        k = ends[circle[0]]
        lines.block.fail(lines.row_at[k], f"the particle ends in the vertex {end[k]} it comes from")
    inherits = np.full(len(keys), -1, dtype=np.int64)
    born = own[ends] >= 0
    # Backwards, so that the first particle is the one that stays.
    inherits[slot[born][::-1]] = ends[born][::-1]
    return inherits
