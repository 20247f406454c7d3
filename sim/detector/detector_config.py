"""What the parameters of every detector have in common."""

from __future__ import annotations

from typing import Any

from firmware_models.errors import InputError
from sim.detector.parameters import Section, joined
from sim.detector.particles import check_code


class DetectorConfig(Section):
    """Sections of a detector, and a field `invisible`: particle codes that leave nothing in it."""

    invisible: tuple[int, ...]

    def check_more(self, place: str) -> None:
        """Check the list of invisible codes."""
        for code in self.invisible:
            check_code(code, joined(place, "invisible"))

    @classmethod
    def read_more(cls, key: str, value: Any, place: str) -> object:
        """Read the nested tables and the list of invisible codes."""
        if key != "invisible":
            return super().read_more(key, value, place)
        if not isinstance(value, list | tuple):
            raise InputError(f"given {value!r}; allowed: a list of particle codes", place=place)
        return tuple(value)
