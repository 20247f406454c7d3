"""Meaning of the names in expressions: inputs, multi-bit values, definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from firmware_models.errors import InputError, nearest, shortened
from trigger.menu.document import Document
from trigger.menu.parser import parse
from trigger.menu.syntax import Compare, Expression, Name, leaves, measure, replace_names
from trigger.menu.tokens import fault
from trigger.menu.values import BINARY, Group, check_comparison

MAX_NODES, MAX_DEPTH = 20_000, 200
"""Size of one line once its definitions are replaced; more is refused."""


class Names:
    """The names of one menu; resolves expressions.

    Parameters
    ----------
    document : Document
    bits : set of str
        Names of all input bits.
    groups : mapping of str to Group
    """

    def __init__(self, document: Document, bits: set[str], groups: Mapping[str, Group]) -> None:
        self._bits, self._groups = bits, groups
        self._outputs = {entry.name for entry in document.outputs}
        self._place = {entry.name: str(entry.place) for entry in document.definitions}
        for entry in document.definitions:
            if entry.name in bits or entry.name in groups:
                raise InputError(
                    f"the definition {entry.name!r} has the name of an input",
                    place=str(entry.place),
                )
        self._text = {entry.name: entry.logic for entry in document.definitions}
        self._parsed = {name: parse(text, self._place[name]) for name, text in self._text.items()}
        self._meaning: dict[str, Expression] = {}
        self._size: dict[str, tuple[int, int]] = {}
        for name in self._order():
            self._meaning[name] = self._replace(
                self._parsed[name], self._text[name], self._place[name]
            )
            self._size[name] = measure(self._parsed[name], self._size)

    def resolve(self, text: str, place: str) -> Expression:
        """Parse an expression, check its names and replace its definitions.

        Raises
        ------
        InputError
            With the position of the first name that is undefined or used as another kind.
        """
        return self._replace(parse(text, place), text, place)

    def _replace(self, expression: Expression, text: str, place: str) -> Expression:
        for leaf in leaves(expression):
            self._check(leaf, text, place)
        nodes, depth = measure(expression, self._size)
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            raise InputError(
                f"with its definitions the expression has {nodes} parts and {depth} levels; "
                f"at most {MAX_NODES} and {MAX_DEPTH} are allowed",
                place=place,
            )
        return replace_names(expression, lambda name: self._meaning.get(name.name, name))

    def _check(self, leaf: Name | Compare, text: str, place: str) -> None:
        name = leaf.name
        if isinstance(leaf, Compare) and name in self._groups:
            try:
                check_comparison(self._groups[name], leaf)
            except InputError as error:
                raise fault(str(error), text, leaf.column, place) from None
        elif isinstance(leaf, Compare) and name in self._bits:
            raise fault(self._single(name), text, leaf.column, place)
        elif isinstance(leaf, Compare) and name in self._parsed:
            raise fault(f"{name!r} is a definition, true or false; it cannot be compared with a "
                        "number", text, leaf.column, place)  # fmt: skip
        elif isinstance(leaf, Name) and name in self._groups:
            raise fault(self._many(self._groups[name]), text, leaf.column, place)
        elif name not in self._bits and name not in self._parsed:
            self._undefined(leaf, text, place)

    def _single(self, name: str) -> str:
        stem, _, digit = name.rpartition("_")
        hint = f"write {name} or not {name}"
        if stem in self._groups and digit.isdigit():
            group = self._groups[stem]
            hint = f"{hint}, or compare the whole value: {stem} > 0 (0 to {group.highest})"
        return f"{name!r} is one bit and cannot be compared with a number; {hint}"

    @staticmethod
    def _many(group: Group) -> str:
        if group.kind == BINARY:
            return (f"{group.name!r} is a {len(group.bits)}-bit binary number, not a condition; "
                    f"compare it, as in {group.name} > 0 (0 to {group.highest})")  # fmt: skip
        return (f"{group.name!r} is a one-hot count, not a condition; compare it, as in "
                f"{group.name} > 0, or use one of its bits {', '.join(group.bits)}")  # fmt: skip

    def _undefined(self, leaf: Name | Compare, text: str, place: str) -> NoReturn:
        allowed = sorted({*self._bits, *self._groups, *self._parsed})
        near = nearest(shortened(leaf.name), allowed)
        hint = f"; nearest: {near!r}" if near else ""
        if leaf.name in self._outputs:
            hint = "; it is an output, and outputs cannot be used in logic: make a definition of it"
        raise fault(
            f"undefined name {shortened(leaf.name)!r}{hint}; allowed: the {len(allowed)} names of "
            "inputs and definitions",
            text,
            leaf.column,
            place,
        )

    def _order(self) -> list[str]:
        """Return the definitions, each after those it uses; refuse cycles."""
        done: dict[str, None] = {}
        for first in self._parsed:
            path: list[str] = []
            stack = [(first, False)]
            while stack:
                name, leaving = stack.pop()
                if leaving:
                    done[name] = None
                    path.pop()
                elif name not in done:
                    if name in path:
                        cycle = " -> ".join([*path[path.index(name) :], name])
                        raise InputError(
                            f"definitions use each other in a circle: {cycle}",
                            place=self._place[name],
                        )
                    path.append(name)
                    stack.append((name, True))
                    used = {leaf.name for leaf in leaves(self._parsed[name])}
                    stack += [(n, False) for n in sorted(used) if n in self._parsed]
        return list(done)
