"""What a menu file says, before its meaning is checked: the same for TOML and public files."""

from __future__ import annotations

from dataclasses import dataclass, field

from trigger.menu.prescale import Prescale


@dataclass(frozen=True)
class Place:
    """Where something stands: the file, and the path or line in it."""

    file: str
    path: str

    def __str__(self) -> str:
        """Return file and path as messages show them."""
        return f"{self.file}: {self.path}" if self.path else self.file

    def below(self, name: str) -> Place:
        """Return the place of an entry inside this one; a line of a text file has none."""
        if self.path.startswith("line "):
            return self
        return Place(self.file, f"{self.path}.{name}" if self.path else name)


@dataclass(frozen=True)
class InputEntry:
    """One input: a bit, or a multi-bit value (`indices` from the lowest bit up)."""

    name: str
    kind: str
    indices: tuple[int, ...]
    delay: int
    width: int
    description: str
    place: Place


@dataclass(frozen=True)
class DefinitionEntry:
    """One named expression."""

    name: str
    logic: str
    place: Place


@dataclass(frozen=True)
class VetoEntry:
    """One veto rule: `logic` suppresses the lines (None: all) save the exceptions."""

    name: str
    logic: str
    lines: tuple[str, ...] | None
    exceptions: tuple[str, ...]
    place: Place


@dataclass(frozen=True)
class OutputEntry:
    """One output line."""

    name: str
    index: int
    logic: str
    prescale: Prescale
    description: str
    source: str
    place: Place


Setting = int | str | tuple[int | str, ...]
WorkingPoint = dict[str, dict[str, Setting]]
"""Block to register to setting: a register value, or a text with number and unit."""


@dataclass(frozen=True)
class Document:
    """One menu file."""

    name: str
    version: str
    description: str
    place: Place
    inputs: tuple[InputEntry, ...]
    definitions: tuple[DefinitionEntry, ...] = ()
    vetoes: tuple[VetoEntry, ...] = ()
    outputs: tuple[OutputEntry, ...] = ()
    working_points: dict[str, WorkingPoint] = field(default_factory=dict)
