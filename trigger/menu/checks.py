"""What is allowed in a menu but deserves a look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firmware_models.errors import InputError, nearest
from trigger.menu.constant_inputs import CONSTANT_INPUTS, UNKNOWN
from trigger.menu.diagram import constant
from trigger.menu.inputs import PRODUCERS
from trigger.menu.interpret import input_names
from trigger.menu.model import Line, Menu
from trigger.menu.syntax import Name, leaves
from trigger.menu.values import BINARY

WARNING, NOTE = "warning", "note"


@dataclass(frozen=True)
class Finding:
    """One remark about a menu: `level` is ``warning`` or ``note``."""

    level: str
    place: str
    message: str


def findings(menu: Menu) -> tuple[Finding, ...]:
    """Return all remarks, warnings first.

    Warnings: lines that can never or always fire, single bits of a binary number used as
    conditions, inputs that this trigger does not know. Notes: lines that need an input which is 0
    here, masked lines, lines with equal logic, inputs that no line uses, definitions that nothing
    uses.
    """
    found = [*_constant_lines(menu), *_bits_of_numbers(menu), *_unknown_inputs(menu)]
    found += [*_lines_without_input(menu), *_masked(menu), *_twins(menu)]
    found += [*_unused_inputs(menu), *_unused_definitions(menu)]
    return tuple(sorted(found, key=lambda item: item.level != WARNING))


def _place(line: Line) -> str:
    return line.place or f"outputs.{line.name}"


def _constant_lines(menu: Menu) -> Iterator[Finding]:
    for line in menu.lines:
        try:
            value = constant(line.expression, menu.groups)
        except InputError:
            yield Finding(NOTE, _place(line), "too large to tell whether it can fire")
            continue
        if value is not None:
            verb = "always fires" if value else "can never fire"
            yield Finding(
                WARNING, _place(line), f"the line {verb}, whatever the inputs: {line.text}"
            )


def _bits_of_numbers(menu: Menu) -> Iterator[Finding]:
    owner = {
        bit: (group, i)
        for group in menu.groups.values() if group.kind == BINARY
        for i, bit in enumerate(group.bits)
    }  # fmt: skip
    for line in menu.lines:
        used = {leaf.name for leaf in leaves(line.expression) if isinstance(leaf, Name)}
        for name in sorted(used & set(owner)):
            group, i = owner[name]
            yield Finding(
                WARNING,
                _place(line),
                f"{name!r} is bit {i} (worth {1 << i}) of the binary number {group.name!r}, not a "
                f"count of {i + 1}; a comparison such as {group.name} > {i} may be meant",
            )


def _unknown_inputs(menu: Menu) -> Iterator[Finding]:
    known = {*PRODUCERS, *CONSTANT_INPUTS}
    for entry in menu.document.inputs:
        group = menu.groups.get(entry.name)
        bits = [name for name in (group.bits if group else (entry.name,)) if name not in known]
        if bits:
            near = nearest(bits[0], sorted(known))
            hint = f" (nearest to {bits[0]!r}: {near!r})" if near else ""
            yield Finding(WARNING, str(entry.place), f"{', '.join(bits)}: {UNKNOWN}{hint}")


def _lines_without_input(menu: Menu) -> Iterator[Finding]:
    for line in menu.lines:
        needed = [{n for n, sign in term if sign and n not in PRODUCERS} for term in line.dnf]
        if needed and all(needed):
            names = sorted(set.union(*needed))
            said = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} always 0"
            yield Finding(NOTE, _place(line), f"cannot fire in this trigger: {said}")


def _masked(menu: Menu) -> Iterator[Finding]:
    for line in menu.lines:
        if line.prescale.masked:
            yield Finding(NOTE, _place(line), "masked: prescale 0")


def _twins(menu: Menu) -> Iterator[Finding]:
    first: dict[frozenset[frozenset[tuple[str, bool]]], str] = {}
    for line in menu.lines:
        key = frozenset(frozenset(term) for term in line.dnf)
        if key in first:
            yield Finding(NOTE, _place(line), f"the same logic as {first[key]!r}")
        first.setdefault(key, line.name)


def _unused_inputs(menu: Menu) -> Iterator[Finding]:
    used = {n for line in menu.lines for n in input_names(line.expression, menu.groups)}
    idle = [item.name for item in menu.inputs if item.name not in used]
    if idle:
        shown = ", ".join(idle[:12]) + (f" and {len(idle) - 12} more" if len(idle) > 12 else "")
        yield Finding(NOTE, str(menu.document.place), f"inputs that no line uses: {shown}")


def _unused_definitions(menu: Menu) -> Iterator[Finding]:
    from trigger.menu.parser import parse

    document = menu.document
    texts = [entry.logic for entry in document.definitions]
    texts += [entry.logic for entry in document.vetoes]
    texts += [entry.logic for entry in document.outputs]
    used = {leaf.name for text in texts for leaf in leaves(parse(text))}
    for entry in document.definitions:
        if entry.name not in used:
            yield Finding(NOTE, str(entry.place), "nothing uses this definition")
