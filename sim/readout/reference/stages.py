"""The stages of the SimPy engine: queues, servers and the room that is left in them.

A stage learns that an event comes from the call that hands it on, and puts into the calendar only
what takes time: ends of service, ways with a delay and news of room with a delay. A service takes
a quantum or more, so an event never leaves at the instant of its arrival.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from simpy.events import Event

from sim.readout.lost import lost_event
from sim.readout.plan import L1, Plan, StagePlan
from sim.readout.reference.buffer import Buffer
from sim.readout.reference.calendar import DEPARTURES, TRANSFERS, Calendar, Entry

UNLIMITED = 1 << 62


class Accepted:
    """An accepted trigger on its way through the stages."""

    __slots__ = ("gates", "missing", "number", "service", "sinks", "size", "time", "times")

    def __init__(
        self, number: int, time: int, service: list[int], size: list[int], missing: list[int],
        gates: int, sinks: int, times: list[tuple[int, int, int, int]] | None,
    ) -> None:  # fmt: skip
        self.number = number
        self.time = time
        self.service = service
        """Service time in each stage [quanta]."""
        self.size = size
        """Bytes in each stage."""
        self.missing = missing
        """Inputs of each stage that still have to hand it on."""
        self.gates = gates
        """What must happen before it enters the farm."""
        self.sinks = sinks
        """Stages without outputs that it has not left."""
        self.times = times
        """Arrival, start, finish and departure in each stage, if recorded."""


HandOn = Callable[[Accepted, int], None]
"""Takes an event from the stage before, with the time."""


class BusyWire:
    """BUSY of one stage on its way to the throttle."""

    def __init__(self, latency: int) -> None:
        self._latency = latency
        self._changes: deque[tuple[int, bool]] = deque()
        self._up = False

    def change(self, now: int, up: bool) -> None:
        """Raise or lower it at the stage; of several changes at one instant the last counts."""
        self._changes.append((now, up))

    def refuses(self, now: int, flags: int) -> bool:
        """Return whether it is up at the throttle."""
        while self._changes and self._changes[0][0] + self._latency <= now:
            _, self._up = self._changes.popleft()
        return self._up


class Link:
    """The room of one stage as one of its inputs knows it: what was sent and has not come free.

    `events` and `bytes` rise when the input lets an event out and fall when the news comes that it
    has left the stage.
    """

    __slots__ = ("bytes", "depth", "depth_bytes", "events", "source", "target")

    def __init__(self, source: Stage, target: Stage) -> None:
        self.source = source
        self.target = target.number
        self.depth = target.plan.depth or UNLIMITED
        self.depth_bytes = target.plan.depth_bytes
        self.events = self.bytes = 0

    def has_room(self, event: Accepted) -> bool:
        """Return whether an event may be sent; one larger than all room, when nothing is there."""
        if self.events >= self.depth:
            return False
        if not self.depth_bytes or not self.events:
            return True
        return self.bytes + event.size[self.target] <= self.depth_bytes


class Stage(Buffer):
    """A queue, a server, and room for some events.

    Parameters
    ----------
    env : Environment
    plan : Plan
    number : int
        Of the stage in the plan.
    overflows : callable
        Called with a stage that holds `max_in_stage` events.
    gone : callable
        Takes events that have left a stage without outputs.
    """

    __slots__ = (
        "_arrived", "_credit", "_delay", "_end", "_event", "_finish", "_fresh", "_hand_on",
        "_inputs", "_look_at", "_max_in_stage", "_outputs", "_overflows", "_queue",
        "_raises_at", "_whole", "busy", "env", "number", "plan", "waits",
    )  # fmt: skip

    def __init__(
        self, env: Calendar, plan: Plan, number: int, overflows: Callable[[Stage], None],
        gone: HandOn,
    ) -> None:  # fmt: skip
        super().__init__()
        self.env = env
        self.number = number
        self.plan: StagePlan = plan.stages[number]
        self._delay, self._credit = self.plan.delay, self.plan.credit
        self._whole = plan
        self.busy = BusyWire(plan.busy_latency)
        self._raises_at = self.plan.almost_full
        self._max_in_stage = plan.max_in_stage
        self._look_at = self._first_level_to_look_at()
        self._overflows = overflows
        self._fresh = 0
        """Arrivals of the instant `since`: what they find is known when it is over."""
        self._queue: deque[tuple[Accepted, int]] = deque()
        """Events that wait for a server, with their arrival times."""
        self._event: Accepted | None = None
        """In service or waiting for room behind; it came at `_arrived`, its service ends, or has
        ended, at `_finish`."""
        self._arrived = self._finish = 0
        self.waits = False
        """Whether something that is finished waits for room behind."""
        self._end = Entry(env, self._service_ends)
        self._inputs: list[Link] = []
        self._outputs: list[Link] = []
        """Those with limited room only."""
        self._hand_on: list[HandOn] = [] if self.plan.outputs else [gone]

    # Wiring

    def feed(self, target: Stage) -> None:
        """Let another stage take what leaves this one."""
        self._hand_on.append(target.entrance())
        if target.plan.depth or target.plan.depth_bytes:
            link = Link(self, target)
            self._outputs.append(link)
            target._inputs.append(link)

    def opens(self, gate: HandOn) -> None:
        """Have a gate told of what leaves this stage."""
        self._hand_on.append(gate)

    def entrance(self) -> HandOn:
        """Return what an input, or the throttle, calls to hand an event on."""
        if len(self.plan.inputs) > 1:
            return self._collect
        return self._travel if self._delay else self.arrive

    # The way in

    def _collect(self, event: Accepted, now: int) -> None:
        """Take an event from one of several inputs; the last to come sets it going."""
        event.missing[self.number] -= 1
        if not event.missing[self.number]:
            if self._delay:
                self._travel(event, now)
            else:
                self.arrive(event, now)

    def _travel(self, event: Accepted, now: int) -> None:
        Entry(self.env, self._comes, event).after(self._delay, TRANSFERS)

    def _comes(self, entry: Event) -> None:
        self.arrive(entry._value, self.env.now)

    def arrive(self, event: Accepted, now: int) -> None:
        """Take an event whose room is reserved."""
        self._come_in(event, now)
        if self._event is None:
            self._arrived = now
            self._start(event, now)
        else:
            self._queue.append((event, now))

    def _come_in(self, event: Accepted, now: int) -> None:
        if now > self.since:
            self.settle(now)
        self.level = level = self.level + 1
        self._fresh += 1
        if level == self._raises_at:
            self.busy.change(now, True)
        if level >= self._look_at:
            Entry(self.env, self._look, event).after(0, TRANSFERS)

    def settle(self, now: int) -> None:
        """Count the time up to now, and what the arrivals found when its last instant was over."""
        level = self.level
        self.time_at[level] += now - self.since
        self.since = now
        fresh = self._fresh
        if fresh == 1:
            self.seen[level - 1] += 1
        elif fresh:
            for found in range(level - fresh, level):
                self.seen[found] += 1
        self._fresh = 0

    # Too much inside

    def _first_level_to_look_at(self) -> int:
        levels = [] if self.plan.depth else [self._max_in_stage]
        if self.plan.inputs == (L1,):
            levels += [self.plan.depth + 1] if self.plan.depth else []
            levels += [2] if self.plan.depth_bytes else []
        return min(levels, default=UNLIMITED)

    def _look(self, entry: Event) -> None:
        """See whether an event that came at this instant, whose departures are over, has room."""
        if self.plan.inputs == (L1,) and not self._fits():
            raise lost_event(self._whole, self.number, self.env.now)
        if not self.plan.depth and self.level >= self._max_in_stage:
            self._overflows(self)

    def _fits(self) -> bool:
        if self.plan.depth and self.level > self.plan.depth:
            return False
        if not self.plan.depth_bytes or self.level <= 1:
            return True
        inside = [self._event, *(event for event, _ in self._queue)]
        size = sum(event.size[self.number] for event in inside if event is not None)
        return size <= self.plan.depth_bytes

    # Service

    def _start(self, event: Accepted, now: int) -> None:
        time = event.service[self.number]
        self._event = event
        self._finish = now + time
        self.served += time
        end = self._end
        end.callbacks = end.calls
        self.env.schedule(end, DEPARTURES, time)

    def _service_ends(self, entry: Event) -> None:
        self.leave_if_room(self._finish)

    # The way out

    def leave_if_room(self, now: int) -> None:
        """Let out the event whose service has ended, if there is room in all outputs."""
        event = self._event
        assert event is not None
        for link in self._outputs:
            if link.events >= link.depth or (link.depth_bytes and not link.has_room(event)):
                self.waits = True
                return
        if self.waits:
            self.waits = False
            self.blocked += now - self._finish
        if event.times is not None:
            start = self._finish - event.service[self.number]
            event.times[self.number] = (self._arrived, start, self._finish, now)
        self._go_out(now, now - self._arrived)
        if self._queue:
            following, self._arrived = self._queue.popleft()
            self.waited += now - self._arrived
            self._start(following, now)
        else:
            self._event = None
        self._pass_on(event, now)

    def _go_out(self, now: int, stay: int) -> None:
        if now > self.since:
            self.settle(now)
        if self.level == self._raises_at:
            self.busy.change(now, False)
        self.level -= 1
        self.inside += stay
        self.stays.add(stay)

    def _pass_on(self, event: Accepted, now: int) -> None:
        """Hand an event to all outputs and give its room back to the inputs."""
        for link in self._outputs:
            link.events += 1
            if link.depth_bytes:
                link.bytes += event.size[link.target]
        for hand_on in self._hand_on:
            hand_on(event, now)
        if self._inputs:
            if self._credit:
                Entry(self.env, self._credits, event).after(self._credit, DEPARTURES)
            else:
                self._free(event, now)

    def _free(self, event: Accepted, now: int) -> None:
        """Give an event's room back to the inputs and wake those that wait for it."""
        for link in self._inputs:
            link.events -= 1
            if link.depth_bytes:
                link.bytes -= event.size[link.target]
            if link.source.waits:
                link.source.leave_if_room(now)

    def _credits(self, entry: Event) -> None:
        self._free(entry._value, self.env.now)
