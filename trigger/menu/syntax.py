"""Expressions of a menu: an immutable tree of names, comparisons, not, and, or."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Name:
    """One input bit, or one definition before definitions are replaced."""

    name: str
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """A multi-bit value compared with a whole number.

    Parameters
    ----------
    name : str
        Name of the multi-bit input.
    operator : str
        One of `trigger.menu.tokens.COMPARISONS`.
    value : int
    column : int
        Position in the text, for messages only.
    """

    name: str
    operator: str
    value: int
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class And:
    """Conjunction of two or more operands, in the order of the text."""

    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Disjunction of two or more operands, in the order of the text."""

    operands: tuple[Expression, ...]


Expression = Name | Compare | Not | And | Or

COMPLEMENT = {">": "<=", "<=": ">", "<": ">=", ">=": "<", "=": "!=", "!=": "="}
"""The operator that holds exactly when the other does not."""


def leaves(expression: Expression) -> Iterator[Name | Compare]:
    """Yield every name and comparison, in the order of the text, repeats included."""
    if isinstance(expression, Name | Compare):
        yield expression
    elif isinstance(expression, Not):
        yield from leaves(expression.operand)
    else:
        for operand in expression.operands:
            yield from leaves(operand)


def measure(
    expression: Expression, known: Mapping[str, tuple[int, int]] | None = None
) -> tuple[int, int]:
    """Return the number of nodes and the depth of a tree.

    Parameters
    ----------
    expression : Expression
    known : mapping of str to (nodes, depth), optional
        Sizes to use for names that stand for a definition.
    """
    if isinstance(expression, Name):
        return (known or {}).get(expression.name, (1, 1))
    if isinstance(expression, Compare):
        return 1, 1
    operands = (expression.operand,) if isinstance(expression, Not) else expression.operands
    sizes = [measure(operand, known) for operand in operands]
    return 1 + sum(size for size, _ in sizes), 1 + max(depth for _, depth in sizes)


def replace_names(expression: Expression, replacement: Callable[[Name], Expression]) -> Expression:
    """Return the tree with every name replaced by what the function gives for it."""
    if isinstance(expression, Name):
        return replacement(expression)
    if isinstance(expression, Compare):
        return expression
    if isinstance(expression, Not):
        return Not(replace_names(expression.operand, replacement))
    operands = tuple(replace_names(operand, replacement) for operand in expression.operands)
    return And(operands) if isinstance(expression, And) else Or(operands)
