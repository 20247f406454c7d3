"""The public formats of Belle II GDL menus: `.inp .oup .lgc .alg`.

`.inp` and `.oup` hold "index name" lines; line i of `.lgc` is the logic by names, and line i of
`.alg` the sum of products by input index, of the output on line i of `.oup`. Each term of `.alg`
is its literals (``N`` or ``!N``) with a blank before each, terms are joined by `` +``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware_models.errors import InputError
from firmware_models.interface.gdl import N_INPUT, N_OUTPUT
from trigger.menu.dnf import Dnf, Term
from trigger.menu.document import Place
from trigger.menu.load import read_text
from trigger.menu.model import Line, Menu
from trigger.menu.printer import is_public_text, to_text
from trigger.menu.section import shown, valid_name
from trigger.targets import checked_targets

SUFFIXES = (".inp", ".oup", ".lgc", ".alg")
"""The four files of a menu, in the order of the command line."""

_ENTRY = re.compile(r"\s*([0-9]{1,6})\s+(\S+)\s*")


@dataclass(frozen=True)
class PublicFiles:
    """Content of the four files.

    Parameters
    ----------
    inputs, outputs : tuple of (index, name)
        In the order of the files.
    logic : tuple of str
        Lines of the `.lgc` file.
    algebra : tuple of str
        Lines of the `.alg` file.
    files : tuple of str
        The four file names, for messages.
    """

    inputs: tuple[tuple[int, str], ...]
    outputs: tuple[tuple[int, str], ...]
    logic: tuple[str, ...]
    algebra: tuple[str, ...]
    files: tuple[str, str, str, str]


def read_public(inp: Path, oup: Path, lgc: Path, alg: Path) -> PublicFiles:
    """Read the four files and check that they belong together.

    Raises
    ------
    InputError
        With file and line.
    """
    paths = (inp, oup, lgc, alg)
    for path, suffix in zip(paths, SUFFIXES, strict=True):
        if path.suffix != suffix:
            raise InputError(
                f"the files must come in the order {' '.join(SUFFIXES)}, "
                f"a {suffix} file is needed here",
                place=str(path),
            )
    files = (str(inp), str(oup), str(lgc), str(alg))
    public = PublicFiles(
        _entries(inp, N_INPUT), _entries(oup, N_OUTPUT), _lines(lgc), _lines(alg), files
    )
    n = len(public.outputs)
    for path, lines in ((lgc, public.logic), (alg, public.algebra)):
        if len(lines) != n:
            raise InputError(
                f"has {len(lines)} lines, but {oup} names {n} outputs; line i of one belongs to "
                "line i of the other",
                place=str(path),
            )
    return public


def _lines(path: Path) -> tuple[str, ...]:
    text = read_text(path).replace("\r\n", "\n")
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise InputError("the file is empty", place=str(path))
    return tuple(lines)


def _entries(path: Path, limit: int) -> tuple[tuple[int, str], ...]:
    entries = []
    for number, line in enumerate(_lines(path), start=1):
        place = Place(str(path), f"line {number}")
        match = _ENTRY.fullmatch(line)
        if match is None:
            raise InputError(
                f"must be an index and a name, as in '97 veto', not {shown(line)}", place=str(place)
            )
        index = int(match[1])
        if index >= limit:
            raise InputError(f"index must be 0 to {limit - 1}, not {index}", place=str(place))
        entries.append((index, valid_name(match[2], place)))
    return tuple(entries)


def read_products(text: str, names: Mapping[int, str], place: str) -> Dnf:
    """Read one line of an `.alg` file.

    Parameters
    ----------
    text : str
    names : mapping of int to str
        Name of each input by index.
    place : str
        File and line, for messages.

    Raises
    ------
    InputError
        For anything that is not a sum of products of known inputs.
    """
    terms: list[Term] = []
    for product in text.split("+"):
        term = []
        for word in product.split():
            digits = word.removeprefix("!")
            if not (digits.isascii() and digits.isdigit()) or len(digits) > 6:
                raise InputError(f"a literal must be N or !N, not {shown(word)}", place=place)
            if int(digits) not in names:
                raise InputError(f"input {digits} is not in the .inp file", place=place)
            term.append((names[int(digits)], not word.startswith("!")))
        if not term:
            raise InputError("a product without literals", place=place)
        terms.append(tuple(term))
    return tuple(terms)


def products_text(dnf: Dnf, index: Mapping[str, int]) -> str:
    """Return a sum of products as a line of an `.alg` file."""
    return " +".join(
        "".join(f" {'' if sign else '!'}{index[name]}" for name, sign in term) for term in dnf
    )


def logic_text(line: Line) -> str:
    """Return the logic of a line as a line of an `.lgc` file.

    The menu's own text stands where it is the whole logic in the public form; otherwise (it uses
    definitions, veto rules or ``not``) the logic is printed.
    """
    from trigger.menu.parser import parse

    if is_public_text(line.logic) and parse(line.logic) == line.expression:
        return line.logic
    return to_text(line.expression)


def public_texts(menu: Menu) -> dict[str, str]:
    """Return the text of each of the four files by suffix.

    Raises
    ------
    InputError
        When a line can never fire: the `.alg` format has no form for it.
    """
    for line in menu.lines:
        if not line.dnf:
            raise InputError(
                "the line can never fire, and .alg has no form for that", place=line.place
            )
    return {
        ".inp": "".join(f"{item.index} {item.name}\n" for item in menu.inputs),
        ".oup": "".join(f"{line.index} {line.name}\n" for line in menu.lines),
        ".lgc": "".join(f"{logic_text(line)}\n" for line in menu.lines),
        ".alg": "".join(f"{products_text(line.dnf, menu.input_index)}\n" for line in menu.lines),
    }


def export_public(menu: Menu, stem: str | Path) -> list[Path]:
    """Write STEM.inp, .oup, .lgc and .alg; return their paths."""
    from firmware_models.files import write_text

    paths = checked_targets(stem, SUFFIXES)
    texts = public_texts(menu)
    for path in paths:
        write_text(path, texts[path.suffix])
    return paths
