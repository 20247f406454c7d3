"""How a sample of events is normalised: by a cross-section, or by a rate of its own."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from firmware_models.errors import InputError, shortened

CM2_PER_NB = 1e-33
"""One nanobarn [cm2]."""


@dataclass(frozen=True)
class Sample:
    """Normalisation of one process.

    Exactly one of `sigma_nb` and `rate_hz` is needed before rates can be computed; a decision file
    may leave both open.

    Parameters
    ----------
    sigma_nb : float, optional
        Cross-section of the generated sample [nb].
    sigma_err_nb : float
        Its error, one standard deviation [nb].
    rate_hz : float, optional
        Rate of the generated windows or events [Hz], for sources without a cross-section such as
        accidental background: windows a second, the whole clock rate if each window is one clock.
    rate_err_hz : float
        Its error, one standard deviation [Hz].
    n_generated : int, optional
        Generated events, including those that were dropped before the trigger. Default: the events
        that were seen.
    sum_w, sum_w2 : float, optional
        Sum of weights and of squared weights of all generated events. Default: `n_generated` for
        unweighted samples, the sums over the events seen for weighted ones.
    """

    sigma_nb: float | None = None
    sigma_err_nb: float = 0.0
    rate_hz: float | None = None
    rate_err_hz: float = 0.0
    n_generated: int | None = None
    sum_w: float | None = None
    sum_w2: float | None = None

    def checked(self, place: str) -> Sample:
        """Return the sample itself after a check of every number.

        Raises
        ------
        InputError
            When a number is negative, not finite, or two normalisations are given.
        """
        for name, value in asdict(self).items():
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(
                    f"{name} must be a number, not {shortened(repr(value))}", place=place
                )
            try:
                allowed = math.isfinite(value) and value >= 0
            except OverflowError:  # a whole number beyond the largest float
                raise InputError(f"{name} is beyond {sys.float_info.max:g}", place=place) from None
            if not allowed:
                raise InputError(
                    f"{name} must be finite and not negative, not {value}", place=place
                )
        if self.sigma_nb is not None and self.rate_hz is not None:
            raise InputError("give a cross-section or a rate, not both", place=place)
        return self

    def source_rate(self, luminosity_cm2_s: float, place: str) -> tuple[float, float]:
        """Return rate and error of the source before the trigger [Hz].

        Parameters
        ----------
        luminosity_cm2_s : float
            Instantaneous luminosity [1/(cm2 s)].
        place : str
            What to name in an error.

        Raises
        ------
        InputError
            When the sample has no normalisation.
        """
        if self.rate_hz is not None:
            return self.rate_hz, self.rate_err_hz
        if self.sigma_nb is None:
            raise InputError("needs a cross-section [nb] or a rate [Hz]", place=place)
        scale = luminosity_cm2_s * CM2_PER_NB
        return self.sigma_nb * scale, self.sigma_err_nb * scale

    def as_dict(self) -> dict[str, float]:
        """Return what is known, for the metadata of a file."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], place: str) -> Sample:
        """Build from metadata; unknown names are refused."""
        unknown = sorted(set(values) - set(cls.__dataclass_fields__))
        if unknown:
            raise InputError(f"unknown normalisation {', '.join(unknown)}", place=place)
        return cls(**dict(values)).checked(place)


def join(parts: Sequence[tuple[Sample, Mapping[str, float]]], place: str) -> Sample:
    """Return the normalisation of several files of one process.

    Parameters
    ----------
    parts : sequence of (Sample, mapping)
        Normalisation and tally (``n_events``, ``sum_w``, ``sum_w2``) of each file.
    place : str
        What to name in an error.

    Raises
    ------
    InputError
        When cross-sections or rates of the files differ.
    """
    first = parts[0][0]
    for name in ("sigma_nb", "sigma_err_nb", "rate_hz", "rate_err_hz"):
        values = {getattr(sample, name) for sample, _ in parts}
        if len(values) > 1:
            listed = ", ".join(str(value) for value in sorted(values, key=str))
            raise InputError(f"files disagree on {name}: {listed}; give it explicitly", place=place)

    def total(name: str, otherwise: str) -> float:
        return sum(
            tally[otherwise] if getattr(sample, name) is None else getattr(sample, name)
            for sample, tally in parts
        )

    # A file that dropped events before the trigger knows its own sums of all weights, or none.
    known = all(
        sample.sum_w is not None or sample.n_generated in (None, tally["n_events"])
        for sample, tally in parts
    )
    return Sample(
        first.sigma_nb, first.sigma_err_nb, first.rate_hz, first.rate_err_hz,
        int(total("n_generated", "n_events")),
        total("sum_w", "sum_w") if known else None,
        total("sum_w2", "sum_w2") if known else None,
    )  # fmt: skip
