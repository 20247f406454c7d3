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
from sim.readout import fast_buffers as fb
from sim.readout import fast_network as fn
from sim.readout import fast_throttle as ft
from sim.readout.arrivals import ACTIVITY as ACTIVE
from sim.readout.arrivals import PROBE, SHORT, Arrivals
from sim.readout.engine import (
    ACCEPTED,
    TIME_BINS,
    UNDECIDED,
    EngineResult,
    Recorded,
    StageStats,
    Verdicts,
    levels_of,
)
from sim.readout.loads import Loads
from sim.readout.lost import lost_event
from sim.readout.plan import Plan

_FIRST_RING = 1 << 12
"""Events for which a stage without depth has room at first."""


class Throttle(NamedTuple):
    """Constants and state of the rules and the veto, see `sim.readout.fast_throttle`.

    Parameters
    ----------
    rule, state : ndarray of int64, shape (n_rules, …)
    heaps : ndarray of int64
    veto : ndarray of int64, shape (n_rings, 8)
    settings : ndarray of int64, shape (4,)
        Veto in use, active veto, samples of an event (0: by its flag), paralysable rules exist.
    busy : ndarray of int64
        Stages that raise BUSY.
    """

    rule: NDArray[np.int64]
    state: NDArray[np.int64]
    heaps: NDArray[np.int64]
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
        self._record = record
        self._last = 0
        self._throttle, self._net = _build(plan, loads, record)

    def feed(self, arrivals: Arrivals, draws: NDArray[np.uint64]) -> Verdicts:
        """Decide on the candidates of a chunk.

        Raises
        ------
        CheckFailed
            When an accepted event finds a front end full: it would be lost.
        """
        n = len(arrivals.time)
        verdicts = Verdicts(np.full(n, UNDECIDED, np.int64), np.zeros(n, np.uint64))
        if self._record:
            self._make_record(n)
        at = np.zeros(2, dtype=np.int64)
        kicks = arrivals.kicks
        while at[0] < n and self._net.g[fn.STATUS] != fn.SATURATED:
            _play(
                at, arrivals.time, arrivals.flags, draws, kicks.time, kicks.ring, kicks.position,
                *self._throttle, *self._net, verdicts.cause, verdicts.refused,
            )  # fmt: skip
            status, where, when = (int(x) for x in self._net.g[fn.STATUS : fn.WHEN + 1])
            if status == fn.GROW:
                self._grow(where)
            elif status == fn.LOST:
                raise lost_event(self._plan, where, when)
        if n:
            self._last = int(arrivals.time[at[0] - 1])
        return verdicts

    def finish(self) -> EngineResult:
        """Let every accepted event leave the last stage and return what happened."""
        net, plan = self._net, self._plan
        fn.release_until(
            np.int64(fn.FUTURE), net.g, net.rows, net.ring, net.hist, net.lists, net.now, net.heap,
            net.slots, net.times,
        )  # fmt: skip
        end = max(int(net.g[fn.END]), self._last)
        ft.leave_heaps(end, self._throttle.rule, self._throttle.state, net.rows, net.ring,
                       self._throttle.heaps)  # fmt: skip
        rules = {
            i: self._statistics(i, rule.name, end, int(self._events(i)))
            for i, rule in enumerate(plan.rules)
            if rule.kind in ("fifo", "apv25")
        }
        n_rules = len(plan.rules)
        stages = [
            self._statistics(n_rules + j, stage.name, end, int(net.rows[n_rules + j, fb.COUNT]))
            for j, stage in enumerate(plan.stages)
        ]
        saturated = net.g[fn.STATUS] == fn.SATURATED
        return EngineResult(
            end=end,
            accepted=int(net.g[fn.ACCEPTS]),
            rules=rules,
            stages=stages,
            latency_time=net.hist[int(net.g[fn.LATENCY_TIMES]) :][:TIME_BINS].copy(),
            latency_max=int(net.g[fn.LATENCY_MAX]),
            saturated=plan.stages[int(net.g[fn.WHERE])].name if saturated else "",
            recorded=self._recorded() if self._record else None,
        )

    def _events(self, rule: int) -> np.int64:
        start = int(self._net.rows[rule, fb.TIMES])
        total: np.int64 = self._net.hist[start : start + TIME_BINS].sum()
        return total

    def _statistics(self, row: int, name: str, end: int, events: int) -> StageStats:
        net = self._net
        fb.advance(row, end, net.rows, net.ring, net.hist)
        return fb.statistics(name, net.rows[row], events, _levels(self._plan, row)[0], net.hist)

    def _grow(self, j: int) -> None:
        """Double the rings of stage `j`."""
        net, row = self._net, self._net.rows[len(self._plan.rules) + j]
        length, count = int(row[fb.MASK]) + 1, int(row[fb.COUNT])
        index = np.arange(max(0, count - length), count)
        ring = net.ring
        for column in (fb.BASE, fn.ARRIVES, fn.SIZES):
            if row[column] < 0:
                continue
            new = np.zeros(2 * length, dtype=np.int64)
            new[index % (2 * length)] = ring[int(row[column]) + index % length]
            row[column] = len(ring)
            ring = np.concatenate([ring, new])
        row[fb.MASK] = 2 * length - 1
        net.g[fn.STATUS] = fn.GOOD
        self._net = net._replace(ring=ring)

    def _make_record(self, n: int) -> None:
        net = self._net
        n_stages = len(self._plan.stages)
        needed = int(net.g[fn.ACCEPTS]) + n - len(net.times)
        if needed > 0:
            more = np.zeros((max(needed, len(net.times)), n_stages + 1, 4), dtype=np.int64)
            self._net = net._replace(times=np.concatenate([net.times, more]))

    def _recorded(self) -> Recorded:
        times = self._net.times[: int(self._net.g[fn.ACCEPTS])]
        return Recorded(times[:, -1, 0].copy(), *(times[:, :-1, k].copy() for k in range(4)))


@njit()
def _play(  # type: ignore[no-untyped-def]
    at, arrivals, flags, draws, kick_time, kick_ring, kick_position, rule, state, heaps, veto,
    settings, busy, g, rows, ring, hist, lists, now, heap, slots, load_rows, load_inputs, tables,
    times, cause, refused,
):  # fmt: skip
    """Decide on candidates from ``at[0]`` on; stop where a ring must grow or the run ends."""
    kick = at[1]
    for i in range(at[0], len(arrivals)):
        grow = fn.must_grow(g, rows)
        if grow >= 0:
            g[fn.STATUS], g[fn.WHERE] = fn.GROW, grow
            break
        time, flag = arrivals[i], np.int64(flags[i])
        while kick < len(kick_time) and kick_time[kick] <= time:
            ft.veto_kick(veto, kick_time[kick], kick_ring[kick], kick_position[kick])
            kick += 1
        short = flag & SHORT != 0
        bits, bit, first = np.uint64(0), np.int64(0), np.int64(0)
        if settings[0] != 0:
            if (settings[1] == 0 or flag & ACTIVE != 0) and ft.veto_up(veto, time):
                bits, first = np.uint64(1), np.int64(1)
            bit = np.int64(1)
        for b in range(len(busy)):
            if fn.busy(busy[b], time - g[fn.BUSY_LATENCY], g, rows, ring, hist, lists, now, heap,
                       slots, times):  # fmt: skip
                bits |= np.uint64(1) << np.uint64(bit + b)
                first = bit + b + 1 if first == 0 else first
        bit += len(busy)
        for r in range(len(rule)):
            if ft.refuses(r, time, short, rule, state, rows, ring, heaps):
                bits |= np.uint64(1) << np.uint64(bit + r)
                first = bit + r + 1 if first == 0 else first
        cause[i], refused[i] = first, bits
        if flag & PROBE == 0:
            ft.watch(time, rule, rows, ring, hist)
            if settings[3] != 0:
                ft.paralyse(time, rule, state)
            if first == ACCEPTED:
                words = draws[i]
                for r in range(len(rule)):
                    ft.accepted(r, time, short, words, rule, state, rows, ring, hist, heaps)
                fn.accept_event(
                    time, ft.cells_of(settings[2], short), words, g, rows, ring, hist, lists, now,
                    heap, slots, load_rows, load_inputs, tables, times,
                )  # fmt: skip
        at[0] = i + 1
        if g[fn.STATUS] != fn.GOOD:
            break
    at[1] = kick


def _build(plan: Plan, loads: Loads, record: bool) -> tuple[Throttle, fn.Network]:
    """Lay out all arrays."""
    rule, heap = ft.rule_constants(plan, loads.rule_slot)
    n_rules, n_stages = len(plan.rules), len(plan.stages)
    n_rows = n_rules + n_stages
    rows = np.zeros((n_rows, fn.STAGE_COLUMNS), dtype=np.int64)
    rows[:, [fn.ARRIVES, fn.SIZES]] = -1
    rows[n_rules:, fn.LAST] = fn.NO_ROOM_NEEDED
    n_ring = n_hist = 0
    for r in range(n_rows):
        length = _ring_length(plan, r)
        if r >= n_rules:
            _stage(plan, r - n_rules, rows[r])
        rows[r, fb.MASK] = length - 1
        used = [fb.BASE]
        used += [fn.ARRIVES] if rows[r, fn.ALMOST_FULL] else []
        used += [fn.SIZES] if rows[r, fn.CAPACITY] else []
        for column in used:
            rows[r, column], n_ring = n_ring, n_ring + length
        count, step = _levels(plan, r)
        rows[r, fb.SHIFT] = step.bit_length() - 1
        for column, bins in ((fb.LEVELS, count), (fb.SEEN, count), (fb.TIMES, TIME_BINS)):
            rows[r, column], n_hist = n_hist, n_hist + bins
    ring = np.zeros(n_ring, dtype=np.int64)
    for r, kept in enumerate(plan.rules):
        if kept.kind == "window":
            ring[rows[r, fb.BASE] :][: kept.count] = ft.NEVER
    servers = plan.stages[plan.farm].servers if plan.farm >= 0 else 1
    n_ordered = sum(stage.ordered for stage in plan.stages)

    def zeros(*shape: int) -> NDArray[np.int64]:
        return np.zeros(shape, dtype=np.int64)

    g = zeros(16)
    g[: fn.ACCEPTS] = (
        n_rules, n_ordered, n_stages, plan.farm, servers, record, plan.busy_latency, n_hist,
    )  # fmt: skip
    slots = zeros(servers, fn.SLOT_LOADS + 2 * (n_stages - n_ordered))
    net = fn.Network(
        g, rows, ring, zeros(n_hist + TIME_BINS), _lists(plan, rows[n_rules:]),
        zeros(5, n_stages), np.stack([zeros(servers), np.arange(servers)]), slots, *loads.tables,
        zeros(0, n_stages + 1, 4),
    )  # fmt: skip
    apv = [r.samples for r in plan.rules if r.kind == "apv25"]
    settings = [bool(plan.veto), plan.veto_active, apv[0] if apv else 0,
                any(r.paralysable for r in plan.rules)]  # fmt: skip
    throttle = Throttle(
        rule, ft.rule_state(rule), zeros(heap), ft.veto_state(plan),
        np.array(settings, dtype=np.int64), np.array(plan.busy_stages, dtype=np.int64),
    )  # fmt: skip
    return throttle, net


def _stage(plan: Plan, j: int, row: NDArray[np.int64]) -> None:
    """Fill in the constants of a stage."""
    stage = plan.stages[j]
    source = stage.inputs == (-1,)
    row[fn.SOURCE], row[fn.DELAY] = source, stage.delay
    row[fn.CREDIT] = 0 if source else stage.credit
    row[fn.DEPTH], row[fn.CAPACITY] = stage.depth, stage.depth_bytes
    row[fn.ALMOST_FULL], row[fn.LIMIT] = stage.almost_full, plan.max_in_stage
    row[fn.FROM_ORDERED] = any(i < 0 or plan.stages[i].ordered for i in stage.inputs)


def _lists(plan: Plan, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return inputs and outputs of all stages, and the sides; fill in where each starts."""
    lists: list[int] = []
    for column, what in ((fn.FIRST_INPUT, "inputs"), (fn.FIRST_OUTPUT, "outputs")):
        for j, stage in enumerate(plan.stages):
            rows[j, column] = len(lists)
            lists += [k for k in getattr(stage, what) if k >= 0]
            rows[j, column + 1] = len(lists)
    return np.array([*lists, *plan.sides], dtype=np.int64)


def _levels(plan: Plan, row: int) -> tuple[int, int]:
    """Return the bins of a buffer's occupancy histogram and the occupancies in each."""
    if row < len(plan.rules):
        return levels_of(plan.rules[row].count)
    return levels_of(plan.stages[row - len(plan.rules)].depth or plan.max_in_stage)


def _ring_length(plan: Plan, row: int) -> int:
    if row < len(plan.rules):
        return fb.ring_length(plan.rules[row].count)
    stage = plan.stages[row - len(plan.rules)]
    behind = not stage.ordered and stage.servers == 1
    if behind and not (stage.depth and not stage.depth_bytes and not stage.almost_full):
        return fb.ring_length(plan.max_in_stage)
    return fb.ring_length(max(stage.depth or _FIRST_RING, stage.servers))
