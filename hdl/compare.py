"""Equality of words, and the first difference explained in the interface table's terms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface import Block, Registers
from firmware_models.words import Field, Word

Decoded = dict[str, Any]
"""Field name to value; an array field gives its elements by index."""

_SHOWN = 12

# "0 ECL, 1 TOP, 2 CDC, 3 SELF" at the end of a field's text.
_CODES = re.compile(r"(?:^|: )(0 \w+(?:, \d+ \w+)+)$")


@dataclass(frozen=True)
class Mismatch:
    """The first place where a block's RTL and its model differ.

    Parameters
    ----------
    check : str
        What was being checked: ``"constrained"``, ``"physics"``, ``"reset_in_flight"``, …
    vector : int
        Number of the frame in that check, from 0; -1 where none applies.
    stage : str
        First differing output field as ``block.field``, or ``"protocol"`` or ``"latency"``.
    expected, observed : dict
        Differing fields (of array fields the differing elements, by index), decoded.
    given : dict
        Input frame, decoded; zero elements of array fields left out.
    lines : tuple of str
        Explanation for a person.
    """

    check: str
    vector: int
    stage: str
    expected: Decoded
    observed: Decoded
    given: Decoded = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the explanation, several lines."""
        return "\n".join((f"{self.check}, vector {self.vector}: {self.stage}", *self.lines))

    @classmethod
    def from_dict(cls, values: Decoded) -> Mismatch:
        """Build from what `as_dict` gave."""
        return cls(
            values["check"], values["vector"], values["stage"], values["expected"],
            values["observed"], values["input"], tuple(values["text"].splitlines()[1:]),
        )  # fmt: skip

    def as_dict(self) -> Decoded:
        """Return the mismatch for a JSON file."""
        return {
            "check": self.check,
            "vector": self.vector,
            "stage": self.stage,
            "expected": self.expected,
            "observed": self.observed,
            "input": self.given,
            "text": self.text(),
        }


def differing(expected: NDArray[np.void], observed: NDArray[np.void]) -> NDArray[np.intp]:
    """Return the numbers of the words that differ in any field."""
    names = expected.dtype.names or ()
    different = np.zeros(len(expected), dtype=bool)
    for name in names:
        unequal = expected[name] != observed[name]
        different |= unequal if unequal.ndim == 1 else unequal.any(axis=1)
    return np.flatnonzero(different)


def explain(
    block: Block,
    check: str,
    vector: int,
    given: NDArray[np.void],
    expected: NDArray[np.void],
    observed: NDArray[np.void],
    *,
    model: ModuleType | None = None,
    registers: Registers | None = None,
) -> Mismatch:
    """Explain one differing output word.

    Parameters
    ----------
    block : Block
    check : str
    vector : int
        Number of the frame in the check.
    given, expected, observed : ndarray, shape (1,)
        The input word, the model's output and the RTL's.
    model : module, optional
        The block's model. When it offers ``stages(words, registers) -> dict``, its intermediate
        values for the input are shown too (not for blocks with state).
    registers : dict, optional
        Values that were written; None: those after reset.
    """
    rows = list(_differences(block.output, expected[0], observed[0]))
    wanted: Decoded = {}
    seen: Decoded = {}
    lines = ["  input:", *_shown(block.input, given[0])]
    if registers is not None:
        lines += ["  registers that differ from their defaults:", *_changed(block, registers)]
    if model is not None and hasattr(model, "stages") and not block.stateful:
        lines.append("  stages of the model:")
        lines += [f"    {name}: {value}" for name, value in model.stages(given, registers).items()]
    lines.append("  output fields that differ:")
    for part, index, want, got in rows:
        if part.count == 1:
            wanted[part.name], seen[part.name] = want, got
        else:
            wanted.setdefault(part.name, {})[str(index)] = want
            seen.setdefault(part.name, {})[str(index)] = got
    for part, index, want, got in rows[:_SHOWN]:
        name = part.name if part.count == 1 else f"{part.name}[{index}]"
        lines.append(
            f"    {name}: expected {_value(part, want)}, observed {_value(part, got)}"
            + (f"  ({part.doc})" if part.doc else "")
        )
    if len(rows) > _SHOWN:
        lines.append(f"    … and {len(rows) - _SHOWN} more")
    return Mismatch(
        check, vector, f"{block.name}.{rows[0][0].name}", wanted, seen,
        decode(block.input, given[0]), tuple(lines),
    )  # fmt: skip


def fault(
    check: str, vector: int, stage: str, text: str,
    block: Block | None = None, given: NDArray[np.void] | None = None,
) -> Mismatch:  # fmt: skip
    """Return the mismatch for a fault in protocol or latency.

    Parameters
    ----------
    check, vector, stage
        As in `Mismatch`.
    text : str
        What is wrong.
    block : Block, optional
    given : ndarray, shape (n,), optional
        The frames of the run: the one of number `vector` is shown when it exists.
    """
    lines, decoded = [f"  {text}"], {}
    if block is not None and given is not None and 0 <= vector < len(given):
        lines += [f"  input of frame {vector}:", *_shown(block.input, given[vector])]
        decoded = decode(block.input, given[vector])
    return Mismatch(check, vector, stage, {}, {"fault": text}, decoded, tuple(lines))


def decode(word: Word, value: np.void) -> Decoded:
    """Return a word's fields as plain integers; of array fields the elements that are not 0."""
    out: Decoded = {}
    for part in word.fields:
        elements = np.atleast_1d(value[part.name]).tolist()
        if part.count == 1:
            out[part.name] = elements[0]
        else:
            out[part.name] = {str(i): e for i, e in enumerate(elements) if e}
    return out


def _differences(word: Word, expected: np.void, observed: np.void):  # type: ignore[no-untyped-def]
    for part in word.fields:
        want = np.atleast_1d(expected[part.name]).tolist()
        got = np.atleast_1d(observed[part.name]).tolist()
        for index, pair in enumerate(zip(want, got, strict=True)):
            if pair[0] != pair[1]:
                yield part, index, *pair


def _shown(word: Word, value: np.void) -> list[str]:
    lines = []
    for part in word.fields:
        elements = np.atleast_1d(value[part.name]).tolist()
        if part.count == 1:
            lines.append(f"    {part.name} = {_value(part, elements[0])}")
            continue
        present = [(i, e) for i, e in enumerate(elements) if e]
        listed = ", ".join(f"[{i}]={_value(part, e)}" for i, e in present[:_SHOWN])
        more = f" … {len(present)} in all" if len(present) > _SHOWN else ""
        lines.append(f"    {part.name}: {listed or 'all 0'}{more}")
    return lines


def _changed(block: Block, registers: Registers) -> list[str]:
    defaults = block.defaults()
    lines = []
    for register in block.registers:
        values = np.asarray(registers.get(register.name, defaults[register.name])).reshape(-1)
        at = np.flatnonzero(values != defaults[register.name])
        listed = ", ".join(f"[{i}]={values[i]}" for i in at[:_SHOWN].tolist())
        more = f" … {len(at)} in all" if len(at) > _SHOWN else ""
        if len(at):
            lines.append(f"    {register.name}: {listed}{more}")
    return lines or ["    none"]


def _value(part: Field, value: int) -> str:
    """Return a value with its unit, or with its name where the field's text lists its codes."""
    if part.unit:
        return f"{value} ({value * part.lsb:.6g} {part.unit})"
    if codes := _CODES.search(part.doc):
        names = dict(code.split(" ", 1) for code in codes[1].split(", "))
        return f"{value} ({names[str(value)]})" if str(value) in names else str(value)
    return str(value)
