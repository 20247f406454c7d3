"""Words of the menu's expression language, with the column of each for error messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from firmware_models.errors import InputError

COMPARISONS = (">", ">=", "<", "<=", "=", "!=")
"""The comparison operators; ``==`` is read as ``=``."""

KEYWORDS = ("and", "or", "not")

MAX_TOKENS = 10_000
"""Longer expressions are refused: no menu line comes near, and nonsense input shall end early."""

MAX_LENGTH = 200_000
"""Characters of one expression."""

_PATTERN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>[0-9]+(?![A-Za-z0-9_.]))"
    r"|(?P<compare>>=|<=|==|!=|>|<|=)"
    r"|(?P<not>!)"
    r"|(?P<open>\()"
    r"|(?P<close>\))"
)

_HINTS = {
    "&": "write 'and'", "&&": "write 'and'", "*": "write 'and'", "|": "write 'or'",
    "||": "write 'or'", "+": "write 'or'", "~": "write 'not' or '!'", "^": "there is no exclusive "
    "or", "-": "numbers are whole and not negative", "<>": "write '!='", "=>": "write '>='",
    "=<": "write '<='", ".": "numbers are whole",
}  # fmt: skip


@dataclass(frozen=True)
class Token:
    """One word of an expression.

    Parameters
    ----------
    kind : str
        ``name number compare not and or open close end``.
    text : str
        The word; comparisons in the form of `COMPARISONS`.
    column : int
        Position in the expression, from 0.
    """

    kind: str
    text: str
    column: int


def fault(message: str, text: str, column: int, place: str) -> InputError:
    """Build the error for one position in an expression, with the line and a caret under it.

    Parameters
    ----------
    message : str
        What is wrong, what is allowed.
    text : str
        The whole expression.
    column : int
        Position from 0.
    place : str
        File and path of the expression.
    """
    before = text[:column]
    row = before.count("\n")
    start = before.rfind("\n") + 1
    line = text.splitlines()[row] if text.splitlines() and row < len(text.splitlines()) else ""
    offset = column - start
    # A very long line is cut to the part around the position.
    left = max(0, offset - 60)
    shown = line[left : left + 100].replace("\t", " ")
    where = f"line {row + 1}, column {offset + 1}" if "\n" in text else f"column {offset + 1}"
    return InputError(
        f"{message}\n    {shown}\n    {' ' * (offset - left)}^", place=f"{place}, {where}"
    )


def tokenize(text: str, place: str) -> list[Token]:
    """Split an expression into words; the last one is of kind ``end``.

    Raises
    ------
    InputError
        At a character that no word begins with, and for expressions that are too long.
    """
    if len(text) > MAX_LENGTH:
        raise InputError(f"more than {MAX_LENGTH} characters in one expression", place=place)
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        if match is None:
            _refuse(text, at, place)
        kind, word = str(match.lastgroup), match.group()
        if kind == "name" and word.lower() in KEYWORDS:
            kind = word = word.lower()
        if kind == "compare" and word == "==":
            word = "="
        if kind != "space":
            tokens.append(Token(kind, word, at))
        if len(tokens) > MAX_TOKENS:
            raise InputError(f"more than {MAX_TOKENS} words in one expression", place=place)
        at = match.end()
    tokens.append(Token("end", "", len(text)))
    return tokens


def _refuse(text: str, at: int, place: str) -> NoReturn:
    pair, single = text[at : at + 2], text[at]
    if single.isascii() and single.isdigit():
        raise fault("a number must be whole and stand alone, as in clst > 3", text, at, place)
    hint = _HINTS.get(pair) or _HINTS.get(single) or "allowed are names, and or not !, "
    if single not in _HINTS and pair not in _HINTS:
        hint += f"comparisons {' '.join(COMPARISONS)}, whole numbers and parentheses"
    raise fault(f"unexpected character {single!r}: {hint}", text, at, place)
