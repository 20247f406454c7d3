"""Events of a block of HepMC text before final-state particles are chosen.

HepMC3 and HepMC2 text differ in how they write the same graph; both parsers deliver this record.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from sim.events import FloatArray
from sim.readers.text import Block, Column, number, shown

MOMENTUM = {b"GEV": 1.0, b"MEV": 1e-3}
"""Momentum units of the format [GeV]."""

LENGTH = {b"MM": 0.1, b"CM": 1.0}
"""Length units of the format [cm]."""

DEFAULT_UNITS = (1.0, 0.1)
"""GeV and mm, when an event does not say."""

LONGEST_CHAIN = 10_000
"""Steps up the graph in search of a position; more only in a graph with a cycle."""


@dataclass(frozen=True)
class Record:
    """Particles of consecutive events, in the units of the file.

    Parameters
    ----------
    counts : ndarray of int64, shape (n,)
        Particles of each event.
    pdg, status : ndarray of int64, shape (n_particle,)
        Particle and status codes.
    p4 : ndarray, shape (n_particle, 4)
        px, py, pz, E.
    position : ndarray, shape (n_particle, 4)
        x, y, z, t of the production vertex where `placed`.
    placed : ndarray of bool, shape (n_particle,)
        Whether the production vertex has a position of its own.
    source : ndarray of int64, shape (n_particle,)
        Particle from whose production vertex the position is taken otherwise; -1: none.
    event_position : ndarray, shape (n, 4)
        Position of the collision, for particles without any.
    units : ndarray, shape (n, 2)
        Units of momentum [GeV] and length [cm].
    weight : ndarray, shape (n,)
        First weight of each event.
    cross_section : tuple, optional
        Cross-section and error [pb] of the last event that gives one.
    """

    counts: NDArray[np.int64]
    pdg: NDArray[np.int64]
    status: NDArray[np.int64]
    p4: FloatArray
    position: FloatArray
    placed: NDArray[np.bool_]
    source: NDArray[np.int64]
    event_position: FloatArray
    units: FloatArray
    weight: FloatArray
    cross_section: tuple[float, float] | None

    @property
    def event_of(self) -> NDArray[np.int64]:
        """Event of every particle."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def vertices(self) -> FloatArray:
        """Return the production position of every particle, in the file's units.

        A vertex without position has that of the first ancestor vertex with one, as in the
        HepMC3 library, and else the event's.
        """
        at = np.arange(len(self.pdg))
        climbing = at
        for _ in range(LONGEST_CHAIN):
            here = at[climbing]
            up = ~self.placed[here] & (self.source[here] >= 0)
            climbing = climbing[up]
            if not len(climbing):
                break
            at[climbing] = self.source[here[up]]
        else:
            raise InputError("a particle is among its own ancestors")
        found = self.placed[at]
        result = self.event_position[self.event_of]
        result[found] = self.position[at[found]]
        return result


def unit_line(block: Block, index: int) -> tuple[float, float]:
    """Return the units [GeV], [cm] of a line such as ``U GEV MM``."""
    fields = block.lines[index].split()
    if len(fields) != 3 or fields[1] not in MOMENTUM or fields[2] not in LENGTH:
        block.fail(
            index,
            "units must be 'U', GEV or MEV, MM or CM, not " + shown(block.lines[index]),
        )
    return MOMENTUM[fields[1]], LENGTH[fields[2]]


def cross_section(block: Block, index: int, fields: list[bytes]) -> tuple[float, float]:
    """Return cross-section and error [pb] of a line: finite numbers, 0 or above."""
    column = Column("cross-section")
    value, error = (number(block, index, field, column) for field in fields)
    for given, field in ((value, fields[0]), (error, fields[1])):
        if not (math.isfinite(given) and given >= 0.0):
            block.fail(
                index,
                "the cross-section and its error must be finite numbers, 0 or above [pb], "
                f"not {shown(field)}",
            )
    return value, error


def find(
    keys: NDArray[np.int64], wanted: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return where each wanted key stands in `keys`, and whether it is there at all."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    order = np.argsort(keys, kind="stable")
    slot = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
    place = order[slot]
    return place, keys[place] == wanted
