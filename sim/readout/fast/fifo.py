"""The fast engine for the simplest readout: one buffer with fixed service, and nothing else.

A classic of dead-time studies, and worth a loop of its own: a few nanoseconds a candidate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_models.kernels import njit
from sim.readout.arrivals import PROBE, Arrivals
from sim.readout.engine import (
    TIME_BINS,
    EngineResult,
    Recorded,
    Verdicts,
    levels_of,
    time_bin,
)
from sim.readout.fast.statistics import (
    CLOCK,
    EVENTS,
    FULLEST,
    INSIDE,
    INSIDE_MAX,
    SERVED,
    WAITED,
    WEIGHTED,
    Counter,
)
from sim.readout.plan import Plan


def is_one_fifo(plan: Plan) -> bool:
    """Return whether a plan is one fifo with fixed service and one server, and nothing else."""
    if plan.stages or plan.veto or len(plan.rules) != 1:
        return False
    rule = plan.rules[0]
    return rule.kind == "fifo" and rule.servers == 1 and not rule.exponential


class FifoEngine:
    """See `sim.readout.engine.Engine`; for plans of which `is_one_fifo` holds."""

    def __init__(self, plan: Plan, *, record: bool = False) -> None:
        rule = plan.rules[0]
        self._rule = rule
        self._levels, self._step = levels_of(rule.count)
        self._counter = Counter(rule.name, self._levels, self._step)
        length = 1 << rule.count.bit_length()
        self._ring = np.zeros(length, dtype=np.int64)
        # Events that entered and left, the last departure.
        self._state = np.zeros(3, dtype=np.int64)
        self._last = 0
        self._accepts: list[NDArray[np.int64]] | None = [] if record else None

    def feed(self, arrivals: Arrivals, draws: NDArray[np.uint64]) -> Verdicts:
        """Decide on the candidates of a chunk; the random words are not needed."""
        cause = np.empty(len(arrivals.time), dtype=np.int64)
        counter = self._counter
        _play_fifo(
            arrivals.time, arrivals.flags, np.int64(self._rule.count), np.int64(self._rule.time),
            self._state, self._ring, np.int64(self._step.bit_length() - 1), counter.sums,
            counter.time_at, counter.seen, counter.inside_time, cause,
        )  # fmt: skip
        counter.settle()
        if len(cause):
            self._last = int(arrivals.time[-1])
        if self._accepts is not None:
            self._accepts.append(arrivals.time[(cause == 0) & ((arrivals.flags & PROBE) == 0)])
        return Verdicts(cause, cause.view(np.uint64))

    def finish(self) -> EngineResult:
        """Let every accepted event leave and return what happened."""
        entered, left, _ = self._state.tolist()
        pending = self._ring[np.arange(left, entered) & (len(self._ring) - 1)]
        accepted = int(self._counter.sums[EVENTS])
        rules = {0: self._counter.finish_with(pending, entered - left, self._last)}
        latency = np.zeros(TIME_BINS, dtype=np.int64)
        latency[0] = accepted
        recorded = None
        if self._accepts is not None:
            accept = np.concatenate([np.zeros(0, dtype=np.int64), *self._accepts])
            nothing = [np.zeros((accepted, 0), dtype=np.int64) for _ in range(4)]
            recorded = Recorded(accept, *nothing)
        return EngineResult(
            end=self._last, accepted=accepted, rules=rules, stages=[], latency_time=latency,
            latency_max=0, saturated="", recorded=recorded,
        )  # fmt: skip


@njit(nogil=True)
def _play_fifo(  # type: ignore[no-untyped-def]
    times, flags, depth, service, state, ring, shift, sums, time_at, seen, inside_time, cause
):
    mask = len(ring) - 1
    entered, left, last = state[0], state[1], state[2]
    clock, weighted = sums[CLOCK], sums[WEIGHTED]
    fullest, longest = sums[FULLEST], sums[INSIDE_MAX]
    waited, first = sums[WAITED], entered
    inside_sum = np.int64(0)
    inside = entered - left
    for i in range(len(times)):
        time = times[i]
        while inside > 0:
            leaves = ring[left & mask]
            if leaves > time:
                break
            time_at[inside >> shift] += leaves - clock
            weighted += inside * (leaves - clock)
            clock = leaves
            left += 1
            inside -= 1
        full = inside >= depth
        cause[i] = full
        if flags[i] & PROBE:
            continue
        time_at[inside >> shift] += time - clock
        weighted += inside * (time - clock)
        clock = time
        seen[inside >> shift] += 1
        if not full:
            start = max(time, last)
            last = start + service
            ring[entered & mask] = last
            entered += 1
            inside += 1
            fullest = max(fullest, inside)
            waited += start - time
            inside_sum += last - time
            longest = max(longest, last - time)
            inside_time[time_bin(last - time)] += 1
    state[0], state[1], state[2] = entered, left, last
    sums[CLOCK], sums[WEIGHTED], sums[FULLEST] = clock, weighted, fullest
    sums[INSIDE_MAX], sums[WAITED] = longest, waited
    sums[EVENTS] += entered - first
    sums[SERVED] += (entered - first) * service
    sums[INSIDE] += inside_sum
