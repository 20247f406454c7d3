"""Acceptance cuts as a small language: read once, applied to whole samples; no eval.

The grammar is in docs/reference/process_cuts.md. A cut is read by recursive descent straight into
functions over arrays; every error names the position, what stands there and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from sim.processes.cut_text import CutText
from sim.processes.cut_values import PARTICLES, QUANTITIES, CutEvents

BoolArray = NDArray[np.bool_]
Values = NDArray[Any]

NUMBER, CONDITION = "a number", "a condition"

FUNCTIONS = ("count", "min", "max", "sum", "mass", "min_pair_mass", "max_pair_mass")
COMPARISONS: dict[str, Callable[[Values, Values], Values]] = {
    "<=": np.less_equal,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    ">": np.greater,
}
RESERVED = ("and", "or", "not", "in")

LONGEST = 10_000
"""Characters that a cut may have."""

DEEPEST = 50
"""Nesting that a cut may have; deeper text is refused before it exhausts the interpreter."""


@dataclass(frozen=True)
class Cut:
    """A condition on events.

    Parameters
    ----------
    text : str
        What the user wrote.
    apply : callable
        `CutEvents` to the events that pass, bool, shape ``(n_events,)``.
    """

    text: str
    apply: Callable[[CutEvents], BoolArray]


@dataclass(frozen=True)
class _Part:
    """A piece that has been read: its function, its type and where it began."""

    evaluate: Callable[[CutEvents], Values]
    kind: str
    start: int
    constant: bool = False


def read_cut(text: str, final_state: tuple[int, ...] | None = None) -> Cut:
    """Read one cut.

    Parameters
    ----------
    text : str
        Such as ``"10 < theta_cm(e-) < 170"``.
    final_state : tuple of int, optional
        Particle codes of the process. When given, names of particles that it does not have are
        errors, and so is a quantity of several particles at once.

    Raises
    ------
    InputError
        When the text is not a cut.
    """
    if len(text) > LONGEST:
        raise InputError(f"{len(text)} characters are too many; allowed: {LONGEST}", place="cut")
    reader = _Reader(text, final_state)
    part = reader.either()
    if reader.skip() < len(text):
        raise reader.error(reader.at, "'and', 'or' or the end")
    reader.require(part, CONDITION)

    def apply(events: CutEvents) -> BoolArray:
        with np.errstate(all="ignore"):
            result = np.broadcast_to(part.evaluate(events), (len(events.events),))
        return np.asarray(result, dtype=bool)

    return Cut(text, apply)


class _Reader(CutText):
    """Recursive descent over the text."""

    def __init__(self, text: str, final_state: tuple[int, ...] | None) -> None:
        super().__init__(text)
        self.final_state = final_state
        self.depth = 0
        self.in_particle = False

    def require(self, part: _Part, kind: str) -> None:
        if part.kind != kind:
            raise InputError(f"must be {kind}, not {part.kind}", place=self.place(part.start))

    # --- conditions ----------------------------------------------------------------------------

    def either(self) -> _Part:
        """Read ``a or b``."""
        return self._joined("or", self.both, np.logical_or)

    def both(self) -> _Part:
        """Read ``a and b``."""
        return self._joined("and", self.negation, np.logical_and)

    def _joined(
        self, name: str, inner: Callable[[], _Part], join: Callable[[Values, Values], Values]
    ) -> _Part:
        self.depth += 1
        if self.depth > DEEPEST:
            raise InputError(f"nested more than {DEEPEST} deep", place=self.place(self.at))
        parts = [inner()]
        while self.word(name):
            parts.append(inner())
            self.require(parts[0], CONDITION)
            self.require(parts[-1], CONDITION)
        self.depth -= 1
        return _chain(parts, [join] * (len(parts) - 1), CONDITION)

    def negation(self) -> _Part:
        """Read ``not a`` or a comparison."""
        start = self.skip()
        count = 0
        while self.word("not"):
            count += 1
        part = self.comparison()
        if count:
            self.require(part, CONDITION)
        if count % 2 == 0:
            return part
        return _Part(lambda events: np.logical_not(part.evaluate(events)), CONDITION, start)

    def comparison(self) -> _Part:
        """Read ``a < b``, ``a < b < c`` or ``a in b..c``."""
        left = self.addition()
        if self.word("in"):
            low = self.addition()
            self.expect("..")
            high = self.addition()
            for part in (left, low, high):
                self.require(part, NUMBER)
            self._check_range(low, high)
            above = _chain([left, low], [np.greater_equal], CONDITION)
            below = _chain([left, high], [np.less_equal], CONDITION)
            return _chain([above, below], [np.logical_and], CONDITION)
        steps: list[_Part] = []
        while symbol := self.take(r"<=|>=|==|!=|<|>"):
            right = self.addition()
            self.require(left, NUMBER)
            self.require(right, NUMBER)
            steps.append(_chain([left, right], [COMPARISONS[symbol]], CONDITION))
            left = right
        return _chain(steps, [np.logical_and] * (len(steps) - 1), CONDITION) if steps else left

    def _check_range(self, low: _Part, high: _Part) -> None:
        """Refuse a range of two constants that holds no number."""
        if not (low.constant and high.constant):
            return
        with np.errstate(all="ignore"):
            # A constant does not look at the events.
            first, last = (float(part.evaluate(cast(CutEvents, None))) for part in (low, high))
        if not first <= last:
            raise InputError(
                f"the range {first:.9g}..{last:.9g} is empty; needed: LOW..HIGH with LOW <= HIGH",
                place=self.place(low.start),
            )

    # --- numbers -------------------------------------------------------------------------------

    def addition(self) -> _Part:
        """Read ``a + b - c``."""
        return self._arithmetic(self.product, {"+": np.add, "-": np.subtract})

    def product(self) -> _Part:
        """Read ``a * b / c``."""
        return self._arithmetic(self.signed, {"*": np.multiply, "/": np.divide})

    def _arithmetic(
        self, inner: Callable[[], _Part], signs: dict[str, Callable[[Values, Values], Values]]
    ) -> _Part:
        parts, joins = [inner()], []
        while symbol := self.take("[" + re.escape("".join(signs)) + "]"):
            parts.append(inner())
            self.require(parts[0], NUMBER)
            self.require(parts[-1], NUMBER)
            joins.append(signs[symbol])
        return _chain(parts, joins, NUMBER)

    def signed(self) -> _Part:
        """Read ``-a`` or a primary."""
        start = self.skip()
        minus = 0
        while self.take("-"):
            minus += 1
        part = self.primary()
        if minus:
            self.require(part, NUMBER)
        if minus % 2 == 0:
            return part
        return _Part(lambda events: -part.evaluate(events), NUMBER, start, part.constant)

    def primary(self) -> _Part:
        """Read a number, a bracket, a quantity or a function."""
        start = self.skip()
        # "12.4..155.1": a point that begins ".." is not part of the number.
        digits = self.take(r"(\d+(\.(?!\.)\d*)?|\.\d+)([eE][+-]?\d+)?")
        if digits:
            value = np.array(float(digits))
            if not np.isfinite(value):
                raise InputError("the number is too large", place=self.place(start))
            return _Part(lambda events: value, NUMBER, start, constant=True)
        if self.take(r"\("):
            part = self.either()
            self.expect(")")
            return _Part(part.evaluate, part.kind, start, part.constant)
        name = self.take(r"[A-Za-z_]\w*")
        if not name or name in RESERVED:
            raise self.error(start, "a number, a quantity, a function or '('")
        if name in QUANTITIES:
            return self.quantity(name, start)
        if name in FUNCTIONS:
            if self.in_particle:
                raise InputError(
                    f"{name!r} is of a whole event and cannot stand in the condition on one "
                    f"particle; allowed there: {', '.join(QUANTITIES)}",
                    place=self.place(start),
                )
            return self.function(name, start)
        names = QUANTITIES if self.in_particle else (*QUANTITIES, *FUNCTIONS)
        raise unknown_name("quantity or function", name, names, place=self.place(start))

    def quantity(self, name: str, start: int) -> _Part:
        """Read a quantity: of the particle in hand, or with the particle's name in brackets."""
        if self.in_particle:
            return _Part(lambda events: events.quantity(name), NUMBER, start)
        self.expect("(")
        inside = self.skip()
        names = self.particles()
        self.expect(")")
        if self.final_state is not None and self._matches(names) != 1:
            raise InputError(
                f"{name}({' '.join(names)}) needs exactly one such particle, the final state has "
                f"{self._matches(names)}; use count, min, max or sum",
                place=self.place(inside),
            )

        def evaluate(events: CutEvents) -> Values:
            return events.extreme(events.quantity(name), events.selected(names), True)

        return _Part(evaluate, NUMBER, start)

    def function(self, name: str, start: int) -> _Part:
        """Read a function of the whole event."""
        self.expect("(")
        wanted = ""
        if name in ("min", "max", "sum"):
            place = self.skip()
            wanted = self.take(r"[A-Za-z_]\w*")
            if wanted not in QUANTITIES:
                raise unknown_name("quantity", wanted, QUANTITIES, place=self.place(place))
            self.expect(",")
        names = self.particles()
        condition: _Part | None = None
        if self.take(","):
            self.in_particle = True
            condition = self.either()
            self.in_particle = False
            self.require(condition, CONDITION)
        self.expect(")")

        def evaluate(events: CutEvents) -> Values:
            chosen = events.selected(names)
            if condition is not None:
                chosen = chosen & condition.evaluate(events)
            return _summary(events, name, wanted, chosen)

        return _Part(evaluate, NUMBER, start)

    def particles(self) -> tuple[str, ...]:
        """Read one or more names of particles."""
        names = []
        while True:
            start = self.skip()
            name = self.take(r"[A-Za-z_]\w*[+-]?")
            if not name:
                break
            if name not in PARTICLES:
                raise unknown_name("particle", name, PARTICLES, place=self.place(start))
            if self.final_state is not None and not self._matches((name,)):
                present = [each for each in PARTICLES if self._matches((each,))]
                raise InputError(
                    f"the final state has no {name!r}; allowed: {', '.join(present)}",
                    place=self.place(start),
                )
            names.append(name)
        if not names:
            raise self.error(self.at, f"the name of a particle ({', '.join(PARTICLES)})")
        return tuple(names)

    def _matches(self, names: tuple[str, ...]) -> int:
        codes = {code for name in names for code in PARTICLES[name]}
        return sum(code in codes for code in self.final_state or ())


def _chain(parts: list[_Part], joins: list[Callable[[Values, Values], Values]], kind: str) -> _Part:
    """Join parts from left to right, in a loop: a long chain must not nest function calls."""
    if not joins:
        return parts[0]

    def evaluate(events: CutEvents) -> Values:
        value = parts[0].evaluate(events)
        for join, part in zip(joins, parts[1:], strict=True):
            value = join(value, part.evaluate(events))
        return value

    return _Part(evaluate, kind, parts[0].start, all(part.constant for part in parts))


def _summary(events: CutEvents, name: str, quantity: str, chosen: BoolArray) -> Values:
    if name == "count":
        return events.count(chosen)
    if name == "mass":
        return events.mass(chosen)
    if name.endswith("pair_mass"):
        return events.pair_mass(chosen, name.startswith("max"))
    value = events.quantity(quantity)
    if name == "sum":
        return events.total(np.where(chosen, value, 0.0))
    return events.extreme(value, chosen, name == "max")
