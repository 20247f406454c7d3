"""The menu as the rest of the trigger sees it: immutable, checked, with names looked up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from firmware_models.errors import unknown_name
from trigger.bits import BitTable, Rows
from trigger.menu.dnf import Dnf
from trigger.menu.document import Document
from trigger.menu.prescale import Prescale
from trigger.menu.printer import to_text
from trigger.menu.syntax import Expression
from trigger.menu.values import Group
from trigger.menu.working_points import FrozenRegisterValues, RegisterValues, thaw

if TYPE_CHECKING:
    from trigger.menu.evaluator import Evaluator


@dataclass(frozen=True)
class Input:
    """One input bit.

    Parameters
    ----------
    name : str
        Such as ``ecl_lml_6``; a bit of a multi-bit value is named ``clst_2``.
    index : int
        Bit of the word `gdl_input`.
    delay, width : int
        Alignment delay (0 to 31) and pulse width (1 to 32) [tick].
    description : str
    """

    name: str
    index: int
    delay: int = 0
    width: int = 1
    description: str = ""


@dataclass(frozen=True)
class Line:
    """One output line.

    Parameters
    ----------
    name : str
    index : int
        Bit of the words `ftdl` and `psnm`.
    logic : str
        The expression as the menu gives it, without veto rules.
    expression : Expression
        The whole logic: definitions replaced, veto rules applied.
    dnf : tuple of terms
        Its sum of products, in the order of the public `.alg` files.
    prescale : Prescale
    description, source : str
    place : str
        File and path, for messages.
    """

    name: str
    index: int
    logic: str
    expression: Expression
    dnf: Dnf
    prescale: Prescale
    description: str = ""
    source: str = ""
    place: str = ""

    @property
    def text(self) -> str:
        """The whole logic as text."""
        return to_text(self.expression)


@dataclass(frozen=True)
class Menu:
    """A trigger menu. Build it with `trigger.menu.load`.

    Parameters
    ----------
    name, version, description : str
    inputs : tuple of Input
        By rising index.
    groups : mapping of str to Group
        Multi-bit inputs by name.
    lines : tuple of Line
        By rising index.
    working_points : mapping
        Name to block to register to value: thresholds that replace a block's defaults.
    document : Document
        What the file says, from which the menu can be written again.
    """

    name: str
    version: str
    description: str
    inputs: tuple[Input, ...]
    groups: Mapping[str, Group]
    lines: tuple[Line, ...]
    working_points: Mapping[str, FrozenRegisterValues]
    document: Document

    def __reduce__(self) -> tuple[Callable[[Document], Menu], tuple[Document]]:
        """Travel to other processes as the document, and be built again there."""
        from trigger.menu.build import build

        return build, (self.document,)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the lines, by rising index."""
        return tuple(line.name for line in self.lines)

    @cached_property
    def input_index(self) -> Mapping[str, int]:
        """Index of each input bit by name."""
        return {item.name: item.index for item in self.inputs}

    @property
    def n_inputs(self) -> int:
        """Rows that the evaluator takes: the highest input index plus one."""
        return max((item.index for item in self.inputs), default=-1) + 1

    @cached_property
    def _by_name(self) -> Mapping[str, Line]:
        return {line.name: line for line in self.lines}

    def line(self, name: str) -> Line:
        """Return the line of that name.

        Raises
        ------
        InputError
            With the nearest valid name.
        """
        if name not in self._by_name:
            raise unknown_name("line", name, self.names, place=f"menu {self.name}")
        return self._by_name[name]

    def working_point(self, name: str) -> RegisterValues:
        """Return a named set of thresholds: register values by block and register.

        Raises
        ------
        InputError
            With the nearest valid name.
        """
        if name not in self.working_points:
            raise unknown_name(
                "working point", name, self.working_points, place=f"menu {self.name}"
            )
        return thaw(self.working_points[name])

    @cached_property
    def sha256(self) -> str:
        """Hash of everything that decides: logic, indices, prescales, delays, working points.

        Descriptions and the way the logic is written do not enter.
        """
        text = json.dumps(self._content(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def _content(self) -> dict[str, object]:
        return {
            "name": self.name,
            "version": self.version,
            "inputs": [[i.name, i.index, i.delay, i.width] for i in self.inputs],
            "groups": [[g.name, g.kind, g.bits] for g in self.groups.values()],
            "lines": [
                [x.name, x.index, x.text, str(x.prescale), x.prescale.mode, x.prescale.phase]
                for x in self.lines
            ],
            "working_points": {n: thaw(point) for n, point in self.working_points.items()},
        }

    def compile(self) -> Evaluator:
        """Return the bit-sliced evaluator: input rows to line rows."""
        return self._evaluator

    @cached_property
    def _evaluator(self) -> Evaluator:
        from trigger.menu.evaluator import Evaluator

        return Evaluator.of(self)

    def without_producer(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the inputs that some line uses and that are not among the names."""
        given = set(names)
        used = {name for line in self.lines for term in line.dnf for name, _ in term}
        return tuple(i.name for i in self.inputs if i.name in used and i.name not in given)

    def input_rows(self, table: BitTable) -> Rows:
        """Place named rows at their input index; rows that nobody gives are 0.

        Parameters
        ----------
        table : BitTable
            Rows by the names of input bits; names that the menu does not know are left out.

        Returns
        -------
        ndarray of uint64, shape (n_inputs, n_words)
        """
        rows = np.zeros((self.n_inputs, table.rows.shape[1]), dtype=np.uint64)
        for row, name in enumerate(table.names):
            if name in self.input_index:
                rows[self.input_index[name]] = table.rows[row]
        return rows

    def decide(self, table: BitTable) -> BitTable:
        """Return the lines before prescale, for input rows by name.

        Parameters
        ----------
        table : BitTable
            Rows by the names of input bits.

        Returns
        -------
        BitTable
            One row a line, by rising index.
        """
        rows = self.compile()(self.input_rows(table), table.n_events)
        return BitTable(self.names, rows, table.n_events)
