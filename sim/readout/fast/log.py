"""The books of the fast engine: statistics and records from the log, in a second thread.

The recursion fills one block of the log while others are counted; the kernels of both release the
interpreter's lock.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from sim.readout.arrivals import PROBE
from sim.readout.engine import ACCEPTED, Recorded, StageStats, levels_of
from sim.readout.fast import layout as fl
from sim.readout.fast import throttle as ft
from sim.readout.fast.statistics import Counter
from sim.readout.plan import Plan

_LOGS = 4
"""Blocks of the log: one being filled, others waiting to be counted."""


class Bookkeeper:
    """Takes blocks of the log and counts them, in order.

    Parameters
    ----------
    plan : Plan
    record : bool
        Keep the times of every accepted event.
    """

    def __init__(self, plan: Plan, *, record: bool) -> None:
        self._plan = plan
        self._logs = [_make_log(plan) for _ in range(_LOGS)]
        self._waiting: list[Future[None] | None] = [None] * _LOGS
        self._next = 0
        self._worker = ThreadPoolExecutor(1)
        self._stages = [
            Counter(stage.name, *levels_of(stage.depth or plan.max_in_stage))
            for stage in plan.stages
        ]
        self._rules = {
            i: Counter(rule.name, *levels_of(rule.count))
            for i, rule in enumerate(plan.rules)
            if rule.kind in ft.BUFFERS
        }
        self._parts: list[list[NDArray[np.int64]]] | None = [] if record else None

    def fresh_log(self) -> fl.Log:
        """Return a block that is free."""
        waiting = self._waiting[self._next]
        if waiting is not None:
            waiting.result()
        return self._logs[self._next]

    def add(
        self, log: fl.Log, n_in: int, n_out: int, times: NDArray[np.int64],
        flags: NDArray[np.uint8], causes: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Take the block that was filled last.

        Parameters
        ----------
        log : Log
            From `fresh_log`.
        n_in, n_out : int
            Accepted and released events in it.
        times, flags, causes : ndarray, shape (n,)
            The candidates that it covers, and their verdicts.
        """
        self._waiting[self._next] = self._worker.submit(
            self._count, log, n_in, n_out, times, flags, causes
        )
        self._next = (self._next + 1) % _LOGS

    def close(self, end: int) -> tuple[dict[int, StageStats], list[StageStats], Recorded | None]:
        """Return the statistics of buffers and stages until `end`, and the record."""
        for waiting in self._waiting:
            if waiting is not None:
                waiting.result()
        self._worker.shutdown()
        rules = {i: counter.finish(end) for i, counter in self._rules.items()}
        return rules, [counter.finish(end) for counter in self._stages], self._recorded()

    def _count(
        self, log: fl.Log, n_in: int, n_out: int, times: NDArray[np.int64],
        flags: NDArray[np.uint8], causes: NDArray[np.int64],
    ) -> None:  # fmt: skip
        for j, counter in enumerate(self._stages):
            own = log.times[j]
            if j == self._plan.farm:
                counter.add_released(
                    own[fl.LOG_SERVICE, :n_in], own[fl.LOG_ARRIVE, :n_out],
                    own[fl.LOG_START, :n_out], own[fl.LOG_FINISH, :n_out],
                    own[fl.LOG_DEPART, :n_out],
                )  # fmt: skip
            else:
                n = n_in if self._plan.stages[j].ordered else n_out
                counter.add(own[fl.LOG_ARRIVE, :n], own[fl.LOG_SERVICE, :n], own[fl.LOG_DEPART, :n])
        if self._rules:
            real = (flags & PROBE) == 0
            for i, counter in self._rules.items():
                self._count_buffer(i, counter, log.rules[i], n_in, times[real],
                                   causes[real] == ACCEPTED)  # fmt: skip
        if self._parts is not None:
            self._keep(log, n_in, n_out)

    def _count_buffer(
        self, i: int, counter: Counter, own: NDArray[np.int64], n: int, times: NDArray[np.int64],
        accepted: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        rule = self._plan.rules[i]
        start, end = own[ft.LOG_START, :n], own[ft.LOG_END, :n]
        entering = accepted.astype(np.int64)
        leaving = end
        if rule.kind == "apv25":
            cells = (end - start) // rule.time
            entering[accepted] = cells
            leaving = np.repeat(end, cells)
            if not rule.by_event:
                # Cell k of an event is free at the end of frame k.
                later = np.repeat(np.cumsum(cells), cells)
                leaving = leaving - (later - 1 - np.arange(len(leaving))) * rule.time
        counter.add_candidates(times, entering, start, end, leaving)

    def _keep(self, log: fl.Log, n_in: int, n_out: int) -> None:
        assert self._parts is not None
        self._parts.append([
            log.accepts[:n_in].copy(), log.numbers[:n_out].copy(),
            log.times[:, :, : max(n_in, n_out)].copy(), np.array([n_in, n_out]),
        ])  # fmt: skip

    def _recorded(self) -> Recorded | None:
        """Put the blocks together, every stage in the order of accepts."""
        if self._parts is None:
            return None
        accept = np.concatenate([part[0] for part in self._parts])
        numbers = np.concatenate([part[1] for part in self._parts])
        n_stages = len(self._plan.stages)
        arrive, start, finish, depart = (
            np.zeros((len(accept), n_stages), dtype=np.int64) for _ in range(4)
        )
        for j, stage in enumerate(self._plan.stages):
            rows = [
                part[2][j, :, : int(part[3][0 if stage.ordered else 1])] for part in self._parts
            ]
            own = np.concatenate(rows, axis=1)
            order = slice(None) if stage.ordered else numbers
            arrive[order, j], depart[order, j] = own[fl.LOG_ARRIVE], own[fl.LOG_DEPART]
            if j == self._plan.farm:
                start[order, j], finish[order, j] = own[fl.LOG_START], own[fl.LOG_FINISH]
            else:
                before = np.concatenate([own[fl.LOG_ARRIVE][:1], own[fl.LOG_DEPART][:-1]])
                begins = np.maximum(own[fl.LOG_ARRIVE], before)
                start[order, j], finish[order, j] = begins, begins + own[fl.LOG_SERVICE]
        return Recorded(accept, arrive, start, finish, depart)


def _make_log(plan: Plan) -> fl.Log:
    servers = plan.stages[plan.farm].servers if plan.farm >= 0 else 0
    released = fl.BLOCK + servers
    # Only the stages behind the farm fill more than a block.
    return fl.Log(
        np.zeros((len(plan.stages), 5, released), dtype=np.int64),
        np.zeros(fl.BLOCK, dtype=np.int64),
        np.zeros(released, dtype=np.int64),
        np.zeros((len(plan.rules), 2, fl.BLOCK), dtype=np.int64),
    )
