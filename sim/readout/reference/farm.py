"""The stage of several servers of the SimPy engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from sim.readout.plan import Plan
from sim.readout.reference.calendar import DEPARTURES, Calendar, Entry
from sim.readout.reference.stages import Accepted, HandOn, Stage


class _Job(Entry):
    """An event in the farm; its own entry for the end of its service."""

    def __init__(self, farm: Farm, event: Accepted, arrived: int) -> None:
        super().__init__(farm.env, farm.finishes)
        self.event = event
        self.arrived = arrived
        self.finished = 0


class Farm(Stage):
    """A stage of several servers: events leave it in the order in which they finish."""

    __slots__ = ("_finished", "_idle")

    def __init__(
        self, env: Calendar, plan: Plan, number: int, overflows: Callable[[Stage], None],
        gone: HandOn,
    ) -> None:  # fmt: skip
        super().__init__(env, plan, number, overflows, gone)
        self._idle = self.plan.servers
        self._finished: deque[_Job] = deque()
        """Jobs that wait for room behind. They finish in the order of the calendar, which for the
        same instant is that of their starts, the order of accepts."""

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
        _Job(self, event, arrived).after(time, DEPARTURES)

    def finishes(self, job: _Job) -> None:
        """Let a job out whose service ends now, if there is room."""
        job.finished = self.env.now
        self._finished.append(job)
        self.leave_if_room(job.finished)

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
            self.blocked += now - job.finished
            if event.times is not None:
                start = job.finished - event.service[self.number]
                event.times[self.number] = (job.arrived, start, job.finished, now)
            self._go_out(now, now - job.arrived)
            if self._queue:
                following, arrived = self._queue.popleft()
                self._begin(following, arrived, now)
            else:
                self._idle += 1
            self._pass_on(event, now)
