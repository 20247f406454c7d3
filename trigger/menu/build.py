"""From what a menu file says to a checked menu."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from firmware_models.errors import InputError, unknown_name
from trigger.menu.dnf import MAX_MENU_TERMS, to_dnf
from trigger.menu.document import Document, OutputEntry, VetoEntry
from trigger.menu.model import Input, Line, Menu
from trigger.menu.names import Names
from trigger.menu.syntax import And, Expression, Not
from trigger.menu.values import Group
from trigger.menu.working_points import resolve


def build(document: Document) -> Menu:
    """Check a document and return its menu.

    Raises
    ------
    InputError
        At the first fault: doubled names or indices, undefined names, cycles, comparisons that
        are always or never true, values of one kind used as another, unknown blocks or registers.
    """
    inputs, groups = _inputs(document)
    names = Names(document, {item.name for item in inputs}, groups)
    if not document.outputs:
        raise InputError(
            "the menu has no outputs; needed: [outputs.NAME]", place=str(document.place)
        )
    _unique_outputs(document.outputs)
    vetoes = _vetoes(document, names)
    lines = tuple(
        _line(entry, names, groups, vetoes)
        for entry in sorted(document.outputs, key=lambda entry: entry.index)
    )
    _check_size(lines)
    working_points = {
        name: resolve(point, f"{document.place.below('working_points')}.{name}")
        for name, point in document.working_points.items()
    }
    return Menu(
        name=document.name,
        version=document.version,
        description=document.description,
        inputs=tuple(sorted(inputs, key=lambda item: item.index)),
        groups=MappingProxyType(groups),
        lines=lines,
        working_points=MappingProxyType(working_points),
        document=document,
    )


def _inputs(document: Document) -> tuple[list[Input], dict[str, Group]]:
    inputs: list[Input] = []
    groups: dict[str, Group] = {}
    owner: dict[int, str] = {}
    known: set[str] = set()
    for entry in document.inputs:
        many = len(entry.indices) > 1
        bits = (
            tuple(f"{entry.name}_{i}" for i in range(len(entry.indices))) if many else (entry.name,)
        )
        if many:
            groups[entry.name] = Group(entry.name, entry.kind, bits)
        for name in {*bits, entry.name}:
            if name in known:
                raise InputError(f"the input name {name!r} is given twice", place=str(entry.place))
            known.add(name)
        for name, index in zip(bits, entry.indices, strict=True):
            if index in owner:
                raise InputError(
                    f"index {index} belongs to input {owner[index]!r} already",
                    place=str(entry.place.below("index")),
                )
            owner[index] = name
            inputs.append(Input(name, index, entry.delay, entry.width, entry.description))
    return inputs, groups


def _unique_outputs(outputs: Iterable[OutputEntry]) -> None:
    names: set[str] = set()
    owner: dict[int, str] = {}
    for entry in outputs:
        if entry.name in names:
            raise InputError(f"the output {entry.name!r} is given twice", place=str(entry.place))
        if entry.index in owner:
            raise InputError(
                f"index {entry.index} belongs to output {owner[entry.index]!r} already",
                place=str(entry.place.below("index")),
            )
        names.add(entry.name)
        owner[entry.index] = entry.name


def _vetoes(document: Document, names: Names) -> list[tuple[VetoEntry, Expression]]:
    outputs = [entry.name for entry in document.outputs]
    for veto in document.vetoes:
        for key, listed in (("lines", veto.lines or ()), ("except", veto.exceptions)):
            for name in listed:
                if name not in outputs:
                    raise unknown_name("output", name, outputs, place=str(veto.place.below(key)))
    return [(veto, names.resolve(veto.logic, str(veto.place.below("logic"))))
            for veto in document.vetoes]  # fmt: skip


def _line(
    entry: OutputEntry,
    names: Names,
    groups: Mapping[str, Group],
    vetoes: list[tuple[VetoEntry, Expression]],
) -> Line:
    place = str(entry.place.below("logic"))
    expression = names.resolve(entry.logic, place)
    applied = [logic for veto, logic in vetoes if _applies(veto, entry.name)]
    if applied:
        factors = expression.operands if isinstance(expression, And) else (expression,)
        expression = And((*factors, *(Not(logic) for logic in applied)))
    return Line(
        name=entry.name,
        index=entry.index,
        logic=entry.logic,
        expression=expression,
        dnf=to_dnf(expression, groups, place),
        prescale=entry.prescale,
        description=entry.description,
        source=entry.source,
        place=str(entry.place),
    )


def _check_size(lines: tuple[Line, ...]) -> None:
    total = 0
    for line in lines:
        total += len(line.dnf)
        if total > MAX_MENU_TERMS:
            raise InputError(
                f"the logic of the lines up to this one expands into {total} products; allowed "
                f"in one menu: {MAX_MENU_TERMS}",
                place=line.place,
            )


def _applies(veto: VetoEntry, line: str) -> bool:
    if veto.lines is not None:
        return line in veto.lines
    return line not in veto.exceptions
