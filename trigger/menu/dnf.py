"""From an expression to its sum of products, in the term order of the public `.alg` files.

The order, found from menu 0034: the factors of a product keep their order in each term, and the
first factor runs fastest; the terms of a sum follow each other; a comparison expands as
`trigger.menu.values.expand` says. A literal that a term holds already is dropped, as are terms
that contradict themselves or repeat an earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping

from firmware_models.errors import InputError
from trigger.menu.syntax import COMPLEMENT, And, Compare, Expression, Name, Not, Or
from trigger.menu.values import Group, expand

Literal = tuple[str, bool]
"""Name of an input bit, and true for the bit itself, false for its inverse."""

Term = tuple[Literal, ...]
Dnf = tuple[Term, ...]

MAX_TERMS = 4096
"""Terms in one line; more is refused. The largest line of menu 0034 has 16."""


MAX_MENU_TERMS = 20_000
"""Terms in all lines of a menu (menu 0034 has some hundreds): a proof visits each of them."""


def lower(
    expression: Expression, groups: Mapping[str, Group], *, negate: bool = False
) -> Expression:
    """Return the expression as and, or of input bits and their inverses.

    Parameters
    ----------
    expression : Expression
        Without definitions.
    groups : mapping of str to Group
        The multi-bit inputs by name.
    negate : bool
        Return the negation of the expression.
    """
    if isinstance(expression, Name):
        return Not(expression) if negate else expression
    if isinstance(expression, Not):
        return lower(expression.operand, groups, negate=not negate)
    if isinstance(expression, Compare):
        sign = COMPLEMENT[expression.operator] if negate else expression.operator
        return expand(groups[expression.name], Compare(expression.name, sign, expression.value))
    operands = tuple(lower(operand, groups, negate=negate) for operand in expression.operands)
    return And(operands) if isinstance(expression, And) != negate else Or(operands)


def to_dnf(expression: Expression, groups: Mapping[str, Group], place: str = "") -> Dnf:
    """Expand an expression into its sum of products.

    Returns
    -------
    tuple of terms
        Empty when the expression can never be true; one empty term cannot occur.

    Raises
    ------
    InputError
        When there are more than `MAX_TERMS` terms.
    """
    return _clean(_terms(lower(expression, groups), place))


def _terms(expression: Expression, place: str) -> list[Term]:
    if isinstance(expression, Name):
        return [((expression.name, True),)]
    if isinstance(expression, Not):
        if not isinstance(expression.operand, Name):
            raise TypeError("the expression must be lowered first")
        return [((expression.operand.name, False),)]
    if isinstance(expression, Compare):
        raise TypeError("the expression must be lowered first")
    if isinstance(expression, Or):
        terms: list[Term] = []
        for operand in expression.operands:
            terms += _terms(operand, place)
            _limit(len(terms), place)
        return terms
    product: list[Term] = [()]
    for operand in expression.operands:
        factor = _terms(operand, place)
        _limit(len(product) * len(factor), place)
        merged = (_merge(left, right) for right in factor for left in product)
        product = [term for term in merged if term is not None]
    return product


def _merge(left: Term, right: Term) -> Term | None:
    """Join two products; None when they contradict each other."""
    signs = dict(left)
    out = list(left)
    for name, sign in right:
        if signs.get(name, sign) != sign:
            return None
        if name not in signs:
            signs[name] = sign
            out.append((name, sign))
    return tuple(out)


def _clean(terms: list[Term]) -> Dnf:
    seen: set[frozenset[Literal]] = set()
    kept = []
    for term in terms:
        key = frozenset(term)
        if key not in seen:
            seen.add(key)
            kept.append(term)
    return tuple(kept)


def _limit(count: int, place: str) -> None:
    if count > MAX_TERMS:
        raise InputError(
            f"the logic expands into more than {MAX_TERMS} products; split it into several lines",
            place=place,
        )


def support(dnf: Dnf) -> tuple[str, ...]:
    """Return the input bits that appear in a sum of products, in order of appearance."""
    return tuple(dict.fromkeys(name for term in dnf for name, _ in term))
