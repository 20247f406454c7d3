"""Expressions: parser and printer are inverse; every way to evaluate agrees with plain integers.

The oracle is `meaning`: Python's own integers, written without the code under test.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trigger.menu import loads
from trigger.menu.dnf import to_dnf
from trigger.menu.interpret import all_patterns, interpret, sum_of_products
from trigger.menu.parser import parse
from trigger.menu.printer import to_text
from trigger.menu.syntax import And, Compare, Expression, Name, Not, Or
from trigger.menu.values import BINARY, ONE_HOT, Group

GROUPS = {
    "clst": Group("clst", BINARY, ("clst_0", "clst_1", "clst_2")),
    "t2": Group("t2", ONE_HOT, ("t2_0", "t2_1", "t2_2")),
}
SINGLES = ("veto", "ehigh", "bha_veto", "lml6")
BITS = (*SINGLES, *GROUPS["clst"].bits, *GROUPS["t2"].bits)
INDEX = {name: 2 * i + 1 for i, name in enumerate(BITS)}

# Every comparison that is neither always nor never true, written out by hand.
ALLOWED = (
    [("clst", ">", k) for k in range(7)] + [("clst", ">=", k) for k in range(1, 8)]
    + [("clst", "<", k) for k in range(1, 8)] + [("clst", "<=", k) for k in range(7)]
    + [("clst", sign, k) for sign in ("=", "!=") for k in range(8)]
    + [("t2", ">", k) for k in range(3)] + [("t2", ">=", k) for k in range(1, 4)]
    + [("t2", "<", k) for k in range(1, 4)] + [("t2", "<=", k) for k in range(3)]
    + [("t2", sign, k) for sign in ("=", "!=") for k in range(3)]
)  # fmt: skip


def _operands(children: st.SearchStrategy[Expression]) -> st.SearchStrategy[tuple[Expression, ...]]:
    return st.lists(children, min_size=2, max_size=3).map(tuple)


EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.sampled_from(BITS).map(Name) | st.sampled_from(ALLOWED).map(lambda a: Compare(*a)),
    lambda inner: inner.map(Not) | _operands(inner).map(And) | _operands(inner).map(Or),
    max_leaves=8,
)


def meaning(expression: Expression, word: int) -> bool:
    """Evaluate an expression for one input word, bit `INDEX[name]` of a plain integer."""
    match expression:
        case Name(name):
            return bool(word >> INDEX[name] & 1)
        case Not(operand):
            return not meaning(operand, word)
        case And(operands):
            return all(meaning(operand, word) for operand in operands)
        case Or(operands):
            return any(meaning(operand, word) for operand in operands)
        case Compare(name, sign, number):
            bits = [word >> INDEX[bit] & 1 for bit in GROUPS[name].bits]
            if name == "clst":
                value = bits[0] + 2 * bits[1] + 4 * bits[2]
            else:
                value = max((i + 1 for i in range(3) if bits[i]), default=0)
            text = {"=": "==", "!=": "!="}.get(sign, sign)
            return {
                ">": value > number, ">=": value >= number, "<": value < number,
                "<=": value <= number, "==": value == number, "!=": value != number,
            }[text]  # fmt: skip
    raise AssertionError(expression)


def word_of(pattern: Mapping[str, bool]) -> int:
    """Return the plain integer of named bits."""
    return sum(1 << INDEX[name] for name, value in pattern.items() if value)


def menu_text(outputs: Mapping[str, str]) -> str:
    """Return a menu in TOML with these inputs and outputs."""
    lines = ['[menu]\nname = "random"\nversion = "1"\n[inputs]']
    lines += [f"{name} = {INDEX[name]}" for name in SINGLES]
    lines += [
        f'{g.name} = {{ index = {[INDEX[b] for b in g.bits]}, kind = "{g.kind}" }}'
        for g in GROUPS.values()
    ]
    for i, (name, logic) in enumerate(outputs.items()):
        lines.append(f'[outputs.{name}]\nindex = {i}\nlogic = "{logic}"')
    return "\n".join(lines) + "\n"


PATTERNS = [
    dict(zip(BITS, values, strict=True))
    for values in itertools.product((False, True), repeat=len(BITS))
]


@given(EXPRESSIONS)
def test_printed_expression_parses_to_the_same_tree(expression: Expression) -> None:
    assert parse(to_text(expression)) == expression


@given(EXPRESSIONS, st.randoms(use_true_random=False))
def test_spelling_and_blanks_do_not_matter(expression: Expression, random) -> None:  # type: ignore[no-untyped-def]
    text = to_text(expression).replace("!=", "≠")
    text = text.replace("!", random.choice(["not ", "NOT ", "! "])).replace("≠", " != ")
    text = text.replace("=", random.choice(["=", "=="])) if "!=" not in text else text
    for word in ("and", "or"):
        text = text.replace(f" {word} ", random.choice([f"  {word}\n", f"\t{word.upper()} "]))
    assert parse(text.replace(">==", ">=").replace("<==", "<=")) == expression


def test_not_binds_tighter_than_and_and_and_tighter_than_or() -> None:
    a, b, c = Name("a"), Name("b"), Name("c")
    assert parse("!a and b or c") == Or((And((Not(a), b)), c))
    assert parse("a or b and c") == Or((a, And((b, c))))
    assert parse("not clst > 3") == Not(Compare("clst", ">", 3))
    assert parse("a and (b and c)") == And((a, And((b, c))))


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS)
def test_names_logic_and_products_are_the_plain_meaning(expression: Expression) -> None:
    wanted = [meaning(expression, word_of(pattern)) for pattern in PATTERNS]
    bits = {name: np.array([p[name] for p in PATTERNS]) for name in BITS}
    assert interpret(expression, GROUPS, bits).tolist() == wanted
    products = to_dnf(expression, GROUPS)
    assert sum_of_products(products, bits, len(PATTERNS)).tolist() == wanted


@settings(max_examples=25, deadline=None)
@given(st.lists(EXPRESSIONS, min_size=1, max_size=6), st.integers(0, 2**32))
def test_bit_sliced_evaluator_is_the_plain_meaning(
    expressions: list[Expression], seed: int
) -> None:
    menu = loads(menu_text({f"line{i}": to_text(e) for i, e in enumerate(expressions)}))
    rows = np.random.default_rng(seed).integers(
        0, 2**64, size=(menu.n_inputs, 3), dtype=np.uint64, endpoint=False
    )
    out = menu.compile()(rows)
    for event in range(192):
        word = sum(
            (int(rows[index, event // 64]) >> event % 64 & 1) << index for index in INDEX.values()
        )
        answers = [int(out[i, event // 64]) >> event % 64 & 1 for i in range(len(expressions))]
        assert answers == [meaning(expression, word) for expression in expressions]


def test_all_patterns_are_all_patterns() -> None:
    bits = all_patterns(("a", "b", "c"))
    rows = set(zip(*(bits[name].tolist() for name in "abc"), strict=True))
    assert rows == set(itertools.product((False, True), repeat=3))


@pytest.mark.parametrize(
    ("text", "products"),
    [
        # Term order of menu 0034: the first factor runs fastest.
        ("(clst_0 or clst_1) and (t2_0 or t2_1)",
         [["clst_0", "t2_0"], ["clst_1", "t2_0"], ["clst_0", "t2_1"], ["clst_1", "t2_1"]]),
        ("clst>2 and ehigh", [["clst_0", "clst_1", "ehigh"], ["clst_2", "ehigh"]]),
        ("veto and !veto", []),
        ("veto and veto and ehigh", [["veto", "ehigh"]]),
        ("(veto or ehigh) and (veto or ehigh)",
         [["veto"], ["ehigh", "veto"], ["ehigh"]]),
    ],
)  # fmt: skip
def test_order_of_products(text: str, products: list[list[str]]) -> None:
    assert [[name for name, _ in term] for term in to_dnf(parse(text), GROUPS)] == products
