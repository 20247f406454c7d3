"""The tables `[[grids]]` of a study: trigger efficiency on points of mass and lifetime.

Each mass is a sample of its own with ``sampling = "broad"``: its events serve every lifetime, each
with a weight a lifetime. A process with several long-lived particles has one common lifetime.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from sim.study.fields import Name, NonNegative, Range
from sim.toml_file import Strict

Mass = Annotated[float, Field(gt=0, le=1e3, allow_inf_nan=False)]
Ctau = Annotated[float, Field(gt=0, le=1e3, allow_inf_nan=False)]


class Ctaus(Strict):
    """Lifetimes at equal steps of the logarithm."""

    low: Ctau
    high: Ctau
    points: Annotated[int, Field(ge=2, le=1000)]

    def values(self) -> list[float]:
        """Return the points [m]; the ends exactly as given."""
        inner = np.geomspace(self.low, self.high, self.points)[1:-1].tolist()
        return [self.low, *inner, self.high]


class Grid(Strict):
    """Efficiency of some lines, and of groups of lines, for each mass and lifetime."""

    label: Name = Field(max_length=100)
    title: str = ""
    process: str
    parameters: dict[str, float | int | str | bool] = {}
    """Of the process, without mass, lifetimes and sampling."""
    mass_parameter: str = "mass"
    """The process's parameter that `masses` sets."""
    masses: list[Mass] = Field(min_length=1, max_length=1000)
    """[GeV]."""
    ctaus: list[Ctau] | Ctaus
    """Mean proper decay lengths [m], common to all long-lived particles of the process."""
    lines: list[str] = []
    any_of: dict[Name, list[str]] = {}
    """Groups of lines by name: an event passes where any of them fires."""
    where: list[Range] = []
    """Cuts on truth variables: only events within are in numerator and denominator."""
    share: NonNegative = 1.0
    """Share of the study's events that each mass gets, relative to shares of the samples."""

    @model_validator(mode="after")
    def _distinct(self) -> Grid:
        if not self.lines and not self.any_of:
            raise ValueError("needs lines or any_of")
        for line in self.lines:
            if self.lines.count(line) > 1:
                raise ValueError(f"line {line!r} is given twice")
        for name, members in self.any_of.items():
            if not members:
                raise ValueError(f"any_of {name!r} has no lines")
            if name in self.lines:
                raise ValueError(f"any_of {name!r} has the name of a line")
        for key, values in (("masses", self.masses), ("ctaus", self.ctau_values())):
            if not values:
                raise ValueError(f"{key} must not be empty")
            if any(b <= a for a, b in pairwise(values)):
                raise ValueError(f"{key} must rise strictly")
        return self

    def ctau_values(self) -> list[float]:
        """Return the lifetimes [m]."""
        return self.ctaus.values() if isinstance(self.ctaus, Ctaus) else self.ctaus

    def used_lines(self) -> list[str]:
        """Return every line that the grid or one of its groups needs, once."""
        members = [line for group in self.any_of.values() for line in group]
        return list(dict.fromkeys([*self.lines, *members]))
