"""The trigger throttle: which requests of the decision logic become Level-1 accepts.

Each rule looks at the request of a tick on its own; the request is accepted when none refuses it.
A refused request changes no state. What ends on a tick (a token regained, a departure, a frame read
out) ends before the request of that tick.

veto
    The injection window of a ring is up (`firmware_models.injection_veto`).
busy
    A BUSY input whose mask bit is set is high.
min_spacing
    The last accept lies fewer than `spacing` ticks back.
window
    Of the last ticks, this one included, `window_ticks` have seen `window_accepts` accepts.
bucket
    No token is left. An accept takes one of `bucket_size`; one is regained every `bucket_drain`
    ticks, counted from when the bucket was last full, or from reset (`bucket_free`).
fifo
    `fifo_depth` events are inside; each leaves after a service of `fifo_service` ticks, in turn.
apv
    The event's cells do not fit (`firmware_models.apv25`).

A tick is a frame: the block stands still on clocks without one. Rules, minimum spacing and tag:
readout_daq section 2.1 of the reference notes; windows and buckets are the general form of complex
dead time at other experiments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models import apv25, injection_veto, throttle_rules
from firmware_models.errors import InputError, unknown_name
from firmware_models.interface import BLOCKS, Block, Registers
from firmware_models.interface.clock import TICK_NS, TICKS_PER_TURN
from firmware_models.interface.throttle import N_BUCKET, N_BUSY, N_FIFO, RINGS

BLOCK = BLOCKS["l1_throttle"]

MAX_WINDOW_ACCEPTS = 16
"""Accepts that are remembered for the windows."""

_NEVER = -(1 << 40)

# Ranges that are narrower than the register.
_RANGES = {
    "window_accepts": (0, MAX_WINDOW_ACCEPTS),
    "bucket_drain": (1, (1 << 20) - 1),
    "fifo_service": (1, (1 << 20) - 1),
    "apv_cells": (0, apv25.MAX_CELLS),
    "apv_samples": (0, 2),
    "apv_frame": (1, (1 << 12) - 1),
    "apv_grid": (1, (1 << 12) - 1),
    "veto_pre": (0, TICKS_PER_TURN - 1),
    "veto_length": (0, TICKS_PER_TURN - 1),
}


@dataclass
class State:
    """What the block remembers between ticks.

    Parameters
    ----------
    registers : dict of ndarray
        The registers that it runs with.
    clock : ndarray of int64, shape (2,)
        Ticks since reset, accepts since reset.
    last : ndarray of int64, shape (16,)
        Ticks of the last accepts, the latest first.
    taken : ndarray of int64, shape (6,)
        Tokens taken from each bucket, then events in each FIFO, as of its last look.
    mark : ndarray of int64, shape (6,)
        Tick on which the next one is regained; of a free bucket the tick of the last look.
    apv, queue : ndarray of int64, shapes (4,) and (11,)
        As in `firmware_models.apv25`.
    veto : ndarray of int64, shape (2, 4)
        As in `firmware_models.injection_veto`, for each ring.
    """

    registers: Registers
    clock: NDArray[np.int64]
    last: NDArray[np.int64]
    taken: NDArray[np.int64]
    mark: NDArray[np.int64]
    apv: NDArray[np.int64]
    queue: NDArray[np.int64]
    veto: NDArray[np.int64]

    @classmethod
    def start(cls, registers: Registers | None = None) -> State:
        """Return the state after reset.

        Parameters
        ----------
        registers : dict of ndarray, optional
            Those that are not given have their values after reset.

        Raises
        ------
        InputError
            For an unknown register, or a value out of range.
        """
        chosen = BLOCK.defaults()
        for name, values in (registers or {}).items():
            if name not in chosen:
                raise unknown_name("register", name, chosen, place="l1_throttle")
            chosen[name] = np.asarray(values, dtype=np.int64).reshape(-1)
        check_registers(chosen)
        sizes = (2, MAX_WINDOW_ACCEPTS, N_BUCKET + N_FIFO, N_BUCKET + N_FIFO,
                 apv25.N_STATE, apv25.MAX_EVENTS)  # fmt: skip
        clock, last, taken, mark, apv, queue = (np.zeros(n, dtype=np.int64) for n in sizes)
        last[:] = _NEVER
        veto = np.zeros((len(RINGS), injection_veto.N_STATE), dtype=np.int64)
        return cls(chosen, clock, last, taken, mark, apv, queue, veto)


def describe() -> Block:
    """Return the block's entry in the interface table."""
    return BLOCK


def quantize(
    n_ticks: int,
    request_ns: NDArray[np.float64],
    short: NDArray[np.bool_] | None = None,
    *,
    kick_ns: NDArray[np.float64] | None = None,
    kick_ring: NDArray[np.integer] | None = None,
    kick_position: NDArray[np.integer] | None = None,
    first_tick: int = 0,
) -> NDArray[np.void]:
    """Return one word a tick from the times of requests and of injection announcements.

    BUSY and activity are levels: set them in the words.

    Parameters
    ----------
    n_ticks : int
        Words to return; the first starts at time 0.
    request_ns : ndarray, shape (n_requests,)
        Times of the requests [ns]; those outside the words are left out, those on one tick are one.
    short : ndarray of bool, shape (n_requests,), optional
        Three samples are enough. Requests on one tick are short when all of them are.
    kick_ns, kick_ring, kick_position : ndarray, shape (n_kicks,), optional
        Times of the announcements [ns], ring (0 HER, 1 LER), injected bunch [tick in the turn].
    first_tick : int
        Tick in the turn of the first word.

    Raises
    ------
    InputError
        For times that are not finite, a ring that does not exist, a position outside the turn,
        or two positions on one tick.
    """
    words = BLOCK.input.zeros(n_ticks)
    words["tick"] = (first_tick + np.arange(n_ticks)) % TICKS_PER_TURN
    tick, inside = _ticks(request_ns, n_ticks, "request_ns")
    words["l1"][tick] = 1
    if short is not None:
        words["short"][tick] = 1
        words["short"][tick[~np.asarray(short, dtype=bool)[inside]]] = 0
    if kick_ns is None or not len(kick_ns):
        return words
    if kick_ring is None or kick_position is None:
        raise InputError("kicks need kick_ring and kick_position", place="l1_throttle.quantize")
    kick_tick, inside = _ticks(kick_ns, n_ticks, "kick_ns")
    ring, position = np.asarray(kick_ring)[inside], np.asarray(kick_position)[inside]
    for name, values, above in (
        ("kick_ring", ring, len(RINGS)), ("kick_position", position, TICKS_PER_TURN),
    ):  # fmt: skip
        if values.size and not (int(values.min()) >= 0 and int(values.max()) < above):
            raise InputError(f"must be 0 to {above - 1}, not {values.min()} to {values.max()}",
                             place=f"l1_throttle.quantize: {name}")  # fmt: skip
    words["kick"][kick_tick, ring] = 1
    words["position"][kick_tick] = position
    if np.any(words["position"][kick_tick] != position):
        raise InputError("two kicks on one tick have different positions",
                         place="l1_throttle.quantize: kick_position")  # fmt: skip
    return words


def check_registers(registers: Registers, *, place: str = "l1_throttle") -> None:
    """Raise `InputError` for register values out of range.

    Parameters
    ----------
    registers : dict of ndarray
        All registers of the block.
    place : str
        Where the values come from, for the message.
    """
    for register in BLOCK.registers:
        values = registers[register.name]
        if values.shape != (register.count,):
            raise InputError(f"{register.name} has {values.size} values, not {register.count}",
                             place=place)  # fmt: skip
        low, high = _RANGES.get(register.name, (0, (1 << register.width) - 1))
        bad = np.flatnonzero((values < low) | (values > high))
        if len(bad):
            element = f"[{bad[0]}]" if register.count > 1 else ""
            raise InputError(f"{register.name}{element} must be {low} to {high}, "
                             f"not {values[bad[0]]}", place=place)  # fmt: skip


def evaluate(
    words: NDArray[np.void], registers: Registers | None = None, state: State | None = None
) -> NDArray[np.void]:
    """Return accept or first cause of refusal for each tick.

    Parameters
    ----------
    words : ndarray, shape (n,), dtype of the word `throttle_input`
        One word a tick.
    registers : dict of ndarray, optional
        Those that are not given have their values after reset. Not together with `state`.
    state : State, optional
        From `State.start`; updated in place, so that a stream may come in parts.

    Returns
    -------
    ndarray, shape (n,), dtype of the word `throttle_output`

    Raises
    ------
    InputError
        For registers out of range, or registers together with a state.
    """
    if state is not None and registers is not None and registers is not state.registers:
        raise InputError("give registers or state, not both: the state has its registers",
                         place="l1_throttle")  # fmt: skip
    now = state or State.start(registers)
    out = BLOCK.output.zeros(len(words))
    columns = tuple(np.ascontiguousarray(words[name]) for name in words.dtype.names or ())
    results = tuple(np.zeros_like(out[name]) for name in out.dtype.names or ())
    throttle_rules.decide(
        columns, results, _settings(now.registers),
        (now.clock, now.last, now.taken, now.mark, now.apv, now.queue, now.veto),
    )  # fmt: skip
    for name, values in zip(out.dtype.names or (), results, strict=True):
        out[name] = values
    return out


def _ticks(
    time_ns: NDArray[np.float64], n_ticks: int, name: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the ticks of the times inside the words, and which times those are."""
    time = np.asarray(time_ns, dtype=np.float64)
    if not np.all(np.isfinite(time)):
        raise InputError("times must be finite", place=f"l1_throttle.quantize: {name}")
    tick = np.floor(time / TICK_NS)
    inside = (tick >= 0) & (tick < n_ticks)
    return tick[inside].astype(np.int64), inside


def _settings(registers: Registers) -> tuple[NDArray[np.int64], ...]:
    """Return the registers by rule: one array each for the simple ones, windows, buckets, …"""
    r = registers
    mask = (r["busy_mask"][0] >> np.arange(N_BUSY)) & 1
    windows = np.stack([r["window_accepts"], r["window_ticks"]])
    free = np.concatenate([r["bucket_free"], np.zeros(N_FIFO, dtype=np.int64)])
    buckets = np.stack([np.concatenate([r["bucket_size"], r["fifo_depth"]]),
                        np.concatenate([r["bucket_drain"], r["fifo_service"]]), free])  # fmt: skip
    names = ("cells", "samples", "frame", "processing", "grid", "eventwise")
    apv = np.concatenate([r[f"apv_{name}"] for name in names])
    names = ("enable", "pre", "length", "full_turns", "gated_turns", "wait_turns")
    veto = np.stack([r[f"veto_{name}"] for name in names], axis=1)
    return mask, np.concatenate([r["spacing"], r["veto_active"]]), windows, buckets, apv, veto
