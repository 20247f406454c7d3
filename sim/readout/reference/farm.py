"""The stage of several servers of the SimPy engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

from simpy.events import Event

from sim.readout.plan import Plan
from sim.readout.reference.calendar import DEPARTURES, Calendar, Entry
from sim.readout.reference.stages import UNLIMITED, Accepted, HandOn, Stage


class _Job:
    """An event in service; the first to finish comes first, on a tie the first accepted."""

    __slots__ = ("arrived", "event", "finish")

    def __init__(self, event: Accepted, arrived: int, finish: int) -> None:
        self.event = event
        self.arrived = arrived
        self.finish = finish


class Farm(Stage):
    """A stage of several servers: events leave it in the order in which they finish.

    Thousands of events may be in service. They wait in a heap of the farm's own, and only the first
    to finish is in the calendar, which stays short for everybody else.
    """

    __slots__ = ("_finished", "_idle", "_jobs", "_next")

    def __init__(
        self, env: Calendar, plan: Plan, number: int, overflows: Callable[[Stage], None],
        gone: HandOn,
    ) -> None:  # fmt: skip
        super().__init__(env, plan, number, overflows, gone)
        self._idle = self.plan.servers
        self._jobs: list[tuple[int, int, _Job]] = []
        """In service: when they finish, number of the event."""
        self._next = UNLIMITED
        """When the calendar will next look at the jobs."""
        self._finished: deque[_Job] = deque()
        """Jobs that wait for room behind, in the order of finishing."""

    def arrive(self, event: Accepted, now: int) -> None:
        """Open the last of the event's gates but those of the ordered stages beside the farm."""
        self.gate(event, now)

    def gate(self, event: Accepted, now: int) -> None:
        """Open one of the event's gates; it enters when all are open."""
        event.gates -= 1
        if event.gates:
            return
        self._come_in(event, now)
        if self._idle:
            self._idle -= 1
            self._begin(event, now, now)
        else:
            self._queue.append((event, now))

    def _begin(self, event: Accepted, arrived: int, now: int) -> None:
        time = event.service[self.number]
        self.waited += now - arrived
        self.served += time
        heappush(self._jobs, (now + time, event.number, _Job(event, arrived, now + time)))
        self._look_later(now)

    def _look_later(self, now: int) -> None:
        """See to it that the calendar looks when the first job finishes."""
        first = self._jobs[0][0]
        if first < self._next:
            self._next = first
            Entry(self.env, self._jobs_finish).after(first - now, DEPARTURES)

    def _jobs_finish(self, entry: Event) -> None:
        """Let out the jobs that finish now, if there is room."""
        now = self.env.now
        if now != self._next:
            return  # an earlier job took the place of the one that asked
        self._next = UNLIMITED
        while self._jobs and self._jobs[0][0] == now:
            self._finished.append(heappop(self._jobs)[2])
        self.leave_if_room(now)
        if self._jobs:
            self._look_later(now)

    def leave_if_room(self, now: int) -> None:
        """Let finished jobs out, the first first, as far as there is room in all outputs."""
        self.waits = False
        while self._finished:
            job = self._finished[0]
            event = job.event
            if not all(link.has_room(event) for link in self._outputs):
                self.waits = True
                return
            self._finished.popleft()
            self.blocked += now - job.finish
            if event.times is not None:
                start = job.finish - event.service[self.number]
                event.times[self.number] = (job.arrived, start, job.finish, now)
            self._go_out(now, now - job.arrived)
            if self._queue:
                following, arrived = self._queue.popleft()
                self._begin(following, arrived, now)
            else:
                self._idle += 1
            self._pass_on(event, now)
