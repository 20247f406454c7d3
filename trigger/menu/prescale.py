"""What a menu says about the prescale of one line."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from firmware_models.errors import InputError

MODES = ("counter", "random", "fractional")
"""Counter: exactly every n-th. Random: each with chance 1/n. Fractional: evenly, n not whole."""

MAX_PRESCALE = 2**24 - 1
"""Largest prescale: the interval register of the prescale block has 24 bits."""

MAX_DECIMALS = 6
"""Decimals that a fractional prescale may have."""


@dataclass(frozen=True)
class Prescale:
    """Prescale of one line.

    Parameters
    ----------
    value : Fraction
        0 masks the line, 1 passes everything, n passes one in n; exact.
    mode : str
        One of `MODES`.
    phase : int
        Fires that count as passed before the first: with counter mode and prescale n, fire number
        ``n - phase`` is the first that passes.
    """

    value: Fraction = Fraction(1)
    mode: str = "counter"
    phase: int = 0

    @property
    def masked(self) -> bool:
        """True when nothing passes."""
        return self.value == 0

    @property
    def fraction(self) -> float:
        """Mean fraction of fires that pass."""
        return 0.0 if self.masked else float(1 / self.value)

    def __str__(self) -> str:
        """Return the value as the shortest decimal number."""
        if self.value.denominator == 1:
            return str(self.value.numerator)
        return format(Decimal(self.value.numerator) / Decimal(self.value.denominator), "f")


def make_prescale(
    value: int | Decimal, mode: str | None = None, phase: int = 0, *, place: str = ""
) -> Prescale:
    """Check and build a prescale.

    Parameters
    ----------
    value : int or Decimal
        As the menu gives it.
    mode : str, optional
        Default: counter for whole values, fractional otherwise.
    phase : int
        0 to the value less one.
    place : str
        File and path, for messages.

    Raises
    ------
    InputError
        For values that are not numbers, below 0, between 0 and 1, above `MAX_PRESCALE` or with
        too many decimals; for a mode or phase that does not fit.
    """
    exact = _exact(value, place)
    whole = exact.denominator == 1
    chosen = mode or ("counter" if whole else "fractional")
    if chosen == "counter" and not whole:
        raise InputError(
            f"a counter passes one in a whole number, not one in {value}; "
            "use mode 'fractional' or 'random'",
            place=place,
        )
    if phase and chosen == "random":
        raise InputError(f"a random prescale has no phase, not {phase}", place=f"{place}.phase")
    if phase < 0 or (phase and phase >= exact):
        raise InputError(
            f"phase must be 0 to the prescale less one ({value} given there), not {phase}",
            place=f"{place}.phase",
        )
    return Prescale(exact, chosen, phase)


def _exact(value: int | Decimal, place: str) -> Fraction:
    allowed = f"0 (masked) or a number from 1 to {MAX_PRESCALE}, such as 1, 20 or 2.5"
    finite = isinstance(value, int) or value.is_finite()
    if not finite or not (value == 0 or 1 <= value <= MAX_PRESCALE):
        raise InputError(f"prescale must be {allowed}, not {_shown(value)}", place=place)
    exact = Fraction(value)
    if (exact * 10**MAX_DECIMALS).denominator != 1:
        raise InputError(
            f"prescale must have at most {MAX_DECIMALS} decimals, not {_shown(value)}", place=place
        )
    return exact


def _shown(value: int | Decimal) -> str:
    if isinstance(value, int) and abs(value) >= 10**12:
        return "a whole number of 13 or more digits"
    text = str(value)
    return text if len(text) <= 24 else f"{text[:20]}…"
