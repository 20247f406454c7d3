"""Equivalence of expressions by reduced ordered binary decision diagrams.

A diagram is canonical: two expressions are equal exactly when their diagrams are the same node,
whatever the number of inputs. Used to compare menus, to find lines that never or always fire, and
to give a pattern on which two expressions differ.
"""

from __future__ import annotations

from collections.abc import Mapping

from firmware_models.errors import InputError
from trigger.menu.dnf import Dnf, lower
from trigger.menu.syntax import And, Compare, Expression, Name, Not, Or
from trigger.menu.values import Group

FALSE, TRUE = 0, 1
MAX_NODES = 500_000
"""Larger diagrams are refused; lines of real menus need some tens of nodes."""


class Diagrams:
    """A table of shared nodes over variables, ordered by first appearance."""

    def __init__(self) -> None:
        self._nodes: list[tuple[int, int, int]] = [(-1, 0, 0), (-1, 1, 1)]
        self._known: dict[tuple[int, int, int], int] = {}
        self._level: dict[str, int] = {}
        self._joined: dict[tuple[bool, int, int], int] = {}

    def of(self, expression: Expression, groups: Mapping[str, Group]) -> int:
        """Return the node of an expression."""
        return self._lowered(lower(expression, groups))

    def _lowered(self, expression: Expression) -> int:
        if isinstance(expression, Name):
            return self._variable(expression.name, FALSE, TRUE)
        if isinstance(expression, Not) and isinstance(expression.operand, Name):
            return self._variable(expression.operand.name, TRUE, FALSE)
        if isinstance(expression, Not | Compare):
            raise TypeError("the expression must be lowered first")
        both = isinstance(expression, And)
        node = TRUE if both else FALSE
        for operand in expression.operands:
            node = self._join(both, node, self._lowered(operand))
        return node

    def _variable(self, name: str, low: int, high: int) -> int:
        return self._node(self._level.setdefault(name, len(self._level)), low, high)

    def _node(self, level: int, low: int, high: int) -> int:
        if low == high:
            return low
        key = (level, low, high)
        if key not in self._known:
            if len(self._nodes) >= MAX_NODES:
                raise InputError(f"the logic is too large to compare: over {MAX_NODES} nodes")
            self._known[key] = len(self._nodes)
            self._nodes.append(key)
        return self._known[key]

    def _join(self, both: bool, left: int, right: int) -> int:
        """Return left AND right, or left OR right."""
        neutral, absorbing = (TRUE, FALSE) if both else (FALSE, TRUE)
        if absorbing in (left, right):
            return absorbing
        if left in (neutral, right):
            return right
        if right == neutral:
            return left
        key = (both, min(left, right), max(left, right))
        if key not in self._joined:
            level = min(self._nodes[n][0] for n in (left, right))
            low = self._join(both, self._child(left, level, 0), self._child(right, level, 0))
            high = self._join(both, self._child(left, level, 1), self._child(right, level, 1))
            self._joined[key] = self._node(level, low, high)
        return self._joined[key]

    def _child(self, node: int, level: int, side: int) -> int:
        own, low, high = self._nodes[node]
        if own != level:
            return node
        return high if side else low

    def distinguish(self, left: int, right: int) -> dict[str, bool] | None:
        """Return a pattern of inputs on which two nodes differ; None when they are equal."""
        if left == right:
            return None
        names = {level: name for name, level in self._level.items()}
        pattern: dict[str, bool] = {}
        while left > TRUE or right > TRUE:
            level = min(self._nodes[n][0] for n in (left, right) if n > TRUE)
            low = (self._child(left, level, 0), self._child(right, level, 0))
            high = (self._child(left, level, 1), self._child(right, level, 1))
            side = int(low[0] == low[1])
            pattern[names[level]] = bool(side)
            left, right = high if side else low
        return pattern


def difference(left: Expression, right: Expression, groups: Mapping[str, Group]) -> str | None:
    """Return a pattern, as text, on which two expressions differ; None when they are equal.

    Raises
    ------
    InputError
        When the diagrams grow beyond `MAX_NODES`.
    """
    diagrams = Diagrams()
    pattern = diagrams.distinguish(diagrams.of(left, groups), diagrams.of(right, groups))
    return None if pattern is None else pattern_text(pattern)


def constant(expression: Expression, groups: Mapping[str, Group]) -> bool | None:
    """Return the value of an expression that is the same for all inputs; None for others."""
    node = Diagrams().of(expression, groups)
    return bool(node) if node <= TRUE else None


def pattern_text(pattern: Mapping[str, bool]) -> str:
    """Return a pattern of inputs as text; inputs that it leaves out do not matter."""
    return " ".join(f"{name}={int(value)}" for name, value in pattern.items()) or "any input"


def dnf_expression(dnf: Dnf) -> Expression:
    """Return a sum of products as an expression."""
    terms: list[Expression] = []
    for term in dnf:
        literals: list[Expression] = [Name(n) if sign else Not(Name(n)) for n, sign in term]
        terms.append(literals[0] if len(literals) == 1 else And(tuple(literals)))
    return terms[0] if len(terms) == 1 else Or(tuple(terms))
