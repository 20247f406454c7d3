"""The throttle rules of the SimPy engine that emulate a buffer: events enter, wait and leave."""

from __future__ import annotations

from collections import defaultdict, deque
from heapq import heappop, heappush

from sim.readout.arrivals import SHORT
from sim.readout.engine import StageStats
from sim.readout.plan import RulePlan
from sim.readout.reference.buffer import Buffer


class RuleBuffer(Buffer):
    """A buffer whose events leave when it is looked at after their time."""

    __slots__ = ("_accepted", "_plan")

    def __init__(self, plan: RulePlan) -> None:
        super().__init__()
        self._plan = plan
        self._accepted = 0

    def advance(self, now: int) -> None:
        """Let everything leave that leaves until now."""
        raise NotImplementedError

    def empty(self) -> None:
        """Let everything leave."""
        raise NotImplementedError

    def offer(self, now: int) -> None:
        """Count what a candidate finds inside, accepted or not."""
        self.seen[self.level] += 1

    def enter(self, now: int, n: int) -> None:
        """Count an event that takes n places."""
        self.settle(now)
        self.level += n
        self.most = max(self.most, self.level)
        self._accepted += 1

    def close(self, end: int) -> StageStats:
        """Return what was counted: times of the buffer until `end`, of all its events in full."""
        self.advance(end)
        self.settle(end)
        until_end, self.time_at = self.time_at, defaultdict(int)
        self.empty()
        self.time_at = until_end
        return self.stats(self._plan.name, self._plan.count, self._accepted, self.most)


class Fifo(RuleBuffer):
    """Servers with one queue; a full one refuses."""

    __slots__ = ("_in_service", "_queue")

    def __init__(self, plan: RulePlan) -> None:
        super().__init__(plan)
        self._queue: deque[tuple[int, int]] = deque()
        """Accept and service times of those that wait."""
        self._in_service: list[tuple[int, int]] = []
        """End of service and accept time, the earliest end first."""

    def refuses(self, now: int, flags: int) -> bool:
        """Return whether the buffer is full now."""
        self.advance(now)
        return self.level >= self._plan.count

    def accept(self, now: int, flags: int, service: int) -> None:
        """Take an event."""
        self.enter(now, 1)
        if len(self._in_service) < self._plan.servers:
            self._start(now, now, service)
        else:
            self._queue.append((now, service))

    def advance(self, now: int) -> None:
        """Let everything leave that leaves until now."""
        while self._in_service and self._in_service[0][0] <= now:
            self._leave()

    def empty(self) -> None:
        """Let everything leave."""
        while self._in_service:
            self._leave()

    def _start(self, now: int, accepted: int, service: int) -> None:
        self.waited += now - accepted
        self.served += service
        heappush(self._in_service, (now + service, accepted))

    def _leave(self) -> None:
        now, accepted = heappop(self._in_service)
        self.settle(now)
        self.level -= 1
        self.inside += now - accepted
        self.stays.add(now - accepted)
        if self._queue:
            self._start(now, *self._queue.popleft())


class _Readout:
    """An event in the APV25: its cells are read one a frame."""

    __slots__ = ("accepted", "cells", "left")

    def __init__(self, accepted: int, cells: int) -> None:
        self.accepted = accepted
        self.cells = self.left = cells


class Apv25(RuleBuffer):
    """Cells that accepted events hold until they are read out, one event after another."""

    __slots__ = ("_events", "_frame_end")

    def __init__(self, plan: RulePlan) -> None:
        super().__init__(plan)
        self._events: deque[_Readout] = deque()
        """The first is being read out, or about to be."""
        self._frame_end = 0
        """Of the first event's next cell."""

    def refuses(self, now: int, flags: int) -> bool:
        """Return whether there are too few free cells now."""
        self.advance(now)
        return self.level + self._cells(flags) > self._plan.count

    def accept(self, now: int, flags: int, service: int) -> None:
        """Take an event."""
        cells = self._cells(flags)
        self.enter(now, cells)
        self._events.append(_Readout(now, cells))
        if len(self._events) == 1:
            self._start(now + self._plan.processing)

    def advance(self, now: int) -> None:
        """Read all frames that end until now."""
        while self._events and self._frame_end <= now:
            self._end_frame()

    def empty(self) -> None:
        """Read all frames."""
        while self._events:
            self._end_frame()

    def _cells(self, flags: int) -> int:
        return samples_of(self._plan.samples, flags)

    def _start(self, earliest: int) -> None:
        """Start to read the first event at the first grid point not before."""
        event = self._events[0]
        start = earliest + -earliest % self._plan.grid
        self.waited += start - event.accepted
        self.served += event.cells * self._plan.time
        self._frame_end = start + self._plan.time

    def _end_frame(self) -> None:
        now = self._frame_end
        event = self._events[0]
        event.left -= 1
        if not self._plan.by_event:
            self._free(now, 1, event.accepted)
        if event.left:
            self._frame_end += self._plan.time
            return
        self._events.popleft()
        if self._plan.by_event:
            self._free(now, event.cells, event.accepted)
        self.stays.add(now - event.accepted)
        if self._events:
            self._start(now)

    def _free(self, now: int, cells: int, accepted: int) -> None:
        self.settle(now)
        self.level -= cells
        self.inside += cells * (now - accepted)


def samples_of(samples: int, flags: int) -> int:
    """Return the samples of an event: 3 or 6; by its flag where `samples` is 0 (mixed)."""
    return samples or (3 if flags & SHORT else 6)
