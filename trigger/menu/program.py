"""A menu's logic as a list of two-operand instructions with shared parts.

Every `and` and `or` of input bits becomes a node; equal nodes are one. Pairs of operands that
occur in more than one node are taken out first, the most frequent first, so that for example
``!bha_veto and !veto`` is computed once for all the lines that hold it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations

from trigger.menu.dnf import lower
from trigger.menu.model import Menu
from trigger.menu.slots import AND, NOT, OR, Program, Step, place
from trigger.menu.syntax import And, Compare, Expression, Name, Not

Key = tuple[int, tuple[int, ...]]
"""Operation and sorted operand nodes."""


def compile_menu(menu: Menu) -> Program:
    """Return the program of all lines of a menu, by rising index."""
    builder = _Builder(menu.input_index, menu.n_inputs)
    roots = [builder.node(lower(line.expression, menu.groups)) for line in menu.lines]
    builder.share_pairs()
    return builder.program(roots)


class _Builder:
    """Hash-consed nodes: inputs first, then negations, conjunctions and disjunctions."""

    def __init__(self, index: Mapping[str, int], n_inputs: int) -> None:
        self._index, self._n_inputs = index, n_inputs
        self._nodes: list[Key | None] = [None] * n_inputs
        self._known: dict[Key, int] = {}

    def node(self, expression: Expression) -> int:
        """Return the node of a lowered expression, made if it is new."""
        if isinstance(expression, Name):
            return self._index[expression.name]
        if isinstance(expression, Not):
            return self._make(NOT, {self.node(expression.operand)})
        if isinstance(expression, Compare):
            raise TypeError("the expression must be lowered first")
        operation = AND if isinstance(expression, And) else OR
        operands: set[int] = set()
        for operand in expression.operands:
            child = self.node(operand)
            key = self._nodes[child]
            # A sum within a sum, or a product within a product, is one.
            operands |= set(key[1]) if key is not None and key[0] == operation else {child}
        return operands.pop() if len(operands) == 1 else self._make(operation, operands)

    def _make(self, operation: int, operands: set[int]) -> int:
        key = (operation, tuple(sorted(operands)))
        if key not in self._known:
            self._known[key] = len(self._nodes)
            self._nodes.append(key)
        return self._known[key]

    def share_pairs(self) -> None:
        """Take out pairs of operands that occur in several nodes until none is left."""
        for operation in (AND, OR):
            members = {
                node: set(key[1]) for node, key in enumerate(self._nodes)
                if key is not None and key[0] == operation
            }  # fmt: skip
            counts = Counter(p for m in members.values() for p in combinations(sorted(m), 2))
            while counts:
                pair, count = max(counts.items(), key=lambda item: (item[1], item[0]))
                if count < 2:
                    break
                self._take_out(operation, pair, members, counts)
            for node, operands in members.items():
                self._nodes[node] = (operation, tuple(sorted(operands)))

    def _take_out(
        self,
        operation: int,
        pair: tuple[int, int],
        members: dict[int, set[int]],
        counts: Counter[tuple[int, int]],
    ) -> None:
        shared = next((n for n, m in members.items() if m == set(pair)), None)
        if shared is None:
            shared = len(self._nodes)
            self._nodes.append((operation, pair))
        for node, operands in members.items():
            if node == shared or not set(pair) <= operands:
                continue
            counts.subtract(combinations(sorted(operands), 2))
            operands -= set(pair)
            operands.add(shared)
            counts.update(combinations(sorted(operands), 2))
        members[shared] = set(pair)
        del counts[pair]

    def program(self, roots: list[int]) -> Program:
        """Order the needed nodes and return the instructions."""
        values = {node: node for node in range(self._n_inputs)}
        steps: list[Step] = []
        for root in roots:
            self._emit(root, values, steps)
        return place(steps, [values[root] for root in roots], self._n_inputs)

    def _emit(self, root: int, values: dict[int, int], steps: list[Step]) -> None:
        """Append the steps of a node after those of its operands."""
        stack = [root]
        while stack:
            node = stack[-1]
            key = self._nodes[node]
            if key is None or node in values:
                stack.pop()
                continue
            missing = [n for n in key[1] if n not in values]
            if missing:
                stack += missing
                continue
            operation, operands = key
            result = values[operands[0]]
            for other in [values[n] for n in operands[1:]] or [result]:
                steps.append((operation, result, other))
                result = self._n_inputs + len(steps) - 1
            values[node] = result
            stack.pop()
