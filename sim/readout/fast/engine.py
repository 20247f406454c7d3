"""The fast engine: the rules of docs/reference/readout.md as a compiled recursion.

Everything that a candidate needs is known when it comes: the departures of all events accepted
before it, also those that lie in the future. So there is no calendar; time jumps from candidate to
candidate.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.readout.arrivals import ACTIVITY, PROBE, SHORT, Arrivals
from sim.readout.engine import (
    ACCEPTED,
    TIME_BINS,
    UNDECIDED,
    EngineResult,
    Verdicts,
)
from sim.readout.fast import layout as fl
from sim.readout.fast import network as fn
from sim.readout.fast import rooms
from sim.readout.fast import throttle as ft
from sim.readout.fast.log import Bookkeeper
from sim.readout.loads import Loads, most_bytes
from sim.readout.lost import lost_event
from sim.readout.plan import Plan

_FIRST_RING = 1 << 12
"""Events for which a stage without depth has room at first."""


class Throttle(NamedTuple):
    """Constants and state of the rules and the veto, see `sim.readout.fast.throttle`.

    Parameters
    ----------
    rule, state : ndarray of int64, shape (n_rules, …)
    rings : ndarray of int64
    veto : ndarray of int64, shape (n_rings, 8)
    settings : ndarray of int64, shape (4,)
        Veto in use, active veto, samples of an event (0: by its flag), paralysable rules exist.
    busy : ndarray of int64
        Stages that raise BUSY.
    """

    rule: NDArray[np.int64]
    state: NDArray[np.int64]
    rings: NDArray[np.int64]
    veto: NDArray[np.int64]
    settings: NDArray[np.int64]
    busy: NDArray[np.int64]


class FastEngine:
    """See `sim.readout.engine.Engine`.

    Parameters
    ----------
    plan : Plan
    loads : Loads
        Of the same plan.
    record : bool
        Keep the times of every accepted event.
    """

    def __init__(self, plan: Plan, loads: Loads, *, record: bool = False) -> None:
        self._plan = plan
        self._last = 0
        self._throttle, self._net = _build(plan, loads)
        self._books = Bookkeeper(plan, record=record)

    def feed(self, arrivals: Arrivals, draws: NDArray[np.uint64]) -> Verdicts:
        """Decide on the candidates of a chunk.

        Raises
        ------
        CheckFailed
            When an accepted event finds a front end full: it would be lost.
        """
        n, g = len(arrivals.time), self._net.g
        verdicts = Verdicts(np.full(n, UNDECIDED, np.int64), np.zeros(n, np.uint64))
        at = np.zeros(2, dtype=np.int64)
        kicks = arrivals.kicks
        while at[0] < n and g[fl.STATUS] != fl.SATURATED:
            first = int(at[0])
            log = self._books.fresh_log()
            _play(
                at, arrivals.time, arrivals.flags, draws, kicks.time, kicks.ring, kicks.position,
                *self._throttle, *self._net, *log, verdicts.cause, verdicts.refused,
            )  # fmt: skip
            status, where, when = (int(x) for x in g[fl.STATUS : fl.WHEN + 1])
            if status == fl.LOST:
                raise lost_event(self._plan, where, when)
            part = slice(first, int(at[0]))
            self._hand_over(log, arrivals.time[part], arrivals.flags[part], verdicts.cause[part])
            if status == fl.GROW:
                self._grow(where)
            if status in (fl.GROW, fl.FULL):
                g[fl.STATUS] = fl.GOOD
        if n:
            self._last = int(arrivals.time[at[0] - 1])
        return verdicts

    def finish(self) -> EngineResult:
        """Let every accepted event leave the last stage and return what happened."""
        net, plan = self._net, self._plan
        log = self._books.fresh_log()
        if plan.farm >= 0:
            fn.release_until(
                np.int64(fl.FUTURE - 1), net.g, net.rows, net.ring, net.lists, net.now, net.heap,
                net.slots, net.latency, log.times, log.numbers,
            )  # fmt: skip
        none = np.zeros(0, dtype=np.int64)
        self._hand_over(log, none, none.astype(np.uint8), none)
        end = max(int(net.g[fl.END]), self._last)
        rules, stages, recorded = self._books.close(end)
        saturated = net.g[fl.STATUS] == fl.SATURATED
        return EngineResult(
            end=end,
            accepted=int(net.g[fl.ACCEPTS]),
            rules=rules,
            stages=stages,
            latency_time=net.latency.copy(),
            latency_max=int(net.g[fl.LATENCY_MAX]),
            saturated=plan.stages[int(net.g[fl.WHERE])].name if saturated else "",
            recorded=recorded,
        )

    def _hand_over(
        self, log: fl.Log, times: NDArray[np.int64], flags: NDArray[np.uint8],
        causes: NDArray[np.int64],
    ) -> None:  # fmt: skip
        g = self._net.g
        self._books.add(log, int(g[fl.LOGGED_IN]), int(g[fl.LOGGED_OUT]), times, flags, causes)
        g[fl.LOGGED_IN] = g[fl.LOGGED_OUT] = 0

    def _grow(self, j: int) -> None:
        """Double the rings of stage `j`."""
        net, row = self._net, self._net.rows[j]
        length, count = int(row[fl.MASK]) + 1, int(net.g[fl.ACCEPTS])
        index = np.arange(max(0, count - length), count)
        ring = net.ring
        for column in (fl.BASE, fl.ARRIVES, fl.SIZES):
            if row[column] < 0:
                continue
            new = np.zeros(2 * length, dtype=np.int64)
            new[index % (2 * length)] = ring[int(row[column]) + index % length]
            row[column] = len(ring)
            ring = np.concatenate([ring, new])
        row[fl.MASK] = 2 * length - 1
        self._net = net._replace(ring=ring)


@njit(_nrt=False, nogil=True)
def _play(  # type: ignore[no-untyped-def]
    at, arrivals, flags, draws, kick_time, kick_ring, kick_position, rule, state, rings, veto,
    settings, busy, g, rows, ring, lists, growing, now, heap, slots, load_rows, load_inputs, tables,
    latency, log, accepts, numbers, rule_log, cause, refused,
):  # fmt: skip
    """Decide on candidates from ``at[0]`` on; stop where a ring must grow, the log is full, or the
    run ends."""
    kick, look = at[1], g[fl.ACCEPTS]
    for i in range(at[0], len(arrivals)):
        if g[fl.ACCEPTS] >= look:
            look = g[fl.ACCEPTS] + fl.SLACK
            grow = rooms.must_grow(growing, g, rows)
            if grow >= 0:
                g[fl.STATUS], g[fl.WHERE] = fl.GROW, grow
                break
        if g[fl.LOGGED_IN] == fl.BLOCK or g[fl.LOGGED_OUT] >= fl.BLOCK:
            g[fl.STATUS] = fl.FULL
            break
        time, flag = arrivals[i], np.int64(flags[i])
        while kick < len(kick_time) and kick_time[kick] <= time:
            ft.veto_kick(veto, kick_time[kick], kick_ring[kick], kick_position[kick])
            kick += 1
        short = flag & SHORT != 0
        bits, bit, first = np.uint64(0), np.int64(0), np.int64(0)
        if settings[0] != 0:
            if (settings[1] == 0 or flag & ACTIVITY != 0) and ft.veto_up(veto, time):
                bits, first = np.uint64(1), np.int64(1)
            bit = np.int64(1)
        for b in range(len(busy)):
            if fn.busy(busy[b], time - g[fl.BUSY_LATENCY], g, rows, ring, lists, now, heap, slots,
                       latency, log, numbers):  # fmt: skip
                bits |= np.uint64(1) << np.uint64(bit + b)
                first = bit + b + 1 if first == 0 else first
        bit += len(busy)
        for r in range(len(rule)):
            if ft.refuses(r, time, short, rule, state, rings):
                bits |= np.uint64(1) << np.uint64(bit + r)
                first = bit + r + 1 if first == 0 else first
        cause[i], refused[i] = first, bits
        if flag & PROBE == 0:
            if settings[3] != 0:
                ft.paralyse(time, rule, state)
            if first == ACCEPTED:
                words = draws[i]
                for r in range(len(rule)):
                    ft.accepted(r, time, short, words, rule, state, rings, rule_log,
                                g[fl.LOGGED_IN])  # fmt: skip
                fn.accept_event(
                    time, ft.cells_of(settings[2], short), words, g, rows, ring, lists, now, heap,
                    slots, load_rows, load_inputs, tables, latency, log, accepts, numbers,
                )  # fmt: skip
        at[0] = i + 1
        if g[fl.STATUS] != fl.GOOD:
            break
    at[1] = kick


def _build(plan: Plan, loads: Loads) -> tuple[Throttle, fl.Network]:
    """Lay out all arrays."""
    rule, used = ft.rule_constants(plan, loads.rule_slot)
    n_stages = len(plan.stages)
    n_ordered = sum(stage.ordered for stage in plan.stages)
    servers = plan.stages[plan.farm].servers if plan.farm >= 0 else 1

    def zeros(*shape: int) -> NDArray[np.int64]:
        return np.zeros(shape, dtype=np.int64)

    rows, n_ring = zeros(n_stages, fl.COLUMNS), 0
    most = most_bytes(loads.tables)
    for j in range(n_stages):
        n_ring = _stage(plan, j, rows[j], n_ring)
        if plan.stages[j].depth_bytes:
            rows[j, fl.FIT] = min(rows[j, fl.FIT], plan.stages[j].depth_bytes // max(1, most[j]))
    lists = _lists(plan, rows)
    growing = [
        j
        for j in range(n_ordered + (plan.farm >= 0))
        if rows[j, fl.LIMIT] or rows[j, fl.CAPACITY] or rows[j, fl.ALMOST_FULL]
    ]
    g = zeros(17)
    g[: fl.ACCEPTS] = (
        n_ordered, n_stages, plan.farm, servers, plan.busy_latency, len(lists) - len(plan.sides),
    )  # fmt: skip
    net = fl.Network(
        g, rows, zeros(n_ring), lists, np.array(growing, dtype=np.int64), zeros(5, n_stages),
        np.stack([zeros(servers), zeros(servers), np.arange(servers)]),
        zeros(servers, fl.SLOT_LOADS + 2 * (n_stages - n_ordered)), *loads.tables,
        zeros(TIME_BINS),
    )  # fmt: skip
    apv = [r.samples for r in plan.rules if r.kind == "apv25"]
    settings = [bool(plan.veto), plan.veto_active, apv[0] if apv else 0,
                any(r.paralysable for r in plan.rules)]  # fmt: skip
    rule_now, rings = ft.rule_state(rule, used)
    throttle = Throttle(
        rule, rule_now, rings, ft.veto_state(plan),
        np.array(settings, dtype=np.int64), np.array(plan.busy_stages, dtype=np.int64),
    )  # fmt: skip
    return throttle, net


def _stage(plan: Plan, j: int, row: NDArray[np.int64], used: int) -> int:
    """Fill in the constants of a stage; return the length of the rings so far."""
    stage = plan.stages[j]
    source = stage.inputs == (fl.L1,)
    length = _ring_length(plan, j)
    row[fl.INPUT] = stage.inputs[0] if len(stage.inputs) == 1 else fl.SEVERAL
    row[fl.DELAY] = stage.delay
    row[fl.CREDIT] = 0 if source else stage.credit
    row[fl.DEPTH], row[fl.CAPACITY] = stage.depth, stage.depth_bytes
    row[fl.ALMOST_FULL] = stage.almost_full
    row[fl.LIMIT] = 0 if stage.depth else plan.max_in_stage
    row[fl.FROM_ORDERED] = any(i < 0 or plan.stages[i].ordered for i in stage.inputs)
    row[fl.SPECIAL] = bool(row[fl.LIMIT] or stage.almost_full or stage.depth_bytes)
    row[fl.FIT] = stage.depth or _FIRST_RING
    row[fl.LAST] = fl.NO_ROOM_NEEDED
    row[fl.MASK] = length - 1
    row[fl.ARRIVES] = row[fl.SIZES] = -1
    columns = [fl.BASE]
    columns += [fl.ARRIVES] if stage.almost_full else []
    columns += [fl.SIZES] if stage.depth_bytes else []
    for column in columns:
        row[column], used = used, used + length
    return used


def _lists(plan: Plan, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return inputs and outputs of all stages, and the sides; fill in where each starts."""
    lists: list[int] = []
    for column, what in ((fl.FIRST_INPUT, "inputs"), (fl.FIRST_OUTPUT, "outputs")):
        for j, stage in enumerate(plan.stages):
            rows[j, column] = len(lists)
            lists += [k for k in getattr(stage, what) if k >= 0]
            rows[j, column + 1] = len(lists)
    return np.array([*lists, *plan.sides], dtype=np.int64)


def _ring_length(plan: Plan, j: int) -> int:
    """Return the length of a stage's rings: a power of two."""
    stage = plan.stages[j]
    behind = not stage.ordered and stage.servers == 1
    entries = max(stage.depth or _FIRST_RING, stage.servers)
    if behind and not (stage.depth and not stage.depth_bytes and not stage.almost_full):
        entries = plan.max_in_stage
    return 1 << (entries + fl.SLACK + 2).bit_length()
