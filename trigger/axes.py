"""Binned axes of efficiency tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.errors import InputError, unknown_name

Flow = Literal["clamp", "error"]

ANGLE_UNITS = ("rad", "deg")


@dataclass(frozen=True)
class Axis:
    """Bins of one variable: half-open, [edge, next edge); the last edge lies outside.

    Parameters
    ----------
    name : str
        Variable, such as ``e_cm``.
    unit : str
        Unit, empty for pure numbers.
    edges : tuple of float
        At least two, finite and rising.
    flow : {"clamp", "error"}, optional
        What a reader of the exported table does outside the edges: take the nearest bin, or
        refuse. Default: refuse for angles, where the edges are those of the acceptance; nearest
        bin for the rest (section E of the physics reference notes).

    Raises
    ------
    InputError
        When the edges cannot be bins.
    """

    name: str
    unit: str
    edges: tuple[float, ...]
    flow: Flow = "clamp"

    def __init__(self, name: str, unit: str, edges: ArrayLike, flow: str | None = None) -> None:
        values = np.asarray(edges, dtype=np.float64)
        place = f"axis {name}" if name else "axis"
        if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all():
            raise InputError("needs at least two finite edges", place=place)
        if not (np.diff(values) > 0).all():
            raise InputError("edges must rise", place=place)
        if not name:
            raise InputError("needs a name", place=place)
        behaviour = flow or ("error" if unit in ANGLE_UNITS else "clamp")
        if behaviour not in get_args(Flow):
            raise unknown_name("flow", behaviour, get_args(Flow), place=place)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "unit", unit)
        object.__setattr__(self, "edges", tuple(values.tolist()))
        object.__setattr__(self, "flow", behaviour)

    def __len__(self) -> int:
        """Return the number of bins."""
        return len(self.edges) - 1

    @property
    def centres(self) -> NDArray[np.float64]:
        """Middle of every bin, shape ``(n_bins,)``."""
        edges = np.asarray(self.edges)
        centres: NDArray[np.float64] = 0.5 * (edges[1:] + edges[:-1])
        return centres

    def index(self, values: ArrayLike) -> NDArray[np.int64]:
        """Return the bin of every value, -1 for values outside and NaN."""
        given = np.asarray(values, dtype=np.float64)
        found = np.searchsorted(self.edges, given, side="right") - 1
        inside = (given >= self.edges[0]) & (given < self.edges[-1])
        return np.where(inside, found, -1).astype(np.int64)

    def rebinned(self, edges: Sequence[float] | int) -> tuple[Axis, NDArray[np.int64]]:
        """Return a coarser axis and the first old bin of each new one.

        Parameters
        ----------
        edges : sequence of float or int
            New edges, each one of the old ones, or how many bins to join.

        Raises
        ------
        InputError
            When an edge is not an old one, the outer edges differ, or bins would be left over.
        """
        old = np.asarray(self.edges)
        if isinstance(edges, int):
            if edges < 1 or len(self) % edges:
                raise InputError(f"{len(self)} bins do not divide by {edges}", place=self.name)
            starts = np.arange(0, len(old), edges)
        else:
            new = np.asarray(edges, dtype=np.float64)
            starts = np.abs(old[:, None] - new[None, :]).argmin(axis=0)
            # Edges typed by hand, such as 0.3 for 3 * 0.1, differ in the last digit.
            wrong = np.abs(old[starts] - new) > 1e-9 * np.diff(old).min()
            if wrong.any():
                raise InputError(f"{new[wrong][0]} is not an edge of this axis", place=self.name)
            if starts[0] != 0 or starts[-1] != old.size - 1:
                raise InputError("the outer edges must stay", place=self.name)
        return Axis(self.name, self.unit, old[starts], self.flow), starts[:-1].astype(np.int64)

    def as_dict(self) -> dict[str, Any]:
        """Return the axis for JSON."""
        return {"name": self.name, "unit": self.unit, "edges": list(self.edges), "flow": self.flow}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Axis:
        """Build from JSON; the inverse of `as_dict`."""
        return cls(value["name"], value["unit"], value["edges"], value.get("flow"))
