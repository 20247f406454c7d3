"""Menus in TOML: text to document and back."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from firmware_models.errors import InputError
from firmware_models.interface.gdl import N_INPUT, N_OUTPUT
from trigger.menu.document import (
    DefinitionEntry,
    Document,
    InputEntry,
    OutputEntry,
    Place,
    Setting,
    VetoEntry,
    WorkingPoint,
)  # fmt: skip
from trigger.menu.prescale import MAX_PRESCALE, MODES, Prescale, make_prescale
from trigger.menu.section import Section, number, shown
from trigger.menu.values import BINARY, ONE_HOT

MAX_DELAY, MAX_WIDTH, MAX_BITS = 31, 32, 16
"""Range of delay and width in ticks (the registers of `gdl_inputs`); bits of one value."""

_NUMBER = "a number, such as 1, 20 or 2.5"


def read_document(text: str, file: str) -> Document:
    """Read a menu's TOML text.

    Parameters
    ----------
    text : str
    file : str
        Name of the file, for messages.

    Raises
    ------
    InputError
        With the path in the file, what was given and what is allowed.
    """
    top = Section(_toml(text, file), Place(file, ""))
    menu = top.section("menu")
    if "menu" not in top:
        raise InputError("the table [menu] is missing; needed: name, version", place=file)
    document = Document(
        name=menu.text("name"),
        version=menu.text("version"),
        description=menu.text("description", ""),
        place=top.place,
        inputs=tuple(_input(n, v, p) for n, v, p in top.section("inputs").entries()),
        definitions=tuple(_definition(n, v, p) for n, v, p in top.section("definitions").entries()),
        vetoes=tuple(_veto(n, v, p) for n, v, p in top.section("vetoes").entries()),
        outputs=tuple(_output(n, v, p) for n, v, p in top.section("outputs").entries()),
        working_points={
            n: _working_point(v, p) for n, v, p in top.section("working_points").entries()
        },
    )
    menu.finish()
    top.finish()
    return document


def _toml(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not valid TOML: {error}", place=file) from error
    except (ValueError, ArithmeticError) as error:
        raise InputError("not valid TOML: a number in it cannot be read", place=file) from error
    except RecursionError as error:
        raise InputError("not valid TOML: too many nested brackets", place=file) from error


def _input(name: str, value: Any, place: Place) -> InputEntry:
    if isinstance(value, int) and not isinstance(value, bool):
        value = {"index": value}
    table = Section(value, place)
    bits = table.whole("bits", 2, MAX_BITS) if "bits" in table else 1
    kind = table.choice("kind", (BINARY, ONE_HOT), None)
    many = bits > 1 or isinstance(table.raw("index"), list)
    if many and kind is None:
        raise InputError(
            f"'kind' is missing; a multi-bit input is {BINARY!r} or {ONE_HOT!r}", place=str(place)
        )
    if kind is not None and not many:
        raise InputError(
            f"kind {kind!r} needs several bits: add 'bits' or a list for 'index'", place=str(place)
        )
    entry = InputEntry(
        name=name,
        kind=kind or "bit",
        indices=_indices(table, bits),
        delay=table.whole("delay", 0, MAX_DELAY, 0),
        width=table.whole("width", 1, MAX_WIDTH, 1),
        description=table.text("description", ""),
        place=place,
    )
    table.finish()
    return entry


def _indices(table: Section, bits: int) -> tuple[int, ...]:
    given = table.raw("index")
    if not isinstance(given, list):
        first = table.whole("index", 0, N_INPUT - bits)
        return tuple(range(first, first + bits))
    place = table.place.below("index")
    if len(given) < 2 or len(given) > MAX_BITS or (bits > 1 and bits != len(given)):
        wanted = str(bits) if bits > 1 else f"2 to {MAX_BITS}"
        raise InputError(f"must list {wanted} indices, not {len(given)}", place=str(place))
    for item in given:
        if not isinstance(item, int) or isinstance(item, bool) or not 0 <= item < N_INPUT:
            raise InputError(
                f"each index must be a whole number from 0 to {N_INPUT - 1}, not {shown(item)}",
                place=str(place),
            )
    return tuple(given)


def _definition(name: str, value: Any, place: Place) -> DefinitionEntry:
    if not isinstance(value, str):
        raise InputError(f"must be an expression in quotes, not {shown(value)}", place=str(place))
    return DefinitionEntry(name, value, place)


def _veto(name: str, value: Any, place: Place) -> VetoEntry:
    table = Section(value, place)
    entry = VetoEntry(
        name=name,
        logic=table.text("logic"),
        lines=table.names("lines") if "lines" in table else None,
        exceptions=table.names("except"),
        place=place,
    )
    if entry.lines is not None and entry.exceptions:
        raise InputError("give 'lines' or 'except', not both", place=str(place))
    table.raw("lines")
    table.finish()
    return entry


def _output(name: str, value: Any, place: Place) -> OutputEntry:
    table = Section(value, place)
    entry = OutputEntry(
        name=name,
        index=table.whole("index", 0, N_OUTPUT - 1),
        logic=table.text("logic"),
        prescale=_prescale(table.raw("prescale", 1), place.below("prescale")),
        description=table.text("description", ""),
        source=table.text("source", ""),
        place=place,
    )
    table.finish()
    return entry


def _prescale(value: Any, place: Place) -> Prescale:
    if not isinstance(value, dict):
        return make_prescale(number(value, _NUMBER, place), place=str(place))
    table = Section(value, place)
    prescale = make_prescale(
        table.number("value", _NUMBER),
        table.choice("mode", MODES, None),
        table.whole("phase", 0, MAX_PRESCALE, 0),
        place=str(place),
    )
    table.finish()
    return prescale


def _working_point(value: Any, place: Place) -> WorkingPoint:
    return {
        block: {
            register: _setting(setting, where)
            for register, setting, where in Section(registers, block_place).entries()
        }
        for block, registers, block_place in Section(value, place).entries()
    }


def _setting(value: Any, place: Place) -> Setting:
    if isinstance(value, list):
        return tuple(_scalar(item, place) for item in value)
    return _scalar(value, place)


def _scalar(value: Any, place: Place) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InputError(
            f"must be a whole number or a text such as '1.2 GeV', not {shown(value)}",
            place=str(place),
        )
    return value


def write_document(document: Document) -> str:
    """Return a document as TOML text; `read_document` gives the same document again."""
    return "\n".join(_toml_lines(document)) + "\n"


def _toml_lines(document: Document) -> Iterator[str]:
    yield "[menu]"
    yield f"name = {_quoted(document.name)}"
    yield f"version = {_quoted(document.version)}"
    if document.description:
        yield f"description = {_quoted(document.description)}"
    yield ""
    yield "[inputs]"
    for entry in document.inputs:
        yield f"{entry.name} = {_input_text(entry)}"
    if document.definitions:
        yield ""
        yield "[definitions]"
        for definition in document.definitions:
            yield f"{definition.name} = {_quoted(definition.logic)}"
    for veto in document.vetoes:
        yield ""
        yield f"[vetoes.{veto.name}]"
        yield f"logic = {_quoted(veto.logic)}"
        if veto.lines is not None:
            yield f"lines = {json.dumps(list(veto.lines))}"
        if veto.exceptions:
            yield f"except = {json.dumps(list(veto.exceptions))}"
    for output in document.outputs:
        yield ""
        yield from _output_lines(output)
    for name, point in document.working_points.items():
        for block, registers in point.items():
            yield ""
            yield f"[working_points.{name}.{block}]"
            for register, value in registers.items():
                yield f"{register} = {_setting_text(value)}"


def _setting_text(value: Setting) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_setting_text(item) for item in value)}]"
    return str(value) if isinstance(value, int) else _quoted(value)


def _input_text(entry: InputEntry) -> str:
    first = entry.indices[0]
    consecutive = entry.indices == tuple(range(first, first + len(entry.indices)))
    parts = [f"index = {first if consecutive else list(entry.indices)}"]
    if len(entry.indices) > 1:
        if consecutive:
            parts.append(f"bits = {len(entry.indices)}")
        parts.append(f"kind = {_quoted(entry.kind)}")
    if entry.delay:
        parts.append(f"delay = {entry.delay}")
    if entry.width != 1:
        parts.append(f"width = {entry.width}")
    if entry.description:
        parts.append(f"description = {_quoted(entry.description)}")
    return str(first) if len(parts) == 1 and consecutive else "{ " + ", ".join(parts) + " }"


def _output_lines(output: OutputEntry) -> Iterator[str]:
    yield f"[outputs.{output.name}]"
    yield f"index = {output.index}"
    yield f"logic = {_quoted(output.logic)}"
    if output.prescale != Prescale():
        yield f"prescale = {_prescale_text(output.prescale)}"
    if output.description:
        yield f"description = {_quoted(output.description)}"
    if output.source:
        yield f"source = {_quoted(output.source)}"


def _prescale_text(prescale: Prescale) -> str:
    plain = make_prescale(Decimal(str(prescale)))
    if prescale == plain:
        return str(prescale)
    phase = f", phase = {prescale.phase}" if prescale.phase else ""
    return f"{{ value = {prescale}, mode = {_quoted(prescale.mode)}{phase} }}"


def _quoted(text: str) -> str:
    """Return a TOML basic string; JSON's escapes are a subset of TOML's but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
