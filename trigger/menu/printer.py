"""Expressions as text, in the form of the public `.lgc` files."""

from __future__ import annotations

import re

from trigger.menu.syntax import And, Compare, Expression, Name, Not

_PUBLIC = re.compile(r"(?:[A-Za-z0-9_]|[()!<>=]| (?! )(?!$))+")
"""Characters of the public files; no blank at the end and no two blanks in a row."""


def to_text(expression: Expression) -> str:
    """Print an expression: ``and or !``, comparisons without blanks, parentheses where needed.

    Parentheses stand around every ``and`` or ``or`` inside another one, as in the public files, so
    that parsing the text gives the same tree again.
    """
    if isinstance(expression, Name):
        return expression.name
    if isinstance(expression, Compare):
        return f"{expression.name}{expression.operator}{expression.value}"
    if isinstance(expression, Not):
        inner = expression.operand
        return f"!{inner.name}" if isinstance(inner, Name) else f"!({to_text(inner)})"
    word = " and " if isinstance(expression, And) else " or "
    return word.join(_grouped(operand) for operand in expression.operands)


def _grouped(expression: Expression) -> str:
    text = to_text(expression)
    return text if isinstance(expression, Name | Compare | Not) else f"({text})"


def is_public_text(text: str) -> bool:
    """Tell whether a text uses only what the public `.lgc` files use: no ``not``, ``==``, tabs."""
    words = re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text)
    return (
        _PUBLIC.fullmatch(text) is not None
        and "==" not in text
        and not any(word.lower() == "not" for word in words)
        and not text.startswith(" ")
    )
