"""Injection veto of the SimPy engine."""

from __future__ import annotations

from sim.readout.arrivals import ACTIVITY
from sim.readout.plan import QUANTA, TURN, VetoPlan


class RingVeto:
    """The veto sequence of one ring: a full part, then a gate in each of some turns."""

    def __init__(self, plan: VetoPlan) -> None:
        self._plan = plan
        self._start = self._gated = self._end = 0

    def announce(self, now: int, position: int) -> None:
        """Start a sequence for an injection at a place in the turn [tick], unless one runs."""
        if now < self._end:
            return
        place = (position * QUANTA - self._plan.pre) % TURN
        earliest = now + self._plan.wait
        self._start = earliest + (place - earliest) % TURN
        self._gated = self._start + self._plan.full
        self._end = self._gated + self._plan.gated_turns * TURN

    def up(self, now: int) -> bool:
        """Return whether the window is up."""
        if not self._start <= now < self._end:
            return False
        if now < self._gated:
            return True
        return (now - self._gated) % TURN < self._plan.pre + self._plan.length


class Veto:
    """The windows of all rings together."""

    def __init__(self, plans: tuple[VetoPlan, ...], active: bool) -> None:
        self._rings = [(plan.ring, RingVeto(plan)) for plan in plans]
        self._active = active

    def announce(self, now: int, ring: int, position: int) -> None:
        """Take an announcement: ring 0 HER, 1 LER; place in the turn [tick]."""
        for number, veto in self._rings:
            if number == ring:
                veto.announce(now, position)

    def refuses(self, now: int, flags: int) -> bool:
        """Return whether a candidate with these flags is refused now."""
        if self._active and not flags & ACTIVITY:
            return False
        return any(veto.up(now) for _, veto in self._rings)
