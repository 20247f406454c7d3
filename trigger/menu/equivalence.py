"""Proof, line by line, that names logic, sum of products and evaluator are the same function.

A line that reads few inputs is evaluated for every pattern of them: the names logic with its
multi-bit inputs as numbers (`trigger.menu.interpret`), the sum of products term by term, and the
compiled evaluator, which also must read no other input. A line that reads many is proven by
decision diagrams, after each of its comparisons has been evaluated for every value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from trigger.bits import slice_bits, unslice_bits
from trigger.menu.diagram import Diagrams, dnf_expression, pattern_text
from trigger.menu.dnf import Dnf
from trigger.menu.interpret import Bits, all_patterns, input_names, interpret, sum_of_products
from trigger.menu.model import Line, Menu
from trigger.menu.slots import AND, COPY, NOT, Program
from trigger.menu.syntax import And, Compare, Expression, Name, Not, Or, leaves
from trigger.menu.values import expand

EXHAUSTIVE_INPUTS = 20
"""Lines with up to so many inputs are evaluated for every pattern."""


@dataclass(frozen=True)
class LineProof:
    """Verdict on one line.

    Parameters
    ----------
    name : str
    n_inputs : int
        Input bits that the names logic reads.
    method : str
        ``"exhaustive"`` or ``"diagram"``.
    products, evaluator : str
        Empty when proven equal to the names logic; otherwise a pattern of inputs on which they
        differ, as text.
    """

    name: str
    n_inputs: int
    method: str
    products: str
    evaluator: str

    @property
    def proven(self) -> bool:
        """Both are equal to the names logic."""
        return not self.products and not self.evaluator


def prove_line(menu: Menu, line: Line, dnf: Dnf | None = None) -> LineProof:
    """Prove one line of a menu.

    Parameters
    ----------
    menu : Menu
    line : Line
    dnf : Dnf, optional
        Sum of products to prove in place of the line's own, such as one read from an `.alg` file.
    """
    products = line.dnf if dnf is None else dnf
    names = dict.fromkeys(input_names(line.expression, menu.groups))
    names |= dict.fromkeys(name for term in products for name, _ in term)
    if len(names) <= EXHAUSTIVE_INPUTS:
        return _exhaustive(menu, line, products, tuple(names))
    return _by_diagram(menu, line, products, len(names))


def prove_software(menu: Menu) -> Iterator[LineProof]:
    """Prove every line of a menu, one at a time."""
    for line in menu.lines:
        yield prove_line(menu, line)


def _exhaustive(menu: Menu, line: Line, dnf: Dnf, names: tuple[str, ...]) -> LineProof:
    bits = all_patterns(names)
    n = 1 << len(names)
    wanted = np.broadcast_to(interpret(line.expression, menu.groups, bits), (n,))
    products = sum_of_products(dnf, bits, n)
    evaluated, foreign = _run_evaluator(menu, line, bits, n)
    return LineProof(
        line.name,
        len(names),
        "exhaustive",
        _first_difference(wanted, products, bits),
        foreign or _first_difference(wanted, evaluated, bits),
    )


def _run_evaluator(menu: Menu, line: Line, bits: Mapping[str, Bits], n: int) -> tuple[Bits, str]:
    evaluator = menu.compile()
    position = evaluator.names.index(line.name)
    allowed = {menu.input_index[name] for name in bits}
    foreign = evaluator.program.inputs_of(position) - allowed
    rows = np.zeros((menu.n_inputs, -(-n // 64)), dtype=np.uint64)
    sliced = slice_bits(np.array([bits[name] for name in bits]))
    for row, name in zip(sliced, bits, strict=True):
        rows[menu.input_index[name]] = row
    answer: Bits = unslice_bits(evaluator(rows, n)[position : position + 1], n)[0]
    return answer, f"reads inputs {sorted(foreign)} besides its own" if foreign else ""


def _first_difference(wanted: Bits, found: Bits, bits: Mapping[str, Bits]) -> str:
    wrong = np.nonzero(wanted != found)[0]
    if not len(wrong):
        return ""
    return pattern_text({name: bool(values[wrong[0]]) for name, values in bits.items()})


def _by_diagram(menu: Menu, line: Line, dnf: Dnf, n_inputs: int) -> LineProof:
    for leaf in leaves(line.expression):
        if isinstance(leaf, Compare):
            fault = _comparison_fault(menu, leaf)
            if fault:
                return LineProof(line.name, n_inputs, "diagram", fault, fault)
    diagrams = Diagrams()
    wanted = diagrams.of(line.expression, menu.groups)
    evaluator = menu.compile()
    program = program_expression(
        evaluator.program,
        evaluator.names.index(line.name),
        {v: k for k, v in menu.input_index.items()},
    )
    answers = []
    for other in (dnf_expression(dnf), program):
        pattern = diagrams.distinguish(wanted, diagrams.of(other, menu.groups))
        answers.append("" if pattern is None else pattern_text(pattern))
    return LineProof(line.name, n_inputs, "diagram", answers[0], answers[1])


def _comparison_fault(menu: Menu, comparison: Compare) -> str:
    """Return a value for which a comparison's expansion is wrong, as text, or nothing."""
    group = menu.groups[comparison.name]
    bits = all_patterns(group.bits)
    wanted = interpret(comparison, menu.groups, bits)
    found = interpret(expand(group, comparison), menu.groups, bits)
    return _first_difference(wanted, found, bits)


def program_expression(program: Program, line: int, names: Mapping[int, str]) -> Expression:
    """Return what the evaluator's instructions compute for a line, as an expression."""
    value: dict[int, Expression] = {slot: Name(name) for slot, name in names.items()}
    for operation, target, first, second in program.code.tolist():
        if operation == COPY:
            value[target] = value[first]
        elif operation == NOT:
            value[target] = Not(value[first])
        else:
            make = And if operation == AND else Or
            value[target] = make((value[first], value[second]))
    return value[program.slot_of(line)]
