"""The text of a cut with a position: takes words from it, says where an error is."""

from __future__ import annotations

import re

from firmware_models.errors import InputError, shortened

SHOWN = 80
"""Characters of a cut that messages show, around the position."""


class CutText:
    """Text that is read from left to right; `at` is the next character.

    Parameters
    ----------
    text : str
        What the user wrote.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> int:
        """Pass white space and return the position."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at

    def take(self, pattern: str) -> str:
        """Return and pass the text that matches here, or an empty string."""
        found = re.compile(pattern).match(self.text, self.skip())
        if found:
            self.at = found.end()
        return found.group() if found else ""

    def word(self, name: str) -> bool:
        """Say whether the word stands here, and pass it."""
        return bool(self.take(rf"{name}\b"))

    def expect(self, symbol: str) -> None:
        """Pass the symbol or raise."""
        if not self.take(re.escape(symbol)):
            raise self.error(self.at, repr(symbol))

    def error(self, start: int, allowed: str) -> InputError:
        """Build the error for what stands at `start`."""
        found = re.compile(r"\w+|\S").match(self.text, start)
        given = repr(shortened(found.group())) if found else "the end"
        return InputError(f"{given} stands where {allowed} is needed", place=self.place(start))

    def place(self, start: int) -> str:
        """Return the text and the position, counted from 1."""
        if len(self.text) <= SHOWN:
            return f"cut {self.text!r}, position {start + 1}"
        left = max(0, min(start - SHOWN // 2, len(self.text) - SHOWN))
        part = self.text[left : left + SHOWN]
        return f"cut {'…' if left else ''}{part!r}…, position {start + 1}"
