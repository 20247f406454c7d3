"""Efficiency of trigger lines on points of mass and lifetime, from one sample a mass.

The events of a mass serve every lifetime, each with a weight a lifetime. A grid keeps sums of
weights and of squared weights of what passed and of what there was; efficiency, interval and
effective number of events follow from these, so that grids of chunks and workers add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from trigger import intervals
from trigger.axes import Axis
from trigger.decisions import check_weights
from trigger.efficiency import EfficiencyTable

FloatArray = NDArray[np.float64]

MAX_POINTS = 100_000
"""Most combinations of line, mass and lifetime: each becomes a row of the exported files."""

LONE_POINT = 0.01
"""Relative reach of the bin about a point that has no neighbour to share an edge with."""

_SUMS = ("w_pass", "w2_pass", "w_total", "w2_total", "w_generated", "n_events", "n_generated")


class GridTable(EfficiencyTable):
    """A weighted table of one line with one bin a point, and the intervals of the grid."""

    def interval(
        self, method: str = "clopper-pearson", cl: float = intervals.ONE_SIGMA
    ) -> tuple[FloatArray, FloatArray]:
        """Return the cautious Wilson interval, whatever the method for counts."""
        intervals.method(method)
        return intervals.cautious_wilson(self.n_pass, self.n_total, self.w2_pass, self.w2_total, cl)

    def interval_name(self, method: str) -> str:
        """Return the name of the interval."""
        return intervals.CAUTIOUS_WILSON


class EfficiencyGrid:
    """Sums over weighted events for each line, mass and lifetime.

    Parameters
    ----------
    lines : sequence of str
        Output lines, such as ``ff``.
    masses, ctaus : sequence of float
        Points of mass [GeV] and mean proper decay length [m], rising.
    any_of : mapping of str to sequence of str
        Groups of lines by name: an event passes where any line of the group does. They follow the
        lines as further rows.

    Attributes
    ----------
    names : tuple of str
        Lines, then groups.
    w_pass, w2_pass : ndarray of float64, shape (n_names, n_mass, n_ctau)
        Sums of weights and of squared weights of the passing events.
    w_total, w2_total : ndarray of float64, shape (n_mass, n_ctau)
        The same of all events of the denominator.
    w_generated : ndarray of float64, shape (n_mass, n_ctau)
        Sums of weights of all events, in the denominator or not.
    n_events, n_generated : ndarray of int64, shape (n_mass,)
        Events of the denominator and all events.

    Raises
    ------
    InputError
        For no lines, names that are given twice, points that do not rise, or too many points.
    """

    def __init__(
        self,
        lines: Sequence[str],
        masses: Sequence[float],
        ctaus: Sequence[float],
        any_of: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.lines = tuple(lines)
        self.any_of = {name: tuple(members) for name, members in (any_of or {}).items()}
        self.names = (*self.lines, *self.any_of)
        self.masses, self.ctaus = tuple(map(float, masses)), tuple(map(float, ctaus))
        self._check()
        points = (len(self.masses), len(self.ctaus))
        shape = (len(self.names), *points)
        self.w_pass, self.w2_pass = np.zeros(shape), np.zeros(shape)
        self.w_total, self.w2_total = np.zeros(points), np.zeros(points)
        self.w_generated = np.zeros(points)
        self.n_events = np.zeros(points[0], dtype=np.int64)
        self.n_generated = np.zeros(points[0], dtype=np.int64)

    def _check(self) -> None:
        for name in self.names:
            if self.names.count(name) > 1:
                raise InputError(f"{name!r} is given twice", place="grid")
        for name, points in (("masses", self.masses), ("ctaus", self.ctaus)):
            if not points or points[0] <= 0 or any(b <= a for a, b in pairwise(points)):
                raise InputError("must be positive and rise", place=f"grid.{name}")
        size = len(self.names) * len(self.masses) * len(self.ctaus)
        if not 0 < size <= MAX_POINTS:
            raise InputError(f"{size} points; allowed: 1 to {MAX_POINTS}", place="grid")

    def fill(
        self,
        mass: int,
        weight: FloatArray,
        fired: Mapping[str, NDArray[np.bool_]],
        chosen: NDArray[np.bool_] | None = None,
    ) -> EfficiencyGrid:
        """Add events of one mass; return the grid itself.

        Parameters
        ----------
        mass : int
            Position among the masses.
        weight : ndarray of float64, shape (n, n_ctau)
            Of every event for each lifetime.
        fired : mapping of str to ndarray of bool, shape (n,)
            At least every line and every member of a group.
        chosen : ndarray of bool, shape (n,), optional
            Events of the denominator; default: all.

        Raises
        ------
        InputError
            For a missing line, weights of another shape, or negative or infinite ones.
        """
        n = len(weight)
        if weight.shape != (n, len(self.ctaus)):
            raise InputError(f"shape {weight.shape} for {len(self.ctaus)} ctaus", place="weight")
        check_weights(weight.ravel(), place="weight")
        if (weight < 0).any():
            raise InputError("must not be negative", place="weight")
        inside = np.ones(n, dtype=bool) if chosen is None else chosen
        kept = weight[inside]
        self.w_generated[mass] += weight.sum(axis=0)
        self.w_total[mass] += kept.sum(axis=0)
        self.w2_total[mass] += np.square(kept).sum(axis=0)
        self.n_events[mass] += len(kept)
        self.n_generated[mass] += n
        for row, name in enumerate(self.names):
            passed = self._passed(name, fired, n)[inside]
            self.w_pass[row, mass] += kept[passed].sum(axis=0)
            self.w2_pass[row, mass] += np.square(kept[passed]).sum(axis=0)
        return self

    def _passed(
        self, name: str, fired: Mapping[str, NDArray[np.bool_]], n: int
    ) -> NDArray[np.bool_]:
        result = np.zeros(n, dtype=bool)
        for member in self.any_of.get(name, (name,)):
            if member not in fired:
                raise unknown_name("line", member, fired, place="grid")
            result |= fired[member]
        return result

    def merge(self, other: EfficiencyGrid) -> EfficiencyGrid:
        """Add the events of another grid of the same points and names; return the grid itself.

        Raises
        ------
        InputError
            When lines, groups or points differ.
        """
        for name in ("lines", "any_of", "masses", "ctaus"):
            if getattr(self, name) != getattr(other, name):
                raise InputError(f"grids differ in {name}", place="grid")
        for name in _SUMS:
            getattr(self, name)[...] += getattr(other, name)
        return self

    def efficiency(self) -> FloatArray:
        """Return w_pass / w_total, shape (n_names, n_mass, n_ctau); NaN without events."""
        return intervals.efficiency(self.w_pass, self.w_total)

    def interval(self, cl: float = intervals.ONE_SIGMA) -> tuple[FloatArray, FloatArray]:
        """Return lower and upper bounds of the cautious Wilson interval, [0, 1] without events.

        Parameters
        ----------
        cl : float
            Confidence level.
        """
        return intervals.cautious_wilson(self.w_pass, self.w_total, self.w2_pass, self.w2_total, cl)

    def effective(self) -> FloatArray:
        """Return the effective number of events (Σw)²/Σw², shape (n_mass, n_ctau); 0 without."""
        result: FloatArray = np.divide(
            np.square(self.w_total), self.w2_total,
            out=np.zeros_like(self.w_total), where=self.w2_total > 0,
        )  # fmt: skip
        return result

    def share(self) -> FloatArray:
        """Return the weighted share of all events in the denominator, shape (n_mass, n_ctau)."""
        return intervals.efficiency(self.w_total, self.w_generated)

    def axes(self) -> tuple[Axis, Axis]:
        """Return bins of mass [GeV] and ctau [m] about the points; see `mass_edges`, `ctau_edges`.

        Beyond the outer edges a reader of the exported table refuses.
        """
        return (
            Axis("mass", "GeV", mass_edges(self.masses), "error"),
            Axis("ctau", "m", ctau_edges(self.ctaus), "error"),
        )

    def tables(self, stage: str = "ftdl") -> list[EfficiencyTable]:
        """Return one weighted table a name, with one bin a point.

        Parameters
        ----------
        stage : {"ftdl", "psnm"}
            Lines before or after prescale.
        """
        return [
            GridTable.from_sums(
                name, self.axes(),
                {"n_pass": self.w_pass[row], "n_total": self.w_total,
                 "w2_pass": self.w2_pass[row], "w2_total": self.w2_total},
                stage=stage,
            )
            for row, name in enumerate(self.names)
        ]  # fmt: skip

    def __eq__(self, other: object) -> bool:
        """Compare everything that the grid holds, bit by bit."""
        if not isinstance(other, EfficiencyGrid):
            return NotImplemented
        return all(
            getattr(self, name) == getattr(other, name)
            for name in ("lines", "any_of", "masses", "ctaus")
        ) and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in _SUMS)

    __hash__ = None  # type: ignore[assignment]


def mass_edges(masses: Sequence[float]) -> FloatArray:
    """Return bin edges half-way between masses; the outer bins reach as far out as in.

    A lone mass has edges 1 % below and above, of 1 GeV if it is 0; the lowest edge is not below 0.
    """
    points = np.asarray(masses, dtype=np.float64)
    if len(points) == 1 and points[0] == 0.0:
        return np.array([0.0, LONE_POINT])
    if len(points) == 1:
        return np.array([(1.0 - LONE_POINT) * points[0], (1.0 + LONE_POINT) * points[0]])
    middle = 0.5 * (points[1:] + points[:-1])
    low, high = 2.0 * points[0] - middle[0], 2.0 * points[-1] - middle[-1]
    return np.concatenate(([max(low, 0.0)], middle, [high]))


def ctau_edges(ctaus: Sequence[float]) -> FloatArray:
    """Return bin edges half-way between the logarithms of lifetimes, as `mass_edges`."""
    points = np.asarray(ctaus, dtype=np.float64)
    if len(points) == 1:
        return np.array([(1.0 - LONE_POINT) * points[0], (1.0 + LONE_POINT) * points[0]])
    middle = np.sqrt(points[1:] * points[:-1])
    return np.concatenate(([points[0] ** 2 / middle[0]], middle, [points[-1] ** 2 / middle[-1]]))
