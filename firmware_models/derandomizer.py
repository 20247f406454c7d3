"""Buffer of a front end between the Level-1 accept and its link: first in, first out, one server.

An event that comes on tick t into an empty block is read until tick t + service; the next one
starts when the one before leaves. An event that is read leaves on the first tick from then on on
which `ready` is high. On one tick the departure comes before the arrival. With arrivals A(n) and
services s(n) the departures are

    D(n) = first ready tick ≥ max(A(n), D(n − 1)) + s(n).

An accept that finds `depth` events inside, after the departure of its tick, is lost and raises
`overflow` for good: the readout must never let it happen. Events are numbered from 0 in the order
of the accepts; a lost event takes a number too, so the tags of the others tell that it is missing.

Buffers, their depths and service times: readout_daq section 2.2 of the reference notes. Widths and
the range of the depth are this project's choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.clock import TICK_NS
from firmware_models.interface.readout import MAX_DEPTH
from firmware_models.kernels import njit

BLOCK = BLOCKS["derandomizer"]
MAX_SERVICE = (1 << 16) - 1
"""Longest service [tick]."""

_RANGES = (("depth", 1, MAX_DEPTH), ("almost_full", 1, 127))
_FIRST, _INSIDE, _LEFT, _NEXT_TAG, _OVERFLOW = range(5)


@dataclass
class State:
    """What the block remembers between ticks.

    Parameters
    ----------
    service, tag : ndarray of int64, shape (64,)
        Events inside, a ring.
    value : ndarray of int64, shape (5,)
        Place of the first event in the ring, events inside, ticks after the coming one for which
        the first is still read, number of the next accept, whether an event was lost.
    """

    service: NDArray[np.int64]
    tag: NDArray[np.int64]
    value: NDArray[np.int64]

    @classmethod
    def after_reset(cls) -> State:
        """Return the state after reset: empty, the next accept is number 0."""
        ring = np.zeros((2, MAX_DEPTH), dtype=np.int64)
        return cls(ring[0], ring[1], np.zeros(5, dtype=np.int64))

    @property
    def occupancy(self) -> int:
        """Events inside."""
        return int(self.value[_INSIDE])


def describe() -> Block:
    """Return the block's entry in the interface table."""
    return BLOCK


def quantize(
    n_ticks: int,
    time_ns: NDArray[np.float64],
    service_ns: NDArray[np.float64],
    ready: NDArray[np.bool_] | None = None,
) -> NDArray[np.void]:
    """Return one word a tick from the times of the accepts.

    Parameters
    ----------
    n_ticks : int
        Words to return; the first starts at time 0.
    time_ns : ndarray, shape (n,)
        Times of the accepts [ns]; those outside the words are left out.
    service_ns : ndarray, shape (n,)
        Time to read each event [ns], above 0; rounded up to whole ticks.
    ready : ndarray of bool, shape (n_ticks,), optional
        Ticks on which downstream takes an event. Default: all.

    Raises
    ------
    InputError
        For times that are not finite, services out of range, two accepts on one tick, or a shape
        that does not agree.
    """
    place = "derandomizer.quantize"
    if len(time_ns) != len(service_ns):
        raise InputError(f"{len(time_ns)} accepts and {len(service_ns)} services", place=place)
    if not np.all(np.isfinite(time_ns)):
        raise InputError("times must be finite", place=place)
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(~((service_ns > 0) & (service_ns <= MAX_SERVICE * TICK_NS)))
    if len(wrong):
        raise InputError(
            f"service {wrong[0]} must be above 0 and at most {MAX_SERVICE * TICK_NS:.1f} ns, "
            f"not {service_ns[wrong[0]]}", place=place,
        )  # fmt: skip
    words = BLOCK.input.zeros(n_ticks)
    tick = np.floor(time_ns / TICK_NS)
    inside = (tick >= 0) & (tick < n_ticks)
    at = tick[inside].astype(np.int64)
    values, counts = np.unique(at, return_counts=True)
    if np.any(counts > 1):
        raise InputError(f"two accepts on tick {values[counts > 1][0]}", place=place)
    words["l1"][at] = 1
    words["service"][at] = np.ceil(service_ns[inside] / TICK_NS).astype(np.int64)
    if ready is not None and len(ready) != n_ticks:
        raise InputError(f"ready must have {n_ticks} ticks, not {len(ready)}", place=place)
    words["ready"] = 1 if ready is None else ready
    return words


def check_registers(registers: Registers, *, place: str = "derandomizer") -> None:
    """Raise `InputError` for a register out of range.

    Parameters
    ----------
    registers : dict of ndarray
        ``depth`` and ``almost_full`` [event].
    place : str
        Where the values come from, for the message.
    """
    for name, low, high in _RANGES:
        value = int(registers[name][0])
        if not low <= value <= high:
            raise InputError(f"{name} must be {low} to {high}, not {value}", place=place)


def evaluate(
    words: NDArray[np.void], registers: Registers | None = None, state: State | None = None
) -> NDArray[np.void]:
    """Return fill and departures of each tick.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `derandomizer_input`
        One word a tick.
    registers : dict of ndarray, optional
        Default: the values after reset (depth 16, almost full at 8).
    state : State, optional
        Updated in place, so that a stream may come in parts. Default: as after reset.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `derandomizer_output`

    Raises
    ------
    InputError
        For a register out of range, or an accept with service 0.
    """
    chosen = BLOCK.defaults() | (registers or {})
    check_registers(chosen)
    never = np.flatnonzero((words["l1"] == 1) & (words["service"] == 0))
    if len(never):
        raise InputError(f"the accept of word {never[0]} has service 0; at least 1 tick",
                         place="derandomizer.evaluate")  # fmt: skip
    current = state or State.after_reset()
    inside, sent, tag, overflow = (np.zeros(len(words), dtype=np.int64) for _ in range(4))
    _buffer(np.ascontiguousarray(words["l1"]), np.ascontiguousarray(words["service"]),
            np.ascontiguousarray(words["ready"]), int(chosen["depth"][0]), current.service,
            current.tag, current.value, inside, sent, tag, overflow)  # fmt: skip
    out = BLOCK.output.zeros(len(words))
    out["occupancy"], out["busy"] = inside, inside >= chosen["almost_full"][0]
    out["sent"], out["tag"], out["overflow"] = sent, tag, overflow
    return out


@njit()
def _buffer(  # type: ignore[no-untyped-def]
    l1, service, ready, depth, ring_service, ring_tag, value, inside, sent, tag, overflow
):
    first, count, left = value[_FIRST], value[_INSIDE], value[_LEFT]
    for tick in range(len(l1)):
        if count > 0 and left == 0 and ready[tick] != 0:
            sent[tick] = 1
            tag[tick] = ring_tag[first]
            first = (first + 1) % MAX_DEPTH
            count -= 1
            if count > 0:
                left = ring_service[first] - 1
        elif left > 0:
            left -= 1
        if l1[tick] != 0:
            if count < depth:
                place = (first + count) % MAX_DEPTH
                ring_service[place] = np.int64(service[tick])
                ring_tag[place] = value[_NEXT_TAG]
                if count == 0:
                    left = ring_service[place] - 1
                count += 1
            else:
                value[_OVERFLOW] = 1
            value[_NEXT_TAG] = (value[_NEXT_TAG] + 1) & np.int64(0xFFFFFFFF)
        inside[tick] = count
        overflow[tick] = value[_OVERFLOW]
    value[_FIRST], value[_INSIDE], value[_LEFT] = first, count, left
