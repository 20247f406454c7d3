"""The calendar of the SimPy engine: integer times, and entries that call one function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simpy import Environment
from simpy.events import Event, EventPriority

DEPARTURES, TRANSFERS, ANNOUNCEMENTS, CANDIDATES = (EventPriority(i) for i in range(4))
"""Order of what happens at one instant. Nothing after the departures makes another departure."""


class Calendar(Environment):
    """SimPy's environment with integer times [quanta]."""

    def __init__(self) -> None:
        super().__init__(initial_time=0)

    @property
    def now(self) -> int:
        """Time of what happens now [quanta]."""
        return self._now  # type: ignore[return-value]


class Entry(Event):
    """An entry of the calendar that calls one function; it may be entered again and again."""

    def __init__(self, env: Calendar, call: Callable[[Any], None], value: object = None) -> None:
        super().__init__(env)
        self._ok = True
        self._value = value
        self.calls = [call]

    def after(self, delay: int, priority: EventPriority) -> None:
        """Enter it into the calendar."""
        self.callbacks = self.calls
        self.env.schedule(self, priority, delay)
