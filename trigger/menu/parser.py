"""Recursive-descent parser of the menu's expressions.

Grammar (``not`` binds tightest, then ``and``, then ``or``; a comparison stands below ``not``)::

    or      = and { "or" and }
    and     = unary { "and" unary }
    unary   = ("not" | "!") unary | primary
    primary = "(" or ")" | NAME [ OPERATOR NUMBER ]
"""

from __future__ import annotations

from firmware_models.errors import InputError, shortened
from trigger.menu.syntax import And, Compare, Expression, Name, Not, Or
from trigger.menu.tokens import COMPARISONS, Token, fault, tokenize

MAX_DEPTH = 100
"""Parentheses and negations within each other; more is refused rather than run out of stack."""

MAX_VALUE = 2**32
"""Numbers above this are refused at once."""


def parse(text: str, place: str = "expression") -> Expression:
    """Parse one expression.

    Parameters
    ----------
    text : str
        Such as ``(t2_2 or t2_3) and not veto`` or ``clst > 3 and !bha_veto``.
    place : str
        File and path in it, for messages.

    Returns
    -------
    Expression
        The tree, grouped as the parentheses of the text group it.

    Raises
    ------
    InputError
        With the position in the text, what stands there and what is allowed.
    """
    if not text.strip():
        raise InputError(
            "the expression is empty; allowed: names, and or not, comparisons", place=place
        )
    return _Parser(text, place).whole()


class _Parser:
    def __init__(self, text: str, place: str) -> None:
        self._text, self._place = text, place
        self._tokens = tokenize(text, place)
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._or()
        token = self._peek()
        if token.kind == "close":
            raise self._fault("this ')' closes nothing", token)
        if token.kind != "end":
            raise self._fault(f"{_shown(token)} is not expected here; allowed: and, or", token)
        return expression

    def _or(self) -> Expression:
        operands = [self._and()]
        while self._accept("or"):
            operands.append(self._and())
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def _and(self) -> Expression:
        operands = [self._unary()]
        while self._accept("and"):
            operands.append(self._unary())
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def _unary(self) -> Expression:
        token = self._peek()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._fault(f"more than {MAX_DEPTH} levels of parentheses or negations", token)
        if self._accept("not"):
            expression: Expression = Not(self._unary())
        else:
            expression = self._primary()
        self._depth -= 1
        return expression

    def _primary(self) -> Expression:
        token = self._next()
        if token.kind == "open":
            expression = self._or()
            if not self._accept("close"):
                found = self._peek()
                raise self._fault(
                    f"the '(' of column {token.column + 1} is not closed; "
                    f"found {_shown(found)}, allowed: ) and or",
                    found,
                )
            return expression
        if token.kind == "name":
            return self._comparison(token)
        if token.kind == "number":
            raise self._fault(
                f"{token.text} stands where a name must stand; the name comes first: clst > 3",
                token,
            )
        raise self._fault(f"{_shown(token)} where a name, 'not', '!' or '(' must stand", token)

    def _comparison(self, name: Token) -> Expression:
        if self._peek().kind != "compare":
            return Name(name.text, name.column)
        operator, number = self._next(), self._next()
        if number.kind != "number":
            raise self._fault(
                f"{_shown(number)} where a whole number must stand after "
                f"'{name.text} {operator.text}'",
                number,
            )
        if len(number.text) > 12 or int(number.text) > MAX_VALUE:
            raise self._fault(f"the number is above {MAX_VALUE}", number)
        following = self._peek()
        if following.kind == "compare":
            raise self._fault(
                f"one comparison at a time ({' '.join(COMPARISONS)}); join two with 'and'",
                following,
            )
        return Compare(name.text, operator.text, int(number.text), name.column)

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _accept(self, kind: str) -> bool:
        if self._peek().kind != kind:
            return False
        self._at += 1
        return True

    def _fault(self, message: str, token: Token) -> InputError:
        return fault(message, self._text, token.column, self._place)


def _shown(token: Token) -> str:
    return "the end of the expression" if token.kind == "end" else repr(shortened(token.text))
