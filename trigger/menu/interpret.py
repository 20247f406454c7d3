"""The names logic taken at its word: multi-bit inputs are whole numbers, compared as such.

This is the reference that the sum of products, the evaluator and the RTL are proven against; it
shares nothing with their expansion of comparisons into bits.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from trigger.menu.dnf import Dnf
from trigger.menu.syntax import And, Compare, Expression, Name, Not, leaves
from trigger.menu.values import BINARY, Group

Bits = NDArray[np.bool_]

_HOLDS: dict[str, Callable[[NDArray[np.int64], int], Bits]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "=": operator.eq, "!=": operator.ne,
}  # fmt: skip


def interpret(
    expression: Expression, groups: Mapping[str, Group], bits: Mapping[str, Bits]
) -> Bits:
    """Evaluate an expression for many patterns of inputs.

    Parameters
    ----------
    expression : Expression
        Without definitions.
    groups : mapping of str to Group
    bits : mapping of str to ndarray of bool, shape (n,)
        Each input bit for each pattern.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if isinstance(expression, Name):
        return bits[expression.name]
    if isinstance(expression, Compare):
        value = number_of(groups[expression.name], bits)
        return _HOLDS[expression.operator](value, expression.value)
    if isinstance(expression, Not):
        return ~interpret(expression.operand, groups, bits)
    values = [interpret(operand, groups, bits) for operand in expression.operands]
    return reduce(operator.and_ if isinstance(expression, And) else operator.or_, values)


def number_of(group: Group, bits: Mapping[str, Bits]) -> NDArray[np.int64]:
    """Return the number that a multi-bit input shows: binary, or its highest bit set plus one."""
    value = np.zeros(bits[group.bits[0]].shape, dtype=np.int64)
    for i, name in enumerate(group.bits):
        if group.kind == BINARY:
            value += bits[name].astype(np.int64) << i
        else:
            value[bits[name]] = i + 1
    return value


def sum_of_products(dnf: Dnf, bits: Mapping[str, Bits], n: int) -> Bits:
    """Evaluate a sum of products for many patterns of inputs; all false when it has no term."""
    result = np.zeros(n, dtype=np.bool_)
    for term in dnf:
        value = np.ones(n, dtype=np.bool_)
        for name, sign in term:
            value &= bits[name] if sign else ~bits[name]
        result |= value
    return result


def input_names(expression: Expression, groups: Mapping[str, Group]) -> tuple[str, ...]:
    """Return the input bits that an expression reads, all bits of compared values included."""
    names: dict[str, None] = {}
    for leaf in leaves(expression):
        for name in groups[leaf.name].bits if isinstance(leaf, Compare) else (leaf.name,):
            names[name] = None
    return tuple(names)


def all_patterns(names: tuple[str, ...]) -> dict[str, Bits]:
    """Return every pattern of some bits: arrays of shape ``(2 ** len(names),)``."""
    count = np.arange(1 << len(names), dtype=np.int64)
    return {name: (count >> i & 1).astype(np.bool_) for i, name in enumerate(names)}
