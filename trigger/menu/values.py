"""Multi-bit inputs and what a comparison of one means, bit by bit.

Two encodings exist (ecl_klm_gdl section 4 of the reference notes): unsigned binary with ``_0`` the
least significant bit, and one-hot counts where ``_0`` stands for one, ``_1`` for two, and the last
bit for "that many or more". The value of a one-hot input is defined by its highest bit set, so it
has a meaning for every pattern of bits, those of two overlapping stretched pulses included.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

from firmware_models.errors import InputError
from trigger.menu.syntax import And, Compare, Expression, Name, Not, Or

BINARY, ONE_HOT = "binary", "one_hot"

HOLDS: dict[str, Callable[[int, int], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
"""What each comparison operator means for whole numbers."""


@dataclass(frozen=True)
class Group:
    """A multi-bit input.

    Parameters
    ----------
    name : str
    kind : str
        ``"binary"`` or ``"one_hot"``.
    bits : tuple of str
        Names of its bits, ``_0`` first.
    """

    name: str
    kind: str
    bits: tuple[str, ...]

    @property
    def highest(self) -> int:
        """The highest value that it can show."""
        return (1 << len(self.bits)) - 1 if self.kind == BINARY else len(self.bits)


def check_comparison(group: Group, comparison: Compare) -> None:
    """Refuse a comparison that no value, or every value, satisfies.

    Raises
    ------
    InputError
        Without a place: the caller knows it.
    """
    text = f"{group.name} {comparison.operator} {comparison.value}"
    last = group.kind == ONE_HOT and comparison.value == group.highest
    if last and comparison.operator in ("=", "!="):
        instead = f"> {group.highest - 1}" if comparison.operator == "=" else f"< {group.highest}"
        raise InputError(
            f"'{text}' cannot be told: {group.name} is a one-hot count and its last bit "
            f"{group.bits[-1]} means {group.highest} or more; write {group.name} {instead}"
        )
    holds = HOLDS[comparison.operator]
    answers = {holds(value, comparison.value) for value in range(group.highest + 1)}
    if len(answers) == 1:
        kind = "binary number" if group.kind == BINARY else "one-hot count"
        raise InputError(
            f"'{text}' is {'always' if answers.pop() else 'never'} true: {group.name} is a "
            f"{len(group.bits)}-bit {kind} from 0 to {group.highest}"
        )


def expand(group: Group, comparison: Compare) -> Expression:
    """Return a comparison as and, or, not of the group's bits, in the order of the public files.

    Binary: ``v > k`` is the OR over the bits i (from 0 up) that are 0 in k, each term holding bit i
    and the bits above i that are 1 in k, lowest bit first; ``v < k`` is its mirror image. Equality
    is one term of all bits. One-hot: ``v > k`` is the OR of the bits from k up.

    The order was found from menu 0034, whose `.alg` file it reproduces.
    """
    value, sign = comparison.value, comparison.operator
    if sign == ">=":
        sign, value = ">", value - 1
    elif sign == "<=":
        sign, value = "<", value + 1
    make = _BINARY if group.kind == BINARY else _ONE_HOT
    return make[sign](group.bits, value)


def _all(parts: list[Expression]) -> Expression:
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _any(parts: list[Expression]) -> Expression:
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _above(bits: tuple[str, ...], k: int) -> Expression:
    terms = []
    for i, bit in enumerate(bits):
        if not k >> i & 1:
            higher = [Name(b) for j, b in enumerate(bits) if j > i and k >> j & 1]
            terms.append(_all([Name(bit), *higher]))
    return _any(terms)


def _below(bits: tuple[str, ...], k: int) -> Expression:
    if k == 1 << len(bits):
        raise AssertionError("an always-true comparison is refused before")
    terms = []
    for i, bit in enumerate(bits):
        if k >> i & 1:
            higher = [Not(Name(b)) for j, b in enumerate(bits) if j > i and not k >> j & 1]
            terms.append(_all([Not(Name(bit)), *higher]))
    return _any(terms)


def _equal(bits: tuple[str, ...], k: int) -> Expression:
    return _all([Name(b) if k >> i & 1 else Not(Name(b)) for i, b in enumerate(bits)])


def _unequal(bits: tuple[str, ...], k: int) -> Expression:
    return _any([Not(Name(b)) if k >> i & 1 else Name(b) for i, b in enumerate(bits)])


def _count_above(bits: tuple[str, ...], k: int) -> Expression:
    return _any([Name(bit) for bit in bits[k:]])


def _count_below(bits: tuple[str, ...], k: int) -> Expression:
    return _all([Not(Name(bit)) for bit in bits[k - 1 :]])


def _count_equal(bits: tuple[str, ...], k: int) -> Expression:
    if k == 0:
        return _count_below(bits, 1)
    return _all([Name(bits[k - 1]), *(Not(Name(bit)) for bit in bits[k:])])


def _count_unequal(bits: tuple[str, ...], k: int) -> Expression:
    if k == 0:
        return _count_above(bits, 0)
    return _any([Not(Name(bits[k - 1])), *(Name(bit) for bit in bits[k:])])


_BINARY: dict[str, Callable[[tuple[str, ...], int], Expression]] = {
    ">": _above, "<": _below, "=": _equal, "!=": _unequal,
}  # fmt: skip
_ONE_HOT: dict[str, Callable[[tuple[str, ...], int], Expression]] = {
    ">": _count_above, "<": _count_below, "=": _count_equal, "!=": _count_unequal,
}  # fmt: skip
