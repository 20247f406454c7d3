"""The throttle of the SimPy engine: one object for each cause of a refusal.

The rules are clockworks without a calendar of their own: asked at a time, each first does what
was due until then. Times never fall. Asking changes no verdict, so probes may ask.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from sim.readout.arrivals import PROBE
from sim.readout.loads import Loads, exponential
from sim.readout.plan import Plan, RulePlan
from sim.readout.reference.rule_buffers import Apv25, Fifo
from sim.readout.reference.stages import BusyWire
from sim.readout.reference.veto import Veto


class Cause(Protocol):
    """Something that may refuse a candidate."""

    def refuses(self, now: int, flags: int) -> bool:
        """Return whether a candidate with these flags is refused now."""
        ...


class Rule(Cause, Protocol):
    """A rule of the throttle: it remembers what was accepted."""

    def offer(self, now: int) -> None:
        """Take note of a candidate, accepted or not, before it is accepted."""
        ...

    def accept(self, now: int, flags: int, service: int) -> None:
        """Take note of an accepted candidate; `service` is its time in this rule [quanta]."""
        ...


class MinSpacing:
    """At least `time` between accepts."""

    def __init__(self, plan: RulePlan) -> None:
        self._time = plan.time
        self._last: int | None = None

    def refuses(self, now: int, flags: int) -> bool:
        return self._last is not None and now - self._last < self._time

    def offer(self, now: int) -> None:
        pass

    def accept(self, now: int, flags: int, service: int) -> None:
        self._last = now


class DeadTime:
    """Closed for `time` after an accept, or after any candidate when paralysable."""

    def __init__(self, plan: RulePlan) -> None:
        self._time = plan.time
        self._paralysable = plan.paralysable
        self._end = 0

    def refuses(self, now: int, flags: int) -> bool:
        return now < self._end

    def offer(self, now: int) -> None:
        if self._paralysable:
            self._end = now + self._time

    def accept(self, now: int, flags: int, service: int) -> None:
        self._end = now + self._time


class Window:
    """At most `count` accepts in any `time`."""

    def __init__(self, plan: RulePlan) -> None:
        self._time = plan.time
        self._count = plan.count
        self._accepts: deque[int] = deque()

    def refuses(self, now: int, flags: int) -> bool:
        while self._accepts and now - self._accepts[0] >= self._time:
            self._accepts.popleft()
        return len(self._accepts) >= self._count

    def offer(self, now: int) -> None:
        pass

    def accept(self, now: int, flags: int, service: int) -> None:
        self._accepts.append(now)


class LeakyBucket:
    """Tokens that accepts take and a timer gives back."""

    def __init__(self, plan: RulePlan) -> None:
        self._size = self._tokens = plan.count
        self._drain = plan.time
        self._free_timer = plan.free_timer
        self._next_token = 0

    def refuses(self, now: int, flags: int) -> bool:
        while self._tokens < self._size and self._next_token <= now:
            self._tokens += 1
            self._next_token += self._drain
        return self._tokens == 0

    def offer(self, now: int) -> None:
        pass

    def accept(self, now: int, flags: int, service: int) -> None:
        if self._tokens == self._size:
            past = now % self._drain if self._free_timer else 0
            self._next_token = now - past + self._drain
        self._tokens -= 1


class Throttle:
    """All causes in the plan's order; the first that refuses is the cause.

    Parameters
    ----------
    plan : Plan
    loads : Loads
    busy : list of BusyWire
        Those of the plan's `busy_stages`.
    """

    def __init__(self, plan: Plan, loads: Loads, busy: list[BusyWire]) -> None:
        self.veto = Veto(plan.veto, plan.veto_active)
        self._rules = [_rule(rule) for rule in plan.rules]
        self._causes: list[Cause] = [*([self.veto] if plan.veto else []), *busy, *self._rules]
        self._times = [rule.time for rule in plan.rules]
        self._slots = loads.rule_slot
        self.buffers: dict[int, Fifo | Apv25] = {
            i: rule for i, rule in enumerate(self._rules) if isinstance(rule, Fifo | Apv25)
        }

    def ask(self, now: int, flags: int) -> int:
        """Return a bit for each cause that refuses a candidate; one that is no probe is noted."""
        refused = 0
        bit = 1
        for cause in self._causes:
            if cause.refuses(now, flags):
                refused |= bit
            bit <<= 1
        if not flags & PROBE:
            for rule in self._rules:
                rule.offer(now)
        return refused

    def accept(self, now: int, flags: int, words: list[int]) -> None:
        """Take note of a candidate that nothing refused.

        Parameters
        ----------
        now : int
        flags : int
        words : list of int
            The candidate's random words; may be empty when no rule draws.
        """
        for rule, time, slot in zip(self._rules, self._times, self._slots, strict=True):
            if slot >= 0:
                time = drawn_time(time, words, slot)
            rule.accept(now, flags, time)

    @property
    def draws(self) -> bool:
        """Whether a rule needs a candidate's random words."""
        return any(slot >= 0 for slot in self._slots)


def drawn_time(mean: int, words: list[int], slot: int) -> int:
    """Return an exponential time [quanta] from the 32-bit slot of a candidate's words."""
    return exponential(mean, (words[slot // 64] >> slot % 64) & 0xFFFFFFFF)


def _rule(plan: RulePlan) -> Rule:
    kinds: dict[str, type[Rule]] = {
        "min_spacing": MinSpacing, "dead_time": DeadTime, "window": Window,
        "leaky_bucket": LeakyBucket, "fifo": Fifo, "apv25": Apv25,
    }  # fmt: skip
    return kinds[plan.kind](plan)  # type: ignore[call-arg]
