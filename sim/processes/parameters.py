"""Parameters of a process: names, ranges, defaults, and the check of what a user gives."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from firmware_models.errors import InputError, shortened, unknown_name

Value = float | str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a process.

    Parameters
    ----------
    name : str
        Its name in Python and on the command line.
    default : float or str
        Value when none is given.
    text : str
        What it means.
    unit : str
        Unit of a number, empty for none.
    low, high : float
        Closed range of a number.
    choices : tuple of str
        Allowed words; empty for a number.
    """

    name: str
    default: Value
    text: str
    unit: str = ""
    low: float = 0.0
    high: float = math.inf
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The allowed values as text."""
        if self.choices:
            return " or ".join(self.choices)
        return f"{_exact(self.low)} to {_exact(self.high)}{' ' + self.unit if self.unit else ''}"

    def check(self, given: object, place: str) -> Value:
        """Return the value in its own type.

        Parameters
        ----------
        given : object
            A number, or text from the command line.
        place : str
            Where it stood, for the message.

        Raises
        ------
        InputError
            When it is not a finite number in the range, or not one of the words.
        """
        if self.choices:
            if str(given) not in self.choices:
                raise unknown_name("choice", str(given), self.choices, place=place)
            return str(given)
        try:
            if isinstance(given, bool):
                raise ValueError
            number = float(given)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise InputError(
                f"must be {self.allowed}, not {shortened(repr(given))}", place=place
            ) from None
        if not (math.isfinite(number) and self.low <= number <= self.high):
            raise InputError(f"must be {self.allowed}, not {shortened(repr(given))}", place=place)
        return number


def _exact(value: float) -> str:
    """Return a limit with all the digits that it takes to give exactly this number."""
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))


def resolve(
    process: str, parameters: Iterable[Parameter], given: Mapping[str, object]
) -> dict[str, Value]:
    """Return every parameter's value, checked, in the order of declaration.

    Parameters
    ----------
    process : str
        Name of the process, for messages.
    parameters : iterable of Parameter
        What the process takes.
    given : mapping
        What the user gave.

    Raises
    ------
    InputError
        For an unknown name or a value that is not allowed.
    """
    known = {parameter.name: parameter for parameter in parameters}
    for name in given:
        if name not in known:
            raise unknown_name("parameter", name, known, place=process)
    return {
        name: parameter.check(given.get(name, parameter.default), f"{process}.{name}")
        for name, parameter in known.items()
    }
