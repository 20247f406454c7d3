"""Checked reading of TOML tables: each fault is one message with path, given and allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from firmware_models.errors import InputError, unknown_name
from trigger.menu.document import Place
from trigger.menu.tokens import KEYWORDS

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_NAME = 64


class Section:
    """One TOML table, read key by key; `finish` refuses the keys that nobody asked for."""

    def __init__(self, value: Any, place: Place) -> None:
        if not isinstance(value, dict):
            raise InputError(f"must be a table, not {shown(value)}", place=str(place))
        self._table: dict[str, Any] = value
        self._read: list[str] = []
        self.place = place

    def __contains__(self, key: str) -> bool:
        """Tell whether the key is there."""
        return key in self._table

    def finish(self) -> None:
        """Refuse keys that were not read."""
        for key in self._table:
            if key not in self._read:
                raise unknown_name("key", key, self._read, place=str(self.place))

    def entries(self) -> Iterator[tuple[str, Any, Place]]:
        """Yield every key as a checked name, with its value and place."""
        for key, value in self._table.items():
            yield valid_name(key, self.place.below(key)), value, self.place.below(key)

    def raw(self, key: str, default: Any = None) -> Any:
        """Return a value as it stands."""
        self._read.append(key)
        return self._table.get(key, default)

    def section(self, key: str) -> Section:
        """Return a table inside; an empty one when it is missing."""
        return Section(self.raw(key, {}), self.place.below(key))

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string."""
        value = self.raw(key, default)
        if value is None:
            raise self._missing(key, "a text")
        if not isinstance(value, str):
            raise self._wrong(key, "a text in quotes", value)
        return value

    def choice(self, key: str, allowed: Iterable[str], default: str | None) -> str | None:
        """Return one of the allowed words, or the default."""
        value = self.raw(key, default)
        if value == default:
            return default
        if not isinstance(value, str):
            raise self._wrong(key, "one of " + ", ".join(allowed), value)
        if value not in allowed:
            raise unknown_name(key, value, allowed, place=str(self.place.below(key)))
        return value

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number in [low, high]."""
        value = self.raw(key, default)
        if value is None:
            raise self._missing(key, f"a whole number from {low} to {high}")
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._wrong(key, f"a whole number from {low} to {high}", value)
        return value

    def number(self, key: str, allowed: str) -> int | Decimal:
        """Return a number, whole or decimal."""
        return number(self.raw(key), allowed, self.place.below(key))

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of names; empty when missing."""
        value = self.raw(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, "a list of names", value)
        return tuple(value)

    def _missing(self, key: str, needed: str) -> InputError:
        return InputError(f"'{key}' is missing; needed: {needed}", place=str(self.place))

    def _wrong(self, key: str, allowed: str, value: Any) -> InputError:
        return InputError(
            f"must be {allowed}, not {shown(value)}", place=str(self.place.below(key))
        )


def number(value: Any, allowed: str, place: Place) -> int | Decimal:
    """Return a number, whole or decimal, or refuse with what is allowed."""
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        raise InputError(f"must be {allowed}, not {shown(value)}", place=str(place))
    return value


def valid_name(name: str, place: Place) -> str:
    """Return a name that expressions can use, or refuse it."""
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise InputError(
            f"a name must be 1 to {MAX_NAME} letters, digits and underscores and not begin with "
            f"a digit, not {shown(name)}",
            place=str(place),
        )
    if name.lower() in KEYWORDS:
        raise InputError(f"{name!r} is a word of the expression language", place=str(place))
    return name


def shown(value: Any) -> str:
    """Return a value as messages show it: short, in the terms of TOML."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**24:
        return "a whole number of more than 24 digits"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
