"""Import of a public menu: the document, and everything about it that deserves a note."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from firmware_models.errors import CheckFailed, InputError
from trigger.menu.build import build
from trigger.menu.diagram import difference, dnf_expression
from trigger.menu.dnf import to_dnf
from trigger.menu.document import Document, InputEntry, OutputEntry, Place
from trigger.menu.model import Menu
from trigger.menu.parser import parse
from trigger.menu.prescale import Prescale
from trigger.menu.public_format import PublicFiles, products_text, read_products
from trigger.menu.syntax import Compare, leaves
from trigger.menu.values import BINARY, ONE_HOT

KNOWN_KINDS = {
    **dict.fromkeys(("clst", "klm", "eklm", "bha_theta"), BINARY),
    **dict.fromkeys(("t2", "ts", "t3", "ty", "ta"), ONE_HOT),
    **dict.fromkeys(("n1gev", "n2gev", "c2gev", "cdcecl", "cdctop", "cdcklm"), ONE_HOT),
}
"""Encoding of the multi-bit inputs of the public menus.

Counts and tracks: ecl_klm_gdl section 4 of the reference notes. The match counts (second line of
one-hot names) are one-hot by the outputs that use them one by one, such as ``cdcecl1`` to 4.
"""


@dataclass(frozen=True)
class Imported:
    """An imported menu and what the import has to say about it."""

    menu: Menu
    notes: tuple[str, ...]


def import_public(public: PublicFiles, name: str) -> Imported:
    """Build a menu from the four public files and compare its sums of products with theirs.

    Raises
    ------
    InputError
        For a fault in the files.
    CheckFailed
        When the `.alg` line of an output is not the logic of its `.lgc` line; with the outputs and
        a pattern of inputs on which they differ.
    """
    document = _document(public, name)
    menu = build(document)
    notes = list(_order_notes(public))
    notes.append("the public files carry no prescales, delays and widths: prescale 1, delay 0, "
                 "width 1")  # fmt: skip
    by_index = {item.index: item.name for item in menu.inputs}
    wrong: list[str] = []
    for (_, output), algebra, number in zip(
        public.outputs, public.algebra, range(1, len(public.algebra) + 1), strict=True
    ):
        line = menu.line(output)
        if products_text(line.dnf, menu.input_index) == algebra:
            continue
        place = f"{public.files[3]}: line {number}"
        theirs = dnf_expression(read_products(algebra, by_index, place))
        pattern = difference(line.expression, theirs, menu.groups)
        if pattern is None:
            notes.append(f"{place} ({output}): the same logic, but written in another order than "
                         "the names logic gives; export will differ there")  # fmt: skip
        else:
            wrong.append(f"{place} ({output}): .lgc and .alg differ for {pattern}")
    if wrong:
        raise CheckFailed("; ".join(wrong[:5]) + (" …" if len(wrong) > 5 else ""))
    return Imported(menu, tuple(notes))


def _order_notes(public: PublicFiles) -> Iterable[str]:
    for entries, file in ((public.inputs, public.files[0]), (public.outputs, public.files[1])):
        if [index for index, _ in entries] != sorted(index for index, _ in entries):
            yield f"{file}: not in the order of the index; export will be"


def _document(public: PublicFiles, name: str) -> Document:
    kinds = _kinds(public)
    outputs = tuple(
        OutputEntry(
            output, index, logic, Prescale(), "", "", Place(public.files[2], f"line {number}")
        )
        for number, ((index, output), logic) in enumerate(
            zip(public.outputs, public.logic, strict=True), start=1
        )
    )
    return Document(
        name=name,
        version="imported",
        description="Imported from the public GDL menu formats.",
        place=Place(public.files[0], ""),
        inputs=_inputs(public, kinds),
        outputs=outputs,
    )


def _inputs(public: PublicFiles, kinds: dict[str, tuple[str, int]]) -> tuple[InputEntry, ...]:
    index = {name: number for number, name in public.inputs}
    if len(index) < len(public.inputs):
        doubled = next(n for n in index if [name for _, name in public.inputs].count(n) > 1)
        raise InputError(f"the input name {doubled!r} is given twice", place=public.files[0])
    entries = []
    for row, (number, name) in enumerate(public.inputs, start=1):
        place = Place(public.files[0], f"line {row}")
        stem, _, digit = name.rpartition("_")
        if stem in kinds and digit.isdigit() and int(digit) < kinds[stem][1]:
            if int(digit) == 0:
                kind, bits = kinds[stem]
                indices = tuple(index[f"{stem}_{i}"] for i in range(bits))
                entries.append(InputEntry(stem, kind, indices, 0, 1, "", place))
        else:
            entries.append(InputEntry(name, "bit", (number,), 0, 1, "", place))
    return tuple(entries)


def _kinds(public: PublicFiles) -> dict[str, tuple[str, int]]:
    """Return encoding and bits of each multi-bit input.

    Names of `KNOWN_KINDS`, and those that the logic compares with a number: for these the encoding
    that reproduces the `.alg` line, binary where both or none do.
    """
    names = {name for _, name in public.inputs}
    compared: dict[str, int] = {}
    for row, text in enumerate(public.logic):
        for leaf in leaves(parse(text, f"{public.files[2]}: line {row + 1}")):
            if isinstance(leaf, Compare):
                compared.setdefault(leaf.name, row)
    kinds: dict[str, tuple[str, int]] = {}
    for stem in dict.fromkeys([*KNOWN_KINDS, *compared]):
        bits = len(list(takewhile(lambda i: f"{stem}_{i}" in names, range(16))))  # noqa: B023
        if bits < 2 or stem in names:
            continue
        kinds[stem] = (KNOWN_KINDS.get(stem, BINARY), bits)
    for stem, row in compared.items():
        if stem in kinds and stem not in KNOWN_KINDS:
            kinds[stem] = (_fitting_kind(public, kinds, stem, row), kinds[stem][1])
    return kinds


def _fitting_kind(
    public: PublicFiles, kinds: dict[str, tuple[str, int]], stem: str, row: int
) -> str:
    for kind in (BINARY, ONE_HOT):
        trial = _document_line(public, {**kinds, stem: (kind, kinds[stem][1])}, row)
        try:
            menu = build(trial)
        except InputError:
            continue
        line = menu.lines[0]
        dnf = to_dnf(line.expression, menu.groups)
        if products_text(dnf, menu.input_index) == public.algebra[row]:
            return kind
    return BINARY


def _document_line(public: PublicFiles, kinds: dict[str, tuple[str, int]], row: int) -> Document:
    index, name = public.outputs[row]
    place = Place(public.files[2], f"line {row + 1}")
    entry = OutputEntry(name, index, public.logic[row], Prescale(), "", "", place)
    return Document("trial", "", "", place, _inputs(public, kinds), outputs=(entry,))
