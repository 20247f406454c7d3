"""The readable engine: a discrete-event simulation on SimPy's calendar.

Every candidate, injection announcement, end of service and delayed transfer is an entry of the
calendar; at one instant they come in the order of its priorities (`calendar.py`).
docs/reference/readout.md states the rules that this engine shares with `sim.readout.fast.engine`.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray
from simpy.events import Event

from sim.readout.arrivals import PROBE, Arrivals
from sim.readout.engine import UNDECIDED, EngineResult, Recorded, StageStats, Verdicts
from sim.readout.loads import Loads
from sim.readout.plan import L1, Plan
from sim.readout.reference.buffer import Times
from sim.readout.reference.calendar import ANNOUNCEMENTS, CANDIDATES, Calendar, Entry
from sim.readout.reference.farm import Farm
from sim.readout.reference.rule_buffers import samples_of
from sim.readout.reference.stages import Accepted, Stage
from sim.readout.reference.throttle import Throttle


class SimpyEngine:
    """A simulation that takes candidates chunk by chunk.

    When a stage without depth holds `max_in_stage` events, the run is over for candidates: those
    from that instant on get the verdict `UNDECIDED`, nothing refuses them and nothing counts them.
    What was accepted before still goes its way; the last bins of the occupancy histograms hold
    whatever lies above `max_in_stage`.

    Parameters
    ----------
    plan : Plan
    loads : Loads
    record : bool
        Keep the times of every accepted event in every stage.
    """

    def __init__(self, plan: Plan, loads: Loads, *, record: bool = False) -> None:
        self._plan, self._loads, self._record = plan, loads, record
        self._env = Calendar()
        self._stages = [
            (Farm if number == plan.farm else Stage)(
                self._env, plan, number, self._overflows, self._gone
            )
            for number in range(len(plan.stages))
        ]
        self._connect()
        self._throttle = Throttle(plan, loads, [self._stages[i].busy for i in plan.busy_stages])
        self._fronts = [s.entrance() for s in self._stages if s.plan.inputs == (L1,)]
        self._missing = [len(stage.inputs) for stage in plan.stages]
        self._sinks = sum(not stage.outputs for stage in plan.stages)
        self._sizes_matter = any(stage.depth_bytes for stage in plan.stages)
        self._apv_samples = next((r.samples for r in plan.rules if r.kind == "apv25"), 0)

        self._chunk = _Chunk.empty()
        self._next = 0
        self._candidate_entry = Entry(self._env, self._candidate)
        self._kicks: deque[tuple[int, int, int]] = deque()
        self._kick_entry = Entry(self._env, self._kick)

        self._accepted = self._inside = 0
        self._last_candidate = self._last_departure = 0
        self._saturated: Stage | None = None
        self._saturated_at = -1
        self._latency = Times()
        self._recorded: list[Accepted] = []

    def _connect(self) -> None:
        for number, stage in enumerate(self._stages):
            for k in self._plan.stages[number].outputs:
                stage.feed(self._stages[k])
        farm = self._stages[self._plan.farm] if self._plan.farm >= 0 else None
        if isinstance(farm, Farm):
            for number in self._plan.sides:
                self._stages[number].opens(farm.gate)

    def feed(self, arrivals: Arrivals, draws: NDArray[np.uint64]) -> Verdicts:
        """Decide on the candidates of a chunk, and let happen what happens until the last.

        Parameters
        ----------
        arrivals : Arrivals
        draws : ndarray of uint64, shape (n, words)
            Their random words, see `sim.readout.loads.Loads.draw`.

        Returns
        -------
        Verdicts
            `UNDECIDED`, with nothing refusing, after a stage has saturated.

        Raises
        ------
        CheckFailed
            When an accepted event finds a front end full: it would be lost.
        """
        flags = arrivals.flags.tolist()
        samples = [samples_of(self._apv_samples, flag) for flag in flags]
        service, size = self._loads.events(draws, np.array(samples, dtype=np.int64))
        self._chunk = _Chunk(self._env, arrivals.time.tolist(), flags, draws, service, size)
        self._next = 0
        self._announce_kicks(arrivals)
        if flags:
            self._schedule_candidate()
            self._env.run(until=self._chunk.decided)
        return Verdicts(
            np.array(self._chunk.cause, dtype=np.int64),
            np.array(self._chunk.refused, dtype=np.uint64),
        )

    def finish(self) -> EngineResult:
        """Let every accepted event leave the last stage and return what happened."""
        while self._inside:
            self._env.step()
        end = max(self._last_departure, self._last_candidate)
        return EngineResult(
            end=end,
            accepted=self._accepted,
            rules={i: buffer.close(end) for i, buffer in self._throttle.buffers.items()},
            stages=[self._stats(stage, end) for stage in self._stages],
            latency_time=np.array(self._latency.counts, dtype=np.int64),
            latency_max=self._latency.longest,
            saturated=self._saturated.plan.name if self._saturated else "",
            recorded=self._times() if self._record else None,
        )

    # Candidates

    def _schedule_candidate(self) -> None:
        delay = self._chunk.time[self._next] - self._env.now
        self._candidate_entry.after(delay, CANDIDATES)

    def _candidate(self, entry: Event) -> None:
        chunk, i = self._chunk, self._next
        if self._saturated:
            chunk.decided.succeed()
            return
        now = self._last_candidate = self._env.now
        refused = self._throttle.ask(now, chunk.flags[i])
        chunk.refused[i] = refused
        # The number of the lowest bit, from 1; 0 when nothing refuses.
        chunk.cause[i] = (refused & -refused).bit_length()
        if not refused and not chunk.flags[i] & PROBE:
            self._accept(now, i)
        self._next += 1
        if self._next < len(chunk.time):
            self._schedule_candidate()
        else:
            chunk.decided.succeed()

    def _accept(self, now: int, i: int) -> None:
        chunk = self._chunk
        words = chunk.draws[i].tolist() if self._throttle.draws else []
        self._throttle.accept(now, chunk.flags[i], words)
        event = Accepted(
            self._accepted,
            now,
            chunk.service[i].tolist(),
            chunk.size[i].tolist() if self._sizes_matter else [],
            self._missing.copy(),
            1 + len(self._plan.sides),
            self._sinks,
            [(0, 0, 0, 0)] * len(self._stages) if self._record else None,
        )
        self._accepted += 1
        if self._record:
            self._recorded.append(event)
        if self._fronts:
            self._inside += 1
            for front in self._fronts:
                front(event, now)
        else:
            self._latency.add(0)

    # Announcements

    def _announce_kicks(self, arrivals: Arrivals) -> None:
        kicks = arrivals.kicks
        waiting = bool(self._kicks)
        self._kicks.extend(
            zip(kicks.time.tolist(), kicks.ring.tolist(), kicks.position.tolist(), strict=True)
        )
        if self._kicks and not waiting:
            self._schedule_kick()

    def _schedule_kick(self) -> None:
        self._kick_entry.after(self._kicks[0][0] - self._env.now, ANNOUNCEMENTS)

    def _kick(self, entry: Event) -> None:
        _, ring, position = self._kicks.popleft()
        self._throttle.veto.announce(self._env.now, ring, position)
        if self._kicks:
            self._schedule_kick()

    # Ends

    def _overflows(self, stage: Stage) -> None:
        """Take note of the first stage with too many inside; at one instant, the lowest number."""
        now, first = self._env.now, self._saturated
        if first is None or (now == self._saturated_at and stage.number < first.number):
            self._saturated, self._saturated_at = stage, now

    def _gone(self, event: Accepted, now: int) -> None:
        event.sinks -= 1
        if not event.sinks:
            self._inside -= 1
            self._last_departure = now
            self._latency.add(now - event.time)

    # Results

    def _stats(self, stage: Stage, end: int) -> StageStats:
        stage.settle(end)
        capacity = stage.plan.depth or self._plan.max_in_stage
        most = max(stage.seen, default=-1) + 1
        return stage.stats(stage.plan.name, capacity, sum(stage.seen.values()), most)

    def _times(self) -> Recorded:
        accept = np.array([event.time for event in self._recorded], dtype=np.int64)
        shape = (len(accept), len(self._stages), 4)
        times = np.array([event.times for event in self._recorded], dtype=np.int64).reshape(shape)
        return Recorded(accept, *(np.ascontiguousarray(times[..., k]) for k in range(4)))


class _Chunk:
    """The candidates of one chunk, and the verdicts on them so far."""

    def __init__(
        self, env: Calendar, time: list[int], flags: list[int], draws: NDArray[np.uint64],
        service: NDArray[np.int64], size: NDArray[np.int64],
    ) -> None:  # fmt: skip
        self.time, self.flags, self.draws = time, flags, draws
        self.service, self.size = service, size
        self.cause = [UNDECIDED] * len(time)
        self.refused = [0] * len(time)
        self.decided = env.event()
        """Happens when all verdicts are there."""

    @classmethod
    def empty(cls) -> _Chunk:
        """Return no candidates."""
        none = np.zeros((0, 0), dtype=np.int64)
        return cls(Calendar(), [], [], none.astype(np.uint64), none, none)
