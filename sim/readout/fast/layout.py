"""The arrays of the fast engine's stages: what is where.

Kernels take plain arrays and do without numba's reference counts (``_nrt``): counting and passing
them would cost more than the work. For the same reason the hot ones are inlined.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FUTURE = 1 << 62
"""A departure that is not known yet: later than every time."""

NO_ROOM_NEEDED = -(1 << 62)

BLOCK = 4096
"""Accepted events in one block of the log."""

(
    INPUT, DELAY, LAST, BASE, MASK, SPECIAL, SAFE, CREDIT, DEPTH, CAPACITY, FIT,
    FIRST_INPUT, LAST_INPUT, FIRST_OUTPUT, LAST_OUTPUT, ALMOST_FULL, ARRIVES, SIZES, LIMIT,
    FROM_ORDERED, BYTES_FROM, BYTES_INSIDE, BUSY_IN, BUSY_OUT, LEFT,
) = range(25)  # fmt: skip
"""Columns of a stage's row. Constants: INPUT: its one input, `L1`, or `SEVERAL`; BASE, MASK: its
ring of departures; SPECIAL: it has BUSY, no depth, or a limit of bytes; FIT: events that
certainly fit; ARRIVES, SIZES: where rings of arrivals and bytes start, -1: none; LIMIT: events at
which an unlimited stage saturates, 0: never; FROM_ORDERED: behind the farm, with an ordered stage
among its inputs. State: LAST departure; SAFE: events before this number find room without looking;
first event whose bytes count, and their sum; arrivals and departures that BUSY has seen; departures
that an unlimited stage has seen."""

COLUMNS = 25

L1, SEVERAL = -1, -2
"""Values of INPUT that are no stage."""

(N_ORDERED, N_STAGES, FARM, SERVERS, BUSY_LATENCY, SIDES,
 ACCEPTS, RELEASED, IN_HEAP, END, LATENCY_MAX, STATUS, WHERE, WHEN, LOGGED_IN, LOGGED_OUT,
 ALL_SAFE) = range(17)  # fmt: skip
"""Elements of `g`: constants (SIDES: where they start in `lists`), then state of the network
(ALL_SAFE: least SAFE of the ordered stages)."""

GOOD, GROW, LOST, SATURATED, FULL = range(5)
"""Values of STATUS; FULL: the block of the log is."""

SLACK = 64
"""Accepts between two looks at the rings that may have to grow."""

SLOT_NUMBER, SLOT_ACCEPT, SLOT_ARRIVE, SLOT_START, SLOT_FINISH, SLOT_LAST = range(6)
"""Columns of what is kept of an event in the farm; LAST: its last departure so far. Service times
and bytes of the stages behind follow."""

SLOT_LOADS = 6

HEAP_FINISH, HEAP_SLOT, HEAP_FREE = range(3)
"""Rows of the heap: when the event finishes, its slot; a stack of free slots."""

ROOM, DEPART, SERVICE, SIZE, OUT = range(5)
"""Rows of `now`: of the event at hand, one column a stage. DEPART of a stage behind the farm holds
its room until the event passes it."""

LOG_ARRIVE, LOG_SERVICE, LOG_DEPART, LOG_START, LOG_FINISH = range(5)
"""Second index of the log. Stages with one server have arrivals, service times and departures; the
farm has its arrivals in the order of accepts in place of service times, and all else, with starts
and finishes, in the order of releases."""


class Network(NamedTuple):
    """Constants and state of all stages, as the kernels take them.

    Parameters
    ----------
    g : ndarray of int64, shape (17,)
    rows : ndarray of int64, shape (n_stages, COLUMNS)
    ring : ndarray of int64
        Departures; arrivals of stages with BUSY; bytes of stages with `depth_bytes`.
    lists : ndarray of int64
        Inputs of all stages, then their outputs, then the sides.
    growing : ndarray of int64
        Ordered stages (or the farm) whose rings may have to grow.
    now : ndarray of int64, shape (5, n_stages)
    heap : ndarray of int64, shape (3, servers)
        Events in service, the first to finish on top.
    slots : ndarray of int64, shape (servers, 6 + 2 n_behind)
    load_rows, load_inputs, tables : ndarray of int64
        See `sim.readout.loads.LoadTables`.
    latency : ndarray of int64, shape (TIME_BINS,)
    """

    g: NDArray[np.int64]
    rows: NDArray[np.int64]
    ring: NDArray[np.int64]
    lists: NDArray[np.int64]
    growing: NDArray[np.int64]
    now: NDArray[np.int64]
    heap: NDArray[np.int64]
    slots: NDArray[np.int64]
    load_rows: NDArray[np.int64]
    load_inputs: NDArray[np.int64]
    tables: NDArray[np.int64]
    latency: NDArray[np.int64]


class Log(NamedTuple):
    """What happened to the events of one block.

    Parameters
    ----------
    times : ndarray of int64, shape (n_stages, 5, BLOCK + servers)
        See `LOG_ARRIVE` and so on: in the order of accepts in ordered stages, in
        that of releases in the others.
    accepts : ndarray of int64, shape (BLOCK,)
        Times of the accepts.
    numbers : ndarray of int64, shape (BLOCK + servers,)
        Numbers of the released events.
    rules : ndarray of int64, shape (n_rules, 2, BLOCK)
        Start and end of service in the throttle's buffers.
    """

    times: NDArray[np.int64]
    accepts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    rules: NDArray[np.int64]
