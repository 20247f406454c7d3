"""Configuration sections whose parameters know their unit, range, meaning and source.

A section is a frozen dataclass derived from `Section`; each number is made by `parameter`. Direct
construction and reading from a mapping (TOML) check alike, and the documentation table is made
from the same declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any, Self

from firmware_models.errors import InputError, shortened, unknown_name


@dataclass(frozen=True)
class Parameter:
    """Declaration of one number.

    Parameters
    ----------
    unit : str
        Unit, empty for pure numbers.
    low, high : float
        Allowed range, ends included.
    doc : str
        Meaning.
    source : str
        Where the default comes from, or "assumption".
    """

    unit: str
    low: float
    high: float
    doc: str
    source: str


def parameter(
    default: float, unit: str, low: float, high: float, doc: str, source: str = "assumption"
) -> Any:
    """Declare a number of a section; arguments as in `Parameter`."""
    return field(default=default, metadata={"parameter": Parameter(unit, low, high, doc, source)})


def checked_number(value: object, low: float, high: float, *, place: str) -> float:
    """Return the value as a float, or raise.

    Raises
    ------
    InputError
        It is not a finite number in the range; the message gives place, value and range.
    """
    good = isinstance(value, int | float) and not isinstance(value, bool)
    # Compared as it stands: a whole number may be too large for a float. NaN compares false.
    if not good or not low <= value <= high or not isfinite(value):  # type: ignore[operator, arg-type]
        raise InputError(
            f"given {_brief(value)}; allowed: a number from {low:g} to {high:g}", place=place
        )
    return float(value)  # type: ignore[arg-type]


def _brief(value: object) -> str:
    if isinstance(value, int) and abs(value) > 10**24:
        return "a whole number of more than 24 digits"
    return shortened(repr(value))


def joined(place: str, key: str) -> str:
    """Return the place of a key inside a place."""
    return f"{place}.{key}" if place else key


@dataclass(frozen=True)
class Section:
    """Base of the sections."""

    def __post_init__(self) -> None:
        """Check every declared number."""
        self.check(type(self).__name__)

    def check(self, place: str) -> None:
        """Check every declared number, and what `check_more` adds.

        Raises
        ------
        InputError
            A value is outside its range.
        """
        for item in fields(self):
            declared = item.metadata.get("parameter")
            if declared is not None:
                checked_number(
                    getattr(self, item.name), declared.low, declared.high,
                    place=joined(place, item.name),
                )  # fmt: skip
        self.check_more(place)

    def check_more(self, place: str) -> None:
        """Check what is not a plain number; nothing here."""

    @classmethod
    def from_mapping(cls, mapping: Any, place: str = "") -> Self:
        """Build from a mapping such as a TOML table.

        Parameters
        ----------
        mapping : mapping
            Values by name; names that are left out keep their defaults.
        place : str, optional
            File and path of the table, for messages: ``"study.toml: ecl"``.

        Raises
        ------
        InputError
            An unknown name, a value of the wrong kind or out of range.
        """
        if not isinstance(mapping, Mapping):
            raise InputError(f"given {mapping!r}; allowed: a table of values", place=place)
        known = {item.name: item for item in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in mapping.items():
            if key not in known:
                raise unknown_name("parameter", str(key), known, place=place)
            here = joined(place, key)
            declared = known[key].metadata.get("parameter")
            if declared is not None:
                values[key] = checked_number(value, declared.low, declared.high, place=here)
            else:
                values[key] = cls.read_more(key, value, here)
        try:
            return cls(**values)
        except InputError as error:
            if not place or not error.place.startswith(cls.__name__):
                raise
            text = str(error).removeprefix(f"{error.place}: ")
            here = place + error.place.removeprefix(cls.__name__)
            raise InputError(text, place=here) from None

    @classmethod
    def read_more(cls, key: str, value: object, place: str) -> object:
        """Read what is not a plain number: a nested section or what a subclass knows of."""
        for item in fields(cls):
            section: Any = item.default_factory
            if item.name == key and isinstance(section, type) and issubclass(section, Section):
                return section.from_mapping(value, place)
        return value


def parameter_table(section: type[Section]) -> str:
    """Return a Markdown table of every number of a section and those inside it."""
    rows = [
        f"| `{path}` | {default:g} | {item.unit} | {item.low:g} to {item.high:g} | {item.doc} | "
        f"{item.source} |"
        for path, default, item in describe(section)
    ]
    head = "| parameter | default | unit | allowed | meaning | source |\n|---|---|---|---|---|---|"
    return "\n".join([head, *rows])


def describe(section: type[Section], path: str = "") -> list[tuple[str, float, Parameter]]:
    """Return path, default and declaration of every number of a section and those inside it."""
    rows: list[tuple[str, float, Parameter]] = []
    for item in fields(section):
        here = joined(path, item.name)
        declared = item.metadata.get("parameter")
        inner: Any = item.default_factory
        if declared is not None:
            rows.append((here, float(item.default), declared))  # type: ignore[arg-type]
        elif isinstance(inner, type) and issubclass(inner, Section):
            rows += describe(inner, here)
    return rows
