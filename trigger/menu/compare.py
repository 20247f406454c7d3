"""Differences between two menus, by what the lines do and not by how they are written."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_models.errors import InputError
from trigger.menu.diagram import Diagrams, pattern_text
from trigger.menu.model import Line, Menu


@dataclass(frozen=True)
class Change:
    """One difference.

    Parameters
    ----------
    kind : str
        ``added removed logic prescale index input delay width working_point``.
    name : str
        Line, input or working point.
    old, new : str
        What it was and is; empty where it does not exist.
    example : str
        For ``logic``: a pattern of inputs for which the two differ.
    """

    kind: str
    name: str
    old: str = ""
    new: str = ""
    example: str = ""


def compare(old: Menu, new: Menu) -> tuple[Change, ...]:
    """Return the changes from one menu to another.

    Lines are matched by name. Their logic counts as changed when some pattern of inputs (by name)
    gives another answer.
    """
    changes = [*_names(old, new)]
    for line in old.lines:
        if line.name in new.names:
            changes += _line(old, line, new, new.line(line.name))
    changes += _inputs(old, new)
    for name in sorted({*old.working_points, *new.working_points}):
        before, after = _point_text(old, name), _point_text(new, name)
        if before != after:
            changes.append(Change("working_point", name, before, after))
    return tuple(changes)


def _point_text(menu: Menu, name: str) -> str:
    if name not in menu.working_points:
        return ""
    return " ".join(
        f"{block}.{register}={value}"
        for block, registers in sorted(menu.working_points[name].items())
        for register, value in sorted(registers.items())
    )


def _names(old: Menu, new: Menu) -> list[Change]:
    removed = [Change("removed", x.name, old=x.text) for x in old.lines if x.name not in new.names]
    added = [Change("added", x.name, new=x.text) for x in new.lines if x.name not in old.names]
    return removed + added


def _line(old: Menu, before: Line, new: Menu, after: Line) -> list[Change]:
    changes = []
    example = logic_difference(old, before, new, after)
    if example is not None:
        changes.append(Change("logic", before.name, before.text, after.text, example))
    if before.prescale != after.prescale:
        changes.append(
            Change("prescale", before.name, _prescale_text(before), _prescale_text(after))
        )
    if before.index != after.index:
        changes.append(Change("index", before.name, str(before.index), str(after.index)))
    return changes


def _prescale_text(line: Line) -> str:
    phase = f", phase {line.prescale.phase}" if line.prescale.phase else ""
    return f"{line.prescale} ({line.prescale.mode}{phase})"


def logic_difference(old: Menu, before: Line, new: Menu, after: Line) -> str | None:
    """Return a pattern of inputs for which two lines differ, as text; None when they are equal."""
    diagrams = Diagrams()
    try:
        left = diagrams.of(before.expression, old.groups)
        right = diagrams.of(after.expression, new.groups)
    except InputError as error:
        raise InputError(str(error), place=f"line {before.name}") from None
    pattern = diagrams.distinguish(left, right)
    return None if pattern is None else pattern_text(pattern)


def _inputs(old: Menu, new: Menu) -> list[Change]:
    changes = []
    before = {item.name: item for item in old.inputs}
    after = {item.name: item for item in new.inputs}
    for name in [*before, *(n for n in after if n not in before)]:
        if name not in after:
            changes.append(Change("input", name, old=f"index {before[name].index}"))
        elif name not in before:
            changes.append(Change("input", name, new=f"index {after[name].index}"))
        else:
            for kind in ("index", "delay", "width"):
                pair = getattr(before[name], kind), getattr(after[name], kind)
                if pair[0] != pair[1]:
                    kind_name = "input" if kind == "index" else kind
                    changes.append(
                        Change(kind_name, name, f"{kind} {pair[0]}", f"{kind} {pair[1]}")
                    )
    return changes
